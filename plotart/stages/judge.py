"""A drawing judged by the objectives on its clean image, and what each of its shapes does to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from plotart.core.canvas import Canvas, Window
from plotart.drawing import Drawing
from plotart.objectives import Frame
from plotart.stages.context import Context

__all__ = ["Evaluation", "evaluate", "presence_slopes", "shown_size", "tiles"]

WHOLE_PX = 2**21
"""Pixels of a canvas up to which it is judged, shown and logged as one image."""
TILE_PX, HALO_PX = 512, 96
"""Side of the windows in which a larger one is judged, and how far the network sees beyond them: a little more than
conv4_3 of VGG looks at. Both are multiples of 32, so that maps of the windows fit together."""


@dataclass(frozen=True)
class Evaluation:
    """A drawing judged on its clean image, without transforms.

    Attributes:
        image: `[1, 3, H, W]` sRGB; of a canvas of over 2 megapixels a smaller one.
        losses: each objective, unweighted. weights: what each counts in the total.
        total: the weighted sum.
        excitation: mean activation per position of the neurons asked for, natural sign; None without a neuron.
    """

    image: Tensor
    losses: dict[str, float]
    weights: dict[str, float]
    total: float
    excitation: float | None


def tiles(size: tuple[int, int], side: int = TILE_PX) -> list[Window]:
    """An image of `size` (H, W) in windows of `side` px, smaller ones at the right and at the bottom."""
    return [
        Window(top, left, side, side).clipped(size)
        for top in range(0, size[0], side)
        for left in range(0, size[1], side)
    ]


def shown_size(canvas: Canvas, size: int) -> int:
    """The short side, px, of an image of the canvas to look at: `size`, or as much of it as 2 megapixels allow."""
    height, width = canvas.pixels(size)
    return min(size, int(size * (WHOLE_PX / (height * width)) ** 0.5))


@torch.no_grad()
def evaluate(
    drawing: Drawing,
    context: Context,
    image: Tensor | Callable[[Window], Tensor] | None = None,
    windows: Sequence[Window] | None = None,
) -> Evaluation:
    """Judge the clean image of `drawing`.

    Args:
        image: another rendering of it, `[1, 3, H, W]`, or a function that gives the part of it in a window.
        windows: the parts to judge. By default all, as one image or, where the canvas has over 2 megapixels and a
            drawing that can be cut, as the mean over windows weighted by their areas.
    """
    context = context.judging(drawing)
    size = drawing.canvas.pixels(context.size)
    side = min(context.transform.view, *drawing.canvas.pixels(context.network_size or context.size))
    whole = size[0] * size[1] <= WHOLE_PX or not drawing.primitive.windowed
    if windows is None and whole and not callable(image):
        image = context.renderer(drawing, context.size) if image is None else image
        losses, excitation = _judged(
            context,
            context.frame(
                drawing,
                image,
                context.shown(image),
                step=0,
                view_side=side,
                look=context.shown,
            ),
        )
        return Evaluation(image, losses, context.counts, _total(context, losses), excitation)
    sums: dict[str, float] = {}
    excited: float | None = None
    area = 0
    for window in tiles(size) if windows is None else windows:
        outer = window.grown(HALO_PX if context.layers else 0).clipped(size)
        part, _, _ = drawing.window(outer, context.size)
        if image is None:
            shown = context.renderer(part, (outer.height, outer.width))
        else:
            shown = image(outer) if callable(image) else outer.of(image)
        inner = window.inside(outer)
        there = {**_there(context, window, outer), "view_side": side}
        frame = context.frame(part, inner.of(shown), context.shown(shown), 0, **there)
        pixels = window.height * window.width
        losses, excitation = _judged(context, frame)
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + pixels * value
        if excitation is not None:
            excited = (excited or 0.0) + pixels * excitation
        area += pixels
    losses = {name: value / area for name, value in sums.items()}
    seen = context.renderer(drawing, shown_size(drawing.canvas, context.size))
    told = None if excited is None else excited / area
    return Evaluation(seen, losses, context.counts, _total(context, losses), told)


def presence_slopes(drawing: Drawing, context: Context, presence: Tensor, without: Sequence[str] = ()) -> Tensor:
    """The slope of the weighted objectives of the clean image, but for some, along each shape's `presence [N]`: `[N]`.

    A large canvas is taken in windows, as in `evaluate`.
    """
    size = drawing.canvas.pixels(context.size)
    counted = {name: objective for name, objective in context.driving.items() if name not in without}

    def slope(
        part: Drawing, there: Tensor, pixels: tuple[int, int], counts: Window | None = None, **window: Any
    ) -> Tensor:
        there = there.detach().requires_grad_()
        image = context.renderer(part, pixels, presence=there)
        views = context.shown(image)
        frame = context.frame(part, image if counts is None else counts.of(image), views, 0, **window)
        terms = [context.weight(name) * objective(frame) for name, objective in counted.items()]
        (found,) = torch.autograd.grad(torch.stack(terms).sum(), there)
        return found

    side = min(context.transform.view, *drawing.canvas.pixels(context.network_size or context.size))
    if size[0] * size[1] <= WHOLE_PX or not drawing.primitive.windowed:
        return slope(drawing, presence, size, view_side=side)
    slopes = torch.zeros_like(presence)
    for window in tiles(size):
        outer = window.grown(HALO_PX if context.layers else 0).clipped(size)
        part, rows, _ = drawing.window(outer, context.size)
        share = window.height * window.width / (size[0] * size[1])
        there = {**_there(context, window, outer), "view_side": side}
        slopes[rows] += share * slope(part, presence[rows], (outer.height, outer.width), window.inside(outer), **there)
    return slopes


def _there(context: Context, window: Window, outer: Window) -> dict[str, Any]:
    """What a frame says of the `window` that counts of a part `outer` of the canvas."""
    inner, scale = window.inside(outer), context.network_scale
    seen = Window(*(round(scale * side) for side in (inner.top, inner.left, inner.height, inner.width)))
    return {"window": window, "inner": seen, "look": lambda picture: context.shown(outer.of(picture))}


def _judged(context: Context, frame: Frame) -> tuple[dict[str, float], float | None]:
    """Each objective, unweighted, and the excitation if there is a neuron."""
    losses = {name: float(objective(frame)) for name, objective in context.objectives.items()}
    found = [value for each in context.objectives.values() if (value := each.excitation(frame)) is not None]
    return losses, float(torch.stack(found).sum()) if found else None


def _total(context: Context, losses: Mapping[str, float]) -> float:
    return sum(context.weight(name) * value for name, value in losses.items())
