"""One line: a single stroke a pen that wanders closer where it is darker."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from scipy.ndimage import gaussian_filter

from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.stippling import stipples, through

__all__ = ["OneLine"]

TOUR = 0.7124
"""A short way through N points of an area A is TOUR sqrt(N A) long (D. Applegate et al., "The traveling salesman
problem", 2006)."""


@looks.register("oneline")
class OneLine(Laid):
    """A short way through stipples (R. Bosch, A. Herman, "Continuous line drawings via the traveling salesman
    problem", 2004), smoothed; the fit moves it and never cuts it."""

    spacing_mm: ClassVar[float] = 0.0
    passes = False
    counts = True
    whole = True
    rises: ClassVar[float] = 1.2
    strokes: ClassVar[Mapping[str, Any]] = {"kind": "splines", "count": 1, "vertices": 2}
    penalties: ClassVar[Mapping[str, Any]] = {"form": {"weight": 0.003}, "time": {"weight": 0.005}}

    rounds: int = Field(5, ge=0, le=100, description="times the stipples are moved to the middle of what is theirs")
    most: int = Field(40_000, ge=10, le=1_000_000, description="stipples of a pen")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        # the line covers tip TOUR sqrt(density) of the paper where stipples are that dense, each mm^2
        tone = gaussian_filter(np.clip(gain * wanted.plane, 0, 0.85), 0.6 / wanted.mm_per_px)
        density = (tone / (TOUR * wanted.tip_mm)) ** 2
        count = float(density.mean()) * math.prod(wanted.size_mm)
        points = stipples(wanted, density, max(3, min(int(count), self.most)), self.rounds)
        return [through(points)]
