"""Likeness to a picture, as the eye sees it from given distances."""

from __future__ import annotations

import math
from typing import Literal

import torch
from kornia.filters import gaussian_blur2d
from pydantic import Field
from torch import Tensor

from plotart.color import to_linear
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Pixels", "PixelsSpec", "eye_blur_mm"]


def eye_blur_mm(distance_mm: float) -> float:
    """Standard deviation on the paper, in mm, of a Gaussian of one arc minute at that viewing distance."""
    return distance_mm * math.tan(math.radians(1 / 60))


@objectives.register("pixels")
class PixelsSpec(ObjectiveSpec):
    """Mean squared difference to `image`.

    `space: linear` compares amounts of light, which is what the eye averages over strokes it cannot resolve; `srgb`
    compares the values of the file, which is the published loss. Each of `distances` (mm) blurs both pictures as the
    eye does from there; 0 compares them sharp. The loss is the mean over the distances.
    """

    image: str
    space: Literal["linear", "srgb"] = "srgb"
    distances: tuple[float, ...] = Field(default=(0.0,), min_length=1)

    def build(self, context: ObjectiveContext) -> Pixels:
        if context.target is None:
            raise ValueError("the pixels objective needs a target picture")
        px_per_mm = min(context.size) / context.canvas.mm_per_unit
        blurs = tuple(eye_blur_mm(distance) * px_per_mm for distance in self.distances)
        return Pixels(context.target, self.space, blurs)


class Pixels(Objective):
    """Args: target `[1, 3, H, W]` sRGB; blurs: standard deviations in px, 0 for none."""

    name = "pixels"
    target: Tensor

    def __init__(self, target: Tensor, space: str, blurs: tuple[float, ...]) -> None:
        super().__init__()
        self.space = space
        self.blurs = blurs
        self.register_buffer("target", target, persistent=False)
        self._seen: list[Tensor] = []

    def forward(self, frame: Frame) -> Tensor:
        """`[]`; of a window of the canvas the difference is blurred as if it went on beyond the edges."""
        values = self._values(frame.image)
        if frame.window is not None:
            off = values - self._values(frame.window.of(self.target)).to(values)
            return torch.stack([self._look(off, blur).square().mean() for blur in self.blurs]).mean()
        if not self._seen:
            self._seen = [self._look(self._values(self.target), blur) for blur in self.blurs]
        terms = [
            (self._look(values, blur) - seen.to(values)).square().mean()
            for blur, seen in zip(self.blurs, self._seen, strict=True)
        ]
        return torch.stack(terms).mean()

    def _values(self, image: Tensor) -> Tensor:
        return to_linear(image) if self.space == "linear" else image

    @staticmethod
    def _look(values: Tensor, blur: float) -> Tensor:
        if blur < 0.3:  # a Gaussian this narrow weighs its centre pixel with over 99 %
            return values
        radius = min(max(1, math.ceil(3 * blur)), min(values.shape[-2:]) - 1)
        blurred: Tensor = gaussian_blur2d(
            values, (2 * radius + 1, 2 * radius + 1), (blur, blur), border_type="replicate"
        )
        return blurred
