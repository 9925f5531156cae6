"""Glyphs: what a generator makes of messages, one in each cell of a sheet.

`StrokeGenerator` makes pen strokes, so the sheet is a drawing like any other and `Glyphs` are `Strokes` whose control
points are the generator's. `RasterGenerator` makes pixels, the article's way; a pen draws their outlines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.core.canvas import Canvas
from plotart.drawing.primitives.base import primitives
from plotart.drawing.primitives.strokes import StrokeCoverages, Strokes
from plotart.drawing.render.view import Coverages, View
from plotart.glyphs.sheet import Generated, GeneratedSpec, Generator

__all__ = ["Glyphs", "GlyphsSpec", "StrokeGenerator"]

Settings = tuple[int, int, int, int, float, bool]

SLOPE = 0.25
"""Of the sigmoid at 0."""


class StrokeGenerator(Generator):
    """An MLP from a message to N smooth strokes of S cubic segments.

    It makes the two ends and the 2S handles of each stroke; joints lie in the middle between the handles beside them,
    so that strokes have no corners. All of them lie at least `pad` inside the cell, and so, by the convex hull
    property, does every point of every stroke.
    """

    def __init__(self, length: int, strokes: int, segments: int, hidden: int, pad: float, apart: bool) -> None:
        super().__init__()
        self.strokes, self.segments, self.pad, self.apart = strokes, segments, pad, apart
        self.layers = nn.Sequential(
            nn.Linear(length, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, strokes * (2 * segments + 2) * 2),
        )

    @torch.no_grad()
    def start(self, messages: Tensor, generator: torch.Generator) -> None:
        """Random weights such that the glyphs of `messages [B, D]` fill their cells and differ.

        With `apart` each stroke stays about a home of its own, a short line in its square of a grid: strokes that do
        not hide each other can be read before anything is learned.
        """
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                layer.weight.normal_(generator=generator)
                layer.bias.zero_()
                messages = messages @ layer.weight.T
                layer.weight.div_(messages.std())
                messages = messages / messages.std()
            else:
                messages = layer(messages)
        if self.apart:
            self._settle(generator)

    def _settle(self, generator: torch.Generator) -> None:
        """Give every stroke its home, and messages that move its points about by half a square."""
        columns = math.ceil(math.sqrt(self.strokes))
        rows = -(-self.strokes // columns)
        stroke, square = torch.arange(self.strokes), 1 / columns
        middle = torch.stack([(stroke % columns + 0.5) / columns, (stroke // columns + 0.5) / rows], dim=1)
        angle = math.pi * torch.rand(self.strokes, generator=generator)
        along = 0.8 * square * torch.linspace(-0.5, 0.5, 2 * self.segments + 2)
        home = middle[:, None] + along[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)[:, None]
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        last.weight.mul_(0.5 * square / SLOPE)
        last.bias.copy_(torch.logit(home.clamp(0.03, 0.97)).flatten())

    def forward(self, messages: Tensor) -> Tensor:
        """`[B, D]` -> control points `[B, N, 1+3S, 2]` in 0..1 of the cell."""
        drawn = torch.sigmoid(self.layers(messages)).view(len(messages), self.strokes, 2 * self.segments + 2, 2)
        drawn = self.pad + (1 - 2 * self.pad) * drawn
        handles = drawn[:, :, 1:-1]
        parts = [drawn[:, :, :1]]
        for s in range(self.segments):
            parts.append(handles[:, :, 2 * s : 2 * s + 2])
            last = s == self.segments - 1
            parts.append(drawn[:, :, -1:] if last else handles[:, :, 2 * s + 1 : 2 * s + 3].mean(2, keepdim=True))
        return torch.cat(parts, dim=2)


class Glyphs(Generated, Strokes):
    """The strokes of a sheet of glyphs, made by a generator of the sheet's messages.

    Stroke j of every glyph is made by the same output of the generator, and drawn by the same pen.

    Args:
        messages, columns: see `Generated`.
        settings: those of `StrokeGenerator`, in its order.
        cell_width: full width of the N strokes of a glyph, `[N]` in sides of the cell.
    """

    rates: ClassVar[Mapping[str, float]] = {}
    generator: StrokeGenerator
    cell_width: Tensor

    def __init__(self, messages: Tensor, columns: int, settings: Settings, cell_width: Tensor) -> None:
        Generated.__init__(self, messages, columns, StrokeGenerator(*settings))
        self.settings = settings
        self.register_buffer("cell_width", cell_width.detach().clone())

    @property
    def shapes(self) -> int:
        return self.generator.strokes

    def given(self) -> dict[str, Any]:
        return {"settings": self.settings, "cell_width": self.cell_width.clone()}

    @property
    def points(self) -> Tensor:  # type: ignore[override]
        """Control points of the whole sheet, `[M N, 1+3S, 2]` unit of the canvas."""
        placed: Tensor = self.generator(self.messages) * self.sheet.cell + self.corners[:, None, None]
        return placed.flatten(0, 1)

    @property
    def width(self) -> Tensor:  # type: ignore[override]
        """Of every stroke, `[M N]` unit of the canvas."""
        return (self.cell_width * self.sheet.cell).repeat(len(self.messages))

    def alone(self, messages: Tensor, view: View) -> Coverages:
        return StrokeCoverages(self.generator(messages), self.cell_width, view, self.kind)

    def subset(self, keep: Tensor) -> Strokes:  # type: ignore[override]
        """Some strokes of the sheet, which belong to no generator any more."""
        return Strokes(self.points.detach()[keep], self.width[keep])

    def set_width(self, width: Tensor) -> None:
        self.cell_width.copy_(width[: self.shapes] / self.sheet.cell)

    def deal_pens(self, pens: int, generator: torch.Generator) -> Tensor:
        return (torch.arange(self.shapes) % pens).repeat(len(self.messages))


@primitives.register("glyphs")
class GlyphsSpec(GeneratedSpec):
    """An alphabet of strokes on a sheet, a cell for each of the first `glyphs` messages."""

    makes = Glyphs

    @property
    def gives(self) -> frozenset[str]:
        return super().gives | {"curves"}

    count: int = Field(3, ge=1, le=64, description="strokes of a glyph")
    segments: int = Field(2, ge=1, le=8, description="cubic segments of a stroke")
    apart: bool = Field(False, description="start each stroke in a square of its own, not anywhere in the cell")
    hidden: int = Field(128, ge=4, le=4096, description="width of the generator's two hidden layers")
    pad: float = Field(0.1, ge=0, lt=0.5, description="empty border of a cell, share of its side")

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Glyphs:
        alphabet = self.alphabet()
        settings = (alphabet.messages.length, self.count, self.segments, self.hidden, self.pad, self.apart)
        across = torch.full((self.count,), width / alphabet.sheet.cell)
        made = Glyphs(alphabet.shown, self.columns, settings, across)
        made.generator.start(alphabet.messages.draw(256, generator), generator)
        return made
