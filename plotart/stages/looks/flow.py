"""Flow: long streamlines along what the picture shows, evenly spaced."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.streamlines import Laying, direction_field, lay_lines

__all__ = ["Flow"]


@looks.register("flow")
class Flow(Laid):
    """Long lines along the structure tensor of the picture, one field for all pens."""

    shortest_mm: float = Field(4.0, gt=0, le=100, description="no shorter lines are laid")
    longest_mm: float = Field(160.0, gt=1, le=10_000, description="where a line is ended and another begins")
    coarse_mm: float = Field(1.6, gt=0, le=100, description="what is finer in the picture does not lead a line")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        field = direction_field(wanted.light, self.coarse_mm / wanted.mm_per_px)
        laying = Laying(max(self.shortest_mm, 3 * wanted.tip_mm), self.longest_mm, turn=4 * math.pi)
        plane = np.clip(gain * wanted.plane, 0, 1)
        return lay_lines(plane, wanted.mm_per_px, wanted.tip_mm, laying, wanted.generator, field=field)
