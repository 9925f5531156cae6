"""What the phases of a run seen so far tell of the others.

The logarithm of what a phase takes over what was expected is modelled as a sum of normal errors: of the whole run (the
machine is slower, or has other work), of all steps or of all else, and of the phase alone. The phases seen so far then
tell what to expect of the others: the conditional mean of a Gaussian vector (C. E. Rasmussen and C. K. I. Williams,
"Gaussian Processes for Machine Learning", 2006, appendix A.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import log_ndtr

__all__ = ["corrected", "rest"]

NOISE, NOISE_S = 0.1, 0.25
"""Error of what is seen of a phase: a share, and seconds."""
AGED = 0.2
"""What that error grows by with every stage since, for other work comes and goes."""
SURE = 0.3
"""Deviation of the logarithm of a phase at work, once all has been seen that can be seen of the others."""
ODD = 0.4
"""Logarithm of a factor by which what has no steps is off at most without counting for less."""


def rest(expected: float, elapsed: float) -> float:
    """Seconds left of a phase of which nothing is seen until it ends.

    The mean of a log-normal time of which so much has passed: what takes longer than expected goes on for a while.
    """
    if expected <= 0 or elapsed <= 0:
        return max(0.0, expected)
    z = math.log(elapsed / expected) / SURE
    return math.exp(math.log(expected) + SURE**2 / 2 + float(log_ndtr(SURE - z) - log_ndtr(-z))) - elapsed


def corrected(deviations: np.ndarray, seen: Sequence[tuple[int, int, float, float]]) -> np.ndarray:
    """Factors `[S, 3]` of what each phase will take over what was expected.

    Args:
        deviations: `[S, 3, 3]`, of the logarithms: of the whole run, of all phases of its kind, and its own.
        seen: stage, phase, seconds, and the seconds expected of the same.
    """
    shape = deviations.shape[:2]
    known = [(i, j, took, expected) for i, j, took, expected in seen if took > 0 and expected > 0]
    if not known:
        return np.ones(shape)
    phase = np.arange(shape[0] * shape[1]) % shape[1]
    run, kind, alone = deviations.reshape(-1, 3).T
    steps = phase == 1
    covariance = np.outer(run, run) + np.equal.outer(steps, steps) * np.outer(kind, kind) + np.diag(alone**2)
    rows = np.array([i * shape[1] + j for i, j, *_ in known])
    seconds, expected = np.array([(took, expected) for *_, took, expected in known]).T
    ratio = np.log(seconds / expected)
    # what is off by more than a half has a reason of its own: it had nothing to do, or something for once
    odd = np.where(rows % shape[1] == 1, 0.0, np.maximum(0.0, abs(ratio) - ODD))
    stage = rows // shape[1]
    noise = NOISE + NOISE_S / (seconds + expected) + odd + AGED * (stage.max() - stage)
    among = covariance[np.ix_(rows, rows)] + np.diag(noise**2)
    found = covariance[:, rows] @ np.linalg.solve(among, ratio)
    return np.asarray(np.exp(found).reshape(shape))
