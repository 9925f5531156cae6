"""Halftone: parallel lines, evenly spaced, which wobble more where it is darker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.rows import parallel, rows, wobbling

__all__ = ["Halftone"]


@looks.register("halftone")
class Halftone(Laid):
    """Lines of varying wobble, each pen's in a direction of its own, as screens of a print are."""

    spacing_mm: ClassVar[float] = 0.0
    penalties: ClassVar[Mapping[str, Any]] = {"form": {"weight": 0.01}, "time": {"weight": 0.002}}

    angle: float = Field(0.0, ge=-180, le=180, description="of the darkest pen's lines, degrees")
    pitch: float = Field(5.0, ge=1.5, le=100, description="from line to line, in tips")
    wave: float = Field(4.5, ge=2, le=100, description="length of a wave, in tips")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        tip = wanted.tip_mm
        angle = self.angle + 180 / wanted.pens * (wanted.pens - 1 - wanted.number)
        curves = parallel(wanted, -angle, self.pitch * tip)
        runs = rows(wanted, curves, self.pitch * tip, gain, 2 * self.wave * tip)
        return [wobbling(run, self.wave * tip, (self.pitch - 1) / 2 * tip) for run in runs]
