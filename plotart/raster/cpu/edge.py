# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Coverage of pixels by one stroke, and its derivatives (numba, 16 pixels or sub-pixels at once).

The edge of a stroke is filtered by a box as wide as the pixel times `softness`. Seen along a chord's unit normal n that
box is a trapezoid whose widths are a = s max(|n_x|, |n_y|) and b = s min(|n_x|, |n_y|); F is its integral. Then

    coverage = F(d + h) - F(d - h),     d = distance to the chord, h = half the pen's width,

is the exact box filter of a straight stroke. Where a pixel holds more than one straight edge (within a pixel of a cap,
or where two parts of the stroke meet) it is the mean of the same expression over 4 x 4 (cap) or 3 x 3 (corner)
sub-pixels.
Here distances are divided by s, so that a and b belong to the chord alone. plotart.raster.reference says the same in
dense torch.
"""

from __future__ import annotations

import math

import numpy as np

from plotart.raster.chords import (
    BENT32,
    CAP_CELLS,
    CORNER_CELLS,
    DETOUR32,
    HALF,
    NEAR_END,
    ONE,
    REACH32,
    SPREAD32,
    THINNEST,
    ZERO,
    marks_of,
)
from plotart.raster.cpu.jit import jit
from plotart.raster.cpu.lanes import (
    WIDTH,
    arange,
    bitmask,
    fabs,
    full,
    full_int,
    lowest_bit,
    maximum,
    minimum,
    sqrt,
    where,
)
from plotart.raster.cpu.memory import from_records, load

FAR, TINY, THIN = np.float32(1e30), np.float32(1e-12), np.float32(THINNEST)
CAP_FINER, CORNER_FINER = np.float32(CAP_CELLS), np.float32(CORNER_CELLS)
IN_CAP, IN_CORNER = CAP_CELLS**2, CORNER_CELLS**2
CAP_SHARE, CORNER_SHARE = np.float32(1 / IN_CAP), np.float32(1 / IN_CORNER)


def _offsets(cells):
    """Centres of the sub-pixels, from the pixel's centre, in units of its side: `[WIDTH]` x and y."""
    line = (np.arange(cells) + 0.5) / cells - 0.5
    x, y = np.tile(line, cells), np.repeat(line, cells)
    return tuple(np.pad(axis, (0, WIDTH - len(axis)), "edge").astype(np.float32) for axis in (x, y))


CAP_X, CAP_Y = _offsets(CAP_CELLS)
CORNER_X, CORNER_Y = _offsets(CORNER_CELLS)


@jit
def ramp(t, a, b, per_a, per_b):
    """F(t), the part of the filter below t."""
    q = maximum(HALF * (a + b) - fabs(t), ZERO)
    p = minimum(q, b)
    rest = HALF - per_a * (q - p + HALF * p * p * per_b)
    return HALF + where(t > ZERO, rest, -rest)


@jit
def slopes(t, a, b, per_a, per_b):
    """F, dF/dt, dF/da, dF/db."""
    q = maximum(HALF * (a + b) - fabs(t), ZERO)
    p = minimum(q, b)
    r = p * per_b
    tail = per_a * (q - p + HALF * p * r)
    by_a, by_b, rest = per_a * (tail - HALF * r), per_a * HALF * r * (r - ONE), HALF - tail
    positive = t > ZERO
    return HALF + where(positive, rest, -rest), per_a * r, where(positive, by_a, -by_a), where(positive, by_b, -by_b)


@jit
def slab(d, half, per_s, tx, ty):
    """F(d + h) - F(d - h) for chords of direction (tx, ty)."""
    a, b, per_a, per_b = widths(tx, ty)
    return between(d, half, per_s, a, b, per_a, per_b)


@jit
def between(d, half, per_s, a, b, per_a, per_b):
    """F(d + h) - F(d - h)."""
    inner = ramp((d - half) * per_s, a, b, per_a, per_b)
    if half * per_s > REACH32:  # d + h is beyond the filter
        return ONE - inner
    return ramp((d + half) * per_s, a, b, per_a, per_b) - inner


@jit
def slopes_between(d, half, per_s, a, b, per_a, per_b):
    """`between`, and its derivatives by d per_s, half per_s, a, b."""
    inner, inner_t, inner_a, inner_b = slopes((d - half) * per_s, a, b, per_a, per_b)
    if half * per_s > REACH32:
        return ONE - inner, -inner_t, inner_t, -inner_a, -inner_b
    outer, outer_t, outer_a, outer_b = slopes((d + half) * per_s, a, b, per_a, per_b)
    return outer - inner, outer_t - inner_t, outer_t + inner_t, outer_a - inner_a, outer_b - inner_b


@jit
def widths(tx, ty):
    """a and b of the filter and their inverses."""
    x, y = fabs(tx), fabs(ty)
    a, b = maximum(x, y), maximum(minimum(x, y), THIN)
    return a, b, ONE / a, ONE / b


@jit
def widths_by_turn(tx, ty):
    """da/dphi and db/dphi of chords of direction (cos phi, sin phi)."""
    by_sine, by_cosine = where(ty > ZERO, tx, -tx), where(tx > ZERO, -ty, ty)
    steep = fabs(ty) > fabs(tx)
    return where(steep, by_sine, by_cosine), where(steep, by_cosine, by_sine)


@jit
def apart(x0, y0, tx, ty, length, x, y):
    """Vectors from chords to points, and the places along the chords where they start."""
    rx, ry = x - x0, y - y0
    on = minimum(maximum(rx * tx + ry * ty, ZERO), length)
    return rx - on * tx, ry - on * ty, on


