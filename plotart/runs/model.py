"""A model: one file from which a run goes on anywhere, with picture, settings and the state of the optimizer.

It is a file of `tensor_file` (safetensors, with a checksum) that holds the files of a run's folder that say where it
is: config, checkpoints, figures, copies of the user's files. Frames, logs and results are made again or left behind.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

import torch

from plotart.core.errors import InputError
from plotart.core.files import write_beside
from plotart.core.tensor_file import Damaged, pack, read_tensors
from plotart.runs.checkpoint import VERSION
from plotart.runs.clearing import BEFORE, CHECKPOINT, CONFIG, FIGURES, FITTED, PROGRESS
from plotart.runs.inputs import INPUTS

__all__ = ["check_model", "laid_out", "model_of", "save_model"]

LAYOUT = "plotart model 1"
"""Changes whenever what a model holds does."""
HELD = (FIGURES, CHECKPOINT, FITTED, CONFIG)
"""Files of the run; the config is the last to be laid out, for it makes a folder a run."""


def check_model(path: FilePath | None) -> None:
    """Whether a run can write its model there; the folder it is to lie in is made.

    Raises:
        InputError: it cannot be written, or a file is there already that is no model.
    """
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--model: '{path.parent}' cannot be made ({error.strerror or error})") from None
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"--model: '{path}' cannot be written")
    if path.exists():
        _read(path)


def save_model(folder: FilePath, path: FilePath) -> None:
    """Write the model of the run in `folder`, whole or not at all."""
    names = [name for name in HELD if (folder / name).is_file()]
    kept = sorted(file for file in (folder / INPUTS).rglob("*") if file.is_file() and not file.name.startswith("."))
    files = {
        name: torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else torch.empty(0, dtype=torch.uint8)
        for name in (*(file.relative_to(folder).as_posix() for file in kept), *names)
        for content in [(folder / name).read_bytes()]
    }
    with write_beside(path, durable=True) as beside:
        beside.write_bytes(pack({"version": VERSION, "files": files}, LAYOUT))


def model_of(path: FilePath, folder: FilePath) -> bool:
    """Whether a model holds the state of the run in `folder`, or the one before it.

    Raises:
        InputError: it is damaged or no model.
    """
    held = _read(path).get(CHECKPOINT)
    states = [folder / CHECKPOINT, folder / BEFORE / CHECKPOINT]
    return any(state.is_file() and state.read_bytes() == held for state in states)


@contextmanager
def laid_out(path: FilePath | None, folder: FilePath) -> Iterator[None]:
    """While a run in `folder` goes on: the state of a model in it, if the model is there and `folder` holds no run.

    Where the work does not begin, because something is wrong with what was asked for, the folder goes again.

    Raises:
        InputError: the model is damaged, or holds another state than the run that `folder` holds.
    """
    check_model(path)
    if path is None or not path.exists():
        yield
        return
    if (folder / CONFIG).is_file():
        if not model_of(path, folder):
            raise InputError(
                f"--model: '{path}' holds another state than the run in '{folder}': to go on from it name a new "
                "folder, or name another file for this run's model"
            )
        yield
        return
    files, new = _read(path), not folder.exists()
    try:
        if not new and any(folder.iterdir()):
            raise InputError(f"--model: '{folder}' is not empty: a run that goes on from a model takes a new folder")
        for name, content in files.items():
            with write_beside(folder / name) as beside:
                beside.write_bytes(content)
    except (OSError, ValueError) as error:  # the latter for names that no file can have
        _clear(folder, new)
        told = getattr(error, "strerror", None) or error
        raise InputError(f"--model: '{folder}' cannot be written ({told})") from None
    try:
        yield
    except BaseException:
        if not (folder / PROGRESS).exists():  # the first thing that a run at work writes
            _clear(folder, new)
        raise


def _clear(folder: FilePath, new: bool) -> None:
    """Take away what was laid out in a folder that was empty, or was not there."""
    if new:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for part in folder.iterdir():
        shutil.rmtree(part, ignore_errors=True) if part.is_dir() and not part.is_symlink() else part.unlink()


def _read(path: FilePath) -> dict[str, bytes]:
    """The files of a model by their path in the run's folder.

    Raises:
        InputError: it is damaged, or no model.
    """
    try:
        layout, held = read_tensors(path)
    except Damaged as damage:
        raise InputError(f"--model: '{path}' is damaged or no model of plotart ({damage})") from None
    if layout != LAYOUT:
        raise InputError(f"--model: '{path}' is no model that this version of plotart reads: it holds {layout!r}")
    files = held.get("files") if isinstance(held, Mapping) else None
    if not isinstance(files, Mapping) or not all(_fits(name, part) for name, part in files.items()):
        raise InputError(f"--model: '{path}' does not hold what a model holds")
    if not {CONFIG, CHECKPOINT} <= files.keys():
        raise InputError(f"--model: '{path}' holds no {CONFIG} or no {CHECKPOINT}, without which no run goes on")
    return {name: part.numpy().tobytes() for name, part in files.items()}


def _fits(name: Any, content: Any) -> bool:
    """Whether a file of a model is one that lies in a run's folder, and nowhere else."""
    if not isinstance(name, str) or not isinstance(content, torch.Tensor) or content.dtype != torch.uint8:
        return False
    parts = name.split("/")
    plain = all(part not in ("", ".", "..") and not set(part) & set("\\:\0") for part in parts)
    return name in HELD or (plain and len(parts) >= 3 and parts[0] == INPUTS)
