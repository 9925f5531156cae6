"""Strokes that stay beside each other: of a step, that part is taken back which lays lines of a pen over each other.

A network moves strokes wherever its gradient leads, and by then lines that were laid side by side lie in a tangle.
Here a step is judged like the motion of bodies that touch: the strokes of every crossing that it makes go back to
where they were, and so, until there is none, do those that cross them there.
"""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.primitives.strokes import Strokes

__all__ = ["Apart", "crossing_pairs", "one_tangent_"]

SAMPLES = 8
"""Points of a segment between which a stroke is taken to be straight."""

Ints = NDArray[np.int64]


class Apart:
    """Keeps the strokes of each pen from crossing others of it, and themselves, more than they do in `drawing`.

    Raises:
        InputError: it is not made of strokes, or their pens are still to be chosen.
    """

    def __init__(self, drawing: Drawing) -> None:
        if not isinstance(drawing.primitive, Strokes) or not drawing.ink.settled:
            raise InputError("stages: apart is for strokes whose pens are chosen for good; leave it out")
        self.pen = drawing.ink.chosen().cpu().numpy().astype(np.int64)
        self.before = drawing.primitive.points.detach().clone()
        self.known = self._pairs(drawing.primitive)

    def settle_(self, drawing: Drawing) -> int:
        """Smooth the joints, and take back what makes crossings of the last step; how many strokes that were."""
        strokes = drawing.primitive
        assert isinstance(strokes, Strokes)
        one_tangent_(strokes.points)
        back = torch.zeros(len(strokes), dtype=torch.bool, device=strokes.points.device)
        while True:
            pairs = self._pairs(strokes)
            fresh = np.setdiff1d(pairs, self.known, assume_unique=True)
            crossed = torch.from_numpy(np.concatenate([fresh // len(strokes), fresh % len(strokes)])).to(back.device)
            if bool(back[crossed].all()):
                break  # none, or such as rounding makes of strokes that are where they were
            back[crossed] = True
            with torch.no_grad():
                strokes.points[back] = self.before[back]
        self.known = pairs
        self.before = strokes.points.detach().clone()
        return int(back.sum())

    def _pairs(self, strokes: Strokes) -> Ints:
        with torch.no_grad():
            lines = strokes.polyline(SAMPLES).double().cpu().numpy()
        return crossing_pairs(lines, self.pen)


def crossing_pairs(lines: NDArray[np.float64], group: Ints) -> Ints:
    """Which of the polylines `[N, M, 2]` of a group cross: i N + j, i <= j, ascending; i = j crosses itself.

    Args:
        group: `[N]`, from 0 on.
    """
    if not len(lines):
        return np.zeros(0, dtype=np.int64)
    pieces = np.linalg.norm(np.diff(lines, axis=1), axis=-1)
    cell = max(2.0 * float(pieces.mean()), 1e-6)
    low = lines.reshape(-1, 2).min(axis=0)
    shape = ((lines.reshape(-1, 2).max(axis=0) - low) / cell).astype(np.int64) + 1
    cell *= max(1.0, float(shape.prod() / 4e6) ** 0.5)  # far-flung points must not cost memory
    shape = ((lines.reshape(-1, 2).max(axis=0) - low) / cell).astype(np.int64) + 1
    scaled = np.ascontiguousarray((lines - low) / cell)
    return np.unique(_pairs(scaled, group, int(shape[0]), int(shape[1])))


@torch.no_grad()
def one_tangent_(points: Tensor) -> None:
    """Turn the handles at each inner joint of `points [N, 1+3S, 2]` into one line; their lengths stay."""
    for joint in range(3, points.shape[1] - 1, 3):
        here = points[:, joint]
        back, forth = here - points[:, joint - 1], points[:, joint + 1] - here
        along = back + forth
        size = along.norm(dim=-1, keepdim=True)
        along = torch.where(size > 1e-9, along / size.clamp_min(1e-9), torch.zeros_like(along))
        points[:, joint - 1] = here - back.norm(dim=-1, keepdim=True) * along
        points[:, joint + 1] = here + forth.norm(dim=-1, keepdim=True) * along


@njit(cache=True)
def _pairs(lines, group, width, height):  # type: ignore[no-untyped-def]
    """Pairs of lines `[N, M, 2]`, in cells, that cross; some more than once."""
    count, pieces = len(lines), lines.shape[1] - 1
    first, held = _by_cell(lines, width, height)
    found, used = np.empty(256, np.int64), 0
    for place in range(width * height):
        for k in range(first[place], first[place + 1]):
            n, m = held[k] // pieces, held[k] % pieces
            for h in range(first[place], k):
                o, p = held[h] // pieces, held[h] % pieces
                if group[n] != group[o] or (n == o and abs(m - p) < 2):
                    continue
                if _meet(lines[n, m], lines[n, m + 1], lines[o, p], lines[o, p + 1]):
                    if used == len(found):
                        found = np.concatenate((found, np.empty_like(found)))
                    found[used] = min(n, o) * count + max(n, o)
                    used += 1
    return found[:used].copy()


@njit(cache=True)
def _by_cell(lines, width, height):  # type: ignore[no-untyped-def]
    """The pieces of lines, n (M - 1) + m, one cell after the other, and where those of each begin `[cells + 1]`."""
    count, pieces = len(lines), lines.shape[1] - 1
    first = np.zeros(width * height + 2, np.int64)
    for n in range(count):
        for m in range(pieces):
            left, top, right, bottom = _box(lines[n, m], lines[n, m + 1])
            for j in range(top, bottom + 1):
                first[j * width + left + 2 : j * width + right + 3] += 1
    first = first.cumsum()
    held = np.empty(first[-1], np.int64)
    for n in range(count):
        for m in range(pieces):
            left, top, right, bottom = _box(lines[n, m], lines[n, m + 1])
            for j in range(top, bottom + 1):
                for place in range(j * width + left + 1, j * width + right + 2):
                    held[first[place]] = n * pieces + m
                    first[place] += 1
    return first[:-1], held


@njit(cache=True)
def _box(a, b):  # type: ignore[no-untyped-def]
    """Cells that a piece from a to b may lie in: the first and the last of columns and rows."""
    return int(min(a[0], b[0])), int(min(a[1], b[1])), int(max(a[0], b[0])), int(max(a[1], b[1]))


@njit(cache=True)
def _meet(a, b, c, d):  # type: ignore[no-untyped-def]
    """Whether the line from a to b crosses that from c to d."""
    left = _side(a, b, c) * _side(a, b, d)
    return left < 0 and _side(c, d, a) * _side(c, d, b) < 0


@njit(cache=True)
def _side(a, b, p):  # type: ignore[no-untyped-def]
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
