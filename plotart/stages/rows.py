"""Lines side by side that make a tone: which parts of a family of curves are drawn, and how far others swing.

The curves lie `pitch` apart. Along each one the tone that the ones before it still owe is added up and what is drawn
is taken off again, as error diffusion does with pixels (R. Floyd, L. Steinberg, "An adaptive algorithm for spatial
greyscale", 1976), but across the curves only: lines stay long.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.special import ellipe

from plotart.core.polylines import points_at, ways
from plotart.stages.looks.base import Wanted

__all__ = ["Run", "parallel", "rows", "swing", "wobbling"]

Floats = NDArray[np.float64]

STEP_MM = 0.35
"""Of the points along a curve."""


@dataclass(frozen=True)
class Run:
    """A part of a curve that is drawn: points `[M, 2]` mm; how much longer the line must be there, `[M]`."""

    points: Floats
    load: Floats


def parallel(
    wanted: Wanted, degrees: float, pitch_mm: float, bend: Callable[[Floats], Floats] | None = None
) -> list[Floats]:
    """Points of parallel curves that cover the area, `[M, 2]` mm each, `pitch_mm` apart.

    Args:
        degrees: their direction. bend: how far a curve lies beside its straight line `[M]`, by the way along it `[M]`.
    """
    width, height = wanted.size_mm
    along = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    across = np.array([-along[1], along[0]])
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], dtype=float)
    u0, u1 = float((corners @ along).min()), float((corners @ along).max())
    v0, v1 = float((corners @ across).min()), float((corners @ across).max())
    u = np.arange(u0, u1 + STEP_MM, STEP_MM)
    beside = np.zeros_like(u) if bend is None else bend(u)
    reach = float(np.abs(beside).max())
    first = pitch_mm * (wanted.number + 0.5) / wanted.pens  # of different pens not over each other
    return [
        u[:, None] * along + (v + beside)[:, None] * across for v in np.arange(v0 - reach + first, v1 + reach, pitch_mm)
    ]


def rows(
    wanted: Wanted, curves: list[Floats], pitch_mm: float, gain: float, shortest_mm: float, plane: Floats | None = None
) -> list[Run]:
    """The parts of the curves that are drawn, none shorter than `shortest_mm`.

    Args:
        curves: `[M, 2]` mm each, all of as many points, which lie side by side.
        plane: another one than the pen's own.
    """
    found: list[Run] = []
    owed: Floats | None = None
    smooth = 0.25 * shortest_mm / STEP_MM
    least = max(2, round(shortest_mm / STEP_MM))
    for number, points in enumerate(curves):
        tone = gain * wanted.at(points, plane) * pitch_mm / wanted.tip_mm
        inside = wanted.at(points, np.ones_like(wanted.plane)) > 0
        owed = tone if owed is None or len(owed) != len(tone) else owed + tone
        seen = np.where(inside, gaussian_filter1d(owed, smooth, mode="nearest"), 0.0)
        drawn = np.zeros(len(points), dtype=bool)
        for a, b in _runs(seen > 0.5, inside, least):
            drawn[a:b] = True
            step = -1 if number % 2 else 1  # as a hand goes to and fro
            found.append(Run(points[a:b][::step], np.maximum(seen[a:b], 1.0)[::step]))
        owed = np.where(inside, np.clip(owed - drawn * np.maximum(seen, 1.0), -1.0, 1.0), 0.0)
    return found


def _runs(wanted: NDArray[np.bool_], inside: NDArray[np.bool_], least: int) -> list[tuple[int, int]]:
    """Spans of what is wanted, small gaps closed, of at least so many points."""
    edge = np.diff(np.concatenate([[0], wanted.astype(np.int8), [0]]))
    spans: list[list[int]] = []
    for a, b in zip(np.flatnonzero(edge == 1).tolist(), np.flatnonzero(edge == -1).tolist(), strict=True):
        if spans and a - spans[-1][1] <= max(1, least // 4) and inside[spans[-1][1] : a].all():
            spans[-1][1] = b
        else:
            spans.append([a, b])
    return [(a, b) for a, b in spans if b - a >= least]


def swing(load: Floats) -> Floats:
    """The slope m of a wave m cos whose line is `load` times as long as its axis: 2/π E(-m²) = load."""
    slopes = np.linspace(0, 12, 241)
    longer = 2 / np.pi * ellipe(-(slopes**2))
    found: Floats = np.interp(load, longer, slopes)
    return found


def wobbling(run: Run, wave_mm: float, most_mm: float, phase: float = 0.0) -> Floats:
    """The points of a run, swung to and fro so that the line gets as long as it must be: `[M', 2]`.

    Args:
        wave_mm: length of a wave. most_mm: the largest swing to either side.
    """
    ahead = np.gradient(run.points, axis=0)
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    way = ways(run.points)
    slope = gaussian_filter1d(swing(run.load), 0.25 * wave_mm / STEP_MM, mode="nearest")
    # a swing that would be too wide gets more waves instead
    far = slope * wave_mm / (2 * math.pi)
    closer = np.maximum(1.0, far / most_mm)
    turns = phase + np.concatenate([[0], np.cumsum(np.diff(way) * (closer[1:] + closer[:-1]) / 2)]) / wave_mm
    # points at the crests and where the line crosses its axis
    at = np.arange(math.ceil(4 * turns[0]), 4 * turns[-1]) / 4
    if len(at) < 2:
        return run.points[[0, -1]]
    where = np.interp(at, turns, way)
    middle, along = points_at(run.points, way, where), points_at(ahead, way, where)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    beside = np.interp(where, way, np.minimum(far, most_mm)) * np.sin(2 * math.pi * at)
    found: Floats = middle + beside[:, None] * normal
    return found
