# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Ordered alpha compositing on the CPU: forward and backward over bands (numba)."""

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
def over_forward(bands, start, stroke, room, table, first, half, softness, rgb, alpha, image, words, under, ends):
    """Composite the strokes of `bands` in drawing order onto `image [B, 3, H, W]`, which holds the paper on entry.

    words `[touches]` and under `[touches, 3]` keep what `over_backward` needs, ends `[slots]` where each slot's words
    end; nothing is kept when they are empty.
    """
    rows, cols = image.shape[2], image.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    best, owner, touched, cells = scratch(cols)
    keep = len(ends) > 0
    per_s = ONE / softness
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        height = min(ROWS, rows - top)
        canvas = image[drawing].reshape(3, rows * cols)
        origin = top * cols
        word = room[band]
        for slot in range(start[band], start[band + 1]):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            h = half[i]
            sure = surely_inside(h, softness)
            count = touch(table, begin, end, h, softness, top, height, cols, best, owner, touched)
            red, green, blue, opacity = rgb[i, 0], rgb[i, 1], rgb[i, 2], alpha[i]
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
                a, p = opacity * c, origin + place
                r, g, b = canvas[0, p], canvas[1, p], canvas[2, p]
                if keep:
                    words[word] = np.uint32((touched[j] << CHORD_BITS) | chord)
                    under[word, 0], under[word, 1], under[word, 2] = r, g, b
                    word += 1
                canvas[0, p] = r + a * (red - r)
                canvas[1, p] = g + a * (green - g)
                canvas[2, p] = b + a * (blue - b)
            if keep:
                ends[slot] = word


@jit
def over_backward(
    bands, start, stroke, room, table, first, counts, half, softness, rgb, alpha,
    words, under, ends, grad, partial,
):  # fmt: skip
    """Gradients of `over_forward`: `grad [B, 3, H, W]` (changed in place into the paper's gradient) -> `partial`.

    partial `[slots, 2(1+3S) + 5]`: control points, half width, rgb, alpha.
    """
    rows, cols = grad.shape[2], grad.shape[3]
    per_drawing = (rows + ROWS - 1) // ROWS
    q = partial.shape[1]
    longest = most_chords(first)
    vertex, turn = np.empty((longest + 1, 2), np.float32), np.empty(longest, np.float32)
    cells = np.empty((2, CELLS), np.float32)
    per_s = ONE / softness
    for band in bands:
        drawing, top = band // per_drawing, (band % per_drawing) * ROWS
        canvas = grad[drawing].reshape(3, rows * cols)
        origin = top * cols
        for slot in range(start[band + 1] - 1, start[band] - 1, -1):
            i = stroke[slot]
            begin, end = first[i], first[i + 1]
            vertex[: end - begin + 1] = ZERO
            turn[: end - begin] = ZERO
            red, green, blue, opacity = rgb[i, 0], rgb[i, 1], rgb[i, 2], alpha[i]
            by_half, by_red, by_green, by_blue, by_alpha = ZERO, ZERO, ZERO, ZERO, ZERO
            since = room[band] if slot == start[band] else ends[slot - 1]
            for word in range(since, ends[slot]):
                pixel, chord = np.int64(words[word]) >> CHORD_BITS, np.int64(words[word]) & CHORD_MASK
                row, col = pixel >> COL_BITS, pixel & COL_MASK
                p = origin + row * cols + col
                gr, gg, gb = canvas[0, p], canvas[1, p], canvas[2, p]
                by_a = gr * (red - under[word, 0]) + gg * (green - under[word, 1]) + gb * (blue - under[word, 2])
                c = ONE
                if chord != INSIDE:
                    x, y = np.float32(col) + HALF, np.float32(top + row) + HALF
                    k = begin + chord
                    g = by_a * opacity
                    if table[k, MARKS] == ZERO:
                        c, by_part = add_plain(table, begin, k, x, y, half[i], per_s, g, vertex, turn)
                    else:
                        c, by_part = add_gradient(table, begin, end, k, x, y, half[i], softness, g, vertex, turn, cells)
                    by_half += by_part
                a = opacity * c
                by_alpha += by_a * c
                by_red += a * gr
                by_green += a * gg
                by_blue += a * gb
                canvas[0, p], canvas[1, p], canvas[2, p] = gr * (ONE - a), gg * (ONE - a), gb * (ONE - a)
            turn_to_vertices(table, begin, end, vertex, turn)
            partial[slot] = ZERO
            spread_to_points(vertex, counts[i], partial[slot, : q - 5].reshape(-1, 2))
            partial[slot, q - 5] = by_half
            partial[slot, q - 4], partial[slot, q - 3], partial[slot, q - 2] = by_red, by_green, by_blue
            partial[slot, q - 1] = by_alpha
