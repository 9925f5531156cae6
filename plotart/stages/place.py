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

from plotart.core.color import XYZ_OF_LIGHT, to_linear
from plotart.core.errors import InputError
from plotart.core.geometry import relaxed
from plotart.core.images import resize
from plotart.core.parts import Whole
from plotart.core.tables import Table
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.strokes import Strokes
from plotart.pens import Pen
from plotart.plot.motion import expected_seconds
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.count import ENOUGH, fewest, pen_count_table
from plotart.stages.narrow import with_tips
from plotart.stages.separation import fewer_pens, separate
from plotart.stages.watch import Watch

__all__ = ["Place", "edges", "reduced", "spread_points"]

SIDE = 128
"""Short side in px of the picture on which ink is shared out."""
SPARE = 1.2
"""Fitted strokes have about this many times the ink of two terms of the series of random ones (see `_lay`)."""
START = 0.4
"""Strokes are laid as this share of their length and grow in the fit. Straight long ones cross what they ought to draw
along: on the astronaut a CIEDE2000 of 3.62 instead of 3.29 (0.5) and 3.25 (0.3) after 300 steps."""

Floats = NDArray[np.float64]


@stages.register("place")
class Place(Stage):
    """Lay the strokes anew, for the picture that `pixels` wants.

    Of the pens that the drawing may use, `pens.count` are taken: those that make the picture's colours best; or, with
    `keep`, the fewest that make them so much as well as all of them. The picture is separated into a share of the paper
    for each of them, and each gets strokes for its ink, straight and evenly spread. There are as many of them as plot
    in the minutes of the objective `time`, together with that ink: the shorter they are the better they draw, but each
    is a lift of the pen. The drawing's own number of strokes is the most that are laid.

    Where the picture has details strokes are shorter, by a factor of up to 1 + `fine`, and turn along the edges, by the
    share `along` of the angle at a sharp edge.
    """

    lays_anew = True

    keep: float | None = Field(None, gt=0, le=1, description="share of what all pens do that fewer must keep")
    shortest_mm: float = Field(8.0, gt=0, le=1000, description="mean length below which strokes get no shorter")
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
            pens = [pens[i] for i in self._chosen(target, pens, paper, context.pen_count, watch)]
            watch.say(f"pens: {', '.join(pen.name for pen in pens)}")
        shares = separate(target, pens, paper).double().numpy()
        points, pen = self._lay(drawing, target, shares, [p.tip_mm for p in pens], context, watch)
        watch.say(
            f"{len(pen)} strokes: " + ", ".join(f"{int((pen == k).sum())} {each.name}" for k, each in enumerate(pens))
        )
        primitive = Strokes(points, torch.ones(len(points)))
        placed = Drawing(drawing.canvas, primitive, Penned(pens, pen)).to(drawing.device)
        return with_tips(placed)

    def _chosen(self, target: Tensor, pens: list[Pen], paper: Tensor, count: int, watch: Watch) -> list[int]:
        keep = self.keep
        if keep is None:
            return fewer_pens(target, pens, paper, count)[-1][0]
        path = fewer_pens(target, pens, paper)
        curve = {len(left): share / max(path[0][1], 1e-12) for left, share in path}
        chosen = fewest(curve, keep)
        watch.tell("pen_count", {"keep": keep, "chosen": chosen, "curve": [[n, curve[n]] for n in sorted(curve)]})
        return next(left for left, _ in path if len(left) == chosen)

    def _lay(
        self, drawing: Drawing, target: Tensor, shares: Floats, tips_mm: list[float], context: Context, watch: Watch
    ) -> tuple[Tensor, Tensor]:
        """Control points `[N, 1+3S, 2]` unit, and the pen of each stroke `[N]`."""
        canvas = drawing.canvas
        height, width = shares.shape[1:]
        light = torch.einsum("j,jhw->hw", torch.tensor(XYZ_OF_LIGHT[1]), to_linear(target)[0]).double().numpy()
        direction, sure = edges(np.cbrt(light))
        shorter = 1 + self.fine * _detail(np.cbrt(light))
        area_mm2 = canvas.area_mm2
        # strokes at random cover 1 - exp(-d) of the paper where they would cover it d times side by side; fitted ones
        # are more even: of the series d = u + u^2/2 + u^3/3 + ... two terms
        deep = shares + shares**2 / 2
        ink_mm = SPARE * deep.mean((1, 2)) * area_mm2 / np.array(tips_mm)
        closer = (deep * shorter).sum((1, 2)) / np.maximum(deep.sum((1, 2)), 1e-12)
        counts, length_mm = self._cut(ink_mm, closer, len(drawing), area_mm2, context, watch)
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
        self, ink_mm: Floats, closer: Floats, most: int, area_mm2: float, context: Context, watch: Watch
    ) -> tuple[NDArray[np.int64], float]:
        """How many strokes each pen's ink `[K]` is cut into, and how long they are where nothing makes them shorter.

        Args:
            closer: `[K]`, how many times more strokes there are for the details.
        """
        allowed = min((each.budget_s for each in context.objectives.values()), default=math.inf)
        most = max(1, most - len(ink_mm))  # each pen gets one more
        total = float(ink_mm.sum())

        def seconds(strokes: float, ink: float) -> float:
            pens = ink_mm * closer
            return expected_seconds(context.machine, (strokes * pens / max(pens.sum(), 1e-12)).tolist(), ink, area_mm2)

        def within(ink: float) -> float:
            """The strokes that this ink may be cut into: a bisection of a time that rises with them."""
            low, high = 0.0, float(min(most, total / self.shortest_mm))
            for _ in range(40):
                middle = (low + high) / 2
                low, high = (middle, high) if seconds(middle, ink) <= allowed else (low, middle)
            return high

        drawn, strokes = 1.0, within(total)
        if strokes * self.longest_mm < total:  # too much ink for the time, or for the number of strokes
            whole = seconds(total / self.longest_mm, total)
            drawn = min(1.0, allowed / whole, most * self.longest_mm / total)
            strokes = drawn * total / self.longest_mm
            watch.say(
                f"the picture's tones take {total / 1000:.0f} m of ink, in {total / self.longest_mm:.0f} strokes or "
                f"more, {whole / 60:.0f} min; {100 * drawn:.0f} % of it is laid (more with --minutes or "
                "primitive.count)"
            )
        wanted = strokes * ink_mm * closer / max(float((ink_mm * closer).sum()), 1e-12)
        return wanted.astype(np.int64) + 1, drawn * float((ink_mm * closer).sum()) / max(strokes, 1e-12)


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
    weight = np.maximum(density, 1e-6 * max(float(density.max()), 1e-12)).ravel()
    drawn = torch.multinomial(torch.from_numpy(weight), count, replacement=True, generator=generator).numpy()
    jitter = torch.rand(count, 2, generator=generator, dtype=torch.float64).numpy()
    points: Floats = np.stack([drawn % width, drawn // width], axis=1) + jitter
    y, x = np.mgrid[:height, :width] + 0.5
    pixels = np.stack([x.ravel(), y.ravel()], axis=1)
    return relaxed(points, pixels, weight, rounds)


def reduced(target: Tensor) -> Tensor:
    """The picture `[1, 3, H, W]` small enough to share out ink on."""
    height, width = target.shape[-2:]
    scale = min(1.0, SIDE / min(height, width))
    return resize(target.cpu(), max(1, round(height * scale)), max(1, round(width * scale)))


def _detail(lightness: Floats) -> Floats:
    """How much happens around each point, `[H, W]` in 0..1: the local contrast, its 95th percentile counting as 1."""
    contrast = np.sqrt(gaussian_filter((lightness - gaussian_filter(lightness, 2.0)) ** 2, 2.0))
    detail: Floats = np.clip(contrast / max(float(np.percentile(contrast, 95)), 1e-9), 0, 1)
    return detail
