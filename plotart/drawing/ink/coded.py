"""A colour for each region between dividers, by the sides on which it lies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.drawing.ink.base import Ink, InkSpec, ink_specs, inks
from plotart.drawing.render.view import Coverages

__all__ = ["Coded", "CodedSpec", "colour_units"]


def colour_units(dividers: int) -> int:
    """How many colour units N dividers need; docs/dividers.md tells how the rule was tried."""
    return max(8, round(8 * math.sqrt(dividers)))


@inks.register("coded")
class Coded(Ink):
    """A small net from the code a of a point, the sides of all N dividers on which it lies, to its colour,

        colour = sigmoid(tint relu(mix a + bias) + ground).

    Args:
        mix: `[M, N]`, of M colour units. bias: `[M]`. tint: `[3, M]`. ground: `[3]`, of the sRGB channels.
    """

    rates: ClassVar[Mapping[str, float]] = {"mix": 0.01, "bias": 0.01, "tint": 0.01, "ground": 0.01}

    def __init__(self, mix: Tensor, bias: Tensor, tint: Tensor, ground: Tensor) -> None:
        super().__init__()
        units = mix.shape[0]
        for name, value, shape in (("bias", bias, [units]), ("tint", tint, [3, units]), ("ground", ground, [3])):
            if list(value.shape) != shape:
                raise ValueError(f"{name} must be {shape} for {units} colour units, not {list(value.shape)}")
        self.mix = nn.Parameter(mix.detach().clone())
        self.bias = nn.Parameter(bias.detach().clone())
        self.tint = nn.Parameter(tint.detach().clone())
        self.ground = nn.Parameter(ground.detach().clone())

    @classmethod
    def start(cls, dividers: int, units: int, generator: torch.Generator) -> Coded:
        """A net whose units and colours begin with a spread of about one, whatever their numbers."""
        mix = torch.randn(units, dividers, generator=generator) / dividers**0.5
        tint = torch.randn(3, units, generator=generator) / units**0.5
        return cls(mix, torch.zeros(units), tint, torch.zeros(3))

    def colour(self, codes: Tensor) -> Tensor:
        """The colours of `codes [N, P]` in -1..1, differentiable: `[3, P]` sRGB 0..1."""
        units = torch.relu(torch.addmm(self.bias[:, None], self.mix, codes))
        return torch.addmm(self.ground[:, None], self.tint, units).sigmoid()

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        """The colour of a point on the far side (+1) of one divider only: `[N, 3]`."""
        return self.colour(2 * torch.eye(self.mix.shape[1]).to(self.mix) - 1).T

    def picture(self, seen: Coverages, paper: Tensor, presence: Tensor | None = None) -> Tensor:
        """As `Ink.picture`; presence must not be given, for no region belongs to one divider."""
        if presence is not None:
            raise ValueError("presence is of shapes with colours of their own, not of dividers in the ink coded")
        return seen.coded(self.colour)

    def strength(self) -> Tensor:
        return torch.ones_like(self.mix[0])

    def subset(self, keep: Tensor) -> Coded:
        return Coded(self.mix.detach()[:, keep], self.bias, self.tint, self.ground)

    def pack(self) -> dict[str, Any]:
        return {name: value.detach().clone() for name, value in self.named_parameters()}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Coded:
        return cls(state["mix"], state["bias"], state["tint"], state["ground"])


@ink_specs.register(Coded.kind)
class CodedSpec(InkSpec):
    """Each region between dividers has one colour, which a small net makes of the sides on which it lies."""

    units: int | None = Field(None, ge=1, le=4096, description="colour units; none: by the number of dividers")

    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> Coded:
        return Coded.start(count, colour_units(count) if self.units is None else self.units, generator)
