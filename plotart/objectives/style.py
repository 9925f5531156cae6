"""Style as the second moments of shallow features: a Mondrian asks for white areas and few straight bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional as F

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.core.settings import Missing, NamesFile
from plotart.core.shipped import find_style
from plotart.networks.base import Network
from plotart.objectives.balance import GradientBalance
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Style", "StyleSpec", "gram", "shallow_layers"]

DEFAULT_STRENGTH = 0.4
VGG_LAYERS = ("conv1_2", "conv2_2", "conv3_3")


def gram(features: Tensor) -> Tensor:
    """Uncentred second moments of the channels per position: `[C, K, h, w]` -> `[C, K, K]`, F Fᵀ/(h w)."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[-1]


def shallow_layers(network: Network) -> tuple[str, ...]:
    """Three shallow layers: VGG's conv1_2, conv2_2, conv3_3; elsewhere the deepest of three rising resolutions.

    Of another network: the last layer that still has 1/2, 1/4 and 1/8 of the image's side, as far as it has them.
    """
    if set(VGG_LAYERS) <= set(network.layers):
        return VGG_LAYERS
    side = network.input_size
    by_side: dict[int, str] = {}
    with torch.no_grad():
        maps = network.features(torch.full((1, 3, side, side), 0.5, device=network.mean.device), network.layers)
    for layer in network.layers:
        by_side[maps[network.resolve(layer)].shape[-1]] = layer
    wanted = [by_side[part] for part in (side // 2, side // 4, side // 8) if part in by_side]
    return tuple(wanted) or network.layers[:3]


class Style(Objective):
    """Distance of the drawing's Gram matrices from those of a style image, in the same network.

    With G the Gram matrix of a view (`gram`, per position) and A that of the style image, at each of the layers l:

        relative:  L = mean_l mean_copies |G - A|² / |A|²                          (size-free: 0 is equal, 1 is empty)
        raw:       L = Σ_l | G/K - A/K |_F  over all copies at once, not squared   (published; K channels)

    Without `layers`, both take three shallow layers before their nonlinearity.

    The style image goes through the same normalization. It is scaled, aspect kept, until its short side is the short
    side of the views, and its Gram matrices are computed once per such size.

    `balance` holds the weight of this objective against the others: found during the first steps, or fixed.
    """

    def __init__(
        self,
        network: Network,
        image: Tensor,
        layers: Sequence[str] | None = None,
        *,
        mode: Literal["relative", "raw"] = "relative",
        balance: GradientBalance | None = None,
    ) -> None:
        """image: `[1, 3, H, W]` sRGB 0..1. Raises InputError for a layer the network does not have."""
        super().__init__()
        self.network = [network]  # in a list: the network is not part of this module's parameters
        self.image = image
        layers = layers or [f"{layer}@pre" for layer in shallow_layers(network)]
        self.layers = tuple(dict.fromkeys(network.resolve(layer) for layer in layers))
        self.mode = mode
        self.balance = balance or GradientBalance.fixed(1.0)
        self._targets: dict[int, dict[str, Tensor]] = {}

    @torch.no_grad()
    def targets(self, short_side: int) -> Mapping[str, Tensor]:
        """Gram matrices `[1, K, K]` by layer of the style image with that short side (px)."""
        if short_side not in self._targets:
            network = self.network[0]
            height, width = self.image.shape[-2:]
            scale = short_side / min(height, width)
            size = (max(short_side, round(height * scale)), max(short_side, round(width * scale)))
            image = F.interpolate(self.image.to(network.mean.device), size, mode="bilinear", antialias=True).clamp(0, 1)
            features = network.features(image, self.layers)
            self._targets[short_side] = {layer: gram(features[layer]) for layer in self.layers}
        return self._targets[short_side]

    def forward(self, frame: Frame) -> Tensor:
        """`[]`, the distance in the chosen mode, over the frame's views."""
        targets = self.targets(frame.view_side)
        parts = []
        for layer in self.layers:
            target = targets[layer]
            difference = gram(frame.features(layer)) - target
            if self.mode == "raw":
                parts.append(torch.linalg.vector_norm(difference) / target.shape[-1])
            else:
                parts.append(difference.square().sum((1, 2)).mean() / target.square().sum().clamp_min(1e-12))
        total = torch.stack(parts)
        return total.sum() if self.mode == "raw" else total.mean()


@objectives.register("style")
class StyleSpec(ObjectiveSpec):
    """A style image, and how strongly it counts.

    Either `strength` R (relative error; its gradient at the picture starts R times as long as the neuron's, then the
    weight stays) or `raw_weight` L (the published formula L * |G/(K h w) - A/(K h w)|, 50 in the source; its balance
    depends on sizes and copies). A `weight` of 0 measures how far the drawing is from the style, and leaves it alone.
    """

    makes = Style
    label_order: ClassVar[int] = 40
    while_at_work: ClassVar[tuple[str, ...]] = ("weight", "strength", "raw_weight")

    image: Annotated[str, NamesFile(find_style), Missing("there is no style image: give --style FILE")] = Field(
        description="style image: a file, or a name in styles/"
    )
    strength: float | None = Field(default=None, gt=0.0, description="pull of the style relative to the neuron's")
    raw_weight: float | None = Field(default=None, ge=0.0, description="weight of the published formula instead")
    layers: tuple[str, ...] = Field(
        default=(), description="empty: three shallow layers of the network (VGG: conv1_2, conv2_2, conv3_3)"
    )
    balance_steps: int = Field(default=20, ge=1, description="steps over which the two gradients are compared")

    @model_validator(mode="after")
    def _one_way(self) -> StyleSpec:
        if self.strength is not None and self.raw_weight is not None:
            raise ValueError("strength and raw_weight are two ways to say one thing; give one of them")
        return self

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"network"})

    @property
    def published(self) -> bool:
        return self.raw_weight is not None

    def label(self, config: Whole) -> Sequence[str]:
        return (Path(self.image).stem,) if self.weight else ()

    def hyper_parameters(self) -> Mapping[str, str]:
        if not self.weight:
            return {}
        raw = None if self.raw_weight is None else {"style raw weight": f"{self.raw_weight:g}"}
        return {"style": self.image, **(raw or {"style strength": f"{self.strength or DEFAULT_STRENGTH:g}"})}

    def build(self, context: ObjectiveContext) -> Style:
        network = context.network
        if network is None:
            raise InputError(f"objectives.style.image: {self.image!r} needs a network; choose one with --network")
        image = context.style_image(self.image)
        if self.raw_weight is not None:
            balance = GradientBalance.fixed(self.raw_weight)
        else:
            balance = GradientBalance(self.strength or DEFAULT_STRENGTH, steps=self.balance_steps)
        try:
            layers = tuple(network.resolve(layer) for layer in self.layers) or None
        except InputError as error:
            raise InputError(f"objectives.style.layers: {error}") from error
        return Style(network, image, layers, mode="relative" if self.raw_weight is None else "raw", balance=balance)
