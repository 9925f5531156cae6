"""Coverage of one pixel by one stroke, and its derivatives (numba, float32 scalars).

The edge of a stroke is filtered by a box as wide as the pixel times `softness`. Seen along a chord's unit normal n that
box is a trapezoid whose widths are a = s max(|n_x|, |n_y|) and b = s min(|n_x|, |n_y|); F is its integral. Then

    coverage = F(d + h) - F(d - h),     d = distance to the chord, h = half the pen's width,

is the exact box filter of a straight stroke. Where a pixel holds more than one straight edge (within a pixel of a cap,
or where two parts of the stroke meet) it is the mean of the same expression over 4 x 4 sub-pixels.
"""

from __future__ import annotations

import math

import numpy as np

from plotart.render.chords import (
    ARC,
    BENT,
    CROWDED,
    DETOUR,
    END,
    LENGTH,
    SPREAD,
    START,
    SUBSAMPLES,
    TX,
    TY,
    X,
    Y,
    jit,
)

ZERO, HALF, ONE, TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
THINNEST = np.float32(1e-6)  # narrow side of the trapezoid; keeps 1 / b finite for edges along a grid line
FAR = np.float32(1e30)
CELL = np.float32(1 / SUBSAMPLES)
CELLS = np.float32(1 / SUBSAMPLES**2)
SPREAD32, DETOUR32, BENT32 = np.float32(SPREAD), np.float32(DETOUR), np.float32(BENT)


@jit
def integral(t, a, b):
    """F(t): the part of the filter below t."""
    q = HALF * (a + b) - abs(t)
    if q <= ZERO:
        tail = ZERO
    elif q < b:
        tail = q * (q / b) / (TWO * a)
    else:
        tail = HALF - abs(t) / a
    return ONE - tail if t > ZERO else tail


@jit
def slopes(t, a, b):
    """dF/dt, dF/da, dF/db."""
    u = abs(t)
    q = HALF * (a + b) - u
    if q <= ZERO:
        return ZERO, ZERO, ZERO
    if q < b:
        r = q / b
        along, wide, narrow = r / a, r * (a - q) / (TWO * a * a), r * (b - q) / (TWO * a * b)
    else:
        along, wide, narrow = ONE / a, u / (a * a), ZERO
    return (along, -wide, -narrow) if t > ZERO else (along, wide, narrow)


@jit
def widths(tx, ty, softness):
    """Widths (a, b) of the trapezoid for a chord of direction t (its normal is (-ty, tx)), and da/dphi, db/dphi."""
    sine, cosine = abs(ty), abs(tx)
    by_sine = softness * (tx if ty > ZERO else -tx)  # d|ty|/dphi
    by_cosine = softness * (-ty if tx > ZERO else ty)  # d|tx|/dphi
    if sine > cosine:
        return softness * sine, max(softness * cosine, THINNEST), by_sine, by_cosine
    return softness * cosine, max(softness * sine, THINNEST), by_cosine, by_sine


@jit
def nearest(table, c, x, y):
    """Vector from chord c to a point, the place along the chord, and what was cut off to stay on it."""
    rx, ry = x - table[c, X], y - table[c, Y]
    along = rx * table[c, TX] + ry * table[c, TY]
    on = min(max(along, ZERO), table[c, LENGTH])
    return rx - on * table[c, TX], ry - on * table[c, TY], on, along - on


@jit
def sees_two(table, begin, end, c, x, y, softness):
    """Whether sub-samples of a pixel nearest to chord c may be nearest to another part of the stroke; and the chords."""
    ex, ey, on, _ = nearest(table, c, x, y)
    limit = math.sqrt(ex * ex + ey * ey) + SPREAD32 * softness
    limit *= limit
    low, high, two = c, c, False
    for o in range(begin, end):
        fx, fy, place, _ = nearest(table, o, x, y)
        if fx * fx + fy * fy > limit:
            continue
        low, high = min(low, o), max(high, o)
        if two or o == c:
            continue
        cosine = abs(table[c, TX] * table[o, TX] + table[c, TY] * table[o, TY])
        straight = math.sqrt((fx - ex) * (fx - ex) + (fy - ey) * (fy - ey))
        way = abs(table[o, ARC] + place - table[c, ARC] - on)
        two = cosine < BENT32 or way > DETOUR32 * straight + HALF * softness
    return two, low, high + 1


