"""Who looks on while the stages of a run work: progress, TensorBoard, checkpoints."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import Tensor

from plotart.core.color import bare
from plotart.core.errors import Interrupted
from plotart.core.images import save_image
from plotart.drawing import Drawing
from plotart.runs.checkpoint import Checkpoint, Ended
from plotart.runs.clearing import FITTED, LOSSES
from plotart.runs.folder import Run
from plotart.runs.progress import RunProgress
from plotart.stages import Evaluation, Step

__all__ = ["StageWatch"]

KEPT_LOSSES = 100
"""Lines in `losses.jsonl` for a stage at most, so that a long run has no long file."""
SAVE_EVERY_S = 10.0
"""Seconds of work that a killed run may have to do again."""


class StageWatch:
    """Looks on for one stage: progress, TensorBoard, checkpoints.

    Args:
        base: the run's checkpoint but for the stage's own state.
        saved: the stage's own state from such a checkpoint, to go on from.
    """

    def __init__(
        self, run: Run, label: str, *, base: Checkpoint, saved: dict[str, Any] | None, progress: RunProgress
    ) -> None:
        self.run = run
        self.progress = progress
        self.label = label
        self.saved = saved
        self.history: list[list[Any]] = list(saved["history"] if saved else base.history)
        self.told: dict[str, Any] = dict(base.told)
        self.steps = 0
        self._excitation: float | None = None
        self._base = base
        self._latest: Callable[[], dict[str, Any]] | None = None
        self._started = self._last_save = time.monotonic()

    def say(self, line: str) -> None:
        self.run.say(f"{self.label}: {line}")

    def tell(self, name: str, figure: Any) -> None:
        self.told[name] = figure

    def picture(self, name: str, image: Tensor) -> None:
        self.run.log.image(f"image/{name}", image, self._base.steps + self.steps)
        save_image(image, self.run.folder / f"{name}.png")

    def step(self, done: Step) -> None:
        now, self.steps = self._base.steps + done.number, max(self.steps, done.number)
        if done.number % max(1, done.of // 200) == 0 or done.number == done.of:
            scalars = {"loss/total": done.total, **{f"loss/{name}": value for name, value in done.losses.items()}}
            for name, value in {**scalars, **done.told}.items():
                self.run.log.scalar(name, value, now)
        if done.number % max(1, done.of // KEPT_LOSSES) == 0 or done.number == done.of:
            line = {"step": now, "losses": done.losses, "excitation": self._excitation}
            # of a killed run that goes on, the steps since its checkpoint come twice: the later ones count
            with (self.run.folder / LOSSES).open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")
        self.progress.step(done)

    def seen(self, step: int, evaluation: Evaluation) -> None:
        self.run.check_place()
        now, self.steps = self._base.steps + step, max(self.steps, step)
        self.history.append([now, evaluation.total, evaluation.excitation])
        for name, value in {"total": evaluation.total, **evaluation.losses}.items():
            self.run.log.scalar(f"clean/{name}", value, now)
        for name, value in evaluation.weights.items():
            self.run.log.scalar(f"weight/{name}", value, now)
        self.run.log.scalar("paper/bare", bare(evaluation.image, self.run.config.page.paper), now)
        if evaluation.excitation is not None:
            self.run.log.scalar("excitation/clean", evaluation.excitation, now)
        self._excitation = evaluation.excitation
        save_image(evaluation.image, self.run.folder / "frames" / f"{now:06d}.png")
        if self.run.frames is not None:
            save_image(evaluation.image, self.run.frames / f"{self.run.folder.resolve().name}_{now:06d}.png")
        self.progress.seen(evaluation.excitation)

    def checkpoint(self, state: Callable[[], dict[str, Any]]) -> None:
        self._latest = state
        stopping = self.run.stop.is_set()
        if stopping or time.monotonic() - self._last_save >= SAVE_EVERY_S:
            self.save(state())
        if stopping:
            model = "" if self.run.model is None else f" --model {self.run.model}"
            raise Interrupted(f"stopped and saved; go on with 'plotart resume {self.run.folder}{model}'")

    def save(self, state: dict[str, Any] | None) -> None:
        """Write what is needed to go on from here."""
        self._last_save = time.monotonic()
        self.run.save_checkpoint(self._whole(state))

    def save_end(self) -> None:
        """Write what is needed to take more steps of this stage later."""
        if self._latest is not None:
            self.run.save_checkpoint(self._whole(self._latest()), FITTED)

    def _whole(self, state: dict[str, Any] | None) -> Checkpoint:
        own = None if state is None else {**state, "history": self.history}
        return replace(self._base, seconds=self._base.seconds + self.elapsed(), state=own)

    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def done(self, drawing: Drawing, evaluation: Evaluation) -> Checkpoint:
        """The base of the next stage's checkpoints, after this one ended with `drawing`."""
        end, packed = self._base.steps + self.steps, drawing.pack()
        ended = Ended(self.label.split()[0], end, evaluation.total, evaluation.losses, evaluation.excitation, packed)
        # of a stage its last picture only: the others lie in frames/
        self.run.log.image("image/drawing", evaluation.image, end)
        if evaluation.excitation is not None:
            self.run.log.scalar("excitation/stages", evaluation.excitation, end)
        return replace(
            self._base,
            stage=self._base.stage + 1,
            drawing=packed,
            seconds=self._base.seconds + self.elapsed(),
            steps=end,
            ended=(*self._base.ended, ended),
            history=self.history,
            told=self.told,
            state=None,
        )
