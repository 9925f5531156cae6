"""Layers of ink on paper: how much ink strokes lay on every square millimetre, differentiable.

Paper takes a few layers of ink before it buckles, bleeds or tears, whatever pens they come from, so coverage is summed
over all strokes here and not united. A square of 1 mm whose strokes cover 2.5 mm^2 in all carries 2.5 layers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from plotart.core.geometry import Path, cubic, cubic_slope, segments
from plotart.drawing.portions import laid_on_cells

__all__ = ["SQUARE_CELLS", "STEP_MM", "ink_load", "load_of_paths"]

STEP_MM = 0.25
"""Side of a cell: squares of 1 mm are looked at in every position on this grid."""
SQUARE_CELLS = round(1 / STEP_MM)
"""Cells along the side of a square of 1 mm."""


def ink_load(
    curves: Tensor,
    width: Tensor,
    ends: Tensor,
    size_mm: tuple[float, float],
    presence: Tensor | None = None,
    step_mm: float = STEP_MM,
) -> Tensor:
    """Layers of ink on every square millimetre of a page.

    Ink is laid down in small portions along and across each curve, shared out to the four nearest cells; round caps
    count as half-widths of the same area.

    Args:
        curves: cubic Bezier segments `[M, 4, 2]` in mm on the page. width: `[M]` mm, of the line.
        ends: `[M, 2]`, not 0 where a cap sits at the start or end of a segment.
        size_mm: width and height of the page; what falls beside it counts nowhere.
        presence: `[M]` in 0..1, what share of its ink each segment lays down; all by default.
        step_mm: of the grid, a whole part of 1 mm; twice as coarse a one takes about a fourth of the time.

    Returns:
        `[H, W]`, for each position of a square of 1 mm on a grid of `step_mm`.
    """
    cells_across = round(1 / step_mm)
    columns, rows = (max(cells_across, math.ceil(side / step_mm)) for side in size_mm)
    caps, owner = _caps(curves, width, ends)
    shown = torch.ones_like(width) if presence is None else presence
    every = torch.cat([curves, caps]), torch.cat([width, width[owner]]), torch.cat([shown, shown[owner]])
    laid = laid_on_cells if curves.device.type == "cpu" else _laid_on_cells
    cells = laid(*every, (rows, columns), step_mm)
    layers = cells[None, None, 1:-1, 1:-1] / step_mm**2
    squares: Tensor = torch.nn.functional.avg_pool2d(layers, cells_across, stride=1)[0, 0]
    return squares


def _laid_on_cells(curves: Tensor, width: Tensor, shown: Tensor, size: tuple[int, int], step_mm: float) -> Tensor:
    """`laid_on_cells` in operations that every device has."""
    rows, columns = size
    places, amounts = _portions(curves, width, shown, step_mm)
    scaled = places / step_mm - 0.5
    corner = scaled.detach().floor()
    part = scaled - corner
    cell = corner.long()
    # a cell more on each side takes what falls beside the page
    wide = columns + 2
    cells = torch.zeros((rows + 2) * wide, dtype=curves.dtype, device=curves.device)
    for dx in (0, 1):
        for dy in (0, 1):
            x, y = (cell[:, 0] + dx).clamp(-1, columns), (cell[:, 1] + dy).clamp(-1, rows)
            share = (part[:, 0] if dx else 1 - part[:, 0]) * (part[:, 1] if dy else 1 - part[:, 1])
            cells = cells.index_add(0, (y + 1) * wide + x + 1, share * amounts)
    return cells.view(rows + 2, wide)


def _caps(curves: Tensor, width: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """The round caps as straight curves going on from the ends, and the curve that each belongs to.

    Half a disc of width w has the area of a rectangle w wide and pi w / 8 long.
    """
    thirds = torch.arange(4, device=curves.device).to(curves)[:, None] / 3
    caps, owners = [], []
    for end, (tip, inner) in enumerate(((0, 1), (3, 2))):
        own = torch.nonzero(ends[:, end]).flatten()
        # index_select, since the gradient of plain indexing takes longer
        there = curves[:, tip].index_select(0, own)
        out = there - curves[:, inner].index_select(0, own)
        reach = (math.pi / 8 * width.index_select(0, own) / _length(out))[:, None] * out
        caps.append(there[:, None] + thirds * reach[:, None])
        owners.append(own)
    return torch.cat(caps), torch.cat(owners)


def _portions(curves: Tensor, width: Tensor, shown: Tensor, step_mm: float) -> tuple[Tensor, Tensor]:
    """Where small portions of ink lie, `[P, 2]` mm, and how much each is, `[P]` mm^2."""
    polygon = curves.detach().diff(dim=1).norm(dim=-1).sum(-1)
    along = (polygon / step_mm).ceil().clamp_min(1).long()
    across = (width / step_mm).ceil().clamp_min(1).long()
    owner = torch.repeat_interleave(torch.arange(len(curves), device=curves.device), along * across)
    first = (along * across).cumsum(0) - along * across
    number = torch.arange(len(owner), device=curves.device) - first[owner]
    u = ((number // across[owner]).to(curves) + 0.5) / along[owner]
    side = ((number % across[owner]).to(curves) + 0.5) / across[owner] - 0.5
    # index_select, since the gradient of plain indexing takes longer
    p, t = curves.index_select(0, owner).unbind(1), u[:, None]
    at, slope = cubic(p, t), cubic_slope(p, t)
    speed, wide = _length(slope), width.index_select(0, owner)
    normal = torch.stack([-slope[:, 1], slope[:, 0]], dim=-1) / speed[:, None]
    amount = shown.index_select(0, owner) * speed / along[owner] * wide / across[owner]
    return at + (side * wide)[:, None] * normal, amount


def _length(vector: Tensor) -> Tensor:
    length: Tensor = (vector.square().sum(-1) + 1e-16).sqrt()
    return length


def load_of_paths(pens: Iterable[tuple[Sequence[Path], float]], size_mm: tuple[float, float]) -> Tensor:
    """`ink_load` `[H, W]` of paths in mm on a page of `size_mm`; pens: the paths and the line's width in mm of each."""
    curves: list[np.ndarray] = [np.empty((0, 4, 2))]
    widths: list[np.ndarray] = [np.empty(0)]
    ends: list[np.ndarray] = [np.empty((0, 2))]
    for paths, tip_mm in pens:
        for path in paths:
            pieces = segments(path)
            caps = np.zeros((len(pieces), 2))
            caps[0, 0] = caps[-1, 1] = 1
            curves.append(pieces)
            widths.append(np.full(len(pieces), tip_mm))
            ends.append(caps)
    first, second, third = (torch.from_numpy(np.concatenate(part)).float() for part in (curves, widths, ends))
    return ink_load(first, second, third, size_mm)
