"""Controllers with GRBL 1.1 and their kin: G-code, streamed as far as their receive buffer goes.

Protocol: https://github.com/gnea/grbl/wiki/Grbl-v1.1-Interface. Each line is answered by ok when it has been parsed; at
most 16 motions wait behind the one that runs, and a dwell (G4) is answered when all before it is done. `!` holds, `?`
asks, ctrl-x resets; a reset after a complete hold keeps the place.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from plotart.core.errors import InputError
from plotart.core.polylines import ways
from plotart.plot.drive.controller import Controller, Point, Watch
from plotart.plot.drive.grbl_stream import GrblStream
from plotart.plot.drive.line import Line, Lost, Misheard
from plotart.plot.machine import Grbl, Machine

__all__ = ["GrblController"]

PLANNED = 18
"""Motions that may still be to run though they were answered."""
TRIES = 4
SETTLE = "G4 P0"
"""Answered when all before it is done; so corners between drawing, lifting and travel are full stops."""

_SETTING = re.compile(r"\$(\d+)=([-\d.]+)")


class GrblController(Controller):
    """Sends polylines as G1 lines at the machine's speeds; the board itself speeds up, slows down and takes corners."""

    def __init__(self, line: Line, machine: Machine) -> None:
        super().__init__(line, machine)
        if not isinstance(machine.board, Grbl):
            raise ValueError("the machine has no GRBL")
        self.board = machine.board
        self.settings: dict[int, float] = {}
        self.stream = GrblStream(line, machine.board.receive_bytes)
        self._fresh = False
        self._feed = 0.0

    # who is there

    def greet(self) -> str:
        name = ""
        while (got := self.line.read(2.5 if not name else 0.3)) is not None:
            if re.search(r"grbl|drawcore", got, re.IGNORECASE):
                name, self._fresh = got, True
        if not name and not self.stream.status(3):
            name = self.stream.reset()
            if not name:
                raise InputError(f"--port: no GRBL answers at {self.line.port}; is its rate {self.board.baud} baud?")
            self._fresh = True
        self.stream.status(3)
        if self.stream.state == "Hold":
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
        self.stream.status(3)
        if self.stream.state == "Sleep":
            self._restart()
        if self.stream.state == "Alarm" and not self.board.home:
            self.stream.send("$X")
        for word in self.board.home:
            self.stream.send(word)
            self.stream.flush(120)
        self._modes()
        self.lift()
        if not self.board.home and not self._fresh:  # home is where its work coordinates are zero
            self.stream.send(f"G1 X0 Y0 F{60 * self.machine.pen_up_speed:.0f}")
        self.finish()

    def begin(self) -> None:
        self._modes()
        self.stream.send("G10 L20 P1 X0 Y0")
        self.stream.flush(10)
        self.here, self._feed = np.zeros(2), 0.0

    def _modes(self) -> None:
        for word in ("G21", "G90", "G94", "G54", "G92.1"):
            self.stream.send(word)

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
                    self.stream.send(word)
                self.finish()
                break
            except Misheard:
                if trial == TRIES - 1:
                    raise
                self.line.drain(0.1)
        self._feed = 0.0

    def draw(self, points: NDArray[np.float64], watch: Watch) -> float | None:
        along = ways(points)
        first = self.stream.sent
        for number in range(1, len(points)):
            if along[number] - along[number - 1] < 5e-4:
                along[number] = along[number - 1]
            self._line_to(points[number], self.machine.pen_down_speed)
            if watch(self._sure(along, first)) or self.pressed():
                return self._stop(points, along, first)
        self.stream.send(SETTLE)
        while self.stream.waiting:  # what it still has to draw can be stopped as well
            self.stream.take(0.02)
            if self.stream.stale:
                self.stream.status(3)
            if watch(self._sure(along, first)) or self.pressed():
                return self._stop(points, along, first)
        return None

    def _sure(self, along: NDArray[np.float64], first: int) -> float:
        """The mm of a stroke, its lines sent from `first` on, that are surely drawn."""
        return float(along[min(len(along) - 1, max(0, self.stream.sent - len(self.stream.waiting) - first - PLANNED))])

    def drawn(self) -> None:
        """`lift` has waited for it."""

    def finish(self) -> None:
        self.stream.send(SETTLE)
        self.stream.flush(3600)

    def recover(self) -> None:
        self.stream.hold()
        self._restart()
        self.lift()
        self.stream.flush(60)

    def look(self) -> None:
        self.stream.status(3)

    def pressed(self) -> bool:
        return self.stream.pressed()

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
            self.stream.send(word)
            self.stream.flush(5)

    # stopping in a stroke

    def _stop(self, points: NDArray[np.float64], along: NDArray[np.float64], first: int) -> float | None:
        sure = int(np.searchsorted(along, self._sure(along, first)))
        self.stream.hold()
        if self.stream.state == "Idle" and not self.stream.waiting:
            return None
        self._restart()
        last = min(len(points) - 1, sure + 2 * PLANNED + 130)
        reached = _nearest(points[sure : last + 1], along[sure : last + 1], self.here)
        return None if reached >= along[-1] - 1e-3 else reached

    def _restart(self) -> None:
        """Forget what is queued; the place is kept, because it stands."""
        self.stream.status(3)
        self.here = self._place()
        if not self.stream.reset():
            raise Lost(f"the plotter at {self.line.port} does not come back from a reset")
        self.stream.waiting.clear()
        self.stream.status(3)
        if self.stream.state == "Alarm":
            raise Lost(f"the plotter at {self.line.port} raised an alarm: it may have lost its place")
        self._modes()
        self.stream.flush(10)
        self._feed = 0.0

    def _place(self) -> Point:
        """Where it is on the page, of the last status."""
        x, y = self.stream.work[:2]
        place = np.zeros(2)
        for value, axis in ((x, self.board.axes[0]), (y, self.board.axes[1])):
            place["uv".index(axis[-1])] = -value if axis.startswith("-") else value
        return place

    def _line_to(self, to: Point, speed: float) -> None:
        words = []
        for letter, axis in zip("XY", self.board.axes, strict=True):
            value = float(to["uv".index(axis[-1])]) * (-1 if axis.startswith("-") else 1)
            words.append(f"{letter}{value:.3f}".replace("-0.000", "0.000"))
        feed = "" if speed == self._feed else f"F{60 * speed:.1f}"
        self.stream.send(f"G1{words[0]}{words[1]}{feed}")
        self._feed, self.here = speed, np.asarray(to, dtype=np.float64).copy()


def _nearest(points: NDArray[np.float64], along: NDArray[np.float64], to: Point) -> float:
    """The length along a polyline at which it comes nearest to a place; the first where it does so more than once."""
    a, b = points[:-1], points[1:]
    way = b - a
    size = np.maximum((way * way).sum(axis=1), 1e-18)
    share = np.clip(((to - a) * way).sum(axis=1) / size, 0, 1)
    gap = np.hypot(*(a + share[:, None] * way - to).T)
    best = int(np.flatnonzero(gap <= gap.min() + 2e-3)[0])
    return float(along[best] + share[best] * (along[best + 1] - along[best]))
