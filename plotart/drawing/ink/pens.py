"""Colours that are real pens."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from plotart.core.color import hex_to_rgb, to_linear, to_srgb
from plotart.drawing.ink.base import Ink, inks
from plotart.drawing.render.view import Coverages
from plotart.pens import Pen

__all__ = ["Choosing", "PenInk", "Penned", "lay_over", "mix_pens"]


def mix_pens(pens: Sequence[Pen], transmitted: Tensor, paper: Tensor) -> Tensor:
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
        light = lay_over(light, u, color, opaque=pen.opaque)
    return to_srgb(light)


def lay_over(light: Tensor, share: Tensor, color: Tensor, *, opaque: bool) -> Tensor:
    """Linear light `[*, 3, H, W]` once ink of linear `color [3, 1, 1]` lies on a `share` of it."""
    return light * (1 - share) + share * color if opaque else light * (1 - share * (1 - color))


class PenInk(Ink):
    """Inks whose colours are real pens: `pens`, K of them in plotting order, mixed as `Penned` says."""

    @abstractmethod
    def chosen(self) -> Tensor: ...

    def picture(self, seen: Coverages, paper: Tensor, presence: Tensor | None = None) -> Tensor:
        weight = self.weight() if presence is None else self.weight() * presence[:, None]
        return self.compose(seen.passed(weight), paper)

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
        return mix_pens(self.pens, transmitted, paper)

    def strength(self) -> Tensor:
        return torch.ones(len(self.chosen()), device=self.chosen().device)

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

    settled = True
    per_shape = ("pen",)
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

    def picture(self, seen: Coverages, paper: Tensor, presence: Tensor | None = None) -> Tensor:
        if self.builds:
            return super().picture(seen, paper, presence)
        return self.compose(seen.united(self.pen, len(self.pens), presence), paper)

    def settle(self) -> Penned:
        return self

    def pack(self) -> dict[str, Any]:
        return {"pen": self.pen.clone(), "pens": [p.model_dump(mode="json") for p in self.pens]}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Penned:
        return cls([Pen.model_validate(p) for p in state["pens"]], state["pen"])


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

    rates: ClassVar[Mapping[str, float]] = {"logits": 0.1}
    per_shape = ("logits",)

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

    def listen(self, temperature: float) -> None:
        self.temperature = temperature

    def without(self, pen: int) -> Choosing:
        """The same choice with one pen taken away; its shapes take their next best."""
        keep = [k for k in range(len(self.pens)) if k != pen]
        return Choosing([self.pens[k] for k in keep], self.logits.detach()[:, keep], self.temperature)

    def settle(self) -> Penned:
        """The choice made for good, with the pens that any shape took."""
        used = torch.unique(self.chosen())
        place = torch.zeros(len(self.pens), dtype=torch.long, device=used.device)
        place[used] = torch.arange(len(used), device=used.device)
        return Penned([self.pens[k] for k in used.tolist()], place[self.chosen()])

    def pack(self) -> dict[str, Any]:
        return {
            "logits": self.logits.detach().clone(),
            "temperature": self.temperature,
            "pens": [p.model_dump(mode="json") for p in self.pens],
        }

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Choosing:
        return cls([Pen.model_validate(p) for p in state["pens"]], state["logits"], state["temperature"])
