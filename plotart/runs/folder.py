"""One folder under outputs/, the only thing that writes there: config, figures, checkpoint, logs and results.

What a run needs to go on is written beside and renamed, reaches the disk before the next thing is done, tells when it
is damaged, and the version before stays in `before/`. A finished run keeps all it has until its replacement is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from types import TracebackType
from typing import Any

from PIL import Image
from rich.console import Console

from plotart.core.console import plain_console
from plotart.core.errors import InputError
from plotart.core.files import FolderLock, remove_leftovers, write_beside
from plotart.core.images import html_picture, open_picture
from plotart.core.tensor_file import Damaged
from plotart.runs.checkpoint import Checkpoint, difference, settings_that_count
from plotart.runs.clearing import BEFORE, CHECKPOINT, CONFIG, FIGURES, FITTED, FOLDERS, clear, clear_state
from plotart.runs.config import Config
from plotart.runs.figures import Figures
from plotart.runs.inputs import found_beside, keep_inputs, named_beside
from plotart.runs.log import Log
from plotart.runs.model import save_model

__all__ = ["Run", "free_folder"]

OLD = "checkpoint.pt"
SEAL = "# sha256 of the lines above; without this line they are taken as they are: "


class Run:
    """A run folder.

    Attributes:
        config: with the files it names where they lie.
        figures: what `run.json` holds; empty as long as there is none.
        stop: set when the run is to save and end.
        frames: another folder in which frames lie too. model: a file that holds what it needs to go on elsewhere.
    """

    def __init__(self, folder: FilePath, config: Config, console: Console | None = None) -> None:
        self.folder = folder
        self.config = config
        self.console = console or plain_console(stderr=True, quiet=True)
        self.figures = Figures()
        self.stop = threading.Event()
        self.frames: FilePath | None = None
        self.model: FilePath | None = None
        self.settings: Mapping[str, Any] = config.model_dump(mode="json")
        """What config.yaml says."""
        self._made_of: str | None = None
        self._lock: FolderLock | None = None
        self.log = Log(folder)

    @classmethod
    def create(
        cls, config: Config, out: FilePath | None, name: str, *, force: bool = False, console: Console | None = None
    ) -> Run:
        """A new run in `out`, or in `outputs/<name>`, numbered when taken; it is locked until it is closed.

        Raises:
            InputError: `out` already holds a run, another process works there, or it cannot be written.
        """
        folder = out if out is not None else free_folder(FilePath("outputs"), name)
        run = cls(folder, config, console)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            run._claim()
            if (folder / CONFIG).exists():
                if not force:
                    raise InputError(
                        f"--out: '{folder}' already holds a run; continue it with 'plotart resume {folder}', "
                        "or replace it with --force"
                    )
                clear(folder)
            else:
                clear_state(folder)
            for part in FOLDERS:
                (folder / part).mkdir(exist_ok=True)
            run._write_config(config)
        except OSError as error:
            run.close()
            raise InputError(f"--out: '{folder}' cannot be written ({error.strerror})") from None
        except BaseException:
            run.close()
            raise
        return run

    @classmethod
    def open(cls, folder: FilePath, console: Console | None = None, *, to_work: bool = False) -> Run:
        """An existing run; `to_work` locks it until it is closed.

        Raises:
            InputError: the folder holds no run, one that is damaged, or one at which another process works.
        """
        if not (folder / CONFIG).is_file():
            raise InputError(f"'{folder}' holds no run: there is no config.yaml in it")
        _check_seal(folder / CONFIG)
        run = cls(folder, Config.load(folder / CONFIG), console)
        if to_work:
            try:
                run._claim()
                for part in FOLDERS:
                    (folder / part).mkdir(exist_ok=True)
            except OSError as error:
                run.close()
                raise InputError(f"'{folder}' cannot be written ({error.strerror})") from None
        try:
            run.settings = named_beside(run.config, folder).model_dump(mode="json")
            run._read_figures()
        except BaseException:
            run.close()
            raise
        return run

    def _claim(self) -> None:
        """Lock the folder, and clear away what killed processes left half written."""
        for part in FOLDERS:
            if (self.folder / part).is_symlink():
                raise InputError(
                    f"'{self.folder / part}' is a link to another folder, and a run writes into its own only: remove it"
                )
        self._lock = FolderLock(self.folder)
        for part in (".", *FOLDERS):
            remove_leftovers(self.folder / part)

    @property
    def finished(self) -> bool:
        """Whether run.json tells of a run by this very config."""
        return self._made_of is not None and self._made_of == _digest(settings_that_count(self.settings))

    def preview(self) -> Image.Image:
        """The picture of the finished drawing.

        Raises:
            InputError: the run is not finished, or the file is no picture.
        """
        path = self.folder / "preview.png"
        if not path.is_file():
            raise InputError(f"'{self.folder}' has no preview yet; go on with 'plotart resume {self.folder}'")
        return open_picture(path)

    def _repr_html_(self) -> str:
        """The preview and the plot's figures, for notebooks; the folder's name as long as there are none."""
        if not self.finished:
            return f"<p>{html.escape(str(self.folder))}: not finished</p>"
        plot = self.figures.plot
        told = (
            "no plot"
            if plot is None
            else f"{plot.ink_mm / 1000:.1f} m of ink, {plot.minutes:.0f} min on {plot.machine}"
        )
        return html_picture(self.preview(), f"{self.folder.name}: {told}")

    def say(self, line: str) -> None:
        """Print a line for whoever looks on, as it is."""
        self.console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def check_place(self) -> None:
        """Whether the folder is still there.

        Raises:
            FileNotFoundError: it was deleted or replaced since the run began.
        """
        if self._lock is not None and not self._lock.in_place:
            raise FileNotFoundError(f"'{self.folder}' was deleted or replaced while the run was at work; it has ended")

    def save_figures(self) -> None:
        """Write run.json: the run is finished."""
        self._made_of = _digest(settings_that_count(self.settings))
        held = {**self.figures.by_name, "made_of": self._made_of}
        # what JSON makes of it is what is read again
        held = json.loads(json.dumps(held, ensure_ascii=False))
        text = json.dumps({**held, "sha256": _digest(held)}, indent=1, ensure_ascii=False) + "\n"
        self._write(FIGURES, text.encode())

    def _read_figures(self) -> None:
        path = self.folder / FIGURES
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError):
            held = None
        seal = held.pop("sha256", None) if isinstance(held, dict) else None
        if isinstance(held, dict) and seal is None and "seconds" in held:
            raise InputError(f"'{path}' was written by an earlier version of plotart: make the run again")
        if not isinstance(held, dict) or seal != _digest(held):
            raise InputError(f"'{path}' is damaged: delete it, and 'plotart resume {self.folder}' writes it again")
        self._made_of = held.pop("made_of", None)
        try:
            self.figures = Figures.of_json(held)
        except ValueError as error:
            raise InputError(f"'{path}' holds no figures of a run ({error}): delete it and resume the run") from None

    def save_checkpoint(self, checkpoint: Checkpoint, name: str = CHECKPOINT) -> None:
        """Write a checkpoint, whole or not at all; the one before is kept. The model follows."""
        self._write(name, checkpoint.packed())
        if name == CHECKPOINT:
            self.save_model()

    def save_model(self) -> None:
        """Write the file from which the run goes on elsewhere, if one is asked for."""
        if self.model is not None:
            save_model(self.folder, self.model)

    def load_checkpoint(self, name: str = CHECKPOINT) -> Checkpoint | None:
        """The newest checkpoint that is whole and was made by this config; None when there is none.

        Raises:
            InputError: there are only others, or damaged ones.
        """
        wrong: list[str] = []
        for path in (self.folder / name, self.folder / BEFORE / name):
            if not path.is_file():
                continue
            try:
                found = Checkpoint.read(path)
            except Damaged as damage:
                wrong.append(f"'{path}' is damaged ({damage})")
                continue
            address = difference(settings_that_count(found.config), settings_that_count(self.settings))
            if address is None:
                for line in wrong:
                    self.say(f"{line}; going on from the one before it")
                return found
            wrong.append(f"'{path}' was made with another {address} than config.yaml says")
        if wrong:
            begin = f"to begin again, 'plotart generate {self.folder / CONFIG}' with another --out"
            raise InputError(f"{wrong[0]}: put back what was there, or, {begin}")
        if (self.folder / OLD).is_file():
            raise InputError(f"'{self.folder / OLD}' was written by an earlier version of plotart: make the run again")
        return None

    def extend(self, config: Config, checkpoint: Checkpoint, *, fitted: bool = False) -> Checkpoint:
        """Make a finished run one that goes on from `checkpoint` by another config, at one stroke.

        Whenever this is cut off, the folder holds the finished run or the one that goes on. With `fitted` the end of
        the last fit is taken as one by that config too.
        """
        settings = keep_inputs(config, self.folder).model_dump(mode="json")
        # the last checkpoint stays in before/, unless it is one of an extension that was cut off right here
        with contextlib.suppress(Damaged, InputError):
            whole = Checkpoint.read(self.folder / CHECKPOINT)
            if difference(settings_that_count(whole.config), settings_that_count(self.settings)) is not None:
                (self.folder / CHECKPOINT).unlink()
        if fitted:
            with contextlib.suppress(Damaged, InputError):
                end = Checkpoint.read(self.folder / FITTED)
                if difference(settings_that_count(end.config), settings_that_count(self.settings)) is None:
                    self._write(FITTED, replace(end, config=settings).packed())
        checkpoint = replace(checkpoint, config=settings)
        self._write(CHECKPOINT, checkpoint.packed())
        self._write_config(config)
        return checkpoint

    def _write_config(self, config: Config) -> None:
        kept = keep_inputs(config, self.folder)
        text = kept.as_yaml()
        self._write(CONFIG, f"{text}{SEAL}{hashlib.sha256(text.encode()).hexdigest()}\n".encode())
        self.config, self.settings = found_beside(kept, self.folder), kept.model_dump(mode="json")

    def _write(self, name: str, content: bytes) -> None:
        self.check_place()
        keep = self.folder / BEFORE / name
        keep.parent.mkdir(exist_ok=True)
        with write_beside(self.folder / name, durable=True, keep=keep) as beside:
            beside.write_bytes(content)

    def close(self) -> None:
        """End the log and let others work in the folder."""
        self.log.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def free_folder(parent: FilePath, name: str) -> FilePath:
    """`parent`/`name`, as a file may be called, with a number behind it when that is taken."""
    slug = re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:80] or "run"
    folder, number = parent / slug, 1
    while folder.exists():
        number += 1
        folder = parent / f"{slug}-{number}"
    return folder


def _digest(held: Any) -> str:
    return hashlib.sha256(json.dumps(held, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _check_seal(path: FilePath) -> None:
    """Whether a config.yaml is as its run wrote it; one without a seal is taken as it is."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"'{path}' cannot be read ({error.strerror})") from None
    above, seal, digest = text.rpartition(SEAL.encode())
    if seal and hashlib.sha256(above).hexdigest().encode() != digest.strip():
        before = path.parent / BEFORE / CONFIG
        raise InputError(
            f"'{path}' was changed or is damaged: for a drawing by other settings, 'plotart generate {path}' with "
            "another --out; to go on with this one, put back what was there"
            + (f" ('{before}' is the version before)" if before.is_file() else "")
        )
