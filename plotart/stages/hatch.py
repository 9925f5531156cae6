"""From coloured shapes to strokes of real pens: what shows of each shape is hatched, denser where it is darker."""

from __future__ import annotations

import itertools
import math

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy.spatial import cKDTree
from shapely import box
from torch import Tensor

from plotart.core.color import to_lab
from plotart.core.errors import InputError
from plotart.core.geometry import Path
from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.strokes import Strokes
from plotart.pens import Pen
from plotart.plot import order_pens
from plotart.plot.hatch import hatch
from plotart.plot.regions import Areas, regions
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.narrow import with_tips
from plotart.stages.watch import Watch

__all__ = ["Hatch", "choose_pens", "drawn", "mixtures", "pen_lines", "tones", "visible"]

LEVELS = 8
"""Tones of a pen between none of its ink and no paper left; level l draws l of every 8 lines."""
TURNS = (0, 4, 2, 6, 1, 5, 3, 7)
"""The order in which the lines of eight join in, so that those of any level lie apart."""


@stages.register("hatch")
class Hatch(Stage):
    """Draw filled shapes of free colours with the palette's pens, as strokes.

    The canvas is cut into the pieces that show between the edges of the shapes. Each piece takes of each pen the number
    of lines, 0 to 8 of every 8, with which the pens together come nearest to its colour (CIE 1976); pens are added one
    by one, each time the one that brings all pieces nearest, counted by area. Lines of a pen are a tip apart where it
    is full, go on from piece to piece, and have an angle of their own for each pen.
    """

    reduces = True
    usual_strokes = 1500

    angle: float = Field(20.0, ge=-180, le=180, description="of the first pen's lines, degrees")
    least: float = Field(2.0, ge=0, le=100, description="smallest piece with a colour of its own, in tips squared")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"shapes"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"hatching"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "shapes":
            return f"{at}: {self.kind} is for filled shapes; primitive.kind must be circles, paths or splats"
        return super().lacks(need, at, config)

    def wants_free(self, palette: str) -> bool:
        return True

    def settles(self, palette: str) -> bool:
        return True

    @property
    def costs(self) -> Costs:
        return Costs(Cost(0.5))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        if drawing.ink.settled:
            return drawing.copy()
        scale = drawing.canvas.mm_per_unit
        tips = np.median([pen.tip_mm for pen in context.pens.pens]) / scale
        image = context.renderer(drawing, context.size).detach()
        pieces, colours = visible(drawing, image, self.least * float(tips) ** 2)
        pens, levels = choose_pens(pieces, colours, context, drawing.canvas.paper_rgb)
        lines = [
            pen_lines(pieces, levels[:, k], pen.tip_mm / scale, self.angle + 180 * k / len(pens))
            for k, pen in enumerate(pens)
        ]
        made = drawn(drawing, pens, lines)
        watch.say(f"pens: {', '.join(pen.name for pen in pens)}; {len(pieces)} pieces, {len(made)} lines")
        return made


def drawn(drawing: Drawing, pens: list[Pen], lines: list[list[Path]]) -> Drawing:
    """Strokes along the `lines` of each of the pens, in place of a drawing's shapes.

    Raises:
        InputError: there are none.
    """
    paths = [path for each in lines for path in each]
    if not paths:
        raise InputError("pens: the shapes are all of the paper's colour; more steps or other pens are needed")
    owner = [k for k, each in enumerate(lines) for _ in each]
    strokes = Strokes(torch.from_numpy(np.stack(paths)).float(), torch.ones(len(paths)))
    made = Drawing(drawing.canvas, strokes, Penned(pens, torch.tensor(owner)))
    return with_tips(made.to(drawing.device))


