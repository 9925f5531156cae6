"""Filled and stroked paths in pixel space composited into images with opacity, and their semantics.

- Pixel (x, y) covers [x, x+1) x [y, y+1), y down. Curves are cut into chords that are never further than 0.01 px from
  them; strokes are the area that a round pen covers, filled once however often it crosses itself.
- A layer's coverage of a pixel is the exact area of what its rule fills, also where contours cross; gradients are
  integrals along the boundary that separates inside from outside (plotart.raster.cpu.sweep).
- Layers lie over each other in order, each with its colour c and opacity o at the pixel's centre: with a = o coverage,
  premultiplied colour <- (1 - a) colour + a c and alpha <- (1 - a) alpha + a.

Images are `[H, W, 4]` with straight alpha; where nothing was drawn all four are 0. Gradients are those of exactly this
picture and cannot be differentiated a second time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from plotart.raster import native_fills, reference_fills
from plotart.raster.layers import Layers, even_layers, fill_layers, layers_of
from plotart.raster.paths import Fills, Linear, Paint, Radial, Rule, Shape
from plotart.raster.scene import check_finite, check_like, check_unit_interval

__all__ = ["FillBackend", "fill_over", "paint"]

FillBackend = Literal["native", "reference"]
_RULES, _RGBA = get_args(Rule), torch.Size((4,))


def paint(
    shapes: Sequence[Shape] | Fills,
    *,
    size: tuple[int, int],
    ground: Tensor | None = None,
    mask: Tensor | None = None,
    averaged: bool = False,
    backend: FillBackend = "native",
    threads: int = 0,
) -> Tensor:
    """Shapes over each other in order.

    Args:
        shapes: of one dtype, float32 for the native backend. Colours may leave 0..1.
        size: (H, W) px. ground: `[H, W, 4]` straight alpha, transparent by default.
        mask: `[H, W]` bool, the pixels to render; all others keep the ground.
        averaged: give colours as renderers do that average samples of straight colour: multiplied by how much of the
            pixel anything covers, whatever its opacity, which is all of it over a ground.
        threads: 0 takes all cores; the result does not depend on it.

    Returns:
        `[H, W, 4]`, straight alpha.

    Raises:
        ValueError: naming the shape, the tensor and the index at fault.
    """
    _check_size(size)
    if isinstance(shapes, Fills) and (not shapes.points or not _sound(shapes)):
        shapes = shapes.shapes()
    if isinstance(shapes, Fills):
        like, layers = shapes.points[0], fill_layers(shapes)
        if not _finite(layers):
            _check_finite(shapes.shapes(), layers)
    else:
        like = next((path.points for shape in shapes for path in shape.contours), torch.zeros(0, 2))
        for i, shape in enumerate(shapes):
            _check_shape(f"shapes[{i}]", shape, like)
        layers = layers_of(shapes)
        _check_finite(shapes, layers)
    drawn = ground[None] if ground is not None else None
    return _composite(layers, like, (1,), size, drawn, mask, backend, threads, averaged)[0]


def fill_over(
    points: Tensor,
    rgba: Tensor,
    *,
    size: tuple[int, int],
    rule: Rule = "nonzero",
    ground: Tensor | None = None,
    mask: Tensor | None = None,
    backend: FillBackend = "native",
    threads: int = 0,
) -> Tensor:
    """Closed shapes of as many cubics each, filled, over each other in order.

    Args:
        points: `[*, N, 3S, 2]` px; a shape's last cubic ends at its first point. rgba: `[*, N, 4]` in 0..1.
        ground: `[*, H, W, 4]`. The rest is as in `paint`.

    Returns:
        `[*, H, W, 4]`, straight alpha.
    """
    _check_size(size)
    if points.ndim < 3 or points.shape[-1] != 2 or points.shape[-2] < 3 or points.shape[-2] % 3:
        raise ValueError(f"points must be [*, N, 3S, 2], not {list(points.shape)}")
    if points.numel() == 0:
        raise ValueError(f"points must hold at least one shape: shape {list(points.shape)}")
    if rule not in _RULES:
        raise ValueError(f"rule must be one of {', '.join(_RULES)}, not {rule!r}")
    batch, shapes = points.shape[:-3], points.shape[-3]
    check_like("rgba", rgba, points, (*batch, shapes, 4))
    check_finite("points", points)
    check_unit_interval("rgba", rgba)
    colours = rgba.expand(*batch, shapes, 4).reshape(-1, 4)
    layers = even_layers(points.reshape(-1, *points.shape[-3:]), colours, rule == "even-odd")
    return _composite(layers, points, tuple(batch), size, ground, mask, backend, threads)


def _composite(
    layers: Layers, like: Tensor, batch: tuple[int, ...], size: tuple[int, int], ground: Tensor | None,
    mask: Tensor | None, backend: str, threads: int, averaged: bool = False,
) -> Tensor:  # fmt: skip
    if backend not in get_args(FillBackend):
        raise ValueError(f"backend must be one of {', '.join(get_args(FillBackend))}, not {backend!r}")
    if backend == "native" and (like.dtype != torch.float32 or like.device.type != "cpu"):
        raise ValueError(f"native fills float32 points on cpu, not {like.dtype} on {like.device}")
    wanted = np.empty((0, 0), np.bool_)
    if mask is not None:
        if mask.dtype != torch.bool or mask.shape != size:
            raise ValueError(f"mask must be bool {list(size)}, not {mask.dtype} {list(mask.shape)}")
        wanted = mask.numpy()
    drawings = int(np.prod(batch)) if batch else 1
    under = None
    if ground is not None:
        check_like("ground", ground, like, (*batch, *size, 4))
        check_finite("ground", ground)
        straight = ground.expand(*batch, *size, 4).reshape(drawings, *size, 4)
        alpha = straight[..., 3:]
        under = torch.cat([straight[..., :3] * alpha, alpha, torch.ones_like(alpha)], dim=-1)
    if backend == "reference":
        under = like.new_zeros(drawings, *size, 5) if under is None else under
        image = _colours(reference_fills.composite(layers, under, wanted), averaged)
    else:
        image = native_fills.composite(layers, (drawings, *size), under, wanted, threads, averaged)
    return image.reshape(*batch, *size, 4)


def _colours(image: Tensor, averaged: bool) -> Tensor:
    """Premultiplied `[..., 5]` as `[..., 4]`: straight alpha, 0 where there is none; or averaged."""
    alpha, share = image[..., 3:4], image[..., 4:] if averaged else 1
    some = alpha > 0
    return torch.cat([torch.where(some, image[..., :3] * share / torch.where(some, alpha, 1), 0), alpha], dim=-1)


def _check_size(size: tuple[int, int]) -> None:
    height, width = size
    if height < 1 or width < 1:
        raise ValueError(f"size must be at least 1 x 1 px, not {height} x {width}")
    if height * width > 2**31 - 1 or width > 2**15:
        raise ValueError(f"size must be at most 32768 px wide and 2^31 px in all, not {height} x {width}")


@lru_cache(maxsize=4096)
def _counted(degrees: tuple[int, ...], closed: bool) -> torch.Size | None:
    """The size of a path's points; None if it is no path."""
    right = bool(degrees) and all(degree in (1, 2, 3) for degree in degrees)
    return torch.Size((sum(degrees) + (not closed), 2)) if right else None


