"""What a renderer is given, checked: every message names the tensor and the index at fault."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Scene", "check_scene", "check_unit_interval"]


@dataclass(frozen=True)
class Scene:
    """Strokes in pixel space, drawings of a batch one after the other.

    Attributes:
        points: `[B*N, 1+3S, 2]` px. half: `[B*N]` px, half the pen's width.
        batch: the shape of `*`. strokes: N.
        wanted: `[H, W]` bool, the pixels to render; `[0, 0]` for all.
    """

    points: Tensor
    half: Tensor
    batch: tuple[int, ...]
    strokes: int
    height: int
    width: int
    wanted: NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, 0), np.bool_))

    def spread(self, value: Tensor, *tail: int) -> Tensor:
        """`value [*, N, tail]` or `[N, tail]` as `[B*N, tail]`."""
        return value.expand(*self.batch, self.strokes, *tail).reshape(-1, *tail)


def check_scene(
    points: Tensor, width: Tensor, size: tuple[int, int], softness: float, mask: Tensor | None = None
) -> Scene:
    """`points [*, N, 1+3S, 2]` px and `width [*, N]` or `[N]` px on a canvas of `size` (H, W); ValueError otherwise.

    mask `[H, W]` bool chooses pixels.
    """
    height, wide = (int(side) for side in size)
    if height < 1 or wide < 1:
        raise ValueError(f"size must be at least 1 x 1 px, not {height} x {wide}")
    if height * wide > 2**31 - 1 or wide > 2**15:
        raise ValueError(f"size must be at most 32768 px wide and 2^31 px in all, not {height} x {wide}")
    if not 0 < softness < float("inf"):
        raise ValueError(f"softness must be a positive number of pixels, not {softness}")
    if points.ndim < 3 or points.shape[-1] != 2 or points.shape[-2] < 4 or points.shape[-2] % 3 != 1:
        raise ValueError(f"points must be [*, N, 1+3S, 2], not {list(points.shape)}")
    if points.shape[-3] == 0 or points.numel() == 0:
        raise ValueError(f"points must hold at least one stroke: shape {list(points.shape)}")
    batch, strokes = tuple(points.shape[:-3]), points.shape[-3]
    check_like("width", width, points, (*batch, strokes))
    check_finite("points", points)
    check_positive("width", width)
    scene = Scene(points.reshape(-1, *points.shape[-2:]), width, batch, strokes, height, wide)
    half = scene.spread(width) / 2
    if mask is None:
        return Scene(scene.points, half, batch, strokes, height, wide)
    if mask.dtype != torch.bool or mask.shape != (height, wide):
        raise ValueError(f"mask must be bool {[height, wide]}, not {mask.dtype} {list(mask.shape)}")
    return Scene(scene.points, half, batch, strokes, height, wide, mask.cpu().numpy())


def check_like(name: str, value: Tensor, points: Tensor, shape: tuple[int, ...]) -> None:
    """`value` must broadcast to `shape` with the same last axes, and have the type and device of `points`."""
    if points.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"points must be float32 or float64, not {points.dtype}")
    if value.dtype != points.dtype:
        raise ValueError(f"{name} must be {points.dtype} like points, not {value.dtype}")
    if value.device != points.device:
        raise ValueError(f"{name} must be on {points.device} like points, not on {value.device}")
    fits = value.ndim <= len(shape) and all(
        have in (want, 1) for have, want in zip(reversed(value.shape), reversed(shape), strict=False)
    )
    if not fits or value.ndim == 0:
        raise ValueError(f"{name} must be {list(shape)}, not {list(value.shape)}")


def check_finite(name: str, value: Tensor) -> None:
    """Every value must be finite."""
    low, high = value.detach().aminmax()  # one pass; both are NaN if any value is
    if not (float(low) > -math.inf and float(high) < math.inf):
        _refuse(name, value, ~torch.isfinite(value), "finite")


def check_positive(name: str, value: Tensor) -> None:
    """Every value must be finite and above 0."""
    low, high = value.detach().aminmax()
    if not (float(low) > 0 and float(high) < math.inf):
        check_finite(name, value)
        _refuse(name, value, ~(value > 0), "positive")


def check_unit_interval(name: str, value: Tensor) -> None:
    """Every value must be in 0..1."""
    low, high = value.detach().aminmax()
    if not (float(low) >= 0 and float(high) <= 1):
        check_finite(name, value)
        _refuse(name, value, (value < 0) | (value > 1), "in 0..1")


def _refuse(name: str, value: Tensor, bad: Tensor, must: str) -> None:
    where = "[" + ", ".join(str(int(i)) for i in bad.nonzero()[0]) + "]" if bad.ndim else ""
    raise ValueError(f"{name}{where} is {float(value.detach()[bad][0]):g}: it must be {must}")
