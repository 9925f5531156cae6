"""A drawing that plots in the minutes there are: strokes that do least for a second of plotting go, the rest is fitted.

What a stroke does for the picture is the change of the objectives when it is left out. Light passes a pen's strokes as
prod_i (1 - p_i coverage_i) with a presence p_i of 1; the change is minus the integral of d total / d p_i from 0 to 1,
and the midpoint rule takes the derivative at p_i = 1/2. It is exact as long as the total is quadratic in p_i, as the
squared error of light is. One backward pass gives it for a whole group of strokes, half present together; several
groups, drawn at random, keep neighbours apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.core.tables import Table
from plotart.drawing import Drawing
from plotart.objectives.penalties import PlotTime
from plotart.plot.motion import Estimate, Machine, estimate
from plotart.plot.written import make_plot
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.fit import Fit
from plotart.stages.judge import presence_slopes
from plotart.stages.rates import check_rates
from plotart.stages.watch import Part, Watch

__all__ = ["Prune", "contributions", "keep_within", "plot_seconds", "plot_time"]

AIM = 0.985
"""The share of the time that refits may use, so that what they change does not exceed it."""
LEAST = 0.93
"""With less than this share of the time, strokes are put back."""
STEP = 1.25
"""A round shortens the plot by about this factor before it refits."""
CUT = 1.08
"""Contributions are found anew after cuts of this factor: of two strokes that do the same, neither is missed until the
other is gone."""


@stages.register("prune")
class Prune(Stage):
    """Prune and refit the strokes, pens as they are, until the plot takes at most the run's `minutes`.

    `steps` are shared by at most `rounds` refits, of which there is none with 0 steps; `groups` is how many passes tell
    the strokes' contributions.
    """

    fits = True

    keeps_minutes = True

    steps: int = Field(200, ge=0, le=1_000_000)
    rounds: int = Field(6, ge=1, le=100)
    groups: int = Field(4, ge=1, le=1000)
    rates: dict[str, float] = Field(default={"points": 0.003, "vertices": 0.0008})
    apart: bool = Field(False, description="as of the stage fit")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"single"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        kind = config.primitive.kind
        return (
            f"minutes: they are kept by leaving out single strokes, and {kind} are left whole; primitive.kind must be "
            f"strokes. Fewer {kind}, a wider pen or a smaller page take less time"
        )

    def check(self, config: Whole, at: str) -> None:
        if config.minutes is None:
            raise InputError("stages: a prune stage needs minutes; set them, or leave the stage out")
        rest = config.stages[list(config.stages).index(self) :]
        if config.pens.palette != "fixed" and any(stage.limits_pens and stage.settles("kmeans") for stage in rest):
            raise InputError("stages: prune must come after quantize, when every stroke has its pen for good")
        check_rates(self.rates, at)

    @property
    def own_steps(self) -> int:
        return self.steps

    def scaled(self, share: Callable[[int], int]) -> Prune:
        return self.model_copy(update={"steps": share(self.steps) if self.steps else 0})

    def drafted(self) -> Prune:
        return self.model_copy(update={"steps": 0})

    @classmethod
    def terminal(cls, figures: Mapping[str, Any]) -> Sequence[Table | str]:
        if "minutes" not in figures:
            return ()
        asked = figures["minutes"]
        return (f"{asked['asked']:g} min asked for; unpruned it would take {asked['before']:.0f} min",)

    @property
    def costs(self) -> Costs:
        return Costs(Cost(stroke=0.5e-3), after=Cost(stroke=0.15e-3))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        if context.minutes is None or not drawing.ink.settled:
            raise InputError("stages: prune needs minutes, and pens that an earlier stage chose for good")
        limit, machine, saved = 60 * context.minutes, context.machine, watch.saved
        spent = None
        if saved is not None:
            before = saved["before"]
        else:
            spent = estimate(make_plot(drawing, thorough=False), machine)
            before = spent.seconds
        watch.tell("minutes", {"asked": context.minutes, "before": round(before / 60, 2)})
        if before <= limit:
            watch.say(f"plots in {before / 60:.1f} min as it is, below the {context.minutes:g} asked for")
            return drawing.copy()
        if not self.steps:
            return self._settle(drawing, [], context, watch, spent)
        rounds = min(self.rounds, self.steps, max(1, math.ceil(math.log(before / limit) / math.log(STEP))))
        shares = [self.steps // rounds + (i < self.steps % rounds) for i in range(rounds)]
        left_out: list[Drawing] = []
        if saved is not None:
            left_out = [Drawing.unpack(state) for state in saved["left_out"]]
        for number in range(0 if saved is None else saved["round"], rounds):
            if saved is None:
                goal = before * (AIM * limit / before) ** ((number + 1) / rounds)
                drawing, dropped, state = self._drop(drawing, context, goal)
                left_out.append(dropped)
                watch.say(f"{len(drawing)} strokes left for {goal / 60:.1f} min")
            else:
                state = saved["time"]
            price = state["price"]
            timed = replace(
                context,
                objectives={**context.objectives, "time": PlotTime(*state["seconds"])},
                weights={**context.weights, "time": price},
            )
            base = {
                "round": number,
                "before": before,
                "time": state,
                "left_out": [part.pack() for part in left_out],
            }
            fit = Fit(steps=shares[number], rates=self.rates, schedule="cosine", apart=self.apart)
            inner = None if saved is None else saved["fit"]
            drawing = fit(drawing, timed, watch=Part(watch, base, inner, sum(shares[:number]), self.steps))
            saved = None
        return self._settle(drawing, left_out, context, watch)

    def _drop(self, drawing: Drawing, context: Context, goal: float) -> tuple[Drawing, Drawing, dict[str, Any]]:
        """What is kept and what is left out for `goal` seconds, and the time as the refit's objective sees it."""
        left = torch.arange(len(drawing), device=drawing.device)
        now = plot_seconds(drawing, context.machine)
        cuts = max(1, math.ceil(math.log(now / goal) / math.log(CUT)))
        price = 0.0
        for number in range(cuts):
            smaller, within = drawing.subset(left), now * (goal / now) ** ((number + 1) / cuts)
            found = contributions(smaller, context, self.groups)
            each = plot_time(smaller, context.machine, goal).each(smaller).detach()
            kept = keep_within(smaller, found / each, within, context.machine)
            # a minute costs what a minute of the kept strokes is worth, so that none is bought for less; should they
            # do more harm than good one by one, it costs what they do at all
            gain = found[kept].sum()
            price = 60 * float((gain if gain > 0 else found[kept].abs().sum()) / each[kept].sum())
            left = left[kept]
        gone = torch.ones(len(drawing), dtype=torch.bool, device=drawing.device)
        gone[left] = False
        smaller = drawing.subset(left)
        time = plot_time(smaller, context.machine, goal)
        state = {"price": price, "seconds": time.seconds.tolist()}
        return smaller, drawing.subset(torch.nonzero(gone).flatten()), state

    def _settle(
        self, drawing: Drawing, left_out: list[Drawing], context: Context, watch: Watch, spent: Estimate | None = None
    ) -> Drawing:
        """The drawing within the minutes, whatever the last refit made of it: strokes go, or earlier ones come back.

        Args:
            spent: what the drawing takes, where that is known.
        """
        assert context.minutes is not None
        limit, machine = 60 * context.minutes, context.machine
        spent = spent or estimate(make_plot(drawing, thorough=False), machine)
        if spent.seconds < LEAST * limit:
            drawing, spent = Drawing.joined([drawing, *left_out]), None
        if spent is None or spent.seconds > limit:
            each = plot_time(drawing, machine, limit, spent).each(drawing).detach()
            worth = contributions(drawing, context, self.groups) / each
            drawing = drawing.subset(
                keep_within(drawing, worth, limit, machine, None if spent is None else spent.seconds)
            )
            spent = estimate(make_plot(drawing, thorough=False), machine)
        watch.say(f"{len(drawing)} strokes plot in {spent.seconds / 60:.1f} min")
        self._tell_idle_pens(drawing, spent, machine, watch)
        return drawing

    @staticmethod
    def _tell_idle_pens(drawing: Drawing, spent: Estimate, machine: Machine, watch: Watch) -> None:
        """Name the pens that draw for less than a tenth of the time it takes to put them in."""
        for pen, own in zip(drawing.ink.pens, spent.pens, strict=True):
            if own.seconds < machine.pen_change_seconds / 10:
                watch.say(
                    f"{pen.name} draws for {own.seconds:.0f} s and takes {machine.pen_change_seconds:.0f} s to "
                    "put in: with fewer pens (pens.count) there would be more of the drawing"
                )


