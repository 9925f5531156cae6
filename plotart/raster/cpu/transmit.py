# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Transmitted light on the CPU, T_c = prod_i (1 - weight_ic coverage_i): forward and backward over bands (numba).

A factor may be exactly 0 (a weight of 1 where the stroke covers all). So that no gradient needs a division by 0, the
product of the factors that are not 0 is kept, and whether none, one or more of them are.
"""

from __future__ import annotations

import numpy as np

from plotart.raster.chords import ONE, ZERO, rows_of
from plotart.raster.cpu.backward import cover_backward
from plotart.raster.cpu.cover import cover
from plotart.raster.cpu.jit import jit, kernel
from plotart.raster.cpu.lanes import WIDTH, full
from plotart.raster.cpu.memory import at, put, store
from plotart.raster.cpu.nearest import count_wanted, no_records, scratch
from plotart.raster.cpu.words import ROWS, place_of

NONE, SINGLE, SEVERAL = np.uint8(0), np.uint8(1), np.uint8(2)  # factors of a pixel that are 0


@kernel
def transmit_forward(
    bands, start, stroke, room, table, first, half, softness, wanted, weight, channel, light, product, zeros, words,
    covered, ends,
):  # fmt: skip
    """The light that passes the strokes of `bands`: `light [B, C, H, W]`, and what it is made of, alike.

    product holds the factors that are not 0, zeros the number of those that are. weight is `[M, C]`, or `[M, 1]` for
    strokes that touch only the channel named in `channel [M]` (else -1).
    words and covered `[touches]` and ends `[slots, 4]` are what `transmit_backward` needs; nothing is kept when they
    are empty. wanted: `[H, W]`, or empty for all pixels.
    """
    planes, rows, cols = product.shape[1], product.shape[2], product.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    line, found = rows_of(table), scratch(cols)
    word, cover_of = np.empty(len(found.best), np.uint32), np.empty(len(found.best), np.float32)
    keep = len(ends) > 0
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        height = min(ROWS, rows - top)
        for n in range(planes):
            passed, dark = product[drawing, n].reshape(-1), zeros[drawing, n].reshape(-1)
            for p in range(top * cols, (top + height) * cols):
                put(passed, p, ONE)
                put(dark, p, NONE)
        kept = room[band]
        some = count_wanted(wanted, top, height, found.before)
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            if not some:
                if keep:
                    _end(ends, slot, kept, (0, 0, 0, 0))
                continue
            kinds = cover(
                line, first[i], first[i + 1], half[i], softness, top, height, cols, wanted, found, word, cover_of
            )
            low = max(channel[i], 0)
            for n in range(weight.shape[1]):
                w = weight[i, n]
                if w == ZERO:
                    continue
                passed, dark = product[drawing, low + n].reshape(-1), zeros[drawing, low + n].reshape(-1)
                _take(passed, dark, word, cover_of, kinds[3], w, top, cols)
            if keep:
                for j in range(kinds[3]):
                    put(words, kept + j, at(word, j))
                    put(covered, kept + j, at(cover_of, j))
                _end(ends, slot, kept, kinds)
                kept += kinds[3]
        for n in range(planes):
            passed, dark = product[drawing, n].reshape(-1), zeros[drawing, n].reshape(-1)
            seen = light[drawing, n].reshape(-1)
            for p in range(top * cols, (top + height) * cols):
                put(seen, p, at(passed, p) if at(dark, p) == NONE else ZERO)


@jit
def _end(ends, slot, kept, kinds):
    for kind in range(4):
        ends[slot, kind] = kept + kinds[kind]


@jit
def _take(passed, dark, words, covered, count, weight, top, cols):
    """What one stroke takes of the light of one channel."""
    for j in range(count):
        p = place_of(at(words, j), top, cols)
        factor = ONE - weight * at(covered, j)
        if factor == ZERO:
            put(dark, p, SINGLE if at(dark, p) == NONE else SEVERAL)
        else:
            put(passed, p, at(passed, p) * factor)


@kernel
def transmit_backward(
    bands, start, stroke, room, table, first, counts, half, softness, weight, channel, product, zeros, words, covered,
    ends, grad, partial,
):  # fmt: skip
    """Gradients of `transmit_forward`: `grad [B, C, H, W]` -> partial `[slots, 2(1+3S) + 1 + weights]`.

    The columns are control points, half width, weights.
    """
    rows, cols = product.shape[2], product.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    of_each = weight.shape[1]
    q = partial.shape[1] - 1 - of_each
    line, sums, kinds = rows_of(table), np.empty(counts.shape[1] * 8 * WIDTH, np.float32), np.empty(4, np.int64)
    size = ROWS * cols + WIDTH
    by_c, again, records = np.empty(size, np.float32), np.empty(size, np.float32), no_records()
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            low = max(channel[i], 0)
            since = room[band] if slot == start[band] else ends[slot - 1, 3]
            for kind in range(4):
                kinds[kind] = ends[slot, kind] - since
            for j in range(0, kinds[3], WIDTH):
                store(by_c, j, full(ZERO))
            for n in range(of_each):
                w, by_w = weight[i, n], ZERO
                passed, dark = product[drawing, low + n].reshape(-1), zeros[drawing, low + n].reshape(-1)
                asked = grad[drawing, low + n].reshape(-1)
                for j in range(kinds[3]):
                    p = place_of(at(words, since + j), top, cols)
                    c = at(covered, since + j)
                    factor, missing, others = (
                        ONE - w * c,
                        at(dark, p),
                        at(passed, p),
                    )  # others: the other factors' product
                    if factor == ZERO:
                        others = others if missing == SINGLE else ZERO
                    else:
                        others = others / factor if missing == NONE else ZERO
                    by_factor = at(asked, p) * others
                    put(by_c, j, at(by_c, j) - by_factor * w)
                    by_w += by_factor * c
                partial[slot, q + 1 + n] = -by_w
            partial[slot, q] = cover_backward(
                line, begin, end, records, counts[i], half[i], softness, top, words[since:], kinds, by_c, again, sums,
                partial[slot, :q],
            )  # fmt: skip
