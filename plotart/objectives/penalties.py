"""What a plot costs: ink, strokes, minutes, sharp bends, and strokes that hang off the page."""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from plotart.drawing.ink_load import ink_load
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = [
    "Bends", "InkLoad", "InkLoadSpec", "InkSpent", "OffPage", "PlotTime", "PlotTimeSpec",
    "StrokeCount",
]  # fmt: skip


COARSE_MM = 1.0
"""The grid on which squares are looked at while strokes are fitted; one of 0.5 mm takes twice as long."""


def _presence(frame: Frame) -> Tensor:
    """How much each stroke shows, `[N]` in 0..1: its strongest absorption; 1 once it belongs to a pen."""
    shown: Tensor = frame.drawing.ink.strength()
    return shown


class _OfStrokes(Objective):
    """What is told by the drawing, whatever its image."""

    of_strokes = True

    @property
    def needs_whole_image(self) -> bool:
        return False


class InkSpent(_OfStrokes):
    """Layers of ink the strokes lay on the canvas on average, above `budget`: relu(sum l w p / area - budget).

    l is a stroke's length, w its width and p how much it shows.
    """

    local = False

    def __init__(self, budget: float) -> None:
        super().__init__()
        self.budget = budget

    def forward(self, frame: Frame) -> Tensor:
        drawing = frame.drawing
        width, height = drawing.canvas.unit_size
        ink = (drawing.primitive.lengths() * drawing.primitive.width * _presence(frame)).sum() / (width * height)
        load: Tensor = ink - self.budget
        return load.clamp_min(0)


class InkLoad(_OfStrokes):
    """Ink above `limit` layers on single places: mean over all square millimetres of the page of relu(load - limit)^2.

    The load is that of `plotart.drawing.ink_load`, each stroke counted by how much it shows.
    """

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    @property
    def most_layers(self) -> float:
        return self.limit

    def forward(self, frame: Frame) -> Tensor:
        drawing = frame.drawing
        page, area = drawing.canvas.page, drawing.canvas.area
        curves, owner, ends = drawing.primitive.cubics()
        curves = curves * drawing.canvas.mm_per_unit
        curves = curves + torch.tensor(area[:2], dtype=curves.dtype, device=curves.device)
        width = drawing.primitive.width * drawing.canvas.mm_per_unit
        size_mm = (page.width_mm, page.height_mm)
        load = ink_load(curves, width[owner], ends, size_mm, _presence(frame)[owner], COARSE_MM)
        excess: Tensor = (load - self.limit).clamp_min(0).square().mean()
        return excess


class StrokeCount(_OfStrokes):
    """Strokes that will be plotted, counted softly: mean of p l / (l + w). Short and faint ones are dropped later."""

    local = False

    def forward(self, frame: Frame) -> Tensor:
        strokes = frame.drawing.primitive
        length: Tensor = strokes.lengths()
        shown: Tensor = _presence(frame) * length / (length + strokes.width)
        return shown.mean()


class PlotTime(_OfStrokes):
    """Minutes that the plot takes beyond `budget`: relu(other + sum (per_mm l + per_lift l / (l + w)) - budget) / 60.

    l is a stroke's length and w its width in mm: a stroke that shrinks to nothing costs no lift, for it is not plotted.

    Args:
        per_mm: seconds for a millimetre of ink. per_lift: seconds for a stroke's lift, lowering and the way to it.
        other: seconds that do not depend on the strokes. budget: seconds that cost nothing.
    """

    local = False
    seconds: Tensor

    def __init__(self, per_mm: float, per_lift: float, other: float, budget: float) -> None:
        super().__init__()
        self.register_buffer("seconds", torch.tensor([per_mm, per_lift, other, budget], dtype=torch.float64))

    def take(self, other: PlotTime) -> None:
        """Count with the seconds of another clock from now on."""
        self.seconds.copy_(other.seconds)

    @property
    def budget_s(self) -> float:
        return float(self.seconds[3])

    def each(self, drawing: Any) -> Tensor:
        """Seconds of each stroke, `[N]`, differentiable."""
        mm = drawing.canvas.mm_per_unit
        length: Tensor = drawing.primitive.lengths() * mm
        per_mm, per_lift = self.seconds[:2].tolist()
        seconds: Tensor = per_mm * length + per_lift * length / (length + drawing.primitive.width * mm)
        return seconds

    def forward(self, frame: Frame) -> Tensor:
        other, budget = self.seconds[2:].tolist()
        beyond: Tensor = other + self.each(frame.drawing).sum() - budget
        return beyond.clamp_min(0) / 60


class Bends(_OfStrokes):
    """Bending of the control polygons: mean squared second difference of neighbouring control points, unit squared."""

    local = False

    def forward(self, frame: Frame) -> Tensor:
        turns: Tensor = frame.drawing.primitive.turns()
        return turns.square().sum(-1).mean()


class OffPage(_OfStrokes):
    """Mean squared distance of the control points from the canvas, 0 for those on it; unit squared."""

    local = False

    def forward(self, frame: Frame) -> Tensor:
        points: Tensor = frame.drawing.primitive.points
        extent = torch.tensor(frame.drawing.canvas.unit_size, dtype=points.dtype, device=points.device)
        outside = (-points).clamp_min(0) + (points - extent).clamp_min(0)
        return outside.square().sum(-1).mean()


class _OfStrokesSpec(ObjectiveSpec):
    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"curves"})


@objectives.register("ink")
class InkSpentSpec(_OfStrokesSpec):
    makes = InkSpent

    budget: float = Field(0.0, ge=0, description="layers of ink that cost nothing")

    def build(self, context: ObjectiveContext) -> InkSpent:
        return InkSpent(self.budget)


@objectives.register("ink_load")
class InkLoadSpec(_OfStrokesSpec):
    makes = InkLoad

    limit: float = Field(3.0, gt=0, description="layers of ink on a square millimetre that cost nothing")

    def build(self, context: ObjectiveContext) -> InkLoad:
        return InkLoad(self.limit)


@objectives.register("strokes")
class StrokeCountSpec(_OfStrokesSpec):
    makes = StrokeCount

    def build(self, context: ObjectiveContext) -> StrokeCount:
        return StrokeCount()


@objectives.register("time")
class PlotTimeSpec(_OfStrokesSpec):
    """Minutes that the plot takes beyond `minutes`, or beyond the run's own, where it has them; pen changes aside.

    Strokes pay for their length and for their lift, so that those shrink to nothing which do least for the drawing:
    their number is learned, too.
    """

    makes = PlotTime

    minutes: float = Field(60.0, gt=0, le=100_000)

    def build(self, context: ObjectiveContext) -> PlotTime:
        if context.pace is None:
            raise ValueError("the time objective needs the pace of a plotter")
        minutes = self.minutes if context.minutes is None else context.minutes
        return PlotTime(*context.pace, other=0.0, budget=60 * minutes)


@objectives.register("curvature")
class BendsSpec(_OfStrokesSpec):
    makes = Bends

    def build(self, context: ObjectiveContext) -> Bends:
        return Bends()


@objectives.register("page")
class OffPageSpec(_OfStrokesSpec):
    makes = OffPage

    def build(self, context: ObjectiveContext) -> OffPage:
        return OffPage()
