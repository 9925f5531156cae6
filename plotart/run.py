"""One folder under outputs/, the only thing that writes there: config, figures, checkpoint, logs and results."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from plotart.config import Config
from plotart.drawing import Drawing
from plotart.errors import InputError, Interrupted
from plotart.images import save_image, write_beside
from plotart.stages import Evaluation

__all__ = ["Run", "StageWatch"]

GLYPH_FILES = (
    "transition.svg", "training.gif", "interpolation.gif", "glyphs.pt", "digits-swap.png", "digits-inputs.png",
)  # fmt: skip
"""What a run of glyphs leaves besides."""

SAVE_EVERY_S = 10.0
"""Seconds of work that a killed run may have to do again."""


class Run:
    """A run folder, open for writing.

    Attributes:
        figures: what `run.json` holds; see DESIGN in the README for the names.
    """

    def __init__(self, folder: FilePath, config: Config, console: Console | None = None) -> None:
        self.folder = folder
        self.config = config
        self.console = console or Console(stderr=True, quiet=True)
        self.figures: dict[str, Any] = {}
        self.stop = threading.Event()
        self._writer: SummaryWriter | None = None

    @classmethod
    def create(
        cls, config: Config, out: FilePath | None, name: str, *, force: bool = False, console: Console | None = None
    ) -> Run:
        """A new run in `out`, or in `outputs/<name>`, numbered when taken.

        Raises:
            InputError: `out` already holds a run, or cannot be written.
        """
        folder = out if out is not None else _free_folder(FilePath("outputs"), name)
        if (folder / "config.yaml").exists():
            if not force:
                raise InputError(
                    f"--out: '{folder}' already holds a run; continue it with 'plotart resume {folder}', "
                    "or replace it with --force"
                )
            _clear(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            config.save(folder / "config.yaml")
        except OSError as error:
            raise InputError(f"--out: '{folder}' cannot be written ({error.strerror})") from None
        return cls(folder, config, console)

    @classmethod
    def open(cls, folder: FilePath, console: Console | None = None) -> Run:
        """An existing run.

        Raises:
            InputError: the folder holds no run.
        """
        if not (folder / "config.yaml").is_file():
            raise InputError(f"'{folder}' holds no run: there is no config.yaml in it")
        run = cls(folder, Config.load(folder / "config.yaml"), console)
        if (folder / "run.json").is_file():
            run.figures = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return run

    @property
    def finished(self) -> bool:
        return (self.folder / "run.json").is_file()

    def say(self, line: str) -> None:
        self.console.print(line, highlight=False, soft_wrap=True)

    @property
    def writer(self) -> SummaryWriter:
        """TensorBoard's log of this run, one event file a session."""
        if self._writer is None:
            self._writer = SummaryWriter(str(self.folder))
        return self._writer

    def log_image(self, tag: str, image: Tensor, step: int) -> None:
        self.writer.add_image(tag, image.detach().cpu().reshape(image.shape[-3:]).clamp(0, 1), step)

    def save_figures(self) -> None:
        with write_beside(self.folder / "run.json") as beside:
            beside.write_text(json.dumps(self.figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def save_checkpoint(self, state: dict[str, Any], name: str = "checkpoint.pt") -> None:
        with write_beside(self.folder / name) as beside:
            torch.save(state, beside)

    def load_checkpoint(self) -> dict[str, Any] | None:
        """What the last checkpoint saved, or None.

        `stage` is the number of the stage to go on with and `drawing` what it starts from; `state` is the stage's own;
        `seconds`, `steps`, `seen` (one entry a finished stage), `history` and `told` (figures of stages) are those of
        the run so far.
        """
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return None
        state: dict[str, Any] = torch.load(path, weights_only=True)
        return state

    def extend(self, steps: int) -> None:
        """Make a finished run one that stopped in its last fit, which now has so many steps more.

        Raises:
            InputError: the run is not finished, or no fit of it has ended since runs keep what they ended with.
        """
        if not self.finished:
            raise InputError(
                f"--steps: '{self.folder}' is not finished; go on with 'plotart resume {self.folder}' first"
            )
        path = self.folder / "fitted.pt"
        if not path.is_file():
            raise InputError(
                f"--steps: '{self.folder}' holds no fitted.pt to go on from; it has no fit, or an older one's"
            )
        ended: dict[str, Any] = torch.load(path, weights_only=True)
        specs, number = self.config.scaled_stages(), ended["stage"]
        before = specs[number].steps  # type: ignore[attr-defined]
        specs[number] = specs[number].model_copy(update={"steps": before + steps})
        if self.config.page.max_ink is not None:
            del specs[-1]  # the config adds it by itself
        self.config = self.config.changed(stages=specs, steps=None)
        self.say(
            f"the settings in {self.folder / 'config.yaml'} win; stage {number + 1} goes on from step {before} to "
            f"{before + steps}, its schedule drawn out over all of them"
        )
        self.save_checkpoint(ended)
        self.config.save(self.folder / "config.yaml")
        (self.folder / "run.json").unlink()
        self.figures = {}

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Inside, the first Ctrl-C asks the work to save and stop; a second one stops at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(number: int, frame: object) -> None:
            self.stop.set()
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.say("stopping after this step ...")

        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


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

    def step(
        self,
        step: int,
        steps: int,
        losses: Mapping[str, float],
        total: float,
        told: Mapping[str, float] | None = None,
    ) -> None:
        now, told, self.steps = self._base["steps"] + step, told or {}, max(self.steps, step)
        if step % max(1, steps // 200) == 0 or step == steps:
            self.run.writer.add_scalar("loss/total", total, now)
            for name, value in losses.items():
                self.run.writer.add_scalar(f"loss/{name}", value, now)
            for name, value in told.items():
                self.run.writer.add_scalar(name, value, now)
        terms = "  ".join(f"{name} {value:.4g}" for name, value in {**losses, **told}.items())
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
            self._task = self._progress.add_task(self.label, total=steps, terms=terms)
        self._progress.update(self._task, completed=step, terms=terms)
        if not self.run.console.is_terminal and time.monotonic() - self._last_line > 15:
            self._last_line = time.monotonic()
            left = (self._last_line - self._started) / max(1, step) * (steps - step)
            self.say(f"step {step}/{steps}, about {left:.0f} s left  {terms}")

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


def _free_folder(parent: FilePath, name: str) -> FilePath:
    slug = re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:80] or "run"
    folder, number = parent / slug, 1
    while folder.exists():
        number += 1
        folder = parent / f"{slug}-{number}"
    return folder


def _clear(folder: FilePath) -> None:
    """Remove what an earlier run wrote in its folder, and nothing else."""
    for name in (
        "config.yaml",
        "run.json",
        "checkpoint.pt",
        "fitted.pt",
        "drawing.svg",
        "preview.png",
        "report.html",
        *GLYPH_FILES,
    ):
        (folder / name).unlink(missing_ok=True)
    for pattern in ("events.out.tfevents*", "pens/*.svg", "frames/*.png"):
        for path in folder.glob(pattern):
            path.unlink()
