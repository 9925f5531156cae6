# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Strokes as chords: the flattening that every backend shares, and what the CPU kernels keep of each chord.

A cubic segment becomes K equal steps of its parameter, with

    K = ceil(sqrt(6 e / (8 tolerance))),   e = max(|P0 - 2 P1 + P2|, |P1 - 2 P2 + P3|),

so that no point of the curve is further than `TOLERANCE` px from its chord (|B''| <= 6 e), and K >= `LEAST_CHORDS`: a
straight stroke drawn as one chord would not feel its inner control points and never learn to bend. A stroke is cut into
at most `MOST_CHORDS` chords; the bound no longer holds for strokes hundreds of canvases long.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from plotart.render.jit import jit, kernel

TOLERANCE = 0.02  # px, the largest distance between a curve and its chords
LEAST_CHORDS = 12  # of one segment
MOST_CHORDS = 1000  # of one stroke: the number of a chord must fit 10 bits
REACH = 0.7072  # half the diagonal of a pixel, rounded up: no edge filter reaches further (px at softness 1)
CAP_CELLS, CORNER_CELLS = 4, 3  # sub-pixels a side, where a pixel holds more than one straight edge
SPREAD = 1.06  # px a sub-pixel's nearest distance may differ from the pixel's; beyond, no corner is looked for
BENT = 0.85  # |cos| of the angle between two chords below which a pixel that sees both holds a corner
DETOUR = 1.5  # ... or the ratio of the way along the stroke to the straight way

START, END, CROWDED = (
    1,
    2,
    4,
)  # marks of a chord: near a cap, near another part of the stroke

THINNEST = 1e-6  # narrow side of an edge filter: keeps 1 / b finite for chords along a grid line

# Rows of the chord table: start, direction, length; length of the stroke before it; marks, with the range LOW..HIGH of
# the chords of its stroke that make it CROWDED (see `marks_of`); how far past its end it owns pixels. 32 bytes a chord.
X, Y, TX, TY, LENGTH, ARC, MARKS, AFTER = range(8)
ROWS_OF_TABLE = 8
PADDING = 16  # chords after the last one that may be read, never used

TURN_OF_CORNERS = 0.53  # rad, less than acos(BENT)


@jit
def segment_chords(points, segment, most):
    """Number of chords of one cubic segment of `points [1+3S, 2]` px, at most `most`."""
    largest = 0.0
    for j in range(3 * segment, 3 * segment + 2):
        dx = float(points[j, 0]) - 2.0 * float(points[j + 1, 0]) + float(points[j + 2, 0])
        dy = float(points[j, 1]) - 2.0 * float(points[j + 1, 1]) + float(points[j + 2, 1])
        largest = max(largest, dx * dx + dy * dy)
    count = math.ceil(math.sqrt(6.0 * math.sqrt(largest) / (8.0 * TOLERANCE)))
    return int(min(max(count, float(LEAST_CHORDS)), float(most)))


@jit
def chord_counts(points):
    """Number of chords of each segment: `points [M, 1+3S, 2]` px -> `[M, S]` int32."""
    segments = (points.shape[1] - 1) // 3
    most = MOST_CHORDS // segments
    counts = np.empty((points.shape[0], segments), np.int32)
    for i in range(points.shape[0]):
        for j in range(segments):
            counts[i, j] = segment_chords(points[i], j, most)
    return counts


@jit
def on_canvas(points, half, softness, rows, cols):
    """Which strokes can touch the canvas: their control points' bounding box, widened by the pen and the filter."""
    seen = np.empty(points.shape[0], np.bool_)
    for i in range(points.shape[0]):
        reach = half[i] + REACH * softness
        left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
        for j in range(points.shape[1]):
            left, right = min(left, points[i, j, 0]), max(right, points[i, j, 0])
            top, bottom = min(top, points[i, j, 1]), max(bottom, points[i, j, 1])
        seen[i] = right + reach > 0 and left - reach < cols and bottom + reach > 0 and top - reach < rows
    return seen


