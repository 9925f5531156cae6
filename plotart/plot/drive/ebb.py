"""The EiBotBoard of AxiDraw, NextDraw and their kin: steps in a time, a queue of one, OK when a command is queued.

Commands: EBB firmware 2.x, https://evil-mad.github.io/EggBot/ebb2.html. A command is answered when it has entered the
queue of one behind the command that runs, so that whatever was sent two commands earlier is done.
"""

from __future__ import annotations

import math
import re
import time

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plotart.core.errors import InputError
from plotart.plot.drive.controller import Controller, Point, Watch
from plotart.plot.drive.line import Line, Lost
from plotart.plot.machine import Ebb, Machine
from plotart.plot.motion import Ride, ride

__all__ = ["EbbController"]

TICK_MS = 4
"""Below this the board cannot take commands as fast as it runs them."""
MOST_TICKS = 6
BEND_MM = 0.012
"""How far the straight slices of a move may leave its line."""
STEPS_PER_SECOND = 25_000
"""What the board's timer can make of either motor."""
BUTTON_EVERY = 10
"""Slices between two looks at the button."""
TRIES = 4

_VERSION = re.compile(r"EBB.*Version (\d+)\.(\d+)\.(\d+).*", re.IGNORECASE)
_MOTORS = re.compile(r"QM,(\d+),(\d+),(\d+)(?:,(\d+))?")
_STEPS = re.compile(r"(-?\d+),(-?\d+)")
_BUTTON = re.compile(r"[01]")


@njit(cache=True)
def _slices(points: NDArray[np.float64], most: int, bend: float) -> NDArray[np.int64]:
    """Indices of `points [M, 2]`, at most `most` apart, whose chords stay within `bend` of the points between."""
    kept = np.empty(len(points), np.int64)
    kept[0], count, here = 0, 1, 0
    while here < len(points) - 1:
        ahead = min(most, len(points) - 1 - here)
        while ahead > 1:
            dx, dy = points[here + ahead, 0] - points[here, 0], points[here + ahead, 1] - points[here, 1]
            size = np.hypot(dx, dy)
            worst = 0.0
            for i in range(here + 1, here + ahead):
                x, y = points[i, 0] - points[here, 0], points[i, 1] - points[here, 1]
                worst = max(worst, abs(x * dy - y * dx) / size if size > 1e-9 else np.hypot(x, y))
            if worst <= bend:
                break
            ahead -= 1
        here += ahead
        kept[count] = here
        count += 1
    return kept[:count]


