# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Curves to polygons (numba): vertices along segments, and what the outline of a stroke is made of."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from plotart.raster.chords import LEAST_CHORDS, MOST_CHORDS
from plotart.raster.cpu.jit import jit, kernel

ordered = partial(kernel, ordered=True)
TOLERANCE = 0.01
"""px, the largest distance between a curve and its chords."""
PLAIN, MITRE, PIVOT = 0, 1, 2
WIDEST_STEP = math.pi / 3
"""Largest turn between two vertices of an arc."""
COLUMNS = 4
"""Indices of a point of an outline: vertex, chord before it, chord after it, kind."""


@kernel
def count_steps(points, corners, degree, zoom):
    """Chords of each segment `[S]`: no point of it is further than `TOLERANCE` px from them.

    Args:
        points: `[P, D]`, x and y first. corners: `[S, 4]`, the control points of a segment, degree + 1 of them.
        degree: `[S]`, 0 for the last point of an open contour. zoom: `[S]`, px for each unit of the points.
    """
    counts = np.ones(len(degree), np.int64)
    for s in range(len(degree)):
        largest = 0.0
        for j in range(degree[s] - 1):
            a, b, c = corners[s, j], corners[s, j + 1], corners[s, j + 2]
            dx = float(points[a, 0]) - 2.0 * float(points[b, 0]) + float(points[c, 0])
            dy = float(points[a, 1]) - 2.0 * float(points[b, 1]) + float(points[c, 1])
            largest = max(largest, math.sqrt(dx * dx + dy * dy))
        if degree[s] > 1:  # |B''| <= n (n - 1) max |second difference|
            bend = degree[s] * (degree[s] - 1) * largest * zoom[s]
            steps = math.ceil(math.sqrt(bend / (8.0 * TOLERANCE)))
            counts[s] = int(min(max(steps, LEAST_CHORDS), MOST_CHORDS))
    return counts


@jit
def bernstein(degree, t, out):
    r = 1.0 - t
    if degree == 0:
        out[0] = 1.0
    elif degree == 1:
        out[0], out[1] = r, t
    elif degree == 2:
        out[0], out[1], out[2] = r * r, 2.0 * r * t, t * t
    else:
        out[0], out[1], out[2], out[3] = r * r * r, 3.0 * r * r * t, 3.0 * r * t * t, t * t * t


@kernel
def flatten_forward(points, corners, degree, counts, vertices):
    """Vertices `[V, D]` at equal steps of each segment, its last point left out."""
    share, v = np.empty(4), 0
    for s in range(len(degree)):
        for k in range(counts[s]):
            bernstein(degree[s], k / counts[s], share)
            for d in range(points.shape[1]):
                value = 0.0
                for j in range(degree[s] + 1):
                    value += share[j] * points[corners[s, j], d]
                vertices[v, d] = value
            v += 1


@kernel
def flatten_backward(grad, corners, degree, counts, by_points):
    share, v = np.empty(4), 0
    for s in range(len(degree)):
        for k in range(counts[s]):
            bernstein(degree[s], k / counts[s], share)
            for j in range(degree[s] + 1):
                for d in range(grad.shape[1]):
                    by_points[corners[s, j], d] += share[j] * grad[v, d]
            v += 1


@ordered
def flatten_cubics(points, corners, degree, counts, vertices):
    """`flatten_forward` of cubics and last points alone, in a sixth of the time.

    The order of the sums is that in which the processors it was made on take those of `flatten_forward`: in float32
    both are the same to the bit there.
    """
    v = 0
    for s in range(len(counts)):
        steps = counts[s]
        for d in range(points.shape[1]):
            p0 = np.float64(points[corners[s, 0], d])
            if degree[s] == 0:
                vertices[v, d] = p0
                continue
            p1, p2, p3 = (
                np.float64(points[corners[s, 1], d]),
                np.float64(points[corners[s, 2], d]),
                np.float64(points[corners[s, 3], d]),
            )
            for k in range(steps):
                t = k / steps
                r = 1.0 - t
                r3 = 3.0 * r
                even = (t * t * r3) * p2 + (r * r * r) * p0
                odd = (t * t * t) * p3 + (r * t * r3) * p1
                vertices[v + k, d] = even + odd
        v += steps


