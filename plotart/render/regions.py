"""Dividers to colours: at any points of the plane, so at any size and beyond the canvas."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from plotart.drawing import Drawing
from plotart.errors import InputError
from plotart.ink import Coded
from plotart.primitives.dividers import Dividers

__all__ = ["colours_at", "pixel_centres", "regions_image"]

CHUNK = 1 << 22
"""Sides of dividers that are held at once, 16 MiB each in a few copies."""


def pixel_centres(height: int, width: int, *, border: float = 0.0, like: Tensor) -> Tensor:
    """Centres of the pixels of an image of the canvas in unit, row by row: `[H W, 2]`.

    border: how far the image reaches beyond each side of the canvas, as a share of that side's half (0: not at all; 1:
    the canvas is the middle half of the image).
    """
    px = min(height, width)
    y, x = ((torch.arange(n, dtype=like.dtype, device=like.device) + 0.5) / px for n in (height, width))
    middle = torch.tensor([width, height], dtype=like.dtype, device=like.device) / (2 * px)
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).reshape(-1, 2)
    return (grid - middle) * (1 + border) + middle


def colours_at(drawing: Drawing, xy: Tensor) -> Tensor:
    """The drawing's colours at `xy [P, 2]` unit, differentiable: `[3, P]` sRGB.

    The same memory whatever P: points are taken in parts, whose intermediate values are computed again for the
    gradient.

    Raises:
        InputError: the ink is not coded.
    """
    primitive, ink = drawing.primitive, drawing.ink
    assert isinstance(primitive, Dividers)
    if not isinstance(ink, Coded):
        raise InputError(f"ink {ink.kind!r} has no colours for the regions between dividers; take coded.")
    parts = torch.split(xy, max(1, CHUNK // len(primitive)))
    one = partial(_colours, primitive, ink)
    if len(parts) == 1 or not torch.is_grad_enabled():
        return torch.cat([one(part) for part in parts], dim=1)
    return torch.cat([checkpoint(one, part, use_reentrant=False) for part in parts], dim=1)


def _colours(primitive: Dividers, ink: Coded, xy: Tensor) -> Tensor:
    return ink.colour(primitive.sides(xy))


def regions_image(
    drawing: Drawing, size: tuple[int, int], *, border: float = 0.0, pixels: Tensor | None = None
) -> Tensor:
    """The drawing as an image `[3, H, W]` sRGB; see `pixel_centres` for the border.

    Of only the `pixels [P]`, row * width + column, it is `[3, 1, P]`.
    """
    like = drawing.primitive.centre
    assert isinstance(like, Tensor)
    centres = pixel_centres(*size, border=border, like=like)
    if pixels is not None:
        return colours_at(drawing, centres[pixels.to(like.device)])[:, None]
    return colours_at(drawing, centres).reshape(3, *size)