@jit
def past_ends(table, marks, begin, end, c, x, y):
    """How far a point lies past the stroke's first and last vertex along chord c; -FAR where that end is not near."""
    first, last = -FAR, -FAR
    if marks[c] & START:
        first = table[c, TX] * (table[begin, X] - x) + table[c, TY] * (table[begin, Y] - y)
    if marks[c] & END:
        e = end - 1
        ex, ey = table[e, X] + table[e, LENGTH] * table[e, TX], table[e, Y] + table[e, LENGTH] * table[e, TY]
        last = table[c, TX] * (x - ex) + table[c, TY] * (y - ey)
    return first, last


PLAIN, CAPPED, CORNERED = 0, 1, 2


@jit
def pixel_kind(table, marks, begin, end, c, x, y, softness):
    """How a pixel is covered: by one straight edge, by a cap, or by two parts of the stroke (with their chords)."""
    if marks[c] & CROWDED:
        two, low, high = sees_two(table, begin, end, c, x, y, softness)
        if two:
            return CORNERED, low, high
    if marks[c] & (START | END):
        first, last = past_ends(table, marks, begin, end, c, x, y)
        if max(first, last) > -HALF * softness * (abs(table[c, TX]) + abs(table[c, TY])):
            return CAPPED, c, c
    return PLAIN, c, c


@jit
def coverage(table, marks, begin, end, c, x, y, half, softness):
    """Coverage of the pixel centred at (x, y) by the stroke of chords begin..end, whose nearest chord is c."""
    kind, low, high = pixel_kind(table, marks, begin, end, c, x, y, softness)
    if kind == PLAIN:
        ex, ey, _, _ = nearest(table, c, x, y)
        d = math.sqrt(ex * ex + ey * ey)
        a, b, _, _ = widths(table[c, TX], table[c, TY], softness)
        return integral(d + half, a, b) - integral(d - half, a, b)
    if kind == CAPPED:
        return _capped(table, marks, begin, end, c, x, y, half, softness)
    return _cornered(table, low, high, x, y, half, softness)


@jit
def _capped(table, marks, begin, end, c, x, y, half, softness):
    tx, ty = table[c, TX], table[c, TY]
    first, last = past_ends(table, marks, begin, end, c, x, y)
    v = (y - table[c, Y]) * tx - (x - table[c, X]) * ty
    a, b, _, _ = widths(tx, ty, softness * CELL)
    total = ZERO
    for j in range(SUBSAMPLES):
        oy = softness * (CELL * (np.float32(j) + HALF) - HALF)
        for i in range(SUBSAMPLES):
            ox = softness * (CELL * (np.float32(i) + HALF) - HALF)
            shift = ox * tx + oy * ty
            u = max(max(first - shift, last + shift), ZERO)
            w = v + oy * tx - ox * ty
            d = math.sqrt(u * u + w * w)
            total += integral(d + half, a, b) - integral(d - half, a, b)
    return total * CELLS


@jit
def nearest_of(table, low, high, x, y):
    """The chord of low..high nearest to a point (the first of equals)."""
    best, chosen = FAR, low
    for c in range(low, high):
        ex, ey, _, _ = nearest(table, c, x, y)
        d2 = ex * ex + ey * ey
        if d2 < best:
            best, chosen = d2, c
    return chosen


@jit
def _cornered(table, low, high, x, y, half, softness):
    total = ZERO
    for j in range(SUBSAMPLES):
        sy = y + softness * (CELL * (np.float32(j) + HALF) - HALF)
        for i in range(SUBSAMPLES):
            sx = x + softness * (CELL * (np.float32(i) + HALF) - HALF)
            c = nearest_of(table, low, high, sx, sy)
            ex, ey, _, _ = nearest(table, c, sx, sy)
            d = math.sqrt(ex * ex + ey * ey)
            a, b, _, _ = widths(table[c, TX], table[c, TY], softness * CELL)
            total += integral(d + half, a, b) - integral(d - half, a, b)
    return total * CELLS


@jit
def add_gradient(table, marks, begin, end, c, x, y, half, softness, g, vertex, turn):
    """Add g times the derivatives of `coverage` to the vertices `vertex [K+1, 2]` and directions `turn [K]`.

    Returns g times the derivative by the half width.
    """
    kind, low, high = pixel_kind(table, marks, begin, end, c, x, y, softness)
    if kind == PLAIN:
        return _plain_gradient(table, begin, c, x, y, half, softness, g, vertex, turn)
    if kind == CAPPED:
        return _capped_gradient(table, marks, begin, end, c, x, y, half, softness, g, vertex, turn)
    wide = ZERO
    for j in range(SUBSAMPLES):
        sy = y + softness * (CELL * (np.float32(j) + HALF) - HALF)
        for i in range(SUBSAMPLES):
            sx = x + softness * (CELL * (np.float32(i) + HALF) - HALF)
            o = nearest_of(table, low, high, sx, sy)
            wide += _plain_gradient(table, begin, o, sx, sy, half, softness * CELL, g * CELLS, vertex, turn)
    return wide


