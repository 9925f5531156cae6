# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""The boundary of what a rule fills, row by row, in straight pieces (numba); exact however often a path crosses itself.

A pixel row is cut at every end of an edge and at every crossing of two edges. Within such a slab the edges that reach
through it keep their order from left to right; the winding number is counted along it, and an edge is boundary where
the rule's answer changes. Coverage is then the signed area to the right of the boundary,

    coverage of a pixel = sum over pieces  side * integral (right side of the pixel - x) dy     (clipped to the pixel),

side = 1 where the shape begins and -1 where it ends, and by Reynolds' transport theorem its derivative is an integral
along the same pieces: d coverage = -sum side * integral (v_x dy - v_y dx), v the velocity of the edge, which runs
linearly from one of its ends to the other.

Most rows are simpler: all edges that run down lie on one side of all that run up, and no two of a kind share a height.
Then every edge is boundary, in one piece, and nothing has to be cut or ordered.

y is sheared by `SHEAR` x, so that no edge is exactly horizontal: a horizontal one bounds an area, too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from plotart.raster.cpu.jit import jit
from plotart.raster.cpu.memory import at, put

SHEAR = 1e-8
BAND = 32
"""Pixel rows of a band."""
TOLERANCE = 1e-7
"""px by which edges may be out of order at the end of a slab before their crossing is looked for."""
MOST_CROSSINGS = 4096
"""Crossings within one slab of a pixel row that are told apart."""
FEW = 12
"""Edges of a row that are looked at for whether it has to be cut at all."""


class Edges(NamedTuple):
    """The edges of one layer in one band, upper end first: `[n]` each. sign is 1 where the path runs down, else -1.

    next, first: the edges that begin in each row of the band, as chains; -1 ends them.
    """

    x0: Any
    y0: Any
    x1: Any
    y1: Any
    slope: Any
    sign: Any
    next: Any
    first: Any


class Pieces(NamedTuple):
    """Boundary pieces of one slab, and the scratch in which they are found."""

    edge: Any
    top: Any
    bottom: Any
    xa: Any
    xb: Any
    side: Any
    active: Any
    breaks: Any
    order: Any
    middle: Any
    above: Any
    below: Any
    crossings: Any


@jit
def no_edges(room):
    return Edges(
        np.empty(room), np.empty(room), np.empty(room), np.empty(room), np.empty(room), np.empty(room, np.int64),
        np.empty(room, np.int64), np.empty(BAND, np.int64),
    )  # fmt: skip


@jit
def no_pieces(room):
    """Scratch for layers of at most `room` edges in a band."""
    return Pieces(
        np.empty(room, np.int64), np.empty(room), np.empty(room), np.empty(room), np.empty(room),
        np.empty(room, np.int64),
        np.empty(room, np.int64), np.empty(2 * room + 2), np.empty(room, np.int64), np.empty(room), np.empty(room),
        np.empty(room), np.empty(MOST_CROSSINGS + 2),
    )  # fmt: skip


@jit
def take_edges(vertices, ends, entries, begin, end, top, edges):
    """Fill `edges` with those of `entries[begin:end]`, which index `ends [E, 2]`, which index `vertices [V, 2]`."""
    for row in range(BAND):
        edges.first[row] = -1
    xy, pairs = vertices.reshape(-1), ends.reshape(-1)
    for k in range(end - begin):
        e = at(entries, begin + k)
        a, b = 2 * at(pairs, 2 * e), 2 * at(pairs, 2 * e + 1)
        ax, bx = np.float64(at(xy, a)), np.float64(at(xy, b))
        ay, by = np.float64(at(xy, a + 1)) + SHEAR * ax, np.float64(at(xy, b + 1)) + SHEAR * bx
        down = ay <= by
        edges.x0[k], edges.y0[k] = (ax, ay) if down else (bx, by)
        edges.x1[k], edges.y1[k] = (bx, by) if down else (ax, ay)
        edges.sign[k] = 1 if down else -1
        tall = edges.y1[k] - edges.y0[k]
        edges.slope[k] = (edges.x1[k] - edges.x0[k]) / tall if tall > 0.0 else 0.0
        row = min(max(int(np.floor(edges.y0[k])) - top, 0), BAND - 1)
        edges.next[k] = edges.first[row]
        edges.first[row] = k


@jit
def x_at(edges, k, y):
    """Where edge k is at the height y, within its ends."""
    x0, x1 = at(edges.x0, k), at(edges.x1, k)
    x = x0 + (y - at(edges.y0, k)) * at(edges.slope, k)
    return min(max(x, min(x0, x1)), max(x0, x1))


@jit
def begin_row(edges, row, top, pieces, active):
    """Bring the list of edges that meet a row up to date; returns their number."""
    kept = 0
    for j in range(active):
        k = at(pieces.active, j)
        if at(edges.y1, k) > top + row:
            put(pieces.active, kept, k)
            kept += 1
    k = at(edges.first, row)
    while k >= 0:
        if at(edges.y1, k) > top + row and at(edges.y1, k) > at(edges.y0, k):
            put(pieces.active, kept, k)
            kept += 1
        k = at(edges.next, k)
    return kept


