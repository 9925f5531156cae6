"""A drawing rendered by a backend chosen by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from plotart.core.color import hex_to_rgb
from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import Choosing, Coded, Multiply, Over, PenInk, Penned, SumInk
from plotart.drawing.primitives.dividers import Dividers
from plotart.drawing.primitives.shapes import Shapes
from plotart.drawing.primitives.strokes import Strokes
from plotart.drawing.render import dense
from plotart.drawing.render.regions import regions_image
from plotart.glyphs.rasters import Rasters
from plotart.raster import diffvg, shapes
from plotart.raster.strokes import Backend, composite_over, planes, transmit

__all__ = ["RENDERERS", "Renderer", "StrokeRenderer", "renderer", "some_pixels"]

TILE = 32


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
        pixels: Tensor | None = None,
    ) -> Tensor:
        """The drawing as an image `[1, 3, H, W]` sRGB in 0..1, differentiable.

        Args:
            size: short side in px, or (H, W) of the canvas' own aspect.
            softness: side of the edge filter, px.
            presence: `[N]` in 0..1, how much of each shape of a drawing in pens or under `over` is there; all of it by
                default. Its gradient tells what a shape is worth.
            pixels: `[P]` long, row * width + column of the pixels wanted; the result is then `[1, 3, 1, P]`.
        """
        ...


class StrokeRenderer:
    """Strokes through the operations of plotart.raster.strokes, in the drawing's own ink.

    Filled shapes go through those of plotart.raster.shapes where the backend is native on a CPU, and any other
    primitive is drawn from its `coverage`.
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
        pixels: Tensor | None = None,
    ) -> Tensor:
        height, width = drawing.canvas.pixels(size) if isinstance(size, int) else size
        paper = torch.as_tensor(hex_to_rgb(drawing.canvas.paper))
        if isinstance(drawing.primitive, Rasters) and isinstance(drawing.ink, Penned):
            light = 1 - drawing.primitive.planes((height, width))
            return _picked(drawing.ink.compose(light, paper.to(light)), pixels)[None]
        if isinstance(drawing.primitive, Dividers) and isinstance(drawing.ink, Coded):
            return regions_image(drawing, (height, width), pixels=pixels)[None]
        if not isinstance(drawing.primitive, Strokes):
            if self.backend == "diffvg":
                raise InputError(f"the diffvg renderer draws strokes, not {drawing.primitive.kind}.")
            paper = paper.to(next(iter(drawing.primitive.parameters())))
            if self.backend == "native" and isinstance(drawing.primitive, Shapes) and paper.device.type == "cpu":
                cells = shapes.Cells.of(drawing.primitive, (height, width), pixels, softness, self.threads)
                image = _shapes(drawing, paper, cells, presence)
            else:
                image = dense.draw(drawing, (height, width), paper, softness=softness, presence=presence, pixels=pixels)
            return image.reshape(1, 3, *((height, width) if pixels is None else (1, -1)))
        return _picked(self._strokes(drawing, (height, width), softness, presence, pixels), pixels)[None]

    def _strokes(
        self,
        drawing: Drawing,
        size: tuple[int, int],
        softness: float,
        presence: Tensor | None,
        pixels: Tensor | None,
    ) -> Tensor:
        """`[3, H, W]`; pixels that are not wanted may hold anything."""
        assert isinstance(drawing.primitive, Strokes)
        (height, width), paper = size, torch.as_tensor(hex_to_rgb(drawing.canvas.paper))
        mask = None
        if pixels is not None:
            mask = torch.zeros(height * width, dtype=torch.bool)
            mask[pixels] = True
            mask = mask.reshape(height, width)
        ink, px = drawing.ink, min(height, width)
        if presence is not None and not isinstance(ink, Penned | Over):
            raise ValueError(f"presence is for drawings in pens or under over, not for ink {ink.kind!r}")
        points, stroke_width = drawing.primitive.points * px, drawing.primitive.width * px
        how: dict[str, Any] = {
            "size": (height, width), "softness": softness, "backend": self.backend, "threads": self.threads,
            "mask": mask,
        }  # fmt: skip
        paper = paper.to(points)
        if isinstance(ink, Over):
            opacity = ink.opacity if presence is None else ink.opacity * presence
            return composite_over(points, stroke_width, ink.rgb, opacity, paper=ink.ground(paper), **how)
        if isinstance(ink, Penned) and ink.builds:
            weight = ink.weight() if presence is None else ink.weight() * presence[:, None]
            return ink.compose(transmit(points, stroke_width, weight, **how), paper)
        if isinstance(ink, Penned):
            return ink.compose(planes(points, stroke_width, ink.pen, len(ink.pens), presence, **how), paper)
        if isinstance(ink, Multiply | Choosing):
            return ink.compose(transmit(points, stroke_width, ink.weight(), **how), paper)
        raise InputError(f"ink.kind: '{ink.kind}' mixes filled shapes; strokes take multiply or over.")


def _picked(image: Tensor, pixels: Tensor | None) -> Tensor:
    """`image [3, H, W]`, or its `pixels` as `[3, 1, P]`."""
    return image if pixels is None else image.flatten(1)[:, None, pixels.to(image.device)]


def _shapes(drawing: Drawing, paper: Tensor, cells: shapes.Cells, presence: Tensor | None) -> Tensor:
    """Filled shapes at the pixels of `cells`: `[3, P]`."""
    primitive, ink = drawing.primitive, drawing.ink
    assert isinstance(primitive, Shapes)
    rows = primitive.rows()
    if isinstance(ink, Over):
        opacity = ink.opacity if presence is None else ink.opacity * presence
        return shapes.lay_over(rows, ink.rgb, opacity, ink.ground(paper), cells)
    if isinstance(ink, SumInk):
        return ink.compose(shapes.sum_up(rows, ink.weight(), ink.power, cells)[:, None], paper)[:, 0]
    if isinstance(ink, Multiply | PenInk):
        weight = ink.weight() if presence is None else ink.weight() * presence[:, None]
        return ink.compose(shapes.multiply(rows, weight, cells)[:, None], paper)[:, 0]
    raise InputError(f"ink {ink.kind!r} has no renderer.")


def some_pixels(drawing: Drawing, size: int, share: float, generator: torch.Generator) -> Tensor:
    """A random share of the pixels of an image whose short side has `size` px: `[P]`, row * width + column, ascending.

    One of every few pixels in reading order, each with the same chance. Strokes are rendered whole tiles at a time, so
    of them it is all pixels of some tiles of 32 px.
    """
    height, width = drawing.canvas.pixels(size)
    if not isinstance(drawing.primitive, Strokes):
        every = 1 / share
        count = int(height * width / every)
        chosen = ((torch.arange(count) + torch.rand(count, generator=generator)) * every).long()
        return chosen.clamp_(max=height * width - 1)
    rows, cols = -(-height // TILE), -(-width // TILE)
    tiles = torch.randperm(rows * cols, generator=generator)[: max(1, round(share * rows * cols))]
    wanted = torch.zeros(rows * cols, dtype=torch.bool)
    wanted[tiles] = True
    shown = wanted.reshape(rows, cols).repeat_interleave(TILE, 0).repeat_interleave(TILE, 1)[:height, :width]
    return shown.flatten().nonzero()[:, 0]


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
