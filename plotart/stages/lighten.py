"""No more ink than paper bears: at the most loaded places strokes are taken away, those first that are missed least."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import distance_transform_edt, maximum_filter
from torch import Tensor

from plotart.core.geometry import Path, evaluate
from plotart.drawing import Drawing
from plotart.drawing.ink_load import SQUARE_CELLS, STEP_MM
from plotart.plot.written import load_of, written
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.fit import Fit
from plotart.stages.judge import presence_slopes
from plotart.stages.watch import Part, Watch

__all__ = ["Lighten", "worth"]

FEW = 0.01
"""The share of the strokes that may go without the others being fitted again."""
_ROUNDING = 1e-3


@stages.register("lighten")
class Lighten(Stage):
    """Take strokes away until no square millimetre of the page carries more than `layers` of ink.

    Of the long lines of a look only the piece goes that lies there, and two shorter ones are left.
    With `refit` the others then do the work of those that are gone, as long as those were more than 1 %; what that
    fit lays over the limit goes, too.
    """

    layers: float = Field(ge=1, le=1000, description="layers of ink on a square millimetre")
    refit: Fit | None = None

    @property
    def likely_steps(self) -> int:
        return 0 if self.refit is None else self.refit.steps // 2  # there is often too little ink for it

    @property
    def costs(self) -> Costs:
        looking = Cost(stroke=0.1e-3)
        return Costs(looking) if self.refit is None else Costs(Cost(0.5, 0.6e-3), after=Cost(stroke=0.3e-3))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        refit, saved = self.refit, watch.saved
        if saved is None:
            drawing, before = self._lightened(drawing.copy(), context, watch), _cubics(drawing)
            if refit is None or _cubics(drawing) > (1 - FEW) * before:
                return drawing
        assert refit is not None
        inner = None if saved is None else saved["fit"]
        drawing = refit(drawing, context, watch=Part(watch, {}, inner, 0, refit.steps))
        return self._lightened(drawing, context, watch)

    def _lightened(self, drawing: Drawing, context: Context, watch: Watch) -> Drawing:
        limit, before, first = self.layers - _ROUNDING, len(drawing), 0.0
        while len(drawing) > 1:
            load = load_of(written(drawing))
            first = first or float(load.max())
            if float(load.max()) <= limit:
                break
            drawing = self._lighter(drawing, load, limit, worth(drawing, context))
        if first > limit:
            left = float(load_of(written(drawing)).max())
            cut = f"{before} lines cut, {len(drawing)} now" if len(drawing) >= before else ""
            watch.say(
                f"{cut or f'{before - len(drawing)} of {before} strokes taken away'}: "
                f"{first:.1f} layers of ink at the most, now {left:.1f}"
            )
        return drawing

    @staticmethod
    def _lighter(drawing: Drawing, load: Tensor, limit: float, value: Tensor) -> Drawing:
        """The drawing after one round: of those that meet at an overloaded place one is taken away, or cut.

        It is the one worth least for the ink it lays there, and one only: the others are worth more once it is gone.
        """
        over = np.pad(load.numpy() > limit, (0, SQUARE_CELLS - 1))  # by the first cell of each square
        # a cell belongs to the squares that begin up to a square before it; ink reaches half a tip to either side
        loaded = maximum_filter(over, SQUARE_CELLS, origin=SQUARE_CELLS // 2 - 1, mode="constant")
        away = distance_transform_edt(~loaded)
        widest = float(drawing.primitive.width.max()) * drawing.canvas.mm_per_unit  # type: ignore[operator]
        paths = drawing.primitive.paths()
        # joined ends have moved by up to half a tip, so that rarely the stroke that counts lies a little beside
        for reach in (widest / 2 / STEP_MM, widest / STEP_MM + 4):
            there = [_places(drawing, path, away <= reach) for path in paths]
            found = [i for i, (places, _) in enumerate(there) if len(places)]
            if found:
                break
        else:
            raise RuntimeError("an overloaded place without a stroke on it")
        # what a piece of a line is worth follows from the line; one stroke goes as a whole
        ink = [len(path) // 3 if drawing.primitive.in_pieces else len(there[i][0]) for i, path in enumerate(paths)]
        gone: dict[int, set[int]] = {}
        done: set[tuple[int, int]] = set()
        for i in sorted(found, key=lambda i: float(value[i]) / ink[i]):
            places = set(map(tuple, there[i][0].tolist()))
            if not places & done:
                gone[i] = set(there[i][1].tolist())
                done |= places
        return drawing.without(gone)


def _cubics(drawing: Drawing) -> int:
    return sum(len(path) // 3 for path in drawing.primitive.paths())


def _closely(path: Path, spacing: float) -> NDArray[np.float64]:
    """Parameters `[P]` of points on a path, no further from each other than `spacing`."""
    polygon = float(np.hypot(*np.diff(path, axis=0).T).sum())
    return np.linspace(0, (len(path) - 1) // 3, 2 + int(3 * polygon / spacing))


def _places(drawing: Drawing, path: Path, where: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The whole mm `[P, 2]` at which a path's close points lie `where` a grid of cells says so, and in which piece."""
    at = _closely(path, STEP_MM / drawing.canvas.mm_per_unit)
    points = drawing.canvas.to_mm(evaluate(path, at))
    column, row = np.floor(points / STEP_MM).astype(int).T
    inside = (column >= 0) & (column < where.shape[1]) & (row >= 0) & (row < where.shape[0])
    inside[inside] = where[row[inside], column[inside]]
    squares: NDArray[np.int64] = np.floor(points[inside]).astype(int)
    return squares, np.minimum(at[inside].astype(np.int64), len(path) // 3 - 1)


def worth(drawing: Drawing, context: Context) -> Tensor:
    """By how much the objectives would get worse without each stroke, to first order: `[N]`.

    It is minus the slope of their sum along the stroke's presence in the clean image; a stroke that lies under others
    of its own pen is worth nothing. The ink itself (`ink_load`) has no say.
    """
    presence = torch.ones(len(drawing), device=drawing.device)
    return -presence_slopes(drawing, context, presence, without=("ink", "ink_load", "strokes"))
