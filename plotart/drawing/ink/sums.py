"""Inks that add up what shapes give to a point, in any order: a soft average by depth, and plain sums."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from plotart.drawing.ink.base import GroundedInk, GroundedSpec, colours, ink_specs, inks
from plotart.drawing.render.view import Coverages

__all__ = ["Add", "AddSpec", "Average", "AverageSpec", "Mean", "MeanSpec", "SumInk"]

DEEPEST = 4.0
"""Depths of shapes lie in 0..4, the ground's is 5: behind all of them."""
_GROUND = 5.0


class SumInk(GroundedInk):
    """The image is made of S_c = sum_i weight_ic coverage_i^power, which does not depend on the order of the shapes."""

    power: int

    @abstractmethod
    def weight(self) -> Tensor:
        """What each shape gives to each sum: `[N, C]`."""

    @abstractmethod
    def compose(self, sums: Tensor, paper: Tensor) -> Tensor:
        """`sums [*, C, H, W]` and `paper [3]` sRGB -> image `[*, 3, H, W]` sRGB."""

    def picture(self, seen: Coverages, paper: Tensor, presence: Tensor | None = None) -> Tensor:
        weight = self.weight() if presence is None else self.weight() * presence[:, None]
        return self.compose(seen.summed(weight, self.power), paper)

    @torch.no_grad()
    def without_each(self, covered: Tensor, paper: Tensor) -> tuple[Tensor, Iterable[Tensor]]:
        weight, shown = self.weight(), covered**self.power
        sums = weight.T @ shown

        def image(found: Tensor) -> Tensor:
            return self.compose(found[:, None], paper)[:, 0]

        return image(sums), (image(sums - w[:, None] * f) for w, f in zip(weight, shown, strict=True))


@inks.register("average")
class Average(SumInk):
    """The nearest shape shows, softly, by a depth that is learned.

        image = (sum_i rgb_i e^(-w_i) f_i + e^(-5) ground) / (sum_i e^(-w_i) f_i + e^(-5))

    with the coverages f and the depths w, so that shapes can pass each other by descent.

    Args:
        rgb: `[N, 3]` sRGB in 0..1. depth: w, `[N]` in 0..4. background, learned: see `GroundedInk`.
    """

    rates: ClassVar[Mapping[str, float]] = {**GroundedInk.rates, "rgb": 0.03, "depth": 0.05}
    per_shape = ("rgb", "depth")
    restarts = True
    power = 1

    def __init__(self, rgb: Tensor, depth: Tensor, background: Tensor | None = None, learned: bool = False) -> None:
        super().__init__(background, learned)
        self.rgb = colours("rgb", rgb)
        if depth.shape != rgb.shape[:1]:
            raise ValueError(f"depth must be [{rgb.shape[0]}], not {list(depth.shape)}")
        self.depth = nn.Parameter(depth.detach().clone())

    def weight(self) -> Tensor:
        near = (-self.depth).exp()[:, None]
        return torch.cat([self.rgb * near, near], dim=1)

    def compose(self, sums: Tensor, paper: Tensor) -> Tensor:
        least = torch.exp(torch.tensor(-_GROUND)).to(sums)
        ground = self.ground_on(paper)[:, None, None]
        return (sums[..., :3, :, :] + least * ground) / (sums[..., 3:, :, :] + least)

    @torch.no_grad()
    def constrain_(self) -> None:
        super().constrain_()
        self.rgb.clamp_(0, 1)
        self.depth.clamp_(0, DEEPEST)

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        return self.rgb.clone()

    @torch.no_grad()
    def order(self) -> Tensor:
        return self.depth.argsort(descending=True, stable=True)

    @torch.no_grad()
    def laid_on(self, shape: int, below: Tensor) -> Tensor:
        return self.rgb[shape].expand_as(below)

    def strength(self) -> Tensor:
        return 1 - self.rgb.amin(dim=1)

    @torch.no_grad()
    def start_again_(self, rgb: Tensor) -> None:
        self.rgb[-len(rgb) :], self.depth[-len(rgb) :] = rgb, 0.5

    def pack(self) -> dict[str, Any]:
        return {"rgb": self.rgb.detach().clone(), "depth": self.depth.detach().clone(), **self._grounds()}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Average:
        return cls(state["rgb"], state["depth"], state["background"], state["learned"])


@inks.register("add")
class Add(SumInk):
    """Signed colours added to the ground, image = ground + sum_i rgb_i f_i^2, cut at 0 and 1.

    The gradient passes the cut, or a point that is too bright would never be made darker.

    Args:
        rgb: `[N, 3]` in -1..1. background, learned: see `GroundedInk`.
    """

    rates: ClassVar[Mapping[str, float]] = {**GroundedInk.rates, "rgb": 0.03}
    per_shape = ("rgb",)
    restarts = True
    power = 2

    def __init__(self, rgb: Tensor, background: Tensor | None = None, learned: bool = False) -> None:
        super().__init__(background, learned)
        self.rgb = colours("rgb", rgb)

    def weight(self) -> Tensor:
        return self.rgb

    def compose(self, sums: Tensor, paper: Tensor) -> Tensor:
        image = sums + self.ground_on(paper)[:, None, None]
        return image + (image.clamp(0, 1) - image).detach()

    @torch.no_grad()
    def constrain_(self) -> None:
        super().constrain_()
        self.rgb.clamp_(-1, 1)

    @torch.no_grad()
    def start_again_(self, rgb: Tensor) -> None:
        """New shapes add nothing at first: what is missing at a place is no colour of the picture."""
        self.rgb[-len(rgb) :] = 0.0

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        return (1 + self.rgb).clamp(0, 1)

    @torch.no_grad()
    def laid_on(self, shape: int, below: Tensor) -> Tensor:
        return (below + self.rgb[shape]).clamp(0, 1)

    def strength(self) -> Tensor:
        return self.rgb.abs().amax(dim=1)

    def pack(self) -> dict[str, Any]:
        return {"rgb": self.rgb.detach().clone(), **self._grounds()}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Add:
        return cls(state["rgb"], state["background"], state["learned"])


@inks.register("mean")
class Mean(Add):
    """The mean of all N shapes' signed colours, image = ground + sum_i rgb_i f_i / N, as the text of a source says.

    A point that k shapes cover is at most k / N from the ground, so that many shapes have to lie everywhere.
    """

    power = 1

    def weight(self) -> Tensor:
        return self.rgb / len(self.rgb)

    @torch.no_grad()
    def laid_on(self, shape: int, below: Tensor) -> Tensor:
        return (below + self.rgb[shape] / len(self.rgb)).clamp(0, 1)


@ink_specs.register(Average.kind)
class AverageSpec(GroundedSpec):
    """The nearest shape shows, softly, by a depth that is learned."""

    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> Average:
        rgb = torch.rand(count, 3, generator=generator) if rgb is None else rgb
        return Average(rgb, 0.5 + 2 * torch.rand(count, generator=generator), *self.grounds())


@ink_specs.register(Add.kind)
class AddSpec(GroundedSpec):
    """Signed colours are added to the ground; they start near none, whatever `rgb` says."""

    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> Add:
        return Add(0.1 * (torch.rand(count, 3, generator=generator) - 0.5), *self.grounds())


@ink_specs.register(Mean.kind)
class MeanSpec(GroundedSpec):
    """The mean of all shapes' signed colours, on the ground; they start at random, whatever `rgb` says."""

    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> Mean:
        return Mean(torch.rand(count, 3, generator=generator) - 0.5, *self.grounds())
