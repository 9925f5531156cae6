"""Any primitive at any set of pixels, from its coverage alone, in plain torch: on every device, at any precision.

Pixels are taken a few thousand at a time and computed again for their gradients, so that memory does not grow with
shapes x pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import Choosing, Ink, Multiply, Over, PenInk, SumInk
from plotart.drawing.primitives.base import Primitive
from plotart.drawing.primitives.shapes import EDGE_PX, Shapes

__all__ = ["draw", "mix"]

AT_ONCE = 2**21
"""Numbers of coverage in memory at a time: shapes x samples."""
SAMPLES = 4
"""A pixel's coverage is the mean of 4 x 4 samples, where a primitive knows no filter of its own."""


def draw(
    drawing: Drawing,
    size: tuple[int, int],
    paper: Tensor,
    *,
    softness: float = 1.0,
    presence: Tensor | None = None,
    pixels: Tensor | None = None,
) -> Tensor:
    """The drawing at `pixels [P]` (row * width + column) of an image of `size` (H, W), all by default: `[3, P]`."""
    height, width = size
    primitive, ink = drawing.primitive, drawing.ink
    chosen = torch.arange(height * width, device=paper.device) if pixels is None else pixels.to(paper.device)
    samples = 1 if isinstance(primitive, Shapes) else SAMPLES**2
    step = max(64, AT_ONCE // (samples * max(1, len(primitive))))

    def some(part: Tensor) -> Tensor:
        covered = _coverage(primitive, part, width, min(size), softness)
        return mix(ink, covered, paper.to(covered), presence)

    parts = [chosen[i : i + step] for i in range(0, len(chosen), step)]
    if len(parts) == 1:
        return some(parts[0])
    return torch.cat([checkpoint(some, part, use_reentrant=False) for part in parts], dim=-1)


def _coverage(primitive: Primitive, pixels: Tensor, width: int, px: int, softness: float) -> Tensor:
    """`[N, P]` of the pixels at row * width + column."""
    like = next(iter(primitive.parameters()))
    corner = torch.stack([pixels % width, pixels // width], dim=1).to(like)
    if isinstance(primitive, Shapes):
        return primitive.field((corner + 0.5) / px, EDGE_PX * softness / px)
    steps = (torch.arange(SAMPLES, device=like.device).to(like) + 0.5) / SAMPLES
    inside = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1).reshape(-1, 2)
    samples = primitive.coverage(((corner[:, None] + inside) / px).reshape(-1, 2))
    return samples.reshape(len(samples), len(pixels), -1).mean(-1)


def mix(ink: Ink, covered: Tensor, paper: Tensor, presence: Tensor | None = None) -> Tensor:
    """Coverages `[N, P]` in an ink on `paper [3]` -> sRGB `[3, P]`."""
    if isinstance(ink, Over):
        opacity = ink.opacity if presence is None else ink.opacity * presence
        share = opacity[:, None].to(covered) * covered
        passed = torch.cat([1 - share, torch.ones_like(share[:1])]).flip(0).cumprod(0).flip(0)  # of all from i on up
        return (ink.rgb.to(covered).T @ (share * passed[1:])) + ink.ground(paper)[:, None] * passed[:1]
    if isinstance(ink, SumInk):
        sums = ink.weight().to(covered).T @ covered**ink.power
        return ink.compose(sums[:, None], paper)[:, 0]
    if isinstance(ink, Multiply | Choosing | PenInk):
        weight = ink.weight().to(covered)
        if presence is not None:
            weight = weight * presence[:, None].to(covered)
        light = torch.stack([(1 - taken[:, None] * covered).prod(0) for taken in weight.T])
        return ink.compose(light[:, None], paper)[:, 0]
    raise InputError(f"ink {ink.kind!r} has no renderer.")
