"""Glyphs as pixels, the article's way: a stack of transposed convolutions from a message to a picture.

A glyph has one plane for each pen, whose pixels say how much of it the pen covers. The pen fills what is covered by
more than half.
"""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from pydantic import Field
from shapely import MultiLineString, MultiPolygon, Polygon
from skimage.measure import find_contours
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.core.canvas import Canvas
from plotart.core.geometry import Path, polyline
from plotart.drawing.primitives.base import primitives
from plotart.drawing.render.dense import Dense
from plotart.drawing.render.view import Coverages, View
from plotart.glyphs.sheet import Generated, GeneratedSpec, Generator

__all__ = ["RasterGenerator", "Rasters", "RastersSpec"]

FILTERS, FEWEST = 128, 8
"""Filters of the first layer, halved by each that follows, and the fewest that a layer has."""

SMALLEST = 4
"""Side, px, that the first layer makes at least; each layer that follows doubles it."""


class RasterGenerator(Generator):
    """Messages `[B, D]` -> coverage of K pens `[B, K, side, side]` in 0..1.

    Transposed convolutions (the first from 1 x 1 to 4 x 4 .. 7 x 7, the others 4x4 of stride 2), each with batch
    normalization and a LeakyReLU of 0.2, the last with a sigmoid. They double the first side until it reaches `side`;
    what is more than that is cut off at all edges alike.
    """

    def __init__(self, length: int, pens: int, side: int) -> None:
        super().__init__()
        doublings = int(math.log2(side / SMALLEST))
        first = math.ceil(side / 2**doublings)
        blocks: list[nn.Module] = []
        inward = length
        for k in range(doublings):
            outward = max(FEWEST, FILTERS >> k)
            kernel, stride, padding = (first, 1, 0) if k == 0 else (4, 2, 1)
            blocks += [
                nn.ConvTranspose2d(inward, outward, kernel, stride, padding, bias=False),
                nn.BatchNorm2d(outward),
                nn.LeakyReLU(0.2),
            ]
            inward = outward
        self.layers = nn.Sequential(*blocks, nn.ConvTranspose2d(inward, pens, 4, 2, 1))
        self.pens, self.side = pens, side
        self.cut = (first * 2**doublings - side) // 2

    @torch.no_grad()
    def start(self, messages: Tensor, generator: torch.Generator) -> None:
        """Random weights that keep the spread of `messages [B, D]`, and little ink at first."""
        for layer in self.layers:
            if isinstance(layer, nn.ConvTranspose2d):
                layer.weight.normal_(0, (2 / (4 * layer.in_channels)) ** 0.5, generator=generator)
                if layer.bias is not None:
                    layer.bias.fill_(-2.0)
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = 1.0  # its statistics are those of these messages
        training = self.training
        self.train()(messages)
        self.train(training)
        for layer in self.layers:
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = 0.1

    def forward(self, messages: Tensor) -> Tensor:
        made = torch.sigmoid(self.layers(messages[:, :, None, None]))
        return made[..., self.cut : self.cut + self.side, self.cut : self.cut + self.side]


