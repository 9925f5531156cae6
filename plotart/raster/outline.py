"""Curves to polygons, differentiable in any precision: fills are flattened, strokes become the outline of their pen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from plotart.raster.cpu import outline as cpu

__all__ = ["Contours", "flatten", "gather_rows", "stroke_polygons"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Contours:
    """Chains of straight, quadratic and cubic segments.

    Attributes:
        corners: `[S, 4]`, the control points of each segment, degree + 1 of them. degree: `[S]`, 1 to 3, or 0 for the
            last point of an open contour. first: `[C + 1]`, the first segment of each contour.
        closed: `[C]`. zoom: `[C]`, px for each unit of the points. cubic: whether all segments are cubics that end
            elsewhere than they begin, but for those last points.
    """

    corners: Array
    degree: Array
    first: Array
    closed: Array
    zoom: Array
    cubic: bool = False

    def of(self, chosen: slice) -> Contours:
        """Some of them, one after the other."""
        begin, end = self.first[chosen.start], self.first[chosen.stop]
        return Contours(
            self.corners[begin:end], self.degree[begin:end], self.first[chosen.start : chosen.stop + 1] - begin,
            self.closed[chosen], self.zoom[chosen], self.cubic,
        )  # fmt: skip


class _Gather(Function):
    """Rows of a tensor; gradients are added up in order, so that they do not depend on threads."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, index: Array) -> Tensor:  # type: ignore[override]
        ctx.kept = (index, values.shape)
        return values[torch.from_numpy(index)]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        index, shape = ctx.kept
        total = np.zeros(shape)
        cpu.add_rows(index, grad.contiguous().numpy(), total)
        return torch.from_numpy(total).to(grad.dtype), None


def gather_rows(values: Tensor, index: Array) -> Tensor:
    """`values [N, D]` at `index [K]` -> `[K, D]`."""
    rows: Tensor = _Gather.apply(values, index)  # type: ignore[no-untyped-call]
    return rows


class _Flatten(Function):
    @staticmethod
    def forward(ctx: Any, points: Tensor, contours: Contours, counts: Array) -> Tensor:  # type: ignore[override]
        quick = contours.cubic and points.dtype is torch.float32
        ctx.kept = (contours, counts, points.shape, quick)
        vertices = points.new_empty(int(counts.sum()), points.shape[1])
        flatten_ = cpu.flatten_cubics if quick else cpu.flatten_forward
        flatten_(points.detach().contiguous().numpy(), contours.corners, contours.degree, counts, vertices.numpy())
        return vertices

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        contours, counts, shape, quick = ctx.kept
        total = np.zeros(shape)
        backward_ = cpu.flatten_cubics_backward if quick else cpu.flatten_backward
        backward_(grad.contiguous().numpy(), contours.corners, contours.degree, counts, total)
        return torch.from_numpy(total).to(grad.dtype), None, None


def flatten(points: Tensor, contours: Contours) -> tuple[Tensor, Array]:
    """Vertices within 0.01 px of the curves, and the first vertex of each contour `[C + 1]`.

    Args:
        points: `[P, D]`, x and y first; what else a point has follows the same Bernstein polynomials.

    Returns:
        `[V, D]`; the last point of a closed contour is not repeated.
    """
    zoom = np.repeat(contours.zoom, np.diff(contours.first))
    counts = cpu.count_steps(points.detach().contiguous().numpy(), contours.corners, contours.degree, zoom)
    vertices: Tensor = _Flatten.apply(points, contours, counts)  # type: ignore[no-untyped-call]
    return vertices, np.concatenate([[0], counts.cumsum()])[contours.first]


def stroke_polygons(vertices: Tensor, first: Array, contours: Contours) -> tuple[Tensor, Array]:
    """Polygons that a pen with round caps and joins covers, by nonzero winding number.

    A point of them lies off vertex v by half the pen's width there, along the left normal of the chord before it,
    turned by a share of the turn at v and by a fixed angle: the same side, an arc, or the other side. Where a stroke
    bends smoothly both sides meet in a mitre, which is within the tolerance of the arc. Inside of a sharp turn the
    outline passes through the vertex.

    Args:
        vertices: `[V, 3]`, x, y and half the width. first: `[C + 1]`, as `flatten` returns them.

    Returns:
        `[K, 2]`, and the first point of each polygon: `[2 C + 1]`.
    """
    data, closed = vertices.detach().contiguous().numpy(), contours.closed.astype(np.int64)
    chords, polygons = np.empty((len(data) + len(closed), 2), np.int64), np.zeros(2 * len(closed) + 1, np.int64)
    room = 8 * len(data) + 64 * len(closed)
    while True:
        records, angles = np.empty((room, cpu.COLUMNS), np.int64), np.empty((room, 2))
        made, used = cpu.outline_strokes(data, first, closed, contours.zoom, chords, records, angles, polygons)
        if used <= room:
            break
        room = used
    chords, records = chords[:made], records[:used]
    ends = gather_rows(vertices[:, :2], chords.T.reshape(-1).copy()).reshape(2, made, 2)
    along = ends[1] - ends[0]
    square = along.square().sum(1, keepdim=True)
    dot = square == 0
    unit = torch.where(dot, torch.tensor([1.0, 0.0]).to(along), along / torch.where(dot, 1.0, square).sqrt())
    before, after, whose, kind = (records[:, k].copy() for k in (1, 2, 0, 3))
    u, w = gather_rows(unit, before), gather_rows(unit, after)
    place = gather_rows(vertices, whose)
    share, angle = torch.from_numpy(angles[:used]).to(u).unbind(1)
    turn = torch.atan2(u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0], (u * w).sum(1))
    phi = share * turn + angle
    mitre, pivot = torch.from_numpy(kind == cpu.MITRE), torch.from_numpy(kind == cpu.PIVOT)
    stretched = torch.where(mitre, 1 / torch.cos(torch.where(mitre, turn, 0.0) / 2), 1.0)
    reach = torch.where(pivot, 0.0, place[:, 2] * stretched)
    c, s = phi.cos(), phi.sin()
    x = place[:, 0] + reach * (-u[:, 1] * c - u[:, 0] * s)
    y = place[:, 1] + reach * (u[:, 0] * c - u[:, 1] * s)
    return torch.stack([x, y], dim=1), polygons
