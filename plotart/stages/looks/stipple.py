"""Stipple: dots, as close as it is dark, and larger where it is darker when there is no time for more of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from plotart.drawing.primitives.splines import RING
from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.stippling import stipples

__all__ = ["Stipple"]

LARGEST = 4.5
"""Diameter in tips of the largest dot that a pen winds: a lift takes as long as four turns."""
PITCH = 0.85
"""From turn to turn of a dot, in tips."""
CORNERS = 6
"""Vertices of a turn; a spline that they lead is CORNERED times as wide."""
CORNERED = (2 + math.cos(2 * math.pi / CORNERS)) / 3


@looks.register("stipple")
class Stipple(Laid):
    """Dots (A. Secord, "Weighted Voronoi stippling", 2002).

    They are rings of the tip that leave no hole. Where the minutes hold too few of these, dots are wound from the
    middle outwards, so large that they make the tone; light places have the smaller ones.
    """

    short = "dots of the tip take longer than the minutes: there are {:.0f} % as many, and larger ones"
    spacing_mm: ClassVar[float] = 0.0
    passes = False
    strokes: ClassVar[Mapping[str, Any]] = {"kind": "splines", "count": 60_000, "vertices": 2}
    penalties: ClassVar[Mapping[str, Any]] = {"form": {"weight": 0.3}}
    fit: ClassVar[Mapping[str, Any]] = {"steps": 160, "optimizer": "adam", "rates": {"vertices": 0.001}}

    rounds: int = Field(6, ge=0, le=100, description="times the dots are moved to the middle of what is theirs")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        least, largest = (math.pi / 4 * (size * wanted.tip_mm) ** 2 for size in (1 + RING, LARGEST))
        plane, page = np.clip(max(gain, 1.0) * wanted.plane, 0, 1), math.prod(wanted.size_mm)

        def sizes(larger: float) -> Floats:
            """Of the dots that a place would have, mm^2."""
            return np.clip(larger * np.sqrt(plane), least, largest)

        # there is time for so many dots: those of the least size are too many, larger ones fewer
        most = min(gain, 1.0) * float(plane.mean()) * page / least
        low, high = 0.0, 2 * largest
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (low, middle) if float((plane / sizes(middle)).mean()) * page <= most else (middle, high)
        size = sizes(high if gain < 1 else 0.0)
        density = plane / size
        count = min(int(min(float(density.mean()) * page, most)) + 1, wanted.most)
        dots = stipples(wanted, density, count, self.rounds)
        wide = np.sqrt(4 / math.pi * np.maximum(wanted.at(dots, size), least)) / wanted.tip_mm
        return [wound(dot, wanted.tip_mm, float(tips)) for dot, tips in zip(dots, wide, strict=True)]


def wound(centre: Floats, tip_mm: float, tips: float) -> Floats:
    """A dot of a diameter in tips: `[1, 2]`, or the vertices of a line wound around its centre, `[M, 2]` mm."""
    if tips < 1.25 * (1 + RING):
        return centre[None]
    outer = (tips - 1) / 2
    turns = 1 + outer / PITCH  # the last one is a circle
    turn = np.arange(0, turns + 1 / CORNERS, 1 / CORNERS)
    radius = np.minimum(turn * PITCH, outer) * tip_mm / CORNERED
    angle = 2 * math.pi * turn
    line: Floats = centre + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return line
