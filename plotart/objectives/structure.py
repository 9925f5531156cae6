"""The details of a picture, whatever its tones: what tells an eye from a cheek when neither has its own grey."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import interpolate

from plotart.core.color import lightness, luminance, to_linear
from plotart.core.images import blur
from plotart.core.salience import stressed
from plotart.core.vision import eye_blur_mm
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Structure", "StructureSpec", "details"]

COARSE = 20.0
"""Arc minutes: what a Gaussian this wide leaves is tone, what it takes away is detail."""


def details(image: Tensor, px_per_mm: float, distance_mm: float) -> Tensor:
    """What the eye sees from a distance, less its coarse part: `[B, 3, H, W]` sRGB -> L* `[B, 1, H, W]` around 0.

    L* of the light after a Gaussian of one arc minute, minus the same after one of 20 arc minutes.
    """
    return _details(to_linear(image), px_per_mm, distance_mm)


def _details(light: Tensor, px_per_mm: float, distance_mm: float) -> Tensor:
    sigma = eye_blur_mm(distance_mm) * px_per_mm
    seen = lightness(blur(luminance(light)[:, None], sigma))
    return seen - blur(seen, COARSE * sigma)


class Structure(Objective):
    """Likeness in details.

    Args:
        target: `[1, 3, H, W]` sRGB. px_per_mm: its resolution on paper. distance_mm: from the eye to the paper.
        weights: `[1, 1, H, W]` of mean 1.
    """

    target: Tensor
    weights: Tensor | None

    def __init__(self, target: Tensor, px_per_mm: float, distance_mm: float, weights: Tensor | None = None) -> None:
        super().__init__()
        self.px_per_mm = px_per_mm
        self.distance_mm = distance_mm
        self.register_buffer("target", target, persistent=False)
        self.register_buffer("weights", weights, persistent=False)
        self._wanted: Tensor | None = None

    def at(self, size: tuple[int, int]) -> Structure:
        scale = size[0] / self.target.shape[-2]
        weights = None if self.weights is None else interpolate(self.weights, size, mode="area")
        target = interpolate(self.target, size, mode="area")
        return Structure(target, scale * self.px_per_mm, self.distance_mm, weights)

    def forward(self, frame: Frame) -> Tensor:
        """`[]`; of a window of the canvas the correlation is the window's own."""
        weights = self.weights
        if frame.window is not None:
            if weights is not None:
                weights = frame.window.of(weights)
                weights = weights / weights.mean()
            wanted = self._standard(to_linear(frame.window.of(self.target)), weights)
        else:
            if self._wanted is None:
                self._wanted = self._standard(to_linear(self.target), weights)
            wanted = self._wanted
        alike = self._standard(frame.light, weights) * wanted.to(frame.image)
        return 1 - (alike if weights is None else alike * weights).mean()

    def _standard(self, light: Tensor, weights: Tensor | None) -> Tensor:
        """Details of mean 0, mean square 1; next to 0 where L* varies by less than 1, which nobody sees."""
        values = _details(light, self.px_per_mm, self.distance_mm)
        share = torch.ones_like(values) if weights is None else weights
        centred = values - (share * values).mean()
        return centred / ((share * centred.square()).mean() + 1.0).sqrt()


@objectives.register("structure")
class StructureSpec(ObjectiveSpec):
    """1 - correlation of the drawing's details with those of the picture, as seen from `distance` mm.

    Pens have few tones, and up close each stroke is darker and the paper brighter than the picture. A correlation asks
    for the right edges at the right places and not for tones that no pen has; `pixels` looks after those from afar. The
    picture is that of `pixels`. Beside differences of light in Lab from two metres a weight of a few thousandths is
    felt in the details and costs no colour.
    """

    makes = Structure

    weight: float = Field(default=0.004, ge=0.0, description="share of this objective in the total")
    distance: float = Field(500.0, gt=0, le=1e6, description="from the eye to the paper, mm")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"picture"})

    def seen_from(self, distance_mm: float, melting_mm: float) -> StructureSpec:
        return self.model_copy(update={"distance": distance_mm})

    def build(self, context: ObjectiveContext) -> Structure:
        if context.target is None:
            raise ValueError("the structure objective needs a target picture")
        px_per_mm = min(context.size) / context.canvas.mm_per_unit
        weights = None if context.focus is None else stressed(context.focus)
        return Structure(context.target, px_per_mm, self.distance, weights)
