"""How coverage becomes colour.

`Over` composites in drawing order in sRGB, as SVG viewers do. `Multiply` lets light pass every stroke, in linear light;
it commutes. `Penned` is what paper does once colours are pens: strokes of one pen unite in that pen's plane, and light
passes the planes one after the other. `Choosing` is the same while each stroke's pen is still being learned.

A renderer asks `Over` for `rgb` and `opacity`, `Penned` for the `pen` of each shape, the others for the `weight` of a
shape in each plane; `compose` makes the image of the transmitted fractions `T [*, C, H, W]`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from plotart.color import hex_to_rgb, to_linear, to_srgb
from plotart.pens import Pen
from plotart.registry import Registry

__all__ = ["Choosing", "Faded", "FreeInk", "Ink", "InkSpec", "Multiply", "Over", "PenInk", "Penned", "inks"]

inks: Registry[Ink] = Registry("ink", "plotart.ink")


class Ink(nn.Module):
    """The colour of each of N shapes and the rule by which they mix."""

    kind: str

    @abstractmethod
    def stroke_rgb(self) -> Tensor:
        """The colour one shape alone leaves on white paper: `[N, 3]` sRGB 0..1, detached."""

    @abstractmethod
    def subset(self, keep: Tensor) -> Ink:
        """The inks of the shapes at the indices `keep [M]` (long)."""

    def constrain_(self) -> None:
        """Bring the parameters back into 0..1 after a step of the optimizer."""

    @abstractmethod
    def pack(self) -> dict[str, Any]: ...

    @classmethod
    @abstractmethod
    def unpack(cls, state: dict[str, Any]) -> Ink: ...


class FreeInk(Ink):
    """Any colour and opacity for each shape: `rgb [N, 3]` sRGB and `opacity [N]`, both in 0..1 and optimized."""

    def __init__(self, rgb: Tensor, opacity: Tensor) -> None:
        super().__init__()
        if rgb.ndim != 2 or rgb.shape[1] != 3:
            raise ValueError(f"rgb must be [N, 3], not {list(rgb.shape)}")
        if opacity.shape != rgb.shape[:1]:
            raise ValueError(f"opacity must be [{rgb.shape[0]}], not {list(opacity.shape)}")
        self.rgb = nn.Parameter(rgb.detach().clone())
        self.opacity = nn.Parameter(opacity.detach().clone())

    @torch.no_grad()
    def constrain_(self) -> None:
        self.rgb.clamp_(0, 1)
        self.opacity.clamp_(0, 1)

    def subset(self, keep: Tensor) -> Ink:
        return type(self)(self.rgb.detach()[keep], self.opacity.detach()[keep])

    def pack(self) -> dict[str, Any]:
        return {"rgb": self.rgb.detach().clone(), "opacity": self.opacity.detach().clone()}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Ink:
        return cls(state["rgb"], state["opacity"])


@inks.register("over")
class Over(FreeInk):
    """Ordered alpha compositing in sRGB: later shapes lie on top."""

    kind = "over"

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        return self.rgb * self.opacity[:, None] + 1 - self.opacity[:, None]


@inks.register("multiply")
class Multiply(FreeInk):
    """Each shape is a filter: in linear light T_c = prod_i (1 - o_i (1 - rgb_ic) coverage_i)."""

    kind = "multiply"

    def weight(self) -> Tensor:
        """Fraction of the light each shape takes where it covers: `[N, 3]` in 0..1, linear light."""
        return self.opacity[:, None] * (1 - to_linear(self.rgb))

    def compose(self, transmitted: Tensor, paper: Tensor) -> Tensor:
        """`transmitted [*, 3, H, W]` and `paper [3]` sRGB -> image `[*, 3, H, W]` sRGB."""
        return to_srgb(transmitted * to_linear(paper)[:, None, None])

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        return to_srgb(1 - self.weight())


def _mix(pens: Sequence[Pen], transmitted: Tensor, paper: Tensor) -> Tensor:
    """The light that leaves the paper after the pens' planes, in plotting order; see `Penned`.

    Args:
        transmitted: `[*, K, H, W]`, prod_i (1 - coverage_i) of each pen.
        paper: `[3]` sRGB.

    Returns:
        `[*, 3, H, W]` sRGB.
    """
    light = to_linear(paper).to(transmitted)[:, None, None].expand(3, *transmitted.shape[-2:])
    for k, pen in enumerate(pens):
        u = pen.opacity * (1 - transmitted[..., k : k + 1, :, :])
        color = to_linear(torch.as_tensor(hex_to_rgb(pen.hex))).to(transmitted)[:, None, None]
        light = light * (1 - u) + u * color if pen.opaque else light * (1 - u * (1 - color))
    return to_srgb(light)


class PenInk(Ink):
    """Inks whose colours are real pens: `pens`, K of them in plotting order, mixed as `Penned` says."""

    pens: tuple[Pen, ...]

    @abstractmethod
    def chosen(self) -> Tensor:
        """The pen of each shape, `[N]` long."""

    def compose(self, transmitted: Tensor, paper: Tensor) -> Tensor:
        """`transmitted [*, K, H, W]`, prod_i (1 - coverage_i) of each pen; `paper [3]` sRGB -> `[*, 3, H, W]` sRGB."""
        return _mix(self.pens, transmitted, paper)

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        colours = torch.stack([torch.as_tensor(hex_to_rgb(pen.hex)).float() for pen in self.pens])
        return colours[self.chosen().cpu()]


@inks.register("penned")
class Penned(PenInk):
    """Every shape belongs to a real pen, for good.

    Plane k holds the united coverage u_k = a_k (1 - prod_i (1 - coverage_i)) of the strokes of pen k, where a_k is the
    pen's opacity. In plotting order the light R that leaves the paper becomes, in linear light,

        transparent pens:  R <- R (1 - u_k (1 - P_k))         opaque pens:  R <- (1 - u_k) R + u_k P_k

    with the pen's colour P_k. As long as all pens are transparent their order does not matter.

    Args:
        pens: the pens in plotting order, K of them.
        pen: `[N]` long, the pen of each shape.
    """

    kind = "penned"
    pen: Tensor

    def __init__(self, pens: Sequence[Pen], pen: Tensor) -> None:
        super().__init__()
        if not pens:
            raise ValueError("pens must hold at least one pen")
        if pen.numel() and not 0 <= int(pen.min()) <= int(pen.max()) < len(pens):
            raise ValueError(f"pen must lie in 0..{len(pens) - 1}")
        self.pens = tuple(pens)
        self.register_buffer("pen", pen.detach().clone().long())

    def chosen(self) -> Tensor:
        return self.pen

    def subset(self, keep: Tensor) -> Penned:
        return Penned(self.pens, self.pen[keep])

    def pack(self) -> dict[str, Any]:
        return {"pen": self.pen.clone(), "pens": [p.model_dump(mode="json") for p in self.pens]}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Penned:
        return cls([Pen.model_validate(p) for p in state["pens"]], state["pen"])


@inks.register("faded")
class Faded(Penned):
    """Pens for good, but each shape covers only the share `presence [N]` in 0..1 of what it would.

    Light then passes prod_i (1 - presence_i coverage_i), which is linear in each presence: between 0 (left out) and 1
    (drawn), the derivative by presence tells what a shape does for the picture.
    """

    kind = "faded"

    def __init__(self, pens: Sequence[Pen], pen: Tensor, presence: Tensor) -> None:
        super().__init__(pens, pen)
        if presence.shape != self.pen.shape:
            raise ValueError(f"presence must be {list(self.pen.shape)}, not {list(presence.shape)}")
        self.presence = presence

    def weight(self) -> Tensor:
        """`[N, K]`: the presence in the column of the shape's pen, differentiable."""
        return torch.nn.functional.one_hot(self.pen, len(self.pens)).to(self.presence) * self.presence[:, None]

    def subset(self, keep: Tensor) -> Faded:
        return Faded(self.pens, self.pen[keep], self.presence[keep])

    def pack(self) -> dict[str, Any]:
        return {**super().pack(), "presence": self.presence.detach().clone()}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Faded:
        return cls([Pen.model_validate(p) for p in state["pens"]], state["pen"], state["presence"])


