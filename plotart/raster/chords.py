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

from plotart.raster.cpu.jit import jit, kernel
from plotart.raster.cpu.lanes import (
    WIDTH,
    arange,
    bitmask,
    fabs,
    full,
    highest_bit,
    lowest_bit,
    maximum,
    minimum,
    sqrt,
    where,
)
from plotart.raster.cpu.memory import load, store, to_records

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

ZERO, ONE, TWO, THREE, SIX, EIGHT, EIGHT_K = (np.float32(n) for n in (0, 1, 2, 3, 6, 8, 8192))
HALF, QUARTER = np.float32(0.5), np.float32(0.25)
REACH32, SPREAD32, DETOUR32, BENT32 = np.float32(REACH), np.float32(SPREAD), np.float32(DETOUR), np.float32(BENT)
SMOOTH, SHORTEST, HALF_TURN = np.float32(TURN_OF_CORNERS), np.float32(1e-6), np.float32(3.2)
NEAR_END = np.float32(0.75)  # of the softness: a chord further from the stroke's end sees no cap
EDGE = np.float32(0.01)  # px of overlap between the pixels of neighbouring chords
FOLLOWS, LOOSE, SHARP = np.float32(0.8), np.float32(2.5), np.float32(0.3)


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
def records_of(line, begin, end, records):
    """The rows of the chords of one stroke, side by side: `records [8 (end - begin)]`, see `from_records`."""
    for c in range(begin, end, WIDTH):
        columns = (
            load(line.x, c), load(line.y, c), load(line.tx, c), load(line.ty, c), load(line.length, c),
            load(line.arc, c), load(line.marks, c), load(line.after, c),
        )  # fmt: skip
        to_records(records, c - begin, columns)


@jit
def marks_of(packed):
    """Marks, LOW and HIGH of a chord: 3 + 10 + 10 bits, which a float32 holds exactly."""
    bits = int(packed)
    return bits & 7, (bits >> 3) & 1023, bits >> 13


@kernel
def chord_table(strokes, points, half, softness, counts, first, table):
    """Fill `table [8, chords + PADDING]` for some strokes: what the kernels need of each chord.

    Args:
        points: `[M, 1+3S, 2]` px. half: `[M]` px. counts: `[M, S]`, all 0 for strokes that are not drawn.
        first: `[M+1]`, the first chord of each stroke.
    """
    own = np.zeros((ROWS_OF_TABLE, MOST_CHORDS + 2 * WIDTH), np.float32)
    turn, low, high = (
        np.zeros(own.shape[1], np.float32),
        np.zeros(own.shape[1], np.float32),
        np.zeros(own.shape[1], np.float32),
    )
    for i in strokes:
        begin, count = first[i], first[i + 1] - first[i]
        if count > 0:
            reach, line = half[i] + REACH32 * softness, rows_of(own)
            _cut(points[i], counts[i], line)
            _overlaps(line, count, reach, turn)
            _crowds(line, count, reach, softness, turn, low, high)
            _mark(line, count, softness, low, high)
            for row in range(ROWS_OF_TABLE):
                for c in range(count):
                    table[row, begin + c] = own[row, c]


@jit
def _cut(points, counts, line):
    """Places, directions and lengths of the chords of one stroke.

    Of a cubic, B(m + h/2) - B(m - h/2) = h B'(m) + h^3/24 d3B/dt3, which loses no digits far from the origin.
    """
    c = 0
    for j in range(counts.shape[0]):
        p, h = 3 * j, ONE / np.float32(counts[j])
        x0, y0 = points[p, 0], points[p, 1]
        ax, ay = points[p + 1, 0] - x0, points[p + 1, 1] - y0
        bx, by = points[p + 2, 0] - points[p + 1, 0], points[p + 2, 1] - points[p + 1, 1]
        cx, cy = points[p + 3, 0] - points[p + 2, 0], points[p + 3, 1] - points[p + 2, 1]
        jerk_x, jerk_y = h * h * h * QUARTER * (ax - bx - bx + cx), h * h * h * QUARTER * (ay - by - by + cy)
        for step in range(0, counts[j], WIDTH):
            t = (arange() + step) * h
            m = t + HALF * h
            r, n = ONE - t, ONE - m
            b1, b2, b3 = t * (THREE * r * r + THREE * r * t + t * t), t * t * (THREE * r + t), t * t * t
            d1, d2, d3 = THREE * h * n * n, SIX * h * n * m, THREE * h * m * m
            dx, dy = d1 * ax + d2 * bx + d3 * cx + jerk_x, d1 * ay + d2 * by + d3 * cy + jerk_y
            length = sqrt(dx * dx + dy * dy)
            some = length >= SHORTEST  # else no direction: a dot, filtered as if it lay along x
            store(line.x, c + step, b1 * ax + b2 * bx + b3 * cx + x0)
            store(line.y, c + step, b1 * ay + b2 * by + b3 * cy + y0)
            store(line.tx, c + step, where(some, dx / length, ONE))
            store(line.ty, c + step, where(some, dy / length, ZERO))
            store(line.length, c + step, where(some, length, ZERO))
        c += counts[j]


