"""Machines as data: how fast a plotter is, how far it reaches, and which board it is driven by."""

import re
from importlib import resources
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, Field, ValidationError

from plotart.core.documents import as_path, parse_yaml, read_yaml
from plotart.core.errors import InputError, shown
from plotart.core.settings import Section

__all__ = ["Ebb", "Grbl", "Machine", "load_machine", "machines"]

HOP = 0.45
"""Of the distance sqrt(area / strokes), how far the pen travels to the next stroke in a good order."""

PageAxis = Literal["u", "-u", "v", "-v"]
"""A page's axis as a board's axis sees it: u to the right of home, v away from it across."""


class Ebb(Section):
    """An EiBotBoard, firmware 2.4.4 or later: two steppers moved by steps in a time, and a servo that lifts the pen."""

    model_config = ConfigDict(allow_inf_nan=False)

    kind: Literal["ebb"] = "ebb"
    baud: int = 115200
    """Of no account on USB."""
    steps_per_mm: float = Field(default=80, gt=0, le=2000)
    """Steps of 1/16 that each axis of a belt in H or CoreXY takes for a millimetre (2032 to the inch)."""
    servo: tuple[int, int] = (9855, 27831)
    """Pulses of the servo at heights of 0 and 100 %, in 1/12 microsecond."""
    raise_rate: int = Field(default=1618, ge=1, le=65535)
    """By how much the pulse changes every 24 ms while the pen is raised."""
    lower_rate: int = Field(default=1079, ge=1, le=65535)
    pin: int = Field(default=1, ge=0, le=7)
    """Output of port B that the servo is on: 1, and 2 for the narrow brushless servos."""


class Grbl(Section):
    """A controller with GRBL 1.1 or its kin, which is sent G-code and plans the motion itself."""

    model_config = ConfigDict(allow_inf_nan=False)

    kind: Literal["grbl"] = "grbl"
    baud: int = Field(default=115200, ge=1200, le=4_000_000)
    lift: tuple[str, ...] = ("G1 Z{height} F600",)
    """G-code that brings the pen to a height."""
    axes: tuple[PageAxis, PageAxis] = ("u", "-v")
    """What X and Y are on the page: u to the right of home, v across."""
    home: tuple[str, ...] = ()
    """G-code that finds home by switches, such as $H, and goes to the page's corner; none: the pen is put there."""
    motors_off: tuple[str, ...] = ("$SLP",)
    receive_bytes: int = Field(default=128, ge=32, le=65536)
    """What its receive buffer holds."""


