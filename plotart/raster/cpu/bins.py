# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Edges of filled layers sorted into bands of pixel rows, and their gradients put together again (numba)."""

from __future__ import annotations

import numpy as np

from plotart.raster.cpu.jit import kernel
from plotart.raster.cpu.sweep import BAND, SHEAR


@kernel
def bin_edges(  # noqa: PLR0912 - two passes over the same pairs
    vertices, ends, first, layers, rows, cols
):
    """Which edges of which layers meet which band.

    Args:
        vertices: `[V, 2]` px. ends: `[E, 2]`, the vertices of each edge. first: `[L + 1]`, the first edge of each
            layer. layers: of a drawing; L is a multiple of it.

    Returns:
        start `[bands + 1]`, the first slot of each band; layer `[slots]`; entry `[slots + 1]`, the first of its
        entries; entries, the edges; room `[slots + 1]`, where the touched pixels of each slot begin, at most.
    """
    drawings, bands = (len(first) - 1) // layers, (rows + BAND - 1) // BAND
    count = np.zeros((drawings * bands, layers), np.int64)
    box = np.empty((drawings * bands, layers, 4))
    spans = np.empty((len(ends), 2), np.int64)
    for i in range(len(first) - 1):
        for e in range(first[i], first[i + 1]):
            a, b = ends[e, 0], ends[e, 1]
            ax, bx = np.float64(vertices[a, 0]), np.float64(vertices[b, 0])
            ay, by = np.float64(vertices[a, 1]) + SHEAR * ax, np.float64(vertices[b, 1]) + SHEAR * bx
            left, right, top, bottom = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
            spans[e, 0], spans[e, 1] = 0, -1
            if bottom <= 0.0 or top >= rows:
                continue
            low, high = max(int(top), 0) // BAND, min(int(bottom), rows - 1) // BAND
            spans[e, 0], spans[e, 1] = low, high
            for j in range(low, high + 1):
                band = (i // layers) * bands + j
                own = box[band, i % layers]
                y0, y1 = max(top, float(j * BAND)), min(bottom, float(min((j + 1) * BAND, rows)))
                if count[band, i % layers] == 0:
                    own[0], own[1], own[2], own[3] = left, right, y0, y1
                else:
                    own[0], own[1], own[2], own[3] = (
                        min(own[0], left), max(own[1], right), min(own[2], y0), max(own[3], y1),
                    )  # fmt: skip
                count[band, i % layers] += 1
    slots, total = 0, 0
    for band in range(len(count)):
        for i in range(layers):
            slots += count[band, i] > 0
            total += count[band, i]
    start, layer = np.zeros(len(count) + 1, np.int64), np.empty(slots, np.int64)
    entry, entries, room = np.zeros(slots + 1, np.int64), np.empty(total, np.int64), np.zeros(slots + 1, np.int64)
    place = np.empty((len(count), layers), np.int64)
    slot = 0
    for band in range(len(count)):
        for i in range(layers):
            if count[band, i] > 0:
                place[band, i] = entry[slot]
                layer[slot] = (band // bands) * layers + i
                entry[slot + 1] = entry[slot] + count[band, i]
                own = box[band, i]
                wide = min(int(own[1]) + 1, cols) - max(int(np.floor(own[0])), 0)
                tall = int(np.ceil(own[3])) - int(own[2])
                room[slot + 1] = room[slot] + max(wide, 0) * (tall + 1)
                slot += 1
        start[band + 1] = slot
    for i in range(len(first) - 1):
        for e in range(first[i], first[i + 1]):
            for j in range(spans[e, 0], spans[e, 1] + 1):
                band = (i // layers) * bands + j
                entries[place[band, i % layers]] = e
                place[band, i % layers] += 1
    return start, layer, entry, entries, room


@kernel
def add_entries(vertices, ends, entries, partial, total):
    """Gradients of all entries by `total [V, 2]`: the upper end of an edge is the one that `take_edges` says."""
    for j in range(len(entries)):
        a, b = ends[entries[j], 0], ends[entries[j], 1]
        ax, bx = np.float64(vertices[a, 0]), np.float64(vertices[b, 0])
        if not np.float64(vertices[a, 1]) + SHEAR * ax <= np.float64(vertices[b, 1]) + SHEAR * bx:
            a, b = b, a
        total[a, 0] += partial[j, 0]
        total[a, 1] += partial[j, 1]
        total[b, 0] += partial[j, 2]
        total[b, 1] += partial[j, 3]
