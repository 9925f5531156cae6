"""Signed distances to the outlines of a scene (`OutputType.sdf`), in plain torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from plotart.raster.layers import layers_of
from plotart.raster.paths import Path, Shape

__all__ = ["signed_distance"]

AT_ONCE = 1 << 22
"""Pairs of a place and an edge that are looked at together."""


def signed_distance(
    shapes: Sequence[Shape], positions: Tensor, size: tuple[int, int], canvas: tuple[float, float]
) -> Tensor:
    """Distance in units of the canvas to the nearest outline, negative inside the shape that it belongs to, if filled.

    Args:
        positions: `[N, 2]`, places on the canvas; none: the centres of an image of `size` (H, W), the canvas (H, W).

    Returns:
        `[N, 1]`, or `[H, W, 1]`.
    """
    places = positions
    if not len(positions):
        y, x = ((torch.arange(n) + 0.5) * (whole / n) for n, whole in zip(size, canvas, strict=True))
        places = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], dim=-1).reshape(-1, 2)
    if not shapes:
        return torch.zeros(len(places), 1).reshape(-1, 1) if len(positions) else torch.zeros(*size, 1)
    black = torch.zeros(4)
    outlines = [Shape(s.contours, black, rule=s.rule, transform=s.transform) for s in shapes]
    nearest, inside = [], []
    for shape, outline in zip(shapes, outlines, strict=True):
        layers = layers_of([outline])
        ends = torch.from_numpy(layers.ends)
        drawn = torch.from_numpy(_drawn(outline.contours, layers.ends, layers.vertices))
        starts, stops = layers.vertices[ends[:, 0]], layers.vertices[ends[:, 1]]
        step = max(1, AT_ONCE // max(1, len(ends)))
        parts = [_nearest(part, starts[drawn], stops[drawn]) for part in torch.split(places, step)]
        nearest.append(torch.cat(parts))
        if shape.fill is None:
            inside.append(torch.zeros(len(places), dtype=torch.bool))
        else:
            counted = [_winding(part, starts.detach(), stops.detach()) for part in torch.split(places, step)]
            winding = torch.cat(counted)
            inside.append(winding % 2 != 0 if shape.rule == "even-odd" else winding != 0)
    distance, owner = torch.stack(nearest).min(dim=0)
    within = torch.stack(inside).gather(0, owner[None])[0]
    signed = torch.where(within, -distance, distance)[:, None]
    return signed if len(positions) else signed.reshape(*size, 1)


def _drawn(contours: Sequence[Path], ends: np.ndarray, vertices: Tensor) -> np.ndarray:
    """Which edges `[E]` are part of an outline: all but the lines that close open contours."""
    back = np.flatnonzero(ends[:, 1] < ends[:, 0])  # the last edge of each contour leads back to its start
    drawn = np.ones(len(ends), np.bool_)
    for contour, edge in zip(contours, back, strict=True):
        drawn[edge] = contour.closed
    return drawn


def _nearest(places: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
    along = stops - starts
    square = along.square().sum(1)
    share = ((places[:, None] - starts) * along).sum(-1) / torch.where(square > 0, square, 1)
    away = places[:, None] - (starts + share.clamp(0, 1)[..., None] * along)
    least = away.square().sum(-1).min(dim=1).values
    some = least > 0
    return torch.where(some, torch.where(some, least, 1).sqrt(), 0)


def _winding(places: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
    x, y = places[:, :1], places[:, 1:]
    down, up = (starts[:, 1] <= y) & (stops[:, 1] > y), (stops[:, 1] <= y) & (starts[:, 1] > y)
    tall = stops[:, 1] - starts[:, 1]
    at = starts[:, 0] + (y - starts[:, 1]) * (stops[:, 0] - starts[:, 0]) / torch.where(tall != 0, tall, 1)
    left = at < x
    return (down & left).sum(1) - (up & left).sum(1)
