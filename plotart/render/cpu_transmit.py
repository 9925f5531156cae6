# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Transmitted light on the CPU, T_c = prod_i (1 - weight_ic coverage_i): forward and backward over bands (numba).

A factor may be exactly 0 (a weight of 1 where the stroke covers all). So that no gradient needs a division by 0, the
product of the factors that are not 0 is kept, and the number of those that are.
"""

from __future__ import annotations

import numpy as np

from plotart.render.chords import ONE, ZERO, rows_of
from plotart.render.cpu import (
    COL_BITS,
    COL_MASK,
    PIXEL_SHIFT,
    ROWS,
    add_gradient,
    cover,
    no_records,
    scratch,
    wants,
)
from plotart.render.jit import kernel
from plotart.render.lanes import WIDTH


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
    words and covered `[touches]` and ends `[slots, 4]` are what `transmit_backward` needs; nothing is kept when they are
    empty. wanted: `[H, W]`, or empty for all pixels.
    """
    planes, rows, cols = product.shape[1], product.shape[2], product.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    line, found = rows_of(table), scratch(cols)
    word, cover_of = np.empty(len(found.best), np.uint32), np.empty(len(found.best), np.float32)
    keep = len(ends) > 0
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        height = min(ROWS, rows - top)
        light = product[drawing].reshape(planes, rows * cols)
        dark = zeros[drawing].reshape(planes, rows * cols)
        kept = room[band]
        some = wants(wanted, top, height)
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            if not some:
                if keep:
                    ends[slot] = kept
                continue
            ends_of = cover(
                line, first[i], first[i + 1], half[i], softness, top, height, cols, wanted, found, word, cover_of
            )
            count = ends_of[3]
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
                for kind in range(4):
                    ends[slot, kind] = kept + ends_of[kind]
                kept += count


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
    line, sums = rows_of(table), np.empty(counts.shape[1] * 8 * WIDTH, np.float32)
    size = ROWS * cols + WIDTH
    by_c, again, ends_of = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(4, np.int64)
    records = no_records()
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        light = product[drawing].reshape(planes, rows * cols)
        dark = zeros[drawing].reshape(planes, rows * cols)
        wanted = grad[drawing].reshape(planes, rows * cols)
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            low = max(channel[i], 0)
            since = room[band] if slot == start[band] else ends[slot - 1, 3]
            for kind in range(4):
                ends_of[kind] = ends[slot, kind] - since
            count = ends_of[3]
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
            partial[slot, q] = add_gradient(
                line, begin, end, records, counts[i], half[i], softness, top, words[since:], ends_of, by_c, again, sums,
                partial[slot, :q],
            )  # fmt: skip
