"""Strokes put where a picture needs ink: shared out to pens by colour separation, spread evenly, laid along edges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import gaussian_filter, sobel
from torch import Tensor

from plotart.core.color import lightness, luminance, to_linear
from plotart.core.errors import InputError
from plotart.core.geometry import relaxed
from plotart.core.images import reduced
from plotart.core.parts import Whole
from plotart.core.salience import stressed
from plotart.core.tables import Table
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.strokes import Strokes
from plotart.pens import Pen
from plotart.plot.motion import expected_seconds
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.count import ENOUGH, fewest, pen_count_table
from plotart.stages.narrow import with_tips
from plotart.stages.separation import SPARE, afford, fewer_pens, ink_deep
from plotart.stages.watch import Watch

__all__ = ["UNSEEN", "Place", "choose_pens", "edges", "lightness_of", "spread_points"]

START = 0.4
"""Strokes are laid as this share of their length and grow in the fit. Straight long ones cross what they ought to draw
along: on the astronaut a CIEDE2000 of 3.62 instead of 3.29 (0.5) and 3.25 (0.3) after 300 steps."""

UNSEEN = 0.003
"""No stroke is laid where less of the paper than this is to be covered: it would be a dot on bare paper in the end. On
a quarter of the astronaut's page (300 steps) .003 costs no CIEDE2000 (3.73, 3.71 with 0), .01 costs .26."""

Floats = NDArray[np.float64]


