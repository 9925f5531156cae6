"""Fewer and shorter ways with the pen lifted: join strokes that continue each other, then order what is left."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from plotart.core.geometry import Path, join, lengths, reverse, tangents_all
from plotart.plot import tour as _tour

__all__ = ["order", "pen_up_length", "tidy"]

AGREE = np.cos(np.radians(30))
"""Strokes are joined when the pen turns by less than 30 degrees from one to the next."""


def pen_up_length(paths: Sequence[Path]) -> float:
    """Travel in mm with the pen lifted between the paths, in their order (not to the first nor from the last)."""
    if len(paths) < 2:
        return 0.0
    ends = np.stack([path[-1] for path in paths[:-1]])
    starts = np.stack([path[0] for path in paths[1:]])
    return float(np.hypot(*(starts - ends).T).sum())


def tidy(paths: Sequence[Path], tip_mm: float) -> list[Path]:
    """Strokes of one pen, with those joined that continue each other, without those shorter than the tip.

    Two strokes become one where their ends lie within a tip's width and the pen would turn by less than 30 degrees;
    nearest ends first, each end once, no stroke with itself. Joined ends move to the middle of their gap, at most half
    a tip. Strokes keep the place of their earliest part.
    """
    if not tip_mm > 0:
        raise ValueError(f"tip_mm must be above 0, not {tip_mm}")
    joined = _join(list(paths), tip_mm) if len(paths) > 1 else list(paths)
    long_enough = lengths(joined) >= tip_mm
    return [path for path, keep in zip(joined, long_enough, strict=True) if keep]


def _join(paths: list[Path], tip_mm: float) -> list[Path]:
    ends = np.stack([path[[0, -1]] for path in paths]).reshape(-1, 2)  # end 2i: start of path i, 2i + 1: its end
    outward = (tangents_all(paths) * np.array([[-1.0], [1.0]])).reshape(-1, 2)
    pairs = cKDTree(ends).query_pairs(tip_mm, output_type="ndarray")
    if not len(pairs):
        return paths
    agree = (outward[pairs[:, 0]] * outward[pairs[:, 1]]).sum(axis=1) < -AGREE
    pairs = pairs[agree & (pairs[:, 0] // 2 != pairs[:, 1] // 2)]
    gaps = np.hypot(*(ends[pairs[:, 0]] - ends[pairs[:, 1]]).T)
    partner: dict[int, int] = {}
    group = list(range(len(paths)))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    for a, b in pairs[np.lexsort((pairs[:, 1], pairs[:, 0], gaps))].tolist():
        one, other = root(a // 2), root(b // 2)
        if a in partner or b in partner or one == other:
            continue
        partner[a], partner[b] = b, a
        group[one] = other
    return _chains(paths, partner)


def _chains(paths: list[Path], partner: dict[int, int]) -> list[Path]:
    """Follow the partners from end to end; there are no rings."""
    done = [False] * len(paths)
    made = []
    for first in range(len(paths)):
        if done[first]:
            continue
        enter = 2 * first  # walk back to the chain's beginning
        while enter in partner:
            enter = partner[enter] ^ 1
        chain: Path | None = None
        while True:
            index = enter // 2
            done[index] = True
            part = paths[index] if enter % 2 == 0 else reverse(paths[index])
            chain = part if chain is None else join(chain, part)
            if enter ^ 1 not in partner:
                break
            enter = partner[enter ^ 1]
        made.append(chain)
    return made


def order(paths: Sequence[Path], seed: int = 0, *, thorough: bool = True) -> list[Path]:
    """The same strokes, some reversed, in an order with little travel between them; the same input, the same order.

    The nearest free end is drawn next (k-d tree), from the end nearest the page's corner. Then runs of strokes are
    reversed (2-opt) and moved (Or-opt) among each other's nearest ends, and small random disturbances are kept where
    they end in a shorter tour (iterated local search), unless the order need not be `thorough`.
    """
    if len(paths) < 2:
        return list(paths)
    ends: NDArray[np.float64] = np.stack([path[[0, -1]] for path in paths]).reshape(-1, 2)
    tour = _tour.shorten(ends, _tour.greedy(ends), seed, None if thorough else 0)
    return [paths[end // 2] if end % 2 == 0 else reverse(paths[end // 2]) for end in tour[::2].tolist()]
