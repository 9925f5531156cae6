"""What a run needs of the user's files, kept in its folder: pictures, styles, weights, pens, a run to enlarge.

`inputs/<hash>/<name>` holds a copy of each, under its own name and the first digits of its SHA-256; config.yaml names
it so. The folder can then be moved, and goes on wherever it lies.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path as FilePath
from typing import TypeVar

from pydantic import BaseModel

from plotart.core.errors import InputError
from plotart.core.files import write_beside
from plotart.core.settings import NamesFile, renamed

__all__ = [
    "INPUTS", "RUN_FILES", "check_frames", "check_inputs", "found_beside", "found_kept", "keep_inputs", "named_beside",
]  # fmt: skip

INPUTS = "inputs"
DIGITS = 16
RUN_FILES = ("config.yaml", "run.json", "checkpoint.safetensors")
"""What of a finished run a larger one starts from."""

Settings = TypeVar("Settings", bound=BaseModel)


def found_beside(config: Settings, folder: FilePath) -> Settings:
    """The config of a run in `folder`, its kept files where they lie there."""

    def here(value: str, mark: NamesFile) -> str:
        return str(folder / value) if _is_kept(value) else value

    return renamed(config, here)


def named_beside(config: Settings, folder: FilePath) -> Settings:
    """The reverse of `found_beside`: the config as it is written in `folder`."""

    def name(value: str, mark: NamesFile) -> str:
        path = FilePath(value)
        return path.relative_to(folder).as_posix() if path.is_relative_to(folder / INPUTS) else value

    return renamed(config, name)


def found_kept(config: Settings, folder: FilePath) -> Settings:
    """The config with the copies in `folder` of files that it keeps already, whatever they are called elsewhere."""

    def known(value: str, mark: NamesFile) -> str:
        file = mark.find(value)
        if file is None or not file.exists():
            return value
        copies = folder / INPUTS / digest(file)
        return str(next(copies.iterdir(), value)) if copies.is_dir() else value

    return renamed(config, known)


def check_inputs(config: BaseModel) -> None:
    """Whether the kept files that a config names are as they were.

    Raises:
        InputError: naming one that is damaged or gone.
    """

    def check(value: str, mark: NamesFile) -> str:
        path = FilePath(value)
        if _is_kept("/".join(path.parts[-3:])):
            if not path.exists():
                raise InputError(f"'{path}' is gone, which the run needs: put it back, or make the run again")
            if digest(path) != path.parent.name:
                raise InputError(f"'{path}' is damaged: it is not what the run was begun with; put that file back")
        return value

    renamed(config, check)


def check_frames(folder: FilePath | None) -> None:
    """Make the folder of a user's choice for frames.

    Raises:
        InputError: it cannot be made or written.
    """
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--frames: '{folder}' cannot be made ({error.strerror or error})") from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"--frames: '{folder}' cannot be written")


def keep_inputs(config: Settings, folder: FilePath) -> Settings:
    """Copy the files that a config names into `folder`; the config as it is written there, with their new names.

    Raises:
        InputError: one cannot be read.
    """

    def keep(value: str, mark: NamesFile) -> str:
        file = mark.find(value)
        if file is None or not file.exists():
            return value
        try:
            name = f"{INPUTS}/{digest(file)}/{file.resolve().name}"
            if not (folder / name).exists():
                _copy(file, folder / name)
        except OSError as error:
            raise InputError(f"'{file}' cannot be kept in '{folder}' ({error.strerror or error})") from None
        return name

    return renamed(config, keep)


def digest(path: FilePath) -> str:
    """The first digits of the SHA-256 of a file's content, or of what `RUN_FILES` of a folder hold."""
    if path.is_dir():
        parts = "".join(digest(path / name) for name in RUN_FILES if (path / name).is_file())
        return hashlib.sha256(parts.encode()).hexdigest()[:DIGITS]
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:DIGITS]


def _is_kept(value: str) -> bool:
    parts = value.split("/")
    return len(parts) == 3 and parts[0] == INPUTS and len(parts[1]) == DIGITS and ".." not in parts


def _copy(source: FilePath, target: FilePath) -> None:
    if source.is_file():
        with write_beside(target, durable=True) as beside:
            shutil.copyfile(source, beside)
        return
    # a run: what it kept comes along, and its config last, without which it is none
    if (source / INPUTS).is_dir():
        shutil.copytree(source / INPUTS, target / INPUTS, dirs_exist_ok=True)
    for name in reversed(RUN_FILES):
        if (source / name).is_file():
            _copy(source / name, target / name)
