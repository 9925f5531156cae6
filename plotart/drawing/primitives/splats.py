"""Splats: blobs with a wavy radius, arcs as of a brush, and dots; each turned and scaled by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor, nn

from plotart.core.canvas import Canvas
from plotart.drawing.primitives.base import primitives
from plotart.drawing.primitives.shapes import Marks, Shapes, ShapesSpec
from plotart.raster.forms import LEAST, STEEP, STREAKS

__all__ = ["Edge", "Form", "Rim", "Splats", "SplatsSpec"]

Form = Literal["fourier", "arc", "dot", "chosen"]
Edge = Literal["sigmoid", "tanh"]
Rim = Literal["ellipse", "waves"]
KINDS = ("ellipse", "triangle", "square", "star")
"""What a slot of `chosen` splats can be."""
WAVES = 8
"""Harmonics with which these are drawn: their corners are a little round."""
SMALLEST, LARGEST = 0.003, 1.5
"""Range of scales, unit."""


@cache
def _kinds() -> Tensor:
    """cos and sin of the harmonics 1..8 of each of `KINDS`, radius over its mean: `[4, 16]`."""
    phi = 2 * np.pi * np.arange(512) / 512
    radii = [np.ones(512)]
    for sides in (3, 4):
        radii.append(1 / np.cos(phi % (2 * np.pi / sides) - np.pi / sides))
    radii.append(1 + 0.35 * np.cos(5 * phi))
    waves = np.fft.rfft(radii, axis=1) / 256
    waves = 2 * waves / waves[:, :1].real
    chosen = waves[:, 1 : WAVES + 1]
    return torch.from_numpy(np.concatenate([chosen.real, -chosen.imag], 1)).float()


class Splats(Shapes):
    """N shapes in polar coordinates (r, phi) of their own frame: (x - centre) turned back by `angle`, over `scale`.

        fourier   sigmoid(v / |grad v| / edge),  v = |x - centre| (R(phi) / r - 1),
                  R = 1 + sum_m (cos_m cos m phi + sin_m sin m phi)
        arc       exp(-W (r - 1)^2) ((1 + cos phi) / 2)^L: the rim of an ellipse, fading from its middle to both ends
        dot       exp(-r)
        chosen    fourier, R that of an ellipse, triangle, square or star: the one of the largest logit, whose gradient
                  is that of their softmax

    With `edge: tanh` a fourier shape is as its source computes it, and with `rim: waves` as the source writes it,

        ellipse   max(0, tanh(16 (R(phi) - r)))
        waves     the same with R = sum_m (cos_m cos m phi + sin_m sin m phi)

    which has no gradient outside, an edge of a sixteenth of its radius at any size, and no place that is filled for
    sure.

    v is the distance to the edge along the ray from the centre, and v / |grad v| that across the edge; the gradient
    takes |grad v| as given, which is right at the edge, where v is 0. With `streaks` b a shape is fainter in lines
    along its own x axis, as a brush leaves them: coverage is multiplied by 1 - b (1 + cos(6 pi y + phase)) / 2.

    Args:
        centre: `[N, 2]` unit. angle: `[N]` rad. scale: `[N, 2]` unit. bend: fourier `[N, 2 M]`, the cos and then the
            sin of M harmonics; arc `[N, 2]`, W and L; dot `[N, 0]`; chosen `[N, 4]`, logits. phase: `[N]` rad.
        width: `[N]` unit, of the pen.
    """

    rates: ClassVar[Mapping[str, float]] = {"centre": 0.004, "scale": 0.003, "angle": 0.03, "bend": 0.01}
    per_shape = ("centre", "angle", "scale", "bend", "phase", "width")
    phase: Tensor

    def __init__(
        self,
        centre: Tensor,
        angle: Tensor,
        scale: Tensor,
        bend: Tensor,
        phase: Tensor,
        width: Tensor,
        *,
        shape: Form = "fourier",
        edge: Edge = "sigmoid",
        rim: Rim = "ellipse",
        streaks: float = 0.0,
        marks: Marks = "hatch",
    ) -> None:
        super().__init__()
        n = len(centre)
        expected = {"centre": (n, 2), "angle": (n,), "scale": (n, 2), "phase": (n,), "width": (n,)}
        given = {"centre": centre, "angle": angle, "scale": scale, "phase": phase, "width": width}
        for name, size in expected.items():
            if given[name].shape != size:
                raise ValueError(f"{name} must be {list(size)}, not {list(given[name].shape)}")
        if shape not in get_args(Form):
            raise ValueError(f"shape must be one of {', '.join(get_args(Form))}, not {shape!r}")
        columns = {"arc": 2, "dot": 0, "chosen": len(KINDS)}.get(shape)
        if bend.ndim != 2 or len(bend) != n or (bend.shape[1] % 2 if columns is None else bend.shape[1] != columns):
            raise ValueError(f"bend must be [{n}, {'2 M' if columns is None else columns}], not {list(bend.shape)}")
        if shape in ("arc", "dot") and marks == "outline":
            raise ValueError(f"{shape}s fade and have no outline; marks must be hatch")
        self.centre, self.angle = nn.Parameter(centre.detach().clone()), nn.Parameter(angle.detach().clone())
        self.scale, self.bend = nn.Parameter(scale.detach().clone()), nn.Parameter(bend.detach().clone())
        self.register_buffer("phase", phase.detach().clone())
        self.register_buffer("width", width.detach().clone())
        self.shape, self.streaks, self.marks_as = shape, streaks, marks
        self.edge, self.rim = edge, rim
        self.form_kind = "fourier" if shape == "chosen" else shape
        if edge == "tanh":
            self.form_kind = "waves" if rim == "waves" else "tanh"
        self.harmonics = {"fourier": bend.shape[1] // 2, "chosen": WAVES}.get(shape, 0)

    def __len__(self) -> int:
        return len(self.centre)

    @property
    def soft(self) -> bool:
        return self.shape in ("arc", "dot") or self.streaks > 0

    @property
    def _base(self) -> float:
        """R where there are no waves."""
        return 0.0 if self.rim == "waves" else 1.0

    def rows(self) -> Tensor:
        return torch.cat([self.centre, self.angle[:, None], self.scale, self._waves(), self.phase[:, None]], dim=1)

    def _waves(self) -> Tensor:
        """`bend`, or the harmonics of the kinds that are chosen `[N, 16]`."""
        if self.shape != "chosen":
            return self.bend
        soft = self.bend.softmax(dim=1)
        hard = torch.nn.functional.one_hot(self.bend.detach().argmax(dim=1), len(KINDS)).to(soft)
        return (hard + soft - soft.detach()) @ _kinds().to(soft)

    @torch.no_grad()
    def boxes(self, edge: float) -> Tensor:
        if self.form_kind in ("fourier", "tanh", "waves"):
            widest = self._base + self._waves().abs().sum(1)
        elif self.shape == "arc":
            widest = 1 + (13 / self.bend[:, 0]).sqrt()
        else:
            widest = torch.full_like(self.angle, 13.0)
        along, across = (self.scale * widest[:, None]).unbind(1)
        c, s = self.angle.cos(), self.angle.sin()
        reach = torch.stack([(along * c).hypot(across * s), (along * s).hypot(across * c)], 1)
        if self.form_kind == "fourier":
            reach = reach + self.margin(edge)[:, None]
        return torch.cat([self.centre - reach, self.centre + reach], dim=1)

    def field(self, xy: Tensor, edge: float) -> Tensor:
        d = xy - self.centre[:, None]
        c, s = self.angle.cos()[:, None], self.angle.sin()[:, None]
        u = (c * d[..., 0] + s * d[..., 1]) / self.scale[:, :1]
        w = (c * d[..., 1] - s * d[..., 0]) / self.scale[:, 1:]
        r = (u * u + w * w + 1e-12).sqrt()
        if self.shape == "dot":
            covered = (-r).exp()
        elif self.shape == "arc":
            half = ((1 + u / r) / 2).clamp_min(1e-6)
            covered = (-self.bend[:, :1] * (r - 1) ** 2 + self.bend[:, 1:] * half.log()).exp()
        elif self.edge == "tanh":
            covered = (STEEP * (self._radius(u / r, w / r)[0] - r)).tanh().clamp_min(0)
        else:
            depth, slope = self._depth(d, u / r, w / r, r)
            covered = self.edged(depth / slope, edge)
        if self.streaks > 0:
            wave = torch.cos(2 * math.pi * STREAKS * w + self.phase[:, None])
            covered = covered * (1 - self.streaks * (1 + wave) / 2)
        return covered

    def _depth(self, d: Tensor, cosine: Tensor, sine: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
        """v `[N, P]` along the ray, and |grad v|, detached: how much longer that is than the way across the edge."""
        away = (d.square().sum(-1) + 1e-12).sqrt()
        radius, turning = self._radius(cosine, sine)
        with torch.no_grad():
            by_r, by_turn, by_away = -away * radius / (r * r), away / r * turning, radius / r - 1
            by_u = (by_r * cosine - by_turn * sine / r) / self.scale[:, :1]
            by_w = (by_r * sine + by_turn * cosine / r) / self.scale[:, 1:]
            c, s = self.angle.cos()[:, None], self.angle.sin()[:, None]
            x = by_u * c - by_w * s + by_away * d[..., 0] / away
            y = by_u * s + by_w * c + by_away * d[..., 1] / away
        return away * (radius / r - 1), x.hypot(y).clamp_min(1)

    def _radius(self, cosine: Tensor, sine: Tensor) -> tuple[Tensor, Tensor]:
        """R in the directions `[N, P]`, and its derivative by phi, detached."""
        radius, turning, m = torch.full_like(cosine, self._base), torch.zeros_like(cosine), self.harmonics
        c, s, waves = cosine, sine, self._waves()
        for k in range(m):
            a, b = waves[:, k : k + 1], waves[:, m + k : m + k + 1]
            radius = radius + a * c + b * s
            turning = turning + (k + 1) * (b * c - a * s)
            c, s = c * cosine - s * sine, s * cosine + c * sine
        if self.edge == "tanh":
            return radius, turning.detach()
        return radius.clamp_min(LEAST), torch.where(radius > LEAST, turning, 0).detach()

    @torch.no_grad()
    def rims(self) -> list[NDArray[np.float64]]:
        turn = torch.linspace(0, 2 * math.pi, 97).to(self.angle)[None]
        c, s = turn.cos(), turn.sin()
        if self.shape in ("fourier", "chosen"):
            radius, _ = self._radius(c.expand(len(self), -1), s.expand(len(self), -1))
            if self.edge == "tanh":
                radius = (radius - math.atanh(0.5) / STEEP).clamp_min(0)
            rims = torch.stack([radius * c, radius * s], -1)
        elif self.shape == "dot":
            rims = math.log(2) * torch.stack([c, s], -1).expand(len(self), -1, -1)
        else:
            rims = self._arcs()
        own = rims * self.scale[:, None]
        c, s = self.angle.cos()[:, None], self.angle.sin()[:, None]
        placed = torch.stack([c * own[..., 0] - s * own[..., 1], s * own[..., 0] + c * own[..., 1]], -1)
        rings = (placed + self.centre[:, None]).double().cpu().numpy()
        rings[:, -1] = rings[:, 0]
        return list(rings)

    def _arcs(self) -> Tensor:
        """Where arcs cover by half, there and back: `[N, 97, 2]` in their own frame."""
        w, power = self.bend.unbind(1)
        end = (2 * 2 ** (-1 / power) - 1).arccos()[:, None]
        phi = end * torch.linspace(-1, 1, 48).to(end)
        reach = ((math.log(2) + power[:, None] * ((1 + phi.cos()) / 2).clamp_min(1e-6).log()) / w[:, None]).clamp_min(0)
        radius = torch.cat([1 + reach.sqrt(), (1 - reach.sqrt()).clamp_min(0).flip(1)], 1)
        phi = torch.cat([phi, phi.flip(1)], 1)
        ring = torch.stack([radius * phi.cos(), radius * phi.sin()], -1)
        return torch.cat([ring, ring[:, :1]], 1)

    @torch.no_grad()
    def constrain_(self) -> None:
        self.scale.clamp_(SMALLEST, LARGEST)
        if self.shape == "fourier" and self.harmonics:
            order = torch.arange(1, self.harmonics + 1, device=self.bend.device).repeat(2)
            limit = (1.0 if self.rim == "waves" else 0.5) / order
            self.bend.copy_(torch.minimum(torch.maximum(self.bend, -limit), limit))
        elif self.shape == "arc":
            self.bend[:, 0].clamp_(1, 400)
            self.bend[:, 1].clamp_(0.5, 64)

    @torch.no_grad()
    def start_again_(self, count: int, centre: Tensor, radius: Tensor) -> None:
        self.centre[-count:] = centre
        self.scale[-count:] = radius[:, None]
        if self.shape == "fourier":  # kinds that were chosen stay
            self.bend[-count:] = 0.0
            if self.rim == "waves":
                self.bend[-count:, 0] = 1.0  # a disc beside the centre

    @torch.no_grad()
    def area(self) -> Tensor:
        if self.marks_as == "outline":
            edges = [float(np.hypot(*np.diff(rim, axis=0).T).sum()) for rim in self.rims()]
            return torch.tensor(edges).to(self.width) * self.width
        return torch.tensor([area.area for area in self.areas()]).to(self.width)

    def pack(self) -> dict[str, Any]:
        tensors = {name: value.detach().clone() for name, value in self.state_dict().items()}
        return {**tensors, **self._kind()}

    def _kind(self) -> dict[str, Any]:
        shown = {"edge": self.edge, "rim": self.rim}
        return {"shape": self.shape, "streaks": self.streaks, "marks": self.marks_as, **shown}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Splats:
        return cls(**state)


@primitives.register("splats")
class SplatsSpec(ShapesSpec):
    """Splats; see `Splats` and `ShapesSpec`.

    Blobs start as ellipses and dots as dots; an arc starts as the part of a rim that faces its own x axis.
    """

    makes = Splats

    shape: Form = "fourier"
    harmonics: int = Field(4, ge=0, le=16, description="waves around the rim of a fourier shape")
    edge: Edge = Field("sigmoid", description="tanh: a fourier shape's edge as published, soft by a share of its size")
    rim: Rim = Field("ellipse", description="waves: with edge tanh, a radius of waves alone, as the source writes it")
    streaks: float = Field(0.0, ge=0, le=1, description="how much fainter a brush is between its bristles")

    @model_validator(mode="after")
    def _published(self) -> Self:
        if self.edge == "tanh" and self.shape != "fourier":
            raise ValueError(f"primitive.edge tanh is the edge of fourier shapes, not of {self.shape}")
        if self.edge == "tanh" and self.marks == "outline":
            raise ValueError("primitive.edge tanh fills shapes; for outlines leave it at sigmoid")
        if self.rim == "waves" and self.edge != "tanh":
            raise ValueError("primitive.rim waves is of the published formula; set primitive.edge to tanh, too")
        if self.rim == "waves" and self.harmonics == 0:
            raise ValueError("primitive.rim waves needs primitive.harmonics of 1 or more, or there is no radius")
        return self

    @property
    def fades(self) -> bool:
        return self.shape in ("arc", "dot") or self.streaks > 0

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Splats:
        first = self.begin(canvas, generator, start.get("target"))
        n = self.count
        angle = 2 * math.pi * torch.rand(n, generator=generator)
        phase = 2 * math.pi * torch.rand(n, generator=generator)
        scale = first.radius[:, None] * (0.6 + 0.8 * torch.rand(n, 2, generator=generator))
        centre, bend = first.centre, torch.zeros(n, 2 * self.harmonics)
        if self.shape == "arc":
            bend = torch.tensor([12.0, 4.0]).expand(n, 2)
            centre = centre - scale[:, :1] * torch.stack([angle.cos(), angle.sin()], 1)
        elif self.shape == "dot":
            scale, bend = scale / 3, torch.zeros(n, 0)
        elif self.rim == "waves":  # without any there is nothing to see, nor a gradient
            bend = torch.randn(n, 2 * self.harmonics, generator=generator) / math.sqrt(self.harmonics)
        elif self.shape == "chosen":
            bend = 0.3 * torch.randn(n, len(KINDS), generator=generator)
        made = Splats(
            centre, angle, scale, bend, phase, torch.full((n,), width),
            shape=self.shape, edge=self.edge, rim=self.rim, streaks=self.streaks, marks=self.marks,
        )  # fmt: skip
        made.start_rgb = first.rgb
        return made
