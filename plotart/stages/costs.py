"""What a stage typically costs, and how that grows with the drawing: what forecasts start from."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["A6_MM2", "Cost", "Costs", "Size"]

A6_MM2 = 7225.0
"""Within margins of 10 mm."""


@dataclass(frozen=True)
class Size:
    """Strokes or shapes of a drawing, pixels of its canvas as it is rendered, and mm² of paper."""

    strokes: float = 0.0
    pixels: float = 0.0
    area_mm2: float = A6_MM2


@dataclass(frozen=True)
class Cost:
    """Seconds of one core: some that are always the same, some for each stroke and some for each pixel.

    A stroke is taken to be one of a drawing on A6; it is longer, and costs more, as the side of the page is longer.
    """

    fixed: float = 0.0
    stroke: float = 0.0
    pixel: float = 0.0

    def seconds(self, size: Size) -> float:
        longer = math.sqrt(size.area_mm2 / A6_MM2)
        return self.fixed + self.stroke * size.strokes * longer + self.pixel * size.pixels


@dataclass(frozen=True)
class Costs:
    """Of a stage: until its first step is done, or all of it where it has none; of each step more; after its last."""

    before: Cost = Cost(0.3)
    step: Cost = Cost(0.006, 10e-6, 1.4e-6)
    after: Cost = Cost(0.05, 10e-6, 1.4e-6)

    def seconds(self, size: Size) -> tuple[float, float, float]:
        return self.before.seconds(size), self.step.seconds(size), self.after.seconds(size)
