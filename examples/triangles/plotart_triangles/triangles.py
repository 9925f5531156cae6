"""Filled triangles that lie over each other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import shapely
import torch
from pydantic import Field
from shapely import MultiPolygon, Polygon
from torch import Tensor, nn

from plotart.core.canvas import Canvas
from plotart.core.geometry import Path, polyline
from plotart.drawing.primitives.base import Primitive, PrimitiveSpec, primitives
from plotart.drawing.render.dense import Dense
from plotart.drawing.render.view import View
from plotart.raster.forms import EDGE_PX

__all__ = ["Triangles", "TrianglesSpec"]

CRISP = 1e-3
"""Edge of `coverage`, unit."""


class Triangles(Primitive):
    """N triangles, coverage sigmoid(depth / edge), depth the distance to the nearest side, negative outside.

    Args:
        corners: `[N, 3, 2]` unit. width: of the pen that fills them, `[N]` unit.
    """

    filled = True
    rates: ClassVar[Mapping[str, float]] = {"corners": 0.004}
    per_shape = ("corners", "width")

    def __init__(self, corners: Tensor, width: Tensor) -> None:
        super().__init__()
        self.corners = nn.Parameter(corners.detach().clone())
        self.register_buffer("width", width.detach().clone())

    def __len__(self) -> int:
        return len(self.corners)

    def coverage(self, xy: Tensor) -> Tensor:
        return self.field(xy, CRISP)

    def dense(self, view: View) -> Dense:
        """Each pixel by its centre, with an edge as soft as a pixel is wide: quicker than 16 samples of `coverage`."""
        by_itself = partial(self.field, edge=EDGE_PX * view.softness / view.px)
        return Dense(self.kind, view, by_itself, len(self), self.width, samples=1)

    def field(self, xy: Tensor, edge: float) -> Tensor:
        """Coverage `[N, P]` in 0..1 of the points `xy [P, 2]`, unit, with an edge of that scale."""
        start = self.corners
        side = start.roll(-1, dims=1) - start
        normal = torch.stack([-side[..., 1], side[..., 0]], dim=-1)
        normal = normal / (side.square().sum(-1, keepdim=True) + 1e-12).sqrt()
        depth = torch.einsum("nsc,npsc->nps", normal, xy[None, :, None] - start[:, None]) * self._turn()[:, None, None]
        return torch.sigmoid(depth.amin(-1) / edge)

    def _turn(self) -> Tensor:
        """1 for triangles whose inside lies on the side of the normals, -1 for the others: `[N]`."""
        a, b = (self.corners[:, i] - self.corners[:, 0] for i in (1, 2))
        return torch.where(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] < 0, -1.0, 1.0)

    def _rings(self) -> np.ndarray:
        corners = self.corners.detach().double().cpu().numpy()
        return np.concatenate([corners, corners[:, :1]], axis=1)

    def paths(self) -> list[Path]:
        return [polyline(ring) for ring in self._rings()]

    def areas(self) -> list[Polygon | MultiPolygon]:
        return [shapely.buffer(Polygon(ring), 0) for ring in self._rings()]

    def marks(self) -> list[list[Path]]:
        return [[] for _ in range(len(self))]

    def fills(self) -> list[Polygon | MultiPolygon]:
        return self.areas()

    def boxes(self, edge: float) -> Tensor:
        corners, reach = self.corners.detach(), 13 * edge
        return torch.cat([corners.amin(1) - reach, corners.amax(1) + reach], dim=1)

    def set_width(self, width: Tensor) -> None:
        self.width.copy_(width)

    @torch.no_grad()
    def area(self) -> Tensor:
        a, b = (self.corners[:, i] - self.corners[:, 0] for i in (1, 2))
        return (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).abs() / 2

    def pack(self) -> dict[str, Any]:
        return {"corners": self.corners.detach().clone(), "width": self.width.clone()}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Triangles:
        return cls(state["corners"], state["width"])


@primitives.register("triangles")
class TrianglesSpec(PrimitiveSpec):
    """How many triangles, and how large they are at first, anywhere on the page."""

    makes = Triangles
    inks = ("over", "multiply")

    count: int = Field(64, ge=1, le=10_000, description="number of triangles")
    radius: float = Field(0.2, gt=0, le=2, description="size at the start, unit")

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"shapes"})

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Triangles:
        centre = torch.rand(self.count, 1, 2, generator=generator) * torch.tensor(canvas.unit_size).float()
        corners = centre + self.radius * (2 * torch.rand(self.count, 3, 2, generator=generator) - 1)
        return Triangles(corners, torch.full((self.count,), width))
