"""Shapes as layers: polygons with a rule and a paint, in painter's order; what every backend of `paint` takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plotart.raster.cpu.outline import ring_edges
from plotart.raster.outline import Contours, flatten, gather_rows, stroke_polygons
from plotart.raster.paths import Fills, Linear, Paint, Radial, Shape

__all__ = ["CONSTANT", "LINEAR", "RADIAL", "Layers", "even_layers", "fill_layers", "layers_of"]

Array = NDArray[Any]
CONSTANT, LINEAR, RADIAL = 0, 1, 2


@dataclass(frozen=True)
class Layers:
    """Filled polygons over each other, the layers of a batch of drawings one after the other.

    Attributes:
        vertices: `[V, 2]` px. ends: `[E, 2]`, the vertices of each edge. first: `[L + 1]`, the first edge of each
            layer. even_odd: `[L]` bool. kind: `[L]`, of its paint. geometry: `[L, 4]`, begin and end of a gradient, or
            its centre and radius. stops: `[T, 5]`, offset, r, g, b, opacity. first_stop: `[L + 1]`.
        layers: of each drawing.
    """

    vertices: Tensor
    ends: Array
    first: Array
    even_odd: Array
    kind: Array
    geometry: Tensor
    stops: Tensor
    first_stop: Array
    layers: int


def layers_of(shapes: Sequence[Shape]) -> Layers:
    """Layers of the shapes; a stroke whose width is nowhere above 0 makes none."""
    fills: list[Shape] = []
    strokes: list[Shape] = []
    order: list[tuple[bool, int]] = []  # whether a layer is a stroke, and which of the strokes or fills
    paints: list[Paint] = []
    for shape in shapes:
        stroke = shape.stroke if shape.stroke is not None and _some_width(shape) else None
        if stroke is not None and shape.stroke_first:
            order.append((True, len(strokes)))
            paints.append(stroke)
        if shape.fill is not None:
            order.append((False, len(fills)))
            paints.append(shape.fill)
            fills.append(shape)
        if stroke is not None:
            if not shape.stroke_first:
                order.append((True, len(strokes)))
                paints.append(stroke)
            strokes.append(shape)
    made = [build(some) for build, some in ((_fills, fills), (_strokes, strokes)) if some]
    if not made:
        nothing = torch.zeros(0, 2)
        return Layers(
            nothing, np.zeros((0, 2), np.int64), np.zeros(1, np.int64), np.zeros(0, np.bool_), *_paints([], nothing), 0
        )
    vertices = made[0][0] if len(made) == 1 else torch.cat([part for part, _, _ in made])
    ring_first = made[0][1] if len(made) == 1 else np.concatenate([made[0][1], made[0][1][-1] + made[1][1][1:]])
    rings = np.concatenate([count for _, _, count in made])
    stroked = np.array([stroke for stroke, _ in order])
    place = np.array([k for _, k in order]) + len(fills) * stroked
    ends, lengths = _edges(ring_first, ranges((rings.cumsum() - rings)[place], rings[place]))
    first = from_zero(lengths)[from_zero(rings[place])]
    even_odd = np.array([shape.rule == "even-odd" for shape in (*fills, *strokes)], np.bool_)[place] & ~stroked
    return Layers(vertices, ends, first, even_odd, *_paints(paints, vertices), len(order))


def from_zero(counts: Array) -> Array:
    """Where each of several lists begins that lie one after the other, and where the last ends: `[N + 1]`."""
    first = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=first[1:])
    return first


def ranges(first: Array, counts: Array) -> Array:
    """`first[i] .. first[i] + counts[i] - 1` for each i, one after the other."""
    before = from_zero(counts)
    every: Array = np.arange(before[-1]) + np.repeat(first - before[:-1], counts)
    return every


def _some_width(shape: Shape) -> bool:
    width = shape.width
    return width is not None and (width.item() if width.numel() == 1 else float(width.detach().max())) > 0


def fill_layers(fills: Fills) -> Layers:
    """Layers of filled shapes of one colour each; there is at least one."""
    contours, _ = _chains(tuple(fills.kinds))
    points, colours = torch.cat(fills.points), torch.stack(fills.colours)
    return _plain_layers(points, contours, np.array(fills.contours), colours, np.array(fills.even_odd, np.bool_))


def even_layers(points: Tensor, rgba: Tensor, even_odd: bool) -> Layers:
    """Closed shapes of as many cubics each: `points [B, N, 3S, 2]`, `rgba [B * N, 4]`."""
    batch, shapes, each = points.shape[:3]
    count = batch * shapes
    contours, _ = _chains((((3,) * (each // 3), True),) * count)
    layers = _plain_layers(points.reshape(-1, 2), contours, np.ones(count, np.int64), rgba, np.full(count, even_odd))
    return replace(layers, layers=shapes)


def _plain_layers(points: Tensor, contours: Contours, count: Array, rgba: Tensor, even_odd: Array) -> Layers:
    """Layers of one colour each, of so many of the contours each."""
    vertices, first = flatten(points, contours)
    ends, lengths = _edges(first, np.arange(len(contours.closed)))
    stops = torch.cat([torch.zeros_like(rgba[:, :1]), rgba], dim=1)
    layers = len(count)
    return Layers(
        vertices, ends, from_zero(lengths)[from_zero(count)], even_odd, np.zeros(layers, np.int64),
        points.new_zeros(layers, 4), stops, np.arange(layers + 1), layers,
    )  # fmt: skip


def _edges(ring_first: Array, chosen: Array) -> tuple[Array, Array]:
    """Edges `[E, 2]` round each of the rings `chosen`, and how many each has."""
    start, lengths = ring_first[chosen], ring_first[chosen + 1] - ring_first[chosen]
    return ring_edges(start, lengths), lengths


@lru_cache(maxsize=4096)
def _chain(degrees: tuple[int, ...], closed: bool) -> tuple[Array, Array]:
    """Corners `[S, 4]` and degrees `[S]` of a path, an open one with its last point as a segment of degree 0."""
    total = sum(degrees)
    starts = np.concatenate([[0], np.cumsum(degrees)])
    corners = starts[: len(degrees), None] + np.minimum(np.arange(4), np.array(degrees)[:, None])
    if closed:
        return corners % max(total, 1), np.array(degrees)
    return np.concatenate([corners, np.full((1, 4), total)]), np.array([*degrees, 0])


@lru_cache(maxsize=16)
def _chains(paths: tuple[tuple[tuple[int, ...], bool], ...]) -> tuple[Contours, Array]:
    """Paths of these degrees, closed or not, as contours one unit of which is a px, and how many points each has.

    Kept from step to step: what a drawing is made of seldom changes while it is fitted.
    """
    chains = [_chain(*path) for path in paths]
    segments = np.array([len(degree) for _, degree in chains])
    points = np.array([sum(degrees) + (not closed) for degrees, closed in paths])
    corners = np.concatenate([corners for corners, _ in chains])
    corners += np.repeat(points.cumsum() - points, segments)[:, None]
    degree = np.concatenate([degree for _, degree in chains])
    cubic = bool(np.all((degree == 0) | ((degree == 3) & (corners[:, 0] != corners[:, 3]))))
    closed = np.array([closed for _, closed in paths], np.bool_)
    return Contours(corners, degree, from_zero(segments), closed, np.ones(len(paths)), cubic), points


def _contours(shapes: Sequence[Shape]) -> tuple[Tensor, Array, Array, Contours]:
    """Points of all shapes, how many each has and of how many contours, and these."""
    points = torch.cat([path.points for shape in shapes for path in shape.contours])
    contours, each = _chains(tuple([(tuple(path.degrees), path.closed) for s in shapes for path in s.contours]))
    count = np.array([len(shape.contours) for shape in shapes])
    return points, np.add.reduceat(each, count.cumsum() - count), count, contours


def _matrices(shapes: Sequence[Shape]) -> tuple[Tensor | None, Array]:
    """The transforms, row by row, `[N, 6]`, or None where there are none; and px for each unit of the paths `[N]`."""
    if all(shape.transform is None for shape in shapes):
        return None, np.ones(len(shapes))
    like = shapes[0].contours[0].points
    none = torch.tensor([1.0, 0, 0, 0, 1, 0], dtype=like.dtype)
    rows = torch.stack([none if s.transform is None else s.transform[:2].reshape(6) for s in shapes])
    linear = rows.detach().reshape(-1, 2, 3)[:, :, :2].double().numpy()
    zoom: Array = np.maximum(np.linalg.norm(linear, ord=2, axis=(1, 2)), 1e-9)
    return rows, zoom


def _moved(points: Tensor, rows: Tensor, owner: Array) -> Tensor:
    m = gather_rows(rows, owner)
    x, y = points[:, 0], points[:, 1]
    return torch.stack([m[:, 0] * x + m[:, 1] * y + m[:, 2], m[:, 3] * x + m[:, 4] * y + m[:, 5]], dim=1)


def _fills(shapes: Sequence[Shape]) -> tuple[Tensor, Array, Array]:
    """Vertices `[V, 2]`, the first of each ring, and the number of rings of each shape."""
    points, sizes, count, contours = _contours(shapes)
    rows, _ = _matrices(shapes)
    if rows is not None:
        points = _moved(points, rows, np.repeat(np.arange(len(shapes)), sizes))
    vertices, first = flatten(points, contours)
    return vertices, first, count


def _strokes(shapes: Sequence[Shape]) -> tuple[Tensor, Array, Array]:
    flat, sizes, count, contours = _contours(shapes)
    halves = []
    for shape, size in zip(shapes, sizes.tolist(), strict=True):
        assert shape.width is not None
        halves.append((shape.width if shape.width.numel() > 1 else shape.width.reshape(1).expand(size)) / 2)
    points = torch.cat([flat, torch.cat(halves)[:, None]], dim=1)
    rows, zoom = _matrices(shapes)
    contours = replace(contours, zoom=np.repeat(zoom, count))
    vertices, first = flatten(points, contours)
    outlines, polygons = stroke_polygons(vertices, first, contours)
    if rows is not None:
        owner = np.repeat(np.repeat(np.arange(len(shapes)), 2 * count), np.diff(polygons))
        outlines = _moved(outlines, rows, owner)
    return outlines, polygons, 2 * count


def _paints(paints: Sequence[Paint], like: Tensor) -> tuple[Array, Tensor, Tensor, Array]:
    """Kinds `[L]`, geometry `[L, 4]`, stops `[T, 5]` and the first stop of each `[L + 1]`."""
    plain = [p for p in paints if isinstance(p, Tensor)]
    if len(plain) == len(paints):
        colours, kind = torch.stack(plain) if plain else like.new_zeros(0, 4), np.zeros(len(paints), np.int64)
        stops = torch.cat([torch.zeros_like(colours[:, :1]), colours], dim=1)
        return kind, like.new_zeros(len(paints), 4), stops, np.arange(len(paints) + 1)
    kind = np.array([LINEAR if isinstance(p, Linear) else RADIAL if isinstance(p, Radial) else 0 for p in paints], int)
    geometry, rows = [], []
    for paint in paints:
        if isinstance(paint, Tensor):
            geometry.append(like.new_zeros(4))
            rows.append(torch.cat([paint.new_zeros(1), paint])[None])
            continue
        ends = (paint.begin, paint.end) if isinstance(paint, Linear) else (paint.centre, paint.radius)
        geometry.append(torch.cat(ends))
        rows.append(torch.cat([paint.offsets[:, None], paint.colours], dim=1))
    return kind, torch.stack(geometry), torch.cat(rows), np.cumsum([0, *(len(row) for row in rows)])
