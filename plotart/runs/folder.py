"""One folder under outputs/, the only thing that writes there: config, figures, checkpoint, logs and results."""

from __future__ import annotations

import html
import json
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

import torch
from PIL import Image
from rich.console import Console
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from plotart.core.errors import InputError
from plotart.core.images import html_picture, write_beside
from plotart.runs.config import Config

__all__ = ["Run", "free_folder"]

GLYPH_FILES = (
    "transition.svg", "training.gif", "interpolation.gif", "glyphs.pt", "digits-swap.png", "digits-inputs.png",
)  # fmt: skip
"""What a run of glyphs leaves besides."""


class Run:
    """A run folder, open for writing.

    Attributes:
        figures: what `run.json` holds; its names are those of `plotart.runs.results.finish`.
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
        folder = out if out is not None else free_folder(FilePath("outputs"), name)
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

    def preview(self) -> Image.Image:
        """The picture of the finished drawing.

        Raises:
            InputError: the run is not finished.
        """
        path = self.folder / "preview.png"
        if not path.is_file():
            raise InputError(f"'{self.folder}' has no preview yet; go on with 'plotart resume {self.folder}'")
        return Image.open(path)

    def _repr_html_(self) -> str:
        """The preview and the plot's figures, for notebooks; the folder's name as long as there are none."""
        if not self.finished:
            return f"<p>{html.escape(str(self.folder))}: not finished</p>"
        plot = self.figures["plot"]
        told = f"{plot['ink_mm'] / 1000:.1f} m of ink, {plot['minutes']:.0f} min on {plot['machine']}"
        return html_picture(self.preview(), f"{self.folder.name}: {told}")

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


def free_folder(parent: FilePath, name: str) -> FilePath:
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
        "drawing.pt",
        "preview.png",
        "report.html",
        *GLYPH_FILES,
    ):
        (folder / name).unlink(missing_ok=True)
    for pattern in ("events.out.tfevents*", "pens/*.svg", "frames/*.png"):
        for path in folder.glob(pattern):
            path.unlink()
