"""What closed curves enclose, by the rules of vector graphics. Any unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

__all__ = ["FillRule", "enclosed"]

FillRule = Literal["nonzero", "even-odd"]


def enclosed(rings: Sequence[NDArray[np.float64]], rule: FillRule = "nonzero") -> Polygon | MultiPolygon:
    """The area that closed polygons enclose together, however they cross themselves and each other.

    Args:
        rings: each `[M, 2]`; the last point is joined to the first. Fewer than three points enclose nothing.
        rule: what is inside, by the winding number of all rings together.
    """
    if rule not in get_args(FillRule):
        raise ValueError(f"rule must be one of {', '.join(get_args(FillRule))}, not {rule!r}")
    closed = [np.concatenate([ring, ring[:1]]) for ring in rings if len(ring) > 2]
    if len(closed) == 1:  # most shapes neither cross themselves nor have holes
        whole = Polygon(closed[0])
        if whole.is_valid:
            return whole
    if not closed:
        return Polygon()
    # noded at every crossing; then each face is inside or outside as a whole
    lines = shapely.node(shapely.multilinestrings([shapely.linestrings(ring) for ring in closed]))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    if not len(faces):
        return Polygon()
    within = shapely.get_coordinates(shapely.point_on_surface(faces))
    winding = _winding(closed, within)
    inside = winding % 2 != 0 if rule == "even-odd" else winding != 0
    area: Polygon | MultiPolygon = shapely.union_all(faces[inside])
    return area


def _winding(closed: Sequence[NDArray[np.float64]], points: NDArray[np.float64]) -> NDArray[np.int64]:
    """The winding number `[P]` of closed polygons round `points [P, 2]`."""
    total = np.zeros(len(points), np.int64)
    for ring in closed:
        (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
        for k, (x, y) in enumerate(points):
            down, up = (y0 <= y) & (y1 > y), (y1 <= y) & (y0 > y)
            side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
            total[k] += int((down & (side > 0)).sum()) - int((up & (side < 0)).sum())
    return total
