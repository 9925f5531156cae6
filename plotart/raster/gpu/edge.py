# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,untyped-decorator"
"""plotart.raster.cpu.edge for Triton: one program works on the 256 pixels of a tile at once.

Chords are columns x0, y0, x1, y1; `cover` leaves everything the backward pass needs in registers, as it computes
distances again instead of keeping them.
"""

from __future__ import annotations

import triton
import triton.language as tl

from plotart.raster import chords

TILE = 16
START, END, FIRST = (
    tl.constexpr(1),
    tl.constexpr(2),
    tl.constexpr(4),
)  # marks of a chord: near a cap, first of its stroke
REACH = tl.constexpr(chords.REACH)
SPREAD = tl.constexpr(chords.SPREAD)
BENT = tl.constexpr(chords.BENT)
DETOUR = tl.constexpr(chords.DETOUR)
THINNEST = tl.constexpr(chords.THINNEST)
CAP_CELLS, CORNER_CELLS = tl.constexpr(chords.CAP_CELLS), tl.constexpr(chords.CORNER_CELLS)
LANES = tl.constexpr(16)
FAR = tl.constexpr(1e30)


@triton.jit
def chord(line, k):
    """Start, direction and length of chord(s) k of `line [C, 4]`; a dot lies along x."""
    x0, y0 = tl.load(line + 4 * k), tl.load(line + 4 * k + 1)
    dx, dy = tl.load(line + 4 * k + 2) - x0, tl.load(line + 4 * k + 3) - y0
    squared = dx * dx + dy * dy
    dot = squared < 1e-12
    length = tl.sqrt(tl.where(dot, 1.0, squared))
    return x0, y0, tl.where(dot, 1.0, dx / length), tl.where(dot, 0.0, dy / length), tl.where(dot, 0.0, length)


@triton.jit
def away(line, k, x, y):
    """Vector from chord(s) k to points, the place along them, and the signed place before clamping."""
    x0, y0, tx, ty, length = chord(line, k)
    along = (x - x0) * tx + (y - y0) * ty
    on = tl.minimum(tl.maximum(along, 0.0), length)
    return x - x0 - on * tx, y - y0 - on * ty, on, along


@triton.jit
def slopes(t, a, b):
    """F, dF/dt, dF/da, dF/db."""
    q = tl.maximum(0.5 * (a + b) - tl.abs(t), 0.0)
    p = tl.minimum(q, b)
    r = p / b
    sign = tl.where(t > 0, 1.0, -1.0)
    tail = (q - p + 0.5 * p * r) / a
    return 0.5 + sign * (0.5 - tail), r / a, sign * (tail - 0.5 * r) / a, sign * 0.5 * r * (r - 1.0) / a


@triton.jit
def slab(d, half, per_s, tx, ty):
    """Coverage at distance d, its slopes by d, by the half width and by the angle of the chord."""
    sine, cosine = tl.abs(ty), tl.abs(tx)
    a, b = tl.maximum(sine, cosine), tl.maximum(tl.minimum(sine, cosine), THINNEST)
    outer, outer_t, outer_a, outer_b = slopes((d + half) * per_s, a, b)
    inner, inner_t, inner_a, inner_b = slopes((d - half) * per_s, a, b)
    by_sine, by_cosine = tl.where(ty > 0, tx, -tx), tl.where(tx > 0, -ty, ty)
    steep = sine > cosine
    a_turn, b_turn = tl.where(steep, by_sine, by_cosine), tl.where(steep, by_cosine, by_sine)
    by_turn = (outer_a - inner_a) * a_turn + (outer_b - inner_b) * b_turn
    return outer - inner, (outer_t - inner_t) * per_s, (outer_t + inner_t) * per_s, by_turn