@ordered
def flatten_cubics_backward(grad, corners, degree, counts, by_points):
    """`flatten_backward` of cubics that do not end where they begin, and of last points."""
    v = 0
    for s in range(len(counts)):
        steps = counts[s]
        for d in range(grad.shape[1]):
            a, b, c, e = corners[s, 0], corners[s, 1], corners[s, 2], corners[s, 3]
            if degree[s] == 0:
                by_points[a, d] += np.float64(grad[v, d])
                continue
            by0, by1, by2, by3 = by_points[a, d], by_points[b, d], by_points[c, d], by_points[e, d]
            for k in range(steps):
                t = k / steps
                r = 1.0 - t
                r3 = 3.0 * r
                g = np.float64(grad[v + k, d])
                by0 += r * r * r * g
                by1 += r * t * r3 * g
                by2 += t * t * r3 * g
                by3 += t * t * t * g
            by_points[a, d], by_points[b, d], by_points[c, d], by_points[e, d] = by0, by1, by2, by3
        v += steps


@kernel
def ring_edges(start, lengths):
    """Edges `[E, 2]` round rings of vertices, one after the other: `lengths [R]` from `start [R]` on."""
    ends, e = np.empty((lengths.sum(), 2), np.int64), 0
    for r in range(len(start)):
        for k in range(lengths[r]):
            ends[e, 0], ends[e, 1] = start[r] + k, start[r] + (k + 1 if k + 1 < lengths[r] else 0)
            e += 1
    return ends


@kernel
def add_rows(index, values, total):
    """Add `values [K, D]` to the rows `index [K]` of `total`, in order."""
    for k in range(len(index)):
        for d in range(values.shape[1]):
            total[index[k], d] += values[k, d]


@jit
def note(records, angles, used, vertex, before, after, kind, share, angle):
    if used < len(records):
        records[used, 0], records[used, 1], records[used, 2], records[used, 3] = vertex, before, after, kind
        angles[used, 0], angles[used, 1] = share, angle
    return used + 1


@jit
def arc_steps(turn, half, zoom):
    step = WIDEST_STEP
    if half * zoom > TOLERANCE:
        step = min(step, 2.0 * math.acos(1.0 - TOLERANCE / (half * zoom)))
    return max(1, math.ceil(abs(turn) / step))


@jit
def joint(records, angles, used, vertices, chords, before, after, zoom, back):
    """Points of an outline where two chords meet, on their left or, walking back, on their right."""
    v, half_turn = chords[after, 0], math.pi if back else 0.0
    ux = vertices[chords[before, 1], 0] - vertices[chords[before, 0], 0]
    uy = vertices[chords[before, 1], 1] - vertices[chords[before, 0], 1]
    wx = vertices[chords[after, 1], 0] - vertices[chords[after, 0], 0]
    wy = vertices[chords[after, 1], 1] - vertices[chords[after, 0], 1]
    turn, half = math.atan2(ux * wy - uy * wx, ux * wx + uy * wy), float(vertices[v, 2])
    shorter = math.sqrt(min(ux * ux + uy * uy, wx * wx + wy * wy))
    if abs(turn) < 1.0:
        tip = half * (1.0 / math.cos(0.5 * turn) - 1.0) * zoom
        if tip < 0.5 * TOLERANCE and half * math.tan(0.5 * abs(turn)) <= 0.4 * shorter:
            return note(records, angles, used, v, before, after, MITRE, 0.5, half_turn)
    if (turn > 0.0) != back:  # inside the turn: by the vertex itself, so that no loop runs the other way round
        used = note(records, angles, used, v, before, after, PLAIN, 1.0 if back else 0.0, half_turn)
        used = note(records, angles, used, v, before, after, PIVOT, 0.0, 0.0)
        return note(records, angles, used, v, before, after, PLAIN, 0.0 if back else 1.0, half_turn)
    steps = arc_steps(turn, half, zoom)
    for k in range(steps + 1):
        share = k / steps
        used = note(records, angles, used, v, before, after, PLAIN, 1.0 - share if back else share, half_turn)
    return used


