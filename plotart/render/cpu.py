# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""CPU kernels: bands of pixel rows, one stroke after the other (numba).

A stroke is first reduced, chord by chord, to the pixels it touches and the chord nearest to each; then each pixel's
coverage is composited. What the backward pass needs is one 32-bit word for each touched pixel (place in the band and
nearest chord) and, for ordered compositing, the colour underneath: distances are computed again.

Every (stroke, band) pair owns a slot for its partial gradients, and slots are added in order: the result does not
depend on which thread worked on which band.
"""

from __future__ import annotations

import math

import numpy as np

from plotart.render.chords import (
    AFTER,
    BEFORE,
    LENGTH,
    MARKS,
    REACH,
    TX,
    TY,
    X,
    Y,
    chord_counts,
    on_canvas,
)
from plotart.render.edge import (
    CAPPED,
    FAR,
    INSIDE,
    LANES,
    ONE,
    PLAIN,
    ZERO,
    add_capped,
    add_cornered,
    add_plain,
    capped,
    cornered,
    pixel_kind,
    plain,
)
from plotart.render.jit import jit, kernel

ROWS = 32  # pixel rows of a band
# A touched pixel in 32 bits: row in the band, column, number of the nearest chord within its stroke, kind
KIND_BITS, CHORD_BITS, COL_BITS = 2, 10, 15
KIND_MASK, CHORD_MASK, COL_MASK = (1 << KIND_BITS) - 1, (1 << CHORD_BITS) - 1, (1 << COL_BITS) - 1
PIXEL_SHIFT = KIND_BITS + CHORD_BITS
HALF = np.float32(0.5)


@kernel
def band_loads(table, first, half, softness, strokes, rows, cols):
    """Which strokes reach which band, in drawing order, and how many pixels they can touch there at most.

    Args:
        strokes: number of strokes of one drawing; bands of different drawings follow each other.

    Returns:
        start `[bands+1]` and stroke `[slots]`: the strokes of each band; room `[bands+1]`: bounds on touched pixels.
    """
    drawings = (len(first) - 1) // strokes
    per_drawing = (rows + ROWS - 1) // ROWS
    start = np.zeros(drawings * per_drawing + 1, np.int64)
    room = np.zeros(drawings * per_drawing + 1, np.int64)
    spans = np.empty((len(first) - 1, 2), np.int64)
    pixels = np.zeros(per_drawing, np.float64)
    for i in range(len(first) - 1):
        reach = half[i] + REACH * softness
        low, high = per_drawing, -1
        base = (i // strokes) * per_drawing
        for c in range(first[i], first[i + 1]):
            y0 = table[c, Y]
            y1 = y0 + table[c, LENGTH] * table[c, TY]
            x0 = table[c, X]
            x1 = x0 + table[c, LENGTH] * table[c, TX]
            if max(x0, x1) + reach < 0 or min(x0, x1) - reach > cols or max(y0, y1) + reach < 0:
                continue
            if min(y0, y1) - reach > rows:
                continue
            a = int(max(0.0, math.floor((min(y0, y1) - reach) / ROWS)))
            b = int(min(float(per_drawing - 1), math.floor((max(y0, y1) + reach) / ROWS)))
            low, high = min(low, a), max(high, b)
            long, wide = table[c, LENGTH] + table[c, BEFORE] + table[c, AFTER], 2 * reach
            bound = min(long * wide + long + wide + 2.0, 4.0 * ROWS * (long + wide + 2.0))
            for band in range(a, b + 1):
                pixels[band] += bound
        spans[i, 0], spans[i, 1] = low, high
        for band in range(low, high + 1):
            start[base + band + 1] += 1
            room[base + band + 1] += int(min(pixels[band] + 1.0, float(ROWS * cols)))
            pixels[band] = 0.0
    for band in range(len(start) - 1):
        start[band + 1] += start[band]
        room[band + 1] += room[band]
    stroke = np.empty(start[-1], np.int64)
    fill = start[:-1].copy()
    for i in range(len(first) - 1):
        base = (i // strokes) * per_drawing
        for band in range(spans[i, 0], spans[i, 1] + 1):
            stroke[fill[base + band]] = i
            fill[base + band] += 1
    return start, stroke, room


@jit
def touch(table, begin, end, half, softness, top, rows, cols, best, owner, touched):
    """The pixels of a band that a stroke can touch, and the chord nearest to each.

    Args:
        top, rows, cols: the band's first row, its number of rows, the canvas' width.
        best, owner: `[rows * cols]` scratch; `best` holds FAR on entry, afterwards squared distances.
        touched: `[rows * cols]` scratch for the pixels, `row << COL_BITS | col`, in the order in which they were met.

    Returns:
        the number of pixels in `touched`.
    """
    reach = half + np.float32(REACH) * softness
    reach2 = reach * reach
    count = 0
    for c in range(begin, end):
        x0, y0, tx, ty, length = table[c, X], table[c, Y], table[c, TX], table[c, TY], table[c, LENGTH]
        low, high = -table[c, BEFORE], length + table[c, AFTER]
        # rows of the rectangle along -before..length+after, across -reach..reach
        up, down = min(low * ty, high * ty) - reach * abs(tx), max(low * ty, high * ty) + reach * abs(tx)
        row0 = max(0.0, math.ceil(y0 + up - HALF - top))
        row1 = min(float(rows - 1), math.floor(y0 + down - HALF - top))
        if row0 > row1:
            continue
        inv_x = ONE / tx if abs(tx) > np.float32(1e-6) else np.float32(1e6)
        inv_y = ONE / ty if abs(ty) > np.float32(1e-6) else np.float32(1e6)
        for row in range(int(row0), int(row1) + 1):
            ry = np.float32(row + top) + HALF - y0
            m, s = ry * tx * inv_y, reach * abs(inv_y)
            p, q = (low - ry * ty) * inv_x, (high - ry * ty) * inv_x
            left = max(m - s, min(p, q)) + x0 - HALF
            right = min(m + s, max(p, q)) + x0 - HALF
            left, right = max(left, ZERO), min(right, np.float32(cols - 1))
            if left > right:
                continue
            base = row * cols
            ry_t, ry_n = ry * ty, ry * tx
            for col in range(math.ceil(left), int(right) + 1):
                rx = np.float32(col) + HALF - x0
                along = rx * tx + ry_t
                across = ry_n - rx * ty
                over = along - min(max(along, ZERO), length)
                d2 = across * across + over * over
                place = base + col
                if d2 < reach2 and d2 < best[place] and along >= low:
                    if best[place] == FAR:
                        touched[count] = (row << COL_BITS) | col
                        count += 1
                    best[place] = d2
                    owner[place] = c - begin
    return count


@jit
def scratch(cols):
    """`best`, `owner` and `touched` of `touch`, and `cells` of `coverage`."""
    size = ROWS * cols
    best, owner, touched = np.full(size, FAR, np.float32), np.empty(size, np.int16), np.empty(size, np.int32)
    return best, owner, touched, np.empty((2, LANES), np.float32)


@jit
def vertex_scratch(first):
    """`vertex`, `turn` and `cells` of `add_gradient`, for the longest stroke."""
    longest = 1
    for i in range(len(first) - 1):
        longest = max(longest, first[i + 1] - first[i])
    return np.empty((longest + 1, 2), np.float32), np.empty(longest, np.float32), np.empty((2, LANES), np.float32)


@jit
def cover(
    table, begin, end, half, softness, top, rows, cols, best, owner, touched, cells, words, covered
):  # fmt: skip
    """The pixels of a band that a stroke covers: `words` and coverages into `covered`; returns their number.

    The arguments up to `touched` are those of `touch`, cells is scratch of `cornered`.
    """
    count = touch(table, begin, end, half, softness, top, rows, cols, best, owner, touched)
    depth, per_s = half - np.float32(REACH) * softness, ONE / softness
    sure = depth * depth if depth > ZERO else -ONE
    used = 0
    for j in range(count):
        pixel = touched[j]
        row, col = pixel >> COL_BITS, pixel & COL_MASK
        place = row * cols + col
        d2, chord = best[place], np.int64(owner[place])
        best[place] = FAR
        k, kind = begin + chord, PLAIN
        if d2 <= sure:
            kind, c = INSIDE, ONE
        else:
            x, y = np.float32(col) + HALF, np.float32(top + row) + HALF
            if table[k, MARKS] != ZERO:
                kind = pixel_kind(table, begin, end, k, x, y, half, softness)
            if kind == PLAIN:
                c = plain(table, k, x, y, half, per_s)
            elif kind == CAPPED:
                c = capped(table, begin, end, k, x, y, half, softness)
            else:
                c = cornered(table, begin, end, k, x, y, half, softness, cells)
        if c > ZERO:
            words[used] = np.uint32((pixel << PIXEL_SHIFT) | (chord << KIND_BITS) | kind)
            covered[used] = c
            used += 1
    return used


@jit
def add_gradient(table, begin, end, half, softness, top, words, grad, covered, vertex, turn, cells):
    """Back from coverages to the vertices of one stroke in one band.

    Args:
        words: `[n]` as `cover` wrote them. grad: `[n]`, gradients of the coverages.
        covered: `[n]`, set to the coverages. vertex, turn: see `add_plain`.

    Returns:
        the gradient of the half width.
    """
    per_s, by_half = ONE / softness, ZERO
    for j in range(len(words)):
        word = np.int64(words[j])
        kind, k = word & KIND_MASK, begin + ((word >> KIND_BITS) & CHORD_MASK)
        if kind == INSIDE:
            covered[j] = ONE
            continue
        pixel = word >> PIXEL_SHIFT
        x, y = np.float32(pixel & COL_MASK) + HALF, np.float32(top + (pixel >> COL_BITS)) + HALF
        if kind == PLAIN:
            c, part = add_plain(table, begin, k, x, y, half, per_s, grad[j], vertex, turn)
        elif kind == CAPPED:
            c, part = add_capped(table, begin, end, k, x, y, half, softness, grad[j], vertex, turn)
        else:
            c, part = add_cornered(table, begin, end, k, x, y, half, softness, grad[j], vertex, turn, cells)
        covered[j] = c
        by_half += part
    return by_half


@jit
def clear(count, vertex, turn):
    """Zeros for the gradients of `count` chords."""
    for k in range(count):
        vertex[k, 0], vertex[k, 1], turn[k] = ZERO, ZERO, ZERO
    vertex[count, 0], vertex[count, 1] = ZERO, ZERO


@jit
def choose(wanted, top, rows, cols, best):
    """Set `best` for a band of which only the pixels `wanted [H, W]` are rendered (all if it is empty).

    Returns whether there is anything to render. A pixel that is not wanted is nearer to something than any stroke.
    """
    if wanted.shape[0] == 0:
        return True
    some = False
    for row in range(rows):
        for col in range(cols):
            if wanted[top + row, col]:
                best[row * cols + col] = FAR
                some = True
            else:
                best[row * cols + col] = -ONE
    return some


@kernel
def add_slots(start, stroke, partial, total):
    """Add the partial gradients `[slots, Q]` of each stroke, band after band, to `total [M, Q]` float64."""
    for slot in range(start[-1]):
        for q in range(partial.shape[1]):
            total[stroke[slot], q] += partial[slot, q]


@kernel
def count_chords(points, half, softness, rows, cols):
    """Chords of each segment `[M, S]`, none for strokes off the canvas, and the first chord of each stroke `[M+1]`."""
    seen = on_canvas(points, half, softness, rows, cols)
    counts = chord_counts(points)
    first = np.zeros(len(points) + 1, np.int64)
    for i in range(len(points)):
        if not seen[i]:
            counts[i] = 0
        first[i + 1] = first[i] + counts[i].sum()
    return counts, first
