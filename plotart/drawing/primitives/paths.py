"""Paths: closed shapes of cubic curves, with any outline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from shapely import MultiPolygon, Polygon
from torch import Tensor, nn

from plotart.core.areas import enclosed
from plotart.core.canvas import Canvas
from plotart.core.geometry import Path, bernstein
from plotart.drawing.primitives.base import primitives
from plotart.drawing.primitives.shapes import Marks, Shapes, ShapesSpec
from plotart.drawing.primitives.strokes import StrokeCoverages
from plotart.drawing.render.fills import FillCoverages
from plotart.drawing.render.view import Coverages, View

__all__ = ["Paths", "PathsSpec", "rounds"]

STEPS = 16
"""Straight pieces of a cubic where shapes are taken as polygons."""


class Paths(Shapes):
    """N closed shapes of S cubics each; inside is what their outline winds round (nonzero).

    Args:
        points: control points `[N, 3S, 2]` unit; the last cubic ends at the first point. width: `[N]` unit, of the
            pen. marks: see `Shapes`.
    """

    rates: ClassVar[Mapping[str, float]] = {"points": 0.0045}
    per_shape = ("points", "width")
    tiled = True

    def __init__(self, points: Tensor, width: Tensor, marks: Marks = "hatch") -> None:
        super().__init__()
        if points.ndim != 3 or points.shape[1] < 6 or points.shape[1] % 3 or points.shape[2] != 2:
            raise ValueError(f"points must be [N, 3S, 2] with S at least 2, not {list(points.shape)}")
        if width.shape != points.shape[:1]:
            raise ValueError(f"width must be [{len(points)}], not {list(width.shape)}")
        self.points = nn.Parameter(points.detach().clone())
        self.marks_as = marks
        self.register_buffer("width", width.detach().clone())

    def __len__(self) -> int:
        return len(self.points)

    def rows(self) -> Tensor:
        return torch.cat([self.points.mean(1), self.points.flatten(1)], dim=1)

    def closed(self) -> Tensor:
        """The control points, the first repeated at the end: `[N, 1+3S, 2]` unit."""
        return torch.cat([self.points, self.points[:, :1]], dim=1)

    def seen(self, view: View) -> Coverages:
        if self.width.device.type != "cpu" or (view.softness != 1 and self.marks_as == "hatch"):
            return self.dense(view)
        if self.marks_as == "outline":
            return StrokeCoverages(self.closed(), self.width, view, self.kind)
        return FillCoverages(self.kind, self.points, view)

    @torch.no_grad()
    def boxes(self, edge: float) -> Tensor:
        reach = self.margin(edge)[:, None]
        return torch.cat([self.points.amin(dim=1) - reach, self.points.amax(dim=1) + reach], dim=1)

    def outline(self) -> Tensor:
        """Points round each shape, differentiable: `[N, S * STEPS, 2]` unit."""
        closed, t = self.closed(), torch.arange(STEPS).to(self.points) / STEPS
        share = torch.stack(bernstein(t), dim=1)
        pieces = [share @ closed[:, 3 * s : 3 * s + 4] for s in range(self.points.shape[1] // 3)]
        return torch.cat(pieces, dim=1)

    def field(self, xy: Tensor, edge: float) -> Tensor:
        line = self.outline()
        before, after = line, line.roll(-1, dims=1)
        least = torch.full((len(line), len(xy)), math.inf, dtype=xy.dtype, device=xy.device)
        winding = torch.zeros_like(least)
        for k in range(line.shape[1]):
            a, b = before[:, k, None], after[:, k, None]
            along, off = b - a, xy - a
            u = ((off * along).sum(-1) / along.square().sum(-1).clamp_min(1e-20)).clamp(0, 1)
            least = torch.minimum(least, (off - u[..., None] * along).square().sum(-1))
            side = along[..., 0] * off[..., 1] - along[..., 1] * off[..., 0]
            above = (a[..., 1] <= xy[:, 1]).to(xy) - (b[..., 1] <= xy[:, 1]).to(xy)
            winding = winding + torch.where(above * side > 0, above, 0)
        depth = torch.where(winding != 0, 1.0, -1.0) * (least + 1e-14).sqrt()
        return self.edged(depth, edge)

    @torch.no_grad()
    def rims(self) -> list[NDArray[np.float64]]:
        lines = self.outline().double().cpu().numpy()
        return [np.concatenate([line, line[:1]]) for line in lines]

    def areas(self) -> list[Polygon | MultiPolygon]:
        return [enclosed([rim[:-1]]) for rim in self.rims()]

    def paths(self) -> list[Path]:
        return list(self.closed().detach().double().cpu().numpy())

    @torch.no_grad()
    def start_again_(self, count: int, centre: Tensor, radius: Tensor) -> None:
        self.points[-count:] = rounds(centre, radius, self.points.shape[1] // 3).to(self.points)

    @torch.no_grad()
    def area(self) -> Tensor:
        if self.marks_as == "outline":
            line = self.outline()
            along: Tensor = (line - line.roll(1, dims=1)).square().sum(2).sqrt().sum(1)
            return along * self.width
        return torch.tensor([area.area for area in self.areas()])

    def pack(self) -> dict[str, Any]:
        return {"points": self.points.detach().clone(), "width": self.width.clone(), "marks": self.marks_as}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Paths:
        return cls(state["points"], state["width"], state["marks"])


def rounds(centre: Tensor, radius: Tensor, segments: int) -> Tensor:
    """Circles as closed shapes of so many cubics each: `centre [N, 2]`, `radius [N]` -> `[N, 3S, 2]`."""
    turn = torch.arange(segments) * 2 * math.pi / segments
    reach = 4 / 3 * math.tan(math.pi / 2 / segments)
    on, ahead = torch.stack([turn.cos(), turn.sin()], 1), torch.stack([-turn.sin(), turn.cos()], 1)
    after_on, after_ahead = on.roll(-1, 0), ahead.roll(-1, 0)
    ring = torch.stack([on, on + reach * ahead, after_on - reach * after_ahead], dim=1).reshape(-1, 2)
    placed: Tensor = centre[:, None] + radius[:, None, None] * ring.to(centre)
    return placed


@primitives.register("paths")
class PathsSpec(ShapesSpec):
    """Closed shapes of cubic curves; see `ShapesSpec`. They start as circles."""

    makes = Paths
    inks: ClassVar[tuple[str, ...]] = ("multiply", "over")
    outlined = True

    segments: int = Field(4, ge=2, le=256, description="cubics of an outline")

    @property
    def gives(self) -> frozenset[str]:
        return super().gives | {"outlines"}

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Paths:
        first = self.begin(canvas, generator, start.get("target"))
        points = rounds(first.centre, first.radius, self.segments)
        made = Paths(points, torch.full((self.count,), width), self.marks)
        made.start_rgb = first.rgb
        return made

    def of_paths(self, points: Tensor, width: float) -> tuple[Self, Paths]:
        made = Paths(points[:, :-1], torch.full((len(points),), width), self.marks)
        return self.model_copy(update={"count": len(made), "segments": made.points.shape[1] // 3}), made
