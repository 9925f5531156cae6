"""Fewer pens: while strokes still choose among many, the pens that are missed least are taken away."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field

from plotart.drawing import Drawing
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.judge import evaluate
from plotart.stages.watch import Watch

__all__ = ["Narrow", "narrow", "with_tips"]


def with_tips(drawing: Drawing) -> Drawing:
    """The same drawing, each stroke as wide as the tip of the pen it takes. Changes it in place."""
    tips = torch.tensor([pen.tip_mm / drawing.canvas.mm_per_unit for pen in drawing.ink.pens], dtype=torch.float32)
    chosen = drawing.ink.chosen()
    drawing.primitive.set_width(tips.to(chosen.device)[chosen])
    return drawing


def narrow(drawing: Drawing, context: Context, to: int, watch: Watch) -> Drawing:
    """Take pens away until `to` are left: each time the one without which the clean image loses least.

    A pen's strokes go to their next best pen, and the objectives judge the picture drawn that way, so a pen is kept for
    what it does for the picture and not for how often it is used.
    """
    drawing = with_tips(drawing.copy())
    while len(drawing.ink.pens) > to:
        rivals = []
        for pen in range(len(drawing.ink.pens)):
            rival = with_tips(Drawing(drawing.canvas, drawing.primitive, drawing.ink.without(pen)).copy())
            rivals.append((evaluate(rival, context).total, pen, rival))
        total, pen, rival = min(rivals, key=lambda entry: entry[:2])
        watch.say(f"without {drawing.ink.pens[pen].name}: {total:.4g}")
        drawing = rival
    return drawing


@stages.register("narrow")
class Narrow(Stage):
    """Leave `to` pens to choose from, but never fewer than the palette may have (`pens.count`)."""

    reduces = True
    limits_pens = True

    to: int = Field(1, ge=1, le=1000)

    def counted(self) -> Sequence[Stage]:
        return ()

    @property
    def costs(self) -> Costs:
        return Costs(Cost(1.0))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        if not drawing.ink.pens or drawing.ink.settled:
            return drawing.copy()
        return narrow(drawing, context, max(self.to, context.pen_count), watch)
