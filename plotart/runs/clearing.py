"""The names of what a run keeps, and how they go: whenever clearing is cut off, nothing misleading is left."""

from __future__ import annotations

import shutil
from pathlib import Path as FilePath

from plotart.runs.inputs import INPUTS
from plotart.stages import stages

__all__ = [
    "BEFORE", "CHECKPOINT", "CONFIG", "FIGURES", "FITTED", "FOLDERS", "LOSSES", "PROGRESS", "clear", "clear_state",
]  # fmt: skip

CONFIG, FIGURES, CHECKPOINT = "config.yaml", "run.json", "checkpoint.safetensors"
FITTED = "fitted.safetensors"
"""The checkpoint at the end of the last fit, from which more steps can be taken."""
PROGRESS = "progress.json"
"""How far it is, for those who look on; see `plotart.runs.progress`."""
LOSSES = "losses.jsonl"
"""The losses on the way, a line each; see `plotart.runs.watch`."""
BEFORE = "before"
"""The folder of the versions before of what a run needs to go on."""
FOLDERS = (BEFORE, INPUTS, "frames", "pens")

STATE = (
    FIGURES, f"{BEFORE}/{FIGURES}", f"{BEFORE}/{FITTED}", FITTED, f"{BEFORE}/{CHECKPOINT}", CHECKPOINT, PROGRESS,
    LOSSES,
)  # fmt: skip
RESULTS = ("drawing.svg", "drawing.pt", "preview.png", "report.html")


def clear(folder: FilePath) -> None:
    """Remove what an earlier run wrote in its folder, and nothing else; none of `FOLDERS` may be a link.

    First the state, then the results, and the config as the last thing that makes it a run: if this is cut off, the
    old run is unfinished, and can be begun again or replaced.
    """
    clear_state(folder)
    for name in (*RESULTS, *(file for kind in stages for file in stages[kind].leaves)):
        (folder / name).unlink(missing_ok=True)
    for pattern in ("events.out.tfevents*", "pens/*.svg", "frames/*.png"):
        for path in folder.glob(pattern):
            path.unlink()
    for name in (f"{BEFORE}/{CONFIG}", CONFIG):
        (folder / name).unlink(missing_ok=True)
    if (folder / INPUTS).is_dir():
        shutil.rmtree(folder / INPUTS)


def clear_state(folder: FilePath) -> None:
    """Remove what a run could go on from, and the frames that belong to it."""
    stale = [folder / name for name in STATE if (folder / name).is_file()]
    if stale:
        for path in folder.glob("frames/*.png"):
            path.unlink()
    for path in stale:
        path.unlink()
