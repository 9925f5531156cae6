"""Colours out of few pens: which of them, hatched how densely, look like a colour from afar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from plotart.color import hex_to_rgb, to_lab
from plotart.ink import Penned
from plotart.pens import Pen
from plotart.plot.layers import order_pens

__all__ = ["RULING", "Tones", "fewest_missed", "tones"]

RULING = (
    (1 / 16, 0, 16),
    (1 / 8, 8, 16),
    (1 / 4, 4, 8),
    (3 / 8, 2, 8),
    (1 / 2, 6, 8),
    (3 / 4, 1, 4),
    (1.0, 3, 4),
)
"""How hatches grow denser: the share of the paper they cover, and the lines this adds to those before, the first
and the distance in tips. All lines of a light region go on in a darker one, without a lift between them."""


@dataclass(frozen=True)
class Tones:
    """What hatches of some pens mix.

    Attributes:
        pens: K, in plotting order.
        density: `[T, K]`, the share of the paper that each pen's hatch covers; 0 for none.
        lab: `[T, 3]`, the colour from so far that lines melt together.
    """

    pens: tuple[Pen, ...]
    density: NDArray[np.float64]
    lab: NDArray[np.float64]

    def nearest(self, lab: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """For colours `[R, 3]` Lab, the distance in Lab to the most alike tone and which it is: `[R]` each."""
        apart, which = cKDTree(self.lab).query(lab)
        return apart, which

    def boldest(self) -> int:
        """The pen whose solid hatch differs most from the bare paper in lightness."""
        bare = self.lab[~self.density.any(axis=1)][0]
        solid = [int(np.flatnonzero((self.density == row).all(axis=1))[0]) for row in np.eye(len(self.pens))]
        return int(np.abs(self.lab[solid, 0] - bare[0]).argmax())


def tones(pens: Sequence[Pen], paper: str, together: int) -> Tones:
    """The tones of up to `together` of the pens, hatched over each other at different angles, on a paper '#hex'.

    Hatches at different angles cover each other's ink independently, so the mean light of a spot is what the pens' ink
    (`plotart.ink.Penned`) makes of the mean coverages.
    """
    ordered = tuple(pens[i] for i in order_pens(pens))
    rows = [np.zeros((1, len(ordered)))]
    for count in range(1, min(together, len(ordered)) + 1):
        levels = np.stack(np.meshgrid(*[[row[0] for row in RULING]] * count, indexing="ij"), axis=-1).reshape(-1, count)
        for chosen in combinations(range(len(ordered)), count):
            block = np.zeros((len(levels), len(ordered)))
            block[:, chosen] = levels
            rows.append(block)
    density = np.concatenate(rows)
    ink = Penned(ordered, torch.zeros(0))
    builds = [(k, pen.build_up * pen.opacity) for k, pen in enumerate(ordered) if pen.builds]
    covered = np.concatenate([density, *(density[:, [k]] * share for k, share in builds)], axis=1)
    clear = torch.from_numpy(1 - covered).T[:, None]
    rgb = ink.compose(clear, torch.from_numpy(np.asarray(hex_to_rgb(paper))))
    return Tones(ordered, density, to_lab(rgb[:, 0].T.numpy()))


def fewest_missed(
    lab: NDArray[np.float64], area: NDArray[np.float64], pens: Sequence[Pen], paper: str, count: int, together: int
) -> Tones:
    """The tones of the `count` pens that are left when the one least missed is taken away again and again.

    Missed is the mean of the squared distance in Lab between the colours `lab [R, 3]` and their tones, weighted by
    `area [R]`.
    """
    left = list(pens)
    while len(left) > count:
        rivals = []
        for out in range(len(left)):
            apart, _ = tones(left[:out] + left[out + 1 :], paper, together).nearest(lab)
            rivals.append((float((area * apart**2).sum()), out))
        del left[min(rivals)[1]]
    return tones(left, paper, together)