@jit
def away(line, c, x, y, half, softness):
    """Vector from chord c to one pixel, its place along the chord, and the distance within which sub-pixels look."""
    tx, ty = line.tx[c], line.ty[c]
    rx, ry = x - line.x[c], y - line.y[c]
    on = min(max(rx * tx + ry * ty, ZERO), line.length[c])
    ex, ey = rx - on * tx, ry - on * ty
    return ex, ey, on, min(math.sqrt(ex * ex + ey * ey) + SPREAD32 * softness, half + REACH32 * softness)


@jit
def sees_two(line, begin, c, x, y, half, softness):
    """1 if a pixel nearest to the CROWDED chord c sees another part of the stroke, almost as near; else 0."""
    _, low, high = marks_of(line.marks[c])
    ex, ey, on, limit = away(line, c, x, y, half, softness)
    tx, ty, place, two = line.tx[c], line.ty[c], line.arc[c] + on, 0
    for o in range(begin + low, begin + high, WIDTH):
        ox, oy = load(line.tx, o), load(line.ty, o)
        fx, fy, there = apart(load(line.x, o), load(line.y, o), ox, oy, load(line.length, o), x, y)
        seen = (fx * fx + fy * fy <= limit * limit) & (arange() < begin + high - o) & (arange() != c - o)
        gx, gy, way = fx - ex, fy - ey, fabs(load(line.arc, o) + there - place)
        bent = fabs(tx * ox + ty * oy) < BENT32
        two |= bitmask(seen & (bent | (way > DETOUR32 * sqrt(gx * gx + gy * gy) + HALF * softness)))
    return ONE if two != 0 else ZERO


@jit
def owners_of_cells(line, begin, end, c, x, y, half, softness):
    """The nearest chord of each corner sub-pixel of a pixel nearest to chord c: squared distances, chord numbers.

    A vertex belongs to the chord that ends there.
    """
    _, _, _, reach = away(line, c, x, y, half, softness)
    sub_x, sub_y = load(CORNER_X, 0) * softness + x, load(CORNER_Y, 0) * softness + y
    best, owner = full(FAR), full_int(0)
    o = begin
    while o < end:
        fx, fy, _ = apart(
            load(line.x, o), load(line.y, o), load(line.tx, o), load(line.ty, o), load(line.length, o), x, y
        )
        near = bitmask((fx * fx + fy * fy <= reach * reach) & (arange() < end - o))
        while near != 0:
            n = o + lowest_bit(near)
            near &= near - 1
            rx, ry, tx, ty = sub_x - line.x[n], sub_y - line.y[n], line.tx[n], line.ty[n]
            along, across = rx * tx + ry * ty, ry * tx - rx * ty
            over = along - minimum(maximum(along, ZERO), line.length[n])
            d2 = across * across + over * over
            closer = (d2 < best) & (along >= (-FAR if n == begin else ZERO))
            best, owner = where(closer, d2, best), where(closer, n - begin, owner)
        o += WIDTH
        if o < end:  # nothing nearer comes before the stroke is so much longer
            fx, fy, _, _ = away(line, o, x, y, half, softness)
            skip = line.arc[o] + math.sqrt(fx * fx + fy * fy) - reach
            while o + WIDTH < end and line.arc[o + WIDTH] < skip:
                o += WIDTH
    return best, owner


@jit
def past_ends(line, begin, end, tx, ty, length, arc, x, y, softness):
    """How far points lie past the stroke's first and last vertex along chords; -FAR where that end is not near."""
    e = end - 1
    whole = line.arc[e] + line.length[e]
    end_x, end_y = line.x[e] + line.length[e] * line.tx[e], line.y[e] + line.length[e] * line.ty[e]
    first = tx * (line.x[begin] - x) + ty * (line.y[begin] - y)
    last = tx * (x - end_x) + ty * (y - end_y)
    near_end = whole - arc - length <= NEAR_END * softness
    return where(arc <= NEAR_END * softness, first, -FAR), where(near_end, last, -FAR)


@jit
def cornered(line, begin, end, records, c, x, y, half, softness):
    """Coverages of the corner sub-pixels of one CORNERED pixel, nearest to chord c."""
    best, owner = owners_of_cells(line, begin, end, c, x, y, half, softness)
    _, _, tx, ty, _, _, _, _ = from_records(records, owner)
    return slab(sqrt(best), half, CORNER_FINER / softness, tx, ty)


@jit
def capped(line, begin, end, records, k, x, y, half, softness):
    """Coverages of CAPPED pixels by the stroke continued straight from chords k (in it), up to its caps."""
    x0, y0, tx, ty, length, arc, _, _ = from_records(records, k)
    first, last = past_ends(line, begin, end, tx, ty, length, arc, x, y, softness)
    v = (y - y0) * tx - (x - x0) * ty
    a, b, per_a, per_b = widths(tx, ty)
    tx, ty = tx * softness, ty * softness
    total = full(ZERO)
    for j in range(IN_CAP):
        shift = CAP_X[j] * tx + CAP_Y[j] * ty
        u = maximum(maximum(first - shift, last + shift), ZERO)
        w = v + CAP_Y[j] * tx - CAP_X[j] * ty
        total += between(sqrt(u * u + w * w), half, CAP_FINER / softness, a, b, per_a, per_b)
    return total * CAP_SHARE
