"""How coverage becomes colour.

`Over` composites in drawing order in sRGB, as SVG viewers do. `Multiply` lets light pass every stroke and
commutes. `Penned` is what paper does once colours are pens: strokes of one pen unite in that pen's plane, and light
passes the planes one after the other. `Choosing` is the same while each stroke's pen is still being learned.

A renderer asks `Over` for `rgb` and `opacity`, `Penned` for the `pen` of each shape, the others for the `weight` of a
shape in each plane; `compose` makes the image of the transmitted fractions `T [*, C, H, W]`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from plotart.color import hex_to_rgb, to_linear, to_srgb
from plotart.pens import Pen
from plotart.registry import Registry

__all__ = ["Choosing", "FreeInk", "Ink", "InkSpec", "Multiply", "Over", "PenInk", "Penned", "inks"]

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
    """Any colour for each shape, optimized."""

    @abstractmethod
    def strength(self) -> Tensor:
        """How much ink of each shape is seen on white paper, differentiable: `[N]` in 0 (none) .. 1."""


def _colours(name: str, rgb: Tensor) -> nn.Parameter:
    if rgb.ndim != 2 or rgb.shape[1] != 3:
        raise ValueError(f"{name} must be [N, 3], not {list(rgb.shape)}")
    return nn.Parameter(rgb.detach().clone())


@inks.register("over")
class Over(FreeInk):
    """Ordered alpha compositing in sRGB: later shapes lie on top.

    Args:
        rgb: `[N, 3]` sRGB in 0..1. opacity: `[N]` in 0..1.
    """

    kind = "over"

    def __init__(self, rgb: Tensor, opacity: Tensor) -> None:
        super().__init__()
        self.rgb = _colours("rgb", rgb)
        if opacity.shape != rgb.shape[:1]:
            raise ValueError(f"opacity must be [{rgb.shape[0]}], not {list(opacity.shape)}")
        self.opacity = nn.Parameter(opacity.detach().clone())

    @torch.no_grad()
    def constrain_(self) -> None:
        self.rgb.clamp_(0, 1)
        self.opacity.clamp_(0, 1)

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        return self.rgb * self.opacity[:, None] + 1 - self.opacity[:, None]

    def strength(self) -> Tensor:
        return self.opacity * (1 - self.rgb.amin(dim=1))

    def subset(self, keep: Tensor) -> Over:
        return Over(self.rgb.detach()[keep], self.opacity.detach()[keep])

    def pack(self) -> dict[str, Any]:
        return {"rgb": self.rgb.detach().clone(), "opacity": self.opacity.detach().clone()}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Over:
        return cls(state["rgb"], state["opacity"])


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

    kind = "multiply"

    def __init__(self, filters: Tensor, light: Light = "linear") -> None:
        super().__init__()
        self.filters = _colours("filters", filters)
        self.light = light

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

    def strength(self) -> Tensor:
        return 1 - self.filters.amin(dim=1)

    def subset(self, keep: Tensor) -> Multiply:
        return Multiply(self.filters.detach()[keep], self.light)

    def pack(self) -> dict[str, Any]:
        return {"filters": self.filters.detach().clone(), "light": self.light}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Multiply:
        return cls(state["filters"], state["light"])


def _mix(pens: Sequence[Pen], transmitted: Tensor, paper: Tensor) -> Tensor:
    """The light that leaves the paper after the pens' planes, in plotting order; see `Penned`.

    Args:
        transmitted: `[*, K + E, H, W]`, prod_i (1 - coverage_i) of each pen, then prod_i (1 - b o coverage_i) of each
            of the E pens that build up.
        paper: `[3]` sRGB.

    Returns:
        `[*, 3, H, W]` sRGB.
    """
    light = to_linear(paper).to(transmitted)[:, None, None].expand(3, *transmitted.shape[-2:])
    extra = len(pens)
    for k, pen in enumerate(pens):
        clear = transmitted[..., k : k + 1, :, :]
        u = pen.opacity * (1 - clear)
        if pen.builds:
            again = transmitted[..., extra : extra + 1, :, :]
            u = 1 - clear - (1 - pen.opacity) / (1 - pen.build_up * pen.opacity) * (again - clear)
            extra += 1
        color = to_linear(torch.as_tensor(hex_to_rgb(pen.hex))).to(transmitted)[:, None, None]
        light = light * (1 - u) + u * color if pen.opaque else light * (1 - u * (1 - color))
    return to_srgb(light)


class PenInk(Ink):
    """Inks whose colours are real pens: `pens`, K of them in plotting order, mixed as `Penned` says."""

    pens: tuple[Pen, ...]

    @abstractmethod
    def chosen(self) -> Tensor:
        """The pen of each shape, `[N]` long."""

    @property
    def builds(self) -> bool:
        """Whether any pen builds up, so that there are more planes than pens."""
        return any(pen.builds for pen in self.pens)

    @abstractmethod
    def weight(self) -> Tensor:
        """What each shape takes of each plane where it covers: `[N, K + E]` in 0..1; see `compose`."""

    def _with_build_up(self, taken: Tensor) -> Tensor:
        """`taken [N, K]` with the columns of the pens that build up once more, times b o: `[N, K + E]`."""
        again = [(k, pen.build_up * pen.opacity) for k, pen in enumerate(self.pens) if pen.builds]
        if not again:
            return taken
        factor = torch.tensor([f for _, f in again], dtype=taken.dtype, device=taken.device)
        return torch.cat([taken, taken[:, [k for k, _ in again]] * factor], dim=1)

    def compose(self, transmitted: Tensor, paper: Tensor) -> Tensor:
        """The image `[*, 3, H, W]` sRGB on paper `[3]` sRGB.

        transmitted: `[*, K + E, H, W]`, prod_i (1 - coverage_i) of each pen in order, then prod_i (1 - b o coverage_i)
        of each of the E pens that build up, in the same order.
        """
        return _mix(self.pens, transmitted, paper)

    @torch.no_grad()
    def stroke_rgb(self) -> Tensor:
        lines = [1 - pen.opacity * (1 - to_linear(torch.as_tensor(hex_to_rgb(pen.hex)))) for pen in self.pens]
        return to_srgb(torch.stack(lines)).float()[self.chosen().cpu()]


@inks.register("penned")
class Penned(PenInk):
    """Every shape belongs to a real pen, for good.

    Plane k holds the united coverage u_k = o_k (1 - prod_i (1 - coverage_i)) of the strokes of pen k, where o_k is the
    pen's opacity. Where a pen has a build-up b, each further stroke over a first one covers the share b o of what is
    left, so that n strokes cover 1 - (1 - o) (1 - b o)^(n-1) (`plotart.pens.estimate` measures b by the same). With
    T = prod_i (1 - coverage_i) and Q = prod_i (1 - b o coverage_i), the mean over a pixel whose strokes lie there
    independently is

        u = 1 - T - (1 - o) / (1 - b o) (Q - T),

    which is o (1 - T) for b = 0, where strokes unite, and 1 - prod_i (1 - o coverage_i) for b = 1, where they multiply.
    In plotting order the light R that leaves the paper becomes, in linear light,

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

    def weight(self) -> Tensor:
        return self._with_build_up(torch.nn.functional.one_hot(self.pen, len(self.pens)).float())

    def subset(self, keep: Tensor) -> Penned:
        return Penned(self.pens, self.pen[keep])

    def pack(self) -> dict[str, Any]:
        return {"pen": self.pen.clone(), "pens": [p.model_dump(mode="json") for p in self.pens]}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Penned:
        return cls([Pen.model_validate(p) for p in state["pens"]], state["pen"])


@inks.register("faded")
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
        """One-hot `[N, K]` whose gradient is the softmax's, and so the planes of the pens that build up."""
        soft = (self.logits / self.temperature).softmax(dim=1)
        hard = torch.nn.functional.one_hot(self.chosen(), len(self.pens)).to(soft)
        return self._with_build_up(hard + (soft - soft.detach()))

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
