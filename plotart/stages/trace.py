"""From dividers to pens: the regions between them, each hatched in the pens that make its colour."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from pydantic import Field
from shapely.affinity import translate
from torch import Tensor

from plotart.color import to_lab
from plotart.drawing import Drawing
from plotart.errors import InputError
from plotart.geometry import Path, clip
from plotart.ink import Coded, Penned
from plotart.plot.hatch import hatch, outline
from plotart.plot.partition import joined, partition
from plotart.plot.strokes import cut
from plotart.plot.tones import RULING, Tones, fewest_missed
from plotart.primitives.dividers import Dividers
from plotart.primitives.strokes import Strokes
from plotart.stages.base import Context, StageSpec, Watch, stages
from plotart.stages.narrow import with_tips

__all__ = ["Trace", "TraceSpec", "region_colours"]

TOLERANCE_MM = 0.01
EDGE = 0.25
"""How far hatches keep from the edge, in tips. Half a tip would keep all ink inside, but leaves white seams between the
regions, by which the page becomes lighter than its tones; a quarter is less than the play of a pen in its holder."""


@stages.register("trace")
class TraceSpec(StageSpec):
    """Turn a drawing of dividers into strokes of pens, for good.

    `marks: hatch` fills each region with lines whose pitch makes its tone, those of neighbours in one; `regions` draws
    the outlines of what has one tone, half a tip inside it, in its densest pen; `dividers` draws the lines and circles
    themselves, in the pen that is seen best on the paper. Regions that hold no disc of `narrowest` are joined to the
    neighbour most like them.
    """

    marks: Literal["hatch", "regions", "dividers"] = "hatch"
    together: int = Field(2, ge=1, le=3, description="pens that may be hatched over each other in one region")
    narrowest: float = Field(1.0, ge=0, le=100, description="narrowest region that is drawn, in tips of the pens")

    def build(self) -> Trace:
        return Trace(self)


class Trace:
    name = "trace"

    def __init__(self, spec: TraceSpec) -> None:
        self.spec = spec

    @torch.no_grad()
    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        dividers, ink, canvas = drawing.primitive, drawing.ink, drawing.canvas
        if not isinstance(dividers, Dividers) or not isinstance(ink, Coded):
            return drawing.copy()
        tip = float(np.median([pen.tip_mm for pen in context.pens.pens]))
        paths = [canvas.to_mm(path) for path in dividers.paths()]
        regions = partition(paths, canvas.rectangle, TOLERANCE_MM)
        lab = to_lab(region_colours(dividers, ink, canvas.to_unit(regions.inside)))
        faces, first = joined(regions, lab, self.spec.narrowest * tip)
        lab, area = lab[first], shapely.area(faces)
        mixed = fewest_missed(lab, area, context.pens.pens, canvas.paper, context.pen_count, self.spec.together)
        apart, tone = mixed.nearest(lab)
        mean = float((area * apart).sum() / area.sum())
        watch.say(
            f"{len(regions.faces)} regions, {len(faces)} of them wide enough to draw; pens: "
            f"{', '.join(pen.name for pen in mixed.pens)}; their tones miss the colours by {mean:.1f} in Lab"
        )
        watch.tell("regions", {"all": len(regions.faces), "drawn": len(faces), "tones_apart": round(mean, 2)})
        marks = self._marks(faces, tone, mixed, [piece for path in paths for piece in clip(path, canvas.rectangle)])
        strokes = [(stroke, pen) for path, pen in marks for stroke in cut(path, 1)]
        if not strokes:
            raise InputError("pens: every region has the colour of the paper; more steps or other pens are needed")
        points = torch.from_numpy(np.stack([canvas.to_unit(stroke) for stroke, _ in strokes])).float()
        used = sorted({pen for _, pen in strokes})
        pen = torch.tensor([used.index(pen) for _, pen in strokes])
        made = Drawing(canvas, Strokes(points, torch.ones(len(points))), Penned([mixed.pens[k] for k in used], pen))
        return with_tips(made).to(drawing.device)

    def _marks(
        self, faces: list[shapely.Polygon], tone: NDArray[np.intp], mixed: Tones, lines: list[Path]
    ) -> list[tuple[Path, int]]:
        """The paths to draw, mm, each with its pen."""
        if self.spec.marks == "dividers":
            return [(path, mixed.boldest()) for path in lines]
        if self.spec.marks == "hatch":
            pens = range(len(mixed.pens))
            return [(path, k) for k in pens for path in _hatches(faces, mixed.density[tone, k], mixed, k)]
        return _outlines(faces, tone, mixed)


def _outlines(faces: list[shapely.Polygon], tone: NDArray[np.intp], mixed: Tones) -> list[tuple[Path, int]]:
    """The edges of what has one tone, mm, half a tip inside it, each with the densest pen of the tone."""
    found: list[tuple[Path, int]] = []
    for which in np.unique(tone).tolist():
        if mixed.density[which].any():
            area = shapely.union_all([face for face, own in zip(faces, tone, strict=True) if own == which])
            k = int(mixed.density[which].argmax())
            found += [(path, k) for path in outline(area, mixed.pens[k].tip_mm / 2)]
    return found


def _hatches(faces: list[shapely.Polygon], density: NDArray[np.float64], mixed: Tones, k: int) -> list[Path]:
    """The lines of pen k, mm, whose ink covers `density [G]` of each face."""
    tip, angle = mixed.pens[k].tip_mm, math.pi * (k / len(mixed.pens) + 0.25)
    across = np.array([-math.sin(angle), math.cos(angle)])
    found: list[Path] = []
    for level, first, apart in RULING:
        own = density >= level
        if own.any():
            area = shapely.union_all([face for face, mine in zip(faces, own, strict=True) if mine])
            shift = first * tip * across
            lines = hatch(translate(area, *-shift), apart * tip, angle, EDGE * tip, anchored=True, joined=level > 0.5)
            found += [line + shift for line in lines]
    return found


@torch.no_grad()
def region_colours(dividers: Dividers, ink: Coded, inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """The colour of the region around each point `[F, 2]` unit, away from its rim: `[F, 3]` sRGB."""
    like: Tensor = dividers.centre
    codes = dividers.excitation(torch.from_numpy(inside).to(like)).sign()
    colours: NDArray[np.float64] = ink.colour(codes).T.double().cpu().numpy()
    return colours
