"""A drawing rendered by a backend chosen by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from plotart.color import hex_to_rgb
from plotart.drawing import Drawing
from plotart.errors import InputError
from plotart.primitives.strokes import Strokes
from plotart.render.strokes import Backend, composite_over, planes, transmit

__all__ = ["RENDERERS", "Renderer", "StrokeRenderer", "renderer"]


class Renderer(Protocol):
    def __call__(self, drawing: Drawing, size: int | tuple[int, int], *, softness: float = 1.0) -> Tensor:
        """The drawing as an image `[1, 3, H, W]` sRGB in 0..1, differentiable.

        Args:
            size: short side in px, or (H, W) of the canvas' own aspect.
            softness: side of the edge filter, px.
        """
        ...


class StrokeRenderer:
    """Strokes through the operations of plotart.render.strokes, in the drawing's own ink."""

    def __init__(self, backend: Backend, threads: int = 0) -> None:
        self.backend: Backend = backend
        self.threads = threads

    def __call__(self, drawing: Drawing, size: int | tuple[int, int], *, softness: float = 1.0) -> Tensor:
        height, width = drawing.canvas.pixels(size) if isinstance(size, int) else size
        shapes, ink = drawing.primitive, drawing.ink
        if not isinstance(shapes, Strokes):
            raise InputError(f"the {self.backend} renderer draws strokes, not {shapes.kind}.")
        px = min(height, width)
        where = (shapes.points * px, shapes.width * px)
        how: dict[str, Any] = {
            "size": (height, width), "softness": softness, "backend": self.backend, "threads": self.threads
        }  # fmt: skip
        paper = torch.as_tensor(hex_to_rgb(drawing.canvas.paper)).to(shapes.points)
        if ink.kind == "over":
            return composite_over(*where, ink.rgb, ink.opacity, paper=paper, **how)[None]
        weight = ink.weight()
        light = planes(*where, ink.pen, len(ink.pens), **how) if weight is None else transmit(*where, weight, **how)
        image: Tensor = ink.compose(light, paper)
        return image[None]


RENDERERS: dict[str, Callable[[int], Renderer]] = {
    "native": lambda threads: StrokeRenderer("native", threads),
    "reference": lambda threads: StrokeRenderer("reference", threads),
}
"""Backends by name; each is given the number of threads, 0 for all cores."""


def renderer(name: str, *, threads: int = 0) -> Renderer:
    """The backend called `name`; InputError for an unknown one."""
    if name not in RENDERERS:
        raise InputError(f"renderer {name!r} is unknown: take one of {', '.join(RENDERERS)}.")
    return RENDERERS[name](threads)
