"""The folder that a studio shows: its runs and sweeps by name, what the user noted, and what was thrown away."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from plotart.core.errors import InputError

__all__ = ["HOME", "NOTES", "SWEEP_NOTES", "Library", "finite", "read_json", "write_json"]

HOME = ".studio"
"""Folder of the studio's own files: photographs, thumbnails, contact sheets, what was thrown away, the token."""
NOTES = ".studio.json"
"""File in a run's folder: star, note, and how the studio started it."""
SWEEP_NOTES = ".studio-sweep.json"
"""File in a sweep's folder: the process that makes it."""
DEPTH = 3
"""How deep runs may lie: a run, or a sweep's run in a group."""
PLAIN = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]*")
LARGEST_JSON = 64 * 1024 * 1024


class Library:
    """The runs in `root`, found by their `config.yaml`; a name is the path from `root`, with slashes."""

    def __init__(self, root: FilePath) -> None:
        self.root = root.resolve()
        self.home = self.root / HOME
        self.root.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(exist_ok=True)

    def names(self) -> Iterator[str]:
        """Of all runs, those that are being started among them."""
        yield from (name for name, is_run in self._walk(str(self.root), "", 1) if is_run)

    def sweeps(self) -> list[str]:
        return [name for name, is_run in self._walk(str(self.root), "", 1) if not is_run]

    def both(self) -> tuple[list[str], list[str]]:
        """The names of runs, and of sweeps, in one walk."""
        found = list(self._walk(str(self.root), "", 1))
        return [name for name, is_run in found if is_run], [name for name, is_run in found if not is_run]

    def _walk(self, folder: str, prefix: str, depth: int) -> Iterator[tuple[str, bool]]:
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            return
        for entry in entries:
            # links are not followed: what they lead to is not of this folder
            if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                continue
            here, name = entry.path, prefix + entry.name
            if _exist(here, "config.yaml", NOTES):
                yield name, True
                continue
            if _exist(here, "sweep.yaml", SWEEP_NOTES):
                yield name, False
            if depth < DEPTH:
                yield from self._walk(here, name + "/", depth + 1)

    def folder(self, name: object) -> FilePath:
        """The folder of a run or a sweep.

        Raises:
            InputError: the name is not one of a folder within the root.
        """
        parts = name.split("/") if isinstance(name, str) else []
        if not 1 <= len(parts) <= DEPTH or not all(PLAIN.fullmatch(part) for part in parts):
            raise InputError(f"run: {_quoted(name)} is no name of a run here")
        path = self.root.joinpath(*parts)
        try:
            inside = path.resolve() == path and path.is_dir()
        except OSError:
            inside = False
        if not inside:
            raise InputError(f"run: there is no {_quoted(name)} here")
        return path

    def run(self, name: object) -> FilePath:
        """The folder of a run; the same errors, and for what is no run."""
        folder = self.folder(name)
        if not (folder / "config.yaml").is_file() and not (folder / NOTES).is_file():
            raise InputError(f"run: {_quoted(name)} holds no run")
        return folder

    def file(self, folder: FilePath, inner: str) -> FilePath:
        """A file below a run's folder.

        Raises:
            InputError: the path leaves the folder, is hidden, or there is no such file.
        """
        parts = inner.split("/")
        if len(parts) > DEPTH + 2 or not all(PLAIN.fullmatch(part) for part in parts):
            raise InputError("file: that is no path of a file here")
        path = folder.joinpath(*parts)
        try:
            inside = path.resolve() == path and path.is_file()
        except OSError:
            inside = False
        if not inside:
            raise InputError("file: there is no such file here")
        return path

    def new_folder(self, name: str, parent: str = "") -> FilePath:
        """Make a folder called `name`, numbered when taken, that is a run's from now on."""
        slug = re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:80] or "run"
        number = 1
        while True:
            folder = self.root / parent / (slug if number == 1 else f"{slug}-{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                number += 1
                continue
            return folder

    def name_of(self, folder: FilePath) -> str:
        return folder.relative_to(self.root).as_posix()

    def notes(self, folder: FilePath) -> dict[str, Any]:
        found = read_json(folder / NOTES)
        return found if isinstance(found, dict) else {}

    def note(self, folder: FilePath, **changed: Any) -> dict[str, Any]:
        """Change what is noted of a run; None takes an entry away."""
        notes = {key: value for key, value in {**self.notes(folder), **changed}.items() if value is not None}
        write_json(folder / NOTES, notes)
        return notes

    # -- what was thrown away

    def discard(self, name: str) -> str:
        """Put a run into the trash; gives the key with which `restore` takes it back."""
        folder = self.run(name)
        key = f"{int(time.time() * 1000)}-{re.sub(r'[^a-zA-Z0-9]+', '-', folder.name)[:40]}"
        place = self.home / "trash" / key
        place.mkdir(parents=True)
        write_json(place / "name.json", {"name": name})
        folder.rename(place / "run")
        return key

    def restore(self, key: object) -> str:
        """Take a run back from the trash; gives its name, numbered when it is taken by now."""
        place = self._trashed(key)
        name = str(read_json(place / "name.json")["name"])
        parent, _, last = name.rpartition("/")
        folder = self.root / name
        if folder.exists():
            folder = self.new_folder(last, parent)
            folder.rmdir()
        folder.parent.mkdir(parents=True, exist_ok=True)
        (place / "run").rename(folder)
        shutil.rmtree(place)
        return self.name_of(folder)

    def trash(self) -> list[dict[str, str]]:
        """Key and name of what was thrown away, newest first."""
        found = []
        for place in sorted((self.home / "trash").glob("*-*"), reverse=True):
            told = read_json(place / "name.json")
            if isinstance(told, dict) and (place / "run").is_dir():
                found.append({"key": place.name, "name": str(told.get("name", place.name))})
        return found

    def empty_trash(self) -> None:
        shutil.rmtree(self.home / "trash", ignore_errors=True)

    def _trashed(self, key: object) -> FilePath:
        if not isinstance(key, str) or not re.fullmatch(r"\d{10,20}-[a-zA-Z0-9-]{1,60}", key):
            raise InputError("trash: that is no key of a run that was thrown away")
        place = self.home / "trash" / key
        if not (place / "run").is_dir():
            raise InputError("trash: that run is no longer there")
        return place


def read_json(path: FilePath) -> Any:
    """What a JSON file holds; None where there is none, or one that cannot be read."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            return None
        return json.loads(path.read_bytes(), parse_constant=lambda name: None)  # NaN is no JSON
    except (OSError, ValueError, RecursionError):
        return None


def finite(value: Any) -> Any:
    """The same with None for numbers that JSON does not know."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    return [finite(inner) for inner in value] if isinstance(value, list) else value


def write_json(path: FilePath, content: Any) -> None:
    """Beside and renamed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    beside.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    beside.replace(path)


def _exist(folder: str, *names: str) -> bool:
    """Whether one of the files is there. Texts, not paths: this is asked of every folder every few seconds."""
    return any(os.path.exists(f"{folder}/{name}") for name in names)  # noqa: PTH110


def _quoted(name: object) -> str:
    text = name if isinstance(name, str) else str(name)
    return repr(text if len(text) <= 80 else text[:77] + "...")
