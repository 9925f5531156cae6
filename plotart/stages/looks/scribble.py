"""Scribble: a loose line that curls, in closer loops where it is darker."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from plotart.core.polylines import points_at, ways
from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.stippling import stipples, through

__all__ = ["Scribble"]

FAINT = 0.08
"""No loop is drawn where less of the paper is wanted."""


@looks.register("scribble")
class Scribble(Laid):
    """Loops along a short way through the dark parts (C. Chiu et al., "Tone- and feature-aware circular scribble art",
    2015): a loop of radius r for every a mm of ways that lie D apart covers tip (1 + 2 π r / a) / D of the paper."""

    spacing_mm: ClassVar[float] = 0.0
    penalties: ClassVar[Mapping[str, Any]] = {"form": {"weight": 0.01}, "time": {"weight": 0.002}}

    apart_mm: float = Field(1.7, gt=0.5, le=100, description="from way to way")
    radius_mm: float = Field(0.9, gt=0.2, le=100, description="of a loop")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        tone = gaussian_filter(np.clip(gain * wanted.plane, 0, 0.9), 0.7 / wanted.mm_per_px)
        there = np.clip(tone / (2 * FAINT), 0, 1) * (tone > FAINT)
        if not float(there.max()):
            return []
        # a way through points of a density d has neighbours about 1 / (0.7 sqrt(d)) apart
        count = float(there.mean()) * math.prod(wanted.size_mm) / (0.7 * self.apart_mm) ** 2
        way = through(stipples(wanted, there, max(4, int(count)), 6))
        far = np.hypot(*np.diff(way, axis=0).T) > 4 * self.apart_mm
        parts = np.split(way, np.flatnonzero(far) + 1)
        return [line for part in parts if len(part) > 1 if len(line := self._curled(part, tone, wanted)) > 8]

    def _curled(self, way: Floats, tone: Floats, wanted: Wanted) -> Floats:
        step = 0.2
        along = ways(way)
        at = np.arange(0, along[-1], step)
        line = points_at(way, along, at)
        line = gaussian_filter1d(line, 0.5 * self.apart_mm / step, axis=0, mode="nearest")
        dark = gaussian_filter1d(wanted.at(line, tone), 1.0 / step, mode="nearest")
        radius = self.radius_mm * np.clip(0.45 + dark, 0.45, 1)
        longer = np.maximum(dark * self.apart_mm / wanted.tip_mm - 1, 0.1)
        loop_mm = 2 * np.pi * radius / longer
        angle = 2 * np.pi * np.cumsum(step / np.clip(loop_mm, 0.35, 30))
        # six points a loop, wherever the loops are
        corners = np.arange(0, angle[-1], np.pi / 3) if len(angle) else np.zeros(0)
        where = np.interp(corners, angle, at)
        middle = points_at(line, at, where)
        spun = np.stack([np.cos(corners), np.sin(corners)], axis=1)
        found: Floats = middle + np.interp(where, at, radius)[:, None] * spun
        return found
