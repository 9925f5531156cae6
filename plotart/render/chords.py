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

# columns of the chord table: start, direction, length; how far before and past itself it owns pixels; length of the
# stroke before it; widths of the edge filter and their inverses; marks; the range of the chords of its stroke that make
# it CROWDED; how far the stroke has turned before it. 64 bytes: one cache line.
X, Y, TX, TY, LENGTH, BEFORE, AFTER, ARC, WIDE, NARROW, PER_WIDE, PER_NARROW, MARKS, LOW, HIGH, TURN = range(16)

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


@kernel
def chord_table(strokes, points, half, softness, counts, first, table):
    """Fill `table [chords, 16]` for some strokes: what the kernels need of each chord.

    Args:
        points: `[M, 1+3S, 2]` px. half: `[M]` px. counts: `[M, S]`, all 0 for strokes that are not drawn.
        first: `[M+1]`, the first chord of each stroke.
    """
    for i in strokes:
        begin, end = first[i], first[i + 1]
        if end > begin:
            reach = half[i] + REACH * softness
            _cut(points[i], counts[i], begin, table)
            _overlaps(table, begin, end, reach)
            _mark_ends(table, begin, end, softness)
            _mark_crowded(table, begin, end, reach, softness)


@jit
def _cut(points, counts, begin, table):
    """Chords of one stroke, in float64 until they are stored."""
    c = begin
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
            table[c, X], table[c, Y], table[c, TX], table[c, TY] = x0, y0, dx, dy
            table[c, LENGTH], table[c, ARC] = length, arc
            wide, narrow = max(abs(dx), abs(dy)), max(min(abs(dx), abs(dy)), THINNEST)
            table[c, WIDE], table[c, NARROW], table[c, PER_WIDE], table[c, PER_NARROW] = (
                wide,
                narrow,
                1 / wide,
                1 / narrow,
            )
            arc += length
            x0, y0 = x1, y1
            c += 1


@jit
def _overlaps(table, begin, end, reach):
    """How far past its ends a chord owns pixels, and the turn of the stroke before it (radians, a little less).

    The fan of pixels nearest to a vertex belongs to the chord that ends there, so that no two chords tie.
    """
    turn = 0.0
    for c in range(begin, end):
        after = reach
        table[c, TURN] = turn
        if c + 1 < end:
            cosine = table[c, TX] * table[c + 1, TX] + table[c, TY] * table[c + 1, TY]
            if table[c, LENGTH] == 0.0 or table[c + 1, LENGTH] == 0.0:
                turn += 3.2
            else:
                turn += 2.0 * math.sqrt(max(0.0, 0.5 - 0.5 * cosine))
                if cosine > 0.0:
                    after = reach * math.sqrt(max(0.0, 1.0 - cosine * cosine))
        table[c, BEFORE], table[c, AFTER] = (reach + 0.01 if c == begin else 0.0), after + 0.01


@jit
def _mark_ends(table, begin, end, softness):
    whole = table[end - 1, ARC] + table[end - 1, LENGTH]
    for c in range(begin, end):
        marks = 0
        if table[c, ARC] <= 0.75 * softness:
            marks |= START
        if whole - table[c, ARC] - table[c, LENGTH] <= 0.75 * softness:
            marks |= END
        table[c, MARKS], table[c, LOW], table[c, HIGH] = marks, end - begin, 0


@jit
def _mark_crowded(table, begin, end, reach, softness):
    """Chords whose pixels may see another part of the stroke within reach of their sub-pixels.

    Between two chords with less than `TURN_OF_CORNERS` of turn there is neither the angle of BENT nor a detour.
    """
    smooth = np.float32(TURN_OF_CORNERS)
    if table[end - 1, TURN] < smooth:
        return
    spread = np.float32(SPREAD * softness)
    most = np.float32(2) * np.float32(reach)
    ahead = begin
    for c in range(begin, end):
        while ahead < end and table[ahead, TURN] - table[c, TURN] < smooth:
            ahead += 1
        if ahead == end:
            return
        half = np.float32(0.5) * table[c, LENGTH]
        x, y = table[c, X] + table[c, TX] * half, table[c, Y] + table[c, TY] * half
        skip = np.float32(-1)
        for o in range(ahead, end):
            if table[o, ARC] < skip:
                continue
            along = np.float32(0.5) * table[o, LENGTH]
            dx = table[o, X] + table[o, TX] * along - x
            dy = table[o, Y] + table[o, TY] * along - y
            slack = half + along
            far, limit = dx * dx + dy * dy, most + slack
            if far > limit * limit:
                skip = table[o, ARC] + math.sqrt(far) - limit - along  # nothing nearer comes before
                continue
            far = math.sqrt(far)
            cosine = abs(table[c, TX] * table[o, TX] + table[c, TY] * table[o, TY])
            if cosine >= BENT:
                way = abs(table[o, ARC] + along - table[c, ARC] - half)
                follows = abs(dx * table[c, TX] + dy * table[c, TY]) > 0.8 * far  # on one arc both ways grow together
                if way - DETOUR * far + (0.5 if follows else 2.5) * slack <= 0.5 * softness:
                    continue
            _mark_pair(table, begin, c, o, dx, dy, max(far - slack, np.float32(0)), slack, reach, spread)
            _mark_pair(table, begin, o, c, dx, dy, max(far - slack, np.float32(0)), slack, reach, spread)


@jit
def _mark_pair(table, begin, c, o, dx, dy, near, slack, reach, spread):
    """Mark c CROWDED by o, at (dx, dy) from it.

    A pixel at distance d <= reach of chord c along its normal n sees a point at D from c at a distance of at most
    min(reach, d + SPREAD) only if D^2 <= 2 d |n.D| + reach^2 - d^2 for a d in reach - SPREAD .. reach. In the fan of a
    sharp vertex n can be any direction.
    """
    sharp = table[c, AFTER] > 0.3 * reach
    across = near if sharp else min(abs(dy * table[c, TX] - dx * table[c, TY]) + slack, near)
    d = min(max(across, reach - spread, 0.0), reach)
    if near * near <= 2 * d * across + reach * reach - d * d:
        table[c, MARKS] = np.float32(int(table[c, MARKS]) | CROWDED)
        table[c, LOW] = min(table[c, LOW], np.float32(o - begin))
        table[c, HIGH] = max(table[c, HIGH], np.float32(o - begin + 1))


@jit
def spread_to_points(vertex, counts, out):
    """Chain rule of the flattening: gradients of vertices `[K+1, 2]` -> `out [1+3S, 2]`, added."""
    v = 0
    for j in range(counts.shape[0]):
        p = 3 * j
        for step in range(counts[j] + 1):
            gx, gy = vertex[v + step, 0], vertex[v + step, 1]
            if j > 0 and step == 0:
                continue  # the shared vertex was spread as the end of the segment before
            t = step / counts[j]
            r = 1.0 - t
            b0, b1, b2, b3 = r * r * r, 3 * r * r * t, 3 * r * t * t, t * t * t
            out[p, 0] += b0 * gx
            out[p, 1] += b0 * gy
            out[p + 1, 0] += b1 * gx
            out[p + 1, 1] += b1 * gy
            out[p + 2, 0] += b2 * gx
            out[p + 2, 1] += b2 * gy
            out[p + 3, 0] += b3 * gx
            out[p + 3, 1] += b3 * gy
        v += counts[j]
