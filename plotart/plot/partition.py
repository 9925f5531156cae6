"""The regions into which paths cut a rectangle, exactly: the faces of their arrangement."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from plotart.core.geometry import Path, Rectangle, flatten

__all__ = ["Partition", "joined", "partition"]


@dataclass(frozen=True)
class Partition:
    """Regions that fill a rectangle without overlap.

    Attributes:
        faces: F polygons. inside: `[F, 2]`, a point well inside each.
        borders: `borders[i][j]` is the length of the border that faces i and j share.
    """

    faces: list[Polygon]
    inside: NDArray[np.float64]
    borders: list[dict[int, float]]

    @property
    def area(self) -> NDArray[np.float64]:
        """`[F]`."""
        found: NDArray[np.float64] = shapely.area(self.faces)
        return found


def partition(paths: Sequence[Path], rectangle: Rectangle, tolerance: float) -> Partition:
    """The faces of the arrangement of `paths` in `rectangle`, in the unit of both.

    Straight paths are cut exactly, curves as polylines that stay within `tolerance` of them. So the number of regions
    is that of the paths, and of no picture of them at any size. For N lines it is at most N (N - 1) / 2 + N + 1.
    """
    box = shapely.box(*rectangle)
    lines = [shapely.linestrings(flatten(path, tolerance)) for path in paths]
    reach = shapely.intersection(lines, box) if lines else []
    noded = shapely.unary_union([box.exterior, *reach])
    faces = list(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))
    points = shapely.point_on_surface(faces)
    inside = np.stack([shapely.get_x(points), shapely.get_y(points)], axis=1)
    return Partition(faces, inside, _borders(faces))


def _borders(faces: Sequence[Polygon]) -> list[dict[int, float]]:
    """The shared edges: neighbours in an arrangement have them with the very same ends."""
    points, ring = shapely.get_coordinates(faces), np.repeat(np.arange(len(faces)), shapely.get_num_coordinates(faces))
    edges = np.stack([points[:-1], points[1:]], axis=1)
    owner = ring[:-1]
    real = (ring[:-1] == ring[1:]) & (edges[:, 0] != edges[:, 1]).any(axis=1)
    edges, owner = edges[real], owner[real]
    swap = (edges[:, 0, 0] > edges[:, 1, 0]) | ((edges[:, 0, 0] == edges[:, 1, 0]) & (edges[:, 0, 1] > edges[:, 1, 1]))
    edges[swap] = edges[swap][:, ::-1]
    flat = edges.reshape(-1, 4)
    order = np.lexsort(flat.T)
    same = (flat[order[:-1]] == flat[order[1:]]).all(axis=1)
    one, other = owner[order[:-1]][same], owner[order[1:]][same]
    length = np.hypot(*(edges[order[:-1]][same, 1] - edges[order[:-1]][same, 0]).T)
    found: list[dict[int, float]] = [defaultdict(float) for _ in faces]
    for i, j, shared in zip(one.tolist(), other.tolist(), length.tolist(), strict=True):
        if i != j:
            found[i][j] += shared
            found[j][i] += shared
    return found


def joined(regions: Partition, lab: NDArray[np.float64], narrowest: float) -> tuple[list[Polygon], NDArray[np.int64]]:
    """The regions that hold a disc of diameter `narrowest`; any other is joined to the most alike of its neighbours.

    Smallest first, likeness by Lab `[F, 3]`. Whatever holds such a disc is seen in every picture whose pixels have a
    diagonal below `narrowest`, so the picture at four times the size has the same regions.

    Returns:
        The polygons that are left, G of them, and the face `[G]` that gives each its colour, its largest.
    """
    shape: dict[int, Polygon] = dict(enumerate(regions.faces))
    around = [dict(shared) for shared in regions.borders]
    first, area = np.arange(len(shape)), regions.area
    thin = ~_wide(regions.faces, narrowest)
    waiting = [(float(area[i]), i) for i in np.flatnonzero(thin).tolist()]
    heapq.heapify(waiting)
    while waiting:
        size, i = heapq.heappop(waiting)
        if i not in shape or size != shape[i].area or not around[i]:
            continue
        apart = {j: float(np.abs(lab[first[i]] - lab[first[j]]).sum()) for j in around[i]}
        j = min(apart, key=lambda k: (apart[k], -around[i][k], k))
        shape[j] = shapely.union(shape[i], shape[j])
        if area[first[i]] > area[first[j]]:
            first[j] = first[i]
        del shape[i]
        for k, shared in around[i].items():
            del around[k][i]
            if k != j:
                around[k][j] = around[j][k] = around[j].get(k, 0.0) + shared
        if not _wide([shape[j]], narrowest)[0]:
            heapq.heappush(waiting, (float(shape[j].area), j))
    left = sorted(shape)
    return [shape[i] for i in left], first[left]


def _wide(faces: Sequence[Polygon], diameter: float) -> NDArray[np.bool_]:
    """Whether a disc of that diameter fits into each."""
    inner: NDArray[np.bool_] = ~shapely.is_empty(shapely.buffer(faces, -diameter / 2, join_style="mitre"))
    return inner