def plot_seconds(drawing: Drawing, machine: Machine) -> float:
    """How long the machine takes for the plot of the drawing, tidied and in an order that is quick to find.

    As it is written it takes a little less.
    """
    return estimate(make_plot(drawing, thorough=False), machine).seconds


def plot_time(drawing: Drawing, machine: Machine, budget: float, spent: Estimate | None = None) -> PlotTime:
    """The drawing's time as an objective: the machine's seconds for a mm of ink and for a lift in this very plot.

    Args:
        spent: the drawing's estimate, where that is known.
    """
    spent = spent or estimate(make_plot(drawing, thorough=False), machine)
    down = sum(pen.down_seconds for pen in spent.pens)
    lifting = sum(pen.seconds for pen in spent.pens) - down
    time = PlotTime(down / max(spent.ink_mm, 1e-9), lifting / max(spent.lifts, 1), 0.0, budget)
    # joined, clipped and dropped strokes, pen changes and the way home: as they are now
    other = spent.seconds - float(time.each(drawing).detach().sum())
    per_mm, per_lift = time.seconds[:2].tolist()
    return PlotTime(per_mm, per_lift, other, budget)


def contributions(drawing: Drawing, context: Context, groups: int = 4) -> Tensor:
    """What the weighted total of the objectives would rise if each stroke were left out: `[N]`; see the module."""
    drawing = drawing.copy().requires_grad_(False)
    found = torch.zeros(len(drawing), device=drawing.device)
    shuffled = torch.randperm(len(drawing), generator=context.generator).to(drawing.device)
    for group in range(min(groups, len(drawing))):
        members = shuffled[group::groups]
        presence = torch.ones(len(drawing), device=drawing.device)
        presence[members] = 0.5
        found[members] = -presence_slopes(drawing, context, presence)[members]
    return found


