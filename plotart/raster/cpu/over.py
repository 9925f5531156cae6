# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Ordered alpha compositing on the CPU: forward and backward over bands (numba)."""

from __future__ import annotations

import numpy as np

from plotart.raster.chords import ZERO, rows_of
from plotart.raster.cpu.backward import cover_backward
from plotart.raster.cpu.cover import cover
from plotart.raster.cpu.jit import jit, kernel
from plotart.raster.cpu.lanes import WIDTH, arange, full, reduce_sum, where
from plotart.raster.cpu.memory import at, gather, load, put, store
from plotart.raster.cpu.nearest import count_wanted, no_records, scratch
from plotart.raster.cpu.words import ROWS, place_of, places_of


@kernel
def over_forward(
    bands, start, stroke, room, table, first, half, softness, wanted, rgb, alpha, paper, image, words, under, ends
):
    """Composite the strokes of `bands` in drawing order over `paper [3]`: `image [B, 3, H, W]`.

    words `[touches]` and under `[3, touches]` keep what `over_backward` needs, ends `[slots, 4]` where the words of
    each kind of each slot end; nothing is kept when they are empty. wanted: `[H, W]`, or empty for all pixels.
    """
    rows, cols = image.shape[2], image.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    line, found = rows_of(table), scratch(cols)
    word, covered = np.empty(len(found.best), np.uint32), np.empty(len(found.best), np.float32)
    keep = len(ends) > 0
    under_r, under_g, under_b = under[0], under[1], under[2]
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        height = min(ROWS, rows - top)
        canvas = image[drawing].reshape(3, rows * cols)
        red, green, blue = canvas[0], canvas[1], canvas[2]
        for p in range(top * cols, (top + height) * cols):
            put(red, p, paper[0])
            put(green, p, paper[1])
            put(blue, p, paper[2])
        kept = room[band]
        some = count_wanted(wanted, top, height, found.before)
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            if not some:
                if keep:
                    for kind in range(4):
                        ends[slot, kind] = kept
                continue
            kinds = cover(
                line, first[i], first[i + 1], half[i], softness, top, height, cols, wanted, found, word, covered
            )
            r, g, b, opacity = rgb[i, 0], rgb[i, 1], rgb[i, 2], alpha[i]
            for j in range(kinds[3]):
                p = place_of(at(word, j), top, cols)
                a, below_r, below_g, below_b = opacity * at(covered, j), at(red, p), at(green, p), at(blue, p)
                if keep:
                    put(words, kept + j, at(word, j))
                    put(under_r, kept + j, below_r)
                    put(under_g, kept + j, below_g)
                    put(under_b, kept + j, below_b)
                put(red, p, below_r + a * (r - below_r))
                put(green, p, below_g + a * (g - below_g))
                put(blue, p, below_b + a * (b - below_b))
            if keep:
                for kind in range(4):
                    ends[slot, kind] = kept + kinds[kind]
                kept += kinds[3]


@kernel
def over_backward(
    bands, start, stroke, room, table, first, counts, half, softness, rgb, alpha, words, under, ends, grad, partial,
    paper,
):  # fmt: skip
    """Gradients of `over_forward` from `grad [B, 3, H, W]`: `partial` of each slot, `paper [bands, 3]` of each band.

    partial `[slots, 2(1+3S) + 5]`: control points, half width, rgb, alpha.
    """
    rows, cols = grad.shape[2], grad.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    q = partial.shape[1]
    size = ROWS * cols + WIDTH
    line, sums, kinds = rows_of(table), np.empty(counts.shape[1] * 8 * WIDTH, np.float32), np.empty(4, np.int64)
    by_a, by_c, covered = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    red, green, blue = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    own_r, own_g, own_b = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    under_r, under_g, under_b, records = under[0], under[1], under[2], no_records()
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        canvas = grad[drawing].reshape(3, rows * cols)
        low, pixels = top * cols, min(ROWS, rows - top) * cols
        asked_r, asked_g, asked_b = canvas[0], canvas[1], canvas[2]
        for p in range(pixels):
            put(red, p, at(asked_r, low + p))
            put(green, p, at(asked_g, low + p))
            put(blue, p, at(asked_b, low + p))
        for slot in range(start[band + 1] - 1, start[band] - 1, -1):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            r, g, b, opacity = rgb[i, 0], rgb[i, 1], rgb[i, 2], alpha[i]
            since = room[band] if slot == start[band] else ends[slot - 1, 3]
            for kind in range(4):
                kinds[kind] = ends[slot, kind] - since
            count = kinds[3]
            for j in range(0, count, WIDTH):
                p, w = places_of(words, since + j, since + count, 0, cols), since + j
                by_r, by_g, by_b = gather(red, p), gather(green, p), gather(blue, p)
                through = by_r * (r - load(under_r, w)) + by_g * (g - load(under_g, w)) + by_b * (b - load(under_b, w))
                store(own_r, j, by_r)
                store(own_g, j, by_g)
                store(own_b, j, by_b)
                store(by_a, j, through)
                store(by_c, j, through * opacity)
            partial[slot, q - 5] = cover_backward(
                line, begin, end, records, counts[i], half[i], softness, top, words[since:], kinds, by_c, covered, sums,
                partial[slot, : q - 5],
            )  # fmt: skip
            by_red, by_green, by_blue, by_alpha = full(ZERO), full(ZERO), full(ZERO), full(ZERO)
            for j in range(0, count, WIDTH):
                here = arange() < count - j
                c = where(here, load(covered, j), ZERO)
                a, by_r, by_g, by_b = opacity * c, load(own_r, j), load(own_g, j), load(own_b, j)
                by_alpha += where(here, load(by_a, j), ZERO) * c
                by_red += a * by_r
                by_green += a * by_g
                by_blue += a * by_b
                store(own_r, j, by_r - a * by_r)
                store(own_g, j, by_g - a * by_g)
                store(own_b, j, by_b - a * by_b)
            for j in range(count):
                p = place_of(at(words, since + j), 0, cols)
                put(red, p, at(own_r, j))
                put(green, p, at(own_g, j))
                put(blue, p, at(own_b, j))
            partial[slot, q - 4], partial[slot, q - 3] = reduce_sum(by_red), reduce_sum(by_green)
            partial[slot, q - 2], partial[slot, q - 1] = reduce_sum(by_blue), reduce_sum(by_alpha)
        paper[band, 0], paper[band, 1], paper[band, 2] = _sum(red, pixels), _sum(green, pixels), _sum(blue, pixels)


@jit
def _sum(values, count):
    whole = ZERO
    for p in range(count):
        whole += at(values, p)
    return whole
