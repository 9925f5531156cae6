"""How far two clouds of points are from each other: sliced optimal transport."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["directions", "sliced"]


def directions(channels: int, count: int, generator: torch.Generator) -> Tensor:
    """`count` random unit vectors, `[channels, count]`."""
    found: Tensor = F.normalize(torch.randn(channels, count, generator=generator), dim=0)
    return found


def sliced(points: Tensor, others: Tensor, along: Tensor) -> Tensor:
    """`[]`, the squared 2-Wasserstein distance of clouds, mean over directions: on a line, the sorted ones are matched.

    N. Bonneel et al., "Sliced and Radon Wasserstein barycenters of measures", 2015; of features of pictures: E. Heitz
    et al., "A sliced Wasserstein loss for neural texture synthesis", 2021.

    Args:
        points: `[C, N, K]`, C clouds of any float type. others: `[M, K]`, the cloud that each is compared with; where M
            is not N, its quantiles are interpolated.
        along: `[K, P]` unit vectors.
    """
    found = (points @ along.to(points.dtype)).float().transpose(1, 2).sort(dim=2).values
    wanted = (others @ along).T.sort(dim=1).values
    if wanted.shape[1] != found.shape[2]:
        wanted = F.interpolate(wanted[None], found.shape[2], mode="linear", align_corners=True)[0]
    return (found - wanted).square().mean()
