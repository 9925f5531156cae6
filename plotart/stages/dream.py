"""A dream: the network says, in tones of the pens, where it wants ink, before a stroke is laid.

Strokes that start at random under the gradient of a network tangle. Tones do not: K planes of coverage, one for each
pen (`Tones`), are mixed by the pens' own ink into a picture, and descend the objectives that look at pictures. They may
use as much ink as the plotter lays in its minutes, and pens are taken away until as many are left as the palette may
have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import pad
from torch.optim import Adam

from plotart.core.canvas import Canvas
from plotart.core.color import ciede2000, hex_to_rgb, to_lab
from plotart.core.errors import InputError
from plotart.core.images import resize
from plotart.core.parts import Whole
from plotart.core.tables import Table
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.tones import Tones, tones
from plotart.plot import order_pens
from plotart.plot.motion import expected_seconds
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.count import ENOUGH, pen_count_table
from plotart.stages.fewer import enough_pens, fewer_pens, only
from plotart.stages.judge import evaluate
from plotart.stages.watch import Step, Watch

__all__ = ["Dream", "layers_of_ink", "mirrored"]

LINE_MM = 9.0
"""Mean length of the lines that are laid for a dream; what they take in all decides how much ink there may be."""
MOST_INK, LEAST_INK = 1.2, 0.01
"""Layers of ink on average beyond which a dream gets no better, and below which nothing can be told."""
FAINT = 10.0
"""CIEDE2000 to the paper below which a pen is not seen."""
FINEST_PX = 0.7
"""Sigma, px, of what is taken off the finest detail, however thin the pens are: no single pixels."""


@stages.register("dream")
class Dream(Stage):
    """Optimize the tones of the pens for the objectives, seen at the network's own scale.

    All pens of the set take part at first; at each of the shares `narrow` of the steps some are taken away, those that
    are missed least, until as many are left as the palette may have (`pens.count`) or, with `keep`, as keep so much of
    what all pens do. `ink` is how many layers of ink there may be on average; without it, what the plotter lays in the
    run's minutes.
    """

    lays_anew = True
    usual_strokes = 1
    keeps_minutes = True
    spares_pens = True

    steps: int = Field(200, ge=1, le=1_000_000)
    rate: float = Field(0.03, gt=0, le=10, description="Adam's learning rate of the planes' spectra")
    narrow: tuple[float, ...] = Field(
        (0.25, 0.4, 0.5), min_length=1, description="shares of the steps at which pens are taken away"
    )
    keep: float | None = Field(None, gt=0, le=1, description="share of what all pens do that fewer must keep")
    ink: float | None = Field(None, gt=0, le=100, description="layers of ink; none: as the minutes allow")
    plenty: float = Field(3.0, ge=1, le=100, description="how many times as much ink there may be at first")
    tip: float = Field(1.0, ge=0, le=100, description="width of the finest detail, in tips of the pens")
    looks: int = Field(8, ge=1, le=10_000)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"strokes"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"dream"})

    def check(self, config: Whole, at: str) -> None:
        if config.pens.palette == "kmeans":
            raise InputError("pens.palette: a dream is dreamed in real pens; take learned or fixed, not kmeans")

    @property
    def own_steps(self) -> int:
        return self.steps

    def scaled(self, share: Callable[[int], int]) -> Dream:
        return self.model_copy(update={"steps": share(self.steps)})

    def counted(self) -> Sequence[Stage]:
        return (self.model_copy(update={"keep": ENOUGH}),)

    def settles(self, palette: str) -> bool:
        return palette != "kmeans"

    @classmethod
    def report(cls, figures: Mapping[str, Any]) -> Sequence[Table]:
        return pen_count_table(figures)

    @property
    def costs(self) -> Costs:
        return Costs(Cost(0.3), Cost(0.15))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        saved, canvas = watch.saved, drawing.canvas
        context = _at_network_scale(context, canvas)
        events = {round(share * self.steps): number for number, share in enumerate(self.narrow)}
        size = canvas.pixels(context.size)
        every = max(1, self.steps // self.looks)
        paper = canvas.paper_rgb.to(drawing.device)
        if saved is None:
            dream, start = self._first(drawing, context, watch), 0
        else:
            dream, start = Drawing.unpack(saved["dream"]).to(drawing.device), saved["step"]
        limit = self._limit(context, drawing)
        optimizer = self._optimizer(dream)
        if saved is not None:
            optimizer.load_state_dict(saved["optimizer"])
            context.generator.set_state(saved["generator"])
            for name, objective in context.objectives.items():
                objective.load_state_dict(saved["objectives"][name])

        for step in range(start, self.steps):
            if step in events:
                dream, optimizer = self._narrow(dream, optimizer, context, events[step], watch)
            assert isinstance(dream.primitive, Tones)
            dream.primitive.limit = limit * max(1.0, self.plenty * (1 - 2 * step / self.steps))
            if step % every == 0:
                watch.seen(step, evaluate(dream, context))
            for group in optimizer.param_groups:
                group["lr"] = self.rate * min(1.0, 2.2 * (1 - step / self.steps))
            dream.zero_grad(set_to_none=True)
            image = context.renderer(dream, context.size)
            around = partial(mirrored, context.transform.jitter, size)
            views = (min(context.transform.view, size[0]), min(context.transform.view, size[1]))
            whole = around(image)
            warp = context.transform.sample(context.generator, 1, (whole.shape[-2], whole.shape[-1]), views, 0)
            frame = context.frame(
                dream,
                image,
                warp.apply(whole, paper),
                step,
                look=lambda picture, warp=warp, around=around: warp.apply(around(picture), paper),
            )
            terms = {name: objective(frame) for name, objective in context.driving.items()}
            context.balance(terms, image, step)
            weighted = {name: context.weight(name) * term for name, term in terms.items()}
            total = torch.stack(list(weighted.values())).sum()
            total.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses = {name: float(value.detach()) for name, value in weighted.items()}
            watch.step(Step(step + 1, self.steps, losses, float(total.detach())))
            watch.checkpoint(partial(self._state, dream, optimizer, context, step + 1))
        assert isinstance(dream.primitive, Tones)
        dream.primitive.limit = limit
        watch.seen(self.steps, evaluate(dream, context))
        for objective in context.objectives.values():
            if objective.balance is not None:
                objective.balance.reset()  # what follows has another picture
        return dream

    @staticmethod
    def _state(dream: Drawing, optimizer: Adam, context: Context, step: int) -> dict[str, Any]:
        """All that a later call needs to go on after `step` steps as if nothing had happened."""
        return {
            "dream": dream.pack(),
            "optimizer": optimizer.state_dict(),
            "generator": context.generator.get_state(),
            "objectives": {name: objective.state_dict() for name, objective in context.objectives.items()},
            "step": step,
        }

    def _limit(self, context: Context, drawing: Drawing) -> float:
        """Layers of ink on average that the dream ends with."""
        tips = sorted(pen.tip_mm for pen in context.pens.pens)
        return self.ink or layers_of_ink(context, drawing.canvas.area_mm2, tips[len(tips) // 2])

    def _first(self, drawing: Drawing, context: Context, watch: Watch) -> Drawing:
        """Faint planes of all pens."""
        canvas = drawing.canvas
        if not context.objectives:
            raise InputError("stages: dream needs an objective that looks at pictures; give --neuron LAYER:UNIT")
        pens = [context.pens.pens[i] for i in order_pens(context.pens.pens)]
        rgb = np.stack([hex_to_rgb(pen.hex) for pen in pens])
        if float(ciede2000(to_lab(rgb), to_lab(hex_to_rgb(canvas.paper))[None]).max()) < FAINT:
            raise InputError(f"pens.set: no pen of it is seen on paper of {canvas.paper}; take other pens or paper")
        limit = self._limit(context, drawing)
        if limit < LEAST_INK:
            raise InputError(
                f"minutes: {context.minutes:g} are too few for {canvas.area[2]:.0f} x {canvas.area[3]:.0f} mm and "
                f"{context.pen_count} pens; take more minutes, fewer pens (pens.count) or a smaller page"
            )
        height, width = canvas.pixels(context.size)
        watch.say(f"{width} x {height} px, up to {limit:.2f} layers of ink")
        widest = max(pen.tip_mm for pen in pens)
        smooth = max(FINEST_PX, 0.5 * self.tip * widest * context.size / canvas.mm_per_unit)
        planes = tones(canvas, context.size, len(pens), smooth, limit, context.generator)
        return Drawing(canvas, planes, Penned(pens, torch.arange(len(pens)))).to(drawing.device)

    def _optimizer(self, dream: Drawing) -> Adam:
        # gradients of a mean over a page are far below the usual eps of 1e-8
        return Adam(dream.parameters(), lr=self.rate, eps=1e-12)

    def _narrow(
        self, dream: Drawing, optimizer: Adam, context: Context, event: int, watch: Watch
    ) -> tuple[Drawing, Adam]:
        """Fewer pens: those without which the picture loses least are left out; the rest goes on with its averages."""
        have, events = len(dream), len(self.narrow)
        last = event == events - 1
        if self.keep is not None and not last:
            return dream, optimizer
        if self.keep is not None:
            left, curve = enough_pens(dream, context, self.keep)
            watch.tell("pen_count", {"keep": self.keep, "chosen": len(left), "curve": curve})
        else:
            # geometrically, so that each time the same share of the pens goes
            to = context.pen_count
            to = to if last else max(to, round(to * (have / to) ** (1 - 1 / (events - event))))
            if to >= have:
                return dream, optimizer
            left = fewer_pens(dream, context, to)
        keep = torch.tensor(left)
        moments = optimizer.state_dict()["state"].get(0, {})  # none before the first step
        dream = only(dream, left)
        optimizer = self._optimizer(dream)
        for parameter in dream.parameters() if moments else ():
            optimizer.state[parameter] = {
                key: value[keep].clone() if value.ndim else value.clone() for key, value in moments.items()
            }
        watch.say(f"pens: {', '.join(pen.name for pen in dream.ink.pens)}")
        return dream, optimizer


def _at_network_scale(context: Context, canvas: Canvas) -> Context:
    """The context of a canvas that is as large as the network sees it, and of objectives that judge a picture."""
    size = context.network_size or context.size
    px = canvas.pixels(size)
    objectives = {n: o.at(px) for n, o in context.objectives.items() if not o.of_strokes}
    return replace(context, size=size, objectives=objectives)


def mirrored(rim: int, size: tuple[int, int], picture: Tensor) -> Tensor:
    """A picture of the whole canvas, `[1, 3, H, W]`, at `size`, and `rim` px of its mirror image around it.

    Beyond the page is paper, but to a style its edge would be a bar that costs no ink: so the page is seen to go on.
    """
    rim = min(rim, min(size) - 1)
    picture = picture if picture.shape[-2:] == size else resize(picture, *size)
    return pad(picture, (rim, rim, rim, rim), mode="reflect")


def layers_of_ink(context: Context, area_mm2: float, tip_mm: float) -> float:
    """Layers of ink that the plotter lays on `area_mm2` in the context's minutes, in lines of `LINE_MM`; 0: none."""
    if context.minutes is None:
        return MOST_INK
    pens = context.pen_count
    left = 60 * context.minutes - context.machine.change_seconds(pens)

    def within(layers: float) -> bool:
        ink_mm = layers * area_mm2 / tip_mm
        lines = [ink_mm / LINE_MM / pens] * pens
        return expected_seconds(context.machine, lines, ink_mm, area_mm2) <= left

    low, high = 0.0, MOST_INK
    if within(high):
        return high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle) else (low, middle)
    return low