@jit
def insert(values, count, value):
    """Insert into the ascending `values[:count]`."""
    j = count
    while j > 0 and at(values, j - 1) > value:
        put(values, j, at(values, j - 1))
        j -= 1
    put(values, j, value)


@jit
def simple_row(edges, y, pieces, active):
    """The boundary in a row that need not be cut; returns the number of its pieces, 0 for one that must be."""
    if active > FEW:
        return 0
    down_low, down_high, up_low, up_high = np.inf, -np.inf, np.inf, -np.inf
    for j in range(active):
        k = at(pieces.active, j)
        top, bottom, side = max(at(edges.y0, k), y), min(at(edges.y1, k), y + 1.0), at(edges.sign, k)
        xa, xb = x_at(edges, k, top), x_at(edges, k, bottom)
        if side > 0:
            down_low, down_high = min(down_low, xa, xb), max(down_high, xa, xb)
        else:
            up_low, up_high = min(up_low, xa, xb), max(up_high, xa, xb)
        for i in range(j):
            if at(pieces.side, i) == side and at(pieces.top, i) < bottom and top < at(pieces.bottom, i):
                return 0
        put(pieces.edge, j, k)
        put(pieces.top, j, top)
        put(pieces.bottom, j, bottom)
        put(pieces.side, j, side)
        put(pieces.xa, j, xa)
        put(pieces.xb, j, xb)
    if down_high <= up_low:
        return active
    if up_high <= down_low:
        for j in range(active):
            put(pieces.side, j, -at(pieces.side, j))
        return active
    return 0


@jit
def break_row(edges, y, pieces, active):
    """The heights at which a row is cut, ascending, into `pieces.breaks`; returns their number."""
    pieces.breaks[0] = y
    count = 1
    for j in range(active):
        k = at(pieces.active, j)
        if y < at(edges.y0, k) < y + 1.0:
            insert(pieces.breaks, count, at(edges.y0, k))
            count += 1
        if y < at(edges.y1, k) < y + 1.0:
            insert(pieces.breaks, count, at(edges.y1, k))
            count += 1
    pieces.breaks[count] = y + 1.0
    return count + 1


@jit
def order_slab(edges, top, bottom, pieces, active):
    """Edges that reach through a slab, from left to right at its middle; returns their number."""
    count, half = 0, 0.5 * (top + bottom)
    for j in range(active):
        k = at(pieces.active, j)
        if at(edges.y0, k) <= top and at(edges.y1, k) >= bottom:
            x = x_at(edges, k, half)
            i = count
            while i > 0 and at(pieces.middle, i - 1) > x:
                put(pieces.middle, i, at(pieces.middle, i - 1))
                put(pieces.order, i, at(pieces.order, i - 1))
                i -= 1
            put(pieces.middle, i, x)
            put(pieces.order, i, k)
            count += 1
    return count


@jit
def find_crossings(edges, top, bottom, pieces, count):
    """Heights at which edges of a slab cross, ascending, between the slab's own, into `pieces.crossings`."""
    above, below, crossings = pieces.above, pieces.below, pieces.crossings
    crossings[0] = top
    found = 1
    crossed = False
    for i in range(count):
        above[i], below[i] = x_at(edges, at(pieces.order, i), top), x_at(edges, at(pieces.order, i), bottom)
        crossed |= i > 0 and (above[i] < above[i - 1] - TOLERANCE or below[i] < below[i - 1] - TOLERANCE)
    if crossed:
        for i in range(count):
            for j in range(i):
                before, after = above[i] - above[j], below[j] - below[i]
                if before * after > 0.0 and found <= MOST_CROSSINGS:
                    y = top + (bottom - top) * (before / (before + after))
                    if top < y < bottom:
                        insert(crossings, found, y)
                        found += 1
    crossings[found] = bottom
    return found + 1


@jit
def find_pieces(edges, top, bottom, even_odd, known, pieces, count):
    """The boundary among the ordered edges of a slab; returns the number of its pieces.

    known: whether `find_crossings` has worked out where these edges are at the slab's top and bottom.
    """
    winding, used = 0, 0
    for i in range(count):
        k = at(pieces.order, i)
        before = (winding & 1) != 0 if even_odd else winding != 0
        winding += at(edges.sign, k)
        after = (winding & 1) != 0 if even_odd else winding != 0
        if before != after:
            put(pieces.edge, used, k)
            put(pieces.top, used, top)
            put(pieces.bottom, used, bottom)
            put(pieces.side, used, 1 if after else -1)
            put(pieces.xa, used, at(pieces.above, i) if known else x_at(edges, k, top))
            put(pieces.xb, used, at(pieces.below, i) if known else x_at(edges, k, bottom))
            used += 1
    return used


@jit
def clip(values, low, high):
    return min(max(values, low), high)


