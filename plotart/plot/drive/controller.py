"""What a session asks of a board. All places are mm from home: u to the right of it, v away from it across."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plotart.plot.drive.line import Line
from plotart.plot.machine import Machine

__all__ = ["Controller", "Point", "Watch"]

Point = NDArray[np.float64]
Watch = Callable[[float], bool]
"""Is told the mm of a stroke that are surely on paper, and says whether to stop there."""


class Controller(ABC):
    """A board on a line, and the machine it moves.

    Attributes:
        machine: as the board is set, once it has been greeted.
        here: `[2]` mm, where the pen will be when all that was sent is done.
    """

    def __init__(self, line: Line, machine: Machine) -> None:
        self.line, self.machine = line, machine
        self.here: Point = np.zeros(2)

    @abstractmethod
    def greet(self) -> str:
        """Who is there, in words. InputError when it is no such board, or is set so that it cannot plot."""

    @abstractmethod
    def arrive(self) -> None:
        """Pen up; home by switches, or as far as the board knows the way; then the carriage can be pushed by hand."""

    @abstractmethod
    def begin(self) -> None:
        """Motors on, and home is where the pen stands."""

    @abstractmethod
    def travel(self, to: Point) -> None:
        """Go straight with the pen up; may return before it is there."""

    @abstractmethod
    def lower(self) -> None:
        """Pen down."""

    @abstractmethod
    def lift(self) -> None:
        """Pen up."""

    @abstractmethod
    def draw(self, points: NDArray[np.float64], watch: Watch) -> float | None:
        """Follow a polyline `[M, 2]` from where the pen is; may return before its end.

        When `watch` says so the pen slows down and stands: the mm that are drawn then, else None. `Misheard` when the
        board did not take it all.
        """

    @abstractmethod
    def drawn(self) -> None:
        """Wait until all that was drawn before the last lift is on paper."""

    @abstractmethod
    def finish(self) -> None:
        """Wait until all is done and the machine stands."""

    @abstractmethod
    def recover(self) -> None:
        """After `Misheard`: still, pen up, and `here` is where it stands."""

    @abstractmethod
    def look(self) -> None:
        """Ask the board for its button; `draw` does so by itself."""

    @abstractmethod
    def pressed(self) -> bool:
        """Whether the machine's own button (or hold) was seen pressed since last asked."""

    @abstractmethod
    def walk_home(self) -> str | None:
        """For setting up: pen up and back to home if the board knows the way; else a sentence what to do."""

    @abstractmethod
    def set_height(self, *, up: bool) -> None:
        """For setting up: the pen to its upper or lower height."""

    @abstractmethod
    def off(self) -> None:
        """Motors off."""
