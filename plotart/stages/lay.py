"""Lines of a look, laid where each pen's ink is wanted, as many as plot in the minutes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field
from scipy.linalg import solve_banded
from torch import Tensor

from plotart.core.color import hex_to_rgb, to_lab
from plotart.core.errors import InputError
from plotart.core.images import reduced
from plotart.core.parts import Whole
from plotart.core.polylines import points_at, ways
from plotart.core.settings import picked
from plotart.core.tables import Table
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.splines import Splines
from plotart.objectives.penalties import PlotTime
from plotart.pens import Pen
from plotart.plot.motion import expected_seconds
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.count import ENOUGH, pen_count_table
from plotart.stages.looks import Laid, Wanted, looks
from plotart.stages.narrow import with_tips
from plotart.stages.place import UNSEEN, choose_pens, lightness_of
from plotart.stages.prune import plot_seconds, plot_time
from plotart.stages.separation import separate
from plotart.stages.watch import Watch

__all__ = ["Lay", "resampled", "vertices"]

SIDE = 192
"""Short side in px of the picture that lines are laid for."""
COARSE = 64
"""Of the one on which colours are separated first."""
AIM = 0.96
"""The share of the time that lines are laid for."""
TRIALS = 5
"""How often lines are laid at most until they take that long."""
MOST_GAIN = 1.15
"""Lines are laid at most so many times as dark as the separation says: what lies over each other covers less."""

Floats = NDArray[np.float64]


def _named(value: Any) -> Any:
    """A look by its name alone has its usual settings."""
    named = {"kind": value} if isinstance(value, str) else value
    kind = named.get("kind") if isinstance(named, Mapping) else None
    if isinstance(kind, str) and kind in looks and looks[kind].stage != "lay":
        raise ValueError(f"the stage '{looks[kind].stage}' lays the look '{kind}'")
    return named


AnyLook = Annotated[Laid, *picked(looks), BeforeValidator(_named)]


@stages.register("lay")
class Lay(Stage):
    """Lay the lines of a `look` for the picture that `pixels` wants.

    Pens are taken as by `place`, and the picture is separated into a share of the paper for each. The look lays lines
    for each pen's share. Where they take longer than the minutes all are laid for tones that are lighter by one factor,
    and less so in the run's focus. The drawing's own number of lines is the most that are laid.
    """

    lays_anew = True
    usual_strokes = 1500

    look: AnyLook
    keep: float | None = Field(None, gt=0, le=1, description="share of what all pens do that fewer must keep")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"picture", "chains"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "picture":
            return f"look: '{self.look.kind}' is a way to draw a picture; give --image, or leave --look out"
        return f"look: '{self.look.kind}' lays splines, so primitive.kind must be splines, not {config.primitive.kind}"

    def check(self, config: Whole, at: str) -> None:
        if config.free_first:
            raise InputError("look: looks are drawn in real pens; take palette learned or fixed, or leave --look out")
        self.look.check(config, f"{at}.look")

    def counted(self) -> Sequence[Stage]:
        return (self.model_copy(update={"keep": ENOUGH}),)

    def settles(self, palette: str) -> bool:
        return palette != "kmeans"

    def label(self, config: Whole) -> Sequence[str]:
        return (self.look.kind,)

    @classmethod
    def report(cls, figures: Mapping[str, Any]) -> Sequence[Table]:
        return pen_count_table(figures)

    @property
    def costs(self) -> Costs:
        return Costs(Cost(2.0))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        picture = context.picture
        if picture is None or not drawing.ink.pens:
            raise InputError("stages: a look is drawn for a picture in real pens; give --image and such a palette")
        target, paper, pens = reduced(picture), drawing.canvas.paper_rgb, list(drawing.ink.pens)
        if self.keep is not None or len(pens) > context.pen_count:
            pens = [pens[i] for i in choose_pens(target, pens, paper, context.pen_count, self.keep, watch)]
            watch.say(f"pens: {', '.join(pen.name for pen in pens)}")
        small = reduced(picture, SIDE)
        wanted, focus = self._wanted(drawing, small, pens, context), context.focused(small)
        state = context.generator.get_state()

        def laid(gain: float) -> Drawing:
            context.generator.set_state(state)  # the same lines but for their density
            return self._drawing(drawing, _held(wanted, focus, gain), pens, gain)

        found = self._in_time(laid, context, watch)
        time, limit = context.objectives.get("time"), _limit(context, len(pens))
        if isinstance(time, PlotTime) and limit < math.inf:
            time.take(plot_time(found, context.machine, (1 + AIM) / 2 * limit))
        counts = ", ".join(f"{int((found.ink.chosen() == k).sum())} {pen.name}" for k, pen in enumerate(pens))
        metres = float(found.primitive.lengths().detach().sum()) * drawing.canvas.mm_per_unit / 1000  # type: ignore[operator]
        watch.say(f"{len(found)} lines, {metres:.1f} m: {counts}")
        return found

    @staticmethod
    def _wanted(drawing: Drawing, target: Tensor, pens: Sequence[Pen], context: Context) -> list[Wanted]:
        planes = separate(target, pens, drawing.canvas.paper_rgb, coarse=COARSE).double().numpy()
        planes[planes < UNSEEN] = 0
        picture = target if context.picture is None else context.picture.cpu()
        light, sharp, focus = lightness_of(target), lightness_of(picture), context.focused(picture)
        matters = np.zeros_like(sharp) if focus is None else focus.double().numpy()
        dark = min(range(len(pens)), key=lambda k: float(to_lab(hex_to_rgb(pens[k].hex))[0]))
        ink = planes.mean((1, 2)) / np.array([pen.tip_mm for pen in pens])
        most = np.maximum(1, context.primitive.count * ink / max(float(ink.sum()), 1e-12)).astype(int)
        return [
            Wanted(
                planes=planes, light=light, sharp=sharp, focus=matters,
                mm_per_px=drawing.canvas.area[2] / planes.shape[2], tip_mm=pen.tip_mm, number=k, darkest=dark,
                count=context.primitive.count, most=int(most[k]), generator=context.generator,
            )
            for k, pen in enumerate(pens)
        ]  # fmt: skip

    def _drawing(self, drawing: Drawing, wanted: Sequence[Wanted], pens: Sequence[Pen], gain: float) -> Drawing:
        look, found, pen = self.look, list[Floats](), list[int]()
        for k, each in enumerate(wanted):
            lines = look.lines(each, gain)
            for line in lines:
                points = resampled(line, look.spacing_mm) if look.spacing_mm else line
                found.append(vertices(points) if look.passes else points)
            pen += [k] * len(lines)
        if not found:
            raise InputError("look: the picture has nothing dark enough for a line; other pens or paper are needed")
        laid = torch.from_numpy(np.concatenate(found) / drawing.canvas.mm_per_unit).float()
        extent = torch.tensor(drawing.canvas.unit_size, dtype=torch.float32)
        count = torch.tensor([len(line) for line in found])
        splines = Splines(laid, count, torch.ones(len(found)), extent=extent)
        splines.constrain_()
        splines.laid.copy_(splines.vertices.detach())
        made = Drawing(drawing.canvas, splines, Penned(pens, torch.tensor(pen)))
        most = wanted[0].count
        if len(made) > most and not look.counts:
            longest = splines.lengths().detach().argsort(descending=True, stable=True)[:most]
            made = made.subset(longest.sort().values)
        return with_tips(made.to(drawing.device))

    def _in_time(self, laid: Callable[[float], Drawing], context: Context, watch: Watch) -> Drawing:
        """Lines of the tone asked for, or of that tone at which they take the run's minutes."""
        gain, ratio, found = 1.0, 1.0, laid(1.0)
        if not self.look.rises:
            return found
        limit = _limit(context, len(found.ink.pens))
        for trial in range(TRIALS):
            seconds = ratio * _expected(found, context)
            if trial == 0 or seconds <= limit:  # the true time, where it may be the last one
                ratio *= plot_seconds(found, context.machine) / seconds
                seconds = ratio * _expected(found, context)
            if 0.95 * AIM * limit <= seconds <= AIM * limit or (gain >= MOST_GAIN and seconds < AIM * limit):
                break
            if trial == TRIALS - 1 and seconds <= limit:
                break
            gain = min(MOST_GAIN, gain * (0.985 * AIM * limit / seconds) ** (1 / self.look.rises))
            found = laid(gain)
        if gain < 1:
            watch.say(self.look.short.format(100 * gain))
        return found


