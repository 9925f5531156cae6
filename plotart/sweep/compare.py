"""What a style does to the neurons of a sweep: paired, neuron by neuron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from plotart.core.errors import InputError
from plotart.sweep.plan import Cell

__all__ = ["Comparison", "compare", "comparisons_text"]

CONFIDENCE = 0.95
RESAMPLES = 9999


@dataclass(frozen=True)
class Comparison:
    """A style against none, over the neurons that were drawn both ways.

    Excitations are those of the written SVG, of dreams alone those of the dream; the mean is taken of a neuron's seeds
    first.

    Attributes:
        neurons, runs: how many neurons, and how many pairs of runs of the same neuron and seed.
        without, with_style: mean excitation. difference: the mean over neurons of with minus without.
        interval: of the difference, a bootstrap over neurons at 95 %; None of fewer than three neurons.
        share: of the neurons that the style excites more than no style does.
    """

    style: str
    neurons: int
    runs: int
    without: float
    with_style: float
    difference: float
    interval: tuple[float, float] | None
    share: float


def compare(figures: Mapping[Cell, Mapping[str, Any]]) -> list[Comparison]:
    """Each style of a sweep against none.

    Args:
        figures: what run.json holds of the runs that are finished.

    Raises:
        InputError: no neuron was drawn with a style and without, from the same seed.
    """
    plain = {(cell.neuron, cell.seed): _excitation(run) for cell, run in figures.items() if cell.style is None}
    styles = dict.fromkeys(cell.style for cell in figures if cell.style is not None)
    found = []
    for style in styles:
        pairs: dict[str, list[tuple[float, float]]] = {}
        for cell, run in figures.items():
            if cell.style == style and (cell.neuron, cell.seed) in plain:
                pairs.setdefault(cell.subject, []).append((plain[cell.neuron, cell.seed], _excitation(run)))
        if pairs:
            means = np.array([np.mean(each, axis=0) for each in pairs.values()])
            found.append(_compared(style, means, sum(map(len, pairs.values()))))
    if not found:
        raise InputError(
            "--compare: no neuron is drawn with a style and without, from one seed; give --style none,FILE"
        )
    return found


def _excitation(run: Mapping[str, Any]) -> float:
    excited = run["excitation"]
    return float(excited["svg" if "svg" in excited else "free"])


def _compared(style: str, means: NDArray[np.float64], runs: int) -> Comparison:
    """means: `[N, 2]`, without and with, by neuron."""
    differences = means[:, 1] - means[:, 0]
    interval = None
    if len(differences) > 2:
        if np.ptp(differences) == 0:
            interval = (float(differences[0]),) * 2
        else:
            told = bootstrap(
                (differences,), np.mean, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="percentile",
                rng=np.random.default_rng(0),
            ).confidence_interval  # fmt: skip
            interval = (float(told.low), float(told.high))
    without, with_style = means.mean(axis=0).tolist()
    share = float((differences > 0).mean())
    return Comparison(style, len(means), runs, without, with_style, float(differences.mean()), interval, share)


def comparisons_text(found: Sequence[Comparison]) -> str:
    """A line or two for each."""
    lines = []
    for each in found:
        between = "" if each.interval is None else f" (95 %: {each.interval[0]:+.2f} to {each.interval[1]:+.2f})"
        lines.append(
            f"{each.style}: excitation {each.without:.1f} without, {each.with_style:.1f} with it; "
            f"{each.difference:+.2f} a neuron{between}; more for {each.share:.0%} of {each.neurons} neurons "
            f"({each.runs} pairs of runs)"
        )
    return "\n".join(lines)
