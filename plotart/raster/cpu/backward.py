# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Derivatives of the coverages of plotart.raster.cpu.edge: from pixels to ends of chords, and to control points.

`by_ends` are gradients by the two ends of a chord: `x0, y0` by the vertex where it starts, `x1, y1` by the next.
"""

from __future__ import annotations

import numpy as np

from plotart.raster.chords import ONE, THREE, ZERO, records_of
from plotart.raster.cpu.edge import (
    CAP_FINER,
    CAP_SHARE,
    CAP_X,
    CAP_Y,
    CORNER_FINER,
    CORNER_SHARE,
    CORNER_X,
    CORNER_Y,
    IN_CAP,
    IN_CORNER,
    TINY,
    apart,
    owners_of_cells,
    past_ends,
    slopes_between,
    widths,
    widths_by_turn,
)
from plotart.raster.cpu.jit import jit
from plotart.raster.cpu.lanes import WIDTH, arange, bitmask, full, maximum, reduce_sum, sqrt, to_float, where
from plotart.raster.cpu.memory import from_records, load, store
from plotart.raster.cpu.words import pixel_of, pixels_of


@jit
def cover_backward(line, begin, end, records, counts, half, softness, top, words, ends, grad, covered, sums, out):
    """Back from coverages to the control points of one stroke in one band.

    Args:
        counts: `[S]` chords of each segment. words, ends: as `cover` wrote and returned them. grad: gradients of the
            coverages. covered: set to the coverages. out: `[2 (1+3S)]`, set. records, sums: scratch, `no_records()`
            and `[S * 8 * WIDTH]`.

    Returns:
        the gradient of the half width.
    """
    chords, per_s, by_half = end - begin, ONE / softness, full(ZERO)
    records_of(line, begin, end, records)
    for j in range(0, len(sums), WIDTH):
        store(sums, j, full(ZERO))
    for j in range(ends[0]):
        covered[j] = ONE
    for j in range(ends[0], ends[1], WIDTH):
        k, x, y = pixels_of(words, j, chords, top)
        g = where(arange() < ends[1] - j, load(grad, j), ZERO)
        c, part, by_ends = plain_backward(records, k, x, y, half, per_s, g)
        store(covered, j, c)
        by_half += part
        spread(counts, k, by_ends, sums)
    first_x, first_y, last_x, last_y = full(ZERO), full(ZERO), full(ZERO), full(ZERO)
    for j in range(ends[1], ends[2], WIDTH):
        k, x, y = pixels_of(words, j, chords, top)
        g = where(arange() < ends[2] - j, load(grad, j), ZERO)
        c, part, by_ends, tips = capped_backward(line, begin, end, records, k, x, y, half, softness, g)
        store(covered, j, c)
        by_half += part
        spread(counts, k, by_ends, sums)
        first_x, first_y, last_x, last_y = first_x + tips[0], first_y + tips[1], last_x + tips[2], last_y + tips[3]
    sub_x, sub_y = load(CORNER_X, 0) * softness, load(CORNER_Y, 0) * softness
    for j in range(ends[2], ends[3]):
        c, x, y = pixel_of(words[j], begin, top)
        _, k = owners_of_cells(line, begin, end, c, x, y, half, softness)
        g = where(arange() < IN_CORNER, full(grad[j] * CORNER_SHARE), ZERO)
        cells, part, by_ends = plain_backward(records, k, sub_x + x, sub_y + y, half, CORNER_FINER / softness, g)
        covered[j] = CORNER_SHARE * reduce_sum(where(arange() < IN_CORNER, cells, ZERO))
        by_half += part
        spread(counts, k, by_ends, sums)
    collect(sums, len(counts), out)
    if ends[2] > ends[1]:
        out[0] += reduce_sum(first_x)
        out[1] += reduce_sum(first_y)
        out[len(out) - 2] += reduce_sum(last_x)
        out[len(out) - 1] += reduce_sum(last_y)
    return reduce_sum(by_half)


@jit
def plain_backward(records, k, x, y, half, per_s, g):
    """Coverages of (sub-)pixels by chords k, and g times their derivatives by the half width and by the ends."""
    x0, y0, tx, ty, length, _, _, _ = from_records(records, k)
    ex, ey, on = apart(x0, y0, tx, ty, length, x, y)
    d = sqrt(ex * ex + ey * ey)
    a, b, per_a, per_b = widths(tx, ty)
    covered, by_d, by_half, by_a, by_b = slopes_between(d, half, per_s, a, b, per_a, per_b)
    per_length = where(length > ZERO, ONE / length, ZERO)
    on *= per_length
    # dphi = n . (dV1 - dV0) / L for the direction phi, on which a and b depend
    a_turn, b_turn = widths_by_turn(tx, ty)
    turn = g * per_length * (by_a * a_turn + by_b * b_turn)
    tx, ty = turn * tx, turn * ty
    g *= per_s
    by_d *= g / maximum(d, TINY)
    gx, gy = by_d * ex, by_d * ey
    x1, y1 = gx * on, gy * on
    return covered, g * by_half, (x1 - gx + ty, y1 - gy - tx, -x1 - ty, tx - y1)


@jit
def capped_backward(line, begin, end, records, k, x, y, half, softness, g):
    """As `plain_backward`, of `capped`; and gradients `(x, y, x, y)` by the stroke's first and last vertex."""
    x0, y0, tx, ty, length, arc, _, _ = from_records(records, k)
    first, last = past_ends(line, begin, end, tx, ty, length, arc, x, y, softness)
    rx, ry = x - x0, y - y0
    along, v = rx * tx + ry * ty, ry * tx - rx * ty
    a, b, per_a, per_b = widths(tx, ty)
    per_s = CAP_FINER / softness
    # dt/dphi = n and dn/dphi = -t turn the frame in which u and v are measured
    e = end - 1
    end_x, end_y = line.x[e] + line.length[e] * line.tx[e], line.y[e] + line.length[e] * line.ty[e]
    first_turn = (line.y[begin] - y) * tx - (line.x[begin] - x) * ty
    last_turn = (y - end_y) * tx - (x - end_x) * ty
    covered, by_half, by_a, by_b = full(ZERO), full(ZERO), full(ZERO), full(ZERO)
    by_v, by_first, by_last, by_turn = full(ZERO), full(ZERO), full(ZERO), full(ZERO)
    for j in range(IN_CAP):
        shift = softness * (CAP_X[j] * tx + CAP_Y[j] * ty)
        side = softness * (CAP_Y[j] * tx - CAP_X[j] * ty)
        from_first, from_last = first - shift, last + shift
        u, w = maximum(maximum(from_first, from_last), ZERO), v + side
        d = sqrt(u * u + w * w)
        part, part_d, part_half, part_a, part_b = slopes_between(d, half, per_s, a, b, per_a, per_b)
        covered += part
        by_half += part_half
        by_a += part_a
        by_b += part_b
        part_d = part_d / maximum(d, TINY)
        by_u, by_w = part_d * u, part_d * w
        at_first = where(from_first >= from_last, by_u, ZERO)
        at_last = by_u - at_first
        by_v += by_w
        by_first += at_first
        by_last += at_last
        by_turn += at_first * (first_turn - side) + at_last * (last_turn + side) - by_w * (along + shift)
    g *= CAP_SHARE
    a_turn, b_turn = widths_by_turn(tx, ty)
    turn = where(length > ZERO, g * (by_turn * per_s + by_a * a_turn + by_b * b_turn) / length, ZERO)
    g *= per_s
    by_v *= g
    x1, y1 = -turn * ty, turn * tx
    ends = (g * by_first * tx, g * by_first * ty, -g * by_last * tx, -g * by_last * ty)
    return covered * CAP_SHARE, g * by_half, (by_v * ty - x1, -by_v * tx - y1, x1, y1), ends


