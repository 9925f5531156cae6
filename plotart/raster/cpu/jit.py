"""How the CPU kernels are compiled (numba): cached on disk, without the interpreter lock, NaN and infinity kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

__all__ = ["jit", "kernel"]


def _sources() -> str:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


SOURCES = _sources()
"""One fingerprint of all files beside this one."""

_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "nsz", "arcp", "reassoc", "afn"},
}


_ORDERED: dict[str, Any] = {**_OPTIONS, "fastmath": {"contract"}}
_INLINED: dict[str, Any] = {"forceinline": True, "no_cfunc_wrapper": True}


def jit(function: Callable[..., Any]) -> Any:
    """Compile what kernels call, always into their own code.

    Called as a function, it would run from its own machine code in the process that compiled it, and from the copy
    within the kernel where that came from disk: two optimizations of one source, which differ in the last bits.
    """
    return njit(**_OPTIONS, **_INLINED)(function)


def kernel(function: Callable[..., Any], *, ordered: bool = False) -> Any:
    """Compile what Python calls: at the first call, and again only when one of the `SOURCES` has changed.

    ordered: sums and products are taken in the order in which they are written.

    numba compares a cached kernel with the file in which it stands, but not with the files of the functions that it
    calls: it would go on running an old edge inside a new loop. So the fingerprint joins numba's own stamp.
    """
    compiled = njit(cache=True, **(_ORDERED if ordered else _OPTIONS))(function)
    file: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(file, "_source_stamp"):
        file._source_stamp = (file._source_stamp, SOURCES)
    return compiled
