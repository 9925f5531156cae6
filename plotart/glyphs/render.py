"""Glyphs of any messages, each in a picture of its own: what is sent through the channel."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.render.renderer import Renderer
from plotart.glyphs.glyphs import Glyphs
from plotart.glyphs.rasters import Rasters
from plotart.raster.strokes import planes

__all__ = ["glyph_images"]


def glyph_images(renderer: Renderer, drawing: Drawing, messages: Tensor, size: int) -> Tensor:
    """The glyphs of `messages [B, D]` in the drawing's own pens, rendered together: `[B, 3, size, size]` sRGB.

    Raises:
        ValueError: the drawing is not one of glyphs in fixed pens.
    """
    glyphs, ink = drawing.primitive, drawing.ink
    if not isinstance(glyphs, Glyphs | Rasters) or not isinstance(ink, Penned):
        raise ValueError("only glyphs whose colours are pens have pictures of their own")
    paper = drawing.canvas.paper_rgb.to(messages)
    if isinstance(glyphs, Rasters):
        covered = F.interpolate(glyphs.generator(messages), (size, size), mode="bilinear", antialias=True)
        return ink.compose(1 - covered, paper)
    light = planes(
        glyphs.generator(messages) * size,
        glyphs.cell_width * size,
        ink.pen[: glyphs.shapes],
        len(ink.pens),
        size=(size, size),
        backend=renderer.backend,
        threads=renderer.threads,
    )
    return ink.compose(light, paper)