@jit
def cap(records, angles, used, vertex, chord, half, zoom, start):
    """Points of an outline round an end: half a turn, from one side of the stroke to the other."""
    steps = arc_steps(math.pi, half, zoom)
    for k in range(steps + 1):
        angle = math.pi * (1.0 - k / steps) if start else -math.pi * k / steps
        used = note(records, angles, used, vertex, chord, chord, PLAIN, 0.0, angle)
    return used


@kernel
def outline_strokes(vertices, first, closed, zoom, chords, records, angles, polygons):
    """What the outlines of strokes with round caps and joins are made of, as polygons to be filled by winding number.

    Args:
        vertices: `[V, 3]`, x, y and half the width. first: `[C + 1]`, the first vertex of each contour.
        closed: `[C]`. zoom: `[C]`, px for each unit.
        chords: `[V + C, 2]`, set to the vertices that each chord joins; none is of length 0, but for a lone dot.
        records: `[points, 4]`, angles: `[points, 2]`: set to the points of the outlines, see `outline.stroke_polygons`.
        polygons: `[2 C + 1]`, set to the first point of each polygon, two for each contour, the second may be empty.

    Returns:
        the numbers of chords and of points; nothing is set beyond the room for points.
    """
    made, used = 0, 0
    for c in range(len(first) - 1):
        begin, end = first[c], first[c + 1]
        own, last = made, begin
        polygons[2 * c] = used
        for v in range(begin + 1, end + closed[c]):
            w = v if v < end else begin
            dx, dy = vertices[w, 0] - vertices[last, 0], vertices[w, 1] - vertices[last, 1]
            if dx * dx + dy * dy > 1e-16 * (1.0 + vertices[w, 0] * vertices[w, 0] + vertices[w, 1] * vertices[w, 1]):
                chords[made, 0], chords[made, 1] = last, w
                made += 1
                last = w
        count = made - own
        if count == 0:
            chords[made, 0], chords[made, 1] = begin, begin
            made += 1
            half = float(vertices[begin, 2])
            used = cap(records, angles, used, begin, own, half, zoom[c], False)
            used = cap(records, angles, used, begin, own, half, zoom[c], True)
            polygons[2 * c + 1] = used
        elif closed[c]:
            if last != begin:  # what is left is shorter than a chord: the last one reaches the start
                chords[made - 1, 1] = begin
            for j in range(count):
                used = joint(
                    records, angles, used, vertices, chords, own + (j + count - 1) % count, own + j, zoom[c], False
                )
            polygons[2 * c + 1] = used
            for j in range(count):
                k = count - 1 - j
                used = joint(
                    records, angles, used, vertices, chords, own + (k + count - 1) % count, own + k, zoom[c], True
                )
        else:
            for j in range(1, count):
                used = joint(records, angles, used, vertices, chords, own + j - 1, own + j, zoom[c], False)
            stop = chords[made - 1, 1]
            used = cap(records, angles, used, stop, made - 1, float(vertices[stop, 2]), zoom[c], False)
            for j in range(count - 1, 0, -1):
                used = joint(records, angles, used, vertices, chords, own + j - 1, own + j, zoom[c], True)
            used = cap(records, angles, used, begin, own, float(vertices[begin, 2]), zoom[c], True)
            polygons[2 * c + 1] = used
    polygons[2 * (len(first) - 1)] = used
    return made, used