@jit
def add_area(pieces, used, cols, area, span):
    """Signed areas of the pieces of a slab, as differences from pixel to pixel: `area [cols + 2]`.

    span: `[2]`, widened to the first and last column that they meet.
    """
    for j in range(used):
        tall = (at(pieces.bottom, j) - at(pieces.top, j)) * at(pieces.side, j)
        left, right = min(at(pieces.xa, j), at(pieces.xb, j)), max(at(pieces.xa, j), at(pieces.xb, j))
        if left >= cols:
            span[1] = max(span[1], cols - 1)
            continue
        first, last = int(np.floor(max(left, 0.0))), int(np.floor(clip(right, 0.0, float(cols))))
        span[0], span[1] = min(span[0], first), max(span[1], last)
        if right <= 0.0:
            put(area, 0, at(area, 0) + tall)
        elif first == last and left >= 0.0:
            within = 0.5 * (left + right) - first
            put(area, first, at(area, first) + tall * (1.0 - within))
            put(area, first + 1, at(area, first + 1) + tall * within)
        else:
            per = tall / (right - left)
            if left < 0.0:
                put(area, 0, at(area, 0) + per * -left)
            for col in range(first, min(last, cols - 1) + 1):
                x0, x1 = max(left, float(col)), min(right, col + 1.0)
                part, within = per * (x1 - x0), 0.5 * (x0 + x1) - col
                put(area, col, at(area, col) + part * (1.0 - within))
                put(area, col + 1, at(area, col + 1) + part * within)


@jit
def add_gradient(edges, pieces, used, cols, grad, low, partial, begin):
    """Gradients by the ends of edges from those by the coverages of a row, `grad[low : low + cols]`.

    partial: `[4 entries]`, added to at 4 (begin + edge): x and y of the upper end, x and y of the lower.
    """
    for j in range(used):
        k, side = at(pieces.edge, j), at(pieces.side, j)
        ya, yb = at(pieces.top, j), at(pieces.bottom, j)
        xa, xb = at(pieces.xa, j), at(pieces.xb, j)
        wide, tall = at(edges.x1, k) - at(edges.x0, k), at(edges.y1, k) - at(edges.y0, k)
        if abs(wide) > tall:
            ta, tb = (xa - at(edges.x0, k)) / wide, (xb - at(edges.x0, k)) / wide
        else:
            ta, tb = (ya - at(edges.y0, k)) / tall, (yb - at(edges.y0, k)) / tall
        left, right = min(xa, xb), max(xa, xb)
        if left >= cols or right < 0.0:
            continue
        first, last = int(np.floor(max(left, 0.0))), int(np.floor(min(right, cols - 0.5)))
        if first == last and left >= 0.0 and right <= cols:
            g = at(grad, low + first)
            gx, gy = g * (yb - ya), g * (xb - xa)
            t = 0.5 * (ta + tb)
            by_x1, by_y1 = gx * t, gy * t
        else:
            per = 1.0 / (xb - xa)
            gx, gy, by_x1, by_y1 = 0.0, 0.0, 0.0, 0.0
            for col in range(first, last + 1):
                x0, x1 = max(left, float(col)), min(right, col + 1.0)
                f0, f1 = (x0 - xa) * per, (x1 - xa) * per
                g = at(grad, low + col) * abs(f1 - f0)
                t = ta + 0.5 * (f0 + f1) * (tb - ta)
                hx, hy = g * (yb - ya), g * (xb - xa)
                gx, gy = gx + hx, gy + hy
                by_x1, by_y1 = by_x1 + hx * t, by_y1 + hy * t
        i = 4 * (begin + k)
        put(partial, i, at(partial, i) - side * (gx - by_x1))
        put(partial, i + 1, at(partial, i + 1) + side * (gy - by_y1))
        put(partial, i + 2, at(partial, i + 2) - side * by_x1)
        put(partial, i + 3, at(partial, i + 3) + side * by_y1)


@jit
def sweep_row(edges, y, even_odd, pieces, active, cols, backward, values, low, span, partial, begin):
    """Find the boundary in the pixel row at y and add up what it means.

    Forward: areas into `values [cols + 2]` and their `span`, see `add_area`; backward: from gradients by the coverages,
    `values[low : low + cols]`, to `partial`, see `add_gradient`.
    """
    used = simple_row(edges, y, pieces, active)
    simple, count = used > 0, active
    breaks = 2 if simple else break_row(edges, y, pieces, active)
    for i in range(breaks - 1):
        slabs = 1
        if not simple:
            top, bottom = pieces.breaks[i], pieces.breaks[i + 1]
            if not top < bottom:
                continue
            count = order_slab(edges, top, bottom, pieces, active)
            if count < 2:
                continue
            slabs = find_crossings(edges, top, bottom, pieces, count) - 1
        for j in range(slabs):
            if not simple:
                above, below = pieces.crossings[j], pieces.crossings[j + 1]
                if not above < below:
                    continue
                if slabs > 1:
                    count = order_slab(edges, above, below, pieces, active)
                used = find_pieces(edges, above, below, even_odd, slabs == 1, pieces, count)
            if backward:
                add_gradient(edges, pieces, used, cols, values, low, partial, begin)
            else:
                add_area(pieces, used, cols, values, span)
