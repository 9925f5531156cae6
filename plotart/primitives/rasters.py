"""Glyphs as pixels, the article's way: a stack of transposed convolutions from a message to a picture.

A glyph has one plane for each pen, whose pixels say how much of it the pen covers. The pen draws the outlines.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import Field
from skimage.measure import find_contours
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.canvas import Canvas
from plotart.geometry import Path, polyline
from plotart.messages import MessageSpec
from plotart.primitives.base import Primitive, PrimitiveSpec, packed, primitives
from plotart.primitives.glyphs import Alphabet, Sheet

__all__ = ["RasterGenerator", "Rasters", "RastersSpec"]

FILTERS = (128, 64, 32, 16)
SIDE = 64
"""Side of a generated picture, px: 4 after the first layer, doubled by each of the four that follow."""


class RasterGenerator(nn.Module):
    """Messages `[B, D]` -> coverage of K pens `[B, K, 64, 64]` in 0..1.

    Transposed convolutions (4x4; the first from 1 x 1 to 4 x 4, the others of stride 2), each with batch normalization
    and a LeakyReLU of 0.2, the last with a sigmoid.
    """

    def __init__(self, length: int, pens: int) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        inward = length
        for k, outward in enumerate(FILTERS):
            stride, padding = (1, 0) if k == 0 else (2, 1)
            blocks += [
                nn.ConvTranspose2d(inward, outward, 4, stride, padding, bias=False),
                nn.BatchNorm2d(outward),
                nn.LeakyReLU(0.2),
            ]
            inward = outward
        self.layers = nn.Sequential(*blocks, nn.ConvTranspose2d(inward, pens, 4, 2, 1))
        self.pens = pens

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
        return torch.sigmoid(self.layers(messages[:, :, None, None]))


@packed.register("rasters")
class Rasters(Primitive):
    """A sheet of glyphs made of pixels; shape m K + k is what pen k does of glyph m.

    Args:
        messages: `[M, D]`, one a cell, in reading order.
        columns: glyphs side by side.
        pens: K.
    """

    kind = "rasters"
    messages: Tensor

    def __init__(self, messages: Tensor, columns: int, pens: int) -> None:
        super().__init__()
        self.sheet = Sheet(len(messages), columns)
        self.generator = RasterGenerator(messages.shape[1], pens)
        self.register_buffer("messages", messages.detach().clone())
        self.eval()

    def __len__(self) -> int:
        return len(self.messages) * self.shapes

    @property
    def shapes(self) -> int:
        """Shapes of one glyph."""
        return self.generator.pens

    def planes(self, size: tuple[int, int]) -> Tensor:
        """What each pen covers of the whole sheet, `[K, H, W]` in 0..1."""
        whole = self.sheet.lay(self.generator(self.messages))
        return F.interpolate(whole, size, mode="bilinear", antialias=True)[0]

    def coverage(self, xy: Tensor) -> Tensor:
        """Bilinear between pixels: `xy [P, 2]` unit -> `[M K, P]` in 0..1; 0 outside a shape's own cell."""
        planes = self.generator(self.messages)
        own = (xy[None] - self.sheet.corners().to(xy)[:, None]) / self.sheet.cell  # [M, P, 2] in 0..1 of each cell
        found = F.grid_sample(planes, 2 * own[:, None] - 1, padding_mode="border", align_corners=False)[:, :, 0]
        inside = ((own >= 0) & (own < 1)).all(-1)
        covered: Tensor = (found * inside[:, None]).flatten(0, 1)
        return covered

    @torch.no_grad()
    def marks(self) -> list[list[Path]]:
        """The outlines of each shape where coverage passes 1/2, unit."""
        planes = self.generator(self.messages).flatten(0, 1).cpu().double().numpy()
        corners = self.sheet.corners().repeat_interleave(self.shapes, 0).double().numpy()
        found = []
        for plane, corner in zip(planes, corners, strict=True):
            rings = find_contours(np.pad(plane, 1), 0.5)  # type: ignore[no-untyped-call]  # pixel centres, one further in by the border
            placed = [(ring[:, ::-1] - 0.5) / SIDE for ring in rings]
            found.append([polyline(np.clip(ring, 0, 1) * self.sheet.cell + corner) for ring in placed])
        return found

    def paths(self) -> list[Path]:
        return [path for outlines in self.marks() for path in outlines]

    def subset(self, keep: Tensor) -> Primitive:
        raise ValueError("single pens of raster glyphs cannot be taken out: one generator makes all of them")

    def set_width(self, width: Tensor) -> None:
        """Nothing to set: pixels are as wide as they are."""

    @torch.no_grad()
    def area(self) -> Tensor:
        shares: Tensor = self.generator(self.messages).mean((2, 3)).flatten()
        return shares * self.sheet.cell**2

    def deal_pens(self, pens: int, generator: torch.Generator) -> Tensor:
        return torch.arange(self.shapes).repeat(len(self.messages))

    def showing(self, messages: Tensor, columns: int) -> Rasters:
        """A sheet of other messages `[K, D]` by the same generator."""
        other = Rasters(messages, columns, self.shapes)
        other.generator.load_state_dict(self.generator.state_dict())
        return other

    def pack(self) -> dict[str, Any]:
        return {
            "messages": self.messages.clone(),
            "columns": self.sheet.columns,
            "pens": self.shapes,
            "generator": {name: value.clone() for name, value in self.generator.state_dict().items()},
        }

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Rasters:
        made = cls(state["messages"], state["columns"], state["pens"])
        made.generator.load_state_dict(state["generator"])
        return made.to(state["messages"].device)


@primitives.register("rasters")
class RastersSpec(PrimitiveSpec):
    """An alphabet of pictures of 64 px on a sheet, a plane for each pen of the set."""

    messages: MessageSpec = MessageSpec()
    glyphs: int = Field(64, ge=2, le=4096, description="cells of the sheet; all messages when there are fewer")
    columns: int = Field(8, ge=1, le=256, description="glyphs side by side")

    def alphabet(self) -> Alphabet:
        messages = self.messages.build()
        shown = messages.first(self.glyphs)
        return Alphabet(messages, shown, Sheet(len(shown), self.columns))

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Rasters:
        alphabet = self.alphabet()
        made = Rasters(alphabet.shown, self.columns, start["pens"])
        made.generator.start(alphabet.messages.draw(256, generator), generator)
        return made
