"""Files that appear whole or not at all, and folders that one process works in at a time."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath

from plotart.core.errors import InputError
from plotart.core.processes import lives

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

__all__ = ["FolderLock", "is_locked", "remove_leftovers", "write_beside"]

PART = re.compile(r"\..+\.(\d+)\.part")


@contextmanager
def write_beside(path: FilePath, *, durable: bool = False, keep: FilePath | None = None) -> Iterator[FilePath]:
    """Give a temporary file beside `path` to write to, and rename it to `path` when the block ends without error.

    Whoever reads `path` sees the old file or the new one, never half of one.

    Args:
        durable: wait until the file and its name are on the disk, so that a power cut leaves the old or the new one.
        keep: where the old file stays, in an existing folder of the same disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        if durable:
            _to_disk(beside)
        if keep is not None and path.is_file():
            _keep(path, keep)
        beside.replace(path)
        if durable:
            _to_disk(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _keep(path: FilePath, keep: FilePath) -> None:
    """A second name for the old file, so that the first is never without one."""
    other = keep.with_name(f".{keep.name}.{os.getpid()}.part")
    other.unlink(missing_ok=True)
    try:
        other.hardlink_to(path)
    except OSError:  # the disk knows no links
        shutil.copyfile(path, other)
    other.replace(keep)


def _to_disk(path: FilePath) -> None:
    if os.name == "nt" and path.is_dir():
        return  # folders cannot be opened there
    handle = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_leftovers(folder: FilePath) -> None:
    """Delete what `write_beside` of processes that are no more left in the folder."""
    for path in folder.glob(".*.part"):
        found = PART.fullmatch(path.name)
        # what has the number of this process is of an earlier one: nothing has been written yet
        if found is not None and not path.is_dir() and (int(found[1]) == os.getpid() or not lives(int(found[1]))):
            path.unlink(missing_ok=True)


class FolderLock:
    """One process at a time works in a folder; the system takes the lock from one that has died.

    Args:
        patience: seconds to wait for another process to end.

    Raises:
        InputError: another process works in it.
    """

    NAME = ".lock"

    def __init__(self, folder: FilePath, patience: float = 0.0) -> None:
        self._path = folder / self.NAME
        end = time.monotonic() + patience
        while (handle := _take(self._path)) is None:
            if time.monotonic() >= end:
                holder = _holder(self._path)
                raise InputError(
                    f"'{folder}' is being worked on by {holder}; wait for it or stop it, or take another folder"
                )
            time.sleep(0.1)
        self._handle = handle
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())

    @property
    def in_place(self) -> bool:
        """Whether the folder is still the one that was locked: False when it was deleted or replaced."""
        try:
            there = self._path.lstat()
        except OSError:
            return False
        mine = os.fstat(self._handle)
        return (there.st_ino, there.st_dev) == (mine.st_ino, mine.st_dev)

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def is_locked(folder: FilePath) -> bool:
    """Whether a process works in the folder."""
    path = folder / FolderLock.NAME
    if not path.is_file():
        return False
    handle = _take(path)
    if handle is None:
        return True
    os.close(handle)
    return False


def _take(path: FilePath) -> int | None:
    """The handle of the locked file; None where another process holds it."""
    # a link in a folder from elsewhere must not lead to a file of the user's
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(path, flags, 0o644)
    try:
        if os.name == "nt":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        os.close(handle)
        return None
    except OSError:
        pass  # a disk without locks, such as some network ones: nothing can be said of other processes there
    return handle


def _holder(path: FilePath) -> str:
    with contextlib.suppress(OSError, ValueError):
        return f"process {int(path.read_text('ascii'))}"
    return "another process"
