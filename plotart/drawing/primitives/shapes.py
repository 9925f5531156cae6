"""Filled shapes: a place, a soft edge, and what a pen does with them, fill them or go round them."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from shapely import MultiPolygon, Polygon
from torch import Tensor

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.core.geometry import Path, polyline, relaxed
from plotart.core.parts import Whole
from plotart.drawing.primitives.base import Primitive, PrimitiveSpec
from plotart.drawing.primitives.placer import place
from plotart.drawing.render.dense import Dense
from plotart.drawing.render.view import Coverages, View
from plotart.raster import shapes as soft
from plotart.raster.forms import EDGE_PX, Form, Kind

__all__ = ["Marks", "Shapes", "ShapesSpec"]

Marks = Literal["hatch", "outline"]

CRISP = 1e-3
"""Edge of `coverage`, unit."""


class Shapes(Primitive):
    """N filled shapes whose edges are soft: coverage = sigmoid(v / edge), v the depth inside the shape.

    With `marks: outline` a shape is its edge alone, as wide as the pen: sigmoid((v + h) / edge) - sigmoid((v - h) /
    edge) with h half that width. The picture then shows what outlines on paper show.

    `form` and `rows` are what the kernels of plotart.raster.shapes take; `field` is the same in plain torch.
    """

    filled = True
    restarts = True
    form_kind: Kind
    harmonics = 0
    streaks = 0.0
    marks_as: Marks
    width: Tensor

    @property
    def form(self) -> Form:
        """The formula that the kernels follow."""
        return Form(self.form_kind, self.harmonics, self.streaks, self.marks_as == "outline")

    @property
    def soft(self) -> bool:
        """Whether shapes fade from their middle on, so that no pen can draw what the picture shows."""
        return False

    @abstractmethod
    def rows(self) -> Tensor:
        """The parameters of each shape, differentiable: `[N, D]`, the centre first."""

    @abstractmethod
    def boxes(self, edge: float) -> Tensor: ...

    @abstractmethod
    def field(self, xy: Tensor, edge: float) -> Tensor:
        """Coverage `[N, P]` in 0..1 of the points `xy [P, 2]`, unit, with an edge of that scale."""

    @abstractmethod
    def rims(self) -> list[NDArray[np.float64]]:
        """The edge of each shape, where coverage is 1/2, as a closed ring of points `[M, 2]`, unit."""

    def coverage(self, xy: Tensor) -> Tensor:
        return self.field(xy, CRISP)

    def seen(self, view: View) -> Coverages:
        return Soft(self, view) if view.backend == "native" and self.width.device.type == "cpu" else self.dense(view)

    def dense(self, view: View) -> Dense:
        by_itself = partial(self.field, edge=EDGE_PX * view.softness / view.px)
        return Dense(self.kind, view, by_itself, len(self), self.width, samples=1)

    def paths(self) -> list[Path]:
        return [polyline(rim) for rim in self.rims()]

    def marks(self) -> list[list[Path]]:
        return [[path] if self.marks_as == "outline" else [] for path in self.paths()]

    def fills(self) -> list[Polygon | MultiPolygon]:
        return [] if self.marks_as == "outline" else self.areas()

    def areas(self) -> list[Polygon | MultiPolygon]:
        return [shapely.buffer(shapely.make_valid(Polygon(rim)), 0) for rim in self.rims()]

    def set_width(self, width: Tensor) -> None:
        self.width.copy_(width)

    def edged(self, depth: Tensor, edge: float) -> Tensor:
        """Coverage at the depth `[N, P]` inside the shapes, unit."""
        if self.marks_as == "hatch":
            return torch.sigmoid(depth / edge)
        half = self.width[:, None] / 2
        return torch.sigmoid((depth + half) / edge) - torch.sigmoid((depth - half) / edge)

    def margin(self, edge: float) -> Tensor:
        """How far beyond its edge a shape is seen, `[N]` unit: there a sigmoid has fallen to 2e-6."""
        return 13 * edge + (self.width / 2 if self.marks_as == "outline" else torch.zeros_like(self.width))


class Soft(Coverages):
    """Filled shapes through the kernels of plotart.raster.shapes."""

    def __init__(self, shapes: Shapes, view: View) -> None:
        super().__init__(shapes.kind, view)
        self.rows = shapes.rows()
        boxes = shapes.boxes(soft.edge_of(view.size, view.softness))
        angle = getattr(shapes, "angle", torch.zeros_like(shapes.width))
        self.cells = soft.Cells.of(
            shapes.form, boxes, angle, shapes.width, size=view.size, pixels=view.pixels, softness=view.softness,
            threads=view.threads,
        )  # fmt: skip

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        return self.view.shaped(soft.lay_over(self.rows, rgb, opacity, ground, self.cells))

    def passed(self, weight: Tensor) -> Tensor:
        return self.view.shaped(soft.multiply(self.rows, weight, self.cells))

    def summed(self, weight: Tensor, power: int) -> Tensor:
        return self.view.shaped(soft.sum_up(self.rows, weight, power, self.cells))


@dataclass(frozen=True)
class Places:
    """Where shapes lie at first.

    Attributes:
        centre: `[N, 2]` unit. radius: `[N]` unit, large shapes first. rgb: `[N, 3]` sRGB, or None for any.
    """

    centre: Tensor
    radius: Tensor
    rgb: Tensor | None


class ShapesSpec(PrimitiveSpec):
    """How many shapes, how they start, and what a pen makes of them.

    start: `random` is uniform in place and size up to `radius`. `error` places them where as many even shapes would
    miss most of the picture (its squared difference to a blurred copy), as blue noise: Lloyd's algorithm on points
    drawn by that error (A. Secord, "Weighted Voronoi stippling", 2002). They start as large as their distance to the
    next ones, the large ones at the back, in the picture's colours. `network` places them as a small network does in
    one look at the picture (see `plotart.drawing.primitives.placer`); it was trained with circles.
    """

    inks: ClassVar[tuple[str, ...]] = ("multiply", "over", "average", "add", "mean")

    count: int = Field(256, ge=1, le=100_000, description="number of shapes")
    radius: float | None = Field(
        None, gt=0, le=2, description="largest random radius at the start, unit; none: by the count"
    )
    start: Literal["random", "error", "network"] = Field(
        "random", description="anywhere, where even shapes would miss most, or where a network says"
    )
    marks: Marks = Field("hatch", description="what a pen draws: the area (hatch), or its edge alone (outline)")

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"shapes"})

    @property
    def fades(self) -> bool:
        """Whether shapes have no edge that a single pen could draw."""
        return False

    def check(self, config: Whole, at: str) -> None:
        if "hatching" in config.given:
            if self.marks == "outline":
                raise InputError(f"{at}.marks: outlines are not hatched; take 'hatch', or the stage 'quantize' instead")
            return
        if config.ink.ground != "paper":
            raise InputError(f"ink.background: only the stage 'hatch' can draw a background of '{config.ink.ground}'")
        if self.fades:
            raise InputError(
                f"{at}: splats that fade (arcs, dots, streaks) have no edge for a single pen; add the stage 'hatch'"
            )

    def begin(self, canvas: Canvas, generator: torch.Generator, target: Tensor | None) -> Places:
        """The first places; `target [1, 3, H, W]` sRGB is the picture to draw, which all but `random` need."""
        if self.start != "random":
            if target is None:
                raise ValueError(f"primitive.start: '{self.start}' needs a picture to draw (--image); take random")
            if self.start == "network":
                return Places(*place(target, self.count))
            return _where_missed(target, self.count, generator)
        extent = torch.tensor(canvas.unit_size, dtype=torch.float32)
        radius = self.radius or min(0.5, 1.5 / math.sqrt(self.count))
        centre = torch.rand(self.count, 2, generator=generator) * extent
        return Places(centre, radius * (0.1 + 0.9 * torch.rand(self.count, generator=generator)), None)


def _where_missed(target: Tensor, count: int, generator: torch.Generator) -> Places:
    image: NDArray[np.float64] = target[0].permute(1, 2, 0).double().cpu().numpy()
    px = min(image.shape[:2])
    blurred = gaussian_filter(image, (px / math.sqrt(count) / 2,) * 2 + (0,), mode="nearest")
    missed = (image - blurred) ** 2
    weight = gaussian_filter(missed.sum(2), px / math.sqrt(count) / 4) + 1e-3
    drawn = torch.multinomial(
        torch.from_numpy(weight.ravel()), max(20 * count, 2000), replacement=True, generator=generator
    )
    shift = torch.rand(len(drawn), 2, generator=generator)
    points = (torch.stack([drawn % image.shape[1], drawn // image.shape[1]], 1) + shift).double().numpy() / px
    centres = relaxed(points[:count], points, np.ones(len(points)), 12)
    near = min(4, count)
    apart = cKDTree(centres).query(centres, k=near)[0].reshape(count, near)
    radius = np.maximum(apart[:, 1:].mean(1) if near > 1 else np.array([0.5]), 0.5 / px)
    order = np.argsort(-radius, kind="stable")
    at = (centres * px).astype(np.int64)
    rgb = blurred[at[:, 1].clip(0, image.shape[0] - 1), at[:, 0].clip(0, image.shape[1] - 1)]
    centre, size_, rgb_ = (torch.from_numpy(values[order]).float() for values in (centres, radius, rgb))
    return Places(centre, size_, rgb_)
