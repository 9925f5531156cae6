"""`--window` where the studio's page cannot be: a window of matplotlib's, in a process of its own beside the run.

`python -m plotart.studio.figure ROOT PARENT` shows the run that the process PARENT makes in a folder of ROOT: its last
frame, and its losses so far. Closing the window leaves the run alone.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path as FilePath
from typing import Any

from plotart.core.errors import InputError
from plotart.core.images import open_picture
from plotart.studio.library import read_json
from plotart.studio.progress import curve_of, latest_frame, progress

__all__ = ["figure", "main"]

LOOK_S, LAST_LOOK_S = 0.5, 3.0
"""Seconds between two looks at the run's folder, and what is left for the last one."""
OPEN = "open"


@contextmanager
def figure(root: FilePath, missing: str, say: Callable[[str], None]) -> Iterator[None]:
    """A window for the run that this process makes in a folder of `root`; it ends with the block.

    Args:
        missing: the package that the studio's page lacks.

    Raises:
        InputError: there is no matplotlib, no display, or no window opens.
    """
    lacks = f"--window: {missing} is not installed, which the studio's page needs"
    leave = "install it with pip install 'plotart[studio]', or leave --window out"
    if find_spec("matplotlib") is None:
        raise InputError(f"{lacks}, nor is matplotlib, for a window of its own: {leave}")
    if not _has_display():
        raise InputError(f"{lacks}, and for a window of matplotlib's there is no display: {leave}")
    child = subprocess.Popen(
        [sys.executable, "-m", "plotart.studio.figure", str(root), str(os.getpid())],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert child.stdout is not None
    if child.stdout.readline().strip() != OPEN:
        _, told = child.communicate()
        lines = told.strip().splitlines() or ["it does not open"]
        raise InputError(f"{lacks}, and matplotlib opens no window ({lines[-1]}): {leave}")
    try:
        say(f"the run is shown in a window of matplotlib's, for {missing} is not installed")
        yield
        time.sleep(LAST_LOOK_S)
    finally:
        child.terminate()
        child.communicate()


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main() -> None:
    """Open the window, say so, and follow the run until the window is closed or the run's process has ended."""
    root, parent = FilePath(sys.argv[1]), int(sys.argv[2])
    plt: Any = importlib.import_module("matplotlib.pyplot")
    shown, (picture, losses) = plt.subplots(1, 2, num="plotart", figsize=(11, 5.5), layout="constrained")
    if shown.canvas.required_interactive_framework is None:
        sys.exit(f"its backend {plt.get_backend()} has no windows: python3-tk or PyQt brings one that has")
    plt.show(block=False)
    print(OPEN, flush=True)
    before: object = None
    while plt.fignum_exists(shown.number) and os.getppid() == parent:
        folder = _at_work(root, parent)
        if folder is not None and (now := _stamp(folder)) != before:
            _draw(folder, shown, picture, losses)
            shown.canvas.draw_idle()
            before = now
        plt.pause(LOOK_S)


def _at_work(root: FilePath, pid: int) -> FilePath | None:
    """The folder in `root` of the run that a process makes: the one that last told of itself."""
    told = [(found, path.parent) for path in root.glob("*/progress.json") if isinstance(found := read_json(path), dict)]
    own = [(found.get("time") or 0, str(folder)) for found, folder in told if found.get("pid") == pid]
    return FilePath(max(own)[1]) if own else None


def _stamp(folder: FilePath) -> tuple[object, ...]:
    """Differs when there is something new to see."""
    told = progress(folder)
    return str(folder), told.get("state"), told.get("stage"), told.get("step"), latest_frame(folder)


def _draw(folder: FilePath, shown: Any, picture: Any, losses: Any) -> None:
    """The last frame of a run, or the finished preview, beside the losses by step."""
    told = progress(folder)
    stage = f"{told.get('stage', '')} {told.get('step', '')}/{told.get('of', '')}" if told.get("of") else ""
    shown.suptitle(f"{folder.name}   {stage or told.get('state', '')}")
    name = latest_frame(folder)
    file = folder / "preview.png" if told.get("state") == "finished" else folder / "frames" / (name or "")
    if file.is_file():
        pixels = open_picture(file).convert("RGB")
        picture.clear()
        picture.imshow(pixels, interpolation="nearest")
        picture.set_axis_off()
        picture.set_title(file.name)
    curve, by_name = curve_of(folder), dict[str, tuple[list[int], list[float]]]()
    for point in curve:
        for loss, value in point["losses"].items():
            if value is not None:
                steps, values = by_name.setdefault(loss, ([], []))
                steps.append(point["step"])
                values.append(value)
    losses.clear()
    for loss, (steps, values) in by_name.items():
        losses.plot(steps, values, label=loss)
    if by_name:
        losses.legend()
        if all(value > 0 for _, values in by_name.values() for value in values):
            losses.set_yscale("log")
    losses.set_xlabel("step")
    losses.set_title("losses")


if __name__ == "__main__":
    main()
