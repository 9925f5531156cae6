# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Ordered alpha compositing on the CPU: forward and backward over bands (numba)."""

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
def over_forward(
    bands, start, stroke, room, table, first, half, softness, wanted, rgb, alpha, image, words, under, ends
):
    """Composite the strokes of `bands` in drawing order onto `image [B, 3, H, W]`, which holds the paper on entry.

    words `[touches]` and under `[touches, 3]` keep what `over_backward` needs, ends `[slots]` where each slot's words
    end; nothing is kept when they are empty. wanted: see `choose`.
    """
    rows, cols = image.shape[2], image.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    best, owner, touched, cells = scratch(cols)
    word, covered = np.empty(len(best), np.uint32), np.empty(len(best), np.float32)
    keep = len(ends) > 0
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        height = min(ROWS, rows - top)
        canvas = image[drawing].reshape(3, rows * cols)
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
                word, covered,
            )  # fmt: skip
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
                kept += count
                ends[slot] = kept


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
    size = ROWS * cols
    vertex, turn, cells = vertex_scratch(first)
    by_a, by_c, covered = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        canvas = grad[drawing].reshape(3, rows * cols)
        for slot in range(start[band + 1] - 1, start[band] - 1, -1):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            red, green, blue, opacity = rgb[i, 0], rgb[i, 1], rgb[i, 2], alpha[i]
            since = room[band] if slot == start[band] else ends[slot - 1]
            count = ends[slot] - since
            for j in range(count):
                pixel = np.int64(words[since + j]) >> PIXEL_SHIFT
                p, w = (top + (pixel >> COL_BITS)) * cols + (pixel & COL_MASK), since + j
                by_a[j] = canvas[0, p] * (red - under[w, 0])
                by_a[j] += canvas[1, p] * (green - under[w, 1]) + canvas[2, p] * (blue - under[w, 2])
                by_c[j] = by_a[j] * opacity
            clear(end - begin, vertex, turn)
            by_half = add_gradient(
                table, begin, end, half[i], softness, top, words[since : ends[slot]], by_c, covered, vertex, turn, cells
            )
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
            turn_to_vertices(table, begin, end, vertex, turn)
            partial[slot] = ZERO
            spread_to_points(vertex, counts[i], partial[slot, : q - 5].reshape(-1, 2))
            partial[slot, q - 5], partial[slot, q - 1] = by_half, by_alpha
            partial[slot, q - 4], partial[slot, q - 3], partial[slot, q - 2] = by_red, by_green, by_blue
