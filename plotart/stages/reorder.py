"""Shapes that lie over each other in the wrong order change places."""

from __future__ import annotations

import torch
from pydantic import Field

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.primitives import Primitive
from plotart.raster.forms import EDGE_PX
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.judge import evaluate
from plotart.stages.watch import Watch

__all__ = ["Reorder"]


@stages.register("reorder")
class Reorder(Stage):
    """Swap two shapes of the ink `over` in drawing order wherever that lowers the objectives, in `tries` random pairs.

    Descent cannot: between the two orders lie worse pictures. Pairs are drawn among those that overlap, each once.
    With `opaque`, a swap is also tried with both shapes fully opaque, for descent makes shapes that lie in the wrong
    order transparent.
    """

    inks = ("over",)

    tries: int = Field(100, ge=1, le=1_000_000)
    opaque: bool = True

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"shapes"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "shapes":
            return f"{at}: {self.kind} is for filled shapes; primitive.kind must be circles, paths or splats"
        return super().lacks(need, at, config)

    @property
    def costs(self) -> Costs:
        return Costs(Cost(0.4))

    @torch.no_grad()
    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        if not drawing.primitive.filled or not drawing.ink.ordered:
            raise InputError(
                f"stages: reorder swaps shapes in the ink over, not {drawing.primitive.kind} in {drawing.ink.kind}"
            )
        best, total = drawing.copy(), evaluate(drawing, context).total
        swaps = 0
        pairs = _overlapping(drawing.primitive)
        order = torch.randperm(len(pairs), generator=context.generator)[: self.tries]
        for i, j in pairs[order].tolist():
            places = torch.arange(len(drawing))
            places[i], places[j] = j, i
            rivals = [best.subset(places.to(best.device))]
            if self.opaque:
                rivals.append(rivals[0].copy())
                rivals[1].ink.hide_below_([i, j])
            found = [evaluate(rival, context).total for rival in rivals]
            if min(found) < total:
                total = min(found)
                best = rivals[found.index(total)]
                swaps += 1
        watch.say(f"{swaps} of {len(order)} pairs changed places")
        return best


def _overlapping(primitive: Primitive) -> torch.Tensor:
    """Pairs of shapes whose boxes meet: `[M, 2]`, the lower one first."""
    x0, y0, x1, y1 = primitive.boxes(EDGE_PX / 512).cpu().unbind(1)
    meet = (x0[:, None] < x1) & (x1[:, None] > x0) & (y0[:, None] < y1) & (y1[:, None] > y0)
    return meet.triu(1).nonzero()
