"""A finished drawing on a larger page: repeated in tiles without seams, or magnified where it shows a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from plotart.core.canvas import Canvas, Page
from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.core.settings import NamesFile
from plotart.drawing import Drawing
from plotart.drawing.primitives.strokes import Strokes
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.judge import evaluate
from plotart.stages.watch import Watch

__all__ = ["Enlarge", "Tiling", "magnify", "repeat"]

UPRIGHT, SIDEWAYS = (0, 1, 2, 3), (4, 5, 6, 7)
"""The eight orientations: 1 mirrors left and right, 2 top and bottom, 4 changes across and down first."""
PATCHES = 2
"""Pieces along a side of a tile."""
SCALES = (0.25, 4.0)
"""How large a tile may show the drawing: pens stay as they are, so that far from 1 nothing of it would be left."""


@stages.register("enlarge")
class Enlarge(Stage):
    """Take the last drawing of the finished run in the folder `run` to the page of this run, in the same pens.

    What excites a neuron is repeated: `tiles` columns x rows of copies. So that nothing repeats at a distance the eye
    could learn, they are laid in patches of half a tile, every other row moved by half a patch, each cut out of the
    drawing at a random place and in one of the orientations that the neuron answers to with at least `keep` of the best
    one's excitation. Neighbours share a band of `overlap` of a patch, in which strokes of both are mixed: a seam is no
    line. Copies that are smaller than the drawing lay more ink on a square millimetre, for pens do not shrink; taking
    strokes away instead halved the excitation.

    A picture is magnified instead: each stroke becomes `tiles` columns side by side, cut into so many rows along.
    """

    label_order = -1

    run: Annotated[str, NamesFile()]
    tiles: tuple[int, int]
    overlap: float = Field(0.15, ge=0, le=0.5, description="width of the mixed band, share of a patch")
    keep: float = Field(0.85, ge=0, le=1, description="orientations that excite less than this share are left out")

    @property
    def source(self) -> str:
        return self.run

    def label(self, config: Whole) -> Sequence[str]:
        return (f"{Path(self.run).name}_{self.tiles[0]}x{self.tiles[1]}",)

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        canvas = context.canvas
        assert canvas is not None
        told: dict[str, object] = {"run": Path(self.run).name, "tiles": list(self.tiles), "strokes": len(drawing)}
        if context.picture is not None:
            large = magnify(drawing, canvas, self.tiles, context.generator)
            told["scale"] = round(canvas.mm_per_unit / drawing.canvas.mm_per_unit, 4)
        else:
            tiling = Tiling.of(drawing.canvas, canvas, self.tiles, self.overlap)
            answers = self._answers(drawing, tiling, context)
            best = max(answers.values())
            kept = tuple(o for o in tiling.orientations if answers[o] >= self.keep * best or answers[o] == best)
            watch.say(f"copies at {100 * tiling.scale:.0f} %, in {len(kept)} of {len(answers)} orientations")
            large = repeat(drawing, canvas, replace(tiling, orientations=kept), context.generator)
            told |= {"scale": round(tiling.scale, 4), "orientations": {str(o): v for o, v in answers.items()}}
        watch.say(f"{len(drawing)} strokes have become {len(large)}")
        watch.tell("enlarged", told)
        return large

    @staticmethod
    def _answers(drawing: Drawing, tiling: Tiling, context: Context) -> dict[int, float]:
        """The excitation of the drawing by itself, as large as it will be, in each orientation."""
        strokes = drawing.strokes
        assert context.canvas is not None
        width, height = drawing.canvas.area[2:]
        middle = torch.tensor(drawing.canvas.unit_size, device=drawing.device) / 2
        px_per_mm = context.size / context.canvas.mm_per_unit
        size = max(32, round(drawing.canvas.mm_per_unit * tiling.scale * px_per_mm))
        found = {}
        for orientation in tiling.orientations:
            sides = (height, width) if orientation & 4 else (width, height)
            canvas = Canvas(Page("tile", *sides), 0.0, paper=drawing.canvas.paper)
            points = turned(strokes.points.detach() - middle, orientation)
            points = points + (middle.flip(0) if orientation & 4 else middle)
            copy = Drawing(canvas, Strokes(points, strokes.width / tiling.scale), drawing.ink)
            found[orientation] = evaluate(copy, replace(context, size=size)).excitation or 0.0
        return found


@dataclass(frozen=True)
class Tiling:
    """How a drawing area is covered with pieces of a smaller one.

    Attributes:
        patch: width and height of a piece without the band around it, mm. scale: of the pieces, 1 for their own size.
        orientations: in which the whole is large enough for a piece to be cut out of it.
        overlap: width of the band in which neighbours mix, share of a patch.
    """

    patch: tuple[float, float]
    scale: float
    orientations: tuple[int, ...]
    overlap: float

    @classmethod
    def of(cls, source: Canvas, canvas: Canvas, tiles: tuple[int, int], overlap: float) -> Tiling:
        """The least scale at which copies of `source`, upright or lying, cover `tiles` columns x rows of `canvas`.

        Raises:
            InputError: there are no tiles, or so many or so few that nothing of the drawing would be left.
        """
        if min(tiles) < 1:
            raise InputError(f"tiles: give columns x rows of at least 1, not {tiles[0]}x{tiles[1]}")
        width, height = (whole / count for whole, count in zip(canvas.area[2:], tiles, strict=True))
        across, down = source.area[2:]
        scale = min(max(width / across, height / down), max(width / down, height / across))
        if not SCALES[0] <= scale <= SCALES[1]:
            own = [max(1, round(whole / side)) for whole, side in zip(canvas.area[2:], (across, down), strict=True)]
            how = f"{scale:.2g} times as large as they are, beside pens that stay the same"
            raise InputError(
                f"tiles: {tiles[0]}x{tiles[1]} on this page draw the patterns {how}; {own[0]}x{own[1]} keep their size"
            )
        patch = (width / PATCHES, height / PATCHES)
        orientations: tuple[int, ...] = ()
        for four, extent in ((UPRIGHT, (across, down)), (SIDEWAYS, (down, across))):
            if all(scale * e >= (1 + overlap) * side for e, side in zip(extent, patch, strict=True)):
                orientations += four
        return cls(patch, scale, orientations, overlap)


def turned(points: Tensor, orientation: int) -> Tensor:
    """`points [..., 2]` about their origin, in one of the eight orientations."""
    if orientation & 4:
        points = points.flip(-1)
    signs = [-1.0 if orientation & 1 else 1.0, -1.0 if orientation & 2 else 1.0]
    return points * torch.tensor(signs, dtype=points.dtype, device=points.device)


def repeat(drawing: Drawing, canvas: Canvas, tiling: Tiling, generator: torch.Generator) -> Drawing:
    """Pieces of a drawing in pens, patch by patch, on `canvas`; see `Enlarge`.

    A piece's stroke is kept with the probability w(x) w(y), x and y the distances of its middle from the middle of the
    patch, w falling from 1 to 0 across the band: those of all pieces add up to 1 everywhere.
    """
    strokes = drawing.strokes
    area, across, patch = (torch.tensor(pair) for pair in (canvas.area[2:], drawing.canvas.area[2:], tiling.patch))
    points = (strokes.points.detach().cpu() * drawing.canvas.mm_per_unit - across / 2) * tiling.scale
    columns, rows = (math.ceil(float(n) - 1e-6) for n in area / patch)
    found, owners = [], []
    above: dict[int, int] = {}
    for row in range(-1, rows + 1):
        here: dict[int, int] = {}
        for column in range(-1, columns + 1):
            chosen, where, lot = _draw(generator, len(drawing))
            middle = torch.tensor([column + 0.5 + (row % 2) / 2, row + 0.5]) * patch
            # neighbours look different, as far as there are orientations to choose from
            touched = (here.get(column - 1), above.get(column + row % 2 - 1), above.get(column + row % 2))
            open_to = [o for o in tiling.orientations if o not in touched] or tiling.orientations
            orientation = here[column] = open_to[int(chosen * len(open_to))]
            extent = tiling.scale * (across.flip(0) if orientation & 4 else across)
            slack = ((extent - (1 + tiling.overlap) * patch) / 2).clamp_min(0)
            piece = turned(points, orientation) + middle + (2 * where - 1) * slack
            away = ((piece.mean(dim=1) - middle) / patch).abs()
            share = ((0.5 + tiling.overlap / 2 - away) / max(tiling.overlap, 1e-6)).clamp(0, 1).prod(dim=1)
            on_page = ((piece.amax(dim=1) >= 0) & (piece.amin(dim=1) <= area)).all(dim=1)
            keep = torch.nonzero((lot < share) & on_page).flatten()
            found.append(piece[keep])
            owners.append(keep)
        above = here
    owner = torch.cat(owners)
    if not len(owner):
        raise InputError("tiles: no stroke of the drawing falls on the page")
    return _placed(torch.cat(found) / canvas.mm_per_unit, owner, drawing, canvas)


def _draw(generator: torch.Generator, count: int) -> tuple[float, Tensor, Tensor]:
    """What chance says of one piece: its orientation (0..1), its place `[2]`, and each stroke's lot `[count]`."""
    numbers = torch.rand(3 + count, generator=generator)
    return float(numbers[0]), numbers[1:3], numbers[3:]


