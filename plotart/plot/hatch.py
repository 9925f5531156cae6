"""Areas as pens draw them: parallel lines inside, and outlines. Any unit."""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.affinity import rotate

from plotart.core.geometry import Path, polyline, straight

__all__ = ["hatch", "outline"]

_SLACK = 1e-7
"""Share of an area's extent that counts as nothing."""


def outline(area: Polygon | MultiPolygon, inset: float = 0.0) -> list[Path]:
    """The rings of an area, shells and holes, drawn `inset` inside its edge; closed paths of straight segments."""
    return [polyline(ring.coords) for part in _parts(_shrunk(area, inset)) for ring in (part.exterior, *part.interiors)]


def hatch(
    area: Polygon | MultiPolygon,
    pitch: float,
    angle: float,
    inset: float = 0.0,
    *,
    joined: bool = True,
    anchored: bool = False,
    phase: float = 0.0,
) -> list[Path]:
    """Parallel lines inside an area.

    Args:
        area: what to fill.
        pitch: distance of neighbouring lines, above 0.
        angle: of the lines, radians from the x axis towards the y axis.
        inset: how far lines keep from the edge: half a tip, so that the ink stays inside. Parts of the area that are
            narrower than twice as much get no line.
        joined: neighbouring lines become one stroke, to and fro, where the way from one to the next stays inside.
        anchored: lines lie at whole multiples of the pitch from the origin, so that those of neighbouring areas meet
            and an area thinner than the pitch gets its share of them; otherwise they are centred in the area.
        phase: how far anchored lines are moved across, same unit as the pitch.

    Returns:
        Paths of straight segments; their directions alternate.
    """
    if not pitch > 0:
        raise ValueError(f"pitch must be above 0, not {pitch}")
    inside = rotate(_shrunk(area, inset), -angle, origin=(0, 0), use_radians=True)
    if inside.is_empty:
        return []
    x0, y0, x1, y1 = inside.bounds
    slack = _SLACK * max(x1 - x0, y1 - y0)
    levels = _levels(y0 - phase, y1 - phase, pitch, anchored) + phase
    levels = levels.clip(y0 + slack, y1 - slack)  # a line along the very edge may be missed
    ends = np.empty((len(levels), 2, 2))
    ends[..., 0], ends[..., 1] = (x0 - pitch, x1 + pitch), levels[:, None]
    cut = shapely.intersection(inside, shapely.linestrings(ends))
    pieces, owner = shapely.get_parts(cut, return_index=True)
    line = (shapely.get_type_id(pieces) == 1) & ~shapely.is_empty(pieces)
    rows: list[list[NDArray[np.float64]]] = [[] for _ in levels]
    for piece, level in zip(pieces[line], owner[line], strict=True):
        points = np.asarray(piece.coords)
        along = points[:, 0]
        if along.max() - along.min() > slack:
            rows[level].append(np.array([[along.min(), levels[level]], [along.max(), levels[level]]]))
    chains = _chains([sorted(row, key=lambda span: span[0, 0]) for row in rows], inside, slack, joined)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return [straight(*(chain @ turn)) if len(chain) == 2 else polyline(chain @ turn) for chain in chains]


def _shrunk(area: Polygon | MultiPolygon, inset: float) -> Polygon | MultiPolygon:
    return area.buffer(-inset, join_style="mitre") if inset else area


def _parts(area: Polygon | MultiPolygon) -> list[Polygon]:
    return [part for part in shapely.get_parts(area) if not part.is_empty]


def _levels(low: float, high: float, pitch: float, anchored: bool) -> NDArray[np.float64]:
    if anchored:
        first, last = math.ceil(low / pitch), math.floor(high / pitch)
        return np.arange(first, last + 1, dtype=np.float64) * pitch
    count = math.floor((high - low) / pitch + 1e-6) + 1
    return np.arange(count, dtype=np.float64) * pitch + (low + high - (count - 1) * pitch) / 2


def _chains(
    rows: list[list[NDArray[np.float64]]], inside: Polygon | MultiPolygon, slack: float, joined: bool
) -> list[NDArray[np.float64]]:
    """Spans `[2, 2]` of each level as polylines `[M, 2]`; a span goes on from one of the level before where it can."""
    room = inside.buffer(slack)
    shapely.prepare(room)
    done: list[NDArray[np.float64]] = []
    open_chains: list[list[NDArray[np.float64]]] = []
    for level, row in enumerate(rows):
        following: list[list[NDArray[np.float64]]] = []
        for span in row:
            ahead = span if level % 2 == 0 else span[::-1]
            chain = _attach(open_chains, span, room) if joined else None
            following.append([ahead] if chain is None else chain)
        done += [np.concatenate(chain) for chain in open_chains]
        open_chains = following
    return done + [np.concatenate(chain) for chain in open_chains]


def _attach(
    open_chains: list[list[NDArray[np.float64]]], span: NDArray[np.float64], room: Polygon | MultiPolygon
) -> list[NDArray[np.float64]] | None:
    """Take the open chain from whose end the shortest way inside leads to an end of `span`, and go on with it."""
    ways = [
        (float(np.hypot(*(span[side] - chain[-1][-1]))), k, side)
        for k, chain in enumerate(open_chains)
        for side in (0, 1)
    ]
    for _, k, side in sorted(ways)[:4]:
        if room.covers(shapely.linestrings([open_chains[k][-1][-1], span[side]])):
            return [*open_chains.pop(k), span if side == 0 else span[::-1]]
    return None
