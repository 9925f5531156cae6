"""Where new strokes start: places drawn by a density, spread evenly, and directions along the edges of a picture."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from kornia.filters import gaussian_blur2d
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

__all__ = ["blurred", "edge_directions", "hilbert_order", "scatter"]


def blurred(image: Tensor, deviation: float) -> Tensor:
    """`image [1, C, H, W]` after a Gaussian of that standard deviation in px, at least half a pixel."""
    deviation = max(0.5, deviation)
    radius = min(math.ceil(3 * deviation), min(image.shape[-2:]) - 1)
    side = 2 * radius + 1
    result: Tensor = gaussian_blur2d(image, (side, side), (deviation, deviation), border_type="reflect")
    return result


@lru_cache(maxsize=4)
def hilbert_order(height: int, width: int) -> NDArray[np.int64]:
    """The pixels of an image, `row * width + column`, in the order in which a Hilbert curve visits them."""
    side = 1 << max(height - 1, width - 1, 1).bit_length()
    y, x = (axis.ravel() for axis in np.mgrid[:height, :width])
    place, s = np.zeros(height * width, np.int64), side // 2
    while s:
        right, down = (x & s) > 0, (y & s) > 0
        place += s * s * ((3 * right) ^ down)
        # turn the quadrant so that its curve starts and ends at the right corners
        flip = right & ~down
        x, y = np.where(flip, side - 1 - x, x), np.where(flip, side - 1 - y, y)
        x, y = np.where(down, x, y), np.where(down, y, x)
        s //= 2
    return np.argsort(place, kind="stable")


def scatter(density: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` places in proportion to `density [H, W]` >= 0, evenly spread: `[count, 2]` px (x, y).

    The density is summed up along a Hilbert curve and cut into `count` equal parts, with a place in each. Parts are
    compact areas, so that places keep apart as blue noise does (Steigleder and McCool, "Generalized stratified sampling
    using the Hilbert curve", 2002).
    """
    height, width = density.shape
    order = torch.from_numpy(hilbert_order(height, width))
    summed = density.detach().cpu().double().flatten()[order].cumsum(0)
    wanted = (torch.arange(count) + torch.rand(count, generator=generator).double()) / count * summed[-1]
    pixel = order[torch.searchsorted(summed, wanted).clamp_max(height * width - 1)]
    within = torch.rand(count, 2, generator=generator)
    return torch.stack([pixel % width, pixel // width], dim=1) + within


def edge_directions(image: Tensor, blur: float) -> tuple[Tensor, Tensor]:
    """Which way the edges of `image [3, H, W]` run, by the structure tensor of all channels.

    Args:
        blur: standard deviation in px of the Gaussian whose derivatives are taken; they are averaged over twice that.

    Returns:
        The angle `[H, W]` of the direction in which the image changes least, and the coherence `[H, W]` in 0 (all
        directions alike) .. 1 (a straight edge): (l1 - l2) / (l1 + l2) of the tensor's eigenvalues.
    """
    channels = image.detach().cpu().double().numpy()
    by_x = np.stack([gaussian_filter(c, blur, order=(0, 1)) for c in channels])
    by_y = np.stack([gaussian_filter(c, blur, order=(1, 0)) for c in channels])
    xx, yy, xy = (gaussian_filter((a * b).sum(0), 2 * blur) for a, b in ((by_x, by_x), (by_y, by_y), (by_x, by_y)))
    across = 0.5 * np.arctan2(2 * xy, xx - yy)
    coherence = np.hypot(xx - yy, 2 * xy) / np.maximum(xx + yy, 1e-12)
    return torch.from_numpy(across + math.pi / 2).float(), torch.from_numpy(coherence).float()