def keep_within(
    drawing: Drawing, worth: Tensor, seconds: float, machine: Machine, whole_s: float | None = None
) -> Tensor:
    """The strokes of most `worth [N]` that the machine plots in at most `seconds`: indices `[M]`, ascending.

    As many as that time holds, or up to 2 % of it less; each pen keeps at least its best stroke.

    Args:
        whole_s: what all strokes take, where that is known.

    Raises:
        InputError: one stroke of each pen already takes longer.
    """
    ranked = worth.argsort(descending=True, stable=True)
    best = {int(pen): place for place, pen in reversed(list(enumerate(drawing.ink.chosen()[ranked].tolist())))}
    ahead = sorted(best.values())
    kept_first = torch.zeros(len(ranked), dtype=torch.bool)
    kept_first[ahead] = True
    ranked = torch.cat([ranked[kept_first.to(ranked.device)], ranked[~kept_first.to(ranked.device)]])

    def take(count: int) -> float:
        return plot_seconds(drawing.subset(ranked[:count].sort().values), machine)

    low, high = len(ahead), len(ranked)
    least, most = take(low), take(high) if whole_s is None else whole_s
    if least > seconds:
        raise InputError(
            f"minutes: one stroke of each of {low} pens already takes {least / 60:.2g} min, "
            f"more than {seconds / 60:.2g}; take more minutes or fewer pens"
        )
    if most <= seconds:
        return ranked.sort().values
    # regula falsi toward the middle of the 2 %, every third time a bisection, so that it ends
    trial = 0
    while high - low > 1 and least < 0.98 * seconds:
        trial += 1
        share = 0.5 if trial % 3 == 0 else (0.99 * seconds - least) / (most - least)
        count = min(max(low + 1, low + round(share * (high - low))), high - 1)
        taken = take(count)
        if taken <= seconds:
            low, least = count, taken
        else:
            high, most = count, taken
    return ranked[:low].sort().values
