"""Who looks on while the stages of a run work: progress bar, TensorBoard, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

from plotart.core.errors import Interrupted
from plotart.core.images import save_image
from plotart.drawing import Drawing
from plotart.runs.folder import Run
from plotart.stages import Evaluation, Step

__all__ = ["StageWatch"]

SAVE_EVERY_S = 10.0
"""Seconds of work that a killed run may have to do again."""


class StageWatch:
    """Looks on for one stage: progress bar, TensorBoard, checkpoints.

    Args:
        base: what a checkpoint holds besides the stage's own state; see `Run.load_checkpoint`.
        saved: the stage's own state from such a checkpoint, to go on from.
    """

    def __init__(self, run: Run, label: str, *, base: Mapping[str, Any], saved: dict[str, Any] | None) -> None:
        self.run = run
        self.label = label
        self.saved = saved
        self.history: list[list[float | None]] = list(saved["history"] if saved else base["history"])
        self.told: dict[str, Any] = dict(base["told"])
        self.steps = 0
        self._base = base
        self._latest: Callable[[], dict[str, Any]] | None = None
        self._started = self._last_save = self._last_line = time.monotonic()
        self._progress: Progress | None = None

    def say(self, line: str) -> None:
        self.run.say(f"{self.label}: {line}")

    def tell(self, name: str, figure: Any) -> None:
        self.told[name] = figure

    def picture(self, name: str, image: Tensor) -> None:
        self.run.log_image(f"image/{name}", image, self._base["steps"] + self.steps)
        save_image(image, self.run.folder / f"{name}.png")

    def step(self, done: Step) -> None:
        now, self.steps = self._base["steps"] + done.number, max(self.steps, done.number)
        if done.number % max(1, done.of // 200) == 0 or done.number == done.of:
            scalars = {"loss/total": done.total, **{f"loss/{name}": value for name, value in done.losses.items()}}
            for name, value in {**scalars, **done.told}.items():
                self.run.writer.add_scalar(name, value, now)
        terms = "  ".join(f"{name} {value:.4g}" for name, value in {**done.losses, **done.told}.items())
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.completed:.0f}/{task.total:.0f}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[terms]}"),
                console=self.run.console,
                disable=not self.run.console.is_terminal,
            )
            self._progress.start()
            self._task = self._progress.add_task(self.label, total=done.of, terms=terms)
        self._progress.update(self._task, completed=done.number, terms=terms)
        if not self.run.console.is_terminal and time.monotonic() - self._last_line > 15:
            self._last_line = time.monotonic()
            left = (self._last_line - self._started) / max(1, done.number) * (done.of - done.number)
            self.say(f"step {done.number}/{done.of}, about {left:.0f} s left  {terms}")

    def seen(self, step: int, evaluation: Evaluation) -> None:
        now, self.steps = self._base["steps"] + step, max(self.steps, step)
        self.history.append([now, evaluation.total, evaluation.excitation])
        self.run.writer.add_scalar("clean/total", evaluation.total, now)
        if evaluation.excitation is not None:
            self.run.writer.add_scalar("excitation/clean", evaluation.excitation, now)
        self.run.log_image("image/drawing", evaluation.image, now)
        save_image(evaluation.image, self.run.folder / "frames" / f"{now:06d}.png")

    def checkpoint(self, state: Callable[[], dict[str, Any]]) -> None:
        self._latest = state
        stopping = self.run.stop.is_set()
        if stopping or time.monotonic() - self._last_save >= SAVE_EVERY_S:
            self.save(state())
        if stopping:
            self.close()
            raise Interrupted(f"stopped and saved; go on with 'plotart resume {self.run.folder}'")

    def save(self, state: dict[str, Any] | None) -> None:
        """Write what is needed to go on from here."""
        self._last_save = time.monotonic()
        self.run.save_checkpoint(self._whole(state))

    def save_end(self) -> None:
        """Write what is needed to take more steps of this stage later, as `fitted.pt`."""
        if self._latest is not None:
            self.run.save_checkpoint(self._whole(self._latest()), "fitted.pt")

    def _whole(self, state: dict[str, Any] | None) -> dict[str, Any]:
        own = None if state is None else {**state, "history": self.history}
        return {**self._base, "seconds": self._base["seconds"] + self.elapsed(), "state": own}

    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def done(self, drawing: Drawing, evaluation: Evaluation) -> dict[str, Any]:
        """The base of the next stage's checkpoints, after this one ended with `drawing`."""
        self.close()
        end = self._base["steps"] + self.steps
        seen = {
            "stage": self.label.split()[0],
            "step": end,
            "total": evaluation.total,
            "losses": evaluation.losses,
            "excitation": evaluation.excitation,
            "drawing": drawing.pack(),
        }
        if evaluation.excitation is not None:
            self.run.writer.add_scalar("excitation/stages", evaluation.excitation, end)
        return {
            "stage": self._base["stage"] + 1,
            "drawing": drawing.pack(),
            "seconds": self._base["seconds"] + self.elapsed(),
            "steps": end,
            "seen": [*self._base["seen"], seen],
            "history": self.history,
            "told": self.told,
        }

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
