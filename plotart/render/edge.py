# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Coverage of one pixel by one stroke, and its derivatives (numba, float32 scalars).

The edge of a stroke is filtered by a box as wide as the pixel times `softness`. Seen along a chord's unit normal n that
box is a trapezoid whose widths are a = s max(|n_x|, |n_y|) and b = s min(|n_x|, |n_y|); F is its integral. Then

    coverage = F(d + h) - F(d - h),     d = distance to the chord, h = half the pen's width,

is the exact box filter of a straight stroke. Where a pixel holds more than one straight edge (within a pixel of a cap,
or where two parts of the stroke meet) it is the mean of the same expression over 4 x 4 (cap) or 3 x 3 (corner)
sub-pixels.
Here distances are divided by s, so that a and b belong to the chord alone.
"""

from __future__ import annotations

import math

import numpy as np

from plotart.render.chords import (
    ARC,
    BENT,
    CAP_CELLS,
    CORNER_CELLS,
    CROWDED,
    DETOUR,
    END,
    HIGH,
    LENGTH,
    LOW,
    MARKS,
    NARROW,
    PER_NARROW,
    PER_WIDE,
    REACH,
    SPREAD,
    START,
    TX,
    TY,
    WIDE,
    X,
    Y,
)
from plotart.render.jit import jit

ZERO, HALF, ONE, FOUR = np.float32(0), np.float32(0.5), np.float32(1), np.float32(4)
FAR = np.float32(1e30)
CAP_FINER, CORNER_FINER = np.float32(CAP_CELLS), np.float32(CORNER_CELLS)
IN_CAP, IN_CORNER = CAP_CELLS**2, CORNER_CELLS**2
CAP_SHARE, CORNER_SHARE = np.float32(1 / IN_CAP), np.float32(1 / IN_CORNER)
LANES = 16  # sub-pixels are worked on side by side, padded to whole vectors
REACH32, SPREAD32, DETOUR32, BENT32 = np.float32(REACH), np.float32(SPREAD), np.float32(DETOUR), np.float32(BENT)


def _offsets(cells):
    """Centres of the sub-pixels, from the pixel's centre, in units of its side: `[LANES]` x and y."""
    line = (np.arange(cells) + 0.5) / cells - 0.5
    x, y = np.tile(line, cells), np.repeat(line, cells)
    return tuple(np.pad(axis, (0, LANES - len(axis)), "edge").astype(np.float32) for axis in (x, y))


CAP_X, CAP_Y = _offsets(CAP_CELLS)
CORNER_X, CORNER_Y = _offsets(CORNER_CELLS)

PLAIN, CAPPED, CORNERED, INSIDE = 0, 1, 2, 3  # kinds of pixel: one straight edge, a cap, a corner, no edge near


@jit
def ramp(t, a, b, per_a, per_b):
    """F(t), the part of the filter below t, without branches."""
    q = max(HALF * (a + b) - abs(t), ZERO)
    p = min(q, b)
    rest = HALF - per_a * (q - p + HALF * p * p * per_b)
    return HALF + (rest if t > ZERO else -rest)


@jit
def slopes(t, a, b, per_a, per_b):
    """F, dF/dt, dF/da, dF/db, without branches."""
    q = max(HALF * (a + b) - abs(t), ZERO)
    p = min(q, b)
    r = p * per_b
    sign = ONE if t > ZERO else -ONE
    tail = per_a * (q - p + HALF * p * r)
    by_a, by_b = per_a * (tail - HALF * r), per_a * HALF * r * (r - ONE)
    return HALF + sign * (HALF - tail), per_a * r, sign * by_a, sign * by_b


@jit
def widths_by_turn(tx, ty):
    """da/dphi and db/dphi of a chord of direction t = (cos phi, sin phi)."""
    by_sine = tx if ty > ZERO else -tx
    by_cosine = -ty if tx > ZERO else ty
    return (by_sine, by_cosine) if abs(ty) > abs(tx) else (by_cosine, by_sine)


