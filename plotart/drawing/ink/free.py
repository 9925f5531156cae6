"""Free colours, optimized: laid over each other in order, or filters that light passes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.core.color import to_linear, to_srgb
from plotart.drawing.ink.base import FreeInk, GroundedInk, GroundedSpec, InkSpec, colours, ink_specs, inks
from plotart.drawing.render.view import Coverages

__all__ = ["Bounded", "Light", "Multiply", "MultiplySpec", "Over", "OverSpec"]


Bounded = Literal["clamp", "sigmoid"]
LEAST = 0.01
"""What a colour bounded by a sigmoid keeps from 0 and 1 at the start."""


@inks.register("over")
class Over(GroundedInk):
    """Ordered alpha compositing in sRGB: later shapes lie on top.

    Args:
        rgb: `[N, 3]` sRGB in 0..1. opacity: `[N]` in 0..1. background, learned: see `GroundedInk`.
        bounded: how they stay there: `clamp` cuts them off after each step, `sigmoid` makes parameters of their
            logits, so that colours move slowly near their ends and are never at them.
    """

    rates: ClassVar[Mapping[str, float]] = {**GroundedInk.rates, "rgb": 0.03, "opacity": 0.02}
    per_shape = ("rgb", "opacity")
    ordered = True
    restarts = True

    def __init__(
        self,
        rgb: Tensor,
        opacity: Tensor,
        background: Tensor | None = None,
        learned: bool = False,
        bounded: Bounded = "clamp",
    ) -> None:
        super().__init__(background, learned)
        self.bounded = bounded
        self.rgb = colours("rgb", self._held(rgb))
        if opacity.shape != rgb.shape[:1]:
            raise ValueError(f"opacity must be [{rgb.shape[0]}], not {list(opacity.shape)}")
        self.opacity = nn.Parameter(self._held(opacity).detach().clone())

    def _held(self, value: Tensor) -> Tensor:
        """What the parameters hold of values in 0..1."""
        return value if self.bounded == "clamp" else value.clamp(LEAST, 1 - LEAST).logit()

    def colour(self) -> Tensor:
        """`[N, 3]` sRGB in 0..1."""
        return self.rgb if self.bounded == "clamp" else self.rgb.sigmoid()

    def alpha(self) -> Tensor:
        """`[N]` in 0..1."""
        return self.opacity if self.bounded == "clamp" else self.opacity.sigmoid()

    def picture(self, seen: Coverages, paper: Tensor, presence: Tensor | None = None) -> Tensor:
        opacity = self.alpha() if presence is None else self.alpha() * presence
        return seen.over(self.colour(), opacity, self.ground_on(paper))

    @torch.no_grad()
    def constrain_(self) -> None:
        super().constrain_()
        if self.bounded == "clamp":
            self.rgb.clamp_(0, 1)
            self.opacity.clamp_(0, 1)

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        return self.colour() * self.alpha()[:, None] + 1 - self.alpha()[:, None]

    @torch.no_grad()
    def laid_on(self, shape: int, below: Tensor) -> Tensor:
        return below + self.alpha()[shape] * (self.colour()[shape] - below)

    def strength(self) -> Tensor:
        return self.alpha() * (1 - self.colour().amin(dim=1))

    @torch.no_grad()
    def without_each(self, covered: Tensor, paper: Tensor) -> tuple[Tensor, Iterable[Tensor]]:
        share, rgb = self.alpha()[:, None] * covered, self.colour()
        above = torch.cat([1 - share, torch.ones_like(share[:1])]).flip(0).cumprod(0).flip(0)[1:]
        image, changes = self.ground_on(paper)[:, None].expand(3, covered.shape[1]), []
        for i in range(len(share)):
            step = share[i] * (rgb[i, :, None] - image)
            changes.append(above[i] * step)
            image = image + step
        return image, (image - change for change in changes)

    @torch.no_grad()
    def start_again_(self, rgb: Tensor) -> None:
        self.rgb[-len(rgb) :], self.opacity[-len(rgb) :] = self._held(rgb), self._held(rgb.new_tensor(0.8))

    @torch.no_grad()
    def hide_below_(self, shapes: list[int]) -> None:
        self.opacity[shapes] = self._held(torch.ones(len(shapes)).to(self.opacity))

    def pack(self) -> dict[str, Any]:
        held = {"rgb": self.rgb.detach().clone(), "opacity": self.opacity.detach().clone(), **self._grounds()}
        return held if self.bounded == "clamp" else {**held, "bounded": self.bounded}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Over:
        made = cls(state["rgb"], state["opacity"], state.get("background"), state.get("learned", False))
        made.bounded = state.get("bounded", "clamp")  # they are held already
        return made


Light = Literal["linear", "srgb"]


@inks.register("multiply")
class Multiply(FreeInk):
    """Each shape is a colour filter: T_c = prod_i (1 - (1 - f_ic) coverage_i).

    An opacity beside the colour would say nothing new, and the two would hold each other back.

    Args:
        filters: f, the colour that is left of white light, `[N, 3]` sRGB in 0..1; 1 is a shape that cannot be seen.
        light: `linear` multiplies intensities, as inks on paper do; `srgb` multiplies the sRGB values, as SVG viewers
            do with `mix-blend-mode: multiply`, and makes lines thinner than a pixel look bolder than paper does.
    """

    rates: ClassVar[Mapping[str, float]] = {"filters": 0.03}
    per_shape = ("filters",)

    def __init__(self, filters: Tensor, light: Light = "linear") -> None:
        super().__init__()
        self.filters = colours("filters", filters)
        self.light = light

    def picture(self, seen: Coverages, paper: Tensor, presence: Tensor | None = None) -> Tensor:
        weight = self.weight() if presence is None else self.weight() * presence[:, None]
        return self.compose(seen.passed(weight), paper)

    def weight(self) -> Tensor:
        """Fraction of the light each shape takes where it covers: `[N, 3]` in 0..1."""
        return 1 - (to_linear(self.filters) if self.light == "linear" else self.filters)

    def compose(self, transmitted: Tensor, paper: Tensor) -> Tensor:
        """`transmitted [*, 3, H, W]` and `paper [3]` sRGB -> image `[*, 3, H, W]` sRGB."""
        if self.light == "srgb":
            return transmitted * paper[:, None, None]
        return to_srgb(transmitted * to_linear(paper)[:, None, None])

    @torch.no_grad()
    def constrain_(self) -> None:
        self.filters.clamp_(0, 1)

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        return self.filters.clone()

    @torch.no_grad()
    def laid_on(self, shape: int, below: Tensor) -> Tensor:
        if self.light == "srgb":
            return below * self.filters[shape]
        return to_srgb(to_linear(below) * to_linear(self.filters[shape]))

    def strength(self) -> Tensor:
        return 1 - self.filters.amin(dim=1)

    def pack(self) -> dict[str, Any]:
        return {"filters": self.filters.detach().clone(), "light": self.light}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Multiply:
        return cls(state["filters"], state["light"])


@ink_specs.register(Over.kind)
class OverSpec(GroundedSpec):
    """Later shapes lie on top, with an opacity of their own, in sRGB as SVG viewers composite."""

    start_opacity: float = Field(0.8, gt=0, le=1, description="opacity of every shape at the start")
    bounded: Bounded = Field(
        "clamp", description="how colours and opacities stay in 0..1: clamp, or sigmoid as published"
    )

    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> Over:
        rgb = torch.rand(count, 3, generator=generator) if rgb is None else rgb
        return Over(rgb, torch.full((count,), self.start_opacity), *self.grounds(), self.bounded)


@ink_specs.register(Multiply.kind)
class MultiplySpec(InkSpec):
    """Light passes every shape, in any order, as through real transparent ink."""

    light: Light = Field("linear", description="what is multiplied: light as on paper, or sRGB as on screens")
    start_opacity: float = Field(0.8, gt=0, le=1, description="opacity of every shape at the start")

    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> Multiply:
        rgb = torch.rand(count, 3, generator=generator) if rgb is None else rgb
        return Multiply(1 - self.start_opacity * (1 - rgb), self.light)
