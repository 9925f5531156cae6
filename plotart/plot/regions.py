"""What overlapping shapes look like from above: pieces of the plane, each of one colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from torch import Tensor

__all__ = ["regions"]

Areas = NDArray[np.object_]


def regions(
    shapes: Sequence[Polygon | MultiPolygon],
    laid_on: Callable[[int, Tensor], Tensor],
    ground: Tensor,
    canvas: Polygon,
    least: float,
    seen: float = 0.03,
) -> tuple[Areas, Tensor]:
    """Pieces of `canvas` and their colours, after all shapes were laid on it.

    Args:
        shapes: from the hindmost to the nearest; i is what `laid_on` calls i.
        laid_on: shape i over the colours `[M, 3]` -> the colours it makes of them `[M, 3]`, sRGB.
        ground: `[3]` sRGB, the colour of the canvas before.
        least: area that is worth a piece of its own; what is smaller stays with its neighbour.
        seen: difference of a colour channel that is worth one.

    Returns:
        M areas that do not overlap, and `[M, 3]` sRGB.
    """
    pieces, colours = np.array([canvas], dtype=object), ground[None].clone()
    for i, shape in enumerate(shapes):
        over = shapely.intersection(shape, canvas)
        if shapely.area(over) < least:
            continue
        shapely.prepare(over)
        met = np.flatnonzero(shapely.intersects(over, pieces))
        made = laid_on(i, colours[met])
        changed = (made - colours[met]).abs().amax(1).numpy() >= seen
        met, made = met[changed], made[changed]
        inside = _areal(shapely.intersection(pieces[met], over))
        outside = _areal(shapely.difference(pieces[met], over))
        enough = shapely.area(inside) >= least
        met, made, inside, outside = met[enough], made[enough], inside[enough], outside[enough]
        whole = shapely.area(outside) < least
        colours[met[whole]] = made[whole]
        cut = met[~whole]
        pieces[cut] = outside[~whole]
        pieces = np.concatenate([pieces, inside[~whole]])
        colours = colours.new_tensor(np.concatenate([colours.numpy(), made[~whole].numpy()]))
        pieces, colours = _united(pieces, colours, len(pieces) - int((~whole).sum()))
    return pieces, colours


def _united(pieces: Areas, colours: Tensor, first: int) -> tuple[Areas, Tensor]:
    """The new pieces from `first` on, those of one colour (an opaque shape's) as one."""
    values, group = np.unique(colours[first:].numpy().round(4), axis=0, return_inverse=True)
    if len(values) == len(pieces) - first:
        return pieces, colours
    group = group.ravel()
    new = [shapely.union_all(pieces[first:][group == k]) for k in range(len(values))]
    own = [first + int(np.flatnonzero(group == k)[0]) for k in range(len(values))]
    united = np.empty(first + len(new), dtype=object)
    united[:first], united[first:] = pieces[:first], new
    return united, colours[[*range(first), *own]]


def _areal(found: Areas) -> Areas:
    """The areas of what an overlay found, without the points and lines where shapes only touch."""
    mixed = shapely.get_type_id(found) == 7
    for k in np.flatnonzero(mixed):
        parts = shapely.get_parts(found[k])
        found[k] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return found
