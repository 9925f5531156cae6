"""Likeness to a picture, as the eye sees it from given distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn.functional import interpolate

from plotart.core.color import from_lab, lab_of_light, to_lab, to_linear
from plotart.core.errors import InputError
from plotart.core.images import SHARP, blur
from plotart.core.parts import Whole
from plotart.core.salience import stressed
from plotart.core.settings import Missing, NamesFile
from plotart.core.vision import Eye, eye_blur_mm
from plotart.objectives.base import Frame, Measure, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Pixels", "PixelsSpec", "Space"]

Floats = NDArray[np.float64]
Space = Literal["srgb", "linear", "lab", "scielab"]

SHIFT_PX = 128
"""Sides of the field in which a change of the picture's tones is kept."""


class Pixels(Objective):
    """Likeness to one picture.

    Args:
        target: `[1, 3, H, W]` sRGB. distances: mm, 0 for none. px_per_mm: of the target on paper.
        weights: `[1, 1, H, W]` of mean 1.
    """

    target: Tensor
    weights: Tensor | None
    shift: Tensor

    def __init__(
        self,
        target: Tensor,
        space: Space,
        distances: tuple[float, ...] = (0.0,),
        px_per_mm: float = 1.0,
        weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.space = space
        self.distances = distances
        self.px_per_mm = px_per_mm
        self.register_buffer("target", target, persistent=False)
        self.register_buffer("weights", weights, persistent=False)
        self.register_buffer("shift", torch.zeros(1, 3, SHIFT_PX, SHIFT_PX))
        self._seen: list[Tensor] = []
        self._wanted: Tensor | None = None

    @property
    def needs_whole_image(self) -> bool:
        widest = max(eye_blur_mm(distance) for distance in self.distances)
        return self.space == "scielab" or widest * self.px_per_mm >= SHARP

    @property
    def why_whole(self) -> str:
        return "of pixels.distances only 0 goes pixel by pixel"

    def forward(self, frame: Frame) -> Tensor:
        """`[]`; of a window of the canvas both pictures are blurred as if they went on beyond its edges."""
        asked = self._asked()
        if frame.window is not None:
            wanted = [self._look(frame.window.of(asked).to(frame.image), distance) for distance in self.distances]
        else:
            if not self._seen:
                self._seen = [self._look(asked, distance) for distance in self.distances]
            wanted = [self._part(seen, frame).to(frame.image) for seen in self._seen]
        weights = None
        if self.weights is not None:
            weights = self._part(self.weights, frame) if frame.window is None else frame.window.of(self.weights)
        light = None if self.space == "srgb" else frame.light
        terms = []
        for distance, seen in zip(self.distances, wanted, strict=True):
            missed = (self._look(frame.image, distance, light) - seen).square()
            terms.append((missed if weights is None else missed * weights).mean())
        return torch.stack(terms).mean()

    def picture(self) -> Tensor:
        return self.target

    def settle_for(self, tones: Tensor, whole: Tensor) -> None:
        change = torch.from_numpy(_lab(tones.cpu()) - _lab(whole.cpu())).float().permute(2, 0, 1)[None]
        self.shift.copy_(interpolate(change, (SHIFT_PX, SHIFT_PX), mode="bilinear", align_corners=False))
        self._wanted, self._seen = None, []

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        self._wanted, self._seen = None, []
        return super().load_state_dict(*args, **kwargs)

    def _asked(self) -> Tensor:
        """The picture that is asked for, `[1, 3, H, W]` sRGB."""
        if self._wanted is None:
            self._wanted = self.target
            if bool(self.shift.any()):
                size = (int(self.target.shape[-2]), int(self.target.shape[-1]))
                change = interpolate(self.shift.cpu(), size, mode="bilinear", align_corners=False)
                lab = _lab(self.target.cpu()) + change[0].permute(1, 2, 0).double().numpy()
                self._wanted = torch.from_numpy(from_lab(lab)).to(self.target).permute(2, 0, 1)[None]
        return self._wanted

    def at(self, size: tuple[int, int]) -> Pixels:
        """The same objective for images of another `size` (H, W), of the same aspect."""
        scale = size[0] / self.target.shape[-2]
        weights = None if self.weights is None else interpolate(self.weights, size, mode="area")
        target = interpolate(self.target, size, mode="area")
        other = Pixels(target, self.space, self.distances, scale * self.px_per_mm, weights)
        other.shift.copy_(self.shift)
        return other

    @staticmethod
    def _part(picture: Tensor, frame: Frame) -> Tensor:
        """`[1, C, H, W]`, or of it the frame's pixels as `[1, C, 1, P]`."""
        return picture if frame.pixels is None else picture.flatten(2)[:, :, None, frame.pixels]

    def _look(self, image: Tensor, distance: float, light: Tensor | None = None) -> Tensor:
        """`[B, 3, H, W]` sRGB (and its light, where that is known) -> what is compared, as seen from `distance` mm."""
        if self.space == "srgb":
            return blur(image, eye_blur_mm(distance) * self.px_per_mm)
        light = to_linear(image) if light is None else light
        if self.space == "scielab":
            return Eye(self.px_per_mm, distance)(light) / 100
        values = blur(light, eye_blur_mm(distance) * self.px_per_mm)
        if self.space != "lab":
            return values
        return lab_of_light(values) / 100


def _lab(image: Tensor) -> Floats:
    """CIE Lab `[H, W, 3]` of `[1, 3, H, W]` sRGB."""
    return to_lab(image[0].permute(1, 2, 0).double().numpy())


@objectives.register("pixels")
class PixelsSpec(ObjectiveSpec):
    """Mean squared difference to `image`, a mean over `distances` (mm) from which both pictures are looked at.

    `space` is what is compared:

    - `srgb`, the values of the file, which is the published loss;
    - `linear`, amounts of light, which is what the eye averages over strokes it cannot resolve;
    - `lab`, that light in CIE Lab, 100 counting as one: a difference in the shadows counts as much as it is seen;
    - `scielab`, the same with the blur of S-CIELAB, in which colours blur more than lightness (`plotart.core.vision`).

    But for `scielab`, the eye's blur is a Gaussian of one arc minute; the distance 0 compares sharp pictures.

    `weights` is a picture of what matters, light where much does: its luminous means, scaled to a mean of 1 over the
    picture, multiply the squared differences.
    """

    makes = Pixels
    label_order: ClassVar[int] = 0
    measure: ClassVar[Measure] = Measure("pixels", "squared error", "What pens did to the picture", "Error")

    image: Annotated[str, NamesFile(), Missing("there is no picture to draw: give --image FILE")]
    space: Space = "srgb"
    distances: tuple[float, ...] = Field(default=(0.0,), min_length=1)
    weights: Annotated[str | None, NamesFile()] = Field(
        None, description="file of a picture that is light where the drawing must be right"
    )

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"subject", "picture"})

    @property
    def picture(self) -> str:
        return self.image

    @property
    def magnitude(self) -> float:
        return 1.0 if self.space in ("lab", "scielab") else 10.0

    def seen_from(self, distance_mm: float, melting_mm: float) -> PixelsSpec:
        return self.model_copy(update={"distances": (max(distance_mm, melting_mm),)})

    def label(self, config: Whole) -> Sequence[str]:
        return (Path(self.image).stem,)

    def hyper_parameters(self) -> Mapping[str, str]:
        return {"image": self.image}

    def build(self, context: ObjectiveContext) -> Pixels:
        if context.target is None:
            raise ValueError("the pixels objective needs a target picture")
        if self.space == "scielab" and min(self.distances) <= 0:
            raise InputError(f"distances: scielab looks from a distance above 0 mm, not {min(self.distances):g}")
        px_per_mm = min(context.size) / context.canvas.mm_per_unit
        return Pixels(context.target, self.space, self.distances, px_per_mm, self._weights(context))

    def _weights(self, context: ObjectiveContext) -> Tensor | None:
        focus = None if context.focus is None else stressed(context.focus)
        if self.weights is None:
            return focus
        light = context.picture(self.weights, "objectives.pixels.weights").mean(dim=1, keepdim=True)
        if not float(light.mean()) > 1 / 255:
            raise InputError(f"weights: '{self.weights}' is black all over; make light what matters")
        light = light if focus is None else light * focus
        return light / light.mean()
