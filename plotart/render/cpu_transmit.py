# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Transmitted light on the CPU, T_c = prod_i (1 - weight_ic coverage_i): forward and backward over bands (numba).

A factor may be exactly 0 (a weight of 1 where the stroke covers all). So that no gradient needs a division by 0, the
product of the factors that are not 0 is kept, and the number of those that are.
"""

from __future__ import annotations

import numpy as np

from plotart.render.chords import MARKS, spread_to_points
from plotart.render.cpu import (
    CHORD_BITS,
    CHORD_MASK,
    COL_BITS,
    COL_MASK,
    HALF,
    INSIDE,
    ROWS,
    most_chords,
    scratch,
    surely_inside,
    touch,
)
from plotart.render.edge import CELLS, FAR, ONE, ZERO, add_gradient, add_plain, coverage, plain, turn_to_vertices
from plotart.render.jit import jit


@jit
def transmit_forward(
    bands, start, stroke, room, table, first, half, softness, weight, channel, product, zeros, words, covered, ends
):
    """Multiply the strokes of `bands` into `product [B, C, H, W]` (1 on entry) and count zeros alike (0 on entry).

    weight is `[M, C]`, or `[M, 1]` for strokes that touch only the channel named in `channel [M]` (else -1).
    words and covered `[touches]` and ends `[slots]` are what `transmit_backward` needs; nothing is kept
    when they are empty.
    """
    planes, rows, cols = product.shape[1], product.shape[2], product.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    best, owner, touched, cells = scratch(cols)
    keep = len(ends) > 0
    per_s = ONE / softness
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        height = min(ROWS, rows - top)
        light = product[drawing].reshape(planes, rows * cols)
        dark = zeros[drawing].reshape(planes, rows * cols)
        origin = top * cols
        word = room[band]
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            low = max(channel[i], 0)
            h = half[i]
            sure = surely_inside(h, softness)
            count = touch(table, begin, end, h, softness, top, height, cols, best, owner, touched)
            for j in range(count):
                row, col = touched[j] >> COL_BITS, touched[j] & COL_MASK
                place = row * cols + col
                d2, chord = best[place], owner[place]
                best[place] = FAR
                x, y = np.float32(col) + HALF, np.float32(top + row) + HALF
                k = begin + chord
                if d2 <= sure:
                    c, chord = ONE, np.int16(INSIDE)
                elif table[k, MARKS] == ZERO:
                    c = plain(table, k, x, y, h, per_s)
                else:
                    c = coverage(table, begin, end, k, x, y, h, softness, cells)
                if c == ZERO:
                    continue
                p = origin + place
                if keep:
                    words[word] = np.uint32((touched[j] << CHORD_BITS) | chord)
                    covered[word] = c
                    word += 1
                for n in range(weight.shape[1]):
                    factor = ONE - weight[i, n] * c
                    if factor == ZERO:
                        dark[low + n, p] += 1
                    else:
                        light[low + n, p] *= factor
            if keep:
                ends[slot] = word


@jit
def transmit_backward(
    bands, start, stroke, room, table, first, counts, half, softness, weight, channel,
    product, zeros, words, covered, ends, grad, partial,
):  # fmt: skip
    """Gradients of `transmit_forward`: `grad [B, C, H, W]` -> partial `[slots, 2(1+3S) + 1 + weights]`.

    The columns are control points, half width, weights.
    """
    planes, rows, cols = product.shape[1], product.shape[2], product.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    kinds = weight.shape[1]
    q = partial.shape[1] - 1 - kinds
    longest = most_chords(first)
    vertex, turn = np.empty((longest + 1, 2), np.float32), np.empty(longest, np.float32)
    cells = np.empty((2, CELLS), np.float32)
    per_s = ONE / softness
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        light = product[drawing].reshape(planes, rows * cols)
        dark = zeros[drawing].reshape(planes, rows * cols)
        wanted = grad[drawing].reshape(planes, rows * cols)
        origin = top * cols
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            low = max(channel[i], 0)
            vertex[: end - begin + 1] = ZERO
            turn[: end - begin] = ZERO
            partial[slot] = ZERO
            by_half = ZERO
            since = room[band] if slot == start[band] else ends[slot - 1]
            for word in range(since, ends[slot]):
                pixel, chord = np.int64(words[word]) >> CHORD_BITS, np.int64(words[word]) & CHORD_MASK
                row, col = pixel >> COL_BITS, pixel & COL_MASK
                p = origin + row * cols + col
                c = covered[word]
                by_c = ZERO
                for n in range(kinds):
                    w = weight[i, n]
                    factor = ONE - w * c
                    missing = dark[low + n, p]
                    others = ZERO  # the product of all other factors
                    if factor == ZERO:
                        if missing == 1:
                            others = light[low + n, p]
                    elif missing == 0:
                        others = light[low + n, p] / factor
                    by_factor = wanted[low + n, p] * others
                    by_c -= by_factor * w
                    partial[slot, q + 1 + n] -= by_factor * c
                if chord != INSIDE:
                    x, y = np.float32(col) + HALF, np.float32(top + row) + HALF
                    k = begin + chord
                    if table[k, MARKS] == ZERO:
                        _, by_part = add_plain(table, begin, k, x, y, half[i], per_s, by_c, vertex, turn)
                    else:
                        _, by_part = add_gradient(
                            table, begin, end, k, x, y, half[i], softness, by_c, vertex, turn, cells
                        )
                    by_half += by_part
            turn_to_vertices(table, begin, end, vertex, turn)
            spread_to_points(vertex, counts[i], partial[slot, :q].reshape(-1, 2))
            partial[slot, q] = by_half
