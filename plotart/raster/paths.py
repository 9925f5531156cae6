"""Filled and stroked paths as tensors: what `paint` draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

__all__ = ["Fills", "Linear", "Paint", "Path", "Radial", "Rule", "Shape", "circle", "ellipse", "polygon", "rectangle"]

Rule = Literal["nonzero", "even-odd"]

_KAPPA = 0.5522847498
"""Control points of a quarter of the unit circle as one cubic, within 3e-4."""
_ROUND = [
    (1.0, 0.0), (1.0, _KAPPA), (_KAPPA, 1.0), (0.0, 1.0), (-_KAPPA, 1.0), (-1.0, _KAPPA),
    (-1.0, 0.0), (-1.0, -_KAPPA), (-_KAPPA, -1.0), (0.0, -1.0), (_KAPPA, -1.0), (1.0, -_KAPPA),
]  # fmt: skip


@dataclass(frozen=True)
class Linear:
    """A gradient along a line: what lies before `begin` and beyond `end` has the colours of the ends (SVG's pad).

    Attributes:
        begin, end: `[2]` px of the image. offsets: `[T]`, not descending, 0 at begin and 1 at end.
        colours: `[T, 4]`, r, g, b and opacity in 0..1, interpolated as they are.
    """

    begin: Tensor
    end: Tensor
    offsets: Tensor
    colours: Tensor


@dataclass(frozen=True)
class Radial:
    """A gradient along the radius of an ellipse: 0 at the `centre [2]`, 1 at `radius [2]` px of the image."""

    centre: Tensor
    radius: Tensor
    offsets: Tensor
    colours: Tensor


Paint: TypeAlias = Tensor | Linear | Radial
"""`[4]`, r, g, b and opacity; or a gradient."""


class Path(NamedTuple):
    """One contour of straight, quadratic and cubic segments.

    Attributes:
        points: `[P, 2]`, all control points in order; a closed path does not repeat its first point.
        degrees: 1, 2 or 3 for each segment: they make sum(degrees) points, and one more if the path is open.
        closed: whether the last segment ends at the first point. An open path that is filled is closed by a line.
    """

    points: Tensor
    degrees: Sequence[int]
    closed: bool = True


class Shape(NamedTuple):
    """Contours that are filled together, stroked together, or both; the stroke lies over the fill.

    Attributes:
        width: px of the paths, of the pen: a number, or one for each point of all contours `[P]`, which varies along a
            segment as the segment's points do.
        rule: what is inside where contours cross. transform: `[2, 3]` or `[3, 3]`, from the paths to the image.
        stroke_first: the fill lies over the stroke.
    """

    contours: tuple[Path, ...]
    fill: Paint | None = None
    stroke: Paint | None = None
    width: Tensor | None = None
    rule: Rule = "nonzero"
    transform: Tensor | None = None
    stroke_first: bool = False


class Fills(NamedTuple):
    """Many filled shapes of one colour each, as lists: what a list of `Shape` says, drawn with less Python a shape.

    Attributes:
        points: `[P, 2]` of every contour. kinds: its degrees, and whether it is closed (`Path`).
        contours: how many of them each shape has. colours: `[4]` of each shape. even_odd: its rule.
    """

    points: list[Tensor]
    kinds: list[tuple[tuple[int, ...], bool]]
    contours: list[int]
    colours: list[Tensor]
    even_odd: list[bool]

    def shapes(self) -> list[Shape]:
        """The same, one by one."""
        paths = iter(Path(points, *kind) for points, kind in zip(self.points, self.kinds, strict=True))
        return [
            Shape(tuple(islice(paths, count)), colour, rule="even-odd" if even_odd else "nonzero")
            for count, colour, even_odd in zip(self.contours, self.colours, self.even_odd, strict=True)
        ]


def ellipse(centre: Tensor, radius: Tensor) -> Path:
    """An ellipse as four cubics, within 3e-4 of its radius; `centre [2]`, `radius [2]`."""
    return Path(centre + torch.tensor(_ROUND, dtype=centre.dtype) * radius, (3, 3, 3, 3))


def circle(centre: Tensor, radius: Tensor) -> Path:
    """A circle as four cubics, within 3e-4 of its radius; `centre [2]`, `radius []`."""
    return ellipse(centre, radius.reshape(()).expand(2))


def polygon(points: Tensor, *, closed: bool = True) -> Path:
    """Straight lines through `points [P, 2]`."""
    return Path(points, (1,) * (len(points) - (0 if closed else 1)), closed)


def rectangle(low: Tensor, high: Tensor) -> Path:
    """The rectangle between two opposite corners `[2]`."""
    (x0, y0), (x1, y1) = low.unbind(), high.unbind()
    return polygon(torch.stack([x0, y0, x1, y0, x1, y1, x0, y1]).reshape(4, 2))