def _held(wanted: Sequence[Wanted], focus: Tensor | None, gain: float) -> Sequence[Wanted]:
    """What is wanted, and so much more of it in the focus `[H, W]` that a `gain` below 1 leaves all of it there."""
    if focus is None or gain >= 1:
        return wanted
    planes = np.minimum(wanted[0].planes * gain ** -focus.double().cpu().numpy(), 1.0)
    return [replace(each, planes=planes) for each in wanted]


def _limit(context: Context, pens: int) -> float:
    """Seconds that the plot may take, pen changes included."""
    if context.minutes is not None:
        return 60 * context.minutes
    free = min((each.budget_s for each in context.objectives.values()), default=math.inf)
    return free + context.machine.change_seconds(pens)


def _expected(drawing: Drawing, context: Context) -> float:
    lines = torch.bincount(drawing.ink.chosen(), minlength=len(drawing.ink.pens)).tolist()
    ink = float(drawing.primitive.lengths().detach().sum()) * drawing.canvas.mm_per_unit  # type: ignore[operator]
    changes = context.machine.change_seconds(len(lines))
    return changes + expected_seconds(context.machine, lines, ink, drawing.canvas.area_mm2)


def resampled(line: Floats, spacing: float) -> Floats:
    """Points `[M', 2]` at even ways along a polyline `[M, 2]`, about `spacing` apart, both ends among them."""
    if len(line) < 2:
        return line
    way = ways(line)
    return points_at(line, way, np.linspace(0, way[-1], max(2, round(way[-1] / spacing) + 1)))


def vertices(points: Floats) -> Floats:
    """Those of the B-spline through points `[M, 2]`: v0 = p0, (v + 4 v + v) / 6 = p within, vM = pM."""
    count = len(points)
    if count < 3:
        return points
    bands = np.tile(np.array([[1.0], [4.0], [1.0]]) / 6, (1, count))
    bands[1, [0, -1]] = 1
    bands[0, 1] = bands[2, -2] = 0
    found: Floats = solve_banded((1, 1), bands, points)
    return found
