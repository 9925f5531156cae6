"""How light a picture is as a whole."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from plotart.core.color import XYZ_OF_LIGHT, lightness, to_linear
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives


class Tone(Objective):
    """L = ((mean L* - wanted) / 100)^2, of the whole image."""

    local = False

    def __init__(self, wanted: float) -> None:
        super().__init__()
        self.wanted = wanted

    def forward(self, frame: Frame) -> Tensor:
        light = to_linear(frame.image)
        luminance = torch.einsum("j,bjhw->bhw", light.new_tensor(XYZ_OF_LIGHT[1]), light)
        return ((lightness(luminance).mean() - self.wanted) / 100).square()


@objectives.register("tone")
class ToneSpec(ObjectiveSpec):
    """The lightness that the page should have, whatever is drawn on it."""

    makes = Tone

    wanted: float = Field(80.0, ge=0, le=100, description="mean L* of the page: 0 is black, 100 white")

    def build(self, context: ObjectiveContext) -> Tone:
        return Tone(self.wanted)
