# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Coverage of one point by one soft shape, and its derivatives (numba); plotart.raster.forms tells what they are."""

from __future__ import annotations

import math

import numpy as np

from plotart.raster.cpu.jit import jit
from plotart.raster.forms import LEAST, STEEP, STREAKS

__all__ = ["covered", "sigmoid"]

ZERO, ONE, HALF, TWO = np.float32(0), np.float32(1), np.float32(0.5), np.float32(2)
TINY, FLAT = np.float32(1e-12), np.float32(1e-6)
WAVE = np.float32(2 * math.pi * STREAKS)
THIN, SHARP = np.float32(LEAST), np.float32(STEEP)
FAR = np.float32(14)
"""Edges from where on a sigmoid is 0 or 1 to 1e-6."""


@jit
def sigmoid(t):
    return ONE / (ONE + np.exp(-t))


@jit
def edged(v, edge, half, outline):
    """Coverage at the depth v, and its derivative by v."""
    if outline:
        a, b = sigmoid((v + half) / edge), sigmoid((v - half) / edge)
        return a - b, (a * (ONE - a) - b * (ONE - b)) / edge
    t = v / edge
    if t > FAR:
        return ONE, ZERO
    if t < -FAR:
        return ZERO, ZERO
    f = sigmoid(t)
    return f, f * (ONE - f) / edge


@jit
def waved(row, harmonics, base, cosine, sine):
    """The radius R of a fourier shape, `base` and its waves, and the derivative by phi."""
    radius, turning = base, ZERO
    ck, sk = cosine, sine
    for k in range(harmonics):
        a, b = row[5 + k], row[5 + harmonics + k]
        radius += a * ck + b * sk
        turning += np.float32(k + 1) * (b * ck - a * sk)
        ck, sk = ck * cosine - sk * sine, sk * cosine + ck * sine
    return radius, turning


@jit
def by_waves(each, harmonics, cosine, sine, d):
    """Leave in d what has the derivative `each` by R, by the waves."""
    ck, sk = cosine, sine
    for k in range(harmonics):
        d[5 + k], d[5 + harmonics + k] = each * ck, each * sk
        ck, sk = ck * cosine - sk * sine, sk * cosine + ck * sine


@jit
def wavy(row, harmonics, cosine, sine, r, away, d):
    """Depth v in a fourier shape along the ray, and its derivatives by r, phi and |x - centre|; by the waves: d."""
    radius, turning = waved(row, harmonics, ONE, cosine, sine)
    free = radius > THIN
    if not free:
        radius, turning = THIN, ZERO
    by_waves(away / r if free else ZERO, harmonics, cosine, sine, d)
    return away * (radius / r - ONE), -away * radius / (r * r), away / r * turning, radius / r - ONE


@jit
def published(row, harmonics, base, cosine, sine, r, d):
    """max(0, tanh(16 (R - r))), R the waves and `base`; its derivatives by r and phi, those by the waves go to d."""
    radius, turning = waved(row, harmonics, base, cosine, sine)
    f = max(ZERO, np.tanh(SHARP * (radius - r)))
    g = SHARP * (ONE - f * f) if f > ZERO else ZERO
    by_waves(g, harmonics, cosine, sine, d)
    return f, -g, g * turning


@jit
def arc(row, cosine, sine, r, d):
    """An arc: coverage, and its derivatives by r and phi; those by W and L go to d."""
    sharp, power = row[5], row[6]
    q = (ONE + cosine) * HALF
    low = q <= FLAT
    if low:
        q = FLAT
    f = np.exp(-sharp * (r - ONE) * (r - ONE) + power * np.log(q))
    d[5], d[6] = -(r - ONE) * (r - ONE) * f, np.log(q) * f
    return f, -TWO * sharp * (r - ONE) * f, ZERO if low else -f * power * sine * HALF / q


@jit
def covered(form, harmonics, streaks, outline, row, fixed, x, y, edge, d):
    """Coverage of (x, y); d `[D]` becomes its derivatives by `row [D]`.

    fixed: half the pen's width, cos and sin of the angle.
    """
    dx, dy = x - row[0], y - row[1]
    away = np.sqrt(dx * dx + dy * dy + TINY)
    if form == 0:
        f, g = edged(row[2] - away, edge, fixed[0], outline)
        d[0], d[1], d[2] = g * dx / away, g * dy / away, g
        return f
    c, s = fixed[1], fixed[2]
    sx, sy = row[3], row[4]
    u, w = (c * dx + s * dy) / sx, (c * dy - s * dx) / sy
    r = np.sqrt(u * u + w * w + TINY)
    cosine, sine = u / r, w / r
    by_turn, by_away = ZERO, ZERO
    if form == 1:
        f, by_r, by_turn, by_away = wavy(row, harmonics, cosine, sine, r, away, d)
    elif form == 2:
        f, by_r, by_turn = arc(row, cosine, sine, r, d)
    elif form > 3:
        f, by_r, by_turn = published(row, harmonics, ONE if form == 4 else ZERO, cosine, sine, r, d)
    else:
        f = np.exp(-r)
        by_r = -f
    by_u = by_r * cosine - by_turn * sine / r
    by_w = by_r * sine + by_turn * cosine / r
    last = row.shape[0] - 1
    d[0] = -by_u * c / sx + by_w * s / sy - by_away * dx / away
    d[1] = -by_u * s / sx - by_w * c / sy - by_away * dy / away
    d[2] = by_u * w * sy / sx - by_w * u * sx / sy
    d[3], d[4] = -by_u * u / sx, -by_w * w / sy
    if form == 1:
        across = max(ONE, np.sqrt(d[0] * d[0] + d[1] * d[1]))  # from along the ray to across the edge
        f, g = edged(f / across, edge, fixed[0], outline)
        g /= across
        for k in range(last):
            d[k] *= g
    if streaks > ZERO:
        phase = WAVE * w + row[last]
        share = ONE - streaks * (ONE + np.cos(phase)) * HALF
        by_w = f * streaks * HALF * np.sin(phase) * WAVE
        f *= share
        for k in range(last):
            d[k] *= share
        d[0] += by_w * s / sy
        d[1] -= by_w * c / sy
        d[2] -= by_w * u * sx / sy
        d[4] -= by_w * w / sy
    d[last] = ZERO
    return f
