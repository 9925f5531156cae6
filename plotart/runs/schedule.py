"""The stages of a run: those it has when it names none, and as they are run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from plotart.glyphs.train import TrainSpec
from plotart.stages import StageSpec
from plotart.stages.count import CountSpec
from plotart.stages.fit import FitSpec
from plotart.stages.grow import GrowSpec
from plotart.stages.lighten import LightenSpec
from plotart.stages.narrow import NarrowSpec
from plotart.stages.place import PlaceSpec
from plotart.stages.prune import PruneSpec
from plotart.stages.quantize import QuantizeSpec

__all__ = ["counted", "lightened", "scaled", "usual_stages"]

REFITTED = 0.2
"""Of the steps of the last fit, how many the strokes have that are left when ink over the limit was taken away."""


def usual_stages(palette: str) -> list[StageSpec]:
    """The stages of a run that names none, by the way its palette is found.

    fixed: all pens of the set from the first step. kmeans: free colours, clustered and matched, points fitted again
    (the published way). learned: every stroke may choose any pen of the set from the first step, the pens that the
    picture misses least are taken away, then the choice is made for good.
    """
    if palette == "fixed":
        return [FitSpec(steps=500)]
    if palette == "kmeans":
        return [FitSpec(steps=300), QuantizeSpec(), FitSpec(steps=200)]
    return [
        FitSpec(steps=150, schedule="constant", temperature=1.0),
        NarrowSpec(to=6),
        FitSpec(steps=60, schedule="constant", temperature=0.7),
        NarrowSpec(),
        FitSpec(steps=80, schedule="constant", temperature=0.4),
        QuantizeSpec(),
        FitSpec(steps=210, schedule="cosine"),
    ]


def counted(specs: Sequence[StageSpec]) -> list[StageSpec]:
    """The stages when the number of pens is to be found: that takes the place of narrowing to a given one."""
    keep = CountSpec().keep
    specs = [spec.model_copy(update={"keep": keep}) if isinstance(spec, PlaceSpec) else spec for spec in specs]
    if any(isinstance(spec, CountSpec) for spec in specs):
        return specs
    first = next((i for i, spec in enumerate(specs) if isinstance(spec, NarrowSpec | QuantizeSpec)), None)
    if first is not None:
        specs.insert(first, CountSpec())
    return [spec for spec in specs if not isinstance(spec, NarrowSpec)]


def scaled(specs: Sequence[StageSpec], steps: int) -> list[StageSpec]:
    """The stages with `steps` shared out to those that have steps, in proportion to their own."""
    whole = sum(spec.steps for spec in specs if isinstance(spec, FitSpec | GrowSpec | TrainSpec | PruneSpec))

    def share(part: int) -> int:
        return max(1, round(steps * part / whole)) if whole else part

    def with_share(spec: StageSpec) -> StageSpec:
        if isinstance(spec, CountSpec):
            return spec.model_copy(update={"refit": share(spec.refit)})
        if isinstance(spec, FitSpec | GrowSpec | TrainSpec | PruneSpec):
            return spec.model_copy(update={"steps": share(spec.steps)})
        return spec

    return [with_share(spec) for spec in specs]


def lightened(specs: Sequence[StageSpec], layers: float) -> list[StageSpec]:
    """The stages, after which what is over `layers` of ink is taken away and the rest fitted again for a while."""
    last = next((spec for spec in reversed(specs) if isinstance(spec, FitSpec)), None)
    if last is not None:
        again = {"steps": math.ceil(last.steps * REFITTED), "schedule": "cosine", "softness": 1.0}
        last = last.model_copy(update=again)
    return [*specs, LightenSpec(layers=layers, refit=last)]