def _sound(fills: Fills) -> bool:
    """Whether there is nothing to find in them, but for numbers that are not finite."""
    sizes = [points.shape for points in fills.points]
    types = {value.dtype for value in fills.points} | {value.dtype for value in fills.colours}
    return (
        len(types) == 1
        and all(points.is_cpu for points in fills.points)
        and all(colour.shape == _RGBA for colour in fills.colours)
        and all(fills.contours)
        and sizes == [_counted(*kind) for kind in fills.kinds]
    )


def _check_shape(name: str, shape: Shape, like: Tensor) -> None:
    """Sizes and types; numbers are looked at all together."""
    if not shape.contours:
        raise ValueError(f"{name}.contours must hold at least one path")
    if shape.rule not in _RULES:
        raise ValueError(f"{name}.rule must be one of {', '.join(_RULES)}, not {shape.rule!r}")
    total = 0
    for j, path in enumerate(shape.contours):
        points, degrees = path.points, path.degrees
        if any(degree not in (1, 2, 3) for degree in degrees):
            raise ValueError(f"{name}.contours[{j}].degrees must be 1, 2 or 3 each, not {list(degrees)}")
        count = sum(degrees) + (not path.closed)
        if not degrees or points.shape != (count, 2):
            raise ValueError(f"{name}.contours[{j}].points must be {[count, 2]}, not {list(points.shape)}")
        if points.dtype != like.dtype or points.device != like.device:
            raise ValueError(
                f"{name}.contours[{j}].points must be {like.dtype} on {like.device}, "
                f"not {points.dtype} on {points.device}"
            )
        total += count
    for role, value in (("fill", shape.fill), ("stroke", shape.stroke)):
        if value is not None:
            _check_paint(f"{name}.{role}", value, like)
    if shape.stroke is not None and shape.width is not None and shape.width.numel() not in (1, total):
        raise ValueError(f"{name}.width must be one number or {[total]}, not {list(shape.width.shape)}")
    if shape.stroke is not None and shape.width is None:
        raise ValueError(f"{name}.stroke needs a width")
    if shape.transform is not None and tuple(shape.transform.shape) not in ((2, 3), (3, 3)):
        raise ValueError(f"{name}.transform must be [2, 3] or [3, 3], not {list(shape.transform.shape)}")


