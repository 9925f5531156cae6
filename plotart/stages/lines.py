"""Lines laid for tones: those of a dream, or those that a separation finds in a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from plotart.core.errors import InputError
from plotart.core.images import reduced
from plotart.drawing import Drawing
from plotart.drawing.ink import PenInk, Penned
from plotart.drawing.primitives.strokes import Strokes, StrokesSpec
from plotart.drawing.primitives.tones import Tones
from plotart.objectives.dream import Dreamed
from plotart.objectives.penalties import PlotTime
from plotart.pens import Pen
from plotart.plot.motion import expected_seconds
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.narrow import with_tips
from plotart.stages.prune import keep_within, plot_seconds, plot_time
from plotart.stages.separation import fewer_pens, separate
from plotart.stages.streamlines import Laying, bezier, lay_lines
from plotart.stages.watch import Watch

__all__ = ["Lines"]

AIM = 0.94
"""The share of the minutes that lines are laid for."""
MOST_GAIN = 6.0
"""Lines are laid at most so many times as densely as dreamed."""
TRIALS = 4
"""How often lines are laid at most until they take that long."""

Floats = NDArray[np.float64]


@stages.register("lines")
class Lines(Stage):
    """Lay lines where each pen's ink is wanted: along the ridges and edges of its plane, as close as that is dark.

    Where a shape is as narrow as a line it is outlined, where it is wide it is hatched, and where paper is wanted there
    is none. All lines are drawn denser or sparser by one factor, so that they plot in the run's minutes. The drawing's
    own number of strokes is the most that are laid; its segments are those of a line.
    """

    leaves = ("dream.png",)
    keeps_minutes = True
    lays_anew = True
    usual_strokes = 500
    reduces = True

    shortest_mm: float = Field(2.5, gt=0, le=1000, description="no shorter lines are laid")
    longest_mm: float = Field(45.0, gt=0, le=10000, description="where a line is ended and another begins")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"strokes"})

    def settles(self, palette: str) -> bool:
        return palette != "kmeans"

    @property
    def costs(self) -> Costs:
        return Costs(Cost(2.8))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        planes, pens = self._wanted(drawing, context, watch)
        asked = context.primitive
        if not isinstance(asked, StrokesSpec):
            raise InputError("stages: lines are strokes; primitive.kind must be strokes")
        mm_per_px = drawing.canvas.area[2] / planes.shape[2]
        state = context.generator.get_state()

        def laid(gain: float) -> Drawing:
            context.generator.set_state(state)  # the same lines but for their density
            lines, pen = [], []
            for k, each in enumerate(pens):
                own = lay_lines(planes[k], mm_per_px, each.tip_mm, self._laying(each), context.generator, gain)
                lines += own
                pen += [k] * len(own)
            return self._drawing(drawing, lines, pen, pens, asked.segments)

        found = self._in_time(laid, context, watch)
        if len(found) > asked.count:
            found = found.subset(torch.arange(len(found))[: asked.count])
        time = context.objectives.get("time")
        if isinstance(time, PlotTime) and context.minutes is not None:
            time.take(plot_time(found, context.machine, (1 + AIM) / 2 * 60 * context.minutes))
        ink = float(_lengths_mm(found).sum()) / 1000
        counts = ", ".join(f"{int((found.ink.chosen() == k).sum())} {pen.name}" for k, pen in enumerate(pens))
        watch.say(f"{len(found)} lines, {ink:.1f} m: {counts}")
        return found

    def _wanted(self, drawing: Drawing, context: Context, watch: Watch) -> tuple[Floats, list[Pen]]:
        """What each pen is to cover, `[K, h, w]`, and the pens."""
        dream, picture = context.objectives.get("dream"), context.picture
        if isinstance(drawing.primitive, Tones) and isinstance(drawing.ink, Penned):
            if isinstance(dream, Dreamed):
                with torch.no_grad():
                    image = context.renderer(drawing, context.size)
                dream.remember(image)
                watch.picture("dream", image)
            return drawing.primitive.covered().detach().double().cpu().numpy(), list(drawing.ink.pens)
        if picture is None:
            raise InputError(
                "stages: lines are laid for a picture or a dream; give --image, or the stage 'dream' before"
            )
        if not isinstance(drawing.ink, PenInk):
            raise InputError("stages: lines are laid in real pens; take palette learned or fixed")
        target, paper, pens = reduced(picture), drawing.canvas.paper_rgb, list(drawing.ink.pens)
        if len(pens) > context.pen_count:
            pens = [pens[i] for i in fewer_pens(target, pens, paper, context.pen_count)[-1][0]]
            watch.say(f"pens: {', '.join(pen.name for pen in pens)}")
        return separate(target, pens, paper).double().numpy(), pens

    def _laying(self, pen: Pen) -> Laying:
        shortest = max(self.shortest_mm, 3 * pen.tip_mm)
        return Laying(shortest, max(self.longest_mm, shortest))

    @staticmethod
    def _drawing(
        drawing: Drawing, lines: Sequence[Floats], pen: list[int], pens: Sequence[Pen], segments: int
    ) -> Drawing:
        if not lines:
            raise InputError("stages: there is nothing dark enough for a line; more minutes or other pens are needed")
        points = torch.from_numpy(bezier(list(lines), segments) / drawing.canvas.mm_per_unit).float()
        primitive = Strokes(points, torch.ones(len(points)))
        laid = Drawing(drawing.canvas, primitive, Penned(pens, torch.tensor(pen))).to(drawing.device)
        return with_tips(laid)

    def _in_time(self, laid: Callable[[float], Drawing], context: Context, watch: Watch) -> Drawing:
        """Lines of that density at which they take the run's minutes."""
        gain, ratio = 1.0, 1.0
        found = laid(gain)
        if context.minutes is None:
            return found
        limit = 60 * context.minutes
        aim = AIM * limit
        for trial in range(TRIALS):
            seconds = ratio * self._expected(found, context)
            if trial == 0:
                ratio = plot_seconds(found, context.machine) / seconds
                seconds *= ratio
            if 0.96 * aim <= seconds <= 1.02 * aim or (gain >= MOST_GAIN and seconds < aim):
                break
            gain = min(MOST_GAIN, gain * (aim / seconds) ** 1.1)
            found = laid(gain)
        watch.say(f"{gain:.2f} times as dense as dreamed")
        if plot_seconds(found, context.machine) > aim * 1.01:
            found = found.subset(keep_within(found, _lengths_mm(found), aim, context.machine))
        return found

    @staticmethod
    def _expected(drawing: Drawing, context: Context) -> float:
        lines = torch.bincount(drawing.ink.chosen(), minlength=len(drawing.ink.pens)).tolist()
        ink = float(_lengths_mm(drawing).sum())
        pens = context.machine.change_seconds(len(lines))
        return pens + expected_seconds(context.machine, lines, ink, drawing.canvas.area_mm2)


@torch.no_grad()
def _lengths_mm(drawing: Drawing) -> Tensor:
    assert isinstance(drawing.primitive, Strokes)
    return drawing.primitive.lengths() * drawing.canvas.mm_per_unit
