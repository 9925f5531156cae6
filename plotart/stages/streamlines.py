"""Lines a draughtsman would lay for a tone: along its ridges, as close together as it is dark, never over each other.

Evenly spaced streamlines (B. Jobard, W. Lefer, "Creating evenly-spaced streamlines of arbitrary density", 1997) of the
direction field of a pen's plane, with a spacing of tip / tone: lines of width `tip` side by side then cover the share
`tone` of the paper. Where a shape is as narrow as a line, one line runs along its crest and outlines it; where it is
wide, lines run side by side and hatch it; where paper is wanted there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from plotart.core.polylines import points_at, ways

__all__ = ["Laying", "bezier", "direction_field", "lay_lines"]

Floats = NDArray[np.float64]

CELL = 0.5
"""Side of a cell of the grid on which lines are traced, in tips."""
STEP = 0.6
"""Length of a step along a line, in cells."""
STOP = 0.62
"""A line ends where it comes so near to another one, in spacings; it starts a whole spacing away."""
FREE, FAR = 0.97, 1.2
"""Spacings from all lines at which another may start, and up to which nearness is noted."""
YIELD = 0.35
"""How far a step turns from the line's own direction into that of the field."""
FAINT = 0.06
"""No line goes where less of the paper is wanted covered."""
SOLID = 0.9
"""Tones above are laid as this, which leaves no paper to be seen."""


@dataclass(frozen=True)
class Laying:
    """Bounds on lines, mm and radians."""

    shortest_mm: float
    longest_mm: float
    turn: float = 1.6 * math.pi
    """How far a line may turn in all."""


def direction_field(plane: Floats, sigma: float) -> tuple[Floats, Floats]:
    """The direction along the ridges and edges of `plane [H, W]`: (cos 2a, sin 2a) times a weight, both `[H, W]`.

    The structure tensor of the plane, normalized, smoothed over `sigma` px where that is sure and over 3 and 9 times as
    much where it is not. Angles are doubled, for a line has no sense, so that the field can be interpolated.
    """
    gy, gx = np.gradient(gaussian_filter(plane, 0.7))
    xx, xy, yy = gx * gx, gx * gy, gy * gy
    cosine, sine = np.zeros_like(plane), np.zeros_like(plane)
    for factor, weight in ((1.0, 1.0), (3.0, 0.2), (9.0, 0.04)):
        a, b, c = (gaussian_filter(part, factor * sigma) for part in (xx, xy, yy))
        size = a + c + 1e-12
        # the gradient is across: a quarter turn, which is a half turn of doubled angles
        cosine -= weight * (a - c) / size
        sine -= weight * 2 * b / size
    return cosine, sine


