"""What every primitive can do."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from shapely import MultiPolygon, Polygon
from torch import Tensor, nn

from plotart.core.canvas import Canvas
from plotart.core.geometry import Path
from plotart.core.registry import Registry

__all__ = ["Primitive", "PrimitiveSpec", "primitives"]


class Primitive(nn.Module):
    """A batch of N like shapes in unit coordinates (short side of the canvas = 1, y down)."""

    kind: str

    @abstractmethod
    def coverage(self, xy: Tensor) -> Tensor:
        """How much of a point each shape covers: `xy [P, 2]` unit -> `[N, P]` in 0..1, differentiable."""

    @abstractmethod
    def paths(self) -> list[Path]:
        """The same shapes as cubic paths in unit coordinates, detached; list order is z order."""

    def marks(self) -> list[list[Path]]:
        """What a pen draws for each shape, unit: its one path, unless a shape takes several or is filled."""
        return [[path] for path in self.paths()]

    def fills(self) -> list[Polygon | MultiPolygon]:
        """What a pen fills for each shape, unit: nothing, unless shapes are areas."""
        return []

    @abstractmethod
    def subset(self, keep: Tensor) -> Primitive:
        """The shapes at the indices `keep [M]` (long), as a new primitive with detached parameters."""

    @abstractmethod
    def set_width(self, width: Tensor) -> None:
        """Fix the pen width of each shape: `width [N]` unit."""

    def deal_pens(self, pens: int, generator: torch.Generator) -> Tensor:
        """The pen of each shape when all of a fixed palette are used from the first step: `[N]` long, at random."""
        return torch.randint(pens, (len(self),), generator=generator)

    @abstractmethod
    def area(self) -> Tensor:
        """Ink area of each shape, `[N]` square units, detached."""

    @abstractmethod
    def __len__(self) -> int: ...

    def constrain_(self) -> None:
        """Bring the parameters back into their ranges after a step of the optimizer."""

    @abstractmethod
    def pack(self) -> dict[str, Tensor]:
        """The tensors from which `unpack` makes the same primitive again."""

    @classmethod
    @abstractmethod
    def unpack(cls, state: dict[str, Tensor]) -> Primitive: ...


class PrimitiveSpec(BaseModel):
    """Numbers from which a primitive is built; frozen, part of the config."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Primitive:
        """A primitive on `canvas` whose pen is `width` unit wide, drawn from `generator`."""


primitives: Registry[PrimitiveSpec] = Registry("primitive", "plotart.drawing.primitives")
packed: Registry[Primitive] = Registry("primitive", "plotart.drawing.primitives")
