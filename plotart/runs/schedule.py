"""The stages of a run: those it has when it names none, and as they are run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from plotart.stages import Stage
from plotart.stages.count import Count
from plotart.stages.fit import Fit
from plotart.stages.lighten import Lighten
from plotart.stages.narrow import Narrow
from plotart.stages.quantize import Quantize

__all__ = ["counted", "last_fit", "lightened", "scaled", "usual_stages"]

GENTLY = 0.2
"""Of the rates of that fit, those of the new one, where its optimizer is block-adam."""
REFITTED = 0.2
"""Of the steps of the last fit, how many the strokes have that are left when ink over the limit was taken away."""


def usual_stages(palette: str) -> list[Stage]:
    """The stages of a run that names none, by the way its palette is found.

    fixed: all pens of the set from the first step. kmeans: free colours, clustered and matched, points fitted again
    (the published way). learned: every stroke may choose any pen of the set from the first step, the pens that the
    picture misses least are taken away, then the choice is made for good.
    """
    if palette == "fixed":
        return [Fit(steps=500)]
    if palette == "kmeans":
        return [Fit(steps=300), Quantize(), Fit(steps=200)]
    return [
        Fit(steps=150, schedule="constant", temperature=1.0),
        Narrow(to=6),
        Fit(steps=60, schedule="constant", temperature=0.7),
        Narrow(),
        Fit(steps=80, schedule="constant", temperature=0.4),
        Quantize(),
        Fit(steps=210, schedule="cosine"),
    ]


def last_fit(stages: Sequence[Stage]) -> Fit | None:
    """The last stage in which all of a drawing is fitted."""
    return next((fit for stage in reversed(stages) if (fit := stage.whole_fit()) is not None), None)


def counted(stages: Sequence[Stage]) -> list[Stage]:
    """The stages when the number of pens is to be found: before the first that leaves as many as were given."""
    found = list(stages)
    if not any(stage.counts_pens for stage in found):
        first = next((i for i, stage in enumerate(found) if stage.limits_pens), None)
        if first is not None:
            found.insert(first, Count())
    return [each for stage in found for each in stage.counted()]


def scaled(stages: Sequence[Stage], steps: int) -> list[Stage]:
    """The stages with `steps` shared out to those that have steps, in proportion to their own."""
    whole = sum(stage.own_steps for stage in stages)

    def share(part: int) -> int:
        return max(1, round(steps * part / whole)) if whole else part

    return [stage.scaled(share) for stage in stages]


def lightened(stages: Sequence[Stage], layers: float) -> list[Stage]:
    """The stages, with what is over `layers` of ink taken away at the end and the rest fitted again for a while.

    Where a stage at the end keeps the minutes, that comes before it, so that the fit does not end up over them; the
    little that it lays over the limit is taken away for good.
    """
    last = last_fit(stages)
    if last is not None:
        again = {"steps": math.ceil(last.steps * REFITTED), "schedule": "cosine", "softness": 1.0, "softness_end": 1.0}
        if last.optimizer == "block-adam":  # begins with steps as long as the rate, which would undo what is fitted
            again["rates"] = {name: GENTLY * rate for name, rate in last.rates.items()}
        last = last.model_copy(update=again)
    lighten, made = Lighten(layers=layers, refit=last), list(stages)
    if not made[-1].keeps_minutes:
        return [*made, lighten]
    return [*made[:-1], lighten, made[-1], Lighten(layers=layers)]
