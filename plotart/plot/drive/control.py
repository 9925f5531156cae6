"""Pause, resume and cancel: by key, by signal, and by a word in a file beside the drawing."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path as FilePath
from types import FrameType
from typing import Any, Literal, Protocol, get_args

__all__ = ["Control", "Keyboard", "Word", "send"]

Word = Literal["pause", "resume", "cancel"]
KEYS: dict[str, Word] = {"p": "pause", " ": "pause", "r": "resume", "\n": "resume", "\r": "resume", "q": "cancel"}
LOOK_SECONDS = 0.05


class Control(Protocol):
    """Where a session looks for what to do next."""

    def poll(self) -> Word | None:
        """The next word, if there is any; KeyboardInterrupt when all must stop at once."""


def send(file: FilePath, word: Word) -> None:
    """Tell the plot whose control file this is; for pages and scripts. The word appears whole or not at all."""
    beside = file.with_name(f".{file.name}.part")
    beside.write_text(word, encoding="ascii")
    beside.replace(file)


class Keyboard:
    """Keys of the terminal, signals, and the control file. Space and p pause, Enter and r go on, q and Ctrl-C cancel.

    A second Ctrl-C stops at once.
    """

    def __init__(self, file: FilePath) -> None:
        self.file = file
        self._signals, self._told = 0, False
        self._next = 0.0

    def poll(self) -> Word | None:
        if self._signals > 1:
            raise KeyboardInterrupt
        if self._signals == 1 and not self._told:
            self._told = True
            return "cancel"
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + LOOK_SECONDS
        return self._written() or self._typed()

    def _written(self) -> Word | None:
        try:
            word = self.file.read_text(encoding="ascii").strip()
            self.file.unlink()
        except (OSError, UnicodeDecodeError):
            return None
        return word if word in get_args(Word) else None  # type: ignore[return-value]

    def _typed(self) -> Word | None:
        if not sys.stdin or sys.stdin.closed or not sys.stdin.isatty():
            return None
        return KEYS.get(_pressed().lower())

    @contextlib.contextmanager
    def listening(self) -> Iterator[Keyboard]:
        """Keys come one by one, and signals become words, until the block ends."""
        self.file.unlink(missing_ok=True)  # what was meant for an earlier plot
        old: dict[int, Any] = {}
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                with contextlib.suppress(ValueError):  # not in the main thread
                    old[getattr(signal, name)] = signal.signal(getattr(signal, name), self._signal)
        try:
            with _single_keys():
                yield self
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            self.file.unlink(missing_ok=True)

    def _signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1


def _pressed() -> str:
    """The key that was pressed and not yet told, or nothing; a terminal must be there."""
    try:
        import msvcrt  # noqa: PLC0415 - Windows only, where a terminal cannot be selected on
    except ImportError:
        return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") if _waiting() else ""
    keys: Any = msvcrt
    return str(keys.getwch()) if keys.kbhit() else ""


def _waiting() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


@contextlib.contextmanager
def _single_keys() -> Iterator[None]:
    """The terminal gives each key at once and does not show it."""
    if not sys.stdin or sys.stdin.closed or not sys.stdin.isatty():
        yield
        return
    try:
        import termios  # noqa: PLC0415 - not on Windows
        import tty  # noqa: PLC0415
    except ImportError:
        yield
        return
    settings = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)
