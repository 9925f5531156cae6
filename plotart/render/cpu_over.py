# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Ordered alpha compositing on the CPU: forward and backward over bands (numba)."""

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
    scratch,
    wants,
)
from plotart.render.jit import kernel
from plotart.render.lanes import WIDTH


@kernel
def over_forward(
    bands, start, stroke, room, table, first, half, softness, wanted, rgb, alpha, image, words, under, ends
):
    """Composite the strokes of `bands` in drawing order onto `image [B, 3, H, W]`, which holds the paper on entry.

    words `[touches]` and under `[touches, 3]` keep what `over_backward` needs, ends `[slots, 4]` where each slot's words
    of each kind end; nothing is kept when they are empty. wanted: `[H, W]`, or empty for all pixels.
    """
    rows, cols = image.shape[2], image.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    line, found = rows_of(table), scratch(cols)
    word, covered = np.empty(len(found.best), np.uint32), np.empty(len(found.best), np.float32)
    keep = len(ends) > 0
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        height = min(ROWS, rows - top)
        canvas = image[drawing].reshape(3, rows * cols)
        kept = room[band]
        some = wants(wanted, top, height)
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            if not some:
                if keep:
                    ends[slot] = kept
                continue
            kinds = cover(
                line, first[i], first[i + 1], half[i], softness, top, height, cols, wanted, found, word, covered
            )
            count = kinds[3]
            red, green, blue, opacity = rgb[i, 0], rgb[i, 1], rgb[i, 2], alpha[i]
            for j in range(count):
                pixel = np.int64(word[j]) >> PIXEL_SHIFT
                p = (top + (pixel >> COL_BITS)) * cols + (pixel & COL_MASK)
                a = opacity * covered[j]
                r, g, b = canvas[0, p], canvas[1, p], canvas[2, p]
                if keep:
                    words[kept + j] = word[j]
                    under[kept + j, 0], under[kept + j, 1], under[kept + j, 2] = r, g, b
                canvas[0, p] = r + a * (red - r)
                canvas[1, p] = g + a * (green - g)
                canvas[2, p] = b + a * (blue - b)
            if keep:
                for kind in range(4):
                    ends[slot, kind] = kept + kinds[kind]
                kept += count


@kernel
def over_backward(
    bands, start, stroke, room, table, first, counts, half, softness, rgb, alpha, words, under, ends, grad, partial
):  # fmt: skip
    """Gradients of `over_forward`: `grad [B, 3, H, W]` (changed in place into the paper's gradient) -> `partial`.

    partial `[slots, 2(1+3S) + 5]`: control points, half width, rgb, alpha.
    """
    rows, cols = grad.shape[2], grad.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    q = partial.shape[1]
    size = ROWS * cols + WIDTH
    line, sums = rows_of(table), np.empty(counts.shape[1] * 8 * WIDTH, np.float32)
    by_a, by_c, covered = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    kinds = np.empty(4, np.int64)
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        canvas = grad[drawing].reshape(3, rows * cols)
        for slot in range(start[band + 1] - 1, start[band] - 1, -1):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            red, green, blue, opacity = rgb[i, 0], rgb[i, 1], rgb[i, 2], alpha[i]
            since = room[band] if slot == start[band] else ends[slot - 1, 3]
            for kind in range(4):
                kinds[kind] = ends[slot, kind] - since
            count = kinds[3]
            for j in range(count):
                pixel = np.int64(words[since + j]) >> PIXEL_SHIFT
                p, w = (top + (pixel >> COL_BITS)) * cols + (pixel & COL_MASK), since + j
                by_a[j] = canvas[0, p] * (red - under[w, 0])
                by_a[j] += canvas[1, p] * (green - under[w, 1]) + canvas[2, p] * (blue - under[w, 2])
                by_c[j] = by_a[j] * opacity
            by_half = add_gradient(
                line, begin, end, counts[i], half[i], softness, top, words[since:], kinds, by_c, covered, sums,
                partial[slot, : q - 5],
            )  # fmt: skip
            by_red, by_green, by_blue, by_alpha = ZERO, ZERO, ZERO, ZERO
            for j in range(count):
                pixel = np.int64(words[since + j]) >> PIXEL_SHIFT
                p = (top + (pixel >> COL_BITS)) * cols + (pixel & COL_MASK)
                a = opacity * covered[j]
                by_alpha += by_a[j] * covered[j]
                by_red += a * canvas[0, p]
                by_green += a * canvas[1, p]
                by_blue += a * canvas[2, p]
                canvas[0, p] *= ONE - a
                canvas[1, p] *= ONE - a
                canvas[2, p] *= ONE - a
            partial[slot, q - 5], partial[slot, q - 1] = by_half, by_alpha
            partial[slot, q - 4], partial[slot, q - 3], partial[slot, q - 2] = by_red, by_green, by_blue
