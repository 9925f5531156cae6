"""A line of the gallery for each run: read from its files, and read again only where they changed."""

from __future__ import annotations

import os
from pathlib import Path as FilePath
from typing import Any

import yaml

from plotart.studio.guard import Keys
from plotart.studio.library import NOTES, SWEEP_NOTES, Library, finite, read_json, write_json
from plotart.studio.plotter import plot_of
from plotart.studio.progress import alive, latest_frame, progress, state_of

__all__ = ["Summaries", "read_config"]

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST_CONFIG = 2_000_000
INDEX = 1
"""Another number when what is kept of a run changes."""
MOVING = ("running", "starting", "waiting")


class Summaries:
    """What the page shows of each run and sweep. Kept, also on disk; what has not changed is not read again."""

    def __init__(self, library: Library, keys: Keys) -> None:
        self.library = library
        self.keys = keys
        self._settled: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {}
        self._told: dict[str, tuple[int, dict[str, Any]]] = {}
        self._plots: dict[str, tuple[int, dict[str, Any] | None]] = {}
        self._index = library.home / "index.json"
        self._read = 0
        kept = read_json(self._index)
        if isinstance(kept, dict) and kept.get("of") == INDEX:
            self._settled = {name: (tuple(stamps), told) for name, (stamps, told) in kept["runs"].items()}

    def all(self) -> dict[str, dict[str, Any]]:
        """By name, in the order of names."""
        runs, sweeps = self.library.both()
        self._read = 0
        found = {name: self.run(name, sweeps) for name in runs}
        if self._read:
            write_json(self._index, {"of": INDEX, "runs": self._settled})
        for name in set(self._settled) - set(found):
            self._settled.pop(name, None)
            self._told.pop(name, None)
            self._plots.pop(name, None)
        return found

    def run(self, name: str, sweeps: list[str]) -> dict[str, Any]:
        folder = self.library.root / name
        at = str(folder)
        stamps = tuple(_stamp(f"{at}/{file}") for file in ("config.yaml", "run.json", NOTES))
        known = self._settled.get(name)
        if known is None or known[0] != stamps:
            known = (stamps, self._settled_part(name, folder))
            self._settled[name] = known
            self._read += 1
        settled = known[1]
        told = self._progress(name, folder)
        state = state_of(folder, told, settled["notes"])
        summary = {key: value for key, value in settled.items() if key != "notes"}
        parent = name.rpartition("/")[0]
        summary |= {
            "files": self.files(name),
            "state": state,
            "group": parent,
            "sweep": parent if parent in sweeps else None,
        }
        if state == "failed" and not summary["failed"] and isinstance(told.get("message"), str):
            summary["failed"] = told["message"]
        summary["plot"] = self._plot(name, folder)
        if state in MOVING:
            summary["progress"] = told
        if state != "finished":
            summary["frame"] = latest_frame(folder)
        summary["picture"] = _stamp(f"{at}/preview.png") if state == "finished" else summary["frame"]
        return summary

    def _progress(self, name: str, folder: FilePath) -> dict[str, Any]:
        stamp = _stamp(f"{folder}/progress.json")
        known = self._told.get(name)
        if known is None or known[0] != stamp:
            known = (stamp, progress(folder) if stamp else {})
            self._told[name] = known
        return known[1]

    def _plot(self, name: str, folder: FilePath) -> dict[str, Any] | None:
        stamp = _stamp(f"{folder}/drawing.plot.json")
        known = self._plots.get(name)
        if known is None or known[0] != stamp or (known[1] and known[1]["alive"]):
            known = (stamp, plot_of(folder) if stamp else None)
            self._plots[name] = known
        return known[1]

    def sweeps(self, runs: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Of each sweep: how many of its runs are finished, and who makes it."""
        found = []
        for name in self.library.sweeps():
            folder = self.library.root / name
            manifest = read_config(folder / "sweep.yaml")
            listed = manifest.get("cells")
            cells = [cell for cell in listed if isinstance(cell, dict)] if isinstance(listed, list) else []
            states = [runs.get(f"{name}/{cell.get('name')}", {}).get("state", "waiting") for cell in cells]
            told = read_json(folder / SWEEP_NOTES)
            pid = told.get("sweep_pid") if isinstance(told, dict) else None
            found.append(
                {
                    "name": name,
                    "of": len(cells),
                    "finished": states.count("finished"),
                    "running": states.count("running") + states.count("starting"),
                    "page": (folder / "index.html").is_file(),
                    "files": self.files(name),
                    "ours": pid is not None,
                    "at_work": alive(pid),
                    "failed": None if cells or alive(pid) else _last_line(folder / "log.txt"),
                }
            )
        return found

    def files(self, name: str) -> str:
        """Where the files of a run or a sweep are to be had."""
        return f"/files/{self.keys.folder(name)}/{name}/"

    def _settled_part(self, name: str, folder: FilePath) -> dict[str, Any]:
        """What changes only when a run ends, is begun or is noted."""
        config, notes = read_config(folder / "config.yaml"), self.library.notes(folder)
        figures = read_json(folder / "run.json")
        figures = figures if isinstance(figures, dict) else {}
        plot = _part(figures, "plot")
        objectives = _part(config, "objectives")
        neuron, pixels, style = (_part(objectives, part) for part in ("neuron", "pixels", "style"))
        excited = _part(figures, "excitation").get("svg")
        settled = {
            "name": name,
            "made": max(_stamp(folder / "run.json"), _stamp(folder / "config.yaml")) / 1e9,
            "neuron": _text(neuron.get("at")),
            "image": _last(pixels.get("image")),
            "style": _last(style.get("image")),
            "look": _look(config.get("stages")),
            "strength": style.get("strength") if isinstance(style.get("strength"), int | float) else None,
            "seed": config.get("seed"),
            "page": _text(_part(config, "page").get("size")),
            "landscape": _part(config, "page").get("landscape") is True,
            "pens": [
                {key: pen.get(key) for key in ("name", "hex", "tip_mm", "strokes", "seconds")}
                for pen in figures.get("pens") or []
                if isinstance(pen, dict)
            ],
            "minutes": plot.get("minutes"),
            "ink_m": plot["ink_mm"] / 1000 if isinstance(plot.get("ink_mm"), int | float) else None,
            "lifts": plot.get("lifts"),
            "excitation": excited if isinstance(excited, int | float) else None,
            "close": _close(figures),
            "seconds": figures.get("seconds"),
            "steps": figures.get("steps"),
            "star": notes.get("star") is True,
            "note": _text(notes.get("note")) or "",
            "draft": notes.get("draft") is True,
            "failed": _text(notes.get("failed")),
            "notes": notes,
        }
        return dict(finite(settled))


def read_config(path: FilePath) -> dict[str, Any]:
    """The settings in a YAML file as they are; none where it cannot be read."""
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            return {}
        text = path.read_text("utf-8")
        if "&" in text and "*" in text and any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader)):
            return {}  # what refers to itself may grow without end
        found = yaml.load(text, Loader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _close(figures: dict[str, Any]) -> float | None:
    """How far the written drawing is from its picture from farthest away, as an eye sees it; None without a picture."""
    rows = _part(figures, "damage").get("picture")
    try:
        return float(max(rows, key=lambda row: row["distance_mm"])["stages"]["svg"]["mean"]) if rows else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _last_line(path: FilePath) -> str | None:
    try:
        lines = path.read_text("utf-8", errors="replace")[-4000:].strip().splitlines()
    except OSError:
        return None
    return lines[-1].removeprefix("plotart: ") if lines else None


def _part(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    found = mapping.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    return value[:2000] if isinstance(value, str) else None


def _look(stages: Any) -> str | None:
    """The look in which strokes are laid, of a config's stages; None where none has one."""
    looks = (
        [stage["look"] for stage in stages if isinstance(stage, dict) and "look" in stage]
        if isinstance(stages, list)
        else []
    )
    return next((_text(look.get("kind")) for look in looks if isinstance(look, dict)), None)


def _last(value: Any) -> str | None:
    text = _text(value)
    return FilePath(text).name if text else None


def _stamp(path: FilePath | str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - texts are quicker, and it is asked often
    except OSError:
        return 0
