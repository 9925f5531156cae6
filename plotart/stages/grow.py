"""A picture that grows: a few large strokes first, then more and smaller ones where it is still wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import torch
from pydantic import Field

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.ink import Over
from plotart.drawing.primitives.strokes import Strokes
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.fit import Fit, check_rates
from plotart.stages.prune import contributions
from plotart.stages.spawn import blurred, edge_directions, scatter
from plotart.stages.watch import Part, Watch

__all__ = ["Grow"]

LEAST_PX = 48
"""The smallest short side at which a level is fitted."""


@stages.register("grow")
class Grow(Stage):
    """Grow a drawing with free colours toward the picture, from `first` strokes to as many as it was given.

    Every level starts by leaving out the share `replace` of the strokes that do least for the picture, and adds new
    ones on top until there are `growth` times as many as before; then all are fitted. The last number is refined in
    `rounds` levels, which only replace. New strokes are straight and lie

    - at places as even as blue noise, after the first level in proportion to the squared error that is left
      (`place: error`);
    - along the edges of the target (`direction: edges`), longer where those are straight, or at random;
    - in the target's colour there (`colour: target`), or at random;
    - as wide and long as `width` and `length` say, in units of the canvas' side over the root of `first` at the first
      level, times `shrink` at each later one.

    Learning rates (`rates` by name, see the stage `fit`) fall anew in every level; each level takes `lasting` times as
    many steps as the one before. `softness` widens the edge filter at the start of the first level, and less at the
    later ones by `shrink`. A level before the last is rendered `detail` times as large as the next.
    """

    fits = True

    steps: int = Field(500, ge=1, le=1_000_000, description="steps of all levels together")
    first: int = Field(
        64, ge=1, le=1_000_000, description="strokes of the first level, or up to `growth` times as many"
    )
    growth: float = Field(2.0, ge=1.05, le=1000)
    rounds: int = Field(3, ge=1, le=100, description="levels with all strokes")
    lasting: float = Field(1.0, ge=0.1, le=10)
    replace: float = Field(0.1, ge=0, lt=1)
    place: Literal["error", "even"] = "error"
    direction: Literal["edges", "random"] = "edges"
    colour: Literal["target", "random"] = "target"
    opacity: float = Field(1.0, gt=0, le=1, description="of a new stroke")
    width: float = Field(0.7, gt=0, le=100, description="of a new stroke")
    length: float = Field(1.5, gt=0, le=100, description="of a new stroke; 0.5 to 1.5 times that, by the edges")
    shrink: float = Field(0.5, gt=0, le=1)
    softness: float = Field(1.0, ge=1, le=32)
    detail: float = Field(0.75, gt=0, le=1)
    rates: dict[str, float] = Field(default={"points": 0.004, "width": 0.0015, "rgb": 0.03, "opacity": 0.04})
    optimizer: Literal["adam", "block-adam"] = "block-adam"
    schedule: Literal["halving", "cosine", "constant"] = "cosine"

    def levels(self, count: int) -> list[int]:
        """How many strokes there are in each level of a drawing that ends with `count`."""
        counts = [count] * self.rounds
        while counts[0] / self.growth >= self.first:
            counts.insert(0, math.ceil(counts[0] / self.growth))
        return counts

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"picture", "strokes"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "picture":
            return "stages: grow needs a picture to grow toward; give --image FILE"
        return f"stages: grow lays strokes, so primitive.kind must be strokes, not {config.primitive.kind}"

    def check(self, config: Whole, at: str) -> None:
        if config.stages[0] is not self or config.init is not None:
            raise InputError("stages: grow starts a drawing, so it must be the first stage, and without --init")
        if config.ink.kind != "over" or not config.free_first:
            raise InputError(
                "stages: grow lays strokes over each other: set ink.kind to over, and free colours "
                "(pens.palette kmeans, or a choose stage)"
            )
        check_rates(self.rates, at)

    @property
    def own_steps(self) -> int:
        return self.steps

    def scaled(self, share: Callable[[int], int]) -> Grow:
        return self.model_copy(update={"steps": share(self.steps)})

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        saved = watch.saved
        counts = self.levels(len(drawing))
        shares = [self.lasting**level for level in range(len(counts))]
        starts = [round(self.steps * sum(shares[:level]) / sum(shares)) for level in range(len(counts))] + [self.steps]
        grown = drawing.subset(torch.arange(0))
        for level in range(0 if saved is None else saved["level"], len(counts)):
            if starts[level] == starts[level + 1] and level + 1 < len(counts):
                continue  # too few steps for so many levels
            smaller = _smaller(context, drawing, self.detail ** (len(counts) - 1 - level))
            if saved is None:
                grown = self._more(grown, counts[level], level, context)
                watch.say(f"level {level + 1} of {len(counts)}: {counts[level]} strokes")
            fit = Fit(
                steps=max(1, starts[level + 1] - starts[level]),
                rates=self.rates,
                schedule=self.schedule,
                optimizer=self.optimizer,
                softness=max(1.0, self.softness * self.shrink**level),
                looks=1,
            )
            inner = None if saved is None else saved["fit"]
            part = Part(watch, {"level": level}, inner, starts[level], self.steps)
            # the fit of a saved level takes its strokes from what was saved
            grown = fit(grown, smaller, watch=part).to(drawing.device)
            saved = None
        return grown

    def _more(self, grown: Drawing, count: int, level: int, context: Context) -> Drawing:
        """The strokes worth keeping, and new ones on top of them, `count` in all."""
        keep = min(len(grown) - round(self.replace * len(grown)), count)
        if keep < len(grown):
            worth = contributions(grown, context)
            grown = grown.subset(worth.argsort(descending=True, stable=True)[:keep].sort().values)
        return Drawing.joined([grown, self._spawn(grown, count - keep, level, context)])

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
        return Drawing(grown.canvas, Strokes(points / px, wide, strokes.width_range), ink).to(grown.device)


def _smaller(context: Context, drawing: Drawing, scale: float) -> Context:
    """The context of a picture `scale` as large; as it is where a network looks, to which size is not only detail."""
    px = max(LEAST_PX, round(scale * context.size))
    if context.layers or px >= context.size:
        return context
    size = drawing.canvas.pixels(px)
    return replace(context, size=px, objectives={name: each.at(size) for name, each in context.objectives.items()})
