"""Runs as processes of their own: started, gone on with, stopped; those that wait for their turn wait on disk."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Any

from plotart.core.errors import InputError
from plotart.studio.library import SWEEP_NOTES, Library, read_json, write_json
from plotart.studio.progress import alive, progress

__all__ = ["DRAFTS", "Starter"]

LOG = "log.txt"
DRAFTS = "drafts"
KEPT_DRAFTS = 12
START = ".start.yaml"
SWEEP_WORD = re.compile(r"--(neurons|images|looks|pens|style|seeds|set)=")


class Starter:
    """Starts the command line's own commands and looks after them.

    A process has its own session: it lives on when the studio ends. Which runs wait, and the processes of those that
    do not, are noted in their folders, so that another studio takes over.

    Args:
        at_once: runs at work at a time, drafts and sweeps aside; more wait.
    """

    def __init__(self, library: Library, at_once: int = 1) -> None:
        self.library = library
        self.at_once = at_once
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._others: list[subprocess.Popen[bytes]] = []
        self._spare: subprocess.Popen[bytes] | None = None
        self._lock = threading.RLock()
        self._closed = False
        self._waiting = True  # perhaps, from before

    def begin(self, config: str, name: str, *, draft: bool = False) -> str:
        """Make a run of a config's YAML text, as soon as it is its turn; a draft at once, in place of the one before.

        Returns:
            The run's name.
        """
        with self._lock:
            if draft:
                self._make_room()
            folder = self.library.new_folder(name, DRAFTS if draft else "")
            (folder / START).write_text(config, encoding="utf-8")
            self._ask(folder, draft=draft or None)
            return self.library.name_of(folder)

    def go_on(self, name: str, steps: int | None = None) -> None:
        """Resume a run, or take a finished one `steps` further."""
        folder = self.library.run(name)
        with self._lock:
            if self.pid(name) is not None:
                raise InputError(f"run: '{name}' is at work already")
            self._ask(folder, steps=steps)

    def stop(self, name: str) -> None:
        """Ask a run to save and end; one that waits is taken off the list."""
        folder = self.library.run(name)
        with self._lock:
            if self.library.notes(folder).get("waiting"):
                self.library.note(folder, waiting=None, asked=None, steps=None)
                if not (folder / "config.yaml").is_file():
                    self.library.discard(name)
                return
            pid = self.pid(name)
            if pid is None:
                raise InputError(f"run: '{name}' is not at work")
            os.kill(pid, signal.SIGINT)

    def sweep(self, words: Sequence[str], name: str) -> str:
        """Start `plotart sweep` with such words in a folder of its own; gives the folder's name."""
        with self._lock:
            return self._sweep(self.library.new_folder(name), words)

    def go_on_sweep(self, name: str) -> None:
        """The same sweep again: it draws what is not finished, and tries again what failed."""
        folder = self.library.folder(name)
        told = read_json(folder / SWEEP_NOTES)
        words = told.get("words") if isinstance(told, dict) else None
        # the folder may be another's: only what the studio itself would say is run
        if not isinstance(words, list) or not all(isinstance(word, str) and self._ours(word) for word in words):
            raise InputError(f"sweep: '{name}' was not started here; go on with the command that began it")
        if self.sweep_pid(name) is not None:
            raise InputError(f"sweep: '{name}' is at work already")
        with self._lock:
            self._sweep(folder, words)

    def _ours(self, word: str) -> bool:
        """Whether the studio says such a word to a sweep; photographs are those that were dropped on the page."""
        named = SWEEP_WORD.match(word)
        if named is None or named[1] != "images":
            return named is not None
        paths = [FilePath(path) for path in word.removeprefix(named[0]).split(",")]
        return all(path.parent == self.library.home / "photos" for path in paths)

    def _sweep(self, folder: FilePath, words: Sequence[str]) -> str:
        process = self._run(["sweep", *words, "--out", str(folder)], folder / LOG)
        write_json(folder / SWEEP_NOTES, {"sweep_pid": process.pid, "words": list(words)})
        self._children[self.library.name_of(folder)] = process
        return self.library.name_of(folder)

    def stop_sweep(self, name: str) -> None:
        """Ask a sweep to end: every run of it saves."""
        pid = self.sweep_pid(name)
        if pid is None:
            raise InputError(f"sweep: '{name}' is not at work")
        os.kill(pid, signal.SIGINT)

    def sweep_pid(self, name: str) -> int | None:
        told = read_json(self.library.folder(name) / SWEEP_NOTES)
        pid = told.get("sweep_pid") if isinstance(told, dict) else None
        return pid if isinstance(pid, int) and alive(pid) else None

    def pid(self, name: str) -> int | None:
        """The process that is at work on a run, whoever started it."""
        folder = self.library.run(name)
        for pid in (progress(folder).get("pid"), self.library.notes(folder).get("pid")):
            if isinstance(pid, int) and alive(pid):
                return pid
        return None

    def tick(self) -> bool:
        """Take note of what ended, and start what waits; whether anything changed."""
        with self._lock:
            changed = self._reap()
            if not self._waiting:
                return changed
            names = list(self.library.names())
            notes = {name: self.library.notes(self.library.root / name) for name in names}
            busy = sum(alive(told.get("pid")) and not told.get("draft") for told in notes.values())
            waiting = sorted((n for n in names if notes[n].get("waiting")), key=lambda n: notes[n].get("asked", 0))
            for name in waiting:
                if busy < self.at_once or notes[name].get("draft"):
                    self._start(self.library.root / name, notes[name])
                    busy += not notes[name].get("draft")
                    changed = True
            self._waiting = any(self.library.notes(self.library.root / name).get("waiting") for name in waiting)
            return changed

    def warm(self) -> None:
        """Have a process at hand that has its imports behind it."""
        with self._lock:
            if self._closed or (self._spare is not None and self._spare.poll() is None):
                return
            self._spare = subprocess.Popen(
                [sys.executable, "-m", "plotart.studio.spare"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def close(self) -> None:
        """Let the spare process go; runs go on."""
        with self._lock:
            self._closed = True
            if self._spare is not None and self._spare.stdin is not None:
                self._spare.stdin.close()
                self._spare.terminate()
                self._spare.wait()
                self._spare = None

    def run(self, command: Sequence[str], log: FilePath) -> None:
        """Let a command run by itself; what it says goes to `log`."""
        with self._lock:
            self._others = [child for child in self._others if child.poll() is None]
            self._others.append(self._run(list(command), log))

    def log(self, folder: FilePath, name: str = LOG, most: int = 8000) -> str:
        """The end of what a run said."""
        try:
            with (folder / name).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - most))
                return file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""

    def _ask(self, folder: FilePath, **noted: Any) -> None:
        self._waiting = True
        self.library.note(folder, waiting=True, asked=time.time(), pid=None, failed=None, **noted)
        self.tick()

    def _start(self, folder: FilePath, notes: dict[str, Any]) -> None:
        """A run that has a config goes on, others begin."""
        if (folder / "config.yaml").is_file():
            steps = notes.get("steps")
            command = ["resume", str(folder), *(["--steps", str(steps)] if isinstance(steps, int) else [])]
        else:
            command = ["generate", str(folder / START), "--out", str(folder)]
        process = self._run(command, folder / LOG)
        self.library.note(folder, waiting=None, asked=None, steps=None, pid=process.pid)
        self._children[self.library.name_of(folder)] = process

    def _run(self, command: list[str], log: FilePath) -> subprocess.Popen[bytes]:
        spare, self._spare = self._spare, None
        if spare is not None and spare.poll() is None and spare.stdin is not None:
            try:
                spare.stdin.write(
                    json.dumps({"command": command, "log": str(log), "cwd": str(FilePath.cwd())}).encode() + b"\n"
                )
                spare.stdin.close()
                return spare
            except OSError:
                pass  # it died meanwhile
        with log.open("ab") as lines:
            return subprocess.Popen(
                [sys.executable, "-m", "plotart", *command], stdin=subprocess.DEVNULL, stdout=lines, stderr=lines,
                start_new_session=True,
            )  # fmt: skip

    def _reap(self) -> bool:
        ended = {name: child for name, child in self._children.items() if child.poll() is not None}
        for name, child in ended.items():
            del self._children[name]
            folder = self.library.root / name
            if not (folder / "config.yaml").is_file() and not (folder / START).is_file():
                continue  # a sweep, or thrown away
            lines = [line for line in self.log(folder).splitlines() if line.strip()]
            failed = child.returncode not in (0, 130)
            told = lines[-1].removeprefix("plotart: ") if lines else f"its process ended with {child.returncode}"
            self.library.note(folder, pid=None, failed=told if failed else None)
        return bool(ended)

    def _make_room(self) -> None:
        """Stop the draft that is at work, and forget old ones."""
        folder = self.library.root / DRAFTS
        drafts = [name for name in self.library.names() if name.startswith(DRAFTS + "/")]
        drafts = [name for name in drafts if self.library.notes(self.library.root / name).get("draft")]
        for name in drafts:
            pid = self.pid(name)
            if pid is not None:
                os.kill(pid, signal.SIGTERM)
        drafts.sort(key=lambda name: (self.library.root / name).stat().st_mtime, reverse=True)
        for name in drafts[KEPT_DRAFTS - 1 :]:
            place = self.library.root / name
            if not self.library.notes(place).get("star") and place.parent == folder and self.pid(name) is None:
                shutil.rmtree(place, ignore_errors=True)
