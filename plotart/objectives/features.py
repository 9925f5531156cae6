"""Features of a picture: what a network sees in it, matched by the drawing, or exaggerated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field, field_validator
from torch import Tensor

from plotart.core.errors import InputError
from plotart.core.images import resize
from plotart.core.parts import Whole
from plotart.core.settings import NamesFile
from plotart.networks.base import Network
from plotart.objectives.balance import GradientBalance, pull_beside_a_picture
from plotart.objectives.base import Frame, Measure, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Features", "FeaturesSpec"]


class Features(Objective):
    """Distance of the drawing's features from those of a picture, drawn out by `gain` from their mean.

    With F the features of a view, P those of the same view of the picture, m the mean of P over the positions, at each
    of the layers l:

        L = mean_l |F - T|² / |P - m|²,    T = m + gain (P - m).

    With a gain of 1 this is the usual feature loss; a caricature's is larger: where the layer finds more of something
    than elsewhere in the picture, the drawing is to show more still, and where it finds less, less.

    `balance` holds the weight of this objective against the others: found during the first steps, or fixed.
    """

    image: Tensor

    def __init__(
        self,
        network: Network,
        image: Tensor,
        layers: Sequence[str],
        gain: float = 1.0,
        *,
        balance: GradientBalance | None = None,
    ) -> None:
        """image: `[1, 3, H, W]` sRGB 0..1 of the whole canvas. Raises InputError for a layer the network lacks."""
        super().__init__()
        self.network = [network]  # in a list: the network is not part of this module's parameters
        self.register_buffer("image", image, persistent=False)
        self.layers = tuple(dict.fromkeys(network.resolve(layer) for layer in layers))
        self.gain = gain
        self.balance = balance or GradientBalance.fixed(1.0)

    def forward(self, frame: Frame) -> Tensor:
        """`[]`, 0 for equal features, 1 for a drawing without any of the picture's differences (gain 1)."""
        with torch.no_grad():
            asked = self.network[0].features(frame.look(self.image), self.layers)
        parts = []
        for layer in self.layers:
            picture = frame.counted(asked[layer])
            apart = picture - picture.mean((2, 3), keepdim=True)
            # mean + gain (P - mean) without the mean: what is left to go, and what the gain adds
            off = frame.features(layer) - picture - (self.gain - 1) * apart
            parts.append(off.square().sum() / apart.square().sum().clamp_min(1e-12))
        return torch.stack(parts).mean()


@objectives.register("features")
class FeaturesSpec(ObjectiveSpec):
    """Whose features, of which layers, and how much they are exaggerated.

    `strength` R: the gradient of this objective at the drawing starts R times as long as the picture's, then the weight
    stays; without it `weight` alone counts.
    """

    makes = Features
    label_order: ClassVar[int] = 20
    while_at_work: ClassVar[tuple[str, ...]] = ("weight", "strength")
    measure: ClassVar[Measure] = Measure(
        "features", "squared distance", "What pens did to the features", "Squared distance"
    )

    layers: tuple[str, ...] = Field(("conv4_3",), min_length=1, description="layers, or LAYER,LAYER")
    image: Annotated[str | None, NamesFile()] = Field(
        None, description="picture whose features are meant; none: the one that is drawn"
    )
    gain: float = Field(2.0, ge=0, le=100, description="1: as in the picture; more: a caricature of it")
    strength: float | None = Field(None, gt=0, description="pull relative to the picture's; none: weight as it is")
    balance_steps: int = Field(default=20, ge=1, description="steps over which the two gradients are compared")

    @field_validator("layers", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"network"} if self.image is not None else {"network", "picture"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "picture":
            return f"{at}.image: there is no picture to take features from; give --image FILE"
        return super().lacks(need, at, config)

    def beside(self, others: Mapping[str, ObjectiveSpec]) -> FeaturesSpec:
        return pull_beside_a_picture(self, others)

    def label(self, config: Whole) -> Sequence[str]:
        return "like", *self.layers

    @property
    def looks_at(self) -> tuple[str, ...]:
        return self.layers

    def build(self, context: ObjectiveContext) -> Features:
        if context.network is None:
            raise InputError(f"objectives.features.layers: {','.join(self.layers)} needs a network; choose --network")
        picture = context.target
        if self.image is not None:
            picture = _covering(context.style_image(self.image), context.size)
        if picture is None:
            raise InputError("objectives.features.image: there is no picture to take features from; give --image FILE")
        balance = None if self.strength is None else GradientBalance(self.strength, steps=self.balance_steps)
        try:
            return Features(context.network, picture, self.layers, self.gain, balance=balance)
        except InputError as error:
            raise InputError(f"objectives.features.layers: {error}") from error


def _covering(image: Tensor, size: tuple[int, int]) -> Tensor:
    """`image [1, 3, h, w]` scaled, aspect kept, to cover `size` (H, W) px, and cut to it in the middle."""
    scale = max(size[0] / image.shape[2], size[1] / image.shape[3])
    height, width = (max(want, round(have * scale)) for want, have in zip(size, image.shape[2:], strict=True))
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    return resize(image, height, width)[:, :, top : top + size[0], left : left + size[1]]
