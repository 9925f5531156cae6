"""A drawing rendered by a backend chosen by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from plotart.color import hex_to_rgb
from plotart.drawing import Drawing
from plotart.errors import InputError
from plotart.ink import Choosing, Coded, Multiply, Over, Penned
from plotart.primitives.dividers import Dividers
from plotart.primitives.rasters import Rasters
from plotart.primitives.strokes import Strokes
from plotart.render import diffvg, reference
from plotart.render.regions import regions_image
from plotart.render.strokes import Backend, composite_over, planes, transmit

__all__ = ["RENDERERS", "Renderer", "StrokeRenderer", "renderer"]


class Renderer(Protocol):
    backend: Backend
    threads: int

    def __call__(
        self,
        drawing: Drawing,
        size: int | tuple[int, int],
        *,
        softness: float = 1.0,
        presence: Tensor | None = None,
    ) -> Tensor:
        """The drawing as an image `[1, 3, H, W]` sRGB in 0..1, differentiable.

        Args:
            size: short side in px, or (H, W) of the canvas' own aspect.
            softness: side of the edge filter, px.
            presence: `[N]` in 0..1, how much of each shape of a drawing in pens is there; all of it by default. Its
                gradient tells what a shape is worth.
        """
        ...


class StrokeRenderer:
    """Strokes through the operations of plotart.render.strokes, in the drawing's own ink.

    The reference draws any other primitive too, from its `coverage`.
    """

    def __init__(self, backend: Backend, threads: int = 0) -> None:
        self.backend: Backend = backend
        self.threads = threads

    def __call__(
        self,
        drawing: Drawing,
        size: int | tuple[int, int],
        *,
        softness: float = 1.0,
        presence: Tensor | None = None,
    ) -> Tensor:
        height, width = drawing.canvas.pixels(size) if isinstance(size, int) else size
        paper = torch.as_tensor(hex_to_rgb(drawing.canvas.paper))
        if isinstance(drawing.primitive, Rasters) and isinstance(drawing.ink, Penned):
            light = 1 - drawing.primitive.planes((height, width))
            return drawing.ink.compose(light, paper.to(light))[None]
        if isinstance(drawing.primitive, Dividers) and isinstance(drawing.ink, Coded):
            return regions_image(drawing, (height, width))[None]
        if not isinstance(drawing.primitive, Strokes):
            if self.backend != "reference":
                raise InputError(f"the {self.backend} renderer draws strokes, not {drawing.primitive.kind}.")
            return _any_primitive(drawing, height, width, paper, presence)[None]
        ink, px = drawing.ink, min(height, width)
        if presence is not None and not isinstance(ink, Penned):
            raise ValueError(f"presence is for drawings in pens, not for ink {ink.kind!r}")
        points, stroke_width = drawing.primitive.points * px, drawing.primitive.width * px
        how: dict[str, Any] = {
            "size": (height, width), "softness": softness, "backend": self.backend, "threads": self.threads
        }  # fmt: skip
        paper = paper.to(points)
        if isinstance(ink, Over):
            return composite_over(points, stroke_width, ink.rgb, ink.opacity, paper=paper, **how)[None]
        if isinstance(ink, Penned) and ink.builds:
            weight = ink.weight() if presence is None else ink.weight() * presence[:, None]
            return ink.compose(transmit(points, stroke_width, weight, **how), paper)[None]
        if isinstance(ink, Penned):
            return ink.compose(planes(points, stroke_width, ink.pen, len(ink.pens), presence, **how), paper)[None]
        if isinstance(ink, Multiply | Choosing):
            return ink.compose(transmit(points, stroke_width, ink.weight(), **how), paper)[None]
        raise InputError(f"ink {ink.kind!r} has no renderer.")


def _any_primitive(drawing: Drawing, height: int, width: int, paper: Tensor, presence: Tensor | None) -> Tensor:
    covered, ink = reference.sampled_coverage(drawing.primitive, height, width), drawing.ink
    paper = paper.to(covered)
    if isinstance(ink, Over):
        return reference.lay_over(covered, ink.rgb, ink.opacity, paper)
    if isinstance(ink, Penned):
        weight = ink.weight().to(covered)
        if presence is not None:
            weight = weight * presence[:, None].to(covered)
        return ink.compose(reference.pass_light(covered, weight), paper)
    if isinstance(ink, Multiply | Choosing):
        return ink.compose(reference.pass_light(covered, ink.weight()), paper)
    raise InputError(f"ink {ink.kind!r} has no renderer.")


def _diffvg(threads: int) -> Renderer:
    diffvg.library()  # refuse before work starts
    return StrokeRenderer("diffvg", threads)


RENDERERS: dict[str, Callable[[int], Renderer]] = {
    "native": lambda threads: StrokeRenderer("native", threads),
    "reference": lambda threads: StrokeRenderer("reference", threads),
    "diffvg": _diffvg,
}
"""Backends by name; each is given the number of threads, 0 for all cores."""


def renderer(name: str, *, threads: int = 0) -> Renderer:
    """The backend called `name`; InputError for an unknown one."""
    if name not in RENDERERS:
        raise InputError(f"renderer {name!r} is unknown: take one of {', '.join(RENDERERS)}.")
    return RENDERERS[name](threads)