class Line(NamedTuple):
    """The rows of a chord table."""

    x: Any
    y: Any
    tx: Any
    ty: Any
    length: Any
    arc: Any
    marks: Any
    after: Any


@jit
def rows_of(table):
    """`Line` of a table `[8, chords + PADDING]`."""
    return Line(table[X], table[Y], table[TX], table[TY], table[LENGTH], table[ARC], table[MARKS], table[AFTER])


@jit
def pack_marks(marks, low, high):
    """Marks and a range of chords, at most `MOST_CHORDS`, in 23 bits: a float32 holds them exactly."""
    return np.float32(marks | (low << 3) | (high << 13))


@jit
def marks_of(packed):
    """The marks, LOW and HIGH that `pack_marks` packed."""
    bits = int(packed)
    return bits & 7, (bits >> 3) & 1023, bits >> 13


@kernel
def chord_table(strokes, points, half, softness, counts, first, table):
    """Fill `table [8, chords + PADDING]` for some strokes: what the kernels need of each chord.

    Args:
        points: `[M, 1+3S, 2]` px. half: `[M]` px. counts: `[M, S]`, all 0 for strokes that are not drawn.
        first: `[M+1]`, the first chord of each stroke.
    """
    local, turn, crowd = np.empty((ROWS_OF_TABLE, MOST_CHORDS + 32), np.float32), np.empty(MOST_CHORDS + 32, np.float32), np.empty((2, MOST_CHORDS + 32), np.int64)
    for i in strokes:
        begin, count = first[i], first[i + 1] - first[i]
        if count > 0:
            reach = half[i] + np.float32(REACH) * softness
            _cut(points[i], counts[i], local)
            _overlaps(local, count, reach, turn)
            _crowds(local, count, reach, softness, turn, crowd)
            _mark(local, count, softness, crowd)
            for row in range(ROWS_OF_TABLE):
                for c in range(count):
                    table[row, begin + c] = local[row, c]


@jit
def _cut(points, counts, local):
    """Chords of one stroke, in float64 until they are stored."""
    c = 0
    arc = 0.0
    x0, y0 = float(points[0, 0]), float(points[0, 1])
    for j in range(counts.shape[0]):
        p = 3 * j
        for step in range(1, counts[j] + 1):
            t = step / counts[j]
            r = 1.0 - t
            b0, b1, b2, b3 = r * r * r, 3 * r * r * t, 3 * r * t * t, t * t * t
            x1 = b0 * points[p, 0] + b1 * points[p + 1, 0] + b2 * points[p + 2, 0] + b3 * points[p + 3, 0]
            y1 = b0 * points[p, 1] + b1 * points[p + 1, 1] + b2 * points[p + 2, 1] + b3 * points[p + 3, 1]
            dx, dy = x1 - x0, y1 - y0
            length = math.sqrt(dx * dx + dy * dy)
            if length < 1e-6:  # no direction: a dot, filtered as if it lay along x
                dx, dy, length = 1.0, 0.0, 0.0
            else:
                dx, dy = dx / length, dy / length
            local[X, c], local[Y, c], local[TX, c], local[TY, c] = x0, y0, dx, dy
            local[LENGTH, c], local[ARC, c] = length, arc
            arc += length
            x0, y0 = x1, y1
            c += 1


@jit
def _overlaps(local, count, reach, turn_before):
    """How far past its end a chord owns pixels, and the turn of the stroke before it (radians, a little less).

    The fan of pixels nearest to a vertex belongs to the chord that ends there, so that no two chords tie.
    """
    turn = 0.0
    for c in range(count):
        after = reach
        turn_before[c] = turn
        if c + 1 < count:
            cosine = local[TX, c] * local[TX, c + 1] + local[TY, c] * local[TY, c + 1]
            if local[LENGTH, c] == 0.0 or local[LENGTH, c + 1] == 0.0:
                turn += 3.2
            else:
                turn += 2.0 * math.sqrt(max(0.0, 0.5 - 0.5 * cosine))
                if cosine > 0.0:
                    after = reach * math.sqrt(max(0.0, 1.0 - cosine * cosine))
        local[AFTER, c] = after + 0.01


