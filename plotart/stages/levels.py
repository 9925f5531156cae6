"""From a classifier to pens: the level sets of its field as lines, and the points of the cloud as marks."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from skimage.measure import find_contours
from torch import Tensor

from plotart.core.errors import InputError
from plotart.core.geometry import Path, polyline
from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.primitives.classifier import TOGETHER, Classifier
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.trace import boldest, strokes_of
from plotart.stages.watch import Watch

__all__ = ["Levels"]

CELLS_PER_MM = 3.0
"""Of the grid on which contours are found, linear between its corners."""
MARK_MM = 1.1
"""Half the size of a point's mark: a circle for +1, a cross for -1."""


@stages.register("levels")
class Levels(Stage):
    """Turn a classifier into strokes of pens, for good: its level sets, and the points.

    The border f = 0 and the points are drawn in the pen that is seen best on the paper, `each` levels of f below 0 in
    the first of the other pens and `each` above it in the second, as far as there are.
    """

    reduces = True

    each: int = Field(6, ge=0, le=100, description="levels on either side of the border, evenly from it to -1 and +1")
    points: bool = Field(True, description="whether the points of the cloud are drawn: circles are +1, crosses -1")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"cloud"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"levels"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return f"{at}: {TOGETHER}"

    def check(self, config: Whole, at: str) -> None:
        for stage in config.stages[: list(config.stages).index(self)]:
            if not stage.fits:
                raise InputError(f"stages: before 'levels' a classifier can only be fitted, not by '{stage.kind}'")

    def wants_free(self, palette: str) -> bool:
        return True

    def settles(self, palette: str) -> bool:
        return True

    @torch.no_grad()
    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        classifier, canvas = drawing.primitive, drawing.canvas
        if not isinstance(classifier, Classifier):
            return drawing.copy()
        bold = boldest(context.pens.pens, canvas.paper)
        others = [pen for pen in context.pens.pens if pen is not bold] or [bold]
        pens = [bold, others[0], others[min(1, len(others) - 1)]]
        field, cell = _sampled(classifier, canvas.unit_size, canvas.mm_per_unit)
        marks = [(path, 0) for path in _contours(field, cell, 0.0)]
        for number in range(1, self.each + 1):
            level = number / (self.each + 1)
            marks += [(path, 1) for path in _contours(field, cell, -level)]
            marks += [(path, 2) for path in _contours(field, cell, level)]
        lines = len(marks)
        if self.points:
            marks += [(path, 0) for path in _points(classifier, MARK_MM / canvas.mm_per_unit)]
        if not marks:
            raise InputError("stages: the classifier tells nothing apart and draws no points; more steps are needed")
        wrong = int((classifier.field(classifier.cloud).sign() != classifier.label).sum())
        watch.tell("classifier", {"error": float(classifier.error()), "wrong": wrong, "points": len(classifier.label)})
        watch.say(f"{wrong} of {len(classifier.label)} points on the wrong side; {lines} level lines")
        return strokes_of(drawing, marks, pens)


def _sampled(
    classifier: Classifier, extent: tuple[float, float], mm_per_unit: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """f at the corners of a grid over the canvas, `[H, W]`, and the width and height of a cell, `[2]` unit."""
    sides = [int(np.ceil(side * mm_per_unit * CELLS_PER_MM)) + 1 for side in extent]
    x, y = (torch.linspace(0, side, count) for side, count in zip(extent, sides, strict=True))
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).to(classifier.net)
    rows: list[Tensor] = [classifier.field(row) for row in places]
    field: NDArray[np.float64] = torch.stack(rows).double().cpu().numpy()
    return field, np.array(extent) / (np.array(sides) - 1)


def _contours(field: NDArray[np.float64], cell: NDArray[np.float64], level: float) -> list[Path]:
    """The lines on which the field has that level, unit."""
    found = find_contours(field, level)  # type: ignore[no-untyped-call]
    return [polyline(line[:, ::-1] * cell) for line in found if len(line) > 2]


def _points(classifier: Classifier, half: float) -> list[Path]:
    turn = np.linspace(0, 2 * np.pi, 13)
    ring = half * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    slant = half * np.array([[-0.8, -0.8], [0.8, 0.8]])
    found = []
    for place, label in zip(classifier.cloud.double().cpu().numpy(), classifier.label.tolist(), strict=True):
        found += [polyline(place + line) for line in ([ring] if label > 0 else [slant, slant * [1, -1]])]
    return found
