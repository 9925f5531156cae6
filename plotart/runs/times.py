"""What stages took in earlier runs on this machine: kept in one file of the cache."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from plotart.core.files import write_beside
from plotart.networks.weights import cache_folder
from plotart.runs.config import Config

__all__ = ["RunTook", "StageTook", "kind_of_run", "remember", "remembered", "took"]

FILE = "times.json"
KEPT = 100
"""Kinds of runs that are remembered."""


class StageTook(BaseModel):
    """Of one stage: its steps as planned and as they were, the strokes that it was given, and seconds.

    Attributes:
        before, pace, after: until the first step was done, of each step more, and after the last.
        typical: what these typically are for such strokes, pixels and page.
        once: what single steps took beyond the others, in all: something is done in them that is not done in each.
        looking: what judging the drawing took between steps, in all.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    kind: str
    planned: int = Field(ge=0)
    steps: int = Field(ge=0)
    before: float = Field(ge=0)
    pace: float = Field(ge=0)
    after: float = Field(ge=0)
    strokes: float = Field(ge=0)
    typical: tuple[float, float, float]
    once: float = Field(default=0.0, ge=0)
    looking: float = Field(default=0.0, ge=0)


class RunTook(BaseModel):
    """Of one run."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    stages: tuple[StageTook, ...]

    @property
    def planned(self) -> int:
        return sum(stage.planned for stage in self.stages)


_RUNS = TypeAdapter(dict[str, RunTook])


def kind_of_run(config: Config, threads: int) -> str:
    """What runs that take their time alike have in common."""
    stages = " ".join(stage.kind for stage in config.scaled_stages())
    objectives = " ".join(sorted(config.objectives))
    return f"{config.primitive.kind} {config.ink.kind} | {objectives} | {config.network.name} | {stages} | {threads}"


def remembered() -> dict[str, RunTook]:
    """By kind of run, the latest last; nothing where the file is none of ours."""
    with contextlib.suppress(OSError, ValidationError, RecursionError):
        return _RUNS.validate_json((cache_folder() / FILE).read_bytes())
    return {}


def remember(name: str, run: RunTook) -> None:
    """Keep what a run of this kind took; of the last `KEPT` kinds one run each is kept."""
    known = remembered()
    known.pop(name, None)
    kept: dict[str, Any] = {key: one.model_dump() for key, one in [*known.items(), (name, run)][-KEPT:]}
    with contextlib.suppress(OSError), write_beside(cache_folder() / FILE) as beside:
        beside.write_text(json.dumps(kept), encoding="utf-8")


def took(runs: dict[str, RunTook], name: str, kinds: Sequence[str]) -> list[tuple[RunTook, StageTook, bool] | None]:
    """For each stage of a run the run and the stage to learn from, and whether that run was of the same kind.

    Where none was, it is the stage of the same kind in the run that has most in common with this one, of several such
    the latest; None where no run had such a stage.
    """
    same = runs.get(name)
    if same is not None and [stage.kind for stage in same.stages] == list(kinds):
        return [(same, stage, True) for stage in same.stages]
    words = name.split(" | ")

    def common(other: str) -> int:
        return sum(a == b for a, b in zip(words, other.split(" | "), strict=False))

    likest = sorted(runs, key=common)  # stable: the latest of the likest is last
    found: list[tuple[RunTook, StageTook, bool] | None] = []
    for number, kind in enumerate(kinds):
        nth = sum(other == kind for other in kinds[:number])
        rival = next((runs[key] for key in reversed(likest) if any(s.kind == kind for s in runs[key].stages)), None)
        if rival is None:
            found.append(None)
            continue
        own = [stage for stage in rival.stages if stage.kind == kind]
        found.append((rival, own[min(nth, len(own) - 1)], False))
    return found
