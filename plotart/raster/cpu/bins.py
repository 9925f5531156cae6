# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Edges of filled layers sorted into bands of pixel rows, and their gradients put together again (numba)."""

from __future__ import annotations

import numpy as np

from plotart.raster.cpu.jit import kernel
from plotart.raster.cpu.memory import at, put
from plotart.raster.cpu.sweep import BAND, SHEAR


@kernel
def bin_edges(vertices, ends, first, layers, rows, cols):
    """Which edges of which layers meet which band.

    Args:
        vertices: `[V, 2]` px. ends: `[E, 2]`, the vertices of each edge. first: `[L + 1]`, the first edge of each
            layer. layers: of a drawing; L is a multiple of it.

    Returns:
        start `[bands + 1]`, the first slot of each band; layer `[slots]`; entry `[slots + 1]`, the first of its
        entries; entries, the edges; room `[slots + 1]`, where the touched pixels of each slot begin, at most.
    """
    drawings, bands = (len(first) - 1) // layers, (rows + BAND - 1) // BAND
    every = drawings * bands * layers
    count, box = np.zeros(every, np.int64), np.empty(4 * every)
    spans = np.empty(2 * len(ends), np.int64)
    xy, pairs = vertices.reshape(-1), ends.reshape(-1)
    for i in range(len(first) - 1):
        base = (i // layers) * bands * layers + i % layers
        for e in range(first[i], first[i + 1]):
            a, b = 2 * at(pairs, 2 * e), 2 * at(pairs, 2 * e + 1)
            ax, bx = np.float64(at(xy, a)), np.float64(at(xy, b))
            ay, by = np.float64(at(xy, a + 1)) + SHEAR * ax, np.float64(at(xy, b + 1)) + SHEAR * bx
            left, right, top, bottom = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
            low, high = 0, -1
            if not (bottom <= 0.0 or top >= rows):
                low, high = max(int(top), 0) // BAND, min(int(bottom), rows - 1) // BAND
            put(spans, 2 * e, low)
            put(spans, 2 * e + 1, high)
            for j in range(low, high + 1):
                k = base + j * layers
                y0, y1 = max(top, float(j * BAND)), min(bottom, float(min((j + 1) * BAND, rows)))
                x0, x1 = left, right
                if at(count, k) > 0:
                    x0, x1 = min(at(box, 4 * k), x0), max(at(box, 4 * k + 1), x1)
                    y0, y1 = min(at(box, 4 * k + 2), y0), max(at(box, 4 * k + 3), y1)
                put(box, 4 * k, x0)
                put(box, 4 * k + 1, x1)
                put(box, 4 * k + 2, y0)
                put(box, 4 * k + 3, y1)
                put(count, k, at(count, k) + 1)
    slots, total = 0, 0
    for k in range(every):
        slots += count[k] > 0
        total += count[k]
    start, layer = np.zeros(drawings * bands + 1, np.int64), np.empty(slots, np.int64)
    entry, entries, room = np.zeros(slots + 1, np.int64), np.empty(total, np.int64), np.zeros(slots + 1, np.int64)
    place = np.empty(every, np.int64)
    slot = 0
    for band in range(drawings * bands):
        for i in range(layers):
            k = band * layers + i
            if count[k] > 0:
                place[k] = entry[slot]
                layer[slot] = (band // bands) * layers + i
                entry[slot + 1] = entry[slot] + count[k]
                wide = min(int(box[4 * k + 1]) + 1, cols) - max(int(np.floor(box[4 * k])), 0)
                tall = int(np.ceil(box[4 * k + 3])) - int(box[4 * k + 2])
                room[slot + 1] = room[slot] + max(wide, 0) * (tall + 1)
                slot += 1
        start[band + 1] = slot
    for i in range(len(first) - 1):
        base = (i // layers) * bands * layers + i % layers
        for e in range(first[i], first[i + 1]):
            for j in range(at(spans, 2 * e), at(spans, 2 * e + 1) + 1):
                k = base + j * layers
                put(entries, at(place, k), e)
                put(place, k, at(place, k) + 1)
    return start, layer, entry, entries, room


@kernel
def add_entries(vertices, ends, entries, partial, total):
    """Gradients of all entries by `total [V, 2]` from `partial [4 entries]`, see `add_gradient`.

    The upper end of an edge is the one that `take_edges` says.
    """
    xy, pairs, out = vertices.reshape(-1), ends.reshape(-1), total.reshape(-1)
    for j in range(len(entries)):
        e = at(entries, j)
        a, b = 2 * at(pairs, 2 * e), 2 * at(pairs, 2 * e + 1)
        ax, bx = np.float64(at(xy, a)), np.float64(at(xy, b))
        if not np.float64(at(xy, a + 1)) + SHEAR * ax <= np.float64(at(xy, b + 1)) + SHEAR * bx:
            a, b = b, a
        put(out, a, at(out, a) + at(partial, 4 * j))
        put(out, a + 1, at(out, a + 1) + at(partial, 4 * j + 1))
        put(out, b, at(out, b) + at(partial, 4 * j + 2))
        put(out, b + 1, at(out, b + 1) + at(partial, 4 * j + 3))