@inks.register("choosing")
class Choosing(PenInk):
    """Every shape is drawn by one real pen, and which one is still being learned.

    Forward, shape i takes the pen of its largest logit, so the picture is one that pens can draw; backward, the
    gradient is that of softmax(logits / temperature) (straight-through), so that every pen the shape might take is
    heard.

    Args:
        pens: the pens in plotting order, K of them.
        logits: `[N, K]`.
        temperature: of the softmax; low values listen to the nearest rivals only.
    """

    kind = "choosing"

    def __init__(self, pens: Sequence[Pen], logits: Tensor, temperature: float = 1.0) -> None:
        super().__init__()
        if logits.ndim != 2 or logits.shape[1] != len(pens):
            raise ValueError(f"logits must be [N, {len(pens)}], not {list(logits.shape)}")
        self.pens = tuple(pens)
        self.logits = nn.Parameter(logits.detach().clone())
        self.temperature = temperature

    def chosen(self) -> Tensor:
        return self.logits.detach().argmax(dim=1)

    def weight(self) -> Tensor:
        """One-hot `[N, K]` whose gradient is the softmax's."""
        soft = (self.logits / self.temperature).softmax(dim=1)
        hard = torch.nn.functional.one_hot(self.chosen(), len(self.pens)).to(soft)
        return hard + (soft - soft.detach())

    def without(self, pen: int) -> Choosing:
        """The same choice with one pen taken away; its shapes take their next best."""
        keep = [k for k in range(len(self.pens)) if k != pen]
        return Choosing([self.pens[k] for k in keep], self.logits.detach()[:, keep], self.temperature)

    def settled(self) -> Penned:
        """The choice made for good, with the pens that any shape took."""
        used = torch.unique(self.chosen())
        place = torch.zeros(len(self.pens), dtype=torch.long, device=used.device)
        place[used] = torch.arange(len(used), device=used.device)
        return Penned([self.pens[k] for k in used.tolist()], place[self.chosen()])

    def subset(self, keep: Tensor) -> Choosing:
        return Choosing(self.pens, self.logits.detach()[keep], self.temperature)

    def pack(self) -> dict[str, Any]:
        return {
            "logits": self.logits.detach().clone(),
            "temperature": self.temperature,
            "pens": [p.model_dump(mode="json") for p in self.pens],
        }

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Choosing:
        return cls([Pen.model_validate(p) for p in state["pens"]], state["logits"], state["temperature"])


class InkSpec(BaseModel):
    """Free colours before quantization: which rule mixes them, and how they start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["multiply", "over"] = "multiply"
    start_opacity: float = Field(0.8, gt=0, le=1, description="opacity of every shape at the start")

    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> FreeInk:
        """The inks of `count` shapes, in random colours or in `rgb [count, 3]` sRGB."""
        rgb = torch.rand(count, 3, generator=generator) if rgb is None else rgb
        opacity = torch.full((count,), self.start_opacity)
        return Multiply(rgb, opacity) if self.kind == "multiply" else Over(rgb, opacity)
