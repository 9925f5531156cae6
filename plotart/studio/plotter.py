"""The pen on the paper: `plotart plot` in a process of its own, told by a word in a file, followed by its progress."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from plotart.core.errors import InputError
from plotart.studio.library import Library, finite, read_json
from plotart.studio.progress import alive
from plotart.studio.starter import Starter

__all__ = ["Plotter", "plot_of", "ports"]

PROGRESS, CONTROL = "drawing.plot.json", "drawing.plot.control"
"""What `plotart plot` writes before each stroke, and where it looks for a word."""
LOG = "plot.txt"
WORDS = ("pause", "resume", "cancel")
PORT = re.compile(r"/dev/(?!.*\.\.)[\w./-]{1,80}|COM\d{1,3}|socket://127\.0\.0\.1:\d{1,5}")
TOLD = (
    "state", "copy", "layer", "stroke", "strokes_done", "strokes", "seconds_left", "seconds", "pen", "colour", "pens",
    "message", "port",
)  # fmt: skip


class Plotter:
    """Begins, tells and ends plots of the library's runs."""

    def __init__(self, library: Library, starter: Starter) -> None:
        self.library = library
        self.starter = starter

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Plot the run `name` at `port` with `machine`, `layer` and `copies`; or go on with it (`resume`).

        Raises:
            InputError: the run is being plotted, has no drawing, or a setting is none.
        """
        folder = self.library.run(asked.get("name"))
        if not (folder / "drawing.svg").is_file():
            raise InputError(f"plot: '{asked.get('name')}' has no drawing yet")
        if (plot_of(folder) or {}).get("alive"):
            raise InputError(f"plot: '{asked.get('name')}' is being plotted already")
        words = ["plot", str(folder)]
        port = asked.get("port") or ""
        if port:
            if not isinstance(port, str) or not PORT.fullmatch(port):
                raise InputError(f"port: {str(port)[:80]!r} is no serial port, such as /dev/ttyACM0 or COM3")
            words.append(f"--port={port}")
        if asked.get("resume") is True:
            words.append("--resume")
        else:
            words += _choices(asked)
        (folder / LOG).unlink(missing_ok=True)
        self.starter.run(words, folder / LOG)

    def say(self, asked: Mapping[str, Any]) -> None:
        """Tell the plot of `name` a `word`: pause, resume or cancel."""
        folder, word = self.library.run(asked.get("name")), asked.get("word")
        if word not in WORDS:
            raise InputError(f"word: {str(word)[:40]!r} is none of {', '.join(WORDS)}")
        if not (plot_of(folder) or {}).get("alive"):
            raise InputError(f"plot: '{asked.get('name')}' is not being plotted")
        beside = folder / f".{CONTROL}.part"
        beside.write_text(str(word), encoding="ascii")
        beside.replace(folder / CONTROL)

    def told(self, folder: FilePath) -> str:
        """The last line that a plot said, such as why it could not begin."""
        lines = self.starter.log(folder, LOG).strip().splitlines()
        return lines[-1].removeprefix("plotart: ") if lines else ""


def plot_of(folder: FilePath) -> dict[str, Any] | None:
    """How far the plot of a run is, and whether its process is `alive`; None when it was never begun."""
    found = read_json(folder / PROGRESS)
    if not isinstance(found, dict):
        return None
    told = {key: finite(found.get(key)) for key in TOLD}
    going = found.get("state") not in ("done", "cancelled", "lost") and alive(found.get("pid"))
    if not going and told["state"] not in ("done", "cancelled"):
        told["state"] = "lost"
    return {**told, "alive": going, "pid": found.get("pid")}


def ports() -> list[dict[str, str]]:
    """The serial ports there are, those on USB first."""
    try:
        from serial.tools import list_ports  # noqa: PLC0415
    except ImportError:
        return []
    found = sorted(list_ports.comports(), key=lambda port: (port.vid is None, port.device))
    return [{"name": port.device, "title": f"{port.device} ({port.description})"} for port in found[:32]]


def _choices(asked: Mapping[str, Any]) -> list[str]:
    words = []
    machine, layer, copies = asked.get("machine") or "", asked.get("layer") or "", asked.get("copies", 1)
    if machine:
        if not isinstance(machine, str) or not re.fullmatch(r"[a-z0-9-]{1,40}", machine):
            raise InputError(f"machine: {str(machine)[:80]!r} is no name of a plotter")
        words.append(f"--machine={machine}")
    if layer:
        if not isinstance(layer, str) or not re.fullmatch(r"\d{1,3}(,\d{1,3})*", layer):
            raise InputError(f"layer: {str(layer)[:80]!r} are no numbers of layers, such as 1,3")
        words.append(f"--layer={layer}")
    if not isinstance(copies, int) or isinstance(copies, bool) or not 1 <= copies <= 1000:
        raise InputError(f"copies: {str(copies)[:40]!r} is no number from 1 to 1000")
    return [*words, *([f"--copies={copies}"] if copies > 1 else [])]
