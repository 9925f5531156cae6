"""Piecewise cubic Bezier paths as arrays of control points.

A path is a float64 array `[1 + 3S, 2]`: the control points of one open piecewise cubic Bezier of S segments, each
segment sharing its last point with the next one's first. The global parameter of a path runs from 0 to S. Nothing here
knows its unit: the same functions serve unit coordinates and millimetres.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from torch import Tensor

__all__ = [
    "Path",
    "Rectangle",
    "bernstein",
    "between",
    "bounds",
    "cubic",
    "cubic_slope",
    "cut",
    "evaluate",
    "extrema",
    "flatten",
    "flatten_all",
    "from_segments",
    "join",
    "length",
    "lengths",
    "polyline",
    "relaxed",
    "reverse",
    "segments",
    "split",
    "straight",
    "tangents",
    "tangents_all",
]

Path: TypeAlias = NDArray[np.float64]
Rectangle: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 with x0 <= x1 and y0 <= y1."""

Numbers = TypeVar("Numbers", float, NDArray[np.float64], Tensor)

# Gauss-Legendre nodes for arc length: 12 points on each quarter of a segment, 1e-9 of smooth cubics, 1e-4 at cusps.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_QUARTERS = np.concatenate([(np.arange(4)[:, None] + (_NODES + 1) / 2) / 4]).ravel()
_QUARTER_WEIGHTS = np.tile(_WEIGHTS / 8, 4)


