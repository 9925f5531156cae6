"""Dividers to colours: at any points of the plane, so at any size and beyond the canvas."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import Coded
from plotart.drawing.primitives.dividers import Dividers

__all__ = ["colours_at", "pixel_centres", "regions_image"]

CHUNK = 1 << 22
"""Sides of dividers that are held at once, 16 MiB each in a few copies."""


def pixel_centres(size: tuple[int, int], *, like: Tensor, border: float = 0.0, pixels: Tensor | None = None) -> Tensor:
    """Centres of the `pixels [P]` (row * width + column; all if not given) of an image of the canvas: `[P, 2]` unit.

    Args:
        size: (H, W), px. like: gives type and device.
        border: how much more than the canvas the image shows, half on each side, in canvases.
    """
    height, width = size
    chosen = torch.arange(height * width) if pixels is None else pixels
    places = torch.stack([chosen % width, chosen // width], dim=1).to(like) + 0.5
    middle = torch.tensor([width / 2, height / 2]).to(like)
    whole = min(height, width) / (1 + border)  # px of a unit
    return (places - middle) / whole + middle / (whole * (1 + border))


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
    colours = colours_at(drawing, pixel_centres(size, like=like, border=border, pixels=pixels))
    return colours.reshape(3, *(size if pixels is None else (1, -1)))