@triton.jit
def owners(line, marks, pair_chord, p0, p1, x, y):
    """The nearest chord of each point among the pairs p0..p1, and its squared distance.

    A vertex belongs to the chord that ends there.
    """
    best = tl.zeros_like(x) + FAR
    owner = tl.zeros_like(x).to(tl.int32)
    for p in range(p0, p1):
        k = tl.load(pair_chord + p)
        ex, ey, _, along = away(line, k, x, y)
        d2 = ex * ex + ey * ey
        better = (d2 < best) & ((along >= 0) | ((tl.load(marks + k) & FIRST) > 0))
        best = tl.where(better, d2, best)
        owner = tl.where(better, k, owner)
    return best, owner


@triton.jit
def sees_two(line, arc, pair_chord, p0, p1, owner, x, y, d, half, softness):
    """Whether a pixel holds ink of another part of the stroke, almost as near as its own chord."""
    ex, ey, on, _ = away(line, owner, x, y)
    _, _, tx, ty, _ = chord(line, owner)
    place = tl.load(arc + owner) + on
    limit = tl.minimum(d + SPREAD * softness, half + REACH * softness)
    two = x > FAR
    for p in range(p0, p1):
        k = tl.load(pair_chord + p)
        fx, fy, there, _ = away(line, k, x, y)
        _, _, ux, uy, _ = chord(line, k)
        near = (fx * fx + fy * fy <= limit * limit) & (owner != k)
        straight = tl.sqrt((fx - ex) * (fx - ex) + (fy - ey) * (fy - ey))
        way = tl.abs(tl.load(arc + k) + there - place)
        two = two | (near & ((tl.abs(tx * ux + ty * uy) < BENT) | (way > DETOUR * straight + 0.5 * softness)))
    return two