@jit
def nearest(table, c, x, y):
    """Vector from chord c to a point, the place along the chord, and what was cut off to stay on it."""
    tx, ty = table[c, TX], table[c, TY]
    rx, ry = x - table[c, X], y - table[c, Y]
    along = rx * tx + ry * ty
    on = min(max(along, ZERO), table[c, LENGTH])
    return rx - on * tx, ry - on * ty, on, along - on


@jit
def sees_two(table, begin, c, x, y, half, softness):
    """Whether a pixel nearest to chord c holds ink of another part of the stroke, almost as near."""
    ex, ey, on, _ = nearest(table, c, x, y)
    limit = min(math.sqrt(ex * ex + ey * ey) + SPREAD32 * softness, half + REACH32 * softness)
    limit *= limit
    for o in range(begin + int(table[c, LOW]), begin + int(table[c, HIGH])):
        fx, fy, place, _ = nearest(table, o, x, y)
        if fx * fx + fy * fy > limit or o == c:
            continue
        if abs(table[c, TX] * table[o, TX] + table[c, TY] * table[o, TY]) < BENT32:
            return True
        straight = math.sqrt((fx - ex) * (fx - ex) + (fy - ey) * (fy - ey))
        if abs(table[o, ARC] + place - table[c, ARC] - on) > DETOUR32 * straight + HALF * softness:
            return True
    return False


@jit
def nearest_of_cells(table, begin, end, c, x, y, half, softness, best, owner):
    """The nearest chord of each corner sub-pixel of a pixel nearest to chord c.

    Squared distances into `best [LANES]`, chord numbers within the stroke into `owner [LANES]` (float32, so that both
    sit in vector lanes of one width). A vertex belongs to the chord that ends there.
    """
    ex, ey, _, _ = nearest(table, c, x, y)
    reach = min(math.sqrt(ex * ex + ey * ey) + SPREAD32 * softness, half + REACH32 * softness)
    limit = reach * reach
    skip = -ONE
    for j in range(LANES):
        best[j] = FAR
    for o in range(begin, end):
        if table[o, ARC] < skip:
            continue
        fx, fy, _, _ = nearest(table, o, x, y)
        far = fx * fx + fy * fy
        if far > limit:
            if far > FOUR * limit:
                skip = table[o, ARC] + math.sqrt(far) - reach - table[o, LENGTH]  # nothing nearer comes before
            continue
        rx, ry = x - table[o, X], y - table[o, Y]
        tx, ty, length, number = table[o, TX], table[o, TY], table[o, LENGTH], np.float32(o - begin)
        lowest = -FAR if o == begin else ZERO
        for j in range(LANES):
            px, py = rx + softness * CORNER_X[j], ry + softness * CORNER_Y[j]
            along, across = px * tx + py * ty, py * tx - px * ty
            over = along - min(max(along, ZERO), length)
            d2 = across * across + over * over
            d2 = d2 if along >= lowest else FAR
            before, whose = best[j], owner[j]
            best[j] = d2 if d2 < before else before
            owner[j] = number if d2 < before else whose


@jit
def past_ends(table, begin, end, c, x, y):
    """How far a point lies past the stroke's first and last vertex along chord c; -FAR where that end is not near."""
    first, last, marks = -FAR, -FAR, int(table[c, MARKS])
    if marks & START:
        first = table[c, TX] * (table[begin, X] - x) + table[c, TY] * (table[begin, Y] - y)
    if marks & END:
        e = end - 1
        ex, ey = table[e, X] + table[e, LENGTH] * table[e, TX], table[e, Y] + table[e, LENGTH] * table[e, TY]
        last = table[c, TX] * (x - ex) + table[c, TY] * (y - ey)
    return first, last


