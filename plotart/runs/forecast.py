"""How long a run will take: what its steps have cost so far, and what its stages cost in earlier runs like it.

Runs are alike when their stages, primitive, ink, objectives and network are. Their sizes may differ: what an earlier
run took is scaled by how long this one has taken for what it has done so far. Where no run was alike, a stage whose
steps are not known beforehand is taken to last as long as one of its kind lasted last, in whatever run.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plotart.core.files import write_beside
from plotart.networks.weights import cache_folder
from plotart.runs.config import Config

__all__ = ["Forecast", "Planned"]

FILE = "times.json"
KEPT = 100
"""Kinds of runs that are remembered."""
PLAIN = 3.0
"""Steps that a stage without steps is taken to last where nothing is known of it."""
TYPICAL = {"files": 3.0, "place": 4.0, "lay": 8.0, "lines": 6.0, "lighten": 3.0, "prune": 1.0, "hatch": 3.0}
"""Seconds of stages, and of writing the files, before any run has ended on this machine; of one core, with A5 pages."""
RECENT = 0.2
"""Weight of the newest piece in the running average of a step's cost; a piece is a twentieth of a stage."""


@dataclass(frozen=True)
class Planned:
    """A stage of the run: its kind, and how many steps it takes; none for what has none."""

    kind: str
    steps: int


class Forecast:
    """The seconds left of a run whose stages are told as they go.

    Args:
        plan: the stages, and last the writing of files.
        name: of the kind of run.
    """

    def __init__(self, plan: Sequence[Planned], name: str) -> None:
        self._plan = list(plan)
        self._name = name
        remembered = _remembered()
        self._lasted = dict(TYPICAL)
        for run in remembered.values():
            self._lasted |= {kind: max(took for other, _, took in run if other == kind) for kind, _, _ in run}
        self._known = remembered.get(name)
        if self._known is not None and [kind for kind, *_ in self._known] != [stage.kind for stage in plan]:
            self._known = None
        self._spent: dict[int, float] = {}
        self._pace: float | None = None
        self._piece: tuple[int, int, float] | None = None
        self._from, self._warm = 0, 0.0

    def at(self, number: int, step: int, of: int, seconds: float) -> None:
        """Stage `number` has done `step` of its steps, in so many `seconds` since it began."""
        self._plan[number] = Planned(self._plan[number].kind, max(of, self._plan[number].steps))
        self._spent[number] = seconds
        before = self._piece
        if before is None or before[0] != number:
            # a stage's first step also compiles and warms up
            self._piece, self._from, self._warm = (number, step, seconds), step, seconds
            return
        if step - before[1] >= max(1, of // 20):
            pace = (seconds - before[2]) / (step - before[1])
            self._pace = pace if self._pace is None else (1 - RECENT) * self._pace + RECENT * pace
            self._piece = (number, step, seconds)

    def ended(self, number: int, seconds: float) -> None:
        """Stage `number` took so many seconds; the share of the first step, which warms up, is that of the others."""
        done = self._plan[number].steps - self._from
        told = self._piece is not None and self._piece[0] == number and done > 0
        self._spent[number] = (seconds - self._warm) * (1 + self._from / done) if told else seconds
        self._piece, self._from, self._warm = None, 0, 0.0

    def left(self, number: int, step: int) -> float | None:
        """Seconds until the run has ended, from step `step` of stage `number`; None when nothing is known yet."""
        here = self._plan[number]
        waiting = range(number + 1, len(self._plan))
        if self._known is not None:
            expected = [self._expected(i) for i in range(len(self._plan))]
            share, done = (n / here.steps if here.steps else 0.0 for n in (step, step - self._from))
            past = sum(expected[i] for i in self._spent if i < number) + done * expected[number]
            spent = sum(seconds for i, seconds in self._spent.items() if i <= number) - self._warm
            # what is known counts as if it had been seen for a little while
            trust = 0.05 * sum(expected)
            scale = (spent + trust) / (past + trust)
            return scale * ((1 - share) * expected[number] + sum(expected[i] for i in waiting))
        pace, piece = self._pace, self._piece
        if pace is None:
            if piece is None or step <= piece[1]:
                return None
            pace = (self._spent[number] - piece[2]) / (step - piece[1])
        rest = self._plan[number + 1 if here.steps else number :]
        return pace * (here.steps - step) + sum(
            pace * stage.steps if stage.steps else self._lasted.get(stage.kind, PLAIN * pace) for stage in rest
        )

    def _expected(self, number: int) -> float:
        """Seconds of a stage in the earlier run, for as many steps as it has here."""
        assert self._known is not None
        _, steps, seconds = self._known[number]
        planned = self._plan[number].steps
        return float(seconds) * (planned / steps if steps and planned else 1.0)

    def remember(self) -> None:
        """Keep what the stages took, for runs to come; those of a run that went on in between are not all known."""
        if set(self._spent) != set(range(len(self._plan))):
            return
        took = [[stage.kind, stage.steps, round(self._spent[i], 3)] for i, stage in enumerate(self._plan)]
        known = _remembered()
        known.pop(self._name, None)
        kept = dict([*known.items(), (self._name, took)][-KEPT:])
        with contextlib.suppress(OSError), write_beside(cache_folder() / FILE) as beside:
            beside.write_text(json.dumps(kept), encoding="utf-8")


def kind_of_run(config: Config, threads: int) -> str:
    """What runs that take their time alike have in common."""
    stages = " ".join(stage.kind for stage in config.scaled_stages())
    objectives = " ".join(sorted(config.objectives))
    return f"{config.primitive.kind} {config.ink.kind} | {objectives} | {config.network.name} | {stages} | {threads}"


def _remembered() -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        held = json.loads((cache_folder() / FILE).read_text(encoding="utf-8"))
        if isinstance(held, dict) and all(_is_record(record) for record in held.values()):
            return held
    return {}


def _is_record(record: Any) -> bool:
    return isinstance(record, list) and all(
        isinstance(stage, list) and len(stage) == 3 and isinstance(stage[1], int) and isinstance(stage[2], int | float)
        for stage in record
    )
