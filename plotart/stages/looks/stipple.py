"""Stipple: dots of the tip, as close as it is dark."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from plotart.drawing.primitives.splines import RING
from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.stippling import stipples

__all__ = ["Stipple"]


@looks.register("stipple")
class Stipple(Laid):
    """Dots (A. Secord, "Weighted Voronoi stippling", 2002)."""

    strokes: ClassVar[Mapping[str, Any]] = {"kind": "splines", "count": 60_000, "vertices": 2}
    penalties: ClassVar[Mapping[str, Any]] = {}
    fit: ClassVar[Mapping[str, Any]] = {"steps": 160, "optimizer": "adam", "rates": {"vertices": 0.001}}

    rounds: int = Field(6, ge=0, le=100, description="times the dots are moved to the middle of what is theirs")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        dot = math.pi / 4 * ((1 + RING) * wanted.tip_mm) ** 2
        count = gain * float(wanted.plane.mean()) * math.prod(wanted.size_mm) / dot
        return list(stipples(wanted, wanted.plane, min(int(count) + 1, wanted.most), self.rounds)[:, None])
