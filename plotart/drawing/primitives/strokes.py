"""Strokes: open piecewise cubic Bezier paths, each of one width, with round caps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.core.geometry import Path, bernstein
from plotart.core.parts import Whole
from plotart.drawing.primitives.base import Primitive, PrimitiveSpec, Stroked, primitives
from plotart.drawing.render.view import Coverages, View
from plotart.raster.strokes import composite_over, planes, transmit

__all__ = ["StrokeCoverages", "Strokes", "StrokesSpec", "distances", "inside"]


class Strokes(Primitive):
    """N strokes of S cubic segments each.

    Args:
        points: control points `[N, 1+3S, 2]` unit; neighbouring segments share their end point.
        width: full width `[N]` unit; the tip of the pen, unless it is free.
        width_range: least and greatest width, unit, of widths that are optimized; None where the pens decide.
    """

    rates: ClassVar[Mapping[str, float]] = {"points": 0.0045, "width": 0.001}
    per_shape: ClassVar[tuple[str, ...]] = ("points", "width")
    tiled = True
    windowed = True
    width_range: tuple[float, float] | None = None

    def __init__(self, points: Tensor, width: Tensor, width_range: tuple[float, float] | None = None) -> None:
        super().__init__()
        if points.ndim != 3 or points.shape[1] < 4 or points.shape[1] % 3 != 1 or points.shape[2] != 2:
            raise ValueError(f"points must be [N, 1+3S, 2], not {list(points.shape)}")
        if width.shape != points.shape[:1]:
            raise ValueError(f"width must be [{points.shape[0]}], not {list(width.shape)}")
        self.points = nn.Parameter(points.detach().clone())
        self.width_range = width_range
        if width_range is None:
            self.register_buffer("width", width.detach().clone())
        else:
            self.width = nn.Parameter(width.detach().clamp(*width_range))

    def __len__(self) -> int:
        return int(self.points.shape[0])

    def fresh(self, points: Tensor, width: Tensor) -> Strokes:
        """New ones of the same kind: `points [M, 1+3S, 2]`, `width [M]`, unit."""
        return Strokes(points, width, self.width_range)

    def polyline(self, samples: int = 16) -> Tensor:
        """Points on the strokes, differentiable: `[N, S*(samples-1)+1, 2]` unit."""
        even = torch.linspace(0.0, 1.0, samples, dtype=self.points.dtype, device=self.points.device)
        basis = torch.stack(bernstein(even), dim=1)
        segments = (self.points.shape[1] - 1) // 3
        pieces = [
            torch.einsum("tk,nkc->ntc", basis, self.points[:, 3 * s : 3 * s + 4])[:, 0 if s == 0 else 1 :]
            for s in range(segments)
        ]
        return torch.cat(pieces, dim=1)

    def lengths(self) -> Tensor:
        """Length of each stroke, differentiable (16 chords a segment): `[N]` unit."""
        return (self.polyline().diff(dim=1).square().sum(-1) + 1e-16).sqrt().sum(-1)

    def cubics(self) -> tuple[Tensor, Tensor, Tensor]:
        """The pieces `[N S, 4, 2]` unit, differentiable, the stroke of each, and which of its ends are a stroke's."""
        pieces = self.points.unfold(1, 4, 3).transpose(2, 3)
        count, each = pieces.shape[:2]
        ends = torch.zeros(count, each, 2, device=pieces.device)
        ends[:, 0, 0] = ends[:, -1, 1] = 1
        owner = torch.arange(count, device=pieces.device).repeat_interleave(each)
        return pieces.reshape(-1, 4, 2), owner, ends.reshape(-1, 2)

    def turns(self) -> Tensor:
        """Second differences of neighbouring control points, differentiable: `[N, 3S-1, 2]` unit."""
        return self.points.diff(n=2, dim=1)

    def coverage(self, xy: Tensor) -> Tensor:
        """1 inside the stroke, 0 outside; `[N, P]`. The edge ramp is one hundredth of the width, for hit tests.

        Renderers filter by the pixel instead (plotart.drawing.render), which is what an image shows.
        """
        return inside(distances(self.polyline(32), xy), self.width)

    def seen(self, view: View) -> Coverages:
        return StrokeCoverages(self.points, self.width, view)

    @property
    def stroked(self) -> Stroked:
        return self

    @torch.no_grad()
    def boxes(self, edge: float) -> Tensor:
        """A stroke lies within half its width of the hull of its control points."""
        reach = self.width[:, None] / 2 + edge
        return torch.cat([self.points.amin(dim=1) - reach, self.points.amax(dim=1) + reach], dim=1)

    def paths(self) -> list[Path]:
        return list(self.points.detach().cpu().numpy().astype(np.float64))

    def moved(self, keep: Tensor, low: Tensor, scale: float) -> Strokes:
        bounds = None if self.width_range is None else (scale * self.width_range[0], scale * self.width_range[1])
        return Strokes((self.points.detach()[keep] - low) * scale, self.width.detach()[keep] * scale, bounds)

    @torch.no_grad()
    def set_width(self, width: Tensor) -> None:
        """Fix the width of each stroke; widths that were free no longer are."""
        if self.width_range is None:
            self.width.copy_(width)
        else:
            free, self.width_range = self.width, None
            del self.width
            self.register_buffer("width", width.detach().to(free, copy=True))

    @torch.no_grad()
    def constrain_(self) -> None:
        if self.width_range is not None:
            self.width.clamp_(*self.width_range)

    @torch.no_grad()
    def area(self) -> Tensor:
        return self.lengths() * self.width + torch.pi / 4 * self.width**2

    def pack(self) -> dict[str, Tensor]:
        state = {name: getattr(self, name).detach().clone() for name in self.per_shape}
        if self.width_range is not None:
            state["range"] = torch.tensor(self.width_range, dtype=torch.float64)
        return state

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Self:
        low_high = state.get("range")
        bounds = None if low_high is None else tuple(low_high.tolist())
        return cls(**{name: state[name] for name in cls.per_shape}, width_range=bounds)