@jit
def pixel_kind(table, begin, end, c, x, y, half, softness):
    """The kind of the pixel centred at (x, y), which is nearest to chord c."""
    marks = int(table[c, MARKS])
    if marks & CROWDED and sees_two(table, begin, c, x, y, half, softness):
        return CORNERED
    if marks & (START | END):
        first, last = past_ends(table, begin, end, c, x, y)
        if max(first, last) > -HALF * softness * (abs(table[c, TX]) + abs(table[c, TY])):
            return CAPPED
    return PLAIN


@jit
def plain(table, c, x, y, half, per_s):
    """Coverage by one straight edge: the general case, and exact for chords without MARKS."""
    ex, ey, _, _ = nearest(table, c, x, y)
    d = math.sqrt(ex * ex + ey * ey)
    a, b, per_a, per_b = table[c, WIDE], table[c, NARROW], table[c, PER_WIDE], table[c, PER_NARROW]
    return ramp((d + half) * per_s, a, b, per_a, per_b) - ramp((d - half) * per_s, a, b, per_a, per_b)


@jit
def cornered(table, begin, end, c, x, y, half, softness, cells):
    """Coverage of a CORNERED pixel; cells is scratch, `[2, LANES]` float32."""
    nearest_of_cells(table, begin, end, c, x, y, half, softness, cells[0], cells[1])
    per_s = CORNER_FINER / softness
    total = ZERO
    for j in range(IN_CORNER):
        o = begin + int(cells[1, j])
        d = math.sqrt(cells[0, j])
        a, b, per_a, per_b = table[o, WIDE], table[o, NARROW], table[o, PER_WIDE], table[o, PER_NARROW]
        total += ramp((d + half) * per_s, a, b, per_a, per_b) - ramp((d - half) * per_s, a, b, per_a, per_b)
    return total * CORNER_SHARE


@jit
def capped(table, begin, end, c, x, y, half, softness):
    """Coverage of a CAPPED pixel by the stroke continued straight from chord c, up to its caps."""
    tx, ty = table[c, TX], table[c, TY]
    first, last = past_ends(table, begin, end, c, x, y)
    v = (y - table[c, Y]) * tx - (x - table[c, X]) * ty
    a, b, per_a, per_b = table[c, WIDE], table[c, NARROW], table[c, PER_WIDE], table[c, PER_NARROW]
    per_s = CAP_FINER / softness
    tx, ty = tx * softness, ty * softness
    total = ZERO
    for j in range(IN_CAP):
        shift = CAP_X[j] * tx + CAP_Y[j] * ty
        u = max(first - shift, last + shift, ZERO)
        w = v + CAP_Y[j] * tx - CAP_X[j] * ty
        d = math.sqrt(u * u + w * w)
        total += ramp((d + half) * per_s, a, b, per_a, per_b) - ramp((d - half) * per_s, a, b, per_a, per_b)
    return total * CAP_SHARE


@jit
def add_plain(table, begin, c, x, y, half, per_s, g, vertex, turn):
    """Add g times the derivatives of `plain` to the vertices `vertex [K+1, 2]` and directions `turn [K]`.

    Returns the coverage, and g times its derivative by the half width; so do `add_capped` and `add_cornered`.
    """
    ex, ey, on, _ = nearest(table, c, x, y)
    d = math.sqrt(ex * ex + ey * ey)
    a, b, per_a, per_b = table[c, WIDE], table[c, NARROW], table[c, PER_WIDE], table[c, PER_NARROW]
    outer, outer_t, outer_a, outer_b = slopes((d + half) * per_s, a, b, per_a, per_b)
    inner, inner_t, inner_a, inner_b = slopes((d - half) * per_s, a, b, per_a, per_b)
    k = c - begin
    length = table[c, LENGTH]
    if length > ZERO:
        a_turn, b_turn = widths_by_turn(table[c, TX], table[c, TY])
        turn[k] += g * ((outer_a - inner_a) * a_turn + (outer_b - inner_b) * b_turn)
        on /= length
    by_d = g * (outer_t - inner_t) * per_s / max(d, np.float32(1e-12))
    gx, gy = by_d * ex, by_d * ey
    vertex[k, 0] -= gx * (ONE - on)
    vertex[k, 1] -= gy * (ONE - on)
    vertex[k + 1, 0] -= gx * on
    vertex[k + 1, 1] -= gy * on
    return outer - inner, g * (outer_t + inner_t) * per_s


