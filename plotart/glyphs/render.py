"""Glyphs of any messages, each in a picture of its own: what is sent through the channel."""

from __future__ import annotations

import torch
from torch import Tensor

from plotart.drawing import Drawing
from plotart.drawing.render import Renderer, View
from plotart.glyphs.sheet import Generated

__all__ = ["glyph_images"]


def glyph_images(renderer: Renderer, drawing: Drawing, messages: Tensor, size: int) -> Tensor:
    """The glyphs of `messages [B, D]` in the drawing's own pens, rendered together: `[B, 3, size, size]` sRGB.

    Raises:
        ValueError: the drawing is not one of glyphs in fixed pens.
    """
    glyphs, ink = drawing.primitive, drawing.ink
    if not isinstance(glyphs, Generated) or not ink.settled:
        raise ValueError("only glyphs whose colours are pens have pictures of their own")
    seen = glyphs.alone(messages, View((size, size), backend=renderer.backend, threads=renderer.threads))
    own = ink.subset(torch.arange(glyphs.shapes, device=drawing.device))
    return own.picture(seen, drawing.canvas.paper_rgb.to(messages))
