# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Transmitted light on the CPU, T_c = prod_i (1 - weight_ic coverage_i): forward and backward over bands (numba).

A factor may be exactly 0 (a weight of 1 where the stroke covers all). So that no gradient needs a division by 0, the
product of the factors that are not 0 is kept, and the number of those that are.
"""

from __future__ import annotations

import numpy as np

from plotart.render.chords import spread_to_points
from plotart.render.cpu import (
    COL_BITS,
    COL_MASK,
    PIXEL_SHIFT,
    ROWS,
    add_gradient,
    choose,
    clear,
    cover,
    scratch,
    vertex_scratch,
)
from plotart.render.edge import ONE, ZERO, turn_to_vertices
from plotart.render.jit import kernel


@kernel
def transmit_forward(
    bands,
    start,
    stroke,
    room,
    table,
    first,
    half,
    softness,
    wanted,
    weight,
    channel,
    product,
    zeros,
    words,
    covered,
    ends,
):
    """Multiply the strokes of `bands` into `product [B, C, H, W]` (1 on entry) and count zeros alike (0 on entry).

    weight is `[M, C]`, or `[M, 1]` for strokes that touch only the channel named in `channel [M]` (else -1).
    words and covered `[touches]` and ends `[slots]` are what `transmit_backward` needs; nothing is kept when they are
    empty. wanted: see `choose`.
    """
    planes, rows, cols = product.shape[1], product.shape[2], product.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    best, owner, touched, cells = scratch(cols)
    word, cover_of = np.empty(len(best), np.uint32), np.empty(len(best), np.float32)
    keep = len(ends) > 0
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        height = min(ROWS, rows - top)
        light = product[drawing].reshape(planes, rows * cols)
        dark = zeros[drawing].reshape(planes, rows * cols)
        kept = room[band]
        some = choose(wanted, top, height, cols, best)
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            if not some:
                if keep:
                    ends[slot] = kept
                continue
            count = cover(
                table, first[i], first[i + 1], half[i], softness, top, height, cols, best, owner, touched, cells,
                word, cover_of,
            )  # fmt: skip
            low = max(channel[i], 0)
            for n in range(weight.shape[1]):
                w = weight[i, n]
                if w == ZERO:
                    continue
                for j in range(count):
                    pixel = np.int64(word[j]) >> PIXEL_SHIFT
                    p = (top + (pixel >> COL_BITS)) * cols + (pixel & COL_MASK)
                    factor = ONE - w * cover_of[j]
                    if factor == ZERO:
                        dark[low + n, p] += 1
                    else:
                        light[low + n, p] *= factor
            if keep:
                for j in range(count):
                    words[kept + j], covered[kept + j] = word[j], cover_of[j]
                kept += count
                ends[slot] = kept


@kernel
def transmit_backward(
    bands, start, stroke, room, table, first, counts, half, softness, weight, channel, product, zeros, words, covered,
    ends, grad, partial,
):  # fmt: skip
    """Gradients of `transmit_forward`: `grad [B, C, H, W]` -> partial `[slots, 2(1+3S) + 1 + weights]`.

    The columns are control points, half width, weights.
    """
    planes, rows, cols = product.shape[1], product.shape[2], product.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    kinds = weight.shape[1]
    q = partial.shape[1] - 1 - kinds
    vertex, turn, cells = vertex_scratch(first)
    by_c = np.empty(ROWS * cols, np.float32)
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        light = product[drawing].reshape(planes, rows * cols)
        dark = zeros[drawing].reshape(planes, rows * cols)
        wanted = grad[drawing].reshape(planes, rows * cols)
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            low = max(channel[i], 0)
            partial[slot] = ZERO
            since = room[band] if slot == start[band] else ends[slot - 1]
            count = ends[slot] - since
            by_c[:count] = ZERO
            for n in range(kinds):
                w, by_w = weight[i, n], ZERO
                for j in range(count):
                    pixel = np.int64(words[since + j]) >> PIXEL_SHIFT
                    p = (top + (pixel >> COL_BITS)) * cols + (pixel & COL_MASK)
                    c = covered[since + j]
                    factor, missing, others = ONE - w * c, dark[low + n, p], ZERO  # others: the other factors' product
                    if factor == ZERO:
                        if missing == 1:
                            others = light[low + n, p]
                    elif missing == 0:
                        others = light[low + n, p] / factor
                    by_factor = wanted[low + n, p] * others
                    by_c[j] -= by_factor * w
                    by_w += by_factor * c
                partial[slot, q + 1 + n] = -by_w
            clear(end - begin, vertex, turn)
            partial[slot, q] = add_gradient(
                table, begin, end, half[i], softness, top, words[since : ends[slot]], by_c, covered[since : ends[slot]],
                vertex, turn, cells,
            )  # fmt: skip
            turn_to_vertices(table, begin, end, vertex, turn)
            spread_to_points(vertex, counts[i], partial[slot, :q].reshape(-1, 2))