def distances(line: Tensor, xy: Tensor) -> Tensor:
    """How far points `xy [P, 2]` are from polylines `[N, M, 2]`: `[N, P]`."""
    a, b = line[:, :-1, None], line[:, 1:, None]
    ab = b - a
    u = (((xy - a) * ab).sum(-1) / ab.square().sum(-1).clamp_min(1e-20)).clamp(0, 1)
    return ((a + u[..., None] * ab - xy).square().sum(-1).amin(dim=1) + 1e-20).sqrt()


def inside(distance: Tensor, width: Tensor) -> Tensor:
    """Coverage `[N, P]` of points so far (`[N, P]`) from the middle of lines of `width [N]`; see `Strokes.coverage`."""
    half = width[:, None] / 2
    return ((half - distance) / (0.02 * half) + 0.5).clamp(0, 1)


class StrokeCoverages(Coverages):
    """Strokes through the operations of plotart.raster.strokes.

    Args:
        points: `[*, N, 1+3S, 2]` unit. width: `[*, N]` unit.
    """

    def __init__(self, points: Tensor, width: Tensor, view: View, kind: str = "strokes") -> None:
        super().__init__(kind, view)
        self.points, self.width = points * view.px, width * view.px
        mask = None
        if view.pixels is not None:
            mask = torch.zeros(view.size[0] * view.size[1], dtype=torch.bool)
            mask[view.pixels] = True
            mask = mask.reshape(view.size)
        self.how: dict[str, Any] = {
            "size": view.size, "softness": view.softness, "mask": mask,
            "backend": view.backend, "threads": view.threads,
        }  # fmt: skip

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        return self.view.picked(composite_over(self.points, self.width, rgb, opacity, paper=ground, **self.how))

    def passed(self, weight: Tensor) -> Tensor:
        return self.view.picked(transmit(self.points, self.width, weight, **self.how))

    def united(self, pen: Tensor, pens: int, presence: Tensor | None = None) -> Tensor:
        return self.view.picked(planes(self.points, self.width, pen, pens, presence, **self.how))


@primitives.register("strokes")
class StrokesSpec(PrimitiveSpec):
    """How many strokes, and how they start.

    `walk` is the published start: the first point uniform on the canvas, each further one a random step of up to
    `radius / 2` per axis from the one before. `dash` is a straight stroke of length `radius` in a random direction.
    `widths: free` lets every stroke find its own width within `width_range` until it becomes a pen's; it starts as wide
    as a pen, as far as that lies in the range.
    """

    makes: ClassVar[type[Primitive]] = Strokes

    count: int = Field(1200, ge=1, le=1_000_000, description="number of strokes")
    segments: int = Field(1, ge=1, le=8, description="cubic segments of a stroke")
    radius: float = Field(0.1, gt=0, le=2, description="size of the random start, unit")
    start: Literal["walk", "dash"] = "walk"
    widths: Literal["tip", "free"] = Field("tip", description="as wide as the pen, or optimized while colours are free")
    width_range: tuple[float, float] = Field((0.004, 0.25), description="least and greatest free width, unit")

    @model_validator(mode="after")
    def _widths_in_order(self) -> Self:
        low, high = self.width_range
        if not 0 < low <= high <= 2:
            raise ValueError(f"width_range must be 0 < least <= greatest <= 2 unit, not {low:g} and {high:g}")
        return self

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"curves", "strokes", "single"})

    def check(self, config: Whole, at: str) -> None:
        if self.widths == "free" and not config.free_first:
            raise InputError(
                f"{at}.widths: 'free' is for free colours (pens.palette kmeans, or a choose stage); "
                "pens are as wide as their tips"
            )
        if config.ink.ground != "paper":
            raise InputError(f"ink.background: strokes are drawn on paper, not on '{config.ink.ground}'")

    def of_paths(self, points: Tensor, width: float) -> tuple[Self, Strokes]:
        strokes = Strokes(points, torch.full((len(points),), width))
        return self.model_copy(update={"count": len(strokes)}), strokes

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Strokes:
        extent = torch.tensor(canvas.unit_size, dtype=torch.float32)
        count = 3 * self.segments + 1
        first = torch.rand(self.count, 1, 2, generator=generator) * extent
        if self.start == "walk":
            steps = self.radius * (torch.rand(self.count, count - 1, 2, generator=generator) - 0.5)
            points = torch.cat([first, first + steps.cumsum(1)], dim=1)
        else:
            angle = torch.rand(self.count, 1, generator=generator) * torch.pi
            along = torch.linspace(-0.5, 0.5, count)[None, :, None] * self.radius
            points = first + along * torch.stack([angle.cos(), angle.sin()], dim=-1)
        free = self.width_range if self.widths == "free" else None
        return Strokes(points, torch.full((self.count,), width), free)
