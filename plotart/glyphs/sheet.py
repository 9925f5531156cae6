"""Sheets of glyphs: which messages they show, where, and what all that a generator makes of messages have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.drawing.primitives.base import Primitive, PrimitiveSpec
from plotart.drawing.render.view import Coverages, View
from plotart.glyphs.messages import Messages, MessageSpec

TOGETHER = (
    "stages: the primitive 'glyphs' (or 'rasters'), the objective 'message' and the stage 'train' go together; "
    "start from the config 'glyphs'"
)

__all__ = ["TOGETHER", "Alphabet", "Generated", "GeneratedSpec", "Generator", "Sheet"]


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


class Generator(nn.Module, ABC):
    """Messages `[B, D]` to glyphs in 0..1 of their cells."""

    @abstractmethod
    def start(self, messages: Tensor, generator: torch.Generator) -> None:
        """Random weights, such that the glyphs of `messages [B, D]` differ."""


class Generated(Primitive):
    """A sheet of glyphs that a generator makes of messages; shape m K + k is the k-th of the K of glyph m.

    Args:
        messages: `[M, D]`, one a cell, in reading order.
        columns: glyphs side by side.
        generator: of messages of D numbers.
    """

    per_shape: ClassVar[tuple[str, ...]] = ()
    generator: Generator
    messages: Tensor
    corners: Tensor

    def __init__(self, messages: Tensor, columns: int, generator: Generator) -> None:
        Primitive.__init__(self)
        self.sheet = Sheet(len(messages), columns)
        self.generator = generator
        self.register_buffer("messages", messages.detach().clone())
        self.register_buffer("corners", self.sheet.corners())

    def __len__(self) -> int:
        return len(self.messages) * self.shapes

    @property
    @abstractmethod
    def shapes(self) -> int:
        """Shapes of one glyph."""

    @abstractmethod
    def alone(self, messages: Tensor, view: View) -> Coverages:
        """What the K shapes of the glyph of each of `messages [B, D]` cover of a picture of its own, the view."""

    @abstractmethod
    def given(self) -> dict[str, Any]:
        """What else the class is called with, by name."""

    def showing(self, messages: Tensor, columns: int) -> Self:
        """A sheet of other messages `[K, D]` by the same generator."""
        other = type(self)(messages, columns, **self.given())
        other.generator.load_state_dict(self.generator.state_dict())
        return other

    def pack(self) -> dict[str, Any]:
        weights = {name: value.clone() for name, value in self.generator.state_dict().items()}
        return {"messages": self.messages.clone(), "columns": self.sheet.columns, **self.given(), "generator": weights}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Self:
        made = cls(**{name: value for name, value in state.items() if name != "generator"})
        made.generator.load_state_dict(state["generator"])
        return made.to(state["messages"].device)


class GeneratedSpec(PrimitiveSpec):
    """An alphabet on a sheet, a cell for each of the first `glyphs` messages."""

    label_order: ClassVar[int] = 30

    messages: MessageSpec = MessageSpec()
    glyphs: int = Field(64, ge=2, le=4096, description="cells of the sheet; all messages when there are fewer")
    columns: int = Field(8, ge=1, le=256, description="glyphs side by side")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"training", "reading"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"message"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return TOGETHER if need in self.needs else super().lacks(need, at, config)

    def check(self, config: Whole, at: str) -> None:
        for name, objective in config.objectives.items():
            if {"network", "picture"} & (objective.needs | objective.gives):
                raise InputError(f"objectives.{name}: glyphs are drawn to be read; leave '{name}' to other primitives")
        if config.pens.palette != "fixed":
            raise InputError(f"pens.palette: glyphs are drawn with a fixed palette, not '{config.pens.palette}'")
        self.sheet().pixels(config.size)

    def label(self, config: Whole) -> Sequence[str]:
        return (f"glyphs_{self.messages.kind}-{self.messages.size}",)

    def aspect(self) -> float:
        sheet = self.sheet()
        return sheet.columns / sheet.rows

    def sheet(self) -> Sheet:
        """Where the glyphs will lie."""
        return self.alphabet().sheet

    def wander(self, drawing: Any, renderer: Any, size: int) -> Iterator[Tensor]:
        from plotart.glyphs.alphabet import wandering  # noqa: PLC0415  # which knows sheets

        return wandering(drawing, renderer, size)

    def alphabet(self) -> Alphabet:
        """What the sheet will show; reads the file of words, if there is one."""
        messages = self.messages.build()
        shown = messages.first(self.glyphs)
        return Alphabet(messages, shown, Sheet(len(shown), self.columns))
