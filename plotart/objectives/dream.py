"""Likeness to a dream: what the network asked for in tones, before strokes were laid for it."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plotart.core.errors import InputError
from plotart.objectives.balance import GradientBalance
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives
from plotart.objectives.pixels import Pixels
from plotart.objectives.structure import Structure

__all__ = ["Dreamed", "DreamedSpec"]


class Dreamed(Objective):
    """Difference to the dream in CIE Lab as seen from `distance_mm`, and `details` times that of its details.

    The dream is seen by `remember`; until then this objective asks for nothing.

    Args:
        size: (H, W) px of the image. px_per_mm: of it on paper. distance_mm: from which strokes melt into tones.
        details: weight of `Structure`, from a quarter of that distance.
    """

    of_strokes = True
    target: Tensor
    known: Tensor

    def __init__(
        self, size: tuple[int, int], px_per_mm: float, distance_mm: float, details: float, balance: GradientBalance
    ) -> None:
        super().__init__()
        self.px_per_mm, self.distance_mm, self.details, self.balance = px_per_mm, distance_mm, details, balance
        self.register_buffer("target", torch.ones(1, 3, *size))
        self.register_buffer("known", torch.zeros((), dtype=torch.bool))
        self._parts: tuple[Pixels, Structure] | None = None

    def remember(self, image: Tensor) -> None:
        """`image [1, 3, H, W]` sRGB is what was dreamed."""
        self.target.copy_(image.detach())
        self.known.fill_(True)
        self._parts = None

    def forward(self, frame: Frame) -> Tensor:
        if not bool(self.known):
            return frame.image.sum() * 0
        if self._parts is None:
            pixels = Pixels(self.target, "lab", (self.distance_mm,), self.px_per_mm)
            self._parts = pixels, Structure(self.target, self.px_per_mm, self.distance_mm / 4)
        pixels, structure = self._parts
        total: Tensor = pixels(frame) + self.details * structure(frame)
        return total


@objectives.register("dream")
class DreamedSpec(ObjectiveSpec):
    """How closely the strokes keep to the dream that they were laid for.

    `strength` R: its gradient at the drawing starts R times as long as that of everything else, then the weight stays.
    """

    makes = Dreamed
    while_at_work: ClassVar[tuple[str, ...]] = ("weight", "strength")

    strength: float = Field(0.5, gt=0, description="pull of the dream relative to the network's")
    distance: float = Field(2000.0, gt=0, le=1e6, description="from the eye to the paper, mm")
    details: float = Field(0.0025, ge=0, description="weight of the dream's details beside its tones")
    balance_steps: int = Field(default=20, ge=1, description="steps over which the gradients are compared")

    def build(self, context: ObjectiveContext) -> Dreamed:
        if context.canvas is None:
            raise InputError("objectives.dream: it needs a canvas")
        px_per_mm = min(context.size) / context.canvas.mm_per_unit
        balance = GradientBalance(self.strength, steps=self.balance_steps)
        return Dreamed(context.size, px_per_mm, self.distance, self.details, balance)
