"""The conversation with a GRBL board: lines as far as its receive buffer goes, answers, and what it says of itself.

Protocol: https://github.com/gnea/grbl/wiki/Grbl-v1.1-Interface.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from plotart.plot.drive.line import Line, Lost, Misheard

__all__ = ["GrblStream"]

LOOK_SECONDS = 0.25
SILENCE = 0.4
"""Seconds without an answer after which the board is asked what it does."""
RESET = "\x18"

_STATUS = re.compile(r"<(?P<state>[A-Za-z]+)(?::(?P<sub>\d))?\|(?P<fields>.*)>")


class GrblStream:
    """Lines to the board and what comes back.

    Attributes:
        sent: lines in all; waiting: sizes, in bytes, of those that have not been answered.
        state, sub: what the board said last that it does. work: its work position, mm.
        button: whether it was held by its own button.
    """

    def __init__(self, line: Line, receive_bytes: int) -> None:
        self.line, self.receive_bytes = line, receive_bytes
        self.waiting: deque[int] = deque()
        self.sent = 0
        self.state, self.sub, self.work, self._offset = "", 0, np.zeros(3), np.zeros(3)
        self.button = False
        self._looked = 0.0

    @property
    def stale(self) -> bool:
        """Whether it was not asked for a while what it does."""
        return time.monotonic() - self._looked > LOOK_SECONDS

    def pressed(self) -> bool:
        """Whether it was held by its button since this was asked last."""
        was, self.button = self.button or self.state in ("Hold", "Door"), False
        return was

    def send(self, text: str) -> None:
        """Stream a line as soon as the board's buffer holds it."""
        size = len(text) + 1
        self._await(lambda: sum(self.waiting) + size <= self.receive_bytes - 1, 3600)
        self.line.write(text + "\n")
        self.waiting.append(size)
        self.sent += 1
        if self.stale:
            self._look()
        while self.waiting and self.take(0):
            pass

    def flush(self, seconds: float) -> None:
        """Wait until all lines are answered."""
        self._await(lambda: not self.waiting, seconds)

    def _await(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        silent = time.monotonic()
        while not done():
            if self.take(0.05):
                silent = time.monotonic()
            elif time.monotonic() - silent > SILENCE:
                if not self.status(3):
                    raise Lost(f"the plotter at {self.line.port} does not answer")
                if self.state == "Idle" and self.waiting:
                    self.waiting.clear()  # an answer was lost on the way: it has nothing left to do
                if self.state == "Alarm":
                    raise Lost(f"the plotter at {self.line.port} raised an alarm: it may have lost its place")
                if self.state in ("Hold", "Door"):
                    self.button = True
                    raise Misheard("held by its own button")
                silent = time.monotonic()
            if time.monotonic() > end:
                raise Lost(f"the plotter at {self.line.port} does not finish")

    def take(self, patience: float) -> bool:
        """One line of the board; whether there was any."""
        got = self.line.read(patience)
        if got is None:
            return False
        if got == "ok":
            if self.waiting:
                self.waiting.popleft()
        elif re.fullmatch(r"error:\d+", got):
            self.waiting.clear()
            raise Misheard(got)
        elif got.startswith("ALARM"):
            raise Lost(f"the plotter at {self.line.port} raised {got}: it may have lost its place")
        elif re.match(r"grbl \d", got, re.IGNORECASE):
            raise Lost(f"the plotter at {self.line.port} was reset in the middle of its work")
        elif found := _STATUS.fullmatch(got):
            self._note(found)
        return True

    def _note(self, found: re.Match[str]) -> None:
        self.state, self.sub = found["state"], int(found["sub"] or 0)
        fields = dict(part.split(":", 1) for part in found["fields"].split("|") if ":" in part)
        try:
            if "WCO" in fields:
                self._offset = np.array([float(word) for word in fields["WCO"].split(",")][:3])
            if "MPos" in fields:
                self.work = np.array([float(word) for word in fields["MPos"].split(",")][:3]) - self._offset
            elif "WPos" in fields:
                self.work = np.array([float(word) for word in fields["WPos"].split(",")][:3])
        except ValueError:
            self.state = ""  # garbled: the next one counts

    def _look(self) -> None:
        self._looked = time.monotonic()
        self.line.write("?")

    def status(self, tries: int) -> bool:
        """Ask, and wait for the report; other lines are taken as they come."""
        for _ in range(tries):
            self.state = ""
            self._look()
            end = time.monotonic() + 1
            while time.monotonic() < end and not self.state:
                self.take(0.2)
            if self.state:
                return True
        return False

    def hold(self) -> None:
        """Stand still, and know where."""
        self.line.write("!")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if not self.status(3):
                raise Lost(f"the plotter at {self.line.port} does not answer")
            if self.state != "Run" and not (self.state == "Hold" and self.sub == 1):
                return
            time.sleep(0.005)
        raise Lost(f"the plotter at {self.line.port} does not come to rest")

    def reset(self) -> str:
        """Reset the board, and what it says then; nothing where it does not come back."""
        self.line.write(RESET)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            got = self.line.read(0.5)
            if got is not None and re.search(r"grbl|drawcore", got, re.IGNORECASE):
                self.line.drain(0.05)
                return got
        return ""