def bernstein(t: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """The weights of a cubic's four control points at the parameter t (a number, an array or a tensor), each like t."""
    s = 1 - t
    return s**3, 3 * s * s * t, 3 * s * t * t, t**3


def cubic(control: Iterable[Any], t: Numbers) -> Numbers:
    """B(t) = (1-t)^3 p0 + 3 (1-t)^2 t p1 + 3 (1-t) t^2 p2 + t^3 p3; t broadcasts against each of the four points."""
    (p0, p1, p2, p3), (a, b, c, d) = control, bernstein(t)
    point: Numbers = a * p0 + b * p1 + c * p2 + d * p3
    return point


def cubic_slope(control: Iterable[Any], t: Numbers) -> Numbers:
    """B'(t) of the same cubic."""
    (p0, p1, p2, p3), s = control, 1 - t
    slope: Numbers = 3 * (s * s * (p1 - p0) + 2 * s * t * (p2 - p1) + t * t * (p3 - p2))
    return slope


def relaxed(
    sites: NDArray[np.float64], points: NDArray[np.float64], weight: NDArray[np.float64], rounds: int
) -> NDArray[np.float64]:
    """Lloyd's algorithm: `sites [N, 2]` moved `rounds` times to the centroids of the points nearest to each.

    Args:
        points: `[M, 2]`, of `weight [M]`. A site that no weight is nearest to stays where it is.
    """
    moved = sites.copy()
    for _ in range(rounds):
        nearest = cKDTree(moved).query(points)[1]
        mass = np.bincount(nearest, weight, len(moved))
        owned = mass > 0
        for axis in (0, 1):
            total = np.bincount(nearest, weight * points[:, axis], len(moved))
            moved[owned, axis] = total[owned] / mass[owned]
    return moved


def polyline(points: ArrayLike) -> Path:
    """The path through points `[M, 2]`, M >= 2, by straight segments (inner control points at thirds)."""
    corners = np.asarray(points, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 2:
        raise ValueError(f"a polyline needs points of shape [M, 2] with M >= 2, not {list(corners.shape)}")
    path = np.empty((3 * len(corners) - 2, 2))
    path[0::3] = corners
    path[1::3] = (2 * corners[:-1] + corners[1:]) / 3
    path[2::3] = (corners[:-1] + 2 * corners[1:]) / 3
    return path


def straight(start: ArrayLike, end: ArrayLike) -> Path:
    """The path of one straight segment from `start` `[2]` to `end` `[2]`."""
    return polyline(np.stack([np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)]))


def segments(path: Path) -> NDArray[np.float64]:
    """The segments of a path, `[S, 4, 2]`."""
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 4 or len(path) % 3 != 1:
        raise ValueError(f"a path has control points of shape [1 + 3S, 2] with S >= 1, not {list(path.shape)}")
    return np.stack([path[0:-1:3], path[1::3], path[2::3], path[3::3]], axis=1)


def from_segments(pieces: NDArray[np.float64]) -> Path:
    """The path of segments `[S, 4, 2]`, each of which begins where the one before ends."""
    return np.concatenate([pieces[:1, 0], pieces[:, 1:].reshape(-1, 2)])


def evaluate(path: Path, t: ArrayLike) -> NDArray[np.float64]:
    """Points `[..., 2]` of the path at global parameters t `[...]` in 0..S (clamped)."""
    pieces = segments(path)
    times = np.clip(np.asarray(t, dtype=np.float64), 0.0, len(pieces))
    index = np.minimum(times.astype(np.int64), len(pieces) - 1)
    p = np.moveaxis(pieces[index], -2, 0)
    return cubic(p, (times - index)[..., None])


def flatten_all(paths: Sequence[Path], tolerance: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Polylines of many paths at once: points `[M, 2]` and offsets `[N + 1]`, path i at offsets[i]:offsets[i + 1].

    No chord is further than `tolerance` (same unit as the paths) from its curve: a cubic cut in n equal parameter steps
    deviates at most by max|B''| / (8 n^2), and |B''| <= 6 max(|P0 - 2 P1 + P2|, |P1 - 2 P2 + P3|).
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be above 0, not {tolerance}")
    if not paths:
        return np.empty((0, 2)), np.zeros(1, dtype=np.int64)
    pieces = np.concatenate([segments(path) for path in paths])
    counts = np.array([(len(path) - 1) // 3 for path in paths], dtype=np.int64)
    bend = np.maximum(
        np.hypot(*(pieces[:, 0] - 2 * pieces[:, 1] + pieces[:, 2]).T),
        np.hypot(*(pieces[:, 1] - 2 * pieces[:, 2] + pieces[:, 3]).T),
    )
    steps = np.maximum(1, np.ceil(np.sqrt(0.75 * bend / tolerance))).astype(np.int64)
    first = np.cumsum(counts) - counts
    # Each path is its start followed by the `steps` end points of each of its segments.
    owner = np.repeat(np.arange(len(pieces)), steps)
    local = np.arange(len(owner)) - np.repeat(np.cumsum(steps) - steps, steps) + 1
    inner = cubic(np.moveaxis(pieces[owner], 1, 0), (local / steps[owner])[:, None])
    inner[local == steps[owner]] = pieces[:, 3]  # the very end points, free of rounding
    sizes = np.add.reduceat(steps, first)
    offsets = np.concatenate([[0], np.cumsum(sizes + 1)]).astype(np.int64)
    points = np.empty((offsets[-1], 2))
    starts = np.zeros(len(points), dtype=bool)
    starts[offsets[:-1]] = True
    points[starts] = pieces[first, 0]
    points[~starts] = inner
    return points, offsets


def flatten(path: Path, tolerance: float) -> NDArray[np.float64]:
    """Polyline `[M, 2]` no further than `tolerance` from the path, with the path's own ends."""
    return flatten_all([path], tolerance)[0]


def lengths(paths: Sequence[Path]) -> NDArray[np.float64]:
    """Arc lengths `[N]`, integrated by Gauss-Legendre on quarters of each segment."""
    if not paths:
        return np.zeros(0)
    pieces = np.concatenate([segments(path) for path in paths])
    counts = np.array([(len(path) - 1) // 3 for path in paths], dtype=np.int64)
    d = 3 * np.diff(pieces, axis=1)
    u = _QUARTERS
    basis = np.stack([(1 - u) ** 2, 2 * u * (1 - u), u**2])
    speed_x = d[:, :, 0] @ basis
    speed_y = d[:, :, 1] @ basis
    each = np.hypot(speed_x, speed_y) @ _QUARTER_WEIGHTS
    total: NDArray[np.float64] = np.add.reduceat(each, np.cumsum(counts) - counts)
    return total


def length(path: Path) -> float:
    """Arc length of the path."""
    return float(lengths([path])[0])


def extrema(p: NDArray[np.float64]) -> list[float]:
    """Parameters strictly inside 0..1 at which the cubic of coefficients p `[4]` turns (roots of its derivative)."""
    p0, p1, p2, p3 = (float(value) for value in p)
    a, b, c = p3 - p0 + 3 * (p1 - p2), 2 * (p0 - 2 * p1 + p2), p1 - p0
    scale = max(abs(a), abs(b), abs(c))
    if scale == 0:
        return []
    roots: list[float] = []
    if abs(a) <= 1e-14 * scale:
        if abs(b) > 1e-14 * scale:
            roots = [-c / b]
    else:
        discriminant = b * b - 4 * a * c
        if discriminant >= 0:
            # The stable form: no difference of nearly equal numbers.
            q = -(b + np.copysign(np.sqrt(discriminant), b)) / 2
            roots = [q / a] + ([c / q] if q != 0 else [])
    return sorted({float(root) for root in roots if 0 < root < 1})


def bounds(path: Path) -> Rectangle:
    """The exact box x0, y0, x1, y1 of the curve (not of its control points)."""
    points = [path[0::3]]
    low, high = path[0::3].min(axis=0), path[0::3].max(axis=0)
    for piece in segments(path):
        if (piece[1:3] < low).any() or (piece[1:3] > high).any():  # only then can the curve leave the box of the ends
            times = extrema(piece[:, 0]) + extrema(piece[:, 1])
            if times:
                points.append(evaluate(piece, times))
    every = np.concatenate(points)
    (x0, y0), (x1, y1) = every.min(axis=0), every.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def reverse(path: Path) -> Path:
    """The same curve drawn from its other end."""
    return path[::-1].copy()


def tangents(path: Path) -> NDArray[np.float64]:
    """Unit directions of travel `[2, 2]` at the start and the end of the path (zeros where the path is one point)."""
    result = np.zeros((2, 2))
    for row, (points, sign) in enumerate(((path, 1.0), (path[::-1], -1.0))):
        chords = points[1:] - points[0]
        size = np.hypot(chords[:, 0], chords[:, 1])
        seen = np.flatnonzero(size > 1e-9)
        if len(seen):
            result[row] = sign * chords[seen[0]] / size[seen[0]]
    return result


def tangents_all(paths: Sequence[Path]) -> NDArray[np.float64]:
    """`tangents` of many paths at once, `[N, 2, 2]`."""
    if not paths:
        return np.zeros((0, 2, 2))
    chords = np.array([(path[1] - path[0], path[-1] - path[-2]) for path in paths])
    size = np.hypot(chords[..., 0], chords[..., 1])
    found: NDArray[np.float64] = chords / np.maximum(size, 1e-300)[..., None]
    for i in np.flatnonzero((size <= 1e-9).any(axis=1)).tolist():  # a handle that lies on its end says nothing
        found[i] = tangents(paths[i])
    return found


def cut(piece: NDArray[np.float64], t: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """De Casteljau: the two halves `[4, 2]` of a segment at t in 0..1."""
    ab = piece[:-1] + t * np.diff(piece, axis=0)
    abc = ab[:-1] + t * np.diff(ab, axis=0)
    middle = abc[0] + t * (abc[1] - abc[0])
    return np.stack([piece[0], ab[0], abc[0], middle]), np.stack([middle, abc[1], ab[2], piece[3]])


def between(piece: NDArray[np.float64], t0: float, t1: float) -> NDArray[np.float64]:
    """The part of a segment `[4, 2]` from t0 to t1, 0 <= t0 < t1 <= 1: a segment `[4, 2]`."""
    if t1 < 1:
        piece = cut(piece, t1)[0]
    return cut(piece, t0 / t1)[1] if t0 > 0 else piece


def split(path: Path, t: float) -> tuple[Path, Path]:
    """The path up to and from the global parameter t, 0 < t < S; both are exact parts of the curve."""
    pieces = segments(path)
    if not 0 < t < len(pieces):
        raise ValueError(f"a path of {len(pieces)} segments can be split between 0 and {len(pieces)}, not at {t}")
    index = min(int(t), len(pieces) - 1)
    if t == index:
        return path[: 3 * index + 1].copy(), path[3 * index :].copy()
    first, second = cut(pieces[index], t - index)
    return (
        np.concatenate([path[: 3 * index], first]),
        np.concatenate([second, path[3 * index + 4 :]]),
    )


def join(first: Path, second: Path) -> Path:
    """One path that draws `first`, then `second`; the ends that meet move, with their handles, to the gap's middle."""
    middle = (first[-1] + second[0]) / 2
    head, tail = first.copy(), second.copy()
    head[-2:] += middle - first[-1]
    tail[:2] += middle - second[0]
    head[-1] = middle
    return np.concatenate([head, tail[1:]])
