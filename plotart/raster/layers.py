"""Shapes as layers: polygons with a rule and a paint, in painter's order; what every backend of `paint` takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plotart.raster.cpu.outline import ring_edges
from plotart.raster.outline import Contours, flatten, gather_rows, stroke_polygons
from plotart.raster.paths import Linear, Paint, Path, Radial, Shape

__all__ = ["CONSTANT", "LINEAR", "RADIAL", "Layers", "even_layers", "layers_of"]

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
    fills: list[int] = []
    strokes: list[int] = []
    order: list[tuple[bool, int]] = []  # stroke or fill, and which of them
    paints: list[Paint] = []
    for i, shape in enumerate(shapes):
        for stroke in (True, False) if shape.stroke_first else (False, True):
            paint = shape.stroke if stroke else shape.fill
            if paint is None or (stroke and not _some_width(shape)):
                continue
            order.append((stroke, len(strokes if stroke else fills)))
            (strokes if stroke else fills).append(i)
            paints.append(paint)
    parts, rings, of_layer = [], [np.zeros(1, np.int64)], []
    if fills:
        parts_, ring, count = _fills([shapes[i] for i in fills])
        parts.append(parts_)
        rings.append(ring[1:])
        of_layer.append(count)
    if strokes:
        parts_, ring, count = _strokes([shapes[i] for i in strokes])
        parts.append(parts_)
        rings.append(ring[1:] + rings[-1][-1])
        of_layer.append(count)
    ring_first = np.concatenate(rings)
    ring_counts = np.concatenate(of_layer) if of_layer else np.zeros(0, np.int64)
    place = np.concatenate([[0], ring_counts.cumsum()])
    own = [place[k + (len(fills) if stroke else 0) : k + 2 + (len(fills) if stroke else 0)] for stroke, k in order]
    chosen = np.concatenate([np.arange(a, b) for a, b in own]) if own else np.zeros(0, np.int64)
    ends, lengths = _edges(ring_first, chosen)
    per_layer = np.concatenate([[0], np.cumsum([b - a for a, b in own])]).astype(np.int64)
    first = np.concatenate([[0], lengths.cumsum()])[per_layer]
    like = parts[0] if parts else torch.zeros(0, 2)
    rule = [shapes[strokes[k] if stroke else fills[k]].rule == "even-odd" and not stroke for stroke, k in order]
    kind, geometry, stops, first_stop = _paints(paints, like)
    return Layers(
        torch.cat(parts) if parts else like, ends, first, np.array(rule, np.bool_), kind, geometry, stops, first_stop,
        len(order),
    )  # fmt: skip


def _some_width(shape: Shape) -> bool:
    width = shape.width
    return width is not None and (width.item() if width.numel() == 1 else float(width.detach().max())) > 0


def even_layers(points: Tensor, rgba: Tensor, even_odd: bool) -> Layers:
    """Closed shapes of as many cubics each: `points [B, N, 3S, 2]`, `rgba [B * N, 4]`."""
    batch, shapes, each = points.shape[0], points.shape[1], points.shape[2]
    count = batch * shapes
    inside = (3 * np.arange(each // 3)[:, None] + np.arange(4)) % each
    corners = (inside[None] + each * np.arange(count)[:, None, None]).reshape(-1, 4)
    contours = Contours(
        corners, np.full(len(corners), 3), each // 3 * np.arange(count + 1), np.ones(count, np.bool_), np.ones(count)
    )
    vertices, first = flatten(points.reshape(-1, 2), contours)
    ends, lengths = _edges(first, np.arange(count))
    stops = torch.cat([torch.zeros_like(rgba[:, :1]), rgba], dim=1)
    return Layers(
        vertices, ends, np.concatenate([[0], lengths.cumsum()]), np.full(count, even_odd), np.zeros(count, np.int64),
        points.new_zeros(count, 4), stops, np.arange(count + 1), shapes,
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


def _contours(paths: Sequence[Path], zoom: Array) -> Contours:
    chains = [_chain(tuple(path.degrees), path.closed) for path in paths]
    before = np.cumsum([0, *(len(path.points) for path in paths)])[:-1]
    corners = np.concatenate([chain[0] + shift for chain, shift in zip(chains, before, strict=True)])
    first = np.cumsum([0, *(len(chain[1]) for chain in chains)])
    closed = np.array([path.closed for path in paths], np.bool_)
    return Contours(corners, np.concatenate([chain[1] for chain in chains]), first, closed, zoom)


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
    paths = [path for shape in shapes for path in shape.contours]
    count = np.array([len(shape.contours) for shape in shapes])
    points = torch.cat([path.points for path in paths])
    rows, _ = _matrices(shapes)
    if rows is not None:
        sizes = [sum(len(path.points) for path in shape.contours) for shape in shapes]
        points = _moved(points, rows, np.repeat(np.arange(len(shapes)), sizes))
    vertices, first = flatten(points, _contours(paths, np.ones(len(paths))))
    return vertices, first, count


def _strokes(shapes: Sequence[Shape]) -> tuple[Tensor, Array, Array]:
    paths = [path for shape in shapes for path in shape.contours]
    count = np.array([len(shape.contours) for shape in shapes])
    sizes = [sum(len(path.points) for path in shape.contours) for shape in shapes]
    halves = []
    for shape, size in zip(shapes, sizes, strict=True):
        assert shape.width is not None
        halves.append((shape.width if shape.width.numel() > 1 else shape.width.reshape(1).expand(size)) / 2)
    points = torch.cat([torch.cat([path.points for path in paths]), torch.cat(halves)[:, None]], dim=1)
    rows, zoom = _matrices(shapes)
    contours = _contours(paths, np.repeat(zoom, count))
    vertices, first = flatten(points, contours)
    outlines, polygons = stroke_polygons(vertices, first, contours)
    if rows is not None:
        owner = np.repeat(np.repeat(np.arange(len(shapes)), 2 * count), np.diff(polygons))
        outlines = _moved(outlines, rows, owner)
    return outlines, polygons, 2 * count


def _paints(paints: Sequence[Paint], like: Tensor) -> tuple[Array, Tensor, Tensor, Array]:
    """Kinds `[L]`, geometry `[L, 4]`, stops `[T, 5]` and the first stop of each `[L + 1]`."""
    kind = np.array([LINEAR if isinstance(p, Linear) else RADIAL if isinstance(p, Radial) else 0 for p in paints], int)
    if not kind.any():
        colours = torch.stack([p for p in paints if isinstance(p, Tensor)]) if paints else like.new_zeros(0, 4)
        stops = torch.cat([torch.zeros_like(colours[:, :1]), colours], dim=1)
        return kind, like.new_zeros(len(paints), 4), stops, np.arange(len(paints) + 1)
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
