"""Circles: with an ink of colour and opacity, the seven numbers x, y, radius, r, g, b, alpha."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from plotart.core.canvas import Canvas
from plotart.core.geometry import Path
from plotart.drawing.primitives.base import primitives
from plotart.drawing.primitives.shapes import Marks, Shapes, ShapesSpec

__all__ = ["Circles", "CirclesSpec"]

SMALLEST, LARGEST = 0.002, 2.0
"""Range of radii, unit."""
K = 0.5522847498
QUARTERS = np.array(
    [[1, 0], [1, K], [K, 1], [0, 1], [-K, 1], [-1, K], [-1, 0], [-1, -K], [-K, -1], [0, -1], [K, -1], [1, -K], [1, 0]]
)
"""The unit circle as four cubics, within 3e-4."""


class Circles(Shapes):
    """N circles, coverage sigmoid((radius - distance) / edge).

    Args:
        centre: `[N, 2]` unit. radius: `[N]` unit. width: `[N]` unit, of the pen. marks: see `Shapes`.
    """

    rates: ClassVar[Mapping[str, float]] = {"centre": 0.004, "radius": 0.003}
    per_shape = ("centre", "radius", "width")
    form_kind = "circle"

    def __init__(self, centre: Tensor, radius: Tensor, width: Tensor, marks: Marks = "hatch") -> None:
        super().__init__()
        if centre.ndim != 2 or centre.shape[1] != 2:
            raise ValueError(f"centre must be [N, 2], not {list(centre.shape)}")
        for name, value in (("radius", radius), ("width", width)):
            if value.shape != centre.shape[:1]:
                raise ValueError(f"{name} must be [{len(centre)}], not {list(value.shape)}")
        self.centre = nn.Parameter(centre.detach().clone())
        self.radius = nn.Parameter(radius.detach().clone())
        self.marks_as = marks
        self.register_buffer("width", width.detach().clone())

    def __len__(self) -> int:
        return len(self.centre)

    def rows(self) -> Tensor:
        return torch.cat([self.centre, self.radius[:, None]], dim=1)

    @torch.no_grad()
    def boxes(self, edge: float) -> Tensor:
        reach = (self.radius + self.margin(edge))[:, None]
        return torch.cat([self.centre - reach, self.centre + reach], dim=1)

    def field(self, xy: Tensor, edge: float) -> Tensor:
        distance = ((xy - self.centre[:, None]).square().sum(-1) + 1e-12).sqrt()
        return self.edged(self.radius[:, None] - distance, edge)

    @torch.no_grad()
    def rims(self) -> list[NDArray[np.float64]]:
        turn = np.linspace(0, 2 * np.pi, 97)
        turn[-1] = 0.0
        ring = np.stack([np.cos(turn), np.sin(turn)], 1)
        return list(self._placed(ring))

    def paths(self) -> list[Path]:
        return list(self._placed(QUARTERS))

    @torch.no_grad()
    def _placed(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        centre, radius = self.centre.double().cpu().numpy(), self.radius.double().cpu().numpy()
        placed: NDArray[np.float64] = centre[:, None] + radius[:, None, None] * points
        return placed

    @torch.no_grad()
    def constrain_(self) -> None:
        self.radius.clamp_(SMALLEST, LARGEST)

    @torch.no_grad()
    def start_again_(self, count: int, centre: Tensor, radius: Tensor) -> None:
        self.centre[-count:] = centre
        self.radius[-count:] = radius

    @torch.no_grad()
    def area(self) -> Tensor:
        if self.marks_as == "outline":
            return 2 * torch.pi * self.radius * self.width
        return torch.pi * self.radius**2

    def pack(self) -> dict[str, Any]:
        return {
            "centre": self.centre.detach().clone(),
            "radius": self.radius.detach().clone(),
            "width": self.width.clone(),
            "marks": self.marks_as,
        }

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Circles:
        return cls(state["centre"], state["radius"], state["width"], state["marks"])


@primitives.register("circles")
class CirclesSpec(ShapesSpec):
    """Circles; see `ShapesSpec`."""

    makes = Circles

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Circles:
        first = self.begin(canvas, generator, start.get("target"))
        made = Circles(first.centre, first.radius, torch.full((self.count,), width), self.marks)
        made.start_rgb = first.rgb
        return made