@stages.register("place")
class Place(Stage):
    """Lay the strokes anew, for the picture that `pixels` wants.

    Of the pens that the drawing may use, `pens.count` are taken: those that make the picture's colours best; or, with
    `keep`, the fewest that make them so much as well as all of them. The picture is separated into a share of the paper
    for each of them, and each gets strokes for its ink, straight and evenly spread. There are as many of them as plot
    in the minutes of the objective `time`, together with that ink: the shorter they are the better they draw, but each
    is a lift of the pen. The drawing's own number of strokes is the most that are laid.

    Where the picture has details, and where the run's focus is, strokes are shorter, by a factor of up to 1 + `fine`
    for each; they turn along the edges, by the share `along` of the angle at a sharp edge.

    Where the ink takes longer than there is time, even in strokes as long as `longest_mm`, it is left out where it is
    missed least, in detail and focus last of all (see `afford`), and the objectives ask for those tones from then on.
    """

    lays_anew = True
    usual_strokes = 4000

    keep: float | None = Field(None, gt=0, le=1, description="share of what all pens do that fewer must keep")
    shortest_mm: float = Field(4.0, gt=0, le=1000, description="mean length below which strokes get no shorter")
    longest_mm: float = Field(30.0, gt=0, le=1000, description="mean length above which there is less ink instead")
    fine: float = Field(1.0, ge=0, le=10, description="how much shorter strokes are where there are details")
    along: float = Field(0.5, ge=0, le=1, description="how far strokes turn along edges")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"picture", "strokes"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "picture":
            return "stages: place lays strokes for a picture; give --image, or leave the stage out"
        return f"stages: place lays strokes, so primitive.kind must be strokes, not {config.primitive.kind}"

    def check(self, config: Whole, at: str) -> None:
        if config.free_first:
            raise InputError("stages: place lays strokes of real pens; take palette learned or fixed, or leave it out")

    def counted(self) -> Sequence[Stage]:
        return (self.model_copy(update={"keep": ENOUGH}),)

    def settles(self, palette: str) -> bool:
        return palette != "kmeans"

    @classmethod
    def report(cls, figures: Mapping[str, Any]) -> Sequence[Table]:
        return pen_count_table(figures)

    @property
    def costs(self) -> Costs:
        return Costs(Cost(0.3))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        picture = context.picture
        if picture is None:
            raise InputError("stages: place lays strokes for a picture; give --image, or leave the stage out")
        if drawing.primitive.stroked is None or not drawing.ink.pens:
            raise InputError("stages: place lays strokes of real pens; take palette learned or fixed, or leave it out")
        target = reduced(picture)
        paper = drawing.canvas.paper_rgb
        pens = list(drawing.ink.pens)
        if self.keep is not None or len(pens) > context.pen_count:
            pens = [pens[i] for i in choose_pens(target, pens, paper, context.pen_count, self.keep, watch)]
            watch.say(f"pens: {', '.join(pen.name for pen in pens)}")
        shares = self._afforded(drawing, target, pens, context, watch)
        points, pen = self._lay(drawing, target, shares.double().numpy(), [p.tip_mm for p in pens], context)
        watch.say(
            f"{len(pen)} strokes: " + ", ".join(f"{int((pen == k).sum())} {each.name}" for k, each in enumerate(pens))
        )
        primitive = Strokes(points, torch.ones(len(points)))
        placed = Drawing(drawing.canvas, primitive, Penned(pens, pen)).to(drawing.device)
        return with_tips(placed)

    def _afforded(
        self, drawing: Drawing, target: Tensor, pens: Sequence[Pen], context: Context, watch: Watch
    ) -> Tensor:
        """The share of the paper `[K, h, w]` that each pen covers, as far as there is time for it."""
        objectives, area_mm2 = context.objectives.values(), drawing.canvas.area_mm2
        tips, paper, focus = torch.tensor([p.tip_mm for p in pens]), drawing.canvas.paper_rgb, context.focused(target)
        most = max(1, len(drawing) - len(pens))  # each pen gets one more than its share
        allowed = _allowed(context)

        def ink_mm(shares: Tensor) -> Tensor:
            return SPARE * ink_deep(shares).mean((1, 2)) * area_mm2 / tips

        def seconds(shares: Tensor) -> float:
            """The least that it takes."""
            ink = ink_mm(shares)
            strokes = (ink / self.longest_mm).tolist()
            return expected_seconds(context.machine, strokes, float(ink.sum()), area_mm2)

        def demand(shares: Tensor) -> float:
            return max(seconds(shares) / allowed, float(ink_mm(shares).sum()) / self.longest_mm / most)

        weight = 1 + torch.from_numpy(_detail(lightness_of(target))).float()
        weight = weight if focus is None else weight * stressed(focus)
        found = afford(
            target, pens, paper, demand,
            weight=weight / weight.mean(), most_layers=min(each.most_layers for each in objectives),
        )  # fmt: skip
        if not found.all_of_it:
            for each in objectives:
                each.settle_for(found.tones, found.whole)
            minutes = math.ceil((seconds(found.wanted) + context.machine.change_seconds(len(pens))) / 60)
            strokes = math.ceil(float(ink_mm(found.wanted).sum()) / self.longest_mm)
            remedies = [f"--minutes {minutes}"] if seconds(found.wanted) > allowed else []
            remedies += [f"--strokes {strokes + len(pens)}"] if strokes > most else []
            watch.say(
                f"{100 * found.drawn:.0f} % of the ink that the picture's tones take is drawn, the rest left out where "
                f"it is missed least; {' and '.join(remedies)} would draw all"
            )
            watch.tell("afforded", {"ink_share": round(found.drawn, 3), "minutes_for_all": minutes})
        return found.shares

    def _lay(
        self, drawing: Drawing, target: Tensor, shares: Floats, tips_mm: list[float], context: Context
    ) -> tuple[Tensor, Tensor]:
        """Control points `[N, 1+3S, 2]` unit, and the pen of each stroke `[N]`."""
        canvas = drawing.canvas
        height, width = shares.shape[1:]
        light = lightness_of(target)
        direction, sure = edges(light)
        shorter = 1 + self.fine * _detail(light)
        focus = context.focused(target)
        if focus is not None:
            shorter = shorter * (1 + self.fine * focus.double().numpy())
        area_mm2 = canvas.area_mm2
        deep = ink_deep(torch.from_numpy(np.where(shares < UNSEEN, 0.0, shares))).numpy()
        ink_mm = SPARE * deep.mean((1, 2)) * area_mm2 / np.array(tips_mm)
        closer = (deep * shorter).sum((1, 2)) / np.maximum(deep.sum((1, 2)), 1e-12)
        counts, length_mm = self._cut(ink_mm, closer, len(drawing), area_mm2, context)
        control = torch.linspace(-0.5, 0.5, drawing.strokes.points.shape[1])[None, :, None]
        laid, pen = [], []
        for k, (density, count) in enumerate(zip(deep, counts.tolist(), strict=True)):
            at = spread_points(density * shorter, count, context.generator)
            row = np.clip(at[:, 1].astype(int), 0, height - 1)
            column = np.clip(at[:, 0].astype(int), 0, width - 1)
            turn = math.pi * (torch.rand(count, generator=context.generator).double().numpy() - 0.5)
            angle = direction[row, column] + turn * (1 - self.along * sure[row, column])
            reach = START * length_mm / shorter[row, column] / canvas.mm_per_unit
            along = np.stack([np.cos(angle), np.sin(angle)], axis=1) * reach[:, None]
            centre = at / [width, height] * canvas.unit_size
            laid.append(torch.from_numpy(centre).float()[:, None] + control * torch.from_numpy(along).float()[:, None])
            pen.append(torch.full((count,), k))
        return torch.cat(laid), torch.cat(pen)

    def _cut(
        self, ink_mm: Floats, closer: Floats, most: int, area_mm2: float, context: Context
    ) -> tuple[NDArray[np.int64], float]:
        """How many strokes each pen's ink `[K]` is cut into, and how long they are where nothing makes them shorter.

        Args:
            closer: `[K]`, how many times more strokes there are for the details.
        """
        allowed = _allowed(context)
        most = max(1, most - len(ink_mm))  # each pen gets one more
        total = float(ink_mm.sum())

        def seconds(strokes: float) -> float:
            pens = ink_mm * closer
            each = (strokes * pens / max(pens.sum(), 1e-12)).tolist()
            return expected_seconds(context.machine, each, total, area_mm2)

        # a bisection of a time that rises with the strokes
        low, strokes = 0.0, float(min(most, total / self.shortest_mm))
        high = strokes
        for _ in range(40):
            low, high = (strokes, high) if seconds(strokes) <= allowed else (low, strokes)
            strokes = (low + high) / 2
        strokes = max(high, min(most, total / self.longest_mm))
        wanted = strokes * ink_mm * closer / max(float((ink_mm * closer).sum()), 1e-12)
        return wanted.astype(np.int64) + 1, float((ink_mm * closer).sum()) / max(strokes, 1e-12)


