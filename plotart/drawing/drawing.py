"""The thing that is optimized: shapes on a canvas, and their ink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from plotart.core.canvas import Canvas, Window
from plotart.core.errors import InputError
from plotart.drawing.ink import Ink, inks
from plotart.drawing.primitives.base import Primitive, Stroked, packed

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

    @property
    def strokes(self) -> Stroked:
        """The shapes as strokes with control points.

        Raises:
            InputError: they have none.
        """
        if (found := self.primitive.stroked) is None:
            raise InputError(f"primitive.kind: only strokes have control points, not {self.primitive.kind}")
        return found

    def constrain_(self) -> None:
        """Bring every parameter back into its range after a step of the optimizer."""
        self.primitive.constrain_()
        self.ink.constrain_()

    def subset(self, keep: Tensor) -> Drawing:
        """The shapes at the indices `keep [M]` (long), in that order."""
        return Drawing(self.canvas, self.primitive.subset(keep), self.ink.subset(keep))

    @classmethod
    def joined(cls, parts: Sequence[Drawing]) -> Drawing:
        """The shapes of several drawings as one on the canvas of the first, the later ones on top."""
        first = parts[0]
        primitive = type(first.primitive).joined([part.primitive for part in parts])
        return cls(first.canvas, primitive, type(first.ink).joined([part.ink for part in parts]))

    def window(self, window: Window, size: int, reach_px: float = 1.0) -> tuple[Drawing, Tensor, float]:
        """What is seen in a window of the drawing's image whose short side has `size` pixels.

        Rendered at the window's own size, it has the pixels that the whole has there.

        Returns:
            A drawing of its own, in the window's unit coordinates; the indices `[M]` of its shapes in this one; and
            how many of its units one unit of this one is, by which gradients of geometry come back. It holds at least
            one shape, be it out of sight, for renderers draw no empty scene.

        Raises:
            InputError: the shapes are drawn as a whole.
        """
        if not self.primitive.windowed:
            raise InputError(f"stages: crop shows parts of the drawing, and {self.primitive.kind} are drawn as a whole")
        corner = torch.tensor([window.left, window.top], dtype=torch.float32, device=self.device) / size
        extent = torch.tensor([window.width, window.height], dtype=torch.float32, device=self.device) / size
        keep = self.primitive.seen_in(corner, corner + extent, reach_px / size)
        if not len(keep):
            keep = torch.zeros(1, dtype=torch.long, device=self.device)
        scale = size / min(window.height, window.width)
        shapes = self.primitive.moved(keep, corner, scale)
        return Drawing(self.canvas.window(window, size), shapes, self.ink.subset(keep)), keep, scale

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
