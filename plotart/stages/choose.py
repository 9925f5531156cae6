"""From free colours to a choice among real pens that is still open."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor

from plotart.core.color import ciede2000, hex_to_rgb, to_lab
from plotart.drawing import Drawing
from plotart.drawing.ink import Choosing
from plotart.pens import Pen
from plotart.plot import order_pens
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.narrow import with_tips
from plotart.stages.watch import Watch

__all__ = ["Choose", "leaning"]


def leaning(rgb: Tensor, pens: Sequence[Pen], spread: float) -> Tensor:
    """Logits `[N, K]` by which strokes of the colours `rgb [N, 3]` sRGB lean to the pens: -CIEDE2000 / spread."""
    strokes = to_lab(rgb.cpu().double().numpy())
    offered = to_lab([hex_to_rgb(pen.hex) for pen in pens])
    return -torch.from_numpy(ciede2000(strokes[:, None], offered[None])).float() / spread


@stages.register("choose")
class Choose(Stage):
    """Offer every stroke all pens of the set; it leans to those near its free colour.

    The logit of a pen is minus its CIEDE2000 from the stroke's colour on paper, divided by `spread`.
    """

    reduces = True

    spread: float = Field(10.0, gt=0, le=1000, description="CIEDE2000 that counts as one")

    def wants_free(self, palette: str) -> bool:
        return palette == "learned"

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        if not drawing.ink.free:
            return drawing.copy()
        pens = [context.pens.pens[i] for i in order_pens(context.pens.pens)]
        logits = leaning(drawing.ink.stroke_rgb(), pens, self.spread)
        ink = Choosing(pens, logits).to(drawing.ink.stroke_rgb().device)
        return with_tips(Drawing(drawing.canvas, drawing.primitive, ink).copy())
