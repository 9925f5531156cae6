"""Points spread over a pen's plane, and a short line through them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import zoom

from plotart.plot.tour import greedy, shorten
from plotart.stages.looks.base import Wanted
from plotart.stages.place import spread_points

__all__ = ["stipples", "through"]

Floats = NDArray[np.float64]

FINE = 6
"""Cells to a point, at least, of the grid on which points are spread."""


def stipples(wanted: Wanted, density: Floats, count: int, rounds: int) -> Floats:
    """`count` points `[count, 2]` mm, evenly spread and as close as `density [H, W]` is large."""
    finer = min(4, max(1, math.ceil(math.sqrt(FINE * count / max(1, int((density > 0.01).sum()))))))
    close = zoom(density, finer, order=1, grid_mode=True, mode="nearest") if finer > 1 else density
    points = spread_points(np.clip(close, 0, None), count, wanted.generator, rounds)
    return points * (wanted.mm_per_px / finer)


def through(points: Floats, kicks: int = 0) -> Floats:
    """The points `[M, 2]` in the order of a short open way: the nearest next, then 2-opt and Or-opt.

    Args:
        kicks: disturbances of the way that are kept where it gets shorter.
    """
    if len(points) < 3:
        return points
    ends = np.repeat(points, 2, axis=0)
    tour = shorten(ends, greedy(ends), 0, kicks)
    return points[tour[::2] // 2]
