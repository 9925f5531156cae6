"""Asks pip whether set-up would work on other machines: as pip is set up here, and with its default index alone.

Nothing is installed (`pip install --dry-run`); a pip that is new enough to ask without downloading everything is put
into a folder that goes again. Every Python from 3.11 on that is on PATH is asked, `--quick` asks only the one that runs
this. Exit code 1 when pip finds no versions that fit together, or takes CUDA beside a torch for the CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("python3.11", "python3.12", "python3.13")
SECONDS = 500


def environment(default_index: bool) -> dict[str, str]:
    """The variables pip is asked under: all, or those of a machine where nobody has set pip up.

    A certificate that this machine's network needs stays.
    """
    if not default_index:
        return dict(os.environ)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_") or name == "PIP_CERT"}
    return kept | {"PIP_CONFIG_FILE": os.devnull}


def interpreter(name: str) -> str | None:
    """The Python of that name on PATH; None where there is none that runs."""
    found = shutil.which(name)
    if found is None:
        return None
    command = [found, "-c", "import sys; print(sys.executable)"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.stdout.strip() if said.returncode == 0 else None


def ask(pip: Path, python: str, default_index: bool) -> tuple[bool, str]:
    """Whether pip finds versions for that Python that fit together, and what they are."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            str(pip), "--python", python, "install", "-q", "-q", "--disable-pip-version-check", "--dry-run",
            "--ignore-installed", "--use-feature=fast-deps", "--report", str(report), "-c", "constraints.txt",
            ".[dev]",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment(default_index), capture_output=True, text=True, timeout=SECONDS,
                check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False, f"no answer within {SECONDS} s"
        if done.returncode != 0:
            return False, done.stderr.strip() or f"pip ended with {done.returncode}"
        packages = json.loads(report.read_text(encoding="utf-8"))["install"]
    versions = {one["metadata"]["name"].lower(): one["metadata"]["version"] for one in packages}
    cuda = sum(name.startswith(("nvidia-", "cuda-")) for name in versions)
    told = f"{len(versions)} packages, torch {versions['torch']}, {cuda} of CUDA"
    return not (versions["torch"].endswith("+cpu") and cuda), told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="only the Python that runs this")
    pythons: dict[str, str | None]
    if parser.parse_args().quick:
        pythons = {f"python{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    else:
        pythons = {name: interpreter(name) for name in PYTHONS}
    good = True
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as both:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = Path(folder) / ("Scripts" if os.name == "nt" else "bin") / "pip"
        upgrade = [str(pip.with_name("python")), "-m", "pip", "install", "-q", "-q", "--disable-pip-version-check"]
        subprocess.run([*upgrade, "pip>=25.1"], check=True)
        for name, python in pythons.items():
            if python is None:
                print(f"{name}: not on PATH, left out")
                continue
            answers = {alone: both.submit(ask, pip, python, alone) for alone in (True, False)}
            for alone, answer in answers.items():
                fits, told = answer.result()
                good &= fits
                setting = "default index alone" if alone else "as pip is set up here"
                print(f"{name}, {setting}: {told if fits else 'FAILS: ' + told}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
