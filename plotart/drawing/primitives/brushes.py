"""Brushes: strokes whose width and opacity change on their way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.core.canvas import Canvas
from plotart.core.geometry import bernstein
from plotart.drawing.primitives.base import primitives
from plotart.drawing.primitives.strokes import StrokeCoverages, Strokes, StrokesSpec, distances, inside
from plotart.drawing.render.view import Coverages, View

__all__ = ["Brushes", "BrushesSpec"]

LEAST = 0.02
"""Opacity that every segment keeps, so that it can come back."""


class Brushes(Strokes):
    """N strokes of S cubic segments in one colour, each segment of its own width and opacity, with round ends.

    Where two segments meet both ends are drawn, so that a joint of two that are not opaque is darker. A pen makes them
    plain strokes (`set_width`).

    Args:
        points: `[N, 1+3S, 2]` unit. widths: full width `[N, S]` unit. strength: `[N, S]` in 0..1, times the ink's
            opacity. width_range: least and greatest width, unit; None where the pens decide.
    """

    rates: ClassVar[Mapping[str, float]] = {"points": 0.0045, "widths": 0.001, "strength": 0.02}
    per_shape: ClassVar[tuple[str, ...]] = ("points", "widths", "strength")

    def __init__(
        self, points: Tensor, widths: Tensor, strength: Tensor, width_range: tuple[float, float] | None = None
    ) -> None:
        segments = (points.shape[1] - 1) // 3 if points.ndim == 3 else 0
        for name, value in (("widths", widths), ("strength", strength)):
            if value.shape != (len(points), segments):
                raise ValueError(f"{name} must be {[len(points), segments]}, not {list(value.shape)}")
        super().__init__(points, widths.mean(1))
        del self.width
        self.width_range = width_range
        if width_range is None:
            self.register_buffer("widths", widths.detach().clone())
            self.register_buffer("strength", strength.detach().clone())
        else:
            self.widths = nn.Parameter(widths.detach().clamp(*width_range))
            self.strength = nn.Parameter(strength.detach().clone())

    def __getattr__(self, name: str) -> Any:
        return self.widths.mean(1) if name == "width" else super().__getattr__(name)

    def fresh(self, points: Tensor, width: Tensor) -> Brushes:
        even = width[:, None].expand(-1, self.widths.shape[1])
        return Brushes(points, even, torch.ones_like(even), self.width_range)

    def pieces(self) -> Tensor:
        """The segments one by one: `[N * S, 4, 2]` unit."""
        segments = self.widths.shape[1]
        own = 3 * torch.arange(segments)[:, None] + torch.arange(4)
        return self.points[:, own.to(self.points.device)].flatten(0, 1)

    def coverage(self, xy: Tensor) -> Tensor:
        share = torch.stack(bernstein(torch.linspace(0, 1, 32).to(self.points)), dim=1)
        each = inside(distances(share @ self.pieces(), xy), self.widths.flatten()) * self.strength.flatten()[:, None]
        return each.reshape(len(self), -1, len(xy)).amax(1)

    def seen(self, view: View) -> Coverages:
        return _Pieces(self, view)

    @torch.no_grad()
    def boxes(self, edge: float) -> Tensor:
        reach = self.widths.amax(1, keepdim=True) / 2 + edge
        return torch.cat([self.points.amin(dim=1) - reach, self.points.amax(dim=1) + reach], dim=1)

    def moved(self, keep: Tensor, low: Tensor, scale: float) -> Brushes:
        bounds = None if self.width_range is None else (scale * self.width_range[0], scale * self.width_range[1])
        points = (self.points.detach()[keep] - low) * scale
        return Brushes(points, self.widths.detach()[keep] * scale, self.strength.detach()[keep], bounds)

    @torch.no_grad()
    def set_width(self, width: Tensor) -> None:
        """Make them plain strokes of these widths `[N]`, opaque all along."""
        widths = width.detach().to(self.widths)[:, None].expand_as(self.widths).clone()
        self.width_range = None
        del self.widths, self.strength
        self.register_buffer("widths", widths)
        self.register_buffer("strength", torch.ones_like(widths))

    @torch.no_grad()
    def constrain_(self) -> None:
        if self.width_range is not None:
            self.widths.clamp_(*self.width_range)
            self.strength.clamp_(LEAST, 1)


class _Pieces(StrokeCoverages):
    """Every segment as a stroke in the colour of its brush."""

    def __init__(self, brushes: Brushes, view: View) -> None:
        super().__init__(brushes.pieces(), brushes.widths.flatten(), view, brushes.kind)
        self.segments, self.strength = brushes.widths.shape[1], brushes.strength

    def _each(self, value: Tensor) -> Tensor:
        return value.repeat_interleave(self.segments, dim=0)

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        return super().over(self._each(rgb), (opacity[:, None] * self.strength).flatten(), ground)

    def passed(self, weight: Tensor) -> Tensor:
        return super().passed(self._each(weight) * self.strength.flatten()[:, None])

    def united(self, pen: Tensor, pens: int, presence: Tensor | None = None) -> Tensor:
        share = self.strength if presence is None else presence[:, None] * self.strength
        return super().united(self._each(pen), pens, share.flatten())


@primitives.register("brushes")
class BrushesSpec(StrokesSpec):
    """Strokes whose segments have widths and opacities of their own while colours are free; see `StrokesSpec`."""

    makes = Brushes

    segments: int = Field(3, ge=1, le=8, description="cubic segments of a stroke, each with a width and an opacity")

    def of_paths(self, points: Tensor, width: float) -> tuple[Self, Brushes]:
        even = torch.full((len(points), (points.shape[1] - 1) // 3), width)
        return self.model_copy(update={"count": len(points)}), Brushes(points, even, torch.ones_like(even))

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Brushes:
        plain = super().build(canvas, width, generator, **start)
        even = plain.width.detach()[:, None].expand(-1, self.segments)
        return Brushes(plain.points, even, torch.ones_like(even), plain.width_range)
