"""What the written layers put on paper, drawn by a program that is not ours, and what the objectives make of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from plotart.core.canvas import Window
from plotart.core.color import to_linear, to_srgb
from plotart.drawing import Drawing
from plotart.drawing.ink import mix_pens
from plotart.plot import Plot
from plotart.plot.rasterize import coverage_planes
from plotart.stages import Context, Evaluation, evaluate
from plotart.stages.judge import shown_size

__all__ = ["Paper", "judged_on_paper", "on_paper"]

TIP_PX = 4.0
"""The thinnest tip is drawn at least so wide, and the picture then made smaller. At its own size resvg takes up to 30 %
of the ink from slanting lines of a pixel or less, by which the drawing of a neuron lost a sixth of its excitation."""
MOST_PX = 2**25
"""... as far as the larger picture has no more pixels than this, of each pen."""
STRIP_PX = 2**21
"""Pixels in which inks are mixed at once."""


@dataclass(frozen=True)
class Paper:
    """A part of the canvas as plotted.

    Attributes:
        image: `[1, 3, H, W]` sRGB, the mean light of each pixel.
        planes: by pen, the paper that its layer covers, `[H, W]` in 0..1.
    """

    image: Tensor
    planes: dict[str, NDArray[np.float64]]


def on_paper(plot: Plot, drawing: Drawing, size: int, window: Window | None = None) -> Paper:
    """The written layers of a drawing, each drawn alone, mixed by the drawing's ink (in a window).

    Inks are mixed at a finer size, where a line is several pixels wide, so that two pens that meet in a pixel of the
    result lie over each other or side by side as they are drawn.
    """
    ink = drawing.ink
    finer = _finer(plot, drawing, size, window)
    names = [layer.pen.name for layer in plot.layers]

    def drawn(opacity: list[float] | None, pens: list[str]) -> Tensor:
        by_layer = coverage_planes(plot, drawing.canvas, size, opacity, window, finer)
        clear = np.zeros(by_layer.shape[1:], dtype=np.float32)
        return torch.from_numpy(np.stack([by_layer[names.index(pen)] if pen in names else clear for pen in pens]))

    covered = drawn(None, [pen.name for pen in ink.pens])
    again = [pen.name for pen in ink.pens if pen.builds]
    if again:
        shares = [layer.pen.build_up * layer.pen.opacity for layer in plot.layers]
        covered = torch.cat([covered, drawn(shares, again)])
    rows = finer * max(1, STRIP_PX // (finer * covered.shape[2]))
    strips = []
    for strip in torch.split(covered, rows, dim=1):
        light = to_linear(mix_pens(ink.pens, (1 - strip)[None].to(drawing.device), drawing.canvas.paper_rgb))
        strips.append(to_srgb(F.avg_pool2d(light, finer)))
    means = F.avg_pool2d(covered[None, : len(ink.pens)], finer)[0].double().numpy()
    return Paper(torch.cat(strips, dim=2), {pen.name: plane for pen, plane in zip(ink.pens, means, strict=True)})


def _finer(plot: Plot, drawing: Drawing, size: int, window: Window | None) -> int:
    """How many times larger ink is drawn than it is looked at."""
    thinnest = min((layer.pen.tip_mm for layer in plot.layers), default=math.inf)
    wanted = math.ceil(TIP_PX * drawing.canvas.mm_per_unit / (thinnest * size))
    height, width = drawing.canvas.pixels(size) if window is None else (window.height, window.width)
    return max(1, min(wanted, math.isqrt(MOST_PX // (height * width))))


def judged_on_paper(plot: Plot, drawing: Drawing, context: Context) -> tuple[Evaluation, Paper]:
    """The written layers judged, a large page in windows; and the paper as it is shown, which is the judged image."""
    size, width = context.size, drawing.canvas.pixels(context.size)[1]
    to_look_at = shown_size(drawing.canvas, size)
    shown = on_paper(plot, drawing, to_look_at)
    if to_look_at == size:
        return evaluate(drawing, context, shown.image), shown

    @lru_cache(maxsize=1)  # windows come row by row, and most of the time goes into reading the strokes
    def row(top: int, height: int) -> Tensor:
        return on_paper(plot, drawing, size, Window(top, 0, height, width)).image

    def written(window: Window) -> Tensor:
        return row(window.top, window.height)[..., window.left : window.left + window.width]

    return replace(evaluate(drawing, context, written), image=shown.image), shown
