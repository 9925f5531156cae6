"""Shapes that are too small for a pen go."""

from __future__ import annotations

import torch
from pydantic import Field

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.watch import Watch


@stages.register("sift")
class Sift(Stage):
    """Take away the shapes with less than `least` square millimetres of ink; those that stay keep their order."""

    least: float = Field(1.0, ge=0, le=1e6, description="smallest shape that stays, mm^2")

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        area = drawing.primitive.area() * drawing.canvas.mm_per_unit**2
        stay = torch.nonzero(area >= self.least).flatten()
        if len(stay) == 0:
            raise InputError(
                f"stages: sift takes away every shape; the largest has {area.max():.2f} mm^2, lower `least`"
            )
        watch.say(f"{len(drawing) - len(stay)} of {len(drawing)} shapes are smaller than {self.least:g} mm^2")
        return drawing.subset(stay)
