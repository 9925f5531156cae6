"""What all virtual boards share: the pseudo-terminal, the clock, the paper, and the faults."""

import contextlib
import os
import pty
import random
import select
import termios
import threading
import time
import tty
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from plotart.plot.drive.line import Lost


@dataclass
class Paper:
    """What pens have drawn, in mm from home: a polyline for each time the pen was down. Outlives the machine."""

    strokes: list = field(default_factory=list)

    @property
    def ink_mm(self):
        return sum(float(np.hypot(*np.diff(np.array(s), axis=0).T).sum()) for s in self.strokes)


@dataclass
class Faults:
    """What goes wrong, and when. Times are seconds of the machine's clock; chances are for each answer or command.

    Attributes:
        cut_at: the power goes, in the middle of whatever it does.
        press_at: times at which its button is pressed.
        slow: wall seconds by which one answer in ten is late.
        noise: chance of a line of garbage before an answer.
        lost: chance that an answer becomes garbage.
        misread: chance that a command arrives garbled.
        unplug_after: the cable is pulled after so many commands.
    """

    cut_at: float | None = None
    press_at: list = field(default_factory=list)
    slow: float = 0.0
    noise: float = 0.0
    lost: float = 0.0
    misread: float = 0.0
    unplug_after: int | None = None
    seed: int = 0


class PowerCut(Exception):
    """The machine is dead."""


class Board(ABC):
    """A thread that talks on a pseudo-terminal as a board would. Use as a context; `port` is what to open.

    With `pace` 0 its clock leaps: what takes a minute is done at once, and `clock` tells the minute. With a pace of 1
    it moves in real time, with 10 ten times faster.
    """

    def __init__(self, paper=None, faults=None, pace=0.0, travel=(1e9, 1e9)):
        self.paper = paper or Paper()
        self.faults = faults or Faults()
        self.random = random.Random(self.faults.seed)
        self.pace, self.travel = pace, travel
        self.clock = 0.0
        self.carriage = np.zeros(2)  # mm from home
        self.down = False
        self.crashed = False
        self.heard = []
        self.alive = False
        self._origin = time.monotonic()
        self._stroke = None
        self._commands = 0
        self._out = None  # bytes to a direct line

    # life

    def __enter__(self):
        self._master, self._slave = pty.openpty()
        tty.setraw(self._master, termios.TCSANOW)
        self.port = os.ttyname(self._slave)
        self.alive = True
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error):
        self.alive = False
        self._thread.join(timeout=10)
        self._close()

    def direct(self):
        """A line to it without a terminal or a thread: quick, and the same every time."""
        self.alive, self._out = True, b""
        self.power_on()
        return DirectLine(self)

    def _close(self):
        for end in ("_master", "_slave"):
            with contextlib.suppress(OSError):
                os.close(getattr(self, end))

    def _live(self):
        try:
            self.power_on()
            while self.alive:
                if select.select([self._master], [], [], 0.02)[0]:
                    got = os.read(self._master, 4096)
                    self._maybe_unplugged(got)
                    self.receive(got)
                self.idle()
        except (PowerCut, OSError):
            pass
        finally:
            self.alive = False
            self.pen(False)
            self._close()

    def _maybe_unplugged(self, got):
        self._commands += sum(got.count(end) for end in (b"\r", b"\n"))
        if self.faults.unplug_after is not None and self._commands >= self.faults.unplug_after:
            raise PowerCut

    def power_on(self):  # noqa: B027 - a hook
        """What it says first."""

    @abstractmethod
    def receive(self, got):
        """Hear bytes."""

    def idle(self):  # noqa: B027 - a hook
        """Between two reads."""

    # clock

    def wait_until(self, when):
        """Let the time pass; the power may go on the way."""
        cut = self.faults.cut_at
        if cut is not None and when >= cut:
            self.clock = max(self.clock, min(cut, when))
            raise PowerCut
        # a test may let the clock leap from now on, while this waits in another thread
        while (pace := self.pace) > 0 and (left := when - self.real()) > 0:
            time.sleep(min(0.02, left / pace))
            self.between()
        self.clock = max(self.clock, when)

    def real(self):
        return (time.monotonic() - self._origin) * self.pace

    def between(self):  # noqa: B027 - a hook
        """In real time: look at what comes in meanwhile."""

    # paper

    def pen(self, down):
        if down and not self.down:
            self._stroke = [self.carriage.copy()]
        if self.down and not down and self._stroke is not None:
            if len(self._stroke) > 1:
                self.paper.strokes.append(np.array(self._stroke))
            self._stroke = None
        self.down = down

    def carry(self, to):
        self.carriage = np.array(to, dtype=float)
        if self._stroke is not None:
            self._stroke.append(self.carriage.copy())
        if (self.carriage < -0.05).any() or (self.carriage > np.array(self.travel) + 0.05).any():
            self.crashed = True

    # line

    def answer(self, text):
        faults = self.faults
        if faults.slow and self.random.random() < 0.1:
            time.sleep(faults.slow)
        if self.random.random() < faults.noise:
            self._write(b"\xff\x81#" + bytes(self.random.randrange(33, 126) for _ in range(5)) + b"\r\n")
        if self.random.random() < faults.lost:
            text = "".join(chr(self.random.randrange(33, 126)) for _ in text.strip()) + "\r\n"
        self._write(text.encode())

    def _write(self, data):
        if self._out is not None:
            self._out += data
            return
        with contextlib.suppress(OSError):
            os.write(self._master, data)

    def misread(self, text):
        if text and self.random.random() < self.faults.misread:
            place = self.random.randrange(len(text))
            return text[:place] + "~#@"[self.random.randrange(3)].replace("~", "^") + text[place + 1 :]
        return text


class DirectLine:
    """What a serial line is to a controller, from call to call. Silence costs no time."""

    port = "here"

    def __init__(self, board):
        self.board = board

    def write(self, text):
        self._alive()
        try:
            got = text.encode("ascii", "replace")
            self.board._maybe_unplugged(got)
            self.board.receive(got)
        except PowerCut:
            self.board.pen(False)
            self.board.alive = False

    def read(self, patience):
        self._alive()
        while self.board._out:
            ends = [place for place in map(self.board._out.find, (b"\r", b"\n")) if place >= 0]
            if not ends:
                return None
            line, self.board._out = self.board._out[: min(ends)], self.board._out[min(ends) + 1 :]
            if line.strip():
                return line.decode("ascii", "replace").strip()
        return None

    def drain(self, seconds):
        self._alive()
        self.board._out = b""

    def close(self):
        self.board.alive = False

    def _alive(self):
        if not self.board.alive:
            raise Lost(f"the plotter at {self.port} is gone")