@jit
def _overlaps(line, count, reach, turn):
    """How far past its end a chord owns pixels; turn of the stroke (radians, a little less) and its length before it.

    The fan of pixels nearest to a vertex belongs to the chord that ends there, so that no two chords tie.
    """
    for c in range(0, count, WIDTH):
        tx, ty, ux, uy = load(line.tx, c), load(line.ty, c), load(line.tx, c + 1), load(line.ty, c + 1)
        cosine, sine = tx * ux + ty * uy, fabs(tx * uy - ty * ux)
        acute = cosine > ZERO
        bend = where(acute, sine / sqrt(HALF + HALF * maximum(cosine, ZERO)), sqrt(maximum(TWO - TWO * cosine, ZERO)))
        dot = (load(line.length, c) == ZERO) | (load(line.length, c + 1) == ZERO)
        store(turn, c, where(dot, HALF_TURN, bend))
        store(line.after, c, where(acute, reach * sine, reach) + EDGE)
    line.after[count - 1] = reach + EDGE
    arc, turned = 0.0, 0.0
    for c in range(count):
        line.arc[c] = arc
        arc += line.length[c]
        bend, turn[c] = turn[c], turned
        turned += bend


@jit
def _mark(line, count, softness, low, high):
    """Which chords are near a cap, and which are CROWDED, by which range of chords."""
    whole = line.arc[count - 1] + line.length[count - 1]
    for c in range(0, count, WIDTH):
        arc, last = load(line.arc, c), load(high, c)
        marks = where(arc <= NEAR_END * softness, START, full(ZERO))
        marks += where(whole - arc - load(line.length, c) <= NEAR_END * softness, END, full(ZERO))
        marks += where(last > ZERO, CROWDED + EIGHT * load(low, c) + EIGHT_K * last, full(ZERO))
        store(line.marks, c, marks)


@jit
def _crowds(line, count, reach, softness, turn, low, high):
    """The range low..high of chords that a chord's pixels may see within reach of their sub-pixels; 0..0 for none.

    Between two chords with less than `TURN_OF_CORNERS` of turn there is neither the angle of BENT nor a detour.
    """
    for c in range(0, count, WIDTH):
        store(low, c, full(ZERO))
        store(high, c, full(ZERO))
    if turn[count - 1] < SMOOTH:
        return
    for c in range(count):
        half, arc, turned = HALF * line.length[c], line.arc[c], turn[c]
        tx, ty = line.tx[c], line.ty[c]
        x, y = line.x[c] + tx * half, line.y[c] + ty * half
        if turned < SMOOTH and turn[count - 1] - turned < SMOOTH:
            continue
        first, last, o = count, 0, 0
        while o < count:
            ux, uy, along = load(line.tx, o), load(line.ty, o), HALF * load(line.length, o)
            dx, dy = load(line.x, o) + ux * along - x, load(line.y, o) + uy * along - y
            slack, far2 = along + half, dx * dx + dy * dy
            limit = slack + TWO * reach
            seen = (far2 <= limit * limit) & (fabs(load(turn, o) - turned) >= SMOOTH) & (arange() < count - o)
            if bitmask(seen) != 0:
                far = sqrt(far2)
                way = fabs(load(line.arc, o) + along - (arc + half))
                follows = fabs(dx * tx + dy * ty) > FOLLOWS * far  # on one arc both ways grow together
                detour = way - DETOUR32 * far + where(follows, HALF, full(LOOSE)) * slack > HALF * softness
                bent = fabs(tx * ux + ty * uy) < BENT32
                near = maximum(far - slack, ZERO)
                found = bitmask(
                    seen & (bent | detour) & _in_sight(line.after[c], tx, ty, dx, dy, near, slack, reach, softness)
                )
                if found != 0:
                    first, last = min(first, o + lowest_bit(found)), o + highest_bit(found) + 1
            o += WIDTH
            if bitmask(seen) == 0 and o < count:  # nothing nearer comes before the stroke is so much longer
                dx, dy = line.x[o] - x, line.y[o] - y
                skip = line.arc[o] + math.sqrt(dx * dx + dy * dy) - TWO * reach - half
                while o + WIDTH < count and line.arc[o + WIDTH] < skip:
                    o += WIDTH
        if last > 0:
            low[c], high[c] = first, last


@jit
def _in_sight(after, tx, ty, dx, dy, near, slack, reach, softness):
    """Whether chords at (dx, dy) from a chord of direction (tx, ty) crowd it.

    A pixel at distance d <= reach of a chord along its normal n sees a point at D from it at a distance of at most
    min(reach, d + SPREAD) only if D^2 <= 2 d |n.D| + reach^2 - d^2 for a d in reach - SPREAD .. reach. In the fan of a
    sharp vertex n can be any direction.
    """
    across = near
    if after <= SHARP * reach:
        across = minimum(fabs(dy * tx - dx * ty) + slack, near)
    d = minimum(maximum(across, max(reach - SPREAD32 * softness, ZERO)), reach)
    return near * near <= d * across * TWO + (reach * reach - d * d)