@triton.jit
def cells(count: tl.constexpr, softness):
    """Offsets of count x count sub-pixels `[1, LANES]`, and which lanes hold one."""
    j = tl.arange(0, LANES)[None, :]
    x = softness * (((j % count).to(tl.float32) + 0.5) / count - 0.5)
    y = softness * (((j // count).to(tl.float32) + 0.5) / count - 0.5)
    return x, y, j < count * count


@triton.jit
def past_ends(line, marks, ends, stroke, owner, x, y):
    """How far points lie past the first and the last vertex along their chord; -FAR where that end is not near."""
    _, _, tx, ty, _ = chord(line, owner)
    mark = tl.load(marks + owner)
    first = tx * (tl.load(ends + 4 * stroke) - x) + ty * (tl.load(ends + 4 * stroke + 1) - y)
    last = tx * (x - tl.load(ends + 4 * stroke + 2)) + ty * (y - tl.load(ends + 4 * stroke + 3))
    return tl.where((mark & START) > 0, first, -FAR), tl.where((mark & END) > 0, last, -FAR)


@triton.jit
def kinds(line, marks, arc, ends, bent, pair_chord, p0, p1, stroke, x, y, half, softness):
    """Nearest chords, distances, and which pixels are capped or cornered (neither where no edge is near)."""
    d2, owner = owners(line, marks, pair_chord, p0, p1, x, y)
    d = tl.sqrt(d2)
    _, _, tx, ty, _ = chord(line, owner)
    first, last = past_ends(line, marks, ends, stroke, owner, x, y)
    edge = (d < half + REACH * softness) & (d > half - REACH * softness)
    capped = edge & (tl.maximum(first, last) > -0.5 * softness * (tl.abs(tx) + tl.abs(ty)))
    cornered = x > FAR
    if tl.load(bent + stroke) > 0:
        cornered = edge & sees_two(line, arc, pair_chord, p0, p1, owner, x, y, d, half, softness)
    return owner, d, capped & (cornered == 0), cornered


@triton.jit
def cap_parts(line, marks, ends, stroke, owner, x, y, half, softness):
    """Sub-pixels of capped pixels `[P, LANES]`: coverage and slopes, and the frame they are measured in."""
    ox, oy, inside = cells(CAP_CELLS, softness)
    first, last = past_ends(line, marks, ends, stroke, owner, x, y)
    x0, y0, tx, ty, _ = chord(line, owner)
    tx, ty = tx[:, None], ty[:, None]
    shift, side = ox * tx + oy * ty, oy * tx - ox * ty
    from_first, from_last = first[:, None] - shift, last[:, None] + shift
    u = tl.maximum(tl.maximum(from_first, from_last), 0.0)
    w = ((y - y0)[:, None] * tx - (x - x0)[:, None] * ty) + side
    d = tl.sqrt(u * u + w * w)
    c, by_d, by_half, by_turn = slab(d, half, CAP_CELLS / softness, tx + ox * 0, ty + ox * 0)
    share = tl.where(inside, 1.0 / (CAP_CELLS * CAP_CELLS), 0.0)
    per_d = by_d / tl.maximum(d, 1e-12) * share
    return c * share, per_d, by_half * share, by_turn * share, u, w, shift, side, from_first >= from_last


@triton.jit
def corner_owners(line, marks, pair_chord, p0, p1, x, y, softness):
    """Sub-pixels of cornered pixels `[P, LANES]`: their places and nearest chords."""
    ox, oy, inside = cells(CORNER_CELLS, softness)
    sx, sy = x[:, None] + ox, y[:, None] + oy
    _, owner = owners(line, marks, pair_chord, p0, p1, sx, sy)
    return sx, sy, owner, tl.where(inside, 1.0 / (CORNER_CELLS * CORNER_CELLS), 0.0)


@triton.jit
def cover(line, marks, arc, ends, bent, pair_chord, p0, p1, stroke, x, y, half, softness):
    """Coverage of the pixels of a tile by one stroke, with owners and kinds."""
    owner, d, capped, cornered = kinds(line, marks, arc, ends, bent, pair_chord, p0, p1, stroke, x, y, half, softness)
    _, _, tx, ty, _ = chord(line, owner)
    c, _, _, _ = slab(d, half, 1.0 / softness, tx, ty)
    if tl.sum(capped.to(tl.int32)) > 0:
        part, _, _, _, _, _, _, _, _ = cap_parts(line, marks, ends, stroke, owner, x, y, half, softness)
        c = tl.where(capped, tl.sum(part, axis=1), c)
    if tl.sum(cornered.to(tl.int32)) > 0:
        sx, sy, whose, share = corner_owners(line, marks, pair_chord, p0, p1, x, y, softness)
        ex, ey, _, _ = away(line, whose, sx, sy)
        _, _, ux, uy, _ = chord(line, whose)
        part, _, _, _ = slab(tl.sqrt(ex * ex + ey * ey), half, CORNER_CELLS / softness, ux, uy)
        c = tl.where(cornered, tl.sum(part * share, axis=1), c)
    return c, owner, d, capped, cornered


@triton.jit
def sums(at, ex, ey, share, turn, length, tx, ty):
    """Gradients of a chord's two vertices, summed over the points `at`."""
    gx, gy = tl.where(at, ex, 0.0), tl.where(at, ey, 0.0)
    t = tl.sum(tl.where(at, turn, 0.0)) / tl.where(length > 0, length, 1.0)
    t = tl.where(length > 0, t, 0.0)
    x1, y1 = tl.sum(gx * share), tl.sum(gy * share)
    x0, y0 = tl.sum(gx) - x1, tl.sum(gy) - y1
    return x0 + t * ty, y0 - t * tx, x1 - t * ty, y1 + t * tx


@triton.jit
def cover_backward(  # noqa: PLR0915 - one pass, everything in registers
    line, marks, arc, ends, bent, pair_chord, p0, p1, stroke, x, y, half, softness, owner, d, capped, cornered, g,
    by_line, by_ends,
):  # fmt: skip
    """Back from g, gradients of the coverages: `by_line [pairs, 4]` of each chord in this tile, `by_ends` of the caps.

    Returns the gradient of the half width.
    """
    x0, y0, tx, ty, length = chord(line, owner)
    ex, ey, on, _ = away(line, owner, x, y)
    _, by_d, by_half, by_turn = slab(d, half, 1.0 / softness, tx, ty)
    plain = tl.where(capped | cornered, 0.0, g)
    per_d = plain * by_d / tl.maximum(d, 1e-12)
    gx, gy, turn = -per_d * ex, -per_d * ey, plain * by_turn
    share = on / tl.where(length > 0, length, 1.0)
    total = tl.sum(plain * by_half)
    first_x, first_y, last_x, last_y = 0.0, 0.0, 0.0, 0.0
    if tl.sum(capped.to(tl.int32)) > 0:
        cap = tl.where(capped, g, 0.0)[:, None]
        _, part, by_half_cap, by_turn_cap, u, w, shift, side, at_first = cap_parts(
            line, marks, ends, stroke, owner, x, y, half, softness
        )
        along = ((x - x0) * tx + (y - y0) * ty)[:, None]
        fx, fy = tl.load(ends + 4 * stroke) - x, tl.load(ends + 4 * stroke + 1) - y
        lx, ly = x - tl.load(ends + 4 * stroke + 2), y - tl.load(ends + 4 * stroke + 3)
        first_turn, last_turn = (fy * tx - fx * ty)[:, None], (ly * tx - lx * ty)[:, None]
        by_u, by_w = cap * part * u, cap * part * w
        to_first, to_last = tl.where(at_first, by_u, 0.0), tl.where(at_first, 0.0, by_u)
        total += tl.sum(cap * by_half_cap)
        turned = to_first * (first_turn - side) + to_last * (last_turn + side) - by_w * (along + shift)
        turn += tl.sum(turned + cap * by_turn_cap, axis=1)
        across = tl.sum(by_w, axis=1)
        gx, gy = gx + across * ty, gy - across * tx
        share = tl.where(capped, 0.0, share)
        first_x, first_y = tl.sum(tl.sum(to_first, axis=1) * tx), tl.sum(tl.sum(to_first, axis=1) * ty)
        last_x, last_y = -tl.sum(tl.sum(to_last, axis=1) * tx), -tl.sum(tl.sum(to_last, axis=1) * ty)
    tl.store(by_ends + 4 * p0, first_x)
    tl.store(by_ends + 4 * p0 + 1, first_y)
    tl.store(by_ends + 4 * p0 + 2, last_x)
    tl.store(by_ends + 4 * p0 + 3, last_y)
    corners = tl.sum(cornered.to(tl.int32)) > 0
    hx = tl.zeros_like(x)[:, None] + tl.zeros([1, LANES], tl.float32)
    hy, corner_turn, corner_share, whose = hx, hx, hx, hx.to(tl.int32)
    if corners:
        sx, sy, whose, part = corner_owners(line, marks, pair_chord, p0, p1, x, y, softness)
        weight = tl.where(cornered, g, 0.0)[:, None] * part
        ax, ay, place, _ = away(line, whose, sx, sy)
        _, _, ux, uy, reach = chord(line, whose)
        far = tl.sqrt(ax * ax + ay * ay)
        _, by_far, by_half_corner, by_turn_corner = slab(far, half, CORNER_CELLS / softness, ux, uy)
        per_far = weight * by_far / tl.maximum(far, 1e-12)
        total += tl.sum(weight * by_half_corner)
        hx, hy, corner_turn = -per_far * ax, -per_far * ay, weight * by_turn_corner
        corner_share = place / tl.where(reach > 0, reach, 1.0)
    for p in range(p0, p1):
        k = tl.load(pair_chord + p)
        _, _, vx, vy, long = chord(line, k)
        a, b, c, e = sums(owner == k, gx, gy, share, turn, long, vx, vy)
        if corners:
            a2, b2, c2, e2 = sums(whose == k, hx, hy, corner_share, corner_turn, long, vx, vy)
            a, b, c, e = a + a2, b + b2, c + c2, e + e2
        tl.store(by_line + 4 * p, a)
        tl.store(by_line + 4 * p + 1, b)
        tl.store(by_line + 4 * p + 2, c)
        tl.store(by_line + 4 * p + 3, e)
    return total
