"""Soft shapes by formula: what the kernels of plotart.raster.shapes are told, and the constants of the formulas.

A shape is a row of numbers, the centre first, in units of the short side of the image:

    circle    x, y, radius
    fourier   x, y, angle, scale x, scale y, M cos, M sin, phase
    arc       x, y, angle, scale x, scale y, W, L, phase
    dot       x, y, angle, scale x, scale y, phase
    tanh      as fourier, with an edge as soft as a share of its radius
    waves     as tanh, of waves alone
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["EDGE_PX", "LEAST", "STEEP", "STREAKS", "Form", "Kind"]

Kind = Literal["circle", "fourier", "arc", "dot", "tanh", "waves"]

EDGE_PX = 1 / (2 * math.pi)
"""Scale of a logistic edge with the spread of a box filter one pixel wide: a pi / sqrt(3) = 1 / sqrt(12)."""
STREAKS = 3.0
"""Streaks of a brush from a shape's middle to its side."""
STEEP = 16.0
"""Steepness of an edge by tanh: coverage falls from 3/4 to 0 within 6 % of the radius."""
LEAST = 0.05
"""The radius of a fourier shape never falls below this share of its scale."""


@dataclass(frozen=True)
class Form:
    """The formula of a family of shapes.

    Attributes:
        harmonics: M, of fourier, tanh and waves.
        streaks: 0..1, how much fainter a shape is in the lines a brush leaves.
        outline: whether a shape is its edge alone, as wide as the pen.
    """

    kind: Kind
    harmonics: int = 0
    streaks: float = 0.0
    outline: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"form must be one of {', '.join(get_args(Kind))}, not {self.kind!r}")

    @property
    def number(self) -> int:
        """The kind as the kernels know it."""
        return get_args(Kind).index(self.kind)