@jit
def spread(counts, k, by_ends, sums):
    """Chain rule of the flattening: add pulls of the chords k (within their stroke) to `sums [S, 8, WIDTH]`.

    The 8 are x and y of the four control points of a segment; counts: chords of each segment `[S]`.
    """
    x0, y0, x1, y1 = by_ends
    before = 0
    for s in range(len(counts)):
        per = ONE / np.float32(counts[s])
        step = to_float(k) - before
        mine = (step >= ZERO) & (step < counts[s])
        before += counts[s]
        if bitmask(mine) == 0:
            continue
        t, u = step * per, step * per + per
        r, v = ONE - t, ONE - u
        t0, t1, t2, t3 = r * r * r, THREE * r * r * t, THREE * r * t * t, t * t * t
        u0, u1, u2, u3 = v * v * v, THREE * v * v * u, THREE * v * u * u, u * u * u
        if len(counts) > 1:
            x0, y0, x1, y1 = by_ends
            x0, y0, x1, y1 = where(mine, x0, ZERO), where(mine, y0, ZERO), where(mine, x1, ZERO), where(mine, y1, ZERO)
        p = 8 * WIDTH * s
        accumulate(sums, p, t0 * x0 + u0 * x1)
        accumulate(sums, p + WIDTH, t0 * y0 + u0 * y1)
        accumulate(sums, p + 2 * WIDTH, t1 * x0 + u1 * x1)
        accumulate(sums, p + 3 * WIDTH, t1 * y0 + u1 * y1)
        accumulate(sums, p + 4 * WIDTH, t2 * x0 + u2 * x1)
        accumulate(sums, p + 5 * WIDTH, t2 * y0 + u2 * y1)
        accumulate(sums, p + 6 * WIDTH, t3 * x0 + u3 * x1)
        accumulate(sums, p + 7 * WIDTH, t3 * y0 + u3 * y1)


@jit
def accumulate(sums, place, value):
    store(sums, place, load(sums, place) + value)


@jit
def collect(sums, segments, out):
    """`sums` of `spread` into gradients of control points `out [2 (1+3S)]`."""
    for j in range(6 * segments + 2):
        out[j] = ZERO
    for s in range(segments):
        for j in range(8):
            out[6 * s + j] += reduce_sum(load(sums, WIDTH * (8 * s + j)))
