"""Tones in fewer pens: those go without which the picture loses least."""

from __future__ import annotations

import torch

from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.stages.context import Context
from plotart.stages.count import fewest
from plotart.stages.judge import evaluate

__all__ = ["enough_pens", "fewer_pens", "only"]


def only(dream: Drawing, left: list[int]) -> Drawing:
    """The tones of the pens at the indices `left`."""
    ink = Penned([dream.ink.pens[k] for k in left], torch.arange(len(left)))
    return Drawing(dream.canvas, dream.primitive.subset(torch.tensor(left)), ink).to(dream.device)


def fewer_pens(dream: Drawing, context: Context, to: int) -> list[int]:
    """The `to` pens that are missed most, ascending, each judged by the clean picture without it."""
    return sorted(pen for _, pen in _missed(dream, list(range(len(dream))), context)[-to:])


def enough_pens(dream: Drawing, context: Context, keep: float) -> tuple[list[int], list[list[float]]]:
    """As few pens as keep the share `keep` of what all do for the objectives, and that share by number of pens."""
    left = list(range(len(dream)))
    path = {len(left): left}
    blank = evaluate(
        only(dream, left[:1]),
        context,
        dream.canvas.paper_rgb[None, :, None, None].expand(1, 3, *dream.canvas.pixels(context.size)),
    ).total
    whole = blank - evaluate(dream, context).total
    curve = {len(left): 1.0}
    while len(left) > 1:
        total, pen = _missed(dream, left, context)[0]
        left = [k for k in left if k != pen]
        path[len(left)], curve[len(left)] = left, (blank - total) / max(whole, 1e-12)
    return path[fewest(curve, keep)], [[count, curve[count]] for count in sorted(curve)]


def _missed(dream: Drawing, pens: list[int], context: Context) -> list[tuple[float, int]]:
    """The total of the objectives without each of `pens`, which are what is left, and that pen; least missed first."""
    return sorted((evaluate(only(dream, [k for k in pens if k != pen]), context).total, pen) for pen in pens)