@jit
def _plain_gradient(table, begin, c, x, y, half, softness, g, vertex, turn):
    ex, ey, on, _ = nearest(table, c, x, y)
    d = math.sqrt(ex * ex + ey * ey)
    a, b, a_turn, b_turn = widths(table[c, TX], table[c, TY], softness)
    outer, outer_a, outer_b = slopes(d + half, a, b)
    inner, inner_a, inner_b = slopes(d - half, a, b)
    k = c - begin
    length = table[c, LENGTH]
    if length > ZERO:
        turn[k] += g * ((outer_a - inner_a) * a_turn + (outer_b - inner_b) * b_turn)
    if d > ZERO:
        by_d = g * (outer - inner) / d
        share = on / length if length > ZERO else ZERO
        vertex[k, 0] -= by_d * ex * (ONE - share)
        vertex[k, 1] -= by_d * ey * (ONE - share)
        vertex[k + 1, 0] -= by_d * ex * share
        vertex[k + 1, 1] -= by_d * ey * share
    return g * (outer + inner)


@jit
def _capped_gradient(table, marks, begin, end, c, x, y, half, softness, g, vertex, turn):
    tx, ty = table[c, TX], table[c, TY]
    first, last = past_ends(table, marks, begin, end, c, x, y)
    along = (x - table[c, X]) * tx + (y - table[c, Y]) * ty
    v = (y - table[c, Y]) * tx - (x - table[c, X]) * ty
    a, b, a_turn, b_turn = widths(tx, ty, softness * CELL)
    by_a, by_b, by_half, by_v, by_first, by_last, by_turn = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    # dt/dphi = n and dn/dphi = -t turn the frame in which u and v are measured
    first_turn = (table[begin, Y] - y) * tx - (table[begin, X] - x) * ty
    e = end - 1
    last_x, last_y = table[e, X] + table[e, LENGTH] * table[e, TX], table[e, Y] + table[e, LENGTH] * table[e, TY]
    last_turn = (y - last_y) * tx - (x - last_x) * ty
    for j in range(SUBSAMPLES):
        oy = softness * (CELL * (np.float32(j) + HALF) - HALF)
        for i in range(SUBSAMPLES):
            ox = softness * (CELL * (np.float32(i) + HALF) - HALF)
            shift, side = ox * tx + oy * ty, oy * tx - ox * ty
            from_first, from_last = first - shift, last + shift
            u = max(max(from_first, from_last), ZERO)
            w = v + side
            d = math.sqrt(u * u + w * w)
            outer, outer_a, outer_b = slopes(d + half, a, b)
            inner, inner_a, inner_b = slopes(d - half, a, b)
            by_half += outer + inner
            by_a += outer_a - inner_a
            by_b += outer_b - inner_b
            if d > ZERO:
                by_d = (outer - inner) / d
                by_v += by_d * w
                by_turn -= by_d * w * (along + shift)
                if u > ZERO:
                    if from_first >= from_last:
                        by_first += by_d * u
                        by_turn += by_d * u * (first_turn - side)
                    else:
                        by_last += by_d * u
                        by_turn += by_d * u * (last_turn + side)
    g *= CELLS
    k, n = c - begin, end - begin
    vertex[0, 0] += g * by_first * tx
    vertex[0, 1] += g * by_first * ty
    vertex[n, 0] -= g * by_last * tx
    vertex[n, 1] -= g * by_last * ty
    vertex[k, 0] += g * by_v * ty
    vertex[k, 1] -= g * by_v * tx
    if table[c, LENGTH] > ZERO:
        turn[k] += g * (by_turn + by_a * a_turn + by_b * b_turn)
    return g * by_half


@jit
def turn_to_vertices(table, begin, end, vertex, turn):
    """dphi = n . (dV1 - dV0) / L: gradients of directions become gradients of the vertices."""
    for c in range(begin, end):
        k = c - begin
        if turn[k] != ZERO:
            g = turn[k] / table[c, LENGTH]
            vertex[k, 0] += g * table[c, TY]
            vertex[k, 1] -= g * table[c, TX]
            vertex[k + 1, 0] -= g * table[c, TY]
            vertex[k + 1, 1] += g * table[c, TX]
