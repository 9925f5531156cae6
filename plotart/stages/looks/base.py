"""What a look is: a way to lay lines for a tone, and the settings of the strokes, the penalties and the fit with it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from plotart.core.parts import Part
from plotart.core.registry import Registry

__all__ = ["Laid", "Look", "Wanted", "looks"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Wanted:
    """What one pen is to draw, in mm from the drawing area's corner.

    Attributes:
        planes: `[K, H, W]`, the share of the paper that each pen is to cover, 0..1.
        light: `[H, W]`, lightness L* of the picture, 0..1.
        sharp: the same of all the pixels that the run has, `[H', W']`. focus: how much matters there, 0..1.
        mm_per_px: of planes and light.
        tip_mm: of the pen. number: which of the K pens it is, in plotting order. darkest: which one is.
        count: lines that may be laid by all pens. most: this pen's share of them, by its ink.
        generator: the only source of randomness.
    """

    planes: Floats
    light: Floats
    sharp: Floats
    focus: Floats
    mm_per_px: float
    tip_mm: float
    number: int
    darkest: int
    count: int
    most: int
    generator: torch.Generator

    @property
    def pens(self) -> int:
        """How many pens there are."""
        return len(self.planes)

    @property
    def plane(self) -> Floats:
        """The pen's own, `[H, W]`."""
        own: Floats = self.planes[self.number]
        return own

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height of the drawing area."""
        height, width = self.plane.shape
        return width * self.mm_per_px, height * self.mm_per_px

    def at(self, points: Floats, plane: Floats | None = None) -> Floats:
        """The plane at points `[..., 2]` (x, y) mm, bilinear: `[...]`, 0 beyond the area."""
        where = points / self.mm_per_px - 0.5
        found: Floats = map_coordinates(
            self.plane if plane is None else plane, [where[..., 1], where[..., 0]], order=1, mode="nearest"
        )
        width, height = self.size_mm
        inside = (points >= 0).all(-1) & (points[..., 0] <= width) & (points[..., 1] <= height)
        return np.where(inside, found, 0.0)


class Look(Part):
    """Settings of one look, frozen: by which stage it is laid, and what the rest of the run has to be for it.

    As in a config: `strokes` of the primitive, `penalties` are objectives by name, `fit` changes the fit that follows.
    Whatever the user sets himself wins.
    """

    stage: ClassVar[str]
    """The stage that lays its lines."""
    whole: ClassVar[bool] = False
    """Whether its lines must not be cut where there is too much ink."""
    strokes: ClassVar[Mapping[str, Any]] = {}
    penalties: ClassVar[Mapping[str, Any]] = {}
    fit: ClassVar[Mapping[str, Any]] = {}


class Laid(Look):
    """A look that says itself which lines are laid; the stage `lay` makes splines of them."""

    stage = "lay"
    strokes: ClassVar[Mapping[str, Any]] = {"kind": "splines", "count": 20_000}
    penalties: ClassVar[Mapping[str, Any]] = {"form": {"weight": 0.03}, "time": {"weight": 0.002}}
    fit: ClassVar[Mapping[str, Any]] = {"steps": 240, "optimizer": "adam", "rates": {"vertices": 0.0015}}

    spacing_mm: ClassVar[float] = 2.5
    """Of the vertices along a line; 0: one for each point that was laid."""
    passes: ClassVar[bool] = True
    """Whether a line passes through the points that were laid; else these are its vertices, which it rounds off."""
    counts: ClassVar[bool] = False
    """Whether it sees to it by itself that there are no more lines than the drawing may have."""
    rises: ClassVar[float] = 1.0
    """The power of the gain with which the time of its lines rises, roughly; 0: there are as many whatever the tone."""
    short: ClassVar[str] = "all tones take longer than the minutes: laid for {:.0f} % of them"
    """What is said where the gain had to be below 1."""

    @abstractmethod
    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        """The lines of one pen: polylines `[M, 2]` in mm; one of a single point is a dot.

        Args:
            gain: what the wanted tone is multiplied by, so that all lines plot in the run's minutes.
        """


looks: Registry[Look] = Registry("look")
