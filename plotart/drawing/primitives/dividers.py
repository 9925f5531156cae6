"""Dividers: lines and circles that cut the plane in two each, and together into regions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.core.geometry import Path, straight
from plotart.core.parts import Whole
from plotart.drawing.primitives.base import Primitive, PrimitiveSpec, primitives
from plotart.drawing.render.dense import Dense
from plotart.drawing.render.view import Coverages, View

__all__ = ["TOGETHER", "Dividers", "DividersSpec", "Regions"]

TOGETHER = (
    "stages: the primitive 'dividers', the ink 'coded' and the stage 'trace' go together; "
    "start from the config 'dividers'"
)

CHUNK = 1 << 22
"""Sides of dividers that are held at once, 16 MiB each in a few copies."""

QUARTER = 4 / 3 * math.tan(math.pi / 8)
"""Length of a handle of the cubic that stands for a quarter of the unit circle; the radius is met within 0.03 %."""


class Dividers(Primitive):
    """L lines, then C circles; N = L + C.

    With u = (x - centre) / |x - centre| the excitation of a point x is

        line:    E = u . (cos angle, sin angle)         circle:  E = (|x - centre| - r) / r,   r = exp(log_radius)

    and the side it lies on tanh(sharpness E), -1 or +1 but for a rim as thin as 1 / sharpness. That has no gradient
    worth following, so backward the sharpness is `slope` (straight through): far dividers still feel the picture.

    With `relu` the dividers are lines and a point's code is no side but how far beyond the line it lies,

        relu(2 (x - centre) . (cos angle, sin angle)),

    a plain unit of a net, whose scale is left to the colours. It has a gradient of its own, and colours change within
    a region: sharpness and slope are not used.

    Args:
        centre: `[N, 2]` unit; a line passes through its centre.
        angle: of a line's normal, `[L]` radians.
        log_radius: `[C]`, of the radius in unit.
        width: what a pen that draws the dividers themselves is wide, `[N]` unit.
        extent: width and height of the canvas, unit.
        sharpness: forward. slope: backward.
        place: `[N]` long, the row of each divider among the lines, then circles, that the others are given in; its own
            by default. Subsets may so have any order.
    """

    rates: ClassVar[Mapping[str, float]] = {"centre": 0.004, "angle": 0.03, "log_radius": 0.015}
    divides = True
    endless = True
    place: Tensor

    def __init__(
        self,
        centre: Tensor,
        angle: Tensor,
        log_radius: Tensor,
        width: Tensor,
        *,
        extent: tuple[float, float] = (1.0, 1.0),
        sharpness: float = 1000.0,
        slope: float = 5.0,
        place: Tensor | None = None,
        relu: bool = False,
    ) -> None:
        super().__init__()
        count = len(angle) + len(log_radius)
        if relu and len(log_radius):
            raise ValueError(f"relu is of lines; log_radius must be [0], not {list(log_radius.shape)}")
        for name, value, shape in (("centre", centre, [count, 2]), ("width", width, [count])):
            if list(value.shape) != shape:
                raise ValueError(f"{name} must be {shape}, not {list(value.shape)}")
        self.centre = nn.Parameter(centre.detach().clone())
        self.angle = nn.Parameter(angle.detach().clone())
        self.log_radius = nn.Parameter(log_radius.detach().clone())
        self.register_buffer("width", width.detach().clone())
        self.register_buffer("place", torch.arange(count) if place is None else place.detach().clone())
        self._in_place = bool((self.place == torch.arange(count, device=self.place.device)).all())
        self.extent, self.sharpness, self.slope, self.relu = extent, sharpness, slope, relu

    def __len__(self) -> int:
        return int(self.centre.shape[0])

    @property
    def lines(self) -> int:
        """L: the first L dividers are lines."""
        return int(self.angle.shape[0])

    def excitation(self, xy: Tensor) -> Tensor:
        """E of points `xy [P, 2]` unit, differentiable: `[N, P]`; with `relu` twice the signed distance."""
        away = xy.T[None] - self.centre[:, :, None]  # [N, 2, P]
        distance = (away.square().sum(1) + 1e-20).sqrt()
        lines = self.lines
        normal = torch.stack([self.angle.cos(), self.angle.sin()], dim=1)
        beyond = (away[:lines] * normal[:, :, None]).sum(1)
        line = 2 * beyond if self.relu else beyond / distance[:lines]
        circle = distance[lines:] * (-self.log_radius).exp()[:, None] - 1
        found = torch.cat([line, circle])
        return found if self._in_place else found[self.place]

    def sides(self, xy: Tensor) -> Tensor:
        """The side of each divider on which points `xy [P, 2]` lie: `[N, P]` in -1..1, with the false gradient."""
        excitation = self.excitation(xy)
        hard = (self.sharpness * excitation.detach()).tanh()
        if not excitation.requires_grad:
            return hard
        soft = (self.slope * excitation).tanh()
        return soft + (hard - soft.detach())

    def codes(self, xy: Tensor) -> Tensor:
        """What the colour net is given of points `xy [P, 2]`, differentiable: `[N, P]`, the sides but for `relu`."""
        return self.excitation(xy).relu() if self.relu else self.sides(xy)

    @torch.no_grad()
    def inner_codes(self, xy: Tensor) -> Tensor:
        """`codes` of points away from all rims, where a side is -1 or +1: `[N, P]`."""
        excitation = self.excitation(xy)
        return excitation.relu() if self.relu else excitation.sign()

    def coverage(self, xy: Tensor) -> Tensor:
        return (self.sides(xy) + 1) / 2

    def seen(self, view: View) -> Coverages:
        return Regions(self, view)

    @torch.no_grad()
    def paths(self) -> list[Path]:
        """The dividers themselves: a line as far as the canvas reaches, a circle whole, `clip` for the rest."""
        centre = self.centre.cpu().double().numpy()
        angle, radius = self.angle.cpu().double().numpy(), self.log_radius.exp().cpu().double().numpy()
        middle, reach = np.array(self.extent) / 2, math.hypot(*self.extent)
        found = []
        for c, a in zip(centre, angle, strict=False):
            along = np.array([-math.sin(a), math.cos(a)])
            foot = c + ((middle - c) @ along) * along  # nearest to the middle of the canvas
            found.append(straight(foot - reach * along, foot + reach * along))
        found += [c + r * _circle() for c, r in zip(centre[self.lines :], radius, strict=True)]
        return [found[row] for row in self.place.tolist()]

    def subset(self, keep: Tensor) -> Dividers:
        rows = self.place[keep]
        lines, circles = rows[rows < self.lines], rows[rows >= self.lines]
        state = self.pack()
        taken = torch.cat([lines, circles])
        state |= {"centre": state["centre"][taken], "width": state["width"][taken]}
        state |= {"angle": state["angle"][lines], "log_radius": state["log_radius"][circles - self.lines]}
        is_line = rows < self.lines
        state["place"] = torch.where(is_line, is_line.cumsum(0) - 1, len(lines) + (~is_line).cumsum(0) - 1)
        return Dividers.unpack(state)

    def set_width(self, width: Tensor) -> None:
        self.width[self.place] = width

    @torch.no_grad()
    def area(self) -> Tensor:
        """Ink of the dividers drawn as lines: the canvas' diagonal, or the circumference, times the width."""
        line = torch.full_like(self.angle, math.hypot(*self.extent))
        return (torch.cat([line, 2 * math.pi * self.log_radius.exp()]) * self.width)[self.place]

    @torch.no_grad()
    def constrain_(self) -> None:
        """Circles keep a radius between a thousandth of the canvas and ten of it."""
        self.log_radius.clamp_(math.log(1e-3), math.log(10.0))

    def pack(self) -> dict[str, Any]:
        tensors = {"centre": self.centre, "angle": self.angle, "log_radius": self.log_radius, "width": self.width}
        tensors["place"] = self.place
        packed: dict[str, Any] = {name: value.detach().clone() for name, value in tensors.items()}
        told = {"extent": list(self.extent), "sharpness": self.sharpness, "slope": self.slope}
        return {**packed, **told, **({"relu": True} if self.relu else {})}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Dividers:
        width, height = state["extent"]
        return cls(
            state["centre"],
            state["angle"],
            state["log_radius"],
            state["width"],
            extent=(width, height),
            sharpness=state["sharpness"],
            slope=state["slope"],
            place=state["place"],
            relu=state.get("relu", False),
        )


