# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""CPU kernels: bands of pixel rows, one stroke after the other (numba).

A stroke is first reduced, chord by chord, to the pixels it touches and the chord nearest to each (nearest.py); then
each pixel's coverage is worked out (cover.py, edge.py) and composited (over.py, transmit.py). What the backward pass
(backward.py) needs is one 32-bit word for each touched pixel (words.py: place in the band and nearest chord) and, for
ordered compositing, the colour underneath: distances are computed again.

Every (stroke, band) pair owns a slot for its partial gradients, and slots are added in order: the result does not
depend on which thread worked on which band.
"""

from __future__ import annotations

import numpy as np

from plotart.raster.chords import EDGE, ONE, REACH32, TWO, ZERO, chord_counts, on_canvas, rows_of
from plotart.raster.cpu.jit import kernel
from plotart.raster.cpu.lanes import (
    WIDTH,
    arange,
    bitmask,
    floor,
    full,
    maximum,
    minimum,
    reduce_max,
    reduce_min,
    reduce_sum,
    where,
)
from plotart.raster.cpu.memory import load, store
from plotart.raster.cpu.words import ROWS

PER_ROWS = np.float32(1 / ROWS)


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


@kernel
def stroke_loads(strokes, table, first, half, softness, rows, cols, spans, pixels):
    """For some strokes, which bands they reach and how many pixels they can touch there at most.

    Args:
        spans: `[M, 2]`, set to the first and last band of each stroke. pixels: `[M, bands of a drawing]`, set within.
    """
    line, last_band = rows_of(table), np.float32((rows + ROWS - 1) // ROWS - 1)
    low, high, bounds = np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32)
    for i in strokes:
        begin, end, reach = first[i], first[i + 1], half[i] + REACH32 * softness
        spans[i, 0], spans[i, 1] = last_band + 1, -1
        for band in range(pixels.shape[1]):
            pixels[i, band] = ZERO
        for c in range(begin, end, WIDTH):
            x, y, length = load(line.x, c), load(line.y, c), load(line.length, c)
            dx, dy = length * load(line.tx, c), length * load(line.ty, c)
            left, right = x + minimum(dx, ZERO) - reach, x + maximum(dx, ZERO) + reach
            up, down = y + minimum(dy, ZERO) - reach, y + maximum(dy, ZERO) + reach
            seen = (right >= ZERO) & (left <= cols) & (down >= ZERO) & (up <= rows) & (arange() < end - c)
            if bitmask(seen) == 0:
                continue
            from_band = minimum(maximum(floor(up * PER_ROWS), ZERO), last_band)
            to_band = maximum(minimum(floor(down * PER_ROWS), last_band), ZERO)
            long = length + load(line.after, c) + where(arange() == begin - c, reach + EDGE, full(ZERO))
            wide = reach + reach
            bound = minimum(long * wide + long + (wide + TWO), (long + (wide + TWO)) * np.float32(4 * ROWS))
            bound = where(seen, bound, ZERO)
            top, bottom = reduce_min(where(seen, from_band, last_band)), reduce_max(where(seen, to_band, ZERO))
            spans[i, 0], spans[i, 1] = min(spans[i, 0], int(top)), max(spans[i, 1], int(bottom))
            if top == bottom:
                pixels[i, int(top)] += reduce_sum(bound)
                continue
            store(low, 0, from_band)
            store(high, 0, to_band)
            store(bounds, 0, bound)
            for lane in range(WIDTH):
                if bounds[lane] > ZERO:
                    for band in range(int(low[lane]), int(high[lane]) + 1):
                        pixels[i, band] += bounds[lane]


@kernel
def band_loads(spans, pixels, strokes, rows, cols):
    """Which strokes reach which band, in drawing order, and how many pixels they can touch there at most.

    Args:
        spans, pixels: of `stroke_loads`.
        strokes: number of strokes of one drawing; bands of different drawings follow each other.

    Returns:
        start `[bands+1]` and stroke `[slots]`: the strokes of each band; room `[bands+1]`: bounds on touched pixels.
    """
    drawings = len(spans) // strokes
    per_drawing = (rows + ROWS - 1) // ROWS
    start = np.zeros(drawings * per_drawing + 1, np.int64)
    room = np.zeros(drawings * per_drawing + 1, np.int64)
    for i in range(len(spans)):
        base = (i // strokes) * per_drawing
        for band in range(spans[i, 0], spans[i, 1] + 1):
            start[base + band + 1] += 1
            room[base + band + 1] += int(min(pixels[i, band] + ONE, np.float32(ROWS * cols)))
    for band in range(len(start) - 1):
        start[band + 1] += start[band]
        room[band + 1] += room[band]
    stroke = np.empty(start[-1], np.int64)
    fill = start[:-1].copy()
    for i in range(len(spans)):
        base = (i // strokes) * per_drawing
        for band in range(spans[i, 0], spans[i, 1] + 1):
            stroke[fill[base + band]] = i
            fill[base + band] += 1
    return start, stroke, room


@kernel
def add_slots(start, stroke, partial, total):
    """Add the partial gradients `[slots, Q]` of each stroke, band after band, to `total [M, Q]` float64."""
    for slot in range(start[-1]):
        for q in range(partial.shape[1]):
            total[stroke[slot], q] += partial[slot, q]
