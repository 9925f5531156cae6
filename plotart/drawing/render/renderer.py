"""A drawing rendered by a backend chosen by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import torch
from torch import Tensor

from plotart.core.errors import InputError
from plotart.drawing.render.view import View
from plotart.raster import diffvg
from plotart.raster.strokes import Backend

if TYPE_CHECKING:  # a drawing previews itself, so it imports its renderer
    from plotart.drawing.drawing import Drawing

__all__ = ["RENDERERS", "Renderer", "renderer", "some_pixels"]

TILE = 32
RENDERERS: tuple[Backend, ...] = get_args(Backend)
"""Backends by name."""


@dataclass(frozen=True)
class Renderer:
    """Drawings to images: the primitive tells what its shapes cover, and the ink mixes them.

    Attributes:
        threads: 0 takes all cores.
    """

    backend: Backend = "native"
    threads: int = 0

    def __call__(
        self,
        drawing: Drawing,
        size: int | tuple[int, int],
        *,
        softness: float = 1.0,
        presence: Tensor | None = None,
        pixels: Tensor | None = None,
        border: float = 0.0,
    ) -> Tensor:
        """The drawing as an image `[1, 3, H, W]` sRGB in 0..1, differentiable.

        Args:
            size: short side of the canvas in px, or (H, W) of its own aspect.
            softness: side of the edge filter, px.
            presence: `[N]` in 0..1, how much of each shape is there; all of it by default. Its gradient tells what a
                shape is worth.
            pixels: `[P]` long, row * width + column of the pixels wanted; the result is then `[1, 3, 1, P]`.
            border: how much more than the canvas is shown, half on each side, in canvases; (H, W) grow by as much.

        Raises:
            InputError: a border around what ends with the canvas; or the backend cannot draw these shapes.
        """
        if border and not drawing.primitive.endless:
            raise InputError(f"--border: only dividers go on beyond the page, not {drawing.primitive.kind}")
        height, width = drawing.canvas.pixels(size) if isinstance(size, int) else size
        whole = (round(height * (1 + border)), round(width * (1 + border)))
        seen = drawing.primitive.seen(View(whole, softness, pixels, self.backend, self.threads, border))
        paper = drawing.canvas.paper_rgb.to(next(iter(drawing.primitive.parameters())))
        return drawing.ink.picture(seen, paper, presence)[None]


def some_pixels(drawing: Drawing, size: int, share: float, generator: torch.Generator) -> Tensor:
    """A random share of the pixels of an image whose short side has `size` px: `[P]`, row * width + column, ascending.

    One of every few pixels in reading order, each with the same chance. Of primitives that are rendered whole tiles at
    a time it is all pixels of some tiles of 32 px.
    """
    height, width = drawing.canvas.pixels(size)
    if not drawing.primitive.tiled:
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


def renderer(name: str, *, threads: int = 0) -> Renderer:
    """The renderer of the backend called `name`; InputError for an unknown one, or one that is not installed."""
    for backend in RENDERERS:
        if name == backend:
            if backend == "diffvg":
                diffvg.library()  # refuse before work starts
            return Renderer(backend, threads)
    raise InputError(f"renderer {name!r} is unknown: take one of {', '.join(RENDERERS)}.")
