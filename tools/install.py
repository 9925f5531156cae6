"""Installs plotart and its development tools into the environment that runs this: `make setup`.

Says first how large it will be. torch decides that: its CPU build takes 1.6 GB with everything else, the build that
pip's default index has for Linux brings CUDA and takes 6 GB. pip prefers a CPU build (`2.13.0+cpu`) wherever its own
settings offer one (PIP_FIND_LINKS, PIP_EXTRA_INDEX_URL, pip.conf).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
CPU_GB, CUDA_GB = 1.6, 6.0
"""Measured on Linux x86-64 with Python 3.11, all of `.venv`."""
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
SHOWN_MB = 10
"""Smaller downloads are not worth a line."""


def torch_build(offered: str, pinned: str) -> str:
    """The version of torch that pip takes: the first of what the index offers, newest first, that fits the pin."""
    for found in offered.replace(",", " ").split():
        if found == pinned or found.startswith(f"{pinned}+"):
            return found
    return pinned


def is_cuda(build: str, platform: str = sys.platform) -> bool:
    """Whether this build of torch brings CUDA: on Linux all do that do not say otherwise."""
    return platform == "linux" and not build.endswith("+cpu")


def pinned_torch(constraints: str) -> str:
    """The version of torch in constraints.txt."""
    found = re.search(r"^torch==(\S+)", constraints, flags=re.MULTILINE)
    if found is None:
        raise SystemExit(f"{CONSTRAINTS} has no line 'torch==VERSION'")
    return found[1]


def announce() -> None:
    """Say which torch comes and how large everything will be; stop where the disk has no room for it."""
    try:
        print(f"torch {version('torch')} is here already")
        return
    except PackageNotFoundError:
        pass
    asked = subprocess.run([*PIP, "index", "versions", "torch"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        return  # the installation itself fails with pip's own words
    offered = re.search(r"^Available versions: (.*)$", asked.stdout, flags=re.MULTILINE)
    build = torch_build(offered[1] if offered else "", pinned_torch(CONSTRAINTS.read_text(encoding="utf-8")))
    size = CUDA_GB if is_cuda(build) else CPU_GB
    print(f"torch {build} {'with CUDA' if is_cuda(build) else 'for the CPU'}: about {size:g} GB in {sys.prefix}")
    if is_cuda(build):
        print("without a GPU: name a folder or an index with CPU builds in PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL first")
    free = shutil.disk_usage(sys.prefix).free / 1e9
    if free < size:
        raise SystemExit(f"that needs {size:g} GB, and {free:.1f} GB are free there")


def install() -> int:
    """Run pip; its larger downloads get a line each, and what it warns of is shown only when it fails."""
    command = [*PIP, "install", "--progress-bar", "off", "-c", str(CONSTRAINTS), "-e", ".[dev]"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    ) as pip:
        assert pip.stdout is not None and pip.stderr is not None
        said: list[str] = []
        listening = threading.Thread(target=said.extend, args=(pip.stderr,))  # else a full pipe would stop pip
        listening.start()
        for line in pip.stdout:
            if told := shown(line):
                print(told, flush=True)
        listening.join()
    if pip.returncode != 0:
        print("".join(said), end="", file=sys.stderr)
    return pip.returncode


def shown(line: str) -> str | None:
    """What a person sees of a line of pip's: large downloads and the last step."""
    fetched = re.match(r"\s*(?:Downloading|Using cached) (\S+?)(?:-cp\d+.*|-py\d.*)?\.whl \((\d+)(?:\.\d+)? MB\)", line)
    if fetched and int(fetched[2]) >= SHOWN_MB:
        return f"  {fetched[1].rpartition('/')[2]}, {fetched[2]} MB"
    if line.startswith("Installing collected packages:"):
        return f"  installing {line.count(',') + 1} packages"
    return None


if __name__ == "__main__":
    announce()
    raise SystemExit(install())
