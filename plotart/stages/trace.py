"""From dividers to pens: the regions between them, each hatched in the pens that make its colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from plotart.core.clipping import clip
from plotart.core.color import hex_to_rgb, to_lab
from plotart.core.errors import InputError
from plotart.core.geometry import Path
from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.ink import Coded, Penned
from plotart.drawing.primitives.dividers import TOGETHER, Dividers
from plotart.drawing.primitives.strokes import Strokes
from plotart.pens import Pen
from plotart.plot.hatch import outline
from plotart.plot.partition import joined, partition
from plotart.plot.regions import Areas
from plotart.plot.start import cut
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.hatch import choose_pens, pen_lines
from plotart.stages.narrow import with_tips
from plotart.stages.watch import Watch

__all__ = ["Trace", "boldest", "region_colours", "strokes_of"]

TOLERANCE_MM = 0.01


@stages.register("trace")
class Trace(Stage):
    """Turn a drawing of dividers into strokes of pens, for good.

    `marks: hatch` fills each region as the stage `hatch` does its pieces, lines going on from region to region.
    `regions` draws the outlines of what has one tone, half a tip inside it, in the densest pen of the tone. `dividers`
    draws the lines and circles themselves, in the pen that is seen best on the paper. Regions that hold no disc of
    `narrowest` are joined to the neighbour most like them.
    """

    reduces = True
    usual_strokes = 1200

    marks: Literal["hatch", "regions", "dividers"] = "hatch"
    angle: float = Field(20.0, ge=-180, le=180, description="of the first pen's hatch, degrees")
    narrowest: float = Field(1.0, ge=0, le=100, description="narrowest region that is drawn, in tips of the pens")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"regions"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"tracing"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return TOGETHER

    def check(self, config: Whole, at: str) -> None:
        for stage in config.stages[: list(config.stages).index(self)]:
            if not stage.fits:
                raise InputError(f"stages: before 'trace' dividers can only be fitted, not go through '{stage.kind}'")

    def wants_free(self, palette: str) -> bool:
        return True

    def settles(self, palette: str) -> bool:
        return True

    @property
    def costs(self) -> Costs:
        return Costs(Cost(0.35))

    @torch.no_grad()
    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        dividers, ink, canvas = drawing.primitive, drawing.ink, drawing.canvas
        if not isinstance(dividers, Dividers) or not isinstance(ink, Coded):
            return drawing.copy()
        paths = dividers.paths()
        box = (0.0, 0.0, *canvas.unit_size)
        regions = partition(paths, box, TOLERANCE_MM / canvas.mm_per_unit)
        colours = region_colours(dividers, ink, regions.inside)
        tip = float(np.median([pen.tip_mm for pen in context.pens.pens])) / canvas.mm_per_unit
        faces, first = joined(regions, to_lab(colours), self.narrowest * tip)
        watch.tell("regions", {"all": len(regions.faces), "drawn": len(faces)})
        if self.marks == "dividers":
            pens = [boldest(context.pens.pens, canvas.paper)]
            marks = [(piece, 0) for path in paths for piece in clip(path, box)]
        else:
            pieces = np.array(faces, dtype=object)
            pens, levels = choose_pens(pieces, torch.from_numpy(colours[first]), context, canvas.paper_rgb)
            if self.marks == "hatch":
                marks = [
                    (line, k)
                    for k, pen in enumerate(pens)
                    for line in pen_lines(
                        pieces, levels[:, k], pen.tip_mm / canvas.mm_per_unit, self.angle + 180 * k / len(pens)
                    )
                ]
            else:
                tips = [pen.tip_mm / canvas.mm_per_unit for pen in pens]
                marks = _outlines(pieces, levels, tips)
        if not marks:
            raise InputError("pens: every region has the colour of the paper; more steps or other pens are needed")
        watch.say(
            f"{len(regions.faces)} regions, {len(faces)} of them wide enough to draw; "
            f"pens: {', '.join(pen.name for pen in pens)}; {len(marks)} lines"
        )
        return strokes_of(drawing, marks, pens)


def boldest(pens: Sequence[Pen], paper: str) -> Pen:
    """The pen whose lightness differs most from the paper's."""
    bare = to_lab(hex_to_rgb(paper))[0]
    return max(pens, key=lambda pen: abs(float(to_lab(hex_to_rgb(pen.hex))[0] - bare)))


def _outlines(pieces: Areas, levels: NDArray[np.int64], tips: Sequence[float]) -> list[tuple[Path, int]]:
    """The edges of what has one tone, half a tip inside it, each with the pen that draws most of the tone."""
    found: list[tuple[Path, int]] = []
    for tone in np.unique(levels, axis=0):
        if tone.any():
            k = int(tone.argmax())
            area = shapely.union_all(pieces[(levels == tone).all(axis=1)])
            found += [(path, k) for path in outline(area, tips[k] / 2)]
    return found


def strokes_of(drawing: Drawing, marks: list[tuple[Path, int]], pens: Sequence[Pen]) -> Drawing:
    """The paths as strokes, each of its pen; long ones are cut into strokes of at most eight segments."""
    segments = min(8, max((len(path) - 1) // 3 for path, _ in marks))
    strokes = [(stroke, k) for path, k in marks for stroke in cut(path, segments)]
    points = torch.from_numpy(np.stack([stroke for stroke, _ in strokes])).float()
    used = sorted({k for _, k in strokes})
    pen = torch.tensor([used.index(k) for _, k in strokes])
    made = Drawing(drawing.canvas, Strokes(points, torch.ones(len(points))), Penned([pens[k] for k in used], pen))
    return with_tips(made.to(drawing.device))


@torch.no_grad()
def region_colours(dividers: Dividers, ink: Coded, inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """The colour at each point `[F, 2]` unit, away from rims, and so of the region around it: `[F, 3]` sRGB."""
    like: Tensor = dividers.centre
    codes = dividers.inner_codes(torch.from_numpy(inside).to(like))
    colours: NDArray[np.float64] = ink.colour(codes).T.double().cpu().numpy()
    return colours
