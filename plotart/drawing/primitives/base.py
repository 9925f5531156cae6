"""What every primitive can do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, Self

import torch
from shapely import MultiPolygon, Polygon
from torch import Tensor

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.core.geometry import Path
from plotart.core.parts import Part
from plotart.core.registry import Registry
from plotart.drawing.packed import Packed
from plotart.drawing.render.dense import Dense
from plotart.drawing.render.view import Coverages, View

__all__ = ["Primitive", "PrimitiveSpec", "Stroked", "primitives"]


class Stroked(Protocol):
    """Shapes that are strokes with control points, which can be measured, priced and laid anew one by one.

    Attributes:
        points: `[N, 1+3S, 2]` unit. width: full width `[N]` unit; width_range: of widths that are optimized.
    """

    @property
    def points(self) -> Tensor: ...
    @property
    def width(self) -> Tensor: ...
    @property
    def width_range(self) -> tuple[float, float] | None: ...
    def lengths(self) -> Tensor:
        """Length of each stroke, differentiable: `[N]` unit."""

    def fresh(self, points: Tensor, width: Tensor) -> Primitive:
        """New ones of the same kind: `points [M, 1+3S, 2]`, `width [M]`, unit."""


class Primitive(Packed):
    """A batch of N like shapes in unit coordinates (short side of the canvas = 1, y down)."""

    kind: ClassVar[str]
    rates: ClassVar[Mapping[str, float]] = {}
    """The usual learning rate of each of its parameters, by the parameter's name."""
    filled: ClassVar[bool] = False
    """Whether shapes are areas (`areas`), which pens fill."""
    divides: ClassVar[bool] = False
    """Whether shapes divide the plane into regions, whose colours are those of a point's `sides`."""
    tiled: ClassVar[bool] = False
    """Whether whole tiles of an image are rendered at a time, so that some of its pixels are best those of a tile."""
    endless: ClassVar[bool] = False
    """Whether there is something to see beyond the canvas, too."""
    windowed: ClassVar[bool] = False
    """Whether the shapes that are seen in a part of the canvas can be taken out (`moved`)."""
    restarts: ClassVar[bool] = False
    """Whether single shapes can start again elsewhere (`start_again_`)."""
    in_pieces: ClassVar[bool] = False
    """Whether a shape goes on without some of its cubics (`without`), or is there as a whole or not at all."""
    start_rgb: Tensor | None = None
    """Colours `[N, 3]` sRGB that go with the first places, where these come from a picture."""
    width: Tensor
    """What a pen that draws the shapes is wide, `[N]` unit."""

    plotted: ClassVar[bool] = True
    """Whether pens draw it; else it is a picture for strokes that are yet to be laid."""

    @abstractmethod
    def coverage(self, xy: Tensor) -> Tensor:
        """How much of a point each shape covers: `xy [P, 2]` unit -> `[N, P]` in 0..1, differentiable."""

    @abstractmethod
    def paths(self) -> list[Path]:
        """The same shapes as cubic paths in unit coordinates, detached; list order is z order."""

    def seen(self, view: View) -> Coverages:
        """What the shapes cover of an image, in the form of which the view's backend makes a picture quickest."""
        return self.dense(view)

    def dense(self, view: View) -> Dense:
        """What the shapes cover of an image, by `coverage` alone."""
        return Dense(self.kind, view, self.coverage, len(self), next(iter(self.parameters())))

    @property
    def stroked(self) -> Stroked | None:
        """The shapes as strokes with control points; None where they have none."""
        return None

    def boxes(self, edge: float) -> Tensor:
        """x0, y0, x1, y1 of what each shape covers with an edge of that scale, unit, detached: `[N, 4]`.

        All of the plane, unless a primitive knows better.
        """
        return torch.tensor([-torch.inf, -torch.inf, torch.inf, torch.inf]).expand(len(self), 4)

    def seen_in(self, low: Tensor, high: Tensor, edge: float) -> Tensor:
        """Which shapes may be seen in the rectangle from `low [2]` to `high [2]` unit: indices `[M]`, ascending."""
        first, last = torch.split(self.boxes(edge), 2, dim=1)
        return torch.nonzero(((last >= low) & (first <= high)).all(dim=1)).flatten()

    def moved(self, keep: Tensor, low: Tensor, scale: float) -> Primitive:
        """The shapes at the indices `keep [M]`, counted from the corner `low [2]` and `scale` times as large."""
        raise TypeError(f"{self.kind} are drawn as a whole")

    def start_again_(self, count: int, centre: Tensor, radius: Tensor) -> None:
        """Make the last `count` shapes new ones at `centre [count, 2]` and of `radius [count]`, unit."""
        raise TypeError(f"{self.kind} stay where they are")

    def areas(self) -> list[Polygon | MultiPolygon]:
        """What lies within each shape's edge, unit; empty where the edge encloses nothing."""
        raise TypeError(f"{self.kind} are no areas")

    def marks(self) -> list[list[Path]]:
        """What a pen draws for each shape, unit: its one path, unless a shape takes several or is filled."""
        return [[path] for path in self.paths()]

    def fills(self) -> list[Polygon | MultiPolygon]:
        """What a pen fills for each shape, unit: nothing, unless shapes are areas."""
        return []

    def without(self, pieces: Mapping[int, set[int]]) -> tuple[Primitive, Tensor]:
        """What is left when cubics of some shapes are taken away, by the numbers of shapes and of their cubics.

        Returns:
            The shapes that are left, and of which each was a part: `[M]`, ascending.
        """
        keep = torch.tensor([i for i in range(len(self)) if i not in pieces], dtype=torch.long)
        return self.subset(keep), keep

    @abstractmethod
    def set_width(self, width: Tensor) -> None:
        """Fix the pen width of each shape: `width [N]` unit."""

    def deal_pens(self, pens: int, generator: torch.Generator) -> Tensor:
        """The pen of each shape when all of a fixed palette are used from the first step: `[N]` long, at random."""
        return torch.randint(pens, (len(self),), generator=generator)

    @abstractmethod
    def area(self) -> Tensor:
        """Ink area of each shape, `[N]` square units, detached."""

    @abstractmethod
    def __len__(self) -> int: ...


