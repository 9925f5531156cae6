"""Whether another process is still there."""

from __future__ import annotations

import ctypes
import os
from typing import Any

__all__ = ["lives"]

QUERY_LIMITED_INFORMATION = 0x1000
STILL_ACTIVE = 259
ACCESS_DENIED = 5


def lives(pid: int) -> bool:
    """Whether a process has this number; one of another user counts, a number that no process can have does not."""
    if pid <= 0:
        return False
    if os.name == "nt":
        return _lives_on_windows(pid)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # of another user
    return True


def _lives_on_windows(pid: int) -> bool:
    """There `os.kill(pid, 0)` ends the process: 0 is the exit code that it gets."""
    if pid >= 2**32:
        return False
    kernel: Any = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009 - not known elsewhere
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(QUERY_LIMITED_INFORMATION, False, pid)
    if not handle:
        return bool(getattr(ctypes, "get_last_error")() == ACCESS_DENIED)  # noqa: B009
    code = ctypes.c_ulong()
    try:
        told = kernel.GetExitCodeProcess(ctypes.c_void_p(handle), ctypes.byref(code))
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))
    return bool(told) and code.value == STILL_ACTIVE
