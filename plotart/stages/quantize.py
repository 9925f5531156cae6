"""From free colours to real pens: k-means in Lab, centres matched one to one to pens."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from plotart.core.color import ciede2000, from_lab, hex_to_rgb, rgb_to_hex, to_lab
from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.pens import Pen
from plotart.plot import order_pens
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.narrow import narrow, with_tips
from plotart.stages.watch import Watch

__all__ = ["Quantize", "match_pens"]


@stages.register("quantize")
class Quantize(Stage):
    """Reduce the colours of a drawing to the palette, for good.

    Free colours are clustered; a learned choice of pens is narrowed to as many as allowed and kept.

    `match: pens` takes real pens, `match: centres` the cluster centres themselves as pens (the published way, for
    comparison). Strokes that differ from the paper by less than `faint` (CIEDE2000 of the stroke alone on paper) are
    dropped, for no pen draws them.
    """

    reduces = True
    limits_pens = True

    match: Literal["pens", "centres"] = "pens"
    faint: float = Field(10.0, ge=0, le=100, description="CIEDE2000 to the paper below which a stroke is dropped")

    def settles(self, palette: str) -> bool:
        return True

    @property
    def costs(self) -> Costs:
        return Costs(Cost(0.03))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        if drawing.ink.settled:
            return drawing.copy()
        if drawing.ink.pens:
            return self._settle(narrow(drawing, context, context.pen_count, watch), watch)
        from sklearn.cluster import KMeans  # noqa: PLC0415 - takes a second, and learned pens need none

        lab = to_lab(drawing.ink.stroke_rgb().double().numpy())
        paper = to_lab(drawing.canvas.paper_rgb.double().numpy())
        keep = np.flatnonzero(ciede2000(lab, paper[None, :]) >= self.faint)
        if len(keep) == 0:
            raise InputError(
                "pens: the drawing holds only paper-coloured strokes; more steps or another start is needed"
            )
        count = min(context.pen_count, len(np.unique(lab[keep].round(3), axis=0)))
        area = drawing.primitive.area().double().numpy()[keep]
        means = KMeans(count, n_init=8, random_state=int(torch.randint(2**31, (), generator=context.generator)))
        means.fit(lab[keep], sample_weight=area)
        pens = self._pens(means.cluster_centers_, context)
        order = order_pens(pens)
        place = np.empty(count, dtype=np.int64)
        place[order] = np.arange(count)
        palette = [pens[i] for i in order]
        pen = torch.from_numpy(place[means.labels_])
        primitive = drawing.primitive.subset(torch.from_numpy(keep))
        watch.say(
            f"pens: {', '.join(p.name for p in palette)}; {len(lab) - len(keep)} of {len(lab)} strokes were too faint"
        )
        return with_tips(Drawing(drawing.canvas, primitive, Penned(palette, pen)))

    @staticmethod
    def _settle(drawing: Drawing, watch: Watch) -> Drawing:
        """The learned choice of pens, made for good."""
        ink = drawing.ink.settle()
        watch.say(f"pens: {', '.join(p.name for p in ink.pens)}")
        return with_tips(Drawing(drawing.canvas, drawing.primitive, ink).copy())

    def _pens(self, centres: NDArray[np.float64], context: Context) -> list[Pen]:
        pens = list(context.pens.pens)
        if self.match == "centres":
            tip = float(np.median([p.tip_mm for p in pens]))
            colours = [rgb_to_hex(from_lab(centre)) for centre in centres]
            return [Pen(name=f"{i} {c}", hex=c, tip_mm=tip) for i, c in enumerate(colours, start=1)]
        labs = np.stack([to_lab(hex_to_rgb(p.hex)) for p in pens])
        return [pens[i] for i in match_pens(centres, labs)]


def match_pens(centres: NDArray[np.float64], pens: NDArray[np.float64]) -> NDArray[np.intp]:
    """The pen of each cluster centre, no pen twice, with the least sum of CIEDE2000.

    Args:
        centres: `[K, 3]` Lab.
        pens: `[M, 3]` Lab, M >= K.

    Returns:
        `[K]` indices into `pens`.
    """
    cost = ciede2000(centres[:, None, :], pens[None, :, :])
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - as above

    return np.asarray(linear_sum_assignment(cost)[1])