def lay_lines(
    plane: Floats,
    mm_per_px: float,
    tip_mm: float,
    laying: Laying,
    generator: torch.Generator,
    gain: float = 1.0,
    field: tuple[Floats, Floats] | None = None,
) -> list[Floats]:
    """Lines for one pen: polylines `[M, 2]` in mm, from the plane's corner.

    Args:
        plane: `[H, W]` the share of the paper that is to be covered, 0..1. gain: what it is multiplied by.
        field: the `direction_field` that leads the lines, both parts `[H, W]`; that of the plane by default.
    """
    cell = CELL * tip_mm
    height, width = (max(2, round(side * mm_per_px / cell)) for side in plane.shape)
    factors = (height / plane.shape[0], width / plane.shape[1])
    smooth = np.clip(zoom(plane, factors, order=1, grid_mode=True, mode="nearest"), 0, 1)
    smooth = gaussian_filter(smooth, 0.4 * mm_per_px / cell)
    if field is None:
        cosine, sine = direction_field(smooth, mm_per_px / cell)
    else:
        cosine, sine = (zoom(part, factors, order=1, grid_mode=True, mode="nearest") for part in field)
    tone = np.clip(gain * smooth, 0, SOLID)
    # from dark to light, a little at random so that light areas are not swept row by row
    noise = torch.rand(tone.shape, generator=generator, dtype=torch.float64).numpy()
    order = np.argsort(-(tone * (0.9 + 0.1 * noise)).ravel(), kind="stable")
    order = order[tone.ravel()[order] > FAINT]
    places = np.stack([order % width, order // width], axis=1).astype(np.int64)
    points, ends = _streamlines(
        tone, cosine, sine, places, tip_mm / cell, laying.shortest_mm / cell, laying.longest_mm / cell, laying.turn
    )
    scale = np.array([plane.shape[1] * mm_per_px / width, plane.shape[0] * mm_per_px / height])
    return [points[a:b] * scale for a, b in pairwise(ends.tolist())]


def bezier(lines: list[Floats], segments: int) -> Floats:
    """`[N, 1+3S, 2]` control points of chains of S cubics, with one tangent where two meet, nearest to the lines."""
    samples = 16 * segments + 1
    count = 3 * segments + 1
    basis = np.zeros((samples, count))
    for i in range(samples):
        place = min(i * segments / (samples - 1), segments - 1e-9)
        s, t = int(place), place - int(place)
        if i == samples - 1:
            s, t = segments - 1, 1.0
        basis[i, 3 * s : 3 * s + 4] = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3]
    rows = [basis]
    smooth = np.zeros((segments - 1, count))
    for s in range(1, segments):
        smooth[s - 1, 3 * s - 1 : 3 * s + 2] = [1, -2, 1]
    rows.append(30.0 * smooth)
    ends = np.zeros((2, count))
    ends[0, 0] = ends[1, -1] = 10.0
    rows.append(ends)
    solve = np.linalg.pinv(np.concatenate(rows))
    found = np.empty((len(lines), count, 2))
    for i, line in enumerate(lines):
        way = ways(line)
        even = points_at(line, way, np.linspace(0, way[-1], samples))
        wanted = np.concatenate([even, np.zeros((segments - 1, 2)), 10.0 * even[[0, -1]]])
        found[i] = solve @ wanted
    return found


@njit(cache=True)
def _at(field, x, y):  # type: ignore[no-untyped-def]
    """`field [H, W]` at a point in cells, bilinear between their middles."""
    height, width = field.shape
    x = min(max(x - 0.5, 0.0), width - 1.001)
    y = min(max(y - 0.5, 0.0), height - 1.001)
    i, j = int(x), int(y)
    u, v = x - i, y - j
    above = (1 - u) * field[j, i] + u * field[j, i + 1]
    below = (1 - u) * field[j + 1, i] + u * field[j + 1, i + 1]
    return (1 - v) * above + v * below


@njit(cache=True)
def _beside(  # type: ignore[no-untyped-def]
    line, first, tone, near, tip, side
):
    """A free place one spacing beside a line `[M, 2]`, looked for from its point `first` on: x, y, and where to go on.

    None is found where that is past its end.
    """
    height, width = tone.shape
    for k in range(first, len(line), 4):
        ahead, behind = line[min(k + 1, len(line) - 1)], line[max(k - 1, 0)]
        dx, dy = ahead[0] - behind[0], ahead[1] - behind[1]
        size = math.hypot(dx, dy)
        here = _at(tone, line[k, 0], line[k, 1])
        if size == 0 or here <= FAINT:
            continue
        apart = side * tip / here / size
        x, y = line[k, 0] - apart * dy, line[k, 1] + apart * dx
        if 0 < x < width and 0 < y < height and tone[int(y), int(x)] > FAINT and near[int(y), int(x)] >= FREE:
            return x, y, k + 4
    return 0.0, 0.0, len(line) + 4


@njit(cache=True)
def _trace(  # type: ignore[no-untyped-def]
    found, x, y, sense, bounds, tone, cosine, sine, near, tip
):
    """Follow the field from (x, y), along it or (sense -1) against it, into `found [M, 2]`: how many points.

    bounds `[2]`: how far the line may still go, cells, and turn, radians; what is left of it afterwards.
    """
    height, width = tone.shape
    angle = 0.5 * math.atan2(_at(sine, x, y), _at(cosine, x, y))
    dx, dy = sense * math.cos(angle), sense * math.sin(angle)
    count = 0
    while count < len(found) and bounds[0] > 0:
        angle = 0.5 * math.atan2(_at(sine, x, y), _at(cosine, x, y))
        ex, ey = math.cos(angle), math.sin(angle)
        if ex * dx + ey * dy < 0:
            ex, ey = -ex, -ey
        # the line keeps some of its own direction, as a hand does
        ex, ey = dx + YIELD * (ex - dx), dy + YIELD * (ey - dy)
        size = math.hypot(ex, ey)
        ex, ey = ex / size, ey / size
        bounds[1] -= abs(math.atan2(dx * ey - dy * ex, dx * ex + dy * ey))
        qx, qy = x + STEP * ex, y + STEP * ey
        if bounds[1] < 0 or not (0.5 <= qx <= width - 0.5 and 0.5 <= qy <= height - 0.5):
            break
        here, gap = _at(tone, qx, qy), near[int(qy), int(qx)]
        if here < FAINT or gap < STOP:
            break
        if gap > 1.1:  # alone: toward the crest
            reach = 0.5 * tip
            left, right = _at(tone, qx - reach * ey, qy + reach * ex), _at(tone, qx + reach * ey, qy - reach * ex)
            pull = STEP * min(max(0.25 * (left - right) / here, -0.3), 0.3)
            qx, qy = qx - pull * ey, qy + pull * ex
        apart = 0.8 * tip / here
        if _meets(found, count - int(3 * apart / STEP) - 4, qx, qy, apart):
            break
        dx, dy, x, y = ex, ey, qx, qy
        found[count, 0], found[count, 1] = x, y
        count += 1
        bounds[0] -= STEP
    return count


@njit(cache=True)
def _meets(points, count, x, y, apart):  # type: ignore[no-untyped-def]
    """Whether any of the first `count` points is nearer than `apart`."""
    met = False
    for k in range(0, count, 2):
        met = met or math.hypot(points[k, 0] - x, points[k, 1] - y) < apart
    return met


@njit(cache=True)
def _claim(near, line, tone, tip):  # type: ignore[no-untyped-def]
    """Note around a line `[M, 2]` how near it is, in its own spacings."""
    height, width = near.shape
    for k in range(0, len(line), 2):
        x, y = line[k]
        apart = tip / max(_at(tone, x, y), FAINT)
        reach = FAR * apart
        for j in range(max(0, int(y - reach)), min(height, int(y + reach) + 1)):
            for i in range(max(0, int(x - reach)), min(width, int(x + reach) + 1)):
                near[j, i] = min(near[j, i], math.hypot(i + 0.5 - x, j + 0.5 - y) / apart)


@njit(cache=True)
def _streamlines(  # type: ignore[no-untyped-def]
    tone, cosine, sine, places, tip, shortest, longest, turn
):
    """Points `[P, 2]` (x, y) in cells of all lines, one after the other, and where each ends `[N]`.

    places `[M, 2]`: cells (x, y) where a line may start that lies beside no other.
    """
    near = np.full(tone.shape, 2.0)
    points, used = np.empty((4096, 2)), 0
    ends, lines = np.zeros(257, np.int64), 0  # line k lies from ends[k] to ends[k + 1]
    most = int(longest / STEP) + 4
    ahead, back = np.empty((most, 2)), np.empty((most, 2))
    queue, at, side, place = 0, 0, 1.0, 0
    while True:
        # beside a line that was laid, first on its left; else the darkest place that is free
        found = False
        while queue < lines and not found:
            own = points[ends[queue] : ends[queue + 1]]
            x, y, at = _beside(own, at, tone, near, tip, side)
            found = at <= len(own) + 3
            if not found:
                at, side = 0, -side
                queue += 1 if side > 0 else 0
        while place < len(places) and not found:
            i, j = places[place]
            place += 1
            if near[j, i] >= 1.0:
                x, y, found = i + 0.5, j + 0.5, True
        if not found:
            break
        bounds = np.array([longest, turn])
        forth = _trace(ahead, x, y, 1.0, bounds, tone, cosine, sine, near, tip)
        count = forth + 1 + _trace(back, x, y, -1.0, bounds, tone, cosine, sine, near, tip)
        if STEP * (count - 1) < shortest:
            near[int(y), int(x)] = min(near[int(y), int(x)], 0.95 * FREE)  # not tried again
            continue
        while used + count > len(points):
            points = np.concatenate((points, np.empty_like(points)))
        if lines + 1 == len(ends):
            ends = np.concatenate((ends, np.zeros_like(ends)))
        line = points[used : used + count]
        line[: count - forth - 1] = back[: count - forth - 1][::-1]
        line[count - forth - 1, 0], line[count - forth - 1, 1] = x, y
        line[count - forth :] = ahead[:forth]
        used += count
        lines += 1
        ends[lines] = used
        _claim(near, line, tone, tip)
    return points[:used].copy(), ends[: lines + 1].copy()