class PrimitiveSpec(Part):
    """Numbers from which a primitive is built; frozen, part of the config."""

    makes: ClassVar[type[Primitive]]
    inks: ClassVar[tuple[str, ...]] = ("multiply", "over")
    """The `ink.kind` that its shapes can be drawn in."""
    outlined: ClassVar[bool] = False
    """Whether it takes the outlines of a file's filled shapes to start from, and not a file's strokes."""

    @abstractmethod
    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Primitive:
        """A primitive on `canvas` whose pen is `width` unit wide, drawn from `generator`."""

    def aspect(self) -> float | None:
        """Width / height of what is drawn, where the primitive decides it."""
        return None

    def asked(self, picture: Tensor) -> Tensor:
        """What the drawing is to show of the user's `picture [3, H, W]` sRGB; shapes seen twice show it twice."""
        return picture

    def wander(self, drawing: Any, renderer: Any, size: int) -> Iterator[Tensor]:
        """Pictures `[1, 3, H, W]` sRGB of a way between drawings that lie near a `Drawing` of this primitive.

        Args:
            renderer: see `plotart.drawing.render`. size: short side of the whole drawing, px.

        Raises:
            InputError: there is no way.
        """
        raise InputError(f"--interpolation: there are ways between messages of glyphs, not of {self.kind}")

    def of_paths(self, points: Tensor, width: float) -> tuple[Self, Primitive]:
        """Shapes on the cubic paths `points [N, 1+3S, 2]` unit, `width` unit wide, and the settings that fit them.

        Raises:
            InputError: there are none.
        """
        raise InputError(
            f"init: an SVG file gives strokes or paths, so primitive.kind must be one of these, not {self.kind}"
        )


primitives: Registry[PrimitiveSpec] = Registry("primitive")
