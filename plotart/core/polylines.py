"""Polylines by the way along them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["points_at", "ways"]

Floats = NDArray[np.float64]


def ways(line: Floats) -> Floats:
    """The way from the start of a polyline `[M, 2]` to each of its points: `[M]`, the last its length."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def points_at(line: Floats, way: Floats, at: Floats) -> Floats:
    """Its points `[N, 2]` at the ways `at [N]`; way: what `ways` gives, or any other measure that grows along it."""
    return np.stack([np.interp(at, way, line[:, axis]) for axis in (0, 1)], axis=1)
