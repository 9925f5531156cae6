"""How long a run will take: what it has cost so far, and what its stages cost in earlier runs.

Each stage has three phases: until its first step is done, the other steps, and what comes after the last. A stage looks
at its drawing about as often however many steps it has, and what single steps take beyond the others (a dream tries
which pen it can do without) does not grow with them either: both count apart from the steps. What a phase is expected
to take comes from an earlier run on this machine, scaled by strokes, pixels and page as the stage declares
(`plotart.stages.costs`); where there was none, from what such a stage typically takes. The run itself corrects that
(`plotart.runs.correction`).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from plotart.runs.correction import corrected, rest
from plotart.runs.times import RunTook, StageTook, remember, remembered, took
from plotart.stages.costs import A6_MM2, Cost, Costs, Size

__all__ = ["WRITING", "Forecast", "Planned"]

WRITING = {"plot": Cost(0.2, stroke=0.8e-3), "paper": Cost(0.7, stroke=0.25e-3), "report": Cost(0.3, stroke=0.2e-3)}
"""Of the files of a run, by parts: the plot, what it looks like on paper, and the report."""
WARM_UP = 1.2
"""Seconds that the first stage takes the longer, whichever it is."""
RECENT = 0.2
"""Weight of the newest piece in the running average of a step's cost; a piece is a twentieth of a stage."""
SINGLE, SINGLE_S = 3.0, 0.1
USUAL = 9
"""A step that takes more than so many times the median of so many before it, and so many seconds more, has done
something that not each does."""
SAME = 0.9, 0.25, 0.25
OTHER = 0.5, 0.2, 0.6
OTHER_STEPS = 0.5, 2.0, 0.5
"""Standard deviations of the logarithm of what is seen over what was expected: of the whole run, of all phases of a
kind (steps, or what has none), and of one phase alone. Expected from a run of the same kind, which errs as a whole;
from another, or from what is typical; and of steps in these, which may be of any network and any objectives."""
SCALED = 0.5
"""What they grow by for each unit of the logarithm by which a phase is expected to take longer than it did."""


Earlier = tuple[RunTook, StageTook, bool]
"""A run, its stage, and whether it was of the same kind."""


@dataclass(frozen=True)
class Planned:
    """A stage of the run.

    Attributes:
        steps: as planned, of which the run's steps are shared out; 0: none.
        likely: steps that it probably takes where nothing is known; None: `steps`.
        leaves: strokes that are there after it; None: as many as it is given.
    """

    kind: str
    steps: int
    likely: int | None = None
    costs: Costs = field(default_factory=Costs)
    leaves: int | None = None


@dataclass
class _Stage:
    """What is seen of a stage."""

    strokes: float = 0.0
    first: int = 0
    step: int = 0
    of: int = 0
    before: float | None = None
    last: float = 0.0
    recent: float | None = None
    piece: tuple[int, float] = (0, 0.0)
    usual: deque[float] = field(default_factory=lambda: deque(maxlen=USUAL))
    once: float = 0.0
    looking: float = 0.0
    looked: float = 0.0
    ended: float | None = None

    @property
    def stepped(self) -> float:
        """Seconds until the last step without those of looks, and without what single steps took beyond the others."""
        return self.last - self.once - self.looking

    @property
    def pace(self) -> float | None:
        """Seconds of a step, of all so far."""
        if self.before is None or self.step <= self.first:
            return None
        return (self.stepped - self.before) / (self.step - self.first)

    def single(self, each: float) -> float:
        """What a step that took `each` seconds took beyond the others; 0: it is as they are."""
        usual = median(self.usual) if len(self.usual) > 2 else each
        self.usual.append(each)
        return each - usual if each > max(SINGLE * usual, usual + SINGLE_S) else 0.0


