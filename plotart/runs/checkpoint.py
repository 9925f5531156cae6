"""What a run needs to go on: everything that its finished stages left, and the state of the one at work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from pathlib import Path as FilePath
from typing import Any

from torch import Tensor

from plotart.core.errors import InputError
from plotart.core.tensor_file import Damaged, pack, read_tensors

__all__ = ["VERSION", "Checkpoint", "Ended", "difference", "settings_that_count"]

VERSION = version("plotart")
LAYOUT = "plotart checkpoint 1"
"""Changes whenever what a checkpoint holds does."""
FREE = ("device", "threads")
"""Settings that say where a run is made, not what: another machine may go on with it."""


@dataclass(frozen=True)
class Ended:
    """A stage that has ended.

    Attributes:
        step: steps of the run until then.
        total: the weighted sum of the objectives for its drawing. losses: its terms, by objective.
        drawing: what it made, packed.
    """

    stage: str
    step: int
    total: float
    losses: Mapping[str, float]
    excitation: float | None
    drawing: Mapping[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """Where a run can go on.

    Attributes:
        config: the run's config.yaml.
        stage: number of the stage to go on with, from 0; of a finished run, how many there were.
        drawing: what that stage starts from, packed.
        seconds, steps: of work so far. ended: the stages so far. told: their figures.
        history: `[step, total, excitation or None]` of each look at the clean image.
        generator: the state of the source of randomness, and `objectives` those of the objectives.
        state: of the stage itself, where it was at work.
        further: steps by which a finished run is being taken further.
        version: of plotart, which wrote it.
    """

    config: Mapping[str, Any]
    stage: int
    drawing: Mapping[str, Any]
    seconds: float = 0.0
    steps: int = 0
    ended: tuple[Ended, ...] = ()
    history: list[list[Any]] = field(default_factory=list)
    told: Mapping[str, Any] = field(default_factory=dict)
    generator: Tensor | None = None
    objectives: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    further: int = 0
    version: str = VERSION

    def packed(self) -> bytes:
        """The content of its file."""
        held = {part.name: getattr(self, part.name) for part in fields(self)}
        ended = [{part.name: getattr(stage, part.name) for part in fields(stage)} for stage in self.ended]
        return pack({**held, "ended": ended}, LAYOUT)

    @classmethod
    def read(cls, path: FilePath) -> Checkpoint:
        """The checkpoint in a file.

        Raises:
            Damaged: it is not as it was written. InputError: it was written by a version that keeps other things.
        """
        layout, held = read_tensors(path)
        if layout != LAYOUT:
            raise InputError(
                f"'{path}' was written by another version of plotart ({layout!r}, here {LAYOUT!r}): go on with that "
                "version, or make the run again"
            )
        try:
            return cls(**{**held, "ended": tuple(Ended(**stage) for stage in held["ended"])})
        except (TypeError, KeyError):
            raise Damaged("it does not hold what a checkpoint holds") from None


def settings_that_count(config: Mapping[str, Any]) -> dict[str, Any]:
    """Of the content of a config.yaml, what the drawing depends on."""
    return {name: value for name, value in config.items() if name not in FREE}


def difference(one: Any, other: Any, address: str = "") -> str | None:
    """The first setting in which two configs differ, by dotted address; None where they agree."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        pairs = {name: (one.get(name), other.get(name)) for name in (*one, *other)}
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = {str(i): pair for i, pair in enumerate(zip(one, other, strict=True))}
    else:
        return None if one == other else address
    for name, (first, second) in pairs.items():
        found = difference(first, second, f"{address}.{name}" if address else name)
        if found is not None:
            return found
    return None