def _placed(points: Tensor, owner: Tensor, drawing: Drawing, canvas: Canvas) -> Drawing:
    """Strokes `points [M, K, 2]` unit on `canvas`, each with the pen of the stroke `owner [M]` of `drawing`."""
    width = drawing.strokes.width.cpu()[owner] * (drawing.canvas.mm_per_unit / canvas.mm_per_unit)
    return Drawing(canvas, Strokes(points, width), drawing.ink.subset(owner.to(drawing.device))).to(drawing.device)


def magnify(drawing: Drawing, canvas: Canvas, tiles: tuple[int, int], generator: torch.Generator) -> Drawing:
    """A drawing in pens as large as `canvas` of the same aspect, each stroke `tiles` columns x rows of new ones.

    They lie side by side where the stroke would lie if its pen had grown with it; each is a piece of its curve. Where
    there are more side by side than the page is larger, some are left out at random, so that tones stay as they are.
    """
    strokes = drawing.strokes
    columns, rows = tiles
    points = strokes.points.detach().cpu()
    segments = (points.shape[1] - 1) // 3
    cut = torch.stack([_cut(k / rows, (k + 1) / rows) for k in range(rows)]).to(points)
    # [N, segments, rows, 4, 2]: the parts of all segments along a stroke, each a cubic
    parts = torch.einsum("rij,nsjc->nsric", cut, points.unfold(1, 4, 3).transpose(2, 3)).flatten(1, 2)
    pieces = parts.reshape(len(points), rows, segments, 4, 2)
    joined = torch.cat([pieces[:, :, 0, :1], pieces[:, :, :, 1:].flatten(2, 3)], dim=2)
    along = joined[:, :, -1] - joined[:, :, 0]
    normal = torch.stack([-along[..., 1], along[..., 0]], dim=-1) / along.norm(dim=-1, keepdim=True).clamp_min(1e-9)
    side = (torch.arange(columns) + 0.5) / columns - 0.5
    offset = side[:, None] * (strokes.width.cpu()[:, None, None, None] * normal[:, :, None])
    beside = joined[:, :, None] + offset[:, :, :, None]
    owner = torch.arange(len(points)).repeat_interleave(rows * columns)
    share = canvas.mm_per_unit / drawing.canvas.mm_per_unit / columns
    keep = torch.rand(len(owner), generator=generator) < share
    keep[0] = True  # never nothing
    return _placed(beside.reshape(-1, *points.shape[1:])[keep], owner[keep], drawing, canvas)


def _cut(a: float, b: float) -> Tensor:
    """`[4, 4]`, control points of a cubic to those of its part from a to b (the blossom at a and b)."""

    def blossom(u: float, v: float, w: float) -> list[float]:
        one = (1 - u) * (1 - v) * (1 - w)
        two = u * (1 - v) * (1 - w) + (1 - u) * v * (1 - w) + (1 - u) * (1 - v) * w
        three = u * v * (1 - w) + u * (1 - v) * w + (1 - u) * v * w
        return [one, two, three, u * v * w]

    return torch.tensor([blossom(a, a, a), blossom(a, a, b), blossom(a, b, b), blossom(b, b, b)], dtype=torch.float64)