class Forecast:
    """The seconds left of a run whose stages are told as they go.

    Args:
        plan: the stages, and last the writing of files.
        name: of the kind of run.
        pixels: of the canvas as it is rendered. area_mm2: of the paper within its margins.
    """

    def __init__(self, plan: Sequence[Planned], name: str, pixels: float = 0.0, area_mm2: float = A6_MM2) -> None:
        self._plan = list(plan)
        self._name = name
        self._pixels, self._area = pixels, area_mm2
        self._known = took(remembered(), name, [stage.kind for stage in plan])
        self._stages: dict[int, _Stage] = {}
        self._now = 0

    def begin(self, number: int, strokes: float = 0.0) -> None:
        """Stage `number` begins with a drawing of so many strokes."""
        self._now = number
        self._stages[number] = _Stage(strokes)

    def at(self, step: int, of: int, seconds: float) -> None:
        """The stage has done `step` of its steps, in so many `seconds` since it began."""
        stage = self._stages.setdefault(self._now, _Stage())
        seconds = max(seconds, stage.last)  # what other work took is an estimate, which may turn the clock back
        if stage.before is not None and step > stage.step:
            stage.looking += stage.looked
            each = (seconds - stage.last - stage.looked) / (step - stage.step)
            stage.once += (step - stage.step) * stage.single(each)
        stage.step, stage.of, stage.last, stage.looked = step, of, seconds, 0.0
        if stage.before is None:  # the first step also warms up
            stage.before, stage.first, stage.piece = seconds, step, (step, seconds)
        elif step - stage.piece[0] >= max(1, of // 20):
            pace = (stage.stepped - stage.piece[1]) / (step - stage.piece[0])
            stage.recent = pace if stage.recent is None else (1 - RECENT) * stage.recent + RECENT * pace
            stage.piece = (step, stage.stepped)

    def looks(self, seconds: float) -> None:
        """The stage has looked at its drawing since its last step, until so many seconds since it began."""
        stage = self._stages.get(self._now)
        if stage is not None and stage.before is not None:  # the first look is before the first step
            stage.looked = max(0.0, seconds - stage.last)

    def ended(self, seconds: float) -> None:
        """The stage took so many seconds."""
        stage = self._stages[self._now]
        stage.ended = max(seconds, stage.last)
        if stage.before is None:
            stage.before = stage.last = stage.ended

    def left(self, elapsed: float) -> float | None:
        """Seconds until the run has ended, when the stage at work began `elapsed` ago; None when nothing is known."""
        expected, deviations = self._expected()
        if not self._tells(expected):
            return None
        seen = self._seen(expected, elapsed)
        scale = corrected(deviations, seen)
        total = scale * expected
        left = float(total[self._now + 1 :].sum())
        before, steps, after = (float(seconds) for seconds in total[self._now])
        stage = self._stages.get(self._now)
        if stage is None:
            return left + before + steps + after
        if stage.ended is not None:
            return left
        if stage.before is None:
            return left + rest(before, elapsed) + steps + after
        if stage.step < stage.of:
            pace = stage.recent or stage.pace
            if pace is not None:
                steps = pace * (stage.of - stage.step) + self._apart(stage)
            return left + max(0.0, steps - (elapsed - stage.last)) + after
        return left + rest(after, elapsed - stage.last)

    def _apart(self, stage: _Stage) -> float:
        """Seconds that looks, and what single steps do, will take of the stage at work."""
        known, share = self._known[self._now], (stage.of - stage.step) / max(1, stage.of - stage.first)
        looking = stage.looking * share / (1 - share)
        if known is None:
            return looking
        return (looking or known[1].looking * share) + max(0.0, known[1].once - stage.once)

    def _tells(self, expected: np.ndarray) -> bool:
        """Whether anything is known of a step's cost, where there are steps to come."""
        if any(stage.pace is not None for stage in self._stages.values()):
            return True
        steps = expected[self._now :, 1].tolist()
        return all(known is not None or not n for known, n in zip(self._known[self._now :], steps, strict=True))

    def _expected(self) -> tuple[np.ndarray, np.ndarray]:
        """Seconds `[S, 3]` of each phase of each stage, and deviations `[S, 3, 3]`, as of `corrected`."""
        seconds, deviations = np.zeros((len(self._plan), 3)), np.zeros((len(self._plan), 3, 3))
        here = self._stages.get(self._now)
        strokes = here.strokes if here is not None else 0.0
        planned = sum(stage.steps for stage in self._plan)
        for i, (stage, known) in enumerate(zip(self._plan, self._known, strict=True)):
            own = self._stages.get(i)
            size = self._size(self._given(i, strokes) if own is None else own.strokes)
            steps = _steps(stage, known, planned) if own is None or not own.of else own.of
            first = 1 if own is None or not own.first else own.first
            for j, count in enumerate((1, max(0, steps - first), 1 if steps else 0)):
                each, deviations[i, j] = _each(stage, known, j, size, steps)
                seconds[i, j] = count * each
                if j == 1 and count and known is not None:
                    seconds[i, j] += known[1].once + known[1].looking
            strokes = size.strokes if stage.leaves is None else stage.leaves
        return seconds, deviations

    def _size(self, strokes: float) -> Size:
        return Size(strokes, self._pixels, self._area)

    def _given(self, number: int, strokes: float) -> float:
        """Strokes of a stage to come: by an earlier run of the same kind, else those that stages before it leave."""
        known, now = self._known[number], self._known[self._now]
        if known is None or now is None or not (known[2] and now[2]) or self._now not in self._stages:
            return strokes
        grown = self._stages[self._now].strokes / now[1].strokes if now[1].strokes else 1.0
        return known[1].strokes * grown

    def _seen(self, expected: np.ndarray, elapsed: float) -> list[tuple[int, int, float, float]]:
        """Of each phase that was seen: stage, phase, the seconds seen, and those expected of the same."""
        seen = []
        for i, stage in self._stages.items():
            over = stage.ended is not None
            if stage.before is None:
                seen += [(i, 0, elapsed, float(expected[i, 0]))] if elapsed > expected[i, 0] else []
                continue
            if over and not stage.of and expected[i, 1] > 0:
                continue  # it had nothing to do
            seen.append((i, 0, stage.before, float(expected[i, 0])))
            if stage.pace is not None:
                done = stage.step - stage.first
                pace = stage.pace if over or stage.recent is None else stage.recent
                share = done / max(1, stage.of - stage.first)
                known = self._known[i]
                apart = 0.0 if known is None else known[1].once + known[1].looking
                seen.append((i, 1, done * pace, (float(expected[i, 1]) - apart) * share))
            if stage.ended is not None and stage.of:
                seen.append((i, 2, stage.ended - stage.last, float(expected[i, 2])))
        return seen

    def remember(self) -> None:
        """Keep what the stages took, for runs to come; those of a run that went on in between are not all known."""
        if set(self._stages) != set(range(len(self._plan))):
            return
        stages = []
        for i, plan in enumerate(self._plan):
            stage = self._stages[i]
            if stage.ended is None:
                return
            before, steps = stage.before or 0.0, stage.step
            pace = stage.pace if stage.pace is not None else before if steps else 0.0
            after = stage.ended - stage.last
            stages.append(
                StageTook(
                    kind=plan.kind, planned=plan.steps, steps=steps, before=round(before, 4), pace=round(pace, 6),
                    after=round(after, 4), strokes=stage.strokes,
                    typical=plan.costs.seconds(self._size(stage.strokes)), once=round(stage.once, 4),
                    looking=round(stage.looking, 4),
                )
            )  # fmt: skip
        remember(self._name, RunTook(stages=tuple(stages)))


def _steps(stage: Planned, known: Earlier | None, planned: int) -> int:
    """Steps that a stage will take: of those planned as large a share as in an earlier run of the same kind."""
    if known is None or not known[2]:
        return stage.steps if stage.likely is None else stage.likely
    run, earlier, _ = known
    if stage.steps and earlier.planned:
        return math.ceil(max(earlier.steps / earlier.planned, 0.5) * stage.steps)  # none then: perhaps this time
    return round(earlier.steps * planned / run.planned) if run.planned else earlier.steps


def _each(
    stage: Planned, known: Earlier | None, phase: int, size: Size, steps: int
) -> tuple[float, tuple[float, float, float]]:
    """Seconds expected of a phase, or of each of its steps, and the deviations of their logarithm."""
    typical, unsure = (
        stage.costs.seconds(size)[phase],
        OTHER_STEPS if phase == 1 else OTHER,
    )
    if known is None:
        return typical, unsure
    _, earlier, same = known
    then = earlier.typical[phase]
    if then <= 0:
        return typical, unsure
    took = (earlier.before, earlier.pace, earlier.after)[phase]
    scaled = took * typical / then
    if took > then:  # all of it grows where the machine is slower, what is typical where a part has another reason
        scaled = math.sqrt(scaled * (took + typical - then)) if took + typical > then else scaled
    if steps and not earlier.steps:  # what found nothing to do then may this time
        return ((scaled + typical) / 2 if phase == 0 else typical), unsure
    if not same:
        return scaled, unsure
    grown = SCALED * abs(math.log(typical / then)) if typical else 0.0
    run, kind, alone = SAME
    return scaled, (run, kind + grown if phase == 1 else kind, alone + grown)
