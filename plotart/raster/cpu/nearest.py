# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""The pixels that a stroke can touch in a band of rows, and the chord nearest to each (numba)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from plotart.raster.chords import EDGE, HALF, MOST_CHORDS, ONE, ZERO
from plotart.raster.cpu.edge import FAR
from plotart.raster.cpu.jit import jit
from plotart.raster.cpu.lanes import (
    WIDTH,
    arange,
    ceil,
    fabs,
    floor,
    full,
    maximum,
    minimum,
    reduce_max,
    reduce_min,
    to_int,
    where,
)
from plotart.raster.cpu.memory import load, store
from plotart.raster.cpu.words import ROWS


class Scratch(NamedTuple):
    """What one thread needs to find the pixels of a stroke in a band.

    box `[4, MOST_CHORDS + 2 WIDTH]` int32: first and last row and column of each chord. best, owner `[pixels]`: squared
    distance to the nearest chord and its number (int32) in a box around the stroke. words `[5, pixels]` uint32: touched
    pixels of each kind, and those that may hold a corner. squared, covered `[pixels]`: their squared distances and
    coverages.
    """

    box: Any
    best: Any
    owner: Any
    words: Any
    squared: Any
    covered: Any
    records: Any
    before: Any


@jit
def no_records():
    """Room for the records of the longest stroke."""
    return np.zeros(8 * (MOST_CHORDS + WIDTH), np.float32)


@jit
def scratch(cols):
    room = ROWS * (cols + 2 * WIDTH)
    box, words = np.empty((4, MOST_CHORDS + 2 * WIDTH), np.int32), np.zeros((5, room), np.uint32)
    best, owner = np.empty(room, np.float32), np.empty(room, np.int32)
    return Scratch(
        box,
        best,
        owner,
        words,
        np.zeros(room, np.float32),
        np.empty(room, np.float32),
        no_records(),
        np.zeros(cols + 1, np.int64),
    )


@jit
def count_wanted(wanted, top, rows, before):
    """Pixels of a band to be rendered left of each column, into `before [W+1]`; returns whether there are any.

    wanted: `[H, W]` bool; all pixels if it is empty.
    """
    if wanted.shape[0] == 0:
        return True
    for col in range(wanted.shape[1] + 1):
        before[col] = 0
    for row in range(top, top + rows):
        for col in range(wanted.shape[1]):
            before[col + 1] += wanted[row, col]
    for col in range(wanted.shape[1]):
        before[col + 1] += before[col]
    return before[wanted.shape[1]] > 0


@jit
def boxes(line, begin, end, reach, top, rows, cols, box):
    """First and last row (in the band) and column of the pixels that each chord can touch, and those of the stroke."""
    low_row, high_row, low_col, high_col = full(FAR), full(-ONE), full(FAR), full(-ONE)
    for c in range(begin, end, WIDTH):
        x, y, tx, ty = load(line.x, c), load(line.y, c), load(line.tx, c), load(line.ty, c)
        # the rectangle along low..high, across -reach..reach
        low, high = where(arange() == begin - c, -reach - EDGE, full(ZERO)), load(line.length, c) + load(line.after, c)
        up, down = minimum(low * ty, high * ty), maximum(low * ty, high * ty)
        left, right = minimum(low * tx, high * tx), maximum(low * tx, high * tx)
        across, aside = reach * fabs(tx), reach * fabs(ty)
        row0 = maximum(ceil(y + up - across - (HALF + top)), ZERO)
        row1 = minimum(maximum(floor(y + down + across - (HALF + top)), -ONE), rows - 1)
        col0 = maximum(ceil(x + left - aside - HALF), ZERO)
        col1 = minimum(maximum(floor(x + right + aside - HALF), -ONE), cols - 1)
        seen = (row0 <= row1) & (col0 <= col1) & (arange() < end - c)
        row1 = where(seen, row1, -ONE)
        store(box[0], c - begin, to_int(minimum(row0, rows)))
        store(box[1], c - begin, to_int(row1))
        store(box[2], c - begin, to_int(minimum(col0, cols)))
        store(box[3], c - begin, to_int(col1))
        low_row, high_row = minimum(low_row, where(seen, row0, FAR)), maximum(high_row, row1)
        low_col, high_col = minimum(low_col, where(seen, col0, FAR)), maximum(high_col, where(seen, col1, -ONE))
    return reduce_min(low_row), reduce_max(high_row), reduce_min(low_col), reduce_max(high_col)


@jit
def touch(line, begin, end, reach, top, rows, cols, wanted, found):
    """The chord nearest to each pixel that a stroke can touch in a band: `found.best` and `found.owner`.

    Args:
        top, rows, cols: the band's first row, its number of rows, the canvas' width.
        wanted: `[H, W]` bool, the pixels to render; all if it is empty.

    Returns:
        first row in the band, first column, number of rows and of vectors a row: the box around the stroke. Pixels out
        of reach hold reach^2 there, pixels that are not wanted -1.
    """
    low_row, high_row, low_col, high_col = boxes(line, begin, end, reach, top, rows, cols, found.box)
    if high_row < ZERO:
        return 0, 0, 0, 0
    row0, col0, last = int(low_row), int(low_col), int(high_col)
    chosen_before, chosen = found.before, wanted.shape[0] > 0
    if chosen and chosen_before[last + 1] == chosen_before[col0]:
        return 0, 0, 0, 0
    tall, wide = int(high_row) - row0 + 1, (last - col0) // WIDTH + 1
    best, owner, box = found.best, found.owner, found.box
    reach2 = reach * reach
    for place in range(0, tall * wide * WIDTH, WIDTH):
        store(best, place, full(reach2))
    if chosen and chosen_before[last + 1] - chosen_before[col0] < rows * (last + 1 - col0):
        for row in range(tall):
            for col in range(min(wide * WIDTH, cols - col0)):
                if not wanted[top + row0 + row, col0 + col]:
                    best[row * wide * WIDTH + col] = -ONE
    for c in range(begin, end):
        k = c - begin
        if box[1, k] < 0 or (chosen and chosen_before[box[3, k] + 1] == chosen_before[box[2, k]]):
            continue
        x0, y0, tx, ty, length = line.x[c], line.y[c], line.tx[c], line.ty[c], line.length[c]
        low = -reach - EDGE if k == 0 else ZERO
        left, right = (box[2, k] - col0) // WIDTH, (box[3, k] - col0) // WIDTH
        start_x = np.float32(col0) + HALF - x0
        for row in range(box[0, k], box[1, k] + 1):
            ry = np.float32(row + top) + HALF - y0
            ry_t, ry_n = ry * ty, ry * tx
            for chunk in range(left, right + 1):
                place = ((row - row0) * wide + chunk) * WIDTH
                rx = arange() + (start_x + np.float32(chunk * WIDTH))
                along, across = rx * tx + ry_t, ry_n - rx * ty
                over = along - minimum(maximum(along, ZERO), length)
                d2 = across * across + over * over
                before = load(best, place)
                nearer = (d2 < before) & (along >= low)
                store(best, place, where(nearer, d2, before))
                store(owner, place, where(nearer, k, load(owner, place)))
    return row0, col0, tall, wide
