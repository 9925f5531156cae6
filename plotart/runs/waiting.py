"""How long a process stands in the queue for a core: what other work on the machine costs it."""

from __future__ import annotations

import math
import time
from pathlib import Path as FilePath

__all__ = ["Waiting"]

SCHEDULED = FilePath("/proc/self/schedstat")
"""Linux, of the first thread: nanoseconds it has run, and those it could have run but stood in the queue."""
RECENT_S = 30.0
"""How long ago what was lost counts for a third."""


class Waiting:
    """Counts the seconds that are lost to other work; none where the system does not tell.

    The threads of a run wait alike, so that the first stands for all: of its time in the queue and on a core, the share
    in the queue is lost, also of the time in which it waits for the others.
    """

    def __init__(self, file: FilePath = SCHEDULED) -> None:
        self._file = file
        self._lost = 0.0
        self._at, self._told = time.monotonic(), self._read()
        self._passed = self._worked = 0.1

    def lost(self) -> float:
        """Seconds so far."""
        now, told = time.monotonic(), self._read()
        passed, ran, queued = now - self._at, told[0] - self._told[0], told[1] - self._told[1]
        if ran + queued > 0:
            lost = passed * queued / (ran + queued)
            self._lost += lost
            kept = math.exp(-passed / RECENT_S)
            self._passed = kept * self._passed + passed
            self._worked = kept * self._worked + passed - lost
            self._at, self._told = now, told
        return self._lost

    @property
    def slowdown(self) -> float:
        """How many seconds one of work takes at present."""
        return self._passed / max(self._worked, 1e-3)

    def _read(self) -> tuple[int, int]:
        try:
            ran, queued, *_ = self._file.read_text(encoding="ascii").split()
            return int(ran), int(queued)
        except (OSError, ValueError):
            return 0, 0