class Machine(Section):
    """A plotter: mm, seconds, mm/s, mm/s2. The pen starts and ends at the page's top left corner."""

    model_config = ConfigDict(allow_inf_nan=False)

    title: str = ""
    travel_mm: tuple[float, float] | None = None
    """Width and height it reaches, in either orientation of the page; None: not limited."""
    pen_down_speed: float = Field(gt=0, le=1e5)
    pen_up_speed: float = Field(gt=0, le=1e5)
    pen_down_acceleration: float = Field(gt=0, le=1e7)
    pen_up_acceleration: float = Field(gt=0, le=1e7)
    acceleration_per_axis: bool = False
    """Whether accelerations are those of each axis, as GRBL's are: an oblique line then speeds up faster."""
    junction_deviation: float = Field(default=0.05, ge=0, le=10)
    """How far a corner may be rounded off, which limits the speed through it; 0 stops at every vertex."""
    raise_seconds: float = Field(ge=0, le=60)
    lower_seconds: float = Field(ge=0, le=60)
    pen_change_seconds: float = Field(default=60, ge=0, le=86400)
    corner: Literal["top-left", "bottom-left"] = "top-left"
    """The corner of the page that is home, seen with its long side along the machine's."""
    pen_up: float = Field(default=60, ge=-1000, le=10_000)
    """Height of the raised pen: per cent of the servo's range, or what `lift` takes for {height}."""
    pen_down: float = Field(default=30, ge=-1000, le=10_000)
    board: Annotated[Ebb | Grbl, Field(discriminator="kind")] | None = None
    """What drives it; None: times only, it cannot be moved from here."""

    def change_seconds(self, pens: int) -> float:
        """What it takes to put one pen after the other into the plotter, all but the first."""
        return max(0, pens - 1) * self.pen_change_seconds

    def travel_seconds(self, moves: ArrayLike) -> NDArray[np.float64]:
        """Seconds `[N]` of straight moves `[N, 2]` in mm with the pen raised, each from rest to rest.

        A trapezoid of speed, or a triangle where full speed is not reached.
        """
        move = np.asarray(moves, dtype=np.float64)
        distance, speed = np.hypot(move[:, 0], move[:, 1]), self.pen_up_speed
        pull: Any = self.pen_up_acceleration
        if self.acceleration_per_axis:
            steepest = np.maximum(np.abs(move[:, 0]), np.abs(move[:, 1]))
            pull = pull * np.divide(distance, steepest, out=np.ones_like(distance), where=steepest > 0)
        full = distance > speed * speed / pull
        seconds: NDArray[np.float64] = np.where(full, distance / speed + speed / pull, 2 * np.sqrt(distance / pull))
        return seconds

    def lift_seconds(self, strokes: float, area_mm2: float) -> float:
        """What one stroke takes besides its length at full speed, where a pen draws so many evenly on an area.

        The pen is lowered and raised once, speeds up and stops, and hops to the next stroke.
        """
        hop = float(self.travel_seconds([[HOP * (area_mm2 / strokes) ** 0.5, 0.0]])[0])
        return self.lower_seconds + self.raise_seconds + self.pen_down_speed / self.pen_down_acceleration + hop

    def reaches(self, width_mm: float, height_mm: float) -> bool:
        """Whether a page of that size lies within its travel, upright or turned."""
        if self.travel_mm is None:
            return True
        short, long = sorted(self.travel_mm)
        return min(width_mm, height_mm) <= short and max(width_mm, height_mm) <= long


def _folder() -> Any:
    return resources.files("plotart.plot") / "machines"


def machines() -> list[str]:
    """Names of the built-in machines, sorted."""
    return sorted(e.name[:-5] for e in _folder().iterdir() if e.name.endswith(".yaml"))


def machine_file(machine: str) -> FilePath | None:
    """The file that describes `machine`; None for a built-in one."""
    file, exists = as_path(machine)
    return file if machine not in machines() and exists else None


def _held(name: str) -> Any:
    """What the file of a built-in machine holds."""
    return parse_yaml((_folder() / f"{name}.yaml").read_text(encoding="utf-8"), f"machine {name}")


def _known(machine: str) -> str | None:
    """The built-in machine that is sold under a name: `AxiDraw V3/A3`, `SE/A1`, `MiniKit`, `NextDraw 8511`."""

    def key(text: str) -> str:
        return re.sub(r"[^a-z0-9]+", "", text.lower())

    for name in machines():
        title = str(_held(name)["title"]).removeprefix("Bantam Tools ")
        maker, _, sizes = title.partition(" ")
        models = [size.strip() for size in sizes.split(",")]
        if key(machine) in {key(name), key(title), *map(key, models), *(key(maker + model) for model in models)}:
            return name
    return None


def load_machine(machine: str) -> Machine:
    """A built-in machine by its name here or that of its maker, or one of a YAML file with the fields of `Machine`.

    Raises:
        InputError: there is none, or something is wrong with its file.
    """
    subject, (file, exists) = f"machine {shown(machine)}", as_path(machine)
    if machine in machines():
        data: Any = _held(machine)
    elif not exists and (sold := _known(machine)):
        data = _held(sold)
    elif file.suffix.lower() in {".yaml", ".yml"} or exists:
        data = read_yaml(file, subject)
    else:
        raise InputError(f"{subject} is unknown: take one of {', '.join(machines())}, or a YAML file.")
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        raise InputError(f"{subject} holds no settings such as 'pen_down_speed: 50'.")
    try:
        return Machine.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "missing":
            raise InputError(f"{subject}: {name} is missing.") from error
        raise InputError(f"{subject}: {name}: {first['msg'].lower()} (given: {shown(first['input'])}).") from error
