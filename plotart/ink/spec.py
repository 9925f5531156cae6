"""Which ink a drawing starts with, from a config."""

from __future__ import annotations

from typing import Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from plotart.ink.base import FreeInk
from plotart.ink.free import Light, Multiply, Over

__all__ = ["InkSpec"]


class InkSpec(BaseModel):
    """Free colours before quantization: which rule mixes them, and how they start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["multiply", "over"] = "multiply"
    light: Light = Field("linear", description="what multiply multiplies: light as on paper, or sRGB as on screens")
    start_opacity: float = Field(0.8, gt=0, le=1, description="opacity of every shape at the start")

    @model_validator(mode="after")
    def _no_idle_light(self) -> Self:
        if self.kind == "over" and self.light != "linear":
            raise ValueError("ink.light is a setting of ink.kind multiply; over mixes in sRGB")
        return self

    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> FreeInk:
        """The inks of `count` shapes, in random colours or in `rgb [count, 3]` sRGB."""
        rgb = torch.rand(count, 3, generator=generator) if rgb is None else rgb
        if self.kind == "over":
            return Over(rgb, torch.full((count,), self.start_opacity))
        return Multiply(1 - self.start_opacity * (1 - rgb), self.light)
