"""Sketch: a few long strokes, those that tell most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from plotart.stages.contours import contours
from plotart.stages.looks.base import Floats, Laid, Wanted, looks

__all__ = ["Sketch"]


@looks.register("sketch")
class Sketch(Laid):
    """As few strokes as tell what there is to see: 16 to 200 (`--strokes`), along the strongest contours.

    The economy is that of Y. Vinker et al., "CLIPasso: semantically-aware object sketching" (2022).
    """

    counts = True
    spacing_mm: ClassVar[float] = 4.0
    strokes: ClassVar[Mapping[str, Any]] = {"kind": "splines", "count": 120}
    penalties: ClassVar[Mapping[str, Any]] = {
        "form": {"weight": 0.02}, "time": {"weight": 0.002}, "pixels": {"weight": 0.05}, "structure": {"weight": 0.02},
    }  # fmt: skip
    fit: ClassVar[Mapping[str, Any]] = {"steps": 160, "optimizer": "adam", "rates": {"vertices": 0.001}}

    finest_mm: float = Field(0.7, gt=0, le=100, description="finer things have no contour")
    longest_mm: float = Field(140.0, gt=1, le=10_000, description="where a stroke is ended")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        # the darkest pen tells what there is, the others add what is theirs alone
        found = contours(wanted, self.finest_mm, 0.12, 5.0, self.longest_mm, dark=2.5)
        share = 0.7 if wanted.number == wanted.darkest else 0.3 / (wanted.pens - 1)
        most = max(1, round(wanted.count * (share if wanted.pens > 1 else 1)))
        apart = 2.5 * wanted.tip_mm
        kept: list[Floats] = []
        for line in found:
            # a second stroke beside a first one tells nothing new
            if kept and np.median([np.min(np.hypot(*(np.concatenate(kept) - point).T)) for point in line[::8]]) < apart:
                continue
            kept.append(line)
            if len(kept) == most:
                break
        return kept
