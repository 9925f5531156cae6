"""Pictures as the eye sees them from a distance: S-CIELAB and the difference CIEDE2000 between two of them.

X. Zhang and B. A. Wandell, "A spatial extension of CIELAB for digital color image reproduction", SID 27, 1996. The eye
averages over what it cannot resolve, and over more of it in colour than in lightness. A picture is taken apart into
three opponent channels (lightness, red-green, blue-yellow) of its light, each is blurred by the kernel

    sum_i w_i k_i exp(-(x^2 + y^2) / s_i^2)    with k_i such that each term sums to 1, and w scaled to sum to 1,

with s in degrees of visual angle, and the result is put together again and compared in CIE Lab. `scielab` judges
pictures in float64; `Eye` is the same for tensors and differentiable, with fast wide blurs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter
from skimage import color as _skcolor
from torch import Tensor

from plotart.core.color import XYZ_OF_LIGHT, ciede2000, lab_of_xyz, to_linear
from plotart.core.images import blur

__all__ = ["Difference", "Eye", "eye_blur_mm", "scielab", "scielab_difference"]

Floats = NDArray[np.float64]

_OPPONENT = np.array([[0.279, 0.72, -0.107], [-0.449, 0.29, -0.077], [0.086, -0.59, 0.501]])
"""CIE XYZ to lightness, red-green and blue-yellow (Zhang and Wandell, equation 1)."""
_KERNELS = (
    ((0.921, 0.0283), (0.105, 0.133), (-0.108, 4.336)),
    ((0.531, 0.0392), (0.330, 0.494)),
    ((0.488, 0.0536), (0.371, 0.386)),
)
"""Weight and spread in degrees of each term, by channel (the same, table 1)."""
_FROM_LIGHT = _OPPONENT @ np.array(XYZ_OF_LIGHT)
_TO_XYZ = np.linalg.inv(_OPPONENT)


def scielab(srgb: ArrayLike, px_per_mm: float, distance_mm: float) -> Floats:
    """CIE Lab of a picture as it looks from a distance.

    Args:
        srgb: `[H, W, 3]` in 0..1; beyond its edges it is taken to be mirrored.
        px_per_mm: its resolution on paper. Blurs much narrower than a pixel do nothing.
        distance_mm: from the eye to the paper.

    Returns:
        `[H, W, 3]`, L* in 0..100, D65.

    Raises:
        ValueError: a shape or a length that is none.
    """
    light = to_linear(np.asarray(srgb, dtype=np.float64))
    if light.ndim != 3 or light.shape[2] != 3:
        raise ValueError(f"srgb must be [H, W, 3], not {list(light.shape)}")
    if not (px_per_mm > 0 and distance_mm > 0):
        raise ValueError(f"px_per_mm and distance_mm must be above 0, not {px_per_mm} and {distance_mm}")
    px_per_degree = px_per_mm * distance_mm * math.tan(math.radians(1))
    opponent = light @ _FROM_LIGHT.T
    seen = np.empty_like(opponent)
    for c, terms in enumerate(_KERNELS):
        whole = sum(weight for weight, _ in terms)
        blurred = [
            weight / whole * gaussian_filter(opponent[..., c], spread / math.sqrt(2) * px_per_degree, truncate=3.0)
            for weight, spread in terms
        ]
        seen[..., c] = np.sum(blurred, axis=0)
    xyz = (seen @ _TO_XYZ.T).clip(0)
    lab: Floats = _skcolor.xyz2lab(xyz)
    return lab


def eye_blur_mm(distance_mm: float) -> float:
    """Standard deviation on the paper, in mm, of a Gaussian of one arc minute at that viewing distance."""
    return distance_mm * math.tan(math.radians(1 / 60))


class Eye:
    """Light `[B, 3, H, W]` (linear sRGB) as the eye sees it from `distance_mm`, differentiable; see `scielab`."""

    def __init__(self, px_per_mm: float, distance_mm: float) -> None:
        self.px_per_degree = px_per_mm * distance_mm * math.tan(math.radians(1))

    def __call__(self, light: Tensor) -> Tensor:
        """CIE Lab `[B, 3, H, W]`."""
        from_light, to_xyz = (torch.from_numpy(m).to(light) for m in (_FROM_LIGHT, _TO_XYZ))
        opponent = torch.einsum("ij,bjhw->bihw", from_light, light)
        seen = []
        for c, terms in enumerate(_KERNELS):
            whole = sum(weight for weight, _ in terms)
            channel = opponent[:, c : c + 1]
            blurred = [
                weight / whole * blur(channel, spread / math.sqrt(2) * self.px_per_degree) for weight, spread in terms
            ]
            seen.append(torch.stack(blurred).sum(0))
        return lab_of_xyz(torch.einsum("ij,bjhw->bihw", to_xyz, torch.cat(seen, dim=1)).clamp(min=0))


@dataclass(frozen=True)
class Difference:
    """CIEDE2000 between two pictures: the mean over the points looked at, and what 95 % of them stay below."""

    mean: float
    p95: float

    @classmethod
    def of(cls, values: Floats, where: Floats | None = None) -> Difference:
        """Of `values [H, W]`, each counted by its weight `where [H, W]`; both numbers are 0 where nothing counts."""
        flat = values.ravel()
        weight = np.ones_like(flat) if where is None else where.ravel()
        whole = float(weight.sum())
        if whole <= 0:
            return cls(0.0, 0.0)
        order = np.argsort(flat)
        reached = np.searchsorted(np.cumsum(weight[order]), 0.95 * whole)
        return cls(float(flat @ weight) / whole, float(flat[order[min(int(reached), len(flat) - 1)]]))


def scielab_difference(a: ArrayLike, b: ArrayLike, px_per_mm: float, distance_mm: float) -> Floats:
    """CIEDE2000 `[H, W]` between two pictures `[H, W, 3]` in sRGB, both as seen from a distance; see `scielab`."""
    return ciede2000(scielab(a, px_per_mm, distance_mm), scielab(b, px_per_mm, distance_mm))
