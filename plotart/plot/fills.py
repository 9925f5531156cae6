"""Fills of foreign SVG files as a pen draws them: hatched, outlined, and hidden where something opaque lies on top."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from plotart.core.areas import FillRule, enclosed
from plotart.core.geometry import Path, flatten, polyline
from plotart.plot.hatch import hatch, outline

__all__ = ["Fills", "Painted", "hatched", "outlined", "unhidden"]

Fills = Literal["outline", "hatch", "both", "none"]

TOLERANCE_MM = 0.02
ANGLE = math.pi / 4
"""Of the lines, radians from the x axis towards the y axis."""
FAINTEST = 0.02
"""Opacity below which a fill is not there."""


@dataclass
class Painted:
    """What one element of a file shows.

    Attributes:
        paths: its subpaths, mm. stroke, fill: the colours `#rrggbb`, None where there is none. opacity: of the fill.
        rule: of the fill. area: what is filled and shows, mm; lines: what of the stroke shows.
    """

    paths: list[Path]
    stroke: str | None
    fill: str | None
    opacity: float = 1.0
    rule: FillRule = "nonzero"
    area: Polygon | MultiPolygon | None = None
    lines: list[Path] | None = None


def unhidden(painted: Sequence[Painted]) -> int:
    """Find `area` and `lines` of elements in drawing order: what opaque fills above them leave to be seen.

    White is paper: a white fill hides what is below and is not drawn itself. Returns the number of those.
    """
    whole = [
        enclosed([flatten(path, TOLERANCE_MM) for path in one.paths], one.rule) if one.fill else Polygon()
        for one in painted
    ]
    solid = np.array([i for i, one in enumerate(painted) if one.fill and one.opacity > 0.999], np.int64)
    tree = shapely.STRtree([whole[i] for i in solid])
    white = 0
    for i, one in enumerate(painted):
        one.area, one.lines = whole[i], list(one.paths) if one.stroke else []
        reach = shapely.union_all([whole[i], *(shapely.linestrings(flatten(p, TOLERANCE_MM)) for p in one.lines)])
        above = [whole[solid[k]] for k in tree.query(reach, predicate="intersects") if solid[k] > i]
        if above:
            cover = shapely.union_all(above)
            one.area = shapely.difference(one.area, cover)
            one.lines = [piece for path in one.lines for piece in _outside(path, cover)]
        if one.fill == "#ffffff":
            white += 1
            one.area = Polygon()
    return white


def _outside(path: Path, cover: Polygon | MultiPolygon) -> list[Path]:
    """What of a path lies outside of an area; it stays as it is where that is all of it."""
    line = shapely.linestrings(flatten(path, TOLERANCE_MM))
    if not shapely.intersects(line, cover):
        return [path]
    left = shapely.get_parts(shapely.line_merge(shapely.difference(line, cover)))
    return [polyline(shapely.get_coordinates(piece)) for piece in left if shapely.length(piece) > TOLERANCE_MM]


def hatched(one: Painted, pitch: float, tip: float) -> list[Path]:
    """Lines inside the area that shows, mm, `pitch` apart and half a tip inside its edge.

    A fill that is not opaque has its lines as much further apart.
    """
    if one.area is None or one.area.is_empty or one.opacity < FAINTEST:
        return []
    return hatch(one.area, pitch / one.opacity, ANGLE, tip / 2)


def outlined(one: Painted, tip: float) -> list[Path]:
    """The edge of the area that shows, half a tip inside it; nothing where the element has a stroke of its own."""
    if one.area is None or one.stroke:
        return []
    return outline(one.area, tip / 2)
