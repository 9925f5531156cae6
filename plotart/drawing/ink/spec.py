"""Which ink a drawing starts with, from a config."""

from __future__ import annotations

from typing import Literal, Self

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor

from plotart.core.color import hex_to_rgb, normalize_hex
from plotart.core.errors import InputError
from plotart.core.settings import Section
from plotart.drawing.ink.base import FreeInk
from plotart.drawing.ink.coded import Coded, colour_units
from plotart.drawing.ink.free import Light, Multiply, Over
from plotart.drawing.ink.sums import Add, Average

__all__ = ["InkSpec"]


class InkSpec(Section):
    """Free colours before quantization: which rule mixes them, and how they start."""

    kind: Literal["multiply", "over", "average", "add", "coded"] = "multiply"
    light: Light = Field("linear", description="what multiply multiplies: light as on paper, or sRGB as on screens")
    start_opacity: float = Field(
        0.8, gt=0, le=1, description="opacity of every shape at the start, in over and multiply"
    )
    background: str = Field(
        "paper", description="what lies under all shapes: paper, a colour such as #000000, or learned"
    )

    units: int | None = Field(None, ge=1, le=4096, description="colour units of coded; none: by the number of dividers")

    @field_validator("background")
    @classmethod
    def _known_background(cls, value: str) -> str:
        if value in ("paper", "learned"):
            return value
        try:
            return normalize_hex(value)
        except InputError:
            raise ValueError(f"give paper, learned, or a colour such as #000000, not {value!r}") from None

    @model_validator(mode="after")
    def _no_idle_settings(self) -> Self:
        if self.kind != "multiply" and self.light != "linear":
            raise ValueError(f"ink.light is a setting of ink.kind multiply; {self.kind} mixes in sRGB")
        if self.kind == "multiply" and self.background != "paper":
            raise ValueError("ink.background is none of ink.kind multiply: its light comes from the paper")
        if self.kind in ("average", "add") and self.start_opacity != 0.8:
            raise ValueError(f"ink.start_opacity: shapes of ink.kind {self.kind} have no opacity")
        if self.kind == "coded" and (self.start_opacity, self.background) != (0.8, "paper"):
            raise ValueError("ink.kind coded has no start_opacity and no background: its regions fill the page")
        if self.kind != "coded" and self.units is not None:
            raise ValueError(f"ink.units is a setting of ink.kind coded, not of {self.kind}")
        return self

    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> FreeInk | Coded:
        """The inks of `count` shapes, in random colours or, but for coded, in `rgb [count, 3]` sRGB."""
        if self.kind == "coded":
            return Coded.start(count, colour_units(count) if self.units is None else self.units, generator)
        if self.kind == "add":
            return Add(0.1 * (torch.rand(count, 3, generator=generator) - 0.5), *self._background())
        rgb = torch.rand(count, 3, generator=generator) if rgb is None else rgb
        if self.kind == "over":
            return Over(rgb, torch.full((count,), self.start_opacity), *self._background())
        if self.kind == "average":
            return Average(rgb, 0.5 + 2 * torch.rand(count, generator=generator), *self._background())
        return Multiply(1 - self.start_opacity * (1 - rgb), self.light)

    def _background(self) -> tuple[Tensor | None, bool]:
        if self.background == "paper":
            return None, False
        if self.background == "learned":
            return torch.full((3,), 0.5), True
        return torch.tensor(hex_to_rgb(self.background), dtype=torch.float32), False
