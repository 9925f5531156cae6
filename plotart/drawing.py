"""The thing that is optimized: shapes on a canvas, and their ink."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from plotart.canvas import Canvas
from plotart.ink import Ink, inks
from plotart.primitives.base import Primitive, packed

__all__ = ["Drawing"]


class Drawing(nn.Module):
    """Canvas + Primitive + Ink, and nothing else."""

    canvas: Canvas
    primitive: Primitive
    ink: Ink

    @property
    def device(self) -> torch.device:
        """Where the drawing's parameters live."""
        return next(self.parameters()).device

    def __init__(self, canvas: Canvas, primitive: Primitive, ink: Ink) -> None:
        super().__init__()
        self.canvas = canvas
        self.primitive = primitive
        self.ink = ink

    def __len__(self) -> int:
        return len(self.primitive)

    def constrain_(self) -> None:
        """Bring every parameter back into its range after a step of the optimizer."""
        self.primitive.constrain_()
        self.ink.constrain_()

    def subset(self, keep: Tensor) -> Drawing:
        """The shapes at the indices `keep [M]` (long), in that order."""
        return Drawing(self.canvas, self.primitive.subset(keep), self.ink.subset(keep))

    def pack(self) -> dict[str, Any]:
        """Tensors and plain values from which `unpack` makes the same drawing; safe for `torch.load(weights_only)`."""
        return {
            "primitive": self.primitive.kind,
            "shapes": self.primitive.pack(),
            "ink": self.ink.kind,
            "colours": self.ink.pack(),
        }

    @classmethod
    def unpack(cls, canvas: Canvas, state: dict[str, Any]) -> Drawing:
        return cls(
            canvas,
            packed[state["primitive"]].unpack(state["shapes"]),
            inks[state["ink"]].unpack(state["colours"]),
        )

    @torch.no_grad()
    def copy(self) -> Drawing:
        return Drawing.unpack(self.canvas, self.pack())
