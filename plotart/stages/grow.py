"""A picture that grows: a few large strokes first, then more and smaller ones where it is still wrong."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field

from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.ink import Over
from plotart.stages.base import stages
from plotart.stages.context import Context
from plotart.stages.growth import Growth
from plotart.stages.spawn import blurred, edge_directions, scatter

__all__ = ["Grow"]


@stages.register("grow")
class Grow(Growth):
    """Grow a drawing with free colours toward the picture, from `first` strokes to as many as it was given.

    See `Growth` for the levels. New strokes are straight and lie

    - at places as even as blue noise, after the first level in proportion to the squared error that is left
      (`place: error`);
    - along the edges of the target (`direction: edges`), longer where those are straight, or at random;
    - in the target's colour there (`colour: target`), or at random;
    - as wide and long as `width` and `length` say, in units of the canvas' side over the root of `first` at the first
      level, times `shrink` at each later one.

    `softness` widens the edge filter at the start of the first level, and less at the later ones by `shrink`.
    """

    lays = "strokes"

    rates: dict[str, float] = Field(
        default={
            "points": 0.004, "width": 0.0015, "widths": 0.0015, "rgb": 0.03, "opacity": 0.04, "strength": 0.04,
        }
    )  # fmt: skip
    place: Literal["error", "even"] = "error"
    direction: Literal["edges", "random"] = "edges"
    colour: Literal["target", "random"] = "target"
    opacity: float = Field(1.0, gt=0, le=1, description="of a new stroke")
    width: float = Field(0.7, gt=0, le=100, description="of a new stroke")
    length: float = Field(1.5, gt=0, le=100, description="of a new stroke; 0.5 to 1.5 times that, by the edges")
    shrink: float = Field(0.5, gt=0, le=1)
    softness: float = Field(1.0, ge=1, le=32)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"picture", "strokes"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "picture":
            return "stages: grow needs a picture to grow toward; give --image FILE"
        return f"stages: grow lays strokes, so primitive.kind must be strokes, not {config.primitive.kind}"

    def _softness(self, level: int) -> float:
        return max(1.0, self.softness * self.shrink**level)

    @torch.no_grad()
    def _spawn(self, grown: Drawing, count: int, level: int, context: Context) -> Drawing:
        """`count` new strokes for what `grown` leaves wrong."""
        generator = context.generator
        strokes, target = grown.strokes, context.picture
        assert target is not None
        height, width = target.shape[-2:]
        size = math.sqrt(height * width / self.first) * self.shrink**level  # px
        density = torch.ones(height, width)
        if self.place == "error" and len(grown):
            error = (target - context.renderer(grown, context.size)).square().sum(dim=1, keepdim=True)
            density = blurred(error, 0.25 * size)[0, 0]
        places = scatter(density, count, generator)
        column, row = places.long().unbind(1)
        if self.direction == "edges":
            angle, coherence = (field[row, column] for field in edge_directions(target[0], max(0.7, 0.15 * size)))
        else:
            angle, coherence = torch.rand(count, generator=generator) * math.pi, torch.full((count,), 0.5)
        along = torch.linspace(-0.5, 0.5, strokes.points.shape[1]) * (0.5 + coherence)[:, None] * self.length * size
        points = places[:, None] + along[..., None] * torch.stack([angle.cos(), angle.sin()], dim=-1)[:, None]
        if self.colour == "target":
            rgb = blurred(target, 0.2 * size)[0, :, row, column].T
        else:
            rgb = torch.rand(count, 3, generator=generator)
        px = min(height, width)
        wide = torch.full((count,), self.width * size / px)
        ink = Over(rgb.cpu(), torch.full((count,), self.opacity))
        return Drawing(grown.canvas, strokes.fresh(points / px, wide), ink).to(grown.device)
