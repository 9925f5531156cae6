"""Paths within a rectangle: the parts of them inside, and curves whose control points too are inside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plotart.core.geometry import Path, Rectangle, between, cut, evaluate, extrema, from_segments, segments

__all__ = ["clip", "clip_all", "contain"]


def _crossings(p: NDArray[np.float64], value: float) -> list[float]:
    """Parameters strictly inside 0..1 at which the cubic of coefficients p `[4]` passes `value`: bisection between its
    extrema, so that no coefficient has to be divided by."""
    if p.min() > value or p.max() < value:  # a curve stays within its control points
        return []
    q0, q1, q2, q3 = (float(x) - value for x in p)

    def at(t: float) -> float:
        s = 1 - t
        return s**3 * q0 + 3 * s * s * t * q1 + 3 * s * t * t * q2 + t**3 * q3

    stops = [0.0, *extrema(p), 1.0]
    heights = [q0, *(at(t) for t in stops[1:-1]), q3]
    found = []
    for a, b, fa, fb in zip(stops, stops[1:], heights, heights[1:], strict=False):
        if fa == 0:
            if a > 0:
                found.append(a)
            continue
        if fa * fb >= 0:
            continue
        low, high = (a, b) if fa < 0 else (b, a)  # at(low) < 0 < at(high)
        for _ in range(60):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (middle, high) if at(middle) < 0 else (low, middle)
        found.append((low + high) / 2)
    return [t for t in found if 0 < t < 1]


def _inside(points: NDArray[np.float64], rectangle: Rectangle, slack: float = 0.0) -> bool:
    x0, y0, x1, y1 = rectangle
    return bool(
        points[:, 0].min() >= x0 - slack
        and points[:, 0].max() <= x1 + slack
        and points[:, 1].min() >= y0 - slack
        and points[:, 1].max() <= y1 + slack
    )


def clip_all(paths: Sequence[Path], rectangle: Rectangle) -> list[Path]:
    """The parts of many paths inside the closed rectangle, in order; see `clip`."""
    if not paths:
        return []
    starts = np.cumsum([0, *(len(path) for path in paths[:-1])])
    points = np.concatenate(paths)
    low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    inside = np.all(low >= rectangle[:2], axis=1) & np.all(high <= rectangle[2:], axis=1)
    return [
        part for path, whole in zip(paths, inside, strict=True) for part in ([path] if whole else clip(path, rectangle))
    ]


def clip(path: Path, rectangle: Rectangle) -> list[Path]:
    """The parts of the path inside the closed rectangle, in order, as exact parts of the curve.

    Each segment is cut at the roots of its coordinates against the four sides, so new ends lie on the rectangle itself.
    A path inside comes back as it is; parts that touch the rectangle in one point only are left out.
    """
    if _inside(path, rectangle):
        return [path]
    x0, y0, x1, y1 = rectangle
    slack = 1e-9 * max(1.0, abs(x0), abs(y0), abs(x1), abs(y1))
    parts: list[list[NDArray[np.float64]]] = []
    open_part = False
    for piece in segments(path):
        if _inside(piece, rectangle):
            cuts = [0.0, 1.0]
        else:
            hits = {t: (0, side) for side in (x0, x1) for t in _crossings(piece[:, 0], side)}
            hits |= {t: (1, side) for side in (y0, y1) for t in _crossings(piece[:, 1], side)}
            cuts = [0.0, *sorted(hits), 1.0]
        for a, b in pairwise(cuts):
            middle = evaluate(piece, np.array([(a + b) / 2]))
            if b - a < 1e-12 or not _inside(middle, rectangle, slack):
                open_part = False
                continue
            part = between(piece, a, b)
            for t, row in ((a, 0), (b, 3)):
                if 0 < t < 1:
                    axis, side = hits[t]
                    part[row, axis] = side
            if not open_part:
                parts.append([])
            parts[-1].append(part)
            open_part = True
    return [from_segments(np.stack(part)) for part in parts]


def contain(path: Path, rectangle: Rectangle) -> Path:
    """The same curve, cut so often that the control points too lie in the rectangle that holds the curve.

    Programs that look at control points instead of curves then see nothing outside. The curve must lie inside
    (see `clip`); control points outside by no more than a millionth of the rectangle's size are moved onto it.
    """
    if _inside(path, rectangle):
        return path
    low, high = np.array(rectangle[:2]), np.array(rectangle[2:])
    slack = 1e-6 * float((high - low).max())
    done: list[NDArray[np.float64]] = []
    waiting = [(piece, 0) for piece in segments(path)[::-1]]
    while waiting:
        piece, depth = waiting.pop()
        if depth > 12 or _inside(piece, rectangle, slack):  # the depth bounds the time for curves that do leave
            done.append(np.clip(piece, low, high))
            continue
        # Extrema first: there the curve can touch a side, and no other cut ever brings the handles in.
        turns = extrema(piece[:, 0]) + extrema(piece[:, 1])
        turns = [t for t in turns if 1e-6 < t < 1 - 1e-6]
        first, second = cut(piece, turns[0] if turns else 0.5)
        waiting += [(second, depth + 1), (first, depth + 1)]
    return from_segments(np.stack(done))
