"""How far a plot is: a small file beside the drawing, whole at every moment, written before each stroke."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path as FilePath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plotart.core.errors import InputError
from plotart.core.processes import lives
from plotart.plot.files import write_whole
from plotart.plot.layers import Plot

__all__ = ["Choice", "Progress", "State", "control_file", "digest", "progress_file"]

State = Literal["starting", "pen", "paper", "plotting", "paused", "done", "cancelled", "lost"]
"""`pen` and `paper`: it waits for the next pen or sheet. `lost`: the machine went away."""


class Choice(BaseModel):
    """What of a drawing is plotted, and how: what a resumed plot takes over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: str = "axidraw"
    layer: str | None = None
    start_at: str | None = None
    order: bool = False
    turn: bool | None = None
    copies: int = 1


class Progress(BaseModel):
    """The state of a plot. Layers and strokes count from 0, in the plot that `choice` makes of the drawing.

    `stroke` is the one in hand: all before it are on paper. `reached_mm` of it are, too.
    """

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    drawing: str
    digest: str
    choice: Choice
    port: str = ""
    state: State = "starting"
    copy_: int = Field(default=0, alias="copy")
    layer: int = 0
    stroke: int = 0
    reached_mm: float = 0.0
    strokes_done: int = 0
    strokes: int = 0
    seconds_left: float = 0.0
    seconds: float = 0.0
    pen: str = ""
    colour: str = ""
    pens: list[str] = []
    pid: int = 0
    message: str = ""

    @property
    def unfinished(self) -> bool:
        """Whether there is something to go on with."""
        return self.state != "done"

    @property
    def alive(self) -> bool:
        """Whether the process that plots is still there."""
        return self.state not in ("done", "cancelled", "lost") and lives(self.pid)

    def write(self, file: FilePath) -> None:
        """To disk, so that it is there after a power cut."""
        write_whole(file, self.model_dump_json(by_alias=True, indent=1) + "\n")
        if hasattr(os, "O_DIRECTORY"):  # the new name as well
            folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @classmethod
    def read(cls, file: FilePath) -> Progress:
        """InputError, one sentence, for a file that is not there or says something else."""
        try:
            return cls.model_validate_json(file.read_bytes())
        except OSError:
            raise InputError(f"--resume: there is no '{file}': nothing has been plotted of this drawing.") from None
        except ValidationError:
            raise InputError(f"--resume: '{file}' is not the progress of a plot of this version.") from None


def progress_file(drawing: FilePath) -> FilePath:
    """`drawing.plot.json` for `drawing.svg`."""
    return drawing.with_name(f"{drawing.stem}.plot.json")


def control_file(drawing: FilePath) -> FilePath:
    """`drawing.plot.control`: another program writes pause, resume or cancel into it."""
    return drawing.with_name(f"{drawing.stem}.plot.control")


def digest(plot: Plot) -> str:
    """Of all strokes in order: the same plot has the same, whatever the file looks like."""
    made = hashlib.sha256()
    for layer in plot.layers:
        made.update(f"\n{layer.pen.name}\n{len(layer.paths)}\n".encode())
        for path in layer.paths:
            made.update(path.round(6).tobytes())
    return made.hexdigest()
