"""The oracle of plotart.raster.fills: the same layers in dense torch, at any precision, gradients by autograd.

Written apart from the kernels, for reading and for tests: cost grows with slabs x edges and pieces x columns.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plotart.raster.layers import LINEAR, Layers

Array = NDArray[Any]
_SHEAR = 1e-8
_SAME = 1e-6


def composite(layers: Layers, ground: Tensor, wanted: Array) -> Tensor:
    """Layers over `ground [B, H, W, 5]`, premultiplied, the fifth what anything covers -> the same."""
    height, width = ground.shape[1:3]
    chosen = torch.from_numpy(wanted) if wanted.size else torch.ones(height, width, dtype=torch.bool)
    images = []
    for drawing in range(len(ground)):
        image = ground[drawing]
        for i in range(drawing * layers.layers, (drawing + 1) * layers.layers):
            ends = layers.ends[layers.first[i] : layers.first[i + 1]]
            covered = coverage(layers.vertices, ends, bool(layers.even_odd[i]), (height, width)) * chosen
            colour = colours(layers, i, (height, width))
            a = (covered * colour[..., 3])[..., None]
            whole = torch.cat([colour[..., :3], torch.ones_like(colour[..., 3:])], dim=-1)
            mixed = (1 - a) * image[..., :4] + a * whole
            over = covered[..., None]
            image = torch.cat([mixed, (1 - over) * image[..., 4:] + over], dim=-1)
        images.append(image)
    return torch.stack(images)


def coverage(vertices: Tensor, ends: Array, even_odd: bool, size: tuple[int, int]) -> Tensor:
    """The area of each pixel `[H, W]` that a rule fills; `ends [E, 2]` are the vertices of each edge."""
    height, width = size
    if len(ends) == 0:
        return vertices.new_zeros(size)
    flat = vertices.detach().double().numpy()
    xs, ys = flat[:, 0], flat[:, 1] + _SHEAR * flat[:, 0]
    down = ys[ends[:, 0]] <= ys[ends[:, 1]]
    upper, lower = np.where(down, ends[:, 0], ends[:, 1]), np.where(down, ends[:, 1], ends[:, 0])
    sign = np.where(down, 1, -1)
    pieces = _pieces(xs[upper], ys[upper], xs[lower], ys[lower], sign, even_odd, height)
    if not pieces:
        return vertices.new_zeros(size)
    edge, row, side = (np.array([piece[k] for piece in pieces]) for k in (0, 1, 4))
    top, bottom = (torch.tensor([piece[k] for piece in pieces], dtype=vertices.dtype) for k in (2, 3))
    x, y = vertices[:, 0], vertices[:, 1] + _SHEAR * vertices[:, 0]
    x0, y0, x1, y1 = x[upper[edge]], y[upper[edge]], x[lower[edge]], y[lower[edge]]
    slope = (x1 - x0) / (y1 - y0)
    xa, xb = x0 + (top - y0) * slope, x0 + (bottom - y0) * slope
    right = torch.arange(width, dtype=vertices.dtype) + 1
    mean = _mean(right - xa[:, None], right - xb[:, None])
    area = (torch.from_numpy(side).to(mean) * (bottom - top))[:, None] * mean
    return vertices.new_zeros(size).index_add(0, torch.from_numpy(row), area)


def _mean(a: Tensor, b: Tensor) -> Tensor:
    """The mean of min(max(u, 0), 1) over u from a to b."""
    apart = (a - b).abs() > _SAME
    difference = torch.where(apart, a - b, torch.ones_like(a))
    return torch.where(apart, (_integral(a) - _integral(b)) / difference, ((a + b) / 2).clamp(0, 1))


def _integral(u: Tensor) -> Tensor:
    return torch.where(u > 1, u - 0.5, torch.where(u > 0, u * u / 2, 0.0))


def _pieces(
    x0: Array, y0: Array, x1: Array, y1: Array, sign: Array, even_odd: bool, height: int
) -> list[tuple[int, int, float, float, int]]:
    """Edge, row, top, bottom and side of each piece of the boundary, within single slabs that no edge ends in."""
    tall = y1 - y0
    slope = np.divide(x1 - x0, tall, out=np.zeros_like(tall), where=tall > 0)
    heights = {*y0, *y1, *np.arange(height + 1.0)}
    for i in range(len(x0)):
        for j in range(i):
            if slope[i] != slope[j]:
                y = (x0[j] - x0[i] + slope[i] * y0[i] - slope[j] * y0[j]) / (slope[i] - slope[j])
                if max(y0[i], y0[j]) < y < min(y1[i], y1[j]):
                    heights.add(y)
    cuts = np.array(sorted(y for y in heights if 0 <= y <= height))
    found = []
    for top, bottom in pairwise(cuts):
        through = np.flatnonzero((y0 <= top) & (y1 >= bottom))
        middle = x0[through] + ((top + bottom) / 2 - y0[through]) * slope[through]
        winding = 0
        for k in through[np.argsort(middle, kind="stable")]:
            before = winding % 2 if even_odd else winding != 0
            winding += int(sign[k])
            after = winding % 2 if even_odd else winding != 0
            if bool(before) != bool(after):
                found.append((int(k), int((top + bottom) / 2), float(top), float(bottom), 1 if after else -1))
    return found


def colours(layers: Layers, i: int, size: tuple[int, int]) -> Tensor:
    """The colour of layer i at the centres of the pixels, `[H, W, 4]`."""
    stops = layers.stops[layers.first_stop[i] : layers.first_stop[i + 1]]
    if layers.kind[i] == 0:
        return stops[0, 1:].expand(*size, 4)
    y, x = torch.meshgrid(*(torch.arange(n, dtype=stops.dtype) + 0.5 for n in size), indexing="ij")
    a, b, c, d = layers.geometry[i].unbind()
    if layers.kind[i] == LINEAR:
        t = ((x - a) * (c - a) + (y - b) * (d - b)) / ((c - a) ** 2 + (d - b) ** 2).clamp_min(1e-12)
    else:
        t = (((x - a) / c) ** 2 + ((y - b) / d) ** 2).clamp_min(1e-30).sqrt()
    colour = stops[-1, 1:].expand(*size, 4)
    for s in range(len(stops) - 2, -1, -1):
        gap = stops[s + 1, 0] - stops[s, 0]
        share = ((t - stops[s, 0]) / torch.where(gap > 0, gap, 1.0))[..., None]
        colour = torch.where(
            (t < stops[s + 1, 0])[..., None], (1 - share) * stops[s, 1:] + share * stops[s + 1, 1:], colour
        )
    return torch.where((t < stops[0, 0])[..., None], stops[0, 1:], colour)
