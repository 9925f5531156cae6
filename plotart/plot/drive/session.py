"""A plot from the first pen to the way home: draws, waits, stops where it is told, and knows at any time how far it is.

Progress is on disk before each stroke, and a stroke is begun only when all before it are on paper. So whatever happens,
a plot that is resumed draws at most the stroke in hand again, and leaves nothing out.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np

from plotart.core.errors import Interrupted
from plotart.core.geometry import flatten
from plotart.plot.drive.control import Control
from plotart.plot.drive.controller import Controller
from plotart.plot.drive.line import Lost, Misheard
from plotart.plot.drive.place import refuse_beyond
from plotart.plot.drive.progress import Progress, State
from plotart.plot.layers import Plot
from plotart.plot.motion import estimate, ride, stroke_times

__all__ = ["Session"]

TOLERANCE_MM = 0.02
"""How far the lines that are sent lie from the curves."""
AGAIN = 3
"""How often a stroke is tried that the board did not take."""
WRITE_SECONDS = 2.0
"""Within a stroke, progress is written about so often."""
IDLE_SECONDS = 0.02
LOOK_SECONDS = 0.3


class _Cancelled(Exception):
    """The user wants no more."""


@dataclass
class Session:
    """One plot on one machine.

    Attributes:
        plot: placed on the machine, in mm from home.
        progress: where to begin; kept up to date, and in `file`.
        wait: whether to wait for each pen and each sheet.
        show: is called whenever the progress has changed.
    """

    plot: Plot
    controller: Controller
    control: Control
    progress: Progress
    file: FilePath
    wait: bool = True
    show: Callable[[Progress], None] = lambda progress: None

    def run(self) -> None:
        """Draw all that is left; then, and on every other way out, walk home and switch the motors off.

        Raises:
            Interrupted: cancelled; the progress says where.
            Lost: the machine is gone; the progress says where it was.
        """
        machine = self.controller.machine
        refuse_beyond(self.plot, machine)  # once more, with what the board itself says
        self._ends = [np.cumsum(times.up - times.down) for times in stroke_times(self.plot, machine)]
        time_of = estimate(self.plot, machine)
        self._whole = time_of.seconds - time_of.change_seconds
        self._written = 0.0
        first = self.progress
        first.pid, first.message = os.getpid(), ""
        first.pens = [layer.pen.name for layer in self.plot.layers]
        first.strokes, first.seconds = self.plot.strokes, self._whole
        self._record("starting")
        try:
            self._insist(self.controller.arrive)
            if self.wait:
                pen = self.plot.layers[first.layer].pen
                first.pen, first.colour = pen.name, pen.hex
                self._until_told("pen", f"push the pen to its home corner, and put in {self._which(first.layer)}")
            self._ready = True
            self._insist(self.controller.begin)
            self._draw_all()
        except _Cancelled:
            self._leave("cancelled", "cancelled")
            raise Interrupted("cancelled; 'plotart plot --resume' goes on from there") from None
        except KeyboardInterrupt:
            self._leave("cancelled", "stopped at once", home=False)
            raise Interrupted("stopped where it was; push the carriage home before 'plotart plot --resume'") from None
        except (Lost, Misheard) as error:
            self._leave("lost", str(error), home=isinstance(error, Misheard))
            raise Lost(f"{error}; 'plotart plot --resume' goes on at the stroke it was in") from error
        except BaseException as error:
            self._leave("lost", str(error) or type(error).__name__)
            raise
        self._leave("done", "")

    def _draw_all(self) -> None:
        at = self.progress
        for copy in range(at.copy_, at.choice.copies):
            at.copy_ = copy
            if copy > 0 and at.layer == 0 and at.stroke == 0:
                self._stay("paper", f"lay down sheet {copy + 1} of {at.choice.copies}")
            for layer in range(at.layer, len(self.plot.layers)):
                at.layer = layer
                self._draw_layer(layer)
                at.stroke = 0
            at.layer = 0
            self._home()

    def _draw_layer(self, layer: int) -> None:
        pen = self.plot.layers[layer].pen
        self.progress.pen, self.progress.colour = pen.name, pen.hex
        if not self._ready:
            self._stay("pen", f"put in {self._which(layer)}")
        self._ready = False
        for stroke in range(self.progress.stroke, len(self.plot.layers[layer].paths)):
            self.progress.stroke = stroke
            self._insist(lambda stroke=stroke: self._draw_stroke(layer, stroke))  # type: ignore[misc]
            self.progress.reached_mm = 0.0

    def _draw_stroke(self, layer: int, stroke: int) -> None:
        at, controller = self.progress, self.controller
        way = ride(flatten(self.plot.layers[layer].paths[stroke], TOLERANCE_MM), controller.machine)
        begun = min(at.reached_mm, way.mm)
        while True:
            points = way.rest(begun) if begun > 0 else way.corners
            controller.travel(points[0])
            controller.drawn()
            self._record("plotting", begun)
            if self._told_to_stop():
                self._pause()
                continue
            controller.lower()
            base = begun

            def watch(mm: float, base: float = base) -> bool:
                if time.monotonic() - self._written > WRITE_SECONDS:
                    self._record("plotting", base + mm)
                return self._told_to_stop()

            stopped = controller.draw(points, watch)
            controller.lift()
            if stopped is None:
                break
            begun = base + stopped
            controller.drawn()
            self._record("paused", begun)
            self._pause()
        if self._word is not None:  # told so while the last of the stroke was drawn
            controller.drawn()
            at.stroke, at.reached_mm = stroke + 1, 0.0
            self._pause()

    # waiting

    _ready: bool = False  # the pen that comes next is in already

    def _which(self, layer: int) -> str:
        return f"pen {layer + 1} of {len(self.plot.layers)}: {self.plot.layers[layer].pen.name}"

    _word: str | None = None
    _looked: float = 0.0

    def _told_to_stop(self) -> bool:
        if self._word is None:
            word = self.control.poll()
            if word in ("pause", "cancel"):
                self._word = word
            elif self.controller.pressed():
                self._word = "pause"
        return self._word is not None

    def _pause(self) -> None:
        """The pen is up; stay until it is to go on."""
        word, self._word = self._word, None
        if word == "cancel":
            raise _Cancelled
        self.controller.finish()
        self._until_told("paused", "paused")
        self._record("plotting")

    def _stay(self, state: State, message: str) -> None:
        """Home, and wait for a pen or a sheet."""
        if not self.wait:
            if self._told_to_stop():
                self._pause()
            return
        self._home()
        self._until_told(state, message)

    def _until_told(self, state: State, message: str) -> None:
        self._record(state, message=message)
        self.controller.pressed()
        while True:
            word = self.control.poll()
            if word == "cancel":
                raise _Cancelled
            if word == "resume":
                return
            if time.monotonic() - self._looked > LOOK_SECONDS:
                self._looked = time.monotonic()
                self.controller.look()
                if self.controller.pressed():
                    return
            time.sleep(IDLE_SECONDS)

    # the way out

    def _home(self) -> None:
        def walk() -> None:
            self.controller.travel(np.zeros(2))
            self.controller.finish()

        self._insist(walk)

    def _insist(self, action: Callable[[], None]) -> None:
        """Do what can be done again until the board takes it."""
        for _ in range(AGAIN):
            try:
                return action()
            except Misheard:
                self.controller.recover()
        return action()

    def _leave(self, state: State, message: str, *, home: bool = True) -> None:
        controller = self.controller
        with contextlib.suppress(Lost, Misheard):
            if home:
                self._insist(controller.lift)
                self._home()
            elif state != "lost":
                controller.recover()
        with contextlib.suppress(Lost, Misheard):
            controller.off()
        with contextlib.suppress(OSError):
            self._record(state, message=message)

    def _record(self, state: State, reached_mm: float | None = None, message: str = "") -> None:
        at = self.progress
        at.state, at.message = state, message
        if reached_mm is not None:
            at.reached_mm = round(reached_mm, 3)
        at.strokes_done = sum(len(one.paths) for one in self.plot.layers[: at.layer]) + at.stroke
        if state == "done":
            at.strokes_done = at.strokes
        at.seconds_left = round(self._left(), 1)
        at.write(self.file)
        self._written = time.monotonic()
        self.show(at)

    def _left(self) -> float:
        """Seconds of what is still to be drawn of this sheet: the strokes' share of the whole."""
        if self.progress.state == "done" or not self.plot.strokes:
            return 0.0
        whole = sum(float(ends[-1]) for ends in self._ends if len(ends))
        at = self.progress
        done = sum(float(ends[-1]) for ends in self._ends[: at.layer] if len(ends))
        if at.layer < len(self._ends) and at.stroke > 0:
            done += float(self._ends[at.layer][at.stroke - 1])
        return self._whole * (1 - done / whole) if whole > 0 else 0.0
