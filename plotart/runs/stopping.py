"""Ctrl-C and SIGTERM: the first asks for an end at the next safe place, the second ends at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interruptible"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(stop: threading.Event, say: Callable[[str], None]) -> Iterator[None]:
    """Inside, the first Ctrl-C or SIGTERM sets `stop`; a second one raises KeyboardInterrupt, a third kills."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            for one in SIGNALS:
                signal.signal(one, signal.SIG_DFL)
            raise KeyboardInterrupt
        stop.set()
        # what was being printed just now cannot be printed into
        with contextlib.suppress(RuntimeError):
            say("stopping after this step ...")

    before = {one: signal.signal(one, ask) for one in SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
