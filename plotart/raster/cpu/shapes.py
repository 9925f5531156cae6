# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Soft shapes on the CPU, at any set of pixels: laid over each other, summed up, or light multiplied (numba).

Pixels are sorted into square cells, and each cell has a list of the shapes whose box meets it, in drawing order; an
entry of these lists is a slot. Backward kernels write the gradients of a slot's shape over the cell's pixels into the
slot, so that their sum does not depend on who worked when.
"""

from __future__ import annotations

import numpy as np

from plotart.raster.cpu.fields import ONE, TWO, ZERO, covered
from plotart.raster.cpu.jit import kernel

__all__ = [
    "add_shapes",
    "list_shapes",
    "over_backward",
    "over_forward",
    "product_backward",
    "product_forward",
    "sum_backward",
    "sum_forward",
]

FAINT = np.float32(2e-6)
"""Coverage below which a shape is not there."""
DARK = np.float32(1e-6)
"""Light that a factor of a product lets pass at least, so that it can be divided out."""


@kernel
def list_shapes(boxes, cell, rows, cols):
    """First slot of each cell `[cells + 1]` and the shape of each slot; `boxes [N, 4]` px, cells of `cell` px."""
    first = np.zeros(rows * cols + 1, np.int64)
    shapes = np.empty(0, np.int64)
    place = np.empty(0, np.int64)
    for fill in range(2):
        for i in range(len(boxes)):
            x0, y0 = max(0, int(np.floor(boxes[i, 0] / cell))), max(0, int(np.floor(boxes[i, 1] / cell)))
            x1, y1 = min(cols - 1, int(np.floor(boxes[i, 2] / cell))), min(rows - 1, int(np.floor(boxes[i, 3] / cell)))
            for y in range(y0, y1 + 1):
                for x in range(x0, x1 + 1):
                    if fill == 0:
                        first[y * cols + x + 1] += 1
                    else:
                        shapes[place[y * cols + x]] = i
                        place[y * cols + x] += 1
        if fill == 0:
            first = np.cumsum(first)
            shapes = np.empty(first[-1], np.int64)
            place = first[:-1].copy()
    return first, shapes


@kernel
def add_shapes(shapes, partial, total):
    for slot in range(len(shapes)):
        for k in range(partial.shape[1]):
            total[shapes[slot], k] += partial[slot, k]


@kernel
def over_forward(cells, where, pixels, first, shapes, rows, fixed, how, edge, width, px, rgb, alpha, ground, image):
    """image `[P, 3]`, in the order of `pixels [P]`; cell c holds pixels[where[c]:where[c + 1]]."""
    form, harmonics, streaks, outline = int(how[0]), int(how[1]), how[2], how[3] > ZERO
    d = np.empty(rows.shape[1], np.float32)
    for cell in cells:
        for p in range(where[cell], where[cell + 1]):
            y, x = divmod(pixels[p], width)
            fx, fy = np.float32((x + 0.5) / px), np.float32((y + 0.5) / px)
            r, g, b = ground[0], ground[1], ground[2]
            for slot in range(first[cell], first[cell + 1]):
                i = shapes[slot]
                f = covered(form, harmonics, streaks, outline, rows[i], fixed[i], fx, fy, edge, d)
                if f < FAINT:
                    continue
                t = f * alpha[i]
                r += t * (rgb[i, 0] - r)
                g += t * (rgb[i, 1] - g)
                b += t * (rgb[i, 2] - b)
            image[p, 0], image[p, 1], image[p, 2] = r, g, b


@kernel
def over_backward(
    cells, where, pixels, first, shapes, rows, fixed, how, edge, width, px, rgb, alpha, ground, grad, partial, below
):
    """partial `[slots, D + 4]`: rows, rgb, alpha. below `[cells, 3]`: the ground."""
    form, harmonics, streaks, outline = int(how[0]), int(how[1]), how[2], how[3] > ZERO
    columns = rows.shape[1]
    most = 1
    for cell in cells:
        most = max(most, first[cell + 1] - first[cell])
    d = np.empty((most, columns), np.float32)
    fs, under, slots = np.empty(most, np.float32), np.empty((most, 3), np.float32), np.empty(most, np.int64)
    for cell in cells:
        for p in range(where[cell], where[cell + 1]):
            y, x = divmod(pixels[p], width)
            fx, fy = np.float32((x + 0.5) / px), np.float32((y + 0.5) / px)
            r, g, b = ground[0], ground[1], ground[2]
            n = 0
            for slot in range(first[cell], first[cell + 1]):
                i = shapes[slot]
                f = covered(form, harmonics, streaks, outline, rows[i], fixed[i], fx, fy, edge, d[n])
                if f < FAINT:
                    continue
                fs[n], slots[n] = f, slot
                under[n, 0], under[n, 1], under[n, 2] = r, g, b
                n += 1
                t = f * alpha[i]
                r += t * (rgb[i, 0] - r)
                g += t * (rgb[i, 1] - g)
                b += t * (rgb[i, 2] - b)
            gr, gg, gb = grad[p, 0], grad[p, 1], grad[p, 2]
            for m in range(n):
                k = n - 1 - m
                slot = slots[k]
                i = shapes[slot]
                f, a = fs[k], alpha[i]
                t = f * a
                by_t = gr * (rgb[i, 0] - under[k, 0]) + gg * (rgb[i, 1] - under[k, 1]) + gb * (rgb[i, 2] - under[k, 2])
                by_f = by_t * a
                for j in range(columns):
                    partial[slot, j] += by_f * d[k, j]
                partial[slot, columns] += gr * t
                partial[slot, columns + 1] += gg * t
                partial[slot, columns + 2] += gb * t
                partial[slot, columns + 3] += by_t * f
                gr, gg, gb = gr * (ONE - t), gg * (ONE - t), gb * (ONE - t)
            below[cell, 0] += gr
            below[cell, 1] += gg
            below[cell, 2] += gb


@kernel
def sum_forward(cells, where, pixels, first, shapes, rows, fixed, how, edge, width, px, weight, squared, sums):
    """sums `[P, C]` (0 on entry) of weight `[N, C]` times coverage, or its square."""
    form, harmonics, streaks, outline = int(how[0]), int(how[1]), how[2], how[3] > ZERO
    d = np.empty(rows.shape[1], np.float32)
    for cell in cells:
        for p in range(where[cell], where[cell + 1]):
            y, x = divmod(pixels[p], width)
            fx, fy = np.float32((x + 0.5) / px), np.float32((y + 0.5) / px)
            for slot in range(first[cell], first[cell + 1]):
                i = shapes[slot]
                f = covered(form, harmonics, streaks, outline, rows[i], fixed[i], fx, fy, edge, d)
                if f < FAINT:
                    continue
                t = f * f if squared else f
                for k in range(weight.shape[1]):
                    sums[p, k] += weight[i, k] * t


@kernel
def sum_backward(
    cells, where, pixels, first, shapes, rows, fixed, how, edge, width, px, weight, squared, grad, partial
):
    """partial `[slots, D + C]`: rows, weight."""
    form, harmonics, streaks, outline = int(how[0]), int(how[1]), how[2], how[3] > ZERO
    columns = rows.shape[1]
    d = np.empty(columns, np.float32)
    for cell in cells:
        for p in range(where[cell], where[cell + 1]):
            y, x = divmod(pixels[p], width)
            fx, fy = np.float32((x + 0.5) / px), np.float32((y + 0.5) / px)
            for slot in range(first[cell], first[cell + 1]):
                i = shapes[slot]
                f = covered(form, harmonics, streaks, outline, rows[i], fixed[i], fx, fy, edge, d)
                if f < FAINT:
                    continue
                t = f * f if squared else f
                by_t = ZERO
                for k in range(weight.shape[1]):
                    by_t += grad[p, k] * weight[i, k]
                    partial[slot, columns + k] += grad[p, k] * t
                by_f = TWO * f * by_t if squared else by_t
                for j in range(columns):
                    partial[slot, j] += by_f * d[j]


@kernel
def product_forward(cells, where, pixels, first, shapes, rows, fixed, how, edge, width, px, weight, light):
    """light `[P, C]` (1 on entry): the product of max(1 - weight `[N, C]` coverage, 1e-6)."""
    form, harmonics, streaks, outline = int(how[0]), int(how[1]), how[2], how[3] > ZERO
    d = np.empty(rows.shape[1], np.float32)
    for cell in cells:
        for p in range(where[cell], where[cell + 1]):
            y, x = divmod(pixels[p], width)
            fx, fy = np.float32((x + 0.5) / px), np.float32((y + 0.5) / px)
            for slot in range(first[cell], first[cell + 1]):
                i = shapes[slot]
                f = covered(form, harmonics, streaks, outline, rows[i], fixed[i], fx, fy, edge, d)
                if f < FAINT:
                    continue
                for k in range(weight.shape[1]):
                    light[p, k] *= max(ONE - weight[i, k] * f, DARK)


@kernel
def product_backward(
    cells, where, pixels, first, shapes, rows, fixed, how, edge, width, px, weight, light, grad, partial
):
    """partial `[slots, D + C]`: rows, weight."""
    form, harmonics, streaks, outline = int(how[0]), int(how[1]), how[2], how[3] > ZERO
    columns = rows.shape[1]
    d = np.empty(columns, np.float32)
    for cell in cells:
        for p in range(where[cell], where[cell + 1]):
            y, x = divmod(pixels[p], width)
            fx, fy = np.float32((x + 0.5) / px), np.float32((y + 0.5) / px)
            for slot in range(first[cell], first[cell + 1]):
                i = shapes[slot]
                f = covered(form, harmonics, streaks, outline, rows[i], fixed[i], fx, fy, edge, d)
                if f < FAINT:
                    continue
                by_f = ZERO
                for k in range(weight.shape[1]):
                    rest = -grad[p, k] * light[p, k] / max(ONE - weight[i, k] * f, DARK)
                    by_f += rest * weight[i, k]
                    partial[slot, columns + k] += rest * f
                for j in range(columns):
                    partial[slot, j] += by_f * d[j]