class Rasters(Generated):
    """A sheet of glyphs made of pixels; shape m K + k is what pen k does of glyph m.

    Args:
        messages, columns: see `Generated`.
        pens: K.
        side: of a generated picture, px.
    """

    generator: RasterGenerator

    def __init__(self, messages: Tensor, columns: int, pens: int, side: int = 64) -> None:
        super().__init__(messages, columns, RasterGenerator(messages.shape[1], pens, side))
        self.eval()

    @property
    def shapes(self) -> int:
        return self.generator.pens

    def given(self) -> dict[str, Any]:
        return {"pens": self.shapes, "side": self.generator.side}

    def seen(self, view: View) -> Coverages:
        return _SheetOfPlanes(self, view)

    def alone(self, messages: Tensor, view: View) -> Coverages:
        return _Planes(self.kind, view, self.generator(messages))

    def planes(self, view: View) -> _Planes:
        """What each pen covers of the whole sheet, whose glyphs are all in the same pens."""
        return _Planes(self.kind, view, self.sheet.lay(self.generator(self.messages))[0])

    def coverage(self, xy: Tensor) -> Tensor:
        """Bilinear between pixels: `xy [P, 2]` unit -> `[M K, P]` in 0..1; 0 outside a shape's own cell."""
        planes = self.generator(self.messages)
        own = (xy[None] - self.corners[:, None]) / self.sheet.cell  # [M, P, 2] in 0..1 of each cell
        found = F.grid_sample(planes, 2 * own[:, None] - 1, padding_mode="border", align_corners=False)[:, :, 0]
        inside = ((own >= 0) & (own < 1)).all(-1)
        covered: Tensor = (found * inside[:, None]).flatten(0, 1)
        return covered

    def marks(self) -> list[list[Path]]:
        return [[] for _ in range(len(self))]

    def fills(self) -> list[Polygon | MultiPolygon]:
        """Where the coverage of each shape is above 1/2."""
        return [shapely.build_area(MultiLineString(rings)) for rings in self.rims()]

    @torch.no_grad()
    def rims(self) -> list[list[NDArray[np.float64]]]:
        """The outlines of each shape where coverage passes 1/2, unit."""
        planes = self.generator(self.messages).flatten(0, 1).cpu().double().numpy()
        corners = self.corners.cpu().repeat_interleave(self.shapes, 0).double().numpy()
        found = []
        for plane, corner in zip(planes, corners, strict=True):
            rings = find_contours(np.pad(plane, 1), 0.5)  # type: ignore[no-untyped-call]  # pixel centres, one further in by the border
            placed = [(ring[:, ::-1] - 0.5) / self.generator.side for ring in rings]
            found.append([np.clip(ring, 0, 1) * self.sheet.cell + corner for ring in placed])
        return found

    def paths(self) -> list[Path]:
        return [polyline(ring) for outlines in self.rims() for ring in outlines]

    def subset(self, keep: Tensor) -> Self:
        raise ValueError("single pens of raster glyphs cannot be taken out: one generator makes all of them")

    def set_width(self, width: Tensor) -> None:
        """Nothing to set: pixels are as wide as they are."""

    @torch.no_grad()
    def area(self) -> Tensor:
        shares: Tensor = self.generator(self.messages).mean((2, 3)).flatten()
        return shares * self.sheet.cell**2

    def deal_pens(self, pens: int, generator: torch.Generator) -> Tensor:
        return torch.arange(self.shapes).repeat(len(self.messages))


class _Planes(Coverages):
    """Pictures `[*, K, h, w]`, a plane for each of K shapes, brought to the size of the view."""

    def __init__(self, kind: str, view: View, pictures: Tensor) -> None:
        super().__init__(kind, view)
        batch = pictures if pictures.ndim == 4 else pictures[None]
        covered = F.interpolate(batch, view.size, mode="bilinear", antialias=True)
        self.covered = view.picked(covered.reshape(*pictures.shape[:-2], *view.size))

    def passed(self, weight: Tensor) -> Tensor:
        channels = [(1 - w[:, None, None] * self.covered).prod(-3) for w in weight.to(self.covered).T]
        return torch.stack(channels, dim=-3)

    def united(self, pen: Tensor, pens: int, presence: Tensor | None = None) -> Tensor:
        if presence is None and torch.equal(pen.cpu(), torch.arange(pens)):  # a pen of its own for each plane
            return 1 - self.covered
        return super().united(pen, pens, presence)


class _SheetOfPlanes(Dense):
    """A sheet in the pens of its planes; every other ink is told by the coverage of the sheet's single shapes."""

    def __init__(self, rasters: Rasters, view: View) -> None:
        super().__init__(rasters.kind, view, rasters.coverage, len(rasters), rasters.messages)
        self.rasters = rasters

    def united(self, pen: Tensor, pens: int, presence: Tensor | None = None) -> Tensor:
        own = pen[: self.rasters.shapes]
        if presence is None and torch.equal(pen, own.repeat(len(self.rasters.messages))):
            return self.rasters.planes(self.view).united(own, pens)
        return super().united(pen, pens, presence)


@primitives.register("rasters")
class RastersSpec(GeneratedSpec):
    """An alphabet of pictures of pixels on a sheet, a plane for each pen of the set."""

    makes = Rasters

    side: int = Field(64, ge=8, le=512, description="side of a generated picture, px, whatever a cell of `size` has")

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Rasters:
        alphabet = self.alphabet()
        made = Rasters(alphabet.shown, self.columns, start["pens"], self.side)
        made.generator.start(alphabet.messages.draw(256, generator), generator)
        return made
