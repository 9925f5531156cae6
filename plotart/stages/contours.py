"""The contours and the dark lines of a picture, the strongest first, each for the pen that it belongs to."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, maximum_filter, zoom
from skimage.feature import canny

from plotart.stages.looks.base import Wanted
from plotart.stages.streamlines import Laying, direction_field, lay_lines

__all__ = ["contours", "dark_lines"]

Floats = NDArray[np.float64]

FINER = 2
"""Cells to a pixel of the grid on which contours are found."""
NEAR_MM = 1.6
"""How far beside a contour the inks are looked for whose pen draws it."""
ATTENTION = 1.2
"""Dark lines are as fine as they get where the focus is this part of 1."""
PLAIN = 0.004
"""A lightness that is no difference, 0..1."""
FINE_COUNTS, FOCUS_COUNTS = 1.6, 6.0
"""How much more a fine line counts, and one in the focus: a face is told by few and small ones."""
SHORT = 0.35
"""Lines count by this power of their length less than their sum, so that not only long ones are drawn."""


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
    own = zoom(_own(wanted, dark), FINER, order=0, grid_mode=True, mode="nearest")
    field = direction_field(light, 0.5 * sigma)
    laying = Laying(shortest_mm, longest_mm, turn=3 * math.pi)
    lines = lay_lines(0.9 * band * own, mm_per_px, wanted.tip_mm, laying, wanted.generator, field=field)

    def weight(line: Floats) -> float:
        column, row = np.clip((line / mm_per_px).astype(int), 0, np.array(light.shape[::-1]) - 1).T
        return float(strong[row, column].sum())

    return sorted(lines, key=weight, reverse=True)


def dark_lines(
    wanted: Wanted, fine_mm: float, broad_mm: float, shortest_mm: float, longest_mm: float, dark: float
) -> list[Floats]:
    """What a hand draws as a line, `[M, 2]` mm, strongest first: places darker than what lies around them.

    The difference of two Gaussians 1.6 times apart (H. Winnemoeller et al., "XDoG", 2012), in shares of what is usual
    in the neighbourhood, so that a mouth counts as much as a sleeve; lines run along its ridges. Where the picture's
    focus is, finer ones are looked for, and they count more.

    Args:
        fine_mm, broad_mm: the smaller Gaussian in the focus, and elsewhere. dark: as of `contours`.
    """
    height, width = wanted.sharp.shape
    mm_per_px = wanted.size_mm[0] / width
    near = np.clip(ATTENTION * wanted.focus, 0, 1)
    plane, strong = np.zeros_like(near), np.zeros_like(near)
    for sigma_mm, share, counts in ((fine_mm, near, FINE_COUNTS), (broad_mm, 1 - near, 1.0)):
        sigma = sigma_mm / mm_per_px
        darker = np.clip(gaussian_filter(wanted.sharp, 1.6 * sigma) - gaussian_filter(wanted.sharp, sigma), 0, None)
        usual = np.sqrt(gaussian_filter(darker**2, 6 * sigma)) + PLAIN
        plane += share * np.clip(1.3 * darker / usual - 0.5, 0, 1)
        strong += share * counts * darker
    strong *= 1 + FOCUS_COUNTS * wanted.focus
    own = zoom(
        _own(wanted, dark),
        (height / wanted.plane.shape[0], width / wanted.plane.shape[1]),
        order=0,
        grid_mode=True,
        mode="nearest",
    )
    field = direction_field(wanted.sharp, 0.25 / mm_per_px)
    laying = Laying(shortest_mm, longest_mm, turn=3 * math.pi)
    lines = lay_lines(0.9 * plane * own, mm_per_px, wanted.tip_mm, laying, wanted.generator, field=field)

    def weight(line: Floats) -> float:
        column, row = np.clip((line / mm_per_px).astype(int), 0, np.array([width - 1, height - 1])).T
        total: float = strong[row, column].sum() / len(line) ** SHORT
        return total

    return sorted(lines, key=weight, reverse=True)


def _own(wanted: Wanted, dark: float) -> Floats:
    """Where this pen draws the lines, `[H, W]` of 0 and 1: the one whose ink is wanted most close by."""
    reach = 2 * math.ceil(NEAR_MM / wanted.mm_per_px) + 1
    inks = np.stack([maximum_filter(plane, reach) for plane in wanted.planes])
    inks[wanted.darkest] *= dark
    own: Floats = (inks.argmax(0) == wanted.number).astype(float)
    return own