def tones(pens: list[Pen], paper: Tensor) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All mixtures of lines of K pens, in plotting order: levels `[9^K, K]` and their CIE Lab `[9^K, 3]`."""
    levels, rgb = mixtures(pens, paper)
    return levels, np.asarray(to_lab(rgb.double().numpy()))


def mixtures(pens: list[Pen], paper: Tensor) -> tuple[NDArray[np.int64], Tensor]:
    """All mixtures of lines of K pens, in plotting order: levels `[9^K, K]` and their sRGB `[9^K, 3]`."""
    levels = np.array(list(itertools.product(range(LEVELS + 1), repeat=len(pens))))
    covered = torch.from_numpy(levels.T / LEVELS).float()  # [K, L]
    again = [pen.build_up * pen.opacity * covered[k] for k, pen in enumerate(pens) if pen.builds]
    clear = 1 - torch.stack([*covered, *again])
    image = Penned(pens, torch.zeros(0, dtype=torch.long)).compose(clear[:, None], paper)
    return levels, image[:, 0].T


def choose_pens(pieces: Areas, colours: Tensor, context: Context, paper: Tensor) -> tuple[list[Pen], NDArray[np.int64]]:
    """The pens in plotting order, and the level `[M, K]` of each in every piece."""
    wanted, weight = to_lab(colours.double().numpy()), shapely.area(pieces)
    offered, chosen = list(context.pens.pens), list[Pen]()
    best: tuple[float, list[Pen], NDArray[np.int64]] | None = None
    while len(chosen) < context.pen_count:
        rivals = []
        for pen in offered:
            rival = [*chosen, pen]
            rival = [rival[i] for i in order_pens(rival)]
            levels, lab = tones(rival, paper)
            missed, which = cKDTree(lab).query(wanted)
            rivals.append((float((weight * missed**2).sum()), rival, levels[which], pen))
        error, chosen, found, pen = min(rivals, key=lambda entry: entry[0])
        offered.remove(pen)
        best = (error, chosen, found)
    assert best is not None
    used = [k for k in range(len(best[1])) if bool((best[2][:, k] > 0).any())]
    return [best[1][k] for k in used], best[2][:, used]


def pen_lines(pieces: Areas, levels: NDArray[np.int64], tip: float, degrees: float) -> list[Path]:
    """The lines of one pen with a tip of `tip` unit."""
    lines: list[Path] = []
    for line, turn in enumerate(TURNS):
        dark = levels > line
        if dark.any():
            area = shapely.union_all(pieces[dark])
            lines += hatch(
                area, LEVELS * tip, math.radians(degrees), tip / 4, joined=False, anchored=True, phase=turn * tip
            )
    return [path for path in lines if float(np.hypot(*(path[-1] - path[0]))) > tip / 2]


def visible(drawing: Drawing, image: Tensor, least: float) -> tuple[Areas, Tensor]:
    """What shows of the shapes of a drawing.

    Args:
        image: `[1, 3, H, W]` sRGB, the drawing as it is rendered. least: smallest piece, square units.

    Returns:
        The pieces of the canvas between the shapes' edges, unit, and their colours `[M, 3]` sRGB: the mean of the image
        in a piece, or what the ink makes of the shapes there if no pixel's centre lies in it.
    """
    primitive, ink = drawing.primitive, drawing.ink
    if not primitive.filled or not ink.free:
        raise InputError(f"stages: hatch takes filled shapes of free colours, not {primitive.kind} in ink {ink.kind!r}")
    width, height = drawing.canvas.unit_size
    areas = primitive.areas()
    order = ink.order().tolist()
    ground = ink.ground_on(drawing.canvas.paper_rgb).detach().cpu()
    pieces, colours = regions(
        [areas[i] for i in order],
        lambda i, below: ink.laid_on(order[i], below.to(drawing.device)).detach().cpu(),
        ground,
        box(0, 0, width, height),
        least,
    )
    rows, columns = image.shape[2:]
    y, x = np.divmod(np.arange(rows * columns), columns)
    centres = shapely.points((np.stack([x, y], axis=1) + 0.5) / min(rows, columns))
    pixel, piece = shapely.STRtree(pieces).query(centres, predicate="within")
    count = np.bincount(piece, minlength=len(pieces))
    values = image[0].flatten(1).cpu().double().numpy()[:, pixel]
    means = np.stack([np.bincount(piece, v, minlength=len(pieces)) for v in values], 1) / np.maximum(count, 1)[:, None]
    shown = torch.from_numpy(means).float()
    return pieces, torch.where(torch.from_numpy(count > 0)[:, None], shown, colours)
