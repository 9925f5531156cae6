"""What stages need to draw one picture and nothing else, as several benchmarks measure them."""

from __future__ import annotations

import torch

from plotart.drawing.render import renderer
from plotart.objectives import Objective
from plotart.objectives.transforms import Transform
from plotart.pens import load_pens
from plotart.stages import Context

__all__ = ["picture_context"]


def picture_context(pixels: Objective, size: int, generator: torch.Generator) -> Context:
    """The picture's own objective, one thread, no network; size: short side of the rendered canvas, px."""
    return Context(
        renderer("native", threads=1), {"pixels": pixels}, {"pixels": 1.0}, None, Transform(), size,
        load_pens("basic-12"), 4, generator,
    )  # fmt: skip
