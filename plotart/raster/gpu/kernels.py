# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,untyped-decorator"
"""Compositing for Triton: one program a tile, which walks the strokes of its tile in drawing order.

The backward pass walks in the same order. What lies above a stroke, prod (1 - a_j), is the product over all strokes of
the pixel divided by that up to this stroke; products are kept as sums of logarithms beside a count of exact zeros, so
that an alpha of 1 divides nothing by zero and long products do not underflow. Each (tile, chord) pair has its own slot
for gradients: no atomics, the same bits every time.
"""

from __future__ import annotations

import triton
import triton.language as tl

from plotart.raster.gpu.edge import TILE, cover, cover_backward

SIDE = tl.constexpr(TILE)


@triton.jit
def place(tile, tiles_x, tiles_y, height, width):
    """Drawing, pixel centres and places in the plane of a tile's pixels, and which of them are on the canvas."""
    drawing, within = tile // (tiles_x * tiles_y), tile % (tiles_x * tiles_y)
    j = tl.arange(0, SIDE * SIDE)
    col, row = (within % tiles_x) * SIDE + j % SIDE, (within // tiles_x) * SIDE + j // SIDE
    return (
        drawing,
        col.to(tl.float32) + 0.5,
        row.to(tl.float32) + 0.5,
        row * width + col,
        (row < height) & (col < width),
    )


@triton.jit
def over_forward(
    line, marks, arc, ends, bent, half, pair_chord, pair_stroke, run_end, tile_start, softness, rgb, alpha,
    image, logs, zeros, tiles_x, tiles_y, height, width,
):  # fmt: skip
    """`image [B, 3, H, W]` holds the paper on entry; logs and zeros `[B, H, W]` are written for `over_backward`."""
    tile = tl.program_id(0)
    drawing, x, y, at, on = place(tile, tiles_x, tiles_y, height, width)
    area = height * width
    red = tl.load(image + drawing * 3 * area + at, mask=on, other=0.0)
    green = tl.load(image + (drawing * 3 + 1) * area + at, mask=on, other=0.0)
    blue = tl.load(image + (drawing * 3 + 2) * area + at, mask=on, other=0.0)
    log, zero = tl.zeros_like(x), tl.zeros_like(x)
    p, stop = tl.load(tile_start + tile), tl.load(tile_start + tile + 1)
    while p < stop:
        stroke, q = tl.load(pair_stroke + p), tl.load(run_end + p)
        c, _, _, _, _ = cover(
            line, marks, arc, ends, bent, pair_chord, p, q, stroke, x, y, tl.load(half + stroke), softness
        )
        a = c * tl.load(alpha + stroke)
        red += a * (tl.load(rgb + 3 * stroke) - red)
        green += a * (tl.load(rgb + 3 * stroke + 1) - green)
        blue += a * (tl.load(rgb + 3 * stroke + 2) - blue)
        hidden = a >= 1.0
        zero += tl.where(hidden, 1.0, 0.0)
        log += tl.log(tl.where(hidden, 1.0, 1.0 - a))
        p = q
    tl.store(image + drawing * 3 * area + at, red, mask=on)
    tl.store(image + (drawing * 3 + 1) * area + at, green, mask=on)
    tl.store(image + (drawing * 3 + 2) * area + at, blue, mask=on)
    tl.store(logs + drawing * area + at, log, mask=on)
    tl.store(zeros + drawing * area + at, zero, mask=on)


@triton.jit
def over_backward(
    line, marks, arc, ends, bent, half, pair_chord, pair_stroke, run_end, tile_start, softness, rgb, alpha,
    paper, logs, zeros, grad, by_line, by_ends, by_stroke, tiles_x, tiles_y, height, width,
):  # fmt: skip
    """`grad [B, 3, H, W]` -> by_line, by_ends `[pairs, 4]`, by_stroke `[pairs, 5]` (half width, rgb, alpha)."""
    tile = tl.program_id(0)
    drawing, x, y, at, on = place(tile, tiles_x, tiles_y, height, width)
    area = height * width
    gr = tl.load(grad + drawing * 3 * area + at, mask=on, other=0.0)
    gg = tl.load(grad + (drawing * 3 + 1) * area + at, mask=on, other=0.0)
    gb = tl.load(grad + (drawing * 3 + 2) * area + at, mask=on, other=0.0)
    left_log = tl.load(logs + drawing * area + at, mask=on, other=0.0)
    left_zero = tl.load(zeros + drawing * area + at, mask=on, other=0.0)
    red = tl.zeros_like(x) + tl.load(paper)
    green, blue = tl.zeros_like(x) + tl.load(paper + 1), tl.zeros_like(x) + tl.load(paper + 2)
    p, stop = tl.load(tile_start + tile), tl.load(tile_start + tile + 1)
    while p < stop:
        stroke, q = tl.load(pair_stroke + p), tl.load(run_end + p)
        wide, opacity = tl.load(half + stroke), tl.load(alpha + stroke)
        c, owner, d, capped, cornered = cover(
            line, marks, arc, ends, bent, pair_chord, p, q, stroke, x, y, wide, softness
        )
        a = c * opacity
        hidden = a >= 1.0
        left_zero -= tl.where(hidden, 1.0, 0.0)
        left_log -= tl.log(tl.where(hidden, 1.0, 1.0 - a))
        above = tl.where(left_zero > 0.5, 0.0, tl.exp(left_log))
        own_r, own_g, own_b = tl.load(rgb + 3 * stroke), tl.load(rgb + 3 * stroke + 1), tl.load(rgb + 3 * stroke + 2)
        by_a = above * (gr * (own_r - red) + gg * (own_g - green) + gb * (own_b - blue))
        by_half = cover_backward(
            line, marks, arc, ends, bent, pair_chord, p, q, stroke, x, y, wide, softness, owner, d, capped, cornered,
            by_a * opacity, by_line, by_ends,
        )  # fmt: skip
        tl.store(by_stroke + 5 * p, by_half)
        tl.store(by_stroke + 5 * p + 1, tl.sum(above * a * gr))
        tl.store(by_stroke + 5 * p + 2, tl.sum(above * a * gg))
        tl.store(by_stroke + 5 * p + 3, tl.sum(above * a * gb))
        tl.store(by_stroke + 5 * p + 4, tl.sum(by_a * c))
        red += a * (own_r - red)
        green += a * (own_g - green)
        blue += a * (own_b - blue)
        p = q


@triton.jit
def transmit_forward(
    line, marks, arc, ends, bent, half, pair_chord, pair_stroke, run_end, tile_start, softness, weight,
    light, logs, zeros, channels, tiles_x, tiles_y, height, width, BLOCK: tl.constexpr,
):  # fmt: skip
    """light, logs and zeros `[B, C, H, W]` are written."""
    tile = tl.program_id(0)
    drawing, x, y, at, on = place(tile, tiles_x, tiles_y, height, width)
    n = tl.arange(0, BLOCK)[None, :]
    where = (drawing * channels + n) * height * width + at[:, None]
    valid = on[:, None] & (n < channels)
    log = tl.zeros_like(x)[:, None] + tl.zeros([1, BLOCK], tl.float32)
    zero = log
    p, stop = tl.load(tile_start + tile), tl.load(tile_start + tile + 1)
    while p < stop:
        stroke, q = tl.load(pair_stroke + p), tl.load(run_end + p)
        c, _, _, _, _ = cover(
            line, marks, arc, ends, bent, pair_chord, p, q, stroke, x, y, tl.load(half + stroke), softness
        )
        factor = 1.0 - tl.load(weight + stroke * channels + n, mask=n < channels, other=0.0) * c[:, None]
        dark = factor <= 0.0
        zero += tl.where(dark, 1.0, 0.0)
        log += tl.log(tl.where(dark, 1.0, factor))
        p = q
    tl.store(light + where, tl.where(zero > 0.5, 0.0, tl.exp(log)), mask=valid)
    tl.store(logs + where, log, mask=valid)
    tl.store(zeros + where, zero, mask=valid)


@triton.jit
def transmit_backward(
    line, marks, arc, ends, bent, half, pair_chord, pair_stroke, run_end, tile_start, softness, weight,
    logs, zeros, grad, by_line, by_ends, by_stroke, channels, tiles_x, tiles_y, height, width, BLOCK: tl.constexpr,
):  # fmt: skip
    """`grad [B, C, H, W]` -> by_line, by_ends `[pairs, 4]`, by_stroke `[pairs, 1+C]` (half width, weights)."""
    tile = tl.program_id(0)
    drawing, x, y, at, on = place(tile, tiles_x, tiles_y, height, width)
    n = tl.arange(0, BLOCK)[None, :]
    where = (drawing * channels + n) * height * width + at[:, None]
    valid = on[:, None] & (n < channels)
    g = tl.load(grad + where, mask=valid, other=0.0)
    log = tl.load(logs + where, mask=valid, other=0.0)
    zero = tl.load(zeros + where, mask=valid, other=0.0)
    p, stop = tl.load(tile_start + tile), tl.load(tile_start + tile + 1)
    while p < stop:
        stroke, q = tl.load(pair_stroke + p), tl.load(run_end + p)
        wide = tl.load(half + stroke)
        c, owner, d, capped, cornered = cover(
            line, marks, arc, ends, bent, pair_chord, p, q, stroke, x, y, wide, softness
        )
        taken = tl.load(weight + stroke * channels + n, mask=n < channels, other=0.0)
        factor = 1.0 - taken * c[:, None]
        dark = factor <= 0.0
        missing = zero - tl.where(dark, 1.0, 0.0)
        others = tl.where(missing > 0.5, 0.0, tl.exp(log - tl.log(tl.where(dark, 1.0, factor))))
        by_factor = g * others
        by_half = cover_backward(
            line, marks, arc, ends, bent, pair_chord, p, q, stroke, x, y, wide, softness, owner, d, capped, cornered,
            -tl.sum(by_factor * taken, axis=1), by_line, by_ends,
        )  # fmt: skip
        tl.store(by_stroke + (1 + channels) * p, by_half)
        by_weight = -tl.sum(by_factor * c[:, None], axis=0)[None, :]
        tl.store(by_stroke + (1 + channels) * p + 1 + n, by_weight, mask=n < channels)
        p = q
