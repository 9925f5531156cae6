"""Likeness to a picture, as the eye sees it from given distances."""

from __future__ import annotations

import math
from typing import Literal

import torch
from kornia.filters import gaussian_blur2d
from pydantic import Field
from torch import Tensor

from plotart.color import to_linear
from plotart.errors import InputError
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Pixels", "PixelsSpec", "eye_blur_mm"]


SHARP = 0.3
"""Blurs below this many px do nothing."""


def eye_blur_mm(distance_mm: float) -> float:
    """Standard deviation on the paper, in mm, of a Gaussian of one arc minute at that viewing distance."""
    return distance_mm * math.tan(math.radians(1 / 60))


@objectives.register("pixels")
class PixelsSpec(ObjectiveSpec):
    """Mean squared difference to `image`.

    `space: linear` compares amounts of light, which is what the eye averages over strokes it cannot resolve; `srgb`
    compares the values of the file, which is the published loss. Each of `distances` (mm) blurs both pictures as the
    eye does from there; 0 compares them sharp. The loss is the mean over the distances.

    `weights` is a picture of what matters, light where much does: its luminous means, scaled to a mean of 1 over the
    picture, multiply the squared differences.
    """

    image: str
    space: Literal["linear", "srgb"] = "srgb"
    distances: tuple[float, ...] = Field(default=(0.0,), min_length=1)
    weights: str | None = Field(None, description="file of a picture that is light where the drawing must be right")

    def build(self, context: ObjectiveContext) -> Pixels:
        if context.target is None:
            raise ValueError("the pixels objective needs a target picture")
        px_per_mm = min(context.size) / context.canvas.mm_per_unit
        blurs = tuple(eye_blur_mm(distance) * px_per_mm for distance in self.distances)
        return Pixels(context.target, self.space, blurs, self._weights(context))

    def _weights(self, context: ObjectiveContext) -> Tensor | None:
        if self.weights is None:
            return None
        light = context.picture(self.weights, "objectives.pixels.weights").mean(dim=1, keepdim=True)
        if not float(light.mean()) > 1 / 255:
            raise InputError(f"weights: '{self.weights}' is black all over; make light what matters")
        return light / light.mean()


class Pixels(Objective):
    """Args: target `[1, 3, H, W]` sRGB; blurs: standard deviations, px; weights `[1, 1, H, W]` of mean 1."""

    name = "pixels"
    target: Tensor
    weights: Tensor | None

    def __init__(self, target: Tensor, space: str, blurs: tuple[float, ...], weights: Tensor | None = None) -> None:
        super().__init__()
        self.space = space
        self.blurs = blurs
        self.register_buffer("target", target, persistent=False)
        self.register_buffer("weights", weights, persistent=False)
        self._seen = [self._look(self._values(target), blur) for blur in blurs]

    @property
    def needs_whole_image(self) -> bool:
        return any(blur >= SHARP for blur in self.blurs)

    def forward(self, frame: Frame) -> Tensor:
        values = self._values(frame.image)
        terms = []
        for blur, seen in zip(self.blurs, self._seen, strict=True):
            missed = (self._look(values, blur) - self._part(seen, frame).to(values)).square()
            terms.append((missed if self.weights is None else missed * self._part(self.weights, frame)).mean())
        return torch.stack(terms).mean()

    @staticmethod
    def _part(picture: Tensor, frame: Frame) -> Tensor:
        """`[1, C, H, W]`, or of it the frame's pixels as `[1, C, 1, P]`."""
        return picture if frame.pixels is None else picture.flatten(2)[:, :, None, frame.pixels]

    def _values(self, image: Tensor) -> Tensor:
        return to_linear(image) if self.space == "linear" else image

    @staticmethod
    def _look(values: Tensor, blur: float) -> Tensor:
        if blur < SHARP:  # a Gaussian this narrow weighs its centre pixel with over 99 %
            return values
        radius = min(max(1, math.ceil(3 * blur)), min(values.shape[-2:]) - 1)
        blurred: Tensor = gaussian_blur2d(
            values, (2 * radius + 1, 2 * radius + 1), (blur, blur), border_type="replicate"
        )
        return blurred
