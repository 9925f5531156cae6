"""Controllers with GRBL 1.1 and their kin: G-code, streamed as far as their receive buffer goes.

Protocol: https://github.com/gnea/grbl/wiki/Grbl-v1.1-Interface. Each line is answered by ok when it has been parsed; at
most 16 motions wait behind the one that runs, and a dwell (G4) is answered when all before it is done. `!` holds, `?`
asks, ctrl-x resets; a reset after a complete hold keeps the place.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plotart.core.errors import InputError
from plotart.plot.drive.controller import Controller, Point, Watch
from plotart.plot.drive.line import Line, Lost, Misheard
from plotart.plot.machine import Grbl, Machine

__all__ = ["GrblController"]

PLANNED = 18
"""Motions that may still be to run though they were answered."""
LOOK_SECONDS = 0.25
SILENCE = 0.4
"""Seconds without an answer after which the board is asked what it does."""
TRIES = 4
RESET = "\x18"
SETTLE = "G4 P0"
"""Answered when all before it is done; so corners between drawing, lifting and travel are full stops."""

_STATUS = re.compile(r"<(?P<state>[A-Za-z]+)(?::(?P<sub>\d))?\|(?P<fields>.*)>")
_SETTING = re.compile(r"\$(\d+)=([-\d.]+)")


class GrblController(Controller):
    """Sends polylines as G1 lines at the machine's speeds; the board itself speeds up, slows down and takes corners."""

    def __init__(self, line: Line, machine: Machine) -> None:
        super().__init__(line, machine)
        if not isinstance(machine.board, Grbl):
            raise ValueError("the machine has no GRBL")
        self.board = machine.board
        self.settings: dict[int, float] = {}
        self._waiting: deque[int] = deque()
        self._sent = 0  # lines in all; those answered are self._sent - len(self._waiting)
        self._state, self._sub, self._work, self._offset = "", 0, np.zeros(3), np.zeros(3)
        self._fresh = False
        self._looked = 0.0
        self._feed = 0.0
        self._button = False

    # who is there

    def greet(self) -> str:
        name = ""
        while (got := self.line.read(2.5 if not name else 0.3)) is not None:
            if re.search(r"grbl|drawcore", got, re.IGNORECASE):
                name, self._fresh = got, True
        if not name and not self._status(3):
            self.line.write(RESET)
            name = self._welcome()
            if not name:
                raise InputError(f"--port: no GRBL answers at {self.line.port}; is its rate {self.board.baud} baud?")
            self._fresh = True
        self._status(3)
        if self._state == "Hold":
            self._restart()
        self._read_settings()
        self._as_set()
        return f"{name.split('[')[0].strip() or 'GRBL'} at {self.line.port}"

    def _read_settings(self) -> None:
        self.line.write("$$\n")
        while (got := self.line.read(2.0)) is not None and got != "ok":
            if found := _SETTING.match(got):
                self.settings[int(found[1])] = float(found[2])

    def _as_set(self) -> None:
        """The machine with the speeds, accelerations and travel that the board is set to."""
        have, given = self.settings, self.machine
        if have.get(32) and any("M3" in word or "M4" in word for word in self.board.lift):
            raise InputError("the board is in laser mode, in which its servo does not lift the pen: send it $32=0.")
        rate = min((have[k] / 60 for k in (110, 111) if have.get(k)), default=float("inf"))
        pull = min((have[k] for k in (120, 121) if have.get(k)), default=given.pen_down_acceleration)
        update: dict[str, object] = {
            "pen_down_speed": min(given.pen_down_speed, rate),
            "pen_up_speed": min(given.pen_up_speed, rate),
            "pen_down_acceleration": pull,
            "pen_up_acceleration": pull,
            "acceleration_per_axis": True,
            "junction_deviation": have.get(11, given.junction_deviation),
        }
        if have.get(20) and have.get(130) and have.get(131):  # its own soft limits are on
            reach = (have[130], have[131])
            turned = "v" in self.board.axes[0]
            reach = reach[::-1] if turned else reach
            old = given.travel_mm or reach
            update["travel_mm"] = (min(old[0], reach[0]), min(old[1], reach[1]))
        self.machine = given.model_copy(update=update)

    # the interface

    def arrive(self) -> None:
        self._status(3)
        if self._state == "Sleep":
            self._restart()
        if self._state == "Alarm" and not self.board.home:
            self._send("$X")
        for word in self.board.home:
            self._send(word)
            self._flush(120)
        self._modes()
        self.lift()
        if not self.board.home and not self._fresh:  # home is where its work coordinates are zero
            self._send(f"G1 X0 Y0 F{60 * self.machine.pen_up_speed:.0f}")
        self.finish()

    def begin(self) -> None:
        self._modes()
        self._send("G10 L20 P1 X0 Y0")
        self._flush(10)
        self.here, self._feed = np.zeros(2), 0.0

    def _modes(self) -> None:
        for word in ("G21", "G90", "G94", "G54", "G92.1"):
            self._send(word)

    def travel(self, to: Point) -> None:
        if np.hypot(*(to - self.here)) > 5e-4:
            self._line_to(to, self.machine.pen_up_speed)

    def lower(self) -> None:
        self.finish()  # it stands where the stroke begins, or says what it did not take
        self._pen(self.machine.pen_down, self.machine.lower_seconds)

    def lift(self) -> None:
        self.finish()  # all of the stroke was taken, or the stroke is to be drawn again
        self._pen(self.machine.pen_up, self.machine.raise_seconds)

    def _pen(self, height: float, seconds: float) -> None:
        """To a height; heights are absolute, so that what was not taken may be said again."""
        filled = {"{height}": f"{height:g}", "{seconds}": f"{seconds:g}"}
        words = list(self.board.lift)
        for name, value in filled.items():
            words = [word.replace(name, value) for word in words]
        for trial in range(TRIES):
            try:
                for word in words:
                    self._send(word)
                self.finish()
                break
            except Misheard:
                if trial == TRIES - 1:
                    raise
                self.line.drain(0.1)
        self._feed = 0.0

    def draw(self, points: NDArray[np.float64], watch: Watch) -> float | None:
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
        first = self._sent
        for number in range(1, len(points)):
            if along[number] - along[number - 1] < 5e-4:
                along[number] = along[number - 1]
            self._line_to(points[number], self.machine.pen_down_speed)
            if watch(self._sure(along, first)) or self.pressed():
                return self._stop(points, along, first)
        self._send(SETTLE)
        while self._waiting:  # what it still has to draw can be stopped as well
            self._take(0.02)
            if time.monotonic() - self._looked > LOOK_SECONDS:
                self._status(3)
            if watch(self._sure(along, first)) or self.pressed():
                return self._stop(points, along, first)
        return None

    def _sure(self, along: NDArray[np.float64], first: int) -> float:
        """The mm of a stroke, its lines sent from `first` on, that are surely drawn."""
        return float(along[min(len(along) - 1, max(0, self._sent - len(self._waiting) - first - PLANNED))])

    def drawn(self) -> None:
        """`lift` has waited for it."""

    def finish(self) -> None:
        self._send(SETTLE)
        self._flush(3600)

    def recover(self) -> None:
        self._hold()
        self._restart()
        self.lift()
        self._flush(60)

    def look(self) -> None:
        self._status(3)

    def pressed(self) -> bool:
        was, self._button = self._button or self._state in ("Hold", "Door"), False
        return was

    def walk_home(self) -> str | None:
        if not self.board.home and self._fresh:
            return "the board has just been reset and does not know where home is: push the carriage there by hand"
        self.arrive()
        return None

    def set_height(self, *, up: bool) -> None:
        self._modes()
        if up:
            self.lift()
        else:
            self.lower()
        self.finish()

    def off(self) -> None:
        for word in self.board.motors_off:
            self._send(word)
            self._flush(5)

    # stopping in a stroke

    def _stop(self, points: NDArray[np.float64], along: NDArray[np.float64], first: int) -> float | None:
        sure = int(np.searchsorted(along, self._sure(along, first)))
        self._hold()
        if self._state == "Idle" and not self._waiting:
            return None
        self._restart()
        last = min(len(points) - 1, sure + 2 * PLANNED + 130)
        reached = _nearest(points[sure : last + 1], along[sure : last + 1], self.here)
        return None if reached >= along[-1] - 1e-3 else reached

    def _hold(self) -> None:
        """Stand still, and know where."""
        self.line.write("!")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if not self._status(3):
                raise Lost(f"the plotter at {self.line.port} does not answer")
            if self._state != "Run" and not (self._state == "Hold" and self._sub == 1):
                return
            time.sleep(0.005)
        raise Lost(f"the plotter at {self.line.port} does not come to rest")

    def _restart(self) -> None:
        """Forget what is queued; the place is kept, because it stands."""
        self._status(3)
        self.here = self._place()
        self.line.write(RESET)
        if not self._welcome():
            raise Lost(f"the plotter at {self.line.port} does not come back from a reset")
        self._waiting.clear()
        self._status(3)
        if self._state == "Alarm":
            raise Lost(f"the plotter at {self.line.port} raised an alarm: it may have lost its place")
        self._modes()
        self._flush(10)
        self._feed = 0.0

    def _welcome(self) -> str:
        end = time.monotonic() + 5
        while time.monotonic() < end:
            got = self.line.read(0.5)
            if got is not None and re.search(r"grbl|drawcore", got, re.IGNORECASE):
                self.line.drain(0.05)
                return got
        return ""

    def _place(self) -> Point:
        """Where it is on the page, of the last status."""
        x, y = self._work[:2]
        place = np.zeros(2)
        for value, axis in ((x, self.board.axes[0]), (y, self.board.axes[1])):
            place["uv".index(axis[-1])] = -value if axis.startswith("-") else value
        return place

    # the conversation

    def _line_to(self, to: Point, speed: float) -> None:
        words = []
        for letter, axis in zip("XY", self.board.axes, strict=True):
            value = float(to["uv".index(axis[-1])]) * (-1 if axis.startswith("-") else 1)
            words.append(f"{letter}{value:.3f}".replace("-0.000", "0.000"))
        feed = "" if speed == self._feed else f"F{60 * speed:.1f}"
        self._send(f"G1{words[0]}{words[1]}{feed}")
        self._feed, self.here = speed, np.asarray(to, dtype=np.float64).copy()

    def _send(self, text: str) -> None:
        """Stream a line as soon as the board's buffer holds it."""
        size = len(text) + 1
        self._await(lambda: sum(self._waiting) + size <= self.board.receive_bytes - 1, 3600)
        self.line.write(text + "\n")
        self._waiting.append(size)
        self._sent += 1
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._look()
        while self._waiting and self._take(0):
            pass

    def _flush(self, seconds: float) -> None:
        self._await(lambda: not self._waiting, seconds)

    def _await(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        silent = time.monotonic()
        while not done():
            if self._take(0.05):
                silent = time.monotonic()
            elif time.monotonic() - silent > SILENCE:
                if not self._status(3):
                    raise Lost(f"the plotter at {self.line.port} does not answer")
                if self._state == "Idle" and self._waiting:
                    self._waiting.clear()  # an answer was lost on the way: it has nothing left to do
                if self._state == "Alarm":
                    raise Lost(f"the plotter at {self.line.port} raised an alarm: it may have lost its place")
                if self._state in ("Hold", "Door"):
                    self._button = True
                    raise Misheard("held by its own button")
                silent = time.monotonic()
            if time.monotonic() > end:
                raise Lost(f"the plotter at {self.line.port} does not finish")

    def _take(self, patience: float) -> bool:
        """One line of the board; whether there was any."""
        got = self.line.read(patience)
        if got is None:
            return False
        if got == "ok":
            if self._waiting:
                self._waiting.popleft()
        elif re.fullmatch(r"error:\d+", got):
            self._waiting.clear()
            raise Misheard(got)
        elif got.startswith("ALARM"):
            raise Lost(f"the plotter at {self.line.port} raised {got}: it may have lost its place")
        elif re.match(r"grbl \d", got, re.IGNORECASE):
            raise Lost(f"the plotter at {self.line.port} was reset in the middle of its work")
        elif found := _STATUS.fullmatch(got):
            self._note(found)
        return True

    def _note(self, found: re.Match[str]) -> None:
        self._state, self._sub = found["state"], int(found["sub"] or 0)
        fields = dict(part.split(":", 1) for part in found["fields"].split("|") if ":" in part)
        try:
            if "WCO" in fields:
                self._offset = np.array([float(word) for word in fields["WCO"].split(",")][:3])
            if "MPos" in fields:
                self._work = np.array([float(word) for word in fields["MPos"].split(",")][:3]) - self._offset
            elif "WPos" in fields:
                self._work = np.array([float(word) for word in fields["WPos"].split(",")][:3])
        except ValueError:
            self._state = ""  # garbled: the next one counts

    def _look(self) -> None:
        self._looked = time.monotonic()
        self.line.write("?")

    def _status(self, tries: int) -> bool:
        """Ask, and wait for the report; other lines are taken as they come."""
        for _ in range(tries):
            self._state = ""
            self._look()
            end = time.monotonic() + 1
            while time.monotonic() < end and not self._state:
                self._take(0.2)
            if self._state:
                return True
        return False


def _nearest(points: NDArray[np.float64], along: NDArray[np.float64], to: Point) -> float:
    """The length along a polyline at which it comes nearest to a place; the first where it does so more than once."""
    a, b = points[:-1], points[1:]
    way = b - a
    size = np.maximum((way * way).sum(axis=1), 1e-18)
    share = np.clip(((to - a) * way).sum(axis=1) / size, 0, 1)
    gap = np.hypot(*(a + share[:, None] * way - to).T)
    best = int(np.flatnonzero(gap <= gap.min() + 2e-3)[0])
    return float(along[best] + share[best] * (along[best + 1] - along[best]))
