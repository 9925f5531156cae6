"""How the CPU kernels are compiled (numba): cached on disk, without the interpreter lock, NaN and infinity kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

__all__ = ["jit"]


def _sources() -> str:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


SOURCES = _sources()
"""One fingerprint of all files beside this one."""


def jit(function: Callable[..., Any]) -> Any:
    """Compile at the first call, and again only when one of the `SOURCES` has changed.

    numba compares a cached kernel with the file in which it stands, but not with the files of the kernels that it
    calls: it would go on running an old edge inside a new loop. So the fingerprint joins numba's own stamp.
    """
    kernel = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz", "arcp", "reassoc", "afn"})(
        function
    )
    file: Any = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    if hasattr(file, "_source_stamp"):
        file._source_stamp = (file._source_stamp, SOURCES)
    return kernel