class Regions(Dense):
    """What lies between dividers: at any points of the plane, so at any size and beyond the canvas.

    The same memory whatever the number of pixels: they are taken in parts, whose intermediate values are computed again
    for the gradient.
    """

    def __init__(self, dividers: Dividers, view: View) -> None:
        super().__init__(dividers.kind, view, dividers.coverage, len(dividers), dividers.centre)
        self.dividers = dividers

    def coded(self, colour: Callable[[Tensor], Tensor]) -> Tensor:
        def one(part: Tensor) -> Tensor:
            return colour(self.dividers.codes(part))

        parts = torch.split(pixel_centres(self.view, like=self.like), max(1, CHUNK // self.count))
        if len(parts) == 1 or not torch.is_grad_enabled():
            return self.view.shaped(torch.cat([one(part) for part in parts], dim=1))
        return self.view.shaped(torch.cat([checkpoint(one, part, use_reentrant=False) for part in parts], dim=1))


def pixel_centres(view: View, *, like: Tensor) -> Tensor:
    """Centres of the pixels of an image of the canvas and its border: `[P, 2]` unit; `like` gives type and device."""
    height, width = view.size
    chosen = torch.arange(height * width) if view.pixels is None else view.pixels
    places = torch.stack([chosen % width, chosen // width], dim=1).to(like) + 0.5
    middle = torch.tensor([width / 2, height / 2]).to(like)
    whole = view.px / (1 + view.border)  # px of a unit
    return (places - middle) / whole + middle / (whole * (1 + view.border))


def _circle() -> Path:
    """The unit circle by four cubics."""
    quarter = np.array([[1, 0], [1, QUARTER], [QUARTER, 1]])
    turns = [quarter]
    for _ in range(3):
        turns.append(turns[-1] @ np.array([[0, 1], [-1, 0]]))
    return np.concatenate([*turns, quarter[:1]])


@primitives.register("dividers")
class DividersSpec(PrimitiveSpec):
    """How many dividers, of which shape; they start at random places of the canvas."""

    makes = Dividers
    inks: ClassVar[tuple[str, ...]] = ("coded",)

    count: int = Field(128, ge=1, le=4096, description="number of dividers")
    shape: Literal["lines", "circles", "both", "relu"] = Field(
        "lines", description="both: half of them are circles; relu: lines beyond which a colour changes steadily"
    )
    radius: float = Field(0.35, gt=0, le=10, description="largest circle of the random start, unit")
    sharpness: float = Field(1000.0, gt=0, le=1e6, description="how sharp the rim of a region is drawn")
    slope: float = Field(5.0, gt=0, le=1e6, description="sharpness of the false gradient, by which dividers move")

    @model_validator(mode="after")
    def _no_idle_radius(self) -> Self:
        if self.shape in ("lines", "relu") and self.radius != DividersSpec.model_fields["radius"].default:
            raise ValueError("primitive.radius is the start of circles; set primitive.shape to circles or both")
        return self

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"tracing"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"regions"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return TOGETHER if need == "tracing" else super().lacks(need, at, config)

    def check(self, config: Whole, at: str) -> None:
        if config.pens.palette == "kmeans" or config.pens.count == "auto":
            raise InputError(
                "pens: regions take the pens they miss least, or all of a fixed palette; "
                "leave pens.palette 'kmeans' and pens.count 'auto' to strokes"
            )

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Dividers:
        circles = {"circles": self.count, "both": self.count // 2}.get(self.shape, 0)
        centre = torch.rand(self.count, 2, generator=generator) * torch.tensor(canvas.unit_size)
        angle = (2 * torch.rand(self.count - circles, generator=generator) - 1) * torch.pi
        radius = self.radius * (0.2 + 0.8 * torch.rand(circles, generator=generator))
        return Dividers(
            centre,
            angle,
            radius.log(),
            torch.full((self.count,), width),
            extent=canvas.unit_size,
            sharpness=self.sharpness,
            slope=self.slope,
            relu=self.shape == "relu",
        )
