"""Drawings that begin with a few shapes and get more, level by level; every level is fitted as a whole."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Literal, Self

import torch
from pydantic import Field

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.stages.base import Stage
from plotart.stages.context import Context
from plotart.stages.fit import Fit
from plotart.stages.prune import contributions
from plotart.stages.rates import check_rates
from plotart.stages.watch import Part, Watch

__all__ = ["Growth"]

LEAST_PX = 48
"""The smallest short side at which a level is fitted."""


class Growth(Stage):
    """What stages have in common that grow a drawing, from `first` shapes to as many as it was given.

    Every level starts by leaving out the share `replace` of the shapes that do least for the picture, and adds new
    ones on top until there are `growth` times as many as before; then all are fitted. The last number is refined in
    `rounds` levels, which only replace. Learning rates (`rates` by name, see the stage `fit`) fall anew in every level;
    each level takes `lasting` times as many steps as the one before. A level before the last is rendered `detail` times
    as large as the next.
    """

    fits = True
    lays: ClassVar[str]
    """What it lays, in words."""

    steps: int = Field(500, ge=1, le=1_000_000, description="steps of all levels together")
    first: int = Field(64, ge=1, le=1_000_000, description="shapes of the first level, or up to `growth` times as many")
    growth: float = Field(2.0, ge=1.05, le=1000)
    rounds: int = Field(3, ge=1, le=100, description="levels with all shapes")
    lasting: float = Field(1.0, ge=0.1, le=10)
    replace: float = Field(0.1, ge=0, lt=1)
    detail: float = Field(0.75, gt=0, le=1)
    rates: dict[str, float]
    optimizer: Literal["adam", "block-adam"] = "block-adam"
    schedule: Literal["halving", "cosine", "constant"] = "cosine"

    def levels(self, count: int) -> list[int]:
        """How many shapes there are in each level of a drawing that ends with `count`."""
        counts = [count] * self.rounds
        while counts[0] / self.growth >= self.first:
            counts.insert(0, math.ceil(counts[0] / self.growth))
        return counts

    def check(self, config: Whole, at: str) -> None:
        if config.stages[0] is not self or (config.init is not None and not self.lays_anew):
            raise InputError(f"stages: {self.kind} starts a drawing, so it must be the first stage, and without --init")
        if config.ink.kind != "over" or not config.free_first:
            raise InputError(
                f"stages: {self.kind} lays {self.lays} over each other: set ink.kind to over, and free colours "
                "(pens.palette kmeans, or a choose stage)"
            )
        check_rates(self.rates, at)

    @property
    def own_steps(self) -> int:
        return self.steps

    def scaled(self, share: Callable[[int], int]) -> Self:
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
                watch.say(f"level {level + 1} of {len(counts)}: {counts[level]} {self.lays}")
            fit = Fit(
                steps=max(1, starts[level + 1] - starts[level]),
                rates=self.rates,
                schedule=self.schedule,
                optimizer=self.optimizer,
                softness=self._softness(level),
                looks=1,
            )
            inner = None if saved is None else saved["fit"]
            part = Part(watch, {"level": level}, inner, starts[level], self.steps)
            # the fit of a saved level takes its shapes from what was saved
            grown = fit(grown, smaller, watch=part).to(drawing.device)
            saved = None
        return grown

    def _more(self, grown: Drawing, count: int, level: int, context: Context) -> Drawing:
        """The shapes worth keeping, and new ones on top of them, `count` in all."""
        keep = min(len(grown) - round(self.replace * len(grown)), count)
        if keep < len(grown):
            worth = contributions(grown, context)
            grown = grown.subset(worth.argsort(descending=True, stable=True)[:keep].sort().values)
        return Drawing.joined([grown, self._spawn(grown, count - keep, level, context)])

    def _softness(self, level: int) -> float:
        """Width of the edge filter at the first step of a level, px."""
        return 1.0

    @abstractmethod
    def _spawn(self, grown: Drawing, count: int, level: int, context: Context) -> Drawing:
        """`count` new shapes for what `grown`, which may be empty, leaves wrong of `context.picture`."""


def _smaller(context: Context, drawing: Drawing, scale: float) -> Context:
    """The context of a picture `scale` as large; as it is where a network looks, to which size is not only detail."""
    px = max(LEAST_PX, round(scale * context.size))
    if context.layers or px >= context.size:
        return context
    size = drawing.canvas.pixels(px)
    return replace(context, size=px, objectives={name: each.at(size) for name, each in context.objectives.items()})
