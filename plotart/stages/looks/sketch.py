"""Sketch: a few long strokes, those that tell most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from plotart.stages.contours import dark_lines
from plotart.stages.looks.base import Floats, Laid, Wanted, looks

__all__ = ["Sketch"]


@looks.register("sketch")
class Sketch(Laid):
    """As few strokes as tell what there is to see: 16 to 200 (`--strokes`), where the picture is darker than around it.

    In the focus they are finer, and more of them. The economy is that of Y. Vinker et al., "CLIPasso:
    semantically-aware object sketching" (2022).
    """

    counts = True
    rises: ClassVar[float] = 0.0
    spacing_mm: ClassVar[float] = 1.2
    strokes: ClassVar[Mapping[str, Any]] = {"kind": "splines", "count": 160}
    penalties: ClassVar[Mapping[str, Any]] = {
        "form": {"weight": 0.02}, "time": {"weight": 0.002}, "pixels": {"weight": 0.05}, "structure": {"weight": 0.02},
    }  # fmt: skip
    fit: ClassVar[Mapping[str, Any]] = {"steps": 160, "optimizer": "adam", "rates": {"vertices": 0.001}}

    finest_mm: float = Field(0.3, gt=0, le=100, description="finer things in the focus have no line")
    broad_mm: float = Field(0.75, gt=0, le=100, description="finer things elsewhere have no line")
    longest_mm: float = Field(140.0, gt=1, le=10_000, description="where a stroke is ended")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        # the darkest pen tells what there is, the others add what is theirs alone
        found = dark_lines(wanted, self.finest_mm, self.broad_mm, 2.0, self.longest_mm, dark=2.5)
        share = 0.7 if wanted.number == wanted.darkest else 0.3 / (wanted.pens - 1)
        most = max(1, round(wanted.count * (share if wanted.pens > 1 else 1)))
        apart = 1.6 * wanted.tip_mm
        kept: list[Floats] = []
        for line in found:
            # a second stroke beside a first one tells nothing new
            if kept and np.median([np.min(np.hypot(*(np.concatenate(kept) - point).T)) for point in line[::6]]) < apart:
                continue
            kept.append(line)
            if len(kept) == most:
                break
        return kept
