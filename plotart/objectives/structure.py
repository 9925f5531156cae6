"""The details of a picture, whatever its tones: what tells an eye from a cheek when neither has its own grey."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import interpolate

from plotart.core.color import XYZ_OF_LIGHT, lightness, to_linear
from plotart.core.images import blur
from plotart.core.vision import eye_blur_mm
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Structure", "StructureSpec", "details"]

COARSE = 20.0
"""Arc minutes: what a Gaussian this wide leaves is tone, what it takes away is detail."""


def details(image: Tensor, px_per_mm: float, distance_mm: float) -> Tensor:
    """What the eye sees from a distance, less its coarse part: `[B, 3, H, W]` sRGB -> L* `[B, 1, H, W]` around 0.

    L* of the light after a Gaussian of one arc minute, minus the same after one of 20 arc minutes.
    """
    light = to_linear(image)
    luminance = torch.einsum("j,bjhw->bhw", light.new_tensor(XYZ_OF_LIGHT[1]), light)[:, None]
    sigma = eye_blur_mm(distance_mm) * px_per_mm
    seen = lightness(blur(luminance, sigma))
    return seen - blur(seen, COARSE * sigma)


class Structure(Objective):
    """Args: target `[1, 3, H, W]` sRGB; px_per_mm: its resolution on paper; distance_mm: from the eye to the paper."""

    target: Tensor

    def __init__(self, target: Tensor, px_per_mm: float, distance_mm: float) -> None:
        super().__init__()
        self.px_per_mm = px_per_mm
        self.distance_mm = distance_mm
        self.register_buffer("target", target, persistent=False)
        self._wanted: Tensor | None = None

    def at(self, size: tuple[int, int]) -> Structure:
        scale = size[0] / self.target.shape[-2]
        return Structure(interpolate(self.target, size, mode="area"), scale * self.px_per_mm, self.distance_mm)

    def forward(self, frame: Frame) -> Tensor:
        """`[]`; of a window of the canvas the correlation is the window's own."""
        if frame.window is not None:
            wanted = self._details(frame.window.of(self.target))
        else:
            if self._wanted is None:
                self._wanted = self._details(self.target)
            wanted = self._wanted
        found = self._details(frame.image)
        return 1 - (found * wanted.to(found)).mean()

    def _details(self, image: Tensor) -> Tensor:
        return _standard(details(image, self.px_per_mm, self.distance_mm))


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
        return Structure(context.target, min(context.size) / context.canvas.mm_per_unit, self.distance)


def _standard(values: Tensor) -> Tensor:
    """Mean 0, mean square 1; next to 0 where L* varies by less than 1, which nobody sees."""
    centred = values - values.mean()
    return centred / (centred.square().mean() + 1.0).sqrt()