def _allowed(context: Context) -> float:
    """Seconds that the strokes may take."""
    return min((each.budget_s for each in context.objectives.values()), default=math.inf)


def lightness_of(picture: Tensor) -> Floats:
    """L* in 0..1 of `[1, 3, h, w]` sRGB, `[h, w]`."""
    found: Floats = lightness(luminance(to_linear(picture)[0])).double().numpy() / 100
    return found


def choose_pens(
    target: Tensor, pens: Sequence[Pen], paper: Tensor, count: int, keep: float | None, watch: Watch
) -> list[int]:
    """The `count` pens, ascending, that make the picture's colours best; or the fewest that make the share `keep`."""
    if keep is None:
        return fewer_pens(target, pens, paper, count)[-1][0]
    path = fewer_pens(target, pens, paper)
    curve = {len(left): share / max(path[0][1], 1e-12) for left, share in path}
    chosen = fewest(curve, keep)
    watch.tell("pen_count", {"keep": keep, "chosen": chosen, "curve": [[n, curve[n]] for n in sorted(curve)]})
    return next(left for left, _ in path if len(left) == chosen)


def edges(light: Floats, sigma: float = 3.0) -> tuple[Floats, Floats]:
    """Direction along the edges of a picture `[H, W]`, radians, and how sure it is, 0..1, both `[H, W]`.

    By the structure tensor: the eigenvector of its lesser eigenvalue, and the coherence (l1 - l2) / (l1 + l2).
    """
    smooth = gaussian_filter(light, 1.0)
    gx, gy = sobel(smooth, axis=1), sobel(smooth, axis=0)
    xx, xy, yy = (gaussian_filter(product, sigma) for product in (gx * gx, gx * gy, gy * gy))
    along = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    sure: Floats = np.sqrt((xx - yy) ** 2 + 4 * xy**2) / (xx + yy + 1e-9)
    return along, sure


def spread_points(density: Floats, count: int, generator: torch.Generator, rounds: int = 8) -> Floats:
    """`count` points `[count, 2]` (x, y) in px of `density [H, W]`, evenly spread and as close as it is dense.

    Drawn at random, then moved to the weighted centroids of their Voronoi cells `rounds` times (A. Secord, "Weighted
    Voronoi stippling", NPAR 2002).
    """
    height, width = density.shape
    weight = np.maximum(density, 0.0).ravel()
    weight = weight if weight.any() else np.ones_like(weight)
    drawn = torch.multinomial(torch.from_numpy(weight), count, replacement=True, generator=generator).numpy()
    jitter = torch.rand(count, 2, generator=generator, dtype=torch.float64).numpy()
    points: Floats = np.stack([drawn % width, drawn // width], axis=1) + jitter
    y, x = np.mgrid[:height, :width] + 0.5
    pixels = np.stack([x.ravel(), y.ravel()], axis=1)
    return relaxed(points, pixels, weight, rounds)


def _detail(lightness: Floats) -> Floats:
    """How much happens around each point, `[H, W]` in 0..1: the local contrast, its 95th percentile counting as 1."""
    contrast = np.sqrt(gaussian_filter((lightness - gaussian_filter(lightness, 2.0)) ** 2, 2.0))
    detail: Floats = np.clip(contrast / max(float(np.percentile(contrast, 95)), 1e-9), 0, 1)
    return detail
