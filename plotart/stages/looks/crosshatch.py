"""Crosshatch: lines in one direction for light tones, across it for darker ones, then in two more."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.rows import parallel, rows

__all__ = ["Crosshatch"]

TONES = (0.3, 0.52, 0.7, 1.0)
"""The shares of paper covered up to which one, two, three or four directions make a tone."""
TURNS = (0, 90, 45, -45)


@looks.register("crosshatch")
class Crosshatch(Laid):
    """Lines across each other, more directions where it is darker.

    Directions that cross at random cover 1 - (1 - c1)(1 - c2)...: each takes what the ones before it leave to be done.
    """

    angle: float = Field(50.0, ge=-180, le=180, description="of the darkest pen's first lines, degrees")
    shortest_mm: float = Field(4.5, gt=0, le=100, description="no shorter lines are laid")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        left = np.clip(gain * wanted.plane, 0, 0.95)
        open_paper = np.ones_like(left)
        found: list[Floats] = []
        own = 45 / wanted.pens * (wanted.pens - 1 - wanted.number)
        for most, turn in zip(TONES, TURNS, strict=True):
            layer = np.clip(1 - (1 - np.minimum(left, most)) / open_paper, 0, 1)
            open_paper = open_paper * (1 - layer)
            curves = parallel(wanted, -(self.angle + own + turn), wanted.tip_mm)
            runs = rows(wanted, curves, wanted.tip_mm, 1.0, self.shortest_mm, layer)
            found += [run.points for run in runs]
        return found