class EbbController(Controller):
    """Moves by SM in slices of 4 to 24 ms cut from the motion model, so that the plot takes what was estimated."""

    def __init__(self, line: Line, machine: Machine) -> None:
        super().__init__(line, machine)
        if not isinstance(machine.board, Ebb):
            raise ValueError("the machine has no EiBotBoard")
        self.board = machine.board
        self._steps = np.zeros(2, dtype=np.int64)
        self._version = (0, 0, 0)
        self._since_drawing = 2
        self._button = False
        self._patience = 2 + machine.raise_seconds + machine.lower_seconds

    def greet(self) -> str:
        fastest = STEPS_PER_SECOND / (self.board.steps_per_mm * math.sqrt(2))
        for name in ("pen_down_speed", "pen_up_speed"):
            if (speed := getattr(self.machine, name)) > fastest:
                raise InputError(f"machine: {name} {speed:g} mm/s is more than the board's steps allow: {fastest:.0f}.")
        try:
            found = self._ask("V", _VERSION, ok=False)
        except Lost:
            raise InputError(f"--port: no EiBotBoard answers at {self.line.port}.") from None
        self._version = (int(found[1]), int(found[2]), int(found[3]))
        version = ".".join(found.groups())
        if self._version < (2, 4, 4):
            raise InputError(f"the board's firmware {version} is too old: 2.4.4 or later is needed.")
        return f"EiBotBoard, firmware {version}, at {self.line.port}"

    def arrive(self) -> None:
        self._servo()
        if self._version >= (2, 6, 2) and self._counted().any():
            self._lead_home()  # a plot was broken off, and the board still knows the way
        self.lift()
        self.finish()
        self.off()

    def begin(self) -> None:
        self._command("EM,1,1")
        self._command("CS")
        self._steps[:] = 0
        self.here = np.zeros(2)

    def _servo(self) -> None:
        low, high = self.board.servo
        for parameter, height in ((4, self.machine.pen_up), (5, self.machine.pen_down)):
            self._command(f"SC,{parameter},{min(65535, max(1, round(low + (high - low) * height / 100)))}")
        self._command(f"SC,11,{self.board.raise_rate}")
        self._command(f"SC,12,{self.board.lower_rate}")

    def travel(self, to: Point) -> None:
        self._follow(ride(np.stack([self.here, to]), self.machine, drawing=False), None)

    def lower(self) -> None:
        self._pen(0, self.machine.lower_seconds)

    def lift(self) -> None:
        self._pen(1, self.machine.raise_seconds)

    def _pen(self, value: int, seconds: float) -> None:
        pin = "" if self.board.pin == 1 else f",{self.board.pin}"
        self._command(f"SP,{value},{max(1, round(1000 * seconds))}{pin}")
        self._since_drawing += 1

    def draw(self, points: NDArray[np.float64], watch: Watch) -> float | None:
        return self._follow(ride(points, self.machine), watch)

    def _follow(self, way: Ride, watch: Watch | None) -> float | None:
        whole = round(1000 * way.seconds)
        times = np.append(np.arange(0, whole, TICK_MS), whole) if whole else np.array([0, 1])
        passed = way.length_at(times / max(1, whole) * way.seconds)
        if not whole:
            passed[-1] = way.mm
        places = way.point_at(passed)
        cuts = _slices(places, MOST_TICKS, BEND_MM)
        for number in range(1, len(cuts)):
            before, after = cuts[number - 1], cuts[number]
            if watch is not None:
                if number % BUTTON_EVERY == 0:
                    self.look()
                if watch(float(passed[cuts[max(0, number - 3)]])):
                    return self._brake(way, float(times[before]) / 1000)
            self._move(int(times[after] - times[before]), places[after])
            self._since_drawing = 0 if watch is not None else self._since_drawing + 1
        self.here = way.corners[-1].copy()
        return None

    def _brake(self, way: Ride, clock: float) -> float | None:
        speed, pull = way.speed_at(clock), self.machine.pen_down_acceleration
        start = float(way.length_at(np.array([clock]))[0])
        ms = np.append(np.arange(0, 1000 * speed / pull, 2 * TICK_MS), 1000 * speed / pull)
        passed = np.minimum(start + speed * ms / 1000 - pull / 2 * (ms / 1000) ** 2, way.mm)
        places = way.point_at(passed)
        for number in range(1, len(ms)):
            self._move(max(TICK_MS, round(float(ms[number] - ms[number - 1]))), places[number])
        self.here = places[-1]
        self.finish()
        self._since_drawing = 2
        return None if passed[-1] >= way.mm else float(passed[-1])

    def drawn(self) -> None:
        if self._since_drawing < 2:
            self.finish()

    def finish(self) -> None:
        end = time.monotonic() + 120
        while any(int(part or 0) for part in self._ask("QM", _MOTORS, ok=False).groups()):
            if time.monotonic() > end:
                raise Lost(f"the plotter at {self.line.port} does not come to rest")
            time.sleep(0.002)

    def recover(self) -> None:
        self.finish()
        self.lift()

    def pressed(self) -> bool:
        was, self._button = self._button, False
        return was

    def look(self) -> None:
        self._button |= self._ask("QB", _BUTTON)[0] == "1"

    def walk_home(self) -> str | None:
        if not self._counted().any():
            return "the board counts no steps from home: push the carriage to the home corner by hand"
        self._servo()
        self._lead_home()
        return None

    def _lead_home(self) -> None:
        self._steps = self._counted()
        one, other = self._steps / self.board.steps_per_mm
        self.here = np.array([(one + other) / 2, (one - other) / 2])
        self.lift()
        self.travel(np.zeros(2))
        self.finish()

    def set_height(self, *, up: bool) -> None:
        self._servo()
        if up:
            self.lift()
        else:
            self.lower()
        self.finish()

    def off(self) -> None:
        self._command("EM,0,0")
        self._command("CS")

    # the conversation

    def _move(self, ms: int, to: Point) -> None:
        u, v = to
        goal = np.rint(self.board.steps_per_mm * np.array([u + v, u - v])).astype(np.int64)
        by = goal - self._steps
        for _ in range(TRIES):
            if self._say(f"SM,{ms},{by[0]},{by[1]}"):
                break
            # Refused, or the answer was lost: the step counters know which.
            at = self._counted()
            if (at == goal).all():
                break
            if not (at == self._steps).all():
                raise Lost(f"the plotter at {self.line.port} lost its place: start again from home")
        else:
            raise Lost(f"the plotter at {self.line.port} does not take the command to move")
        self._steps = goal

    def _command(self, text: str) -> None:
        """A command that may be repeated; `Lost` when it is never taken."""
        for _ in range(TRIES):
            if self._say(text):
                return
        raise Lost(f"the plotter at {self.line.port} does not take {text!r}")

    def _say(self, text: str) -> bool:
        """Whether the command was taken; False when it was refused or no answer could be understood."""
        self.line.write(text + "\r")
        while (got := self.line.read(self._patience)) is not None:
            if got == "OK":
                return True
            if got.startswith("!"):
                self.line.drain(0.05)
                return False
        return False

    def _counted(self) -> NDArray[np.int64]:
        """Steps both motors have made since the counters were cleared, when all is done."""
        self.finish()
        found = self._ask("QS", _STEPS)
        return np.array([int(found[1]), int(found[2])], dtype=np.int64)

    def _ask(self, question: str, answer: re.Pattern[str], *, ok: bool = True) -> re.Match[str]:
        for _ in range(TRIES):
            self.line.write(question + "\r")
            while (got := self.line.read(1.0)) is not None:
                if found := answer.fullmatch(got):
                    while ok and (got := self.line.read(0.5)) not in (None, "OK"):
                        pass
                    return found
                if got.startswith("!"):
                    break
            self.line.drain(0.02)
        raise Lost(f"the plotter at {self.line.port} does not answer")