def _check_paint(name: str, value: Paint, like: Tensor) -> None:
    if isinstance(value, Tensor):
        if value.shape != (4,) or value.dtype != like.dtype:
            raise ValueError(f"{name} must be {like.dtype} [4], not {value.dtype} {list(value.shape)}")
        return
    ends = {"begin": value.begin, "end": value.end} if isinstance(value, Linear) else {
        "centre": value.centre, "radius": value.radius,
    }  # fmt: skip
    count = len(value.offsets) if value.offsets.ndim else 0
    if count < 1:
        raise ValueError(f"{name}.offsets must hold at least one stop")
    for part, tensor, shape in (*((k, v, (2,)) for k, v in ends.items()), ("colours", value.colours, (count, 4))):
        if tuple(tensor.shape) != shape or tensor.dtype != like.dtype:
            raise ValueError(
                f"{name}.{part} must be {like.dtype} {list(shape)}, not {tensor.dtype} {list(tensor.shape)}"
            )
    falls = (value.offsets[1:] < value.offsets[:-1]).nonzero()
    if len(falls):
        raise ValueError(f"{name}.offsets[{int(falls[0]) + 1}] is below the one before it: offsets must not descend")
    if isinstance(value, Radial) and bool((value.radius <= 0).any()):
        check_finite(f"{name}.radius", value.radius)
        raise ValueError(f"{name}.radius must be positive, not {value.radius.tolist()}")


def _finite(layers: Layers) -> bool:
    made = (layers.vertices, layers.geometry, layers.stops)
    return all(math.isfinite(float(v.detach().sum())) or bool(torch.isfinite(v).all()) for v in made)


def _check_finite(shapes: Sequence[Shape], layers: Layers) -> None:
    """Look at all numbers at once, and for the one at fault only where there is one."""
    for i, shape in enumerate(shapes):
        width = shape.width
        if width is not None and not (width.item() if width.numel() == 1 else float(width.detach().min())) >= 0:
            check_finite(f"shapes[{i}].width", width)
            flat = width.detach().reshape(-1)
            k = int((flat < 0).nonzero()[0])
            raise ValueError(f"shapes[{i}].width[{k}] is {float(flat[k]):g}: it must not be negative")
    if _finite(layers):
        return
    for i, shape in enumerate(shapes):
        for j, path in enumerate(shape.contours):
            check_finite(f"shapes[{i}].contours[{j}].points", path.points)
        if shape.transform is not None:
            check_finite(f"shapes[{i}].transform", shape.transform)
        for role, value in (("fill", shape.fill), ("stroke", shape.stroke)):
            if isinstance(value, Tensor):
                check_finite(f"shapes[{i}].{role}", value)
            elif value is not None:
                for name, part in vars(value).items():
                    check_finite(f"shapes[{i}].{role}.{name}", part)
    raise ValueError("the shapes reach beyond what float32 holds")