@jit
def add_cornered(table, begin, end, c, x, y, half, softness, g, vertex, turn, cells):
    """As `add_plain`, of `cornered`."""
    nearest_of_cells(table, begin, end, c, x, y, half, softness, cells[0], cells[1])
    per_s, g = CORNER_FINER / softness, g * CORNER_SHARE
    total, by_half = ZERO, ZERO
    for j in range(IN_CORNER):
        sx, sy = x + softness * CORNER_X[j], y + softness * CORNER_Y[j]
        part, by_part = add_plain(table, begin, begin + int(cells[1, j]), sx, sy, half, per_s, g, vertex, turn)
        total += part
        by_half += by_part
    return total * CORNER_SHARE, by_half


@jit
def add_capped(table, begin, end, c, x, y, half, softness, g, vertex, turn):
    """As `add_plain`, of `capped`."""
    tx, ty = table[c, TX], table[c, TY]
    first, last = past_ends(table, begin, end, c, x, y)
    along = (x - table[c, X]) * tx + (y - table[c, Y]) * ty
    v = (y - table[c, Y]) * tx - (x - table[c, X]) * ty
    a, b, per_a, per_b = table[c, WIDE], table[c, NARROW], table[c, PER_WIDE], table[c, PER_NARROW]
    per_s = CAP_FINER / softness
    # dt/dphi = n and dn/dphi = -t turn the frame in which u and v are measured
    e = end - 1
    last_x, last_y = table[e, X] + table[e, LENGTH] * table[e, TX], table[e, Y] + table[e, LENGTH] * table[e, TY]
    first_turn = (table[begin, Y] - y) * tx - (table[begin, X] - x) * ty
    last_turn = (y - last_y) * tx - (x - last_x) * ty
    total, by_a, by_b, by_half, by_v, by_first, by_last, by_turn = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for j in range(IN_CAP):
        shift = softness * (CAP_X[j] * tx + CAP_Y[j] * ty)
        side = softness * (CAP_Y[j] * tx - CAP_X[j] * ty)
        from_first, from_last = first - shift, last + shift
        u = max(from_first, from_last, ZERO)
        w = v + side
        d = math.sqrt(u * u + w * w)
        outer, outer_t, outer_a, outer_b = slopes((d + half) * per_s, a, b, per_a, per_b)
        inner, inner_t, inner_a, inner_b = slopes((d - half) * per_s, a, b, per_a, per_b)
        total += outer - inner
        by_half += outer_t + inner_t
        by_a += outer_a - inner_a
        by_b += outer_b - inner_b
        by_d = (outer_t - inner_t) / max(d, np.float32(1e-12))
        by_v += by_d * w
        by_u = by_d * u
        at_first = by_u if from_first >= from_last else ZERO
        at_last = by_u - at_first
        by_first += at_first
        by_last += at_last
        by_turn += at_first * (first_turn - side) + at_last * (last_turn + side) - by_d * w * (along + shift)
    share = g * CAP_SHARE
    g = share * per_s
    k, n = c - begin, end - begin
    vertex[0, 0] += g * by_first * tx
    vertex[0, 1] += g * by_first * ty
    vertex[n, 0] -= g * by_last * tx
    vertex[n, 1] -= g * by_last * ty
    vertex[k, 0] += g * by_v * ty
    vertex[k, 1] -= g * by_v * tx
    if table[c, LENGTH] > ZERO:
        a_turn, b_turn = widths_by_turn(tx, ty)
        turn[k] += g * by_turn + share * (by_a * a_turn + by_b * b_turn)
    return total * CAP_SHARE, g * by_half


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
