# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Filled layers over each other on the CPU: forward and backward over bands of pixel rows (numba).

Every (layer, band) pair owns a slot: a list of the edges that meet the band, in which the gradients by the ends of
these edges are added up, and room for those by its paint. Slots are added in order, so the result does not depend on
which thread worked on which band. What the backward pass needs is kept for each touched pixel: its place, its coverage
and the premultiplied colour underneath; the boundary is found again.
"""

from __future__ import annotations

import numpy as np

from plotart.raster.cpu.jit import jit, kernel
from plotart.raster.cpu.memory import at, put
from plotart.raster.cpu.sweep import BAND, begin_row, no_edges, no_pieces, sweep_row, take_edges

ONE = np.float32(1)
VALUES = 5
"""Numbers of a pixel: premultiplied r, g, b, alpha, and how much of it is covered by anything."""
LINEAR, RADIAL = 1, 2
GEOMETRY, STOP = 4, 5
"""Numbers of a paint, and of each of its stops: offset, r, g, b, alpha."""
FAINT = 1e-6
"""Coverage below which a layer is not there, and this near to 1 it is whole."""
SHORTEST = 1e-12
"""Least square of the length of a gradient, and least radius, px."""


@jit
def stop_at(kind, geometry, stops, begin, end, x, y):
    """Where a gradient is at a point: the stop before it, how far it is to the next, and t; no next: a share of 0."""
    gx, gy = geometry[2] - geometry[0], geometry[3] - geometry[1]
    dx, dy = x - geometry[0], y - geometry[1]
    if kind == LINEAR:
        t = (dx * gx + dy * gy) / max(gx * gx + gy * gy, SHORTEST)
    else:
        u, v = dx / max(geometry[2], SHORTEST), dy / max(geometry[3], SHORTEST)
        t = np.sqrt(u * u + v * v)
    if not t >= stops[begin, 0]:
        return begin, 0.0, t
    for i in range(begin, end - 1):
        if t < stops[i + 1, 0]:
            return i, (t - stops[i, 0]) / (stops[i + 1, 0] - stops[i, 0]), t
    return end - 1, 0.0, t


@jit
def colour_at(stops, n, after, share):
    """r, g, b and opacity between two stops."""
    rest = 1.0 - share
    return (
        np.float32(rest * stops[n, 1] + share * stops[after, 1]),
        np.float32(rest * stops[n, 2] + share * stops[after, 2]),
        np.float32(rest * stops[n, 3] + share * stops[after, 3]),
        np.float32(rest * stops[n, 4] + share * stops[after, 4]),
    )


@jit
def paint_backward(kind, geometry, stops, begin, end, x, y, i, share, t, by, own):
    """Add the gradients of a paint to `own [4 + 5 stops]`; by `[4]`: those by the colour at (x, y)."""
    first = GEOMETRY + STOP * (i - begin)
    for k in range(4):
        own[first + 1 + k] += (1.0 - share) * by[k]
    if i + 1 >= end or (i == begin and not t >= stops[begin, 0]):
        return
    by_share = 0.0
    for k in range(4):
        own[first + STOP + 1 + k] += share * by[k]
        by_share += by[k] * (stops[i + 1, 1 + k] - stops[i, 1 + k])
    by_t = by_share / (stops[i + 1, 0] - stops[i, 0])
    own[first] += by_t * (share - 1.0)
    own[first + STOP] -= by_t * share
    dx, dy = x - geometry[0], y - geometry[1]
    if kind == LINEAR:
        gx, gy = geometry[2] - geometry[0], geometry[3] - geometry[1]
        square = gx * gx + gy * gy
        per = by_t / max(square, SHORTEST)
        longer = 2.0 * t if square > SHORTEST else 0.0
        x1, y1 = per * (dx - longer * gx), per * (dy - longer * gy)
        own[0] -= per * gx + x1
        own[1] -= per * gy + y1
        own[2] += x1
        own[3] += y1
    elif t > 0.0:
        rx, ry = max(geometry[2], SHORTEST), max(geometry[3], SHORTEST)
        u, v = by_t * dx / (rx * t), by_t * dy / (ry * t)
        own[0] -= u / rx
        own[1] -= v / ry
        own[2] -= u * dx / (rx * rx)
        own[3] -= v * dy / (ry * ry)


@jit
def most_entries(bands, start, entry):
    most = 1
    for band in bands:
        for slot in range(start[band], start[band + 1]):
            most = max(most, entry[slot + 1] - entry[slot])
    return most


@jit
def lay_over(canvas, q, part, r, g, b, alpha):
    """Composite a colour over the pixel at `canvas[q]`, of which it covers a part."""
    a = part * alpha
    p0, p1, p2, p3 = at(canvas, q), at(canvas, q + 1), at(canvas, q + 2), at(canvas, q + 3)
    put(canvas, q, p0 + a * (r - p0))
    put(canvas, q + 1, p1 + a * (g - p1))
    put(canvas, q + 2, p2 + a * (b - p2))
    put(canvas, q + 3, p3 + a * (ONE - p3))
    p4 = at(canvas, q + 4)
    put(canvas, q + 4, p4 + part * (ONE - p4))


@jit
def lift(canvas, q, below, u, part, r, g, b, alpha):
    """Back through `lay_over`: gradients by the part, and by r, g, b and opacity.

    canvas holds gradients; below, from u on, what lay there before.
    """
    a = part * alpha
    g0, g1, g2, g3 = at(canvas, q), at(canvas, q + 1), at(canvas, q + 2), at(canvas, q + 3)
    by_a = g0 * (r - at(below, u)) + g1 * (g - at(below, u + 1)) + g2 * (b - at(below, u + 2))
    by_a += g3 * (ONE - at(below, u + 3))
    rest, by_part = ONE - a, by_a * alpha
    g4 = at(canvas, q + 4)
    by_part += g4 * (ONE - at(below, u + 4))
    put(canvas, q + 4, g4 * (ONE - part))
    put(canvas, q, g0 * rest)
    put(canvas, q + 1, g1 * rest)
    put(canvas, q + 2, g2 * rest)
    put(canvas, q + 3, g3 * rest)
    return by_part, a * g0, a * g1, a * g2, part * by_a


@jit
def lay_row(
    area,
    first,
    last,
    y,
    cols,
    wanted,
    canvas,
    kind,
    geometry,
    stops,
    s0,
    s1,
    place,
    covered,
    below,
    since,
    keep,
):
    """Lay a layer over the columns first..last of a row, from the areas that `sweep_row` found, which become 0 again.

    Returns the number of pixels that are touched; what `lift_constant` needs of them is kept from `since` on.
    """
    r, g, b, alpha = colour_at(stops, s0, s0, 0.0)
    c, count, choose = 0.0, 0, len(wanted) > 0
    for x in range(first, min(last, cols - 1) + 1):
        c += at(area, x)
        put(area, x, 0.0)
        if c < FAINT or (choose and not wanted[y, x]):
            continue
        if kind != 0:
            n, share, _ = stop_at(kind, geometry, stops, s0, s1, x + 0.5, y + 0.5)
            r, g, b, alpha = colour_at(stops, n, min(n + 1, s1 - 1), share)
        part = np.float32(1.0 if c > 1.0 - FAINT else c)
        q = VALUES * (y * cols + x)
        if keep:
            j = since + count
            put(place, j, np.int32(y * cols + x))
            put(covered, j, part)
            for k in range(VALUES):
                put(below, VALUES * j + k, at(canvas, q + k))
        count += 1
        lay_over(canvas, q, part, r, g, b, alpha)
    for x in range(max(min(last, cols - 1) + 1, 0), min(last + 2, cols + 2)):
        put(area, x, 0.0)
    return count


@jit
def lift_constant(place, covered, below, since, until, low, canvas, by_c, stops, s0, mine):
    """Back through the pixels since..until of a layer of one colour: gradients by coverages into `by_c`, and `mine`."""
    r, g, b, alpha = colour_at(stops, s0, s0, 0.0)
    red, green, blue, opaque = 0.0, 0.0, 0.0, 0.0
    for j in range(since, until):
        p = np.int64(at(place, j))
        by_part, by_r, by_g, by_b, by_alpha = lift(
            canvas, VALUES * p, below, VALUES * j, at(covered, j), r, g, b, alpha
        )
        put(by_c, p - low, np.float64(by_part))
        red, green, blue, opaque = red + by_r, green + by_g, blue + by_b, opaque + by_alpha
    first = GEOMETRY + 1
    mine[first], mine[first + 1], mine[first + 2], mine[first + 3] = red, green, blue, opaque


@jit
def lift_gradient(
    place, covered, below, since, until, low, canvas, by_c, kind, geometry, stops, s0, s1, cols, by, mine
):
    """The same of a layer with a gradient; by `[4]` is scratch."""
    for j in range(since, until):
        p = np.int64(at(place, j))
        x, y = p % cols + 0.5, p // cols + 0.5
        n, share, t = stop_at(kind, geometry, stops, s0, s1, x, y)
        r, g, b, alpha = colour_at(stops, n, min(n + 1, s1 - 1), share)
        by_part, by[0], by[1], by[2], by[3] = lift(
            canvas, VALUES * p, below, VALUES * j, at(covered, j), r, g, b, alpha
        )
        put(by_c, p - low, np.float64(by_part))
        paint_backward(kind, geometry, stops, s0, s1, x, y, n, share, t, by, mine)


@jit
def clear(values, place, since, until, low):
    """Make those of `values` 0 that belong to the touched pixels since..until."""
    for j in range(since, until):
        put(values, np.int64(at(place, j)) - low, 0.0)


@kernel
def fill_forward(
    bands, start, layer, entry, entries, room, vertices, ends, even_odd, kind, geometry, stops, first_stop, wanted,
    image, place, covered, under, used,
):  # fmt: skip
    """Composite the layers of `bands` over what `image [B, H, W, 5]` holds, see `VALUES`.

    even_odd, kind: `[L]`. geometry: `[L, 4]`. stops: `[T, 5]`. first_stop: `[L + 1]`. wanted: `[H, W]`, or empty for
    all pixels. place, covered `[touches]`, under `[touches, 5]` and used `[slots]`, the number of touched pixels,
    are kept for `fill_backward` unless they are empty.
    """
    rows, cols = image.shape[1], image.shape[2]
    per_drawing = (rows + BAND - 1) // BAND
    most = most_entries(bands, start, entry)
    edges, pieces = no_edges(most), no_pieces(most)
    area, span = np.zeros(cols + 2), np.empty(2, np.int64)
    partial, keep = np.empty(0), len(used) > 0
    below = under.reshape(-1)
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * BAND
        canvas = image[drawing].reshape(-1)
        for slot in range(start[band], start[band + 1]):
            i, count, active, since = layer[slot], 0, 0, room[slot]
            take_edges(vertices, ends, entries, entry[slot], entry[slot + 1], top, edges)
            s0, s1 = first_stop[i], first_stop[i + 1]
            for row in range(min(BAND, rows - top)):
                active = begin_row(edges, row, top, pieces, active)
                if active < 2:
                    continue
                y = top + row
                span[0], span[1] = cols, -1
                sweep_row(edges, float(y), even_odd[i], pieces, active, cols, False, area, 0, span, partial, 0)
                count += lay_row(
                    area, span[0], span[1], y, cols, wanted, canvas, kind[i], geometry[i], stops, s0, s1,
                    place, covered, below, since + count, keep,
                )  # fmt: skip
            if keep:
                used[slot] = count


@kernel
def fill_backward(
    bands, start, layer, entry, entries, room, vertices, ends, even_odd, kind, geometry, stops, first_stop, shapes,
    place, covered, under, used, grad, partial, own, first_own,
):  # fmt: skip
    """Gradients of `fill_forward` from `grad [B, H, W, 5]`, which becomes that by what was there before.

    shapes: whether gradients by the ends of edges are asked for, `partial [4 entries]` (0 on entry; see
    `add_gradient`). own: those by the paint of each slot, from `first_own [slots]` on (0 on entry; see
    `paint_backward`).
    """
    rows, cols = grad.shape[1], grad.shape[2]
    per_drawing = (rows + BAND - 1) // BAND
    most = most_entries(bands, start, entry)
    edges, pieces = no_edges(most), no_pieces(most)
    by_c, by, span = np.zeros(BAND * cols), np.empty(4), np.empty(2, np.int64)
    below = under.reshape(-1)
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * BAND
        canvas, low = grad[drawing].reshape(-1), top * cols
        for slot in range(start[band + 1] - 1, start[band] - 1, -1):
            if used[slot] == 0:
                continue
            i, since, until = layer[slot], room[slot], room[slot] + used[slot]
            s0, s1 = first_stop[i], first_stop[i + 1]
            mine = own[first_own[slot] : first_own[slot] + GEOMETRY + STOP * (s1 - s0)]
            if kind[i] == 0:
                lift_constant(place, covered, below, since, until, low, canvas, by_c, stops, s0, mine)
            else:
                lift_gradient(
                    place, covered, below, since, until, low, canvas, by_c, kind[i], geometry[i], stops, s0, s1,
                    cols, by, mine,
                )  # fmt: skip
            if shapes:
                take_edges(vertices, ends, entries, entry[slot], entry[slot + 1], top, edges)
                first_row, last_row, active = place[since] // cols - top, place[until - 1] // cols - top, 0
                for row in range(last_row + 1):
                    active = begin_row(edges, row, top, pieces, active)
                    if active > 1 and row >= first_row:
                        sweep_row(
                            edges, float(top + row), even_odd[i], pieces, active, cols, True, by_c, row * cols, span,
                            partial, entry[slot],
                        )  # fmt: skip
            clear(by_c, place, since, until, low)


@kernel
def add_paints(layer, first_own, own, first_stop, geometry, stops):
    """Gradients of the paints of all slots into `geometry [L, 4]` and `stops [T, 5]`."""
    for slot in range(len(layer)):
        i, begin = layer[slot], first_own[slot]
        for k in range(GEOMETRY):
            geometry[i, k] += own[begin + k]
        for s in range(first_stop[i], first_stop[i + 1]):
            for k in range(STOP):
                stops[s, k] += own[begin + GEOMETRY + STOP * (s - first_stop[i]) + k]


@kernel
def colours_forward(image, averaged, out):
    """Premultiplied `image [P, 5]` as `out [P, 4]`: colours divided by alpha, 0 where there is none, and alpha.

    averaged: colours are multiplied by how much of the pixel is covered by anything.
    """
    for p in range(len(image)):
        alpha, share = image[p, 3], image[p, 4] if averaged else ONE
        per = share / alpha if alpha > 0.0 else np.float32(0.0)
        out[p, 0], out[p, 1], out[p, 2], out[p, 3] = image[p, 0] * per, image[p, 1] * per, image[p, 2] * per, alpha


@kernel
def colours_backward(image, averaged, grad, by_image):
    """Gradients of `colours_forward`."""
    for p in range(len(image)):
        alpha, share = image[p, 3], image[p, 4] if averaged else ONE
        per = ONE / alpha if alpha > 0.0 else np.float32(0.0)
        g0, g1, g2 = grad[p, 0] * per, grad[p, 1] * per, grad[p, 2] * per
        by_image[p, 0], by_image[p, 1], by_image[p, 2] = g0 * share, g1 * share, g2 * share
        along = g0 * image[p, 0] + g1 * image[p, 1] + g2 * image[p, 2]
        by_image[p, 3] = grad[p, 3] - along * share * per
        by_image[p, 4] = along if averaged else np.float32(0.0)
