"""Strokes in pixel space composited into images: the one operation that every backend offers, and its semantics.

- Pixel (x, y) covers [x, x+1) x [y, y+1), y down. A stroke is an open path of S cubic segments with a width and round
  caps, cut into chords that are never further than 0.02 px from it (plotart.raster.chords).
- A stroke covers a pixel once, however often it crosses itself: d is the distance to its nearest chord and

      coverage = F(d + h) - F(d - h),     h = width / 2,

  where F integrates a box filter of `softness` pixels a side, seen along the chord's normal. A pen thinner than a pixel
  keeps its mean ink. Within a pixel of a cap, or where two parts of a stroke meet, a pixel holds more than one straight
  edge; there coverage is the mean of the same expression over 4 x 4 sub-pixels.
- `composite_over` lays strokes over each other in drawing order, with the colours as given (sRGB as SVG viewers do):
  image <- image + alpha coverage (rgb - image).
- `transmit` and `planes` commute: T_c = prod_i (1 - weight_ic coverage_i).

Gradients are those of exactly this picture, by points, widths, colours, alphas and weights. They cannot be
differentiated a second time.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from plotart.raster import diffvg, native, reference
from plotart.raster.scene import Scene, check_like, check_scene, check_unit_interval

__all__ = ["Backend", "composite_over", "planes", "transmit"]

Backend = Literal["native", "reference", "diffvg"]


def composite_over(
    points: Tensor,
    width: Tensor,
    rgb: Tensor,
    alpha: Tensor,
    *,
    size: tuple[int, int],
    paper: Tensor | None = None,
    softness: float = 1.0,
    mask: Tensor | None = None,
    backend: Backend = "native",
    threads: int = 0,
) -> Tensor:
    """Strokes over paper in drawing order.

    Args:
        points: `[*, N, 1+3S, 2]` px. width: `[*, N]` px, full width.
        rgb: `[*, N, 3]` in 0..1. alpha: `[*, N]` in 0..1; 1 hides what is below.
        size: (H, W) px. paper: `[3]` in 0..1, white by default.
        softness: side of the box filter, px. mask: `[H, W]` bool, the pixels to render; all others keep the paper.
            To render a tile at (y, x), take its size and `points - (x, y)`. threads: 0 takes all cores; the
            result does not depend on it.

    Returns:
        `[*, 3, H, W]`.

    Raises:
        ValueError: naming the tensor and the index at fault.
    """
    scene = _scene(points, width, size, softness, mask, backend)
    check_like("rgb", rgb, points, (*scene.batch, scene.strokes, 3))
    check_like("alpha", alpha, points, (*scene.batch, scene.strokes))
    check_unit_interval("rgb", rgb)
    check_unit_interval("alpha", alpha)
    if paper is None:
        paper = torch.ones(3, dtype=points.dtype, device=points.device)
    check_like("paper", paper, points, (3,))
    check_unit_interval("paper", paper)
    colours, opacity = scene.spread(rgb, 3), scene.spread(alpha)
    if backend == "reference":
        image = reference.composite_over(scene, colours, opacity, paper, softness)
    elif backend == "diffvg":
        image = diffvg.composite_over(scene, colours, opacity, paper, softness)
    else:
        image = native.composite_over(scene, colours, opacity, paper, softness, threads)
    return image.reshape(*scene.batch, 3, scene.height, scene.width)


def transmit(
    points: Tensor,
    width: Tensor,
    weight: Tensor,
    *,
    size: tuple[int, int],
    softness: float = 1.0,
    mask: Tensor | None = None,
    backend: Backend = "native",
    threads: int = 0,
) -> Tensor:
    """The light that passes all strokes, T_c = prod_i (1 - weight_ic coverage_i), in any number of channels.

    Args:
        weight: `[*, N, C]` in 0..1, what a stroke takes of channel c where it covers. Every weight gets its gradient,
            also one that is 0. The rest is as in `composite_over`.

    Returns:
        `[*, C, H, W]` in 0..1.
    """
    scene = _scene(points, width, size, softness, mask, backend)
    if weight.ndim < 2 or weight.shape[-1] < 1:
        raise ValueError(f"weight must be [*, N, C] with C at least 1, not {list(weight.shape)}")
    channels = weight.shape[-1]
    check_like("weight", weight, points, (*scene.batch, scene.strokes, channels))
    check_unit_interval("weight", weight)
    spread = scene.spread(weight, channels)
    if backend == "reference":
        light = reference.transmit(scene, spread, softness)
    elif backend == "diffvg":
        light = diffvg.transmit(scene, spread, softness)
    else:
        light = native.transmit(scene, spread, None, channels, softness, threads)
    return light.reshape(*scene.batch, channels, scene.height, scene.width)


def planes(
    points: Tensor,
    width: Tensor,
    pen: Tensor,
    pens: int,
    opacity: Tensor | None = None,
    *,
    size: tuple[int, int],
    softness: float = 1.0,
    mask: Tensor | None = None,
    backend: Backend = "native",
    threads: int = 0,
) -> Tensor:
    """`transmit` with one channel for each pen, each stroke touching only its own: strokes of a pen unite.

    Args:
        pen: `[*, N]` or `[N]` long, in 0..pens-1. opacity: `[*, N]` or `[N]` in 0..1, 1 by default.

    Returns:
        `[*, pens, H, W]`: 1 minus it is the united coverage of each pen.
    """
    scene = _scene(points, width, size, softness, mask, backend)
    if pens < 1:
        raise ValueError(f"pens must be at least 1, not {pens}")
    if pen.dtype != torch.long or pen.device != points.device:
        raise ValueError(f"pen must be int64 on {points.device}, not {pen.dtype} on {pen.device}")
    if pen.shape[-1:] != (scene.strokes,) or pen.ndim > len(scene.batch) + 1:
        raise ValueError(f"pen must be {[*scene.batch, scene.strokes]}, not {list(pen.shape)}")
    if int(pen.min()) < 0 or int(pen.max()) >= pens:
        raise ValueError(f"pen must lie in 0..{pens - 1}, not in {int(pen.min())}..{int(pen.max())}")
    if opacity is None:
        opacity = torch.ones(scene.strokes, dtype=points.dtype, device=points.device)
    check_like("opacity", opacity, points, (*scene.batch, scene.strokes))
    check_unit_interval("opacity", opacity)
    weight, channel = scene.spread(opacity)[:, None], scene.spread(pen).contiguous()
    if backend != "native":
        one_hot = torch.nn.functional.one_hot(channel, pens).to(weight)
        dense = reference.transmit if backend == "reference" else diffvg.transmit
        light = dense(scene, weight * one_hot, softness)
    else:
        light = native.transmit(scene, weight, channel, pens, softness, threads)
    return light.reshape(*scene.batch, pens, scene.height, scene.width)


def _scene(
    points: Tensor, width: Tensor, size: tuple[int, int], softness: float, mask: Tensor | None, backend: str
) -> Scene:
    scene = check_scene(points, width, size, softness, mask)
    if backend not in get_args(Backend):
        raise ValueError(f"backend must be one of {', '.join(get_args(Backend))}, not {backend!r}")
    if backend == "native" and (points.dtype != torch.float32 or points.device.type not in ("cpu", "cuda")):
        raise ValueError(f"native renders float32 points on cpu or cuda, not {points.dtype} on {points.device}")
    if backend == "diffvg" and points.dtype != torch.float32:
        raise ValueError(f"diffvg renders float32 points, not {points.dtype}")
    return scene
