"""Glyphs: what a generator makes of messages, one in each cell of a sheet.

`StrokeGenerator` makes pen strokes, so the sheet is a drawing like any other and `Glyphs` are `Strokes` whose control
points are the generator's. `RasterGenerator` makes pixels, the article's way; a pen draws their outlines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.canvas import Canvas
from plotart.errors import InputError
from plotart.messages import Messages, MessageSpec
from plotart.primitives.base import Primitive, PrimitiveSpec, packed, primitives
from plotart.primitives.strokes import Strokes

__all__ = ["Alphabet", "Glyphs", "GlyphsSpec", "Sheet", "StrokeGenerator"]

SLOPE = 0.25
"""Of the sigmoid at 0."""


class Sheet:
    """Where glyphs lie: `columns` square cells a row, on a canvas whose short side is 1.

    Glyphs have coordinates of their own, 0..1 in their cell.
    """

    def __init__(self, count: int, columns: int) -> None:
        self.count = count
        self.columns = min(columns, count)
        self.rows = -(-count // self.columns)
        self.cell = 1 / min(self.columns, self.rows)

    def corners(self) -> Tensor:
        """The top left corner of each cell, `[count, 2]` unit."""
        number = torch.arange(self.count)
        return torch.stack([number % self.columns, number // self.columns], dim=1) * self.cell

    def pixels(self, size: int) -> int:
        """Side of a cell in px when the sheet's short side has `size`; InputError unless it is a whole number."""
        across = min(self.columns, self.rows)
        if size % across:
            near = max(across, round(size / across) * across)
            raise InputError(
                f"size: {across} glyphs side by side need a multiple of {across} px, such as {near}, not {size}"
            )
        return size // across

    def cut(self, image: Tensor) -> Tensor:
        """A picture of the sheet, `[1, C, H, W]`, cut into its cells: `[count, C, h, h]`."""
        channels, height, width = image.shape[1:]
        h, w = height // self.rows, width // self.columns
        cells = image[0, :, : h * self.rows, : w * self.columns].reshape(channels, self.rows, h, self.columns, w)
        return cells.permute(1, 3, 0, 2, 4).reshape(-1, channels, h, w)[: self.count]

    def lay(self, cells: Tensor) -> Tensor:
        """The inverse of `cut`: `[count, C, h, h]` -> `[1, C, rows h, columns h]`; empty cells are paper."""
        blank = cells[-1:, :, :1, :1].expand(self.rows * self.columns - self.count, -1, *cells.shape[2:])
        whole = torch.cat([cells, blank]).reshape(self.rows, self.columns, *cells.shape[1:])
        return whole.permute(2, 0, 3, 1, 4).reshape(1, cells.shape[1], self.rows * cells.shape[2], -1)


@dataclass(frozen=True)
class Alphabet:
    """What a sheet shows: some of all `messages`, `shown [M, D]`, in the cells of `sheet`."""

    messages: Messages
    shown: Tensor
    sheet: Sheet


class StrokeGenerator(nn.Module):
    """An MLP from a message to N smooth strokes of S cubic segments.

    It makes the two ends and the 2S handles of each stroke; joints lie in the middle between the handles beside them,
    so that strokes have no corners. All of them lie at least `pad` inside the cell, and so, by the convex hull
    property, does every point of every stroke.
    """

    def __init__(self, length: int, strokes: int, segments: int, hidden: int, pad: float) -> None:
        super().__init__()
        self.strokes, self.segments, self.pad = strokes, segments, pad
        self.layers = nn.Sequential(
            nn.Linear(length, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, strokes * (2 * segments + 2) * 2),
        )

    @torch.no_grad()
    def start(self, messages: Tensor, generator: torch.Generator, apart: bool = False) -> None:
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
        if apart:
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


