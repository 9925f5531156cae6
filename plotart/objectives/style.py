"""Style as how shallow features and colours are distributed: a Mondrian asks for white fields and few straight bars."""

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
from plotart.objectives.transport import directions, sliced

__all__ = ["Style", "StyleSpec", "gram", "shallow_layers"]

DEFAULT_STRENGTH = 0.4
VGG_LAYERS = ("conv1_2", "conv2_2", "conv3_3")
POSITIONS = 4096
"""Places of a view, and of the style image, that transport takes: of a view others in every step."""
DIRECTIONS, OF_COLOUR = 16, 8
"""Random directions in every step, among a layer's features and among colours."""
SQUARES_PX = (1, 2, 4, 8)
"""Sides of the squares whose mean colours are compared."""
FLAT = 1e-3
"""Spread of a style's features, as a share of their square, below which it counts as so much: it has one colour."""

Statistics = Literal["transport", "gram", "raw"]


def gram(features: Tensor) -> Tensor:
    """Uncentred second moments of the channels per position: `[C, K, h, w]` -> `[C, K, K]`, F Fᵀ/(h w)."""
    flat = features.flatten(2)
    return (flat @ flat.transpose(1, 2)).float() / flat.shape[-1]


def places(maps: Tensor, most: int, first: int) -> Tensor:
    """`maps [C, K, h, w]` -> `[C, N, K]`: equally many places apart, N at most `most`, counted from the `first`."""
    rows = maps.flatten(2).transpose(1, 2)
    every = -(-rows.shape[1] // most)
    return rows[:, first % every :: every]


def squares(images: Tensor) -> list[Tensor]:
    """Mean colours of squares of an image `[C, 3, h, w]`, by their sides, as far as they fit in."""
    sides = [side for side in SQUARES_PX if side <= min(images.shape[-2:])]
    return [F.avg_pool2d(images, side, max(1, side // 2)) if side > 1 else images for side in sides]


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
    """Distance of the drawing's views from a style image, in the same network.

    With the features F of a view and S of the style image at each of the layers l, taken as clouds of points, one for
    each place, W the sliced 2-Wasserstein distance (`sliced`), and F_s and S_s the mean colours of squares of s px:

        transport:  L = mean_l W(F, S)² / var S + mean_s W(F_s, S_s)² / var S_s    (size-free: 0 is equal)

    Not only what there is, but how much of it, is compared: a Mondrian is mostly white. Or, with the Gram matrices G of
    a view (`gram`, per position) and A of the style image:

        gram:  L = mean_l mean_copies |G - A|² / |A|²                              (size-free: 0 is equal, 1 is empty)
        raw:   L = Σ_l | G/K - A/K |_F  over all copies at once, not squared       (published; K channels)

    Without `layers`, all take three shallow layers before their nonlinearity.

    The style image goes through the same normalization. It is scaled, aspect kept, until its short side is the short
    side of the views, and what is compared with is computed once per such size. Directions are drawn anew in every
    step, by the number of the step alone.

    `balance` holds the weight of this objective against the others: found during the first steps, or fixed.
    """

    def __init__(
        self,
        network: Network,
        image: Tensor,
        layers: Sequence[str] | None = None,
        *,
        mode: Statistics = "transport",
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
        self._targets: dict[int, list[tuple[Tensor, Tensor]]] = {}

    @torch.no_grad()
    def targets(self, short_side: int) -> Sequence[tuple[Tensor, Tensor]]:
        """What views are compared with, and what counts as 1 there: of the style image with that short side (px).

        Gram matrices `[1, K, K]` by layer; for transport clouds `[M, K]` by layer, then of colours `[M, 3]` by square.
        """
        if short_side not in self._targets:
            network = self.network[0]
            height, width = self.image.shape[-2:]
            scale = short_side / min(height, width)
            size = (max(short_side, round(height * scale)), max(short_side, round(width * scale)))
            image = F.interpolate(self.image.to(network.mean.device), size, mode="bilinear", antialias=True).clamp(0, 1)
            features = network.features(image, self.layers)
            maps = [features[layer] for layer in self.layers]
            if self.mode == "transport":
                clouds = [places(each, POSITIONS, 0)[0] for each in (*maps, *squares(image))]
                found = [(cloud, _spread(cloud)) for cloud in clouds]
            else:
                matrices = [gram(each) for each in maps]
                found = [(matrix, matrix.square().sum().clamp_min(1e-12)) for matrix in matrices]
            self._targets[short_side] = found
        return self._targets[short_side]

    def forward(self, frame: Frame) -> Tensor:
        """`[]`, the distance in the chosen mode, over the frame's views."""
        targets = self.targets(frame.view_side)
        if self.mode == "transport":
            return self._transport(frame, targets)
        parts = []
        for layer, (target, one) in zip(self.layers, targets, strict=True):
            difference = gram(frame.answer(layer)) - target
            if self.mode == "raw":
                parts.append(torch.linalg.vector_norm(difference) / target.shape[-1])
            else:
                parts.append(difference.square().sum((1, 2)).mean() / one)
        total = torch.stack(parts)
        return total.sum() if self.mode == "raw" else total.mean()

    def _transport(self, frame: Frame, targets: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        generator = torch.Generator().manual_seed(frame.step)
        colours = squares(frame.counted(frame.views))
        total = frame.views.new_zeros(())
        for maps, count in (([frame.answer(layer) for layer in self.layers], DIRECTIONS), (colours, OF_COLOUR)):
            wanted, targets = targets[: len(maps)], targets[len(maps) :]
            for found, (target, one) in zip(maps, wanted, strict=True):
                along = directions(target.shape[1], count, generator).to(target.device)
                points = places(found, POSITIONS, frame.step)
                total = total + sliced(points, target, along) / (one * len(maps))
        return total


def _spread(cloud: Tensor) -> Tensor:
    """`[]`, the mean variance of the channels of `cloud [M, K]`."""
    return cloud.var(dim=0, correction=0).mean().maximum(FLAT * cloud.square().mean())


@objectives.register("style")
class StyleSpec(ObjectiveSpec):
    """A style image, and how strongly it counts.

    Either `strength` R (its gradient at the picture starts R times as long as the neuron's, then the weight stays) or
    `raw_weight` L (the published formula L * |G/(K h w) - A/(K h w)|, 50 in the source; its balance depends on sizes
    and copies). A `weight` of 0 measures how far the drawing is from the style, and leaves it alone.
    """

    makes = Style
    label_order: ClassVar[int] = 40
    while_at_work: ClassVar[tuple[str, ...]] = ("weight", "strength", "raw_weight")

    image: Annotated[str, NamesFile(find_style), Missing("there is no style image: give --style FILE")] = Field(
        description="style image: a file, or a name in styles/"
    )
    strength: float | None = Field(default=None, gt=0.0, description="pull of the style relative to the neuron's")
    raw_weight: float | None = Field(default=None, ge=0.0, description="weight of the published formula instead")
    statistics: Literal["transport", "gram"] = Field(
        default="transport",
        description="what is compared: how features and colours are distributed, or features' second moments, as "
        "raw_weight always does",
    )
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
        return {"style": Path(self.image).name, **(raw or {"style strength": f"{self.strength or DEFAULT_STRENGTH:g}"})}

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
        mode: Statistics = self.statistics if self.raw_weight is None else "raw"
        return Style(network, image, layers, mode=mode, balance=balance)
