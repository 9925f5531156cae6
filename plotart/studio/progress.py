"""How far a run is: what it writes of itself, or what the times of its files tell."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path as FilePath
from typing import Any

from plotart.core.processes import lives
from plotart.studio.library import finite, read_json

__all__ = ["alive", "curve_of", "latest_frame", "progress", "state_of"]

FRESH_S = 30.0
"""A run that tells nothing of itself is taken for running while one of its files is younger than this."""
LARGEST_CURVE = 2_000_000
WRITTEN = ("config.yaml", "checkpoint.safetensors", "frames")


def progress(folder: FilePath) -> dict[str, Any]:
    """What `progress.json` holds, reduced to what the page shows; empty where there is none."""
    told = read_json(folder / "progress.json")
    if not isinstance(told, dict):
        return {}
    kept = {
        "state": told.get("state"),
        "pid": told.get("pid"),
        "stage": _stage(told),
        "step": told.get("step"),
        "of": told.get("of"),
        "left": told.get("seconds_left"),
        "share": told.get("share"),
        "message": told.get("message"),
        "losses": told.get("losses"),
        "excitation": told.get("excitation"),
    }
    return {key: finite(value) for key, value in kept.items() if value is not None}


def state_of(folder: FilePath, told: dict[str, Any], notes: dict[str, Any]) -> str:
    """waiting, starting, running, stopped, failed or finished.

    Args:
        told: of `progress`. notes: of `Library.notes`: what the studio knows of how it started the run.
    """
    started = notes.get("pid")
    if notes.get("waiting"):
        state = "waiting"
    elif told.get("state") in ("running", "writing") and alive(told.get("pid")):
        state = "running"
    elif alive(started):
        state = "running" if told or (folder / "frames").is_dir() else "starting"
    elif os.path.exists(f"{folder}/run.json"):  # noqa: PTH110 - asked often
        state = "finished"
    elif told.get("state") == "failed" or notes.get("failed"):
        state = "failed"
    elif not told and started is None and _youngest(folder) > time.time() - FRESH_S:
        state = "running"
    else:
        state = "stopped" if started is None or (folder / "checkpoint.safetensors").is_file() else "failed"
    return state


def curve_of(folder: FilePath) -> list[dict[str, Any]]:
    """The losses of a run so far, from `losses.jsonl`: `step`, `losses` by name, and `excitation`, by step."""
    points: list[dict[str, Any]] = []
    try:
        with (folder / "losses.jsonl").open("rb") as file:
            text = file.read(LARGEST_CURVE).decode("utf-8", errors="replace")
    except OSError:
        return []
    for line in text.splitlines():
        try:
            found = json.loads(line, parse_constant=lambda name: None)
        except (ValueError, RecursionError):
            continue  # it is being written, or is no line of ours
        if not isinstance(found, dict) or not isinstance(found.get("step"), int):
            continue
        losses = found.get("losses")
        if not isinstance(losses, dict) or not all(isinstance(value, int | float | None) for value in losses.values()):
            continue
        while points and points[-1]["step"] >= found["step"]:
            points.pop()  # a run that was killed did these again
        points.append({"step": found["step"], "losses": losses, "excitation": found.get("excitation")})
    return list(finite(points))


def latest_frame(folder: FilePath) -> str | None:
    """Name of the last picture of a run on the way: frames are called by their step."""
    try:
        names = [entry.name for entry in os.scandir(folder / "frames") if entry.name.endswith(".png")]
    except OSError:
        return None
    return max((name for name in names if not name.startswith(".")), default=None)


def alive(pid: object) -> bool:
    """Whether a process of plotart has this number; a number that was given to another program since has not."""
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 1 or not lives(pid):
        return False
    try:
        command = FilePath(f"/proc/{pid}/cmdline").read_bytes()
        state = FilePath(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return not FilePath("/proc/self").exists()  # macOS and others tell nothing
    return b"plotart" in command and state != b"Z"


def _stage(told: dict[str, Any]) -> str | None:
    """The stage at work, with its number: "fit 3/7"."""
    stage, number, stages = told.get("stage"), told.get("number"), told.get("stages")
    counted = isinstance(number, int) and isinstance(stages, int) and number <= stages
    return f"{stage} {number}/{stages}" if counted else stage if isinstance(stage, str) else None


def _youngest(folder: FilePath) -> float:
    times = []
    for name in WRITTEN:
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times, default=0.0)
