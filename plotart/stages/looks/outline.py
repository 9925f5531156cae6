"""Outline: the contours first, then a little tone in the shadows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from plotart.stages.contours import contours
from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.rows import parallel, rows

__all__ = ["Outline"]


@looks.register("outline")
class Outline(Laid):
    """Lines along the edges, and light hatches where it is dark."""

    spacing_mm: ClassVar[float] = 1.5
    penalties: ClassVar[Mapping[str, Any]] = {
        "form": {"weight": 0.05}, "time": {"weight": 0.002}, "pixels": {"weight": 0.2},
        "structure": {"weight": 0.01},
    }  # fmt: skip
    fit: ClassVar[Mapping[str, Any]] = {"steps": 160, "optimizer": "adam", "rates": {"vertices": 0.0008}}

    finest_mm: float = Field(0.5, gt=0, le=100, description="finer things have no contour")
    edges: float = Field(0.13, gt=0, lt=0.5, description="share of the picture that counts as edge")
    tone: float = Field(0.45, ge=0, le=1, description="share of the shadows' ink that is laid")
    angle: float = Field(45.0, ge=-180, le=180, description="of the lines in the shadows, degrees")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        found = contours(wanted, self.finest_mm, self.edges, 2.5, 120)
        shadow = np.clip(wanted.plane - 0.25, 0, 1) * self.tone
        angle = self.angle + 12 * (wanted.pens - 1 - wanted.number)
        curves = parallel(wanted, -angle, wanted.tip_mm)
        return found + [run.points for run in rows(wanted, curves, wanted.tip_mm, gain, 4.0, shadow)]
