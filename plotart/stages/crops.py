"""The squares of a large canvas, one a step, in rounds that look at every place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from plotart.core.canvas import Canvas, Window
from plotart.core.errors import InputError
from plotart.stages.judge import tiles

if TYPE_CHECKING:
    from plotart.stages.context import Context
    from plotart.stages.fit import Fit

__all__ = ["Crops", "crops_of"]

SAMPLE, SAMPLE_PX = 8, 256
"""How many windows stand for the page while it is fitted, and their side."""


class Crops:
    """Squares of `side` px on a canvas of `size` (H, W), of which all but a rim is looked at.

    In each round the looked-at parts cover the canvas and up to `beyond` px around it, each square at a random place
    near its own, in a random order.

    Attributes:
        waiting: corners (top, left) of the squares that are still to come in this round.
    """

    def __init__(self, size: tuple[int, int], side: int, rim: int, beyond: int) -> None:
        self.size = size
        self.side = side
        self.rim = rim
        self.beyond = min(beyond, (side - 2 * rim) // 2)  # at least half of each square shows the page
        self.waiting: list[list[int]] = []

    def __len__(self) -> int:
        """Squares in a round."""
        return math.prod(self._count(length) for length in self.size)

    def next(self, generator: torch.Generator) -> Window:
        """The next square, which may reach beyond the canvas."""
        if not self.waiting:
            rows, columns = (self._count(length) for length in self.size)
            places = torch.rand(rows * columns, 2, generator=generator)
            self.waiting = [
                [self._corner(self.size[0], n // columns, y), self._corner(self.size[1], n % columns, x)]
                for n, (y, x) in enumerate(places.tolist())
            ]
            self.waiting = [self.waiting[n] for n in torch.randperm(len(places), generator=generator).tolist()]
        top, left = self.waiting.pop()
        return Window(top, left, self.side, self.side)

    def sample(self) -> list[Window] | None:
        """A few windows spread over the canvas, always the same ones; None where they would be all of it."""
        windows = tiles(self.size, SAMPLE_PX)
        if len(windows) <= 2 * SAMPLE:
            return None
        order = torch.randperm(len(windows), generator=torch.Generator().manual_seed(0))
        return [windows[n] for n in sorted(order[:SAMPLE].tolist())]

    def _count(self, length: int) -> int:
        """Squares along a side of that length."""
        return max(1, math.ceil((length + 2 * self.beyond) / (self.side - 2 * self.rim)))

    def _corner(self, length: int, number: int, u: float) -> int:
        """Where square `number` along that side begins; `u` in 0..1 moves it within half the way to its neighbours."""
        core, count = self.side - 2 * self.rim, self._count(length)
        first, last = -self.beyond, length + self.beyond - core
        if last <= first:
            return round((first + last) / 2) - self.rim
        pitch = (last - first) / max(1, count - 1)
        return round(min(max(first + pitch * (number + u - 0.5), first), last)) - self.rim


def crops_of(spec: Fit, context: Context, canvas: Canvas) -> Crops | None:
    """The squares in which a fit looks at the canvas; None where it looks at all of it.

    Raises:
        InputError: an objective cannot judge parts, or the network's views do not fit into a square.
    """
    side, size, transform = spec.crop, canvas.pixels(context.size), context.views
    if side is None:
        return None
    for name, objective in context.objectives.items():
        if not objective.local:
            raise InputError(f"stages: 'crop' shows parts of the drawing, and '{name}' judges it as a whole")
    if not context.layers:
        return Crops(size, side, 0, 0)
    least = transform.side_around(min(transform.view, *size))
    if side < least:
        raise InputError(f"stages: crop must be at least {least} for views of {transform.view} px, not {side}")
    return Crops(size, side, transform.rim(side), transform.jitter)