@packed.register("glyphs")
class Glyphs(Strokes):
    """The strokes of a sheet of glyphs, made by a generator of the sheet's messages.

    Stroke j of every glyph is made by the same output of the generator, and drawn by the same pen.

    Args:
        generator: messages to strokes.
        messages: `[M, D]`, one a cell, in reading order.
        sheet: M cells.
        width: of every stroke, `[M N]` unit of the canvas.
        settings: those of `StrokeGenerator`, in its order.
    """

    kind = "glyphs"
    messages: Tensor
    corners: Tensor

    def __init__(
        self, settings: tuple[int, int, int, int, float], messages: Tensor, columns: int, width: Tensor
    ) -> None:
        Primitive.__init__(self)
        self.settings = settings
        self.sheet = Sheet(len(messages), columns)
        self.generator = StrokeGenerator(*settings)
        self.register_buffer("messages", messages.detach().clone())
        self.register_buffer("corners", self.sheet.corners())
        self.register_buffer("width", width.detach().clone())

    def __len__(self) -> int:
        return len(self.messages) * self.shapes

    @property
    def shapes(self) -> int:
        """Strokes of one glyph."""
        return self.generator.strokes

    @property
    def points(self) -> Tensor:  # type: ignore[override]
        """Control points of the whole sheet, `[M N, 1+3S, 2]` unit of the canvas."""
        placed: Tensor = self.generator(self.messages) * self.sheet.cell + self.corners[:, None, None]
        return placed.flatten(0, 1)

    @property
    def cell_width(self) -> Tensor:
        """Width of the strokes of one glyph, `[N]` in sides of its cell."""
        share: Tensor = self.width[: self.shapes] / self.sheet.cell
        return share

    def deal_pens(self, pens: int, generator: torch.Generator) -> Tensor:
        return (torch.arange(self.shapes) % pens).repeat(len(self.messages))

    def showing(self, messages: Tensor, columns: int) -> Glyphs:
        """A sheet of other messages `[K, D]` by the same generator; strokes keep their width as a share of the cell."""
        sheet = Sheet(len(messages), columns)
        width = (self.cell_width * sheet.cell).repeat(len(messages))
        other = Glyphs(self.settings, messages, columns, width)
        other.generator.load_state_dict(self.generator.state_dict())
        return other

    def pack(self) -> dict[str, Any]:
        return {
            "settings": list(self.settings),
            "columns": self.sheet.columns,
            "messages": self.messages.clone(),
            "width": self.width.clone(),
            "generator": {name: value.clone() for name, value in self.generator.state_dict().items()},
        }

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Glyphs:
        made = cls(tuple(state["settings"]), state["messages"], state["columns"], state["width"])
        made.generator.load_state_dict(state["generator"])
        return made.to(state["messages"].device)


@primitives.register("glyphs")
class GlyphsSpec(PrimitiveSpec):
    """An alphabet on a sheet, a cell for each of the first `glyphs` messages."""

    messages: MessageSpec = MessageSpec()
    glyphs: int = Field(64, ge=2, le=4096, description="cells of the sheet; all messages when there are fewer")
    columns: int = Field(8, ge=1, le=256, description="glyphs side by side")
    count: int = Field(3, ge=1, le=64, description="strokes of a glyph")
    segments: int = Field(2, ge=1, le=8, description="cubic segments of a stroke")
    apart: bool = Field(False, description="start each stroke in a square of its own, not anywhere in the cell")
    hidden: int = Field(128, ge=4, le=4096, description="width of the generator's two hidden layers")
    pad: float = Field(0.1, ge=0, lt=0.5, description="empty border of a cell, share of its side")

    def alphabet(self) -> Alphabet:
        """What the sheet will show; reads the file of words, if there is one."""
        messages = self.messages.build()
        shown = messages.first(self.glyphs)
        return Alphabet(messages, shown, Sheet(len(shown), self.columns))

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Glyphs:
        alphabet = self.alphabet()
        settings = (alphabet.messages.length, self.count, self.segments, self.hidden, self.pad)
        made = Glyphs(settings, alphabet.shown, self.columns, torch.full((len(alphabet.shown) * self.count,), width))
        made.generator.start(alphabet.messages.draw(256, generator), generator, self.apart)
        return made
