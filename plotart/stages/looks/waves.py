"""Waves: long lines that swell side by side, as in an engraving, closer where it is darker."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.rows import parallel, rows

__all__ = ["Waves"]


@looks.register("waves")
class Waves(Laid):
    """Lines that swell side by side, each pen's with crests of its own."""

    length_mm: float = Field(42.0, gt=1, le=1000, description="from crest to crest")
    height_mm: float = Field(5.0, ge=0, le=100, description="of a crest above its line")
    angle: float = Field(0.0, ge=-180, le=180, description="degrees")
    shortest_mm: float = Field(4.0, gt=0, le=100, description="no shorter lines are laid")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        phase = 2 * math.pi * wanted.number / wanted.pens
        turn = 12 * (wanted.number - (wanted.pens - 1) / 2)

        def bend(along: Floats) -> Floats:
            swell: Floats = self.height_mm * np.sin(2 * math.pi * along / self.length_mm + phase)
            return swell

        curves = parallel(wanted, -(self.angle + turn), wanted.tip_mm, bend)
        return [run.points for run in rows(wanted, curves, wanted.tip_mm, gain, self.shortest_mm)]