@jit
def _mark(local, count, softness, crowd):
    """Which chords are near a cap or CROWDED."""
    whole = local[ARC, count - 1] + local[LENGTH, count - 1]
    for c in range(count):
        marks = 0
        if local[ARC, c] <= 0.75 * softness:
            marks |= START
        if whole - local[ARC, c] - local[LENGTH, c] <= 0.75 * softness:
            marks |= END
        if crowd[1, c] > 0:
            local[MARKS, c] = pack_marks(marks | CROWDED, crowd[0, c], crowd[1, c])
        else:
            local[MARKS, c] = pack_marks(marks, 0, 0)


@jit
def _crowds(local, count, reach, softness, turn, crowd):
    """The range `crowd [2, chords]` of chords that a chord's pixels may see within reach of their sub-pixels.

    0..0 for none. Between two chords with less than `TURN_OF_CORNERS` of turn there is neither the angle of BENT nor a
    detour.
    """
    for c in range(count):
        crowd[0, c], crowd[1, c] = count, 0
    smooth = np.float32(TURN_OF_CORNERS)
    if turn[count - 1] < smooth:
        return
    spread = np.float32(SPREAD) * softness
    most = np.float32(2) * reach
    ahead = 0
    for c in range(count):
        while ahead < count and turn[ahead] - turn[c] < smooth:
            ahead += 1
        if ahead == count:
            return
        half = np.float32(0.5) * local[LENGTH, c]
        x, y = local[X, c] + local[TX, c] * half, local[Y, c] + local[TY, c] * half
        skip = np.float32(-1)
        for o in range(ahead, count):
            if local[ARC, o] < skip:
                continue
            along = np.float32(0.5) * local[LENGTH, o]
            dx = local[X, o] + local[TX, o] * along - x
            dy = local[Y, o] + local[TY, o] * along - y
            slack = half + along
            far, limit = dx * dx + dy * dy, most + slack
            if far > limit * limit:
                skip = local[ARC, o] + math.sqrt(far) - limit - along  # nothing nearer comes before
                continue
            far = math.sqrt(far)
            cosine = abs(local[TX, c] * local[TX, o] + local[TY, c] * local[TY, o])
            if cosine >= BENT:
                way = abs(local[ARC, o] + along - local[ARC, c] - half)
                follows = abs(dx * local[TX, c] + dy * local[TY, c]) > 0.8 * far  # on one arc both ways grow together
                if way - DETOUR * far + (0.5 if follows else 2.5) * slack <= 0.5 * softness:
                    continue
            near = max(far - slack, np.float32(0))
            _crowd(local, c, o, dx, dy, near, slack, reach, spread, crowd)
            _crowd(local, o, c, dx, dy, near, slack, reach, spread, crowd)


@jit
def _crowd(local, c, o, dx, dy, near, slack, reach, spread, crowd):
    """Let o, at (dx, dy) from c, crowd c.

    A pixel at distance d <= reach of chord c along its normal n sees a point at D from c at a distance of at most
    min(reach, d + SPREAD) only if D^2 <= 2 d |n.D| + reach^2 - d^2 for a d in reach - SPREAD .. reach. In the fan of a
    sharp vertex n can be any direction.
    """
    sharp = local[AFTER, c] > 0.3 * reach
    across = near if sharp else min(abs(dy * local[TX, c] - dx * local[TY, c]) + slack, near)
    d = min(max(across, reach - spread, 0.0), reach)
    if near * near <= 2 * d * across + reach * reach - d * d:
        crowd[0, c], crowd[1, c] = min(crowd[0, c], o), max(crowd[1, c], o + 1)
