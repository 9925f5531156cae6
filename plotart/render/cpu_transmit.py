"""Transmitted light on the CPU, T_c = prod_i (1 - weight_ic coverage_i): forward and backward over bands (numba).

A factor may be exactly 0 (a weight of 1 where the stroke covers all). So that no gradient needs a division by 0, the
product of the factors that are not 0 is kept, and the number of those that are.
"""

from __future__ import annotations

import numpy as np

from plotart.render.chords import jit, spread_to_points
from plotart.render.cpu import CHORD_BITS, CHORD_MASK, HALF, INSIDE, ROWS, cover, scratch, touch
from plotart.render.edge import FAR, ONE, ZERO, add_gradient, coverage, turn_to_vertices


@jit
def transmit_forward(
    bands, start, stroke, room, table, marks, first, half, softness, weight, channel, product, zeros, words, ends
):
    """Multiply the strokes of `bands` into `product [B, C, H, W]` (1 on entry) and count zeros alike (0 on entry).

    weight is `[M, C]`, or `[M, 1]` for strokes that touch only the channel named in `channel [M]` (else -1).
    words `[touches]` and ends `[slots]` are what `transmit_backward` needs; nothing is kept when they are empty.
    """
    planes, rows, cols = product.shape[1], product.shape[2], product.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    best, owner, touched = scratch(cols)
    keep = len(ends) > 0
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
            count = touch(table, begin, end, half[i], softness, top, height, cols, best, owner, touched)
            for j in range(count):
                place = touched[j]
                d2, chord = best[place], owner[place]
                best[place] = FAR
                c, mark = cover(table, marks, begin, end, chord, place, top, cols, d2, half[i], softness)
                if c == ZERO:
                    continue
                p = origin + place
                if keep:
                    words[word] = np.uint32((place << CHORD_BITS) | mark)
                    word += 1
                for k in range(weight.shape[1]):
                    factor = ONE - weight[i, k] * c
                    if factor == ZERO:
                        dark[low + k, p] += 1
                    else:
                        light[low + k, p] *= factor
            if keep:
                ends[slot] = word


@jit
def transmit_backward(
    bands, start, stroke, room, table, marks, first, counts, half, softness, weight, channel,
    product, zeros, words, ends, grad, partial,
):  # fmt: skip
    """Gradients of `transmit_forward`: `grad [B, C, H, W]` -> partial `[slots, 2(1+3S) + 1 + weights]`.

    The columns are control points, half width, weights.
    """
    planes, rows, cols = product.shape[1], product.shape[2], product.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    kinds = weight.shape[1]
    q = partial.shape[1] - 1 - kinds
    longest = 0
    for i in range(len(first) - 1):
        longest = max(longest, first[i + 1] - first[i])
    vertex, turn = np.empty((longest + 1, 2), np.float32), np.empty(longest, np.float32)
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
                place, chord = np.int64(words[word]) >> CHORD_BITS, np.int64(words[word]) & CHORD_MASK
                p = origin + place
                x, y = np.float32(place % cols) + HALF, np.float32(top + place // cols) + HALF
                c = ONE
                if chord != INSIDE:
                    c = coverage(table, marks, begin, end, begin + chord, x, y, half[i], softness)
                by_c = ZERO
                for k in range(kinds):
                    w = weight[i, k]
                    factor = ONE - w * c
                    missing = dark[low + k, p]
                    others = ZERO  # the product of all other factors
                    if factor == ZERO:
                        if missing == 1:
                            others = light[low + k, p]
                    elif missing == 0:
                        others = light[low + k, p] / factor
                    by_factor = wanted[low + k, p] * others
                    by_c -= by_factor * w
                    partial[slot, q + 1 + k] -= by_factor * c
                if chord != INSIDE:
                    by_half += add_gradient(
                        table, marks, begin, end, begin + chord, x, y, half[i], softness, by_c, vertex, turn
                    )
            turn_to_vertices(table, begin, end, vertex, turn)
            spread_to_points(vertex, counts[i], partial[slot, :q].reshape(-1, 2))
            partial[slot, q] = by_half
