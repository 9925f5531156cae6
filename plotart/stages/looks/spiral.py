"""Spiral: one spiral for each pen, which swings more where it is darker and pauses where paper is wanted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.rows import STEP_MM, rows, wobbling

__all__ = ["Spiral"]


@looks.register("spiral")
class Spiral(Laid):
    """An Archimedean spiral a pen, r = pitch (turn + pen / pens): those of the pens lie between each other."""

    spacing_mm: ClassVar[float] = 0.0
    penalties: ClassVar[Mapping[str, Any]] = {"form": {"weight": 0.01}, "time": {"weight": 0.002}}

    pitch: float = Field(5.0, ge=1.5, le=100, description="from turn to turn, in tips")
    wave: float = Field(4.5, ge=2, le=100, description="length of a wave, in tips")
    centre: tuple[float, float] = Field((0.5, 0.5), description="of the spiral, shares of the drawing's sides")
    shortest_mm: float = Field(4.0, gt=0, le=100, description="no shorter parts are drawn")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        width, height = wanted.size_mm
        middle = np.array([self.centre[0] * width, self.centre[1] * height])
        corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - middle
        pitch = self.pitch * wanted.tip_mm
        turns = float(np.hypot(*corners.T).max()) / pitch + 1
        # r = pitch t, so that the way along it is about pi pitch t^2: points at even ways
        far = math.pi * pitch * turns**2
        turn = np.sqrt(np.arange(1, int(far / STEP_MM)) * STEP_MM / (math.pi * pitch))
        radius = pitch * (turn + wanted.number / wanted.pens)
        spun = np.stack([np.cos(2 * math.pi * turn), np.sin(2 * math.pi * turn)], axis=1)
        runs = rows(wanted, [middle + radius[:, None] * spun], pitch, gain, self.shortest_mm)
        return [wobbling(run, self.wave * wanted.tip_mm, (self.pitch - 1) / 2 * wanted.tip_mm) for run in runs]
