"""The contours of a picture as lines, the strongest first, each for the pen that it belongs to."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, maximum_filter, zoom
from skimage.feature import canny

from plotart.stages.looks.base import Wanted
from plotart.stages.streamlines import Laying, direction_field, lay_lines

__all__ = ["contours"]

Floats = NDArray[np.float64]

FINER = 2
"""Cells to a pixel of the grid on which contours are found."""
NEAR_MM = 1.6
"""How far beside a contour the inks are looked for whose pen draws it."""


def contours(
    wanted: Wanted, sigma_mm: float, share: float, shortest_mm: float, longest_mm: float, dark: float = 1.5
) -> list[Floats]:
    """The lines of this pen, `[M, 2]` mm, strongest first.

    Edges are those of lightness (J. Canny, "A computational approach to edge detection", 1986); lines run along them.

    Args:
        sigma_mm: what is finer is left out. share: of the pixels, whose gradients count as edges.
        dark: how much sooner the darkest pen draws a contour than others.
    """
    light = zoom(wanted.light, FINER, order=1, grid_mode=True, mode="nearest")
    mm_per_px = wanted.mm_per_px / FINER
    sigma = sigma_mm / mm_per_px
    strong = np.hypot(*np.gradient(gaussian_filter(light, sigma)))
    edge = canny(light, sigma, 1 - 2 * share, 1 - share, use_quantiles=True)  # type: ignore[no-untyped-call]
    if not edge.any():
        return []
    tip = wanted.tip_mm / mm_per_px
    band = np.exp(-((distance_transform_edt(~edge) / (0.45 * tip)) ** 2))
    reach = 2 * math.ceil(NEAR_MM / wanted.mm_per_px) + 1
    inks = np.stack([maximum_filter(plane, reach) for plane in wanted.planes])
    inks[wanted.darkest] *= dark
    own = zoom((inks.argmax(0) == wanted.number).astype(float), FINER, order=0, grid_mode=True, mode="nearest")
    field = direction_field(light, 0.5 * sigma)
    laying = Laying(shortest_mm, longest_mm, turn=3 * math.pi)
    lines = lay_lines(0.9 * band * own, mm_per_px, wanted.tip_mm, laying, wanted.generator, field=field)

    def weight(line: Floats) -> float:
        column, row = np.clip((line / mm_per_px).astype(int), 0, np.array(light.shape[::-1]) - 1).T
        return float(strong[row, column].sum())

    return sorted(lines, key=weight, reverse=True)
