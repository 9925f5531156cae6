"""How the CPU kernels are compiled (numba): cached on disk, without the interpreter lock, NaN and infinity kept."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from numba import njit

__all__ = ["jit"]


def _drop_stale_caches() -> None:
    """Remove compiled kernels older than any kernel's source.

    numba compares a cached kernel with the file in which it stands, not with the files of the kernels that it calls.
    """
    here = Path(__file__).parent
    newest = max(source.stat().st_mtime for source in here.glob("*.py"))
    for index in (here / "__pycache__").glob("*.nbi"):
        with suppress(OSError):  # a read-only installation keeps what it has; another process may be quicker
            if index.stat().st_mtime < newest:
                index.unlink()


_drop_stale_caches()

jit = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz", "arcp", "reassoc", "afn"})
