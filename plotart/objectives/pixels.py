"""Likeness to a picture, as the eye sees it from given distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import interpolate

from plotart.core.color import XYZ_OF_LIGHT, lab_of_xyz, to_linear
from plotart.core.errors import InputError
from plotart.core.images import SHARP, blur
from plotart.core.parts import Whole
from plotart.core.settings import NamesFile
from plotart.core.vision import Eye, eye_blur_mm
from plotart.objectives.base import Frame, Measure, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Pixels", "PixelsSpec", "Space"]

Space = Literal["srgb", "linear", "lab", "scielab"]


class Pixels(Objective):
    """Likeness to one picture.

    Args:
        target: `[1, 3, H, W]` sRGB. distances: mm, 0 for none. px_per_mm: of the target on paper.
        weights: `[1, 1, H, W]` of mean 1.
    """

    target: Tensor
    weights: Tensor | None

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
        self._seen: list[Tensor] = []

    @property
    def needs_whole_image(self) -> bool:
        widest = max(eye_blur_mm(distance) for distance in self.distances)
        return self.space == "scielab" or widest * self.px_per_mm >= SHARP

    @property
    def why_whole(self) -> str:
        return "of pixels.distances only 0 goes pixel by pixel"

    def forward(self, frame: Frame) -> Tensor:
        """`[]`; of a window of the canvas both pictures are blurred as if they went on beyond its edges."""
        if frame.window is not None:
            wanted = [self._look(frame.window.of(self.target).to(frame.image), distance) for distance in self.distances]
        else:
            if not self._seen:
                self._seen = [self._look(self.target, distance) for distance in self.distances]
            wanted = [self._part(seen, frame).to(frame.image) for seen in self._seen]
        weights = None
        if self.weights is not None:
            weights = self._part(self.weights, frame) if frame.window is None else frame.window.of(self.weights)
        terms = []
        for distance, seen in zip(self.distances, wanted, strict=True):
            missed = (self._look(frame.image, distance) - seen).square()
            terms.append((missed if weights is None else missed * weights).mean())
        return torch.stack(terms).mean()

    def picture(self) -> Tensor:
        return self.target

    def at(self, size: tuple[int, int]) -> Pixels:
        """The same objective for images of another `size` (H, W), of the same aspect."""
        scale = size[0] / self.target.shape[-2]
        weights = None if self.weights is None else interpolate(self.weights, size, mode="area")
        target = interpolate(self.target, size, mode="area")
        return Pixels(target, self.space, self.distances, scale * self.px_per_mm, weights)

    @staticmethod
    def _part(picture: Tensor, frame: Frame) -> Tensor:
        """`[1, C, H, W]`, or of it the frame's pixels as `[1, C, 1, P]`."""
        return picture if frame.pixels is None else picture.flatten(2)[:, :, None, frame.pixels]

    def _look(self, image: Tensor, distance: float) -> Tensor:
        """`[B, 3, H, W]` sRGB -> what is compared, as seen from `distance` mm."""
        if self.space == "scielab":
            return Eye(self.px_per_mm, distance)(to_linear(image)) / 100
        values = image if self.space == "srgb" else to_linear(image)
        values = blur(values, eye_blur_mm(distance) * self.px_per_mm)
        if self.space != "lab":
            return values
        return lab_of_xyz(torch.einsum("ij,bjhw->bihw", values.new_tensor(XYZ_OF_LIGHT), values)) / 100


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

    image: Annotated[str, NamesFile()]
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
        if self.weights is None:
            return None
        light = context.picture(self.weights, "objectives.pixels.weights").mean(dim=1, keepdim=True)
        if not float(light.mean()) > 1 / 255:
            raise InputError(f"weights: '{self.weights}' is black all over; make light what matters")
        return light / light.mean()
