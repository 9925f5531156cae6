"""How long a plotter takes: trapezoids of speed, junction deviation at corners, lifting, lowering, pen changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import yaml
from numba import njit
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidationError

from plotart.core.errors import InputError
from plotart.core.geometry import flatten_all, lengths
from plotart.core.settings import Section
from plotart.plot.layers import Plot

__all__ = [
    "Estimate", "Machine", "PenTime", "Stroking", "estimate", "expected_seconds", "load_machine", "machines",
    "stroke_times",
]  # fmt: skip

HOP = 0.45
"""Of the distance sqrt(area / strokes), how far the pen travels to the next stroke in a good order."""
TOLERANCE_MM = 0.05  # the time hardly depends on it: 565 to 566 s for the same drawing from 0.02 to 1 mm


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
    junction_deviation: float = Field(default=0.05, ge=0, le=10)
    """How far a corner may be rounded off, which limits the speed through it; 0 stops at every vertex."""
    raise_seconds: float = Field(ge=0, le=60)
    lower_seconds: float = Field(ge=0, le=60)
    pen_change_seconds: float = Field(default=60, ge=0, le=86400)

    def change_seconds(self, pens: int) -> float:
        """What it takes to put one pen after the other into the plotter, all but the first."""
        return max(0, pens - 1) * self.pen_change_seconds

    def lift_seconds(self, strokes: float, area_mm2: float) -> float:
        """What one stroke takes besides its length at full speed, where a pen draws so many evenly on an area.

        The pen is lowered and raised once, speeds up and stops, and hops to the next stroke.
        """
        hop = _line_seconds(HOP * (area_mm2 / strokes) ** 0.5, self.pen_up_speed, self.pen_up_acceleration)
        return self.lower_seconds + self.raise_seconds + self.pen_down_speed / self.pen_down_acceleration + hop

    def reaches(self, width_mm: float, height_mm: float) -> bool:
        """Whether a page of that size lies within its travel, upright or turned."""
        if self.travel_mm is None:
            return True
        short, long = sorted(self.travel_mm)
        return min(width_mm, height_mm) <= short and max(width_mm, height_mm) <= long


@dataclass(frozen=True)
class PenTime:
    """What one pen takes: seconds in all (drawing, travel and lifts), ink and travel in mm, number of lifts."""

    seconds: float
    down_seconds: float
    ink_mm: float
    pen_up_mm: float
    lifts: int


@dataclass(frozen=True)
class Estimate:
    """The time of a plot: each pen in plotting order, the way home, and the pen changes."""

    pens: list[PenTime]
    home_seconds: float
    home_mm: float
    change_seconds: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return sum(pen.seconds for pen in self.pens) + self.home_seconds + self.change_seconds

    @property
    def minutes(self) -> float:
        """All of it, pen changes included."""
        return self.seconds / 60

    @property
    def pen_up_mm(self) -> float:
        """Travel with the pen lifted, from the corner of the page and back to it included."""
        return sum(pen.pen_up_mm for pen in self.pens) + self.home_mm

    @property
    def ink_mm(self) -> float:
        """Length of line drawn."""
        return sum(pen.ink_mm for pen in self.pens)

    @property
    def lifts(self) -> int:
        """How often the pen is lifted."""
        return sum(pen.lifts for pen in self.pens)


@dataclass(frozen=True)
class Stroking:
    """When each stroke of a layer touches and leaves the paper: seconds `[N]` since the start of the plot."""

    down: NDArray[np.float64]
    up: NDArray[np.float64]


def machines() -> list[str]:
    """Names of the built-in machines, sorted."""
    return sorted(e.name[:-5] for e in resources.files("plotart.plot").iterdir() if e.name.endswith(".yaml"))


def load_machine(machine: str) -> Machine:
    """A built-in machine by name, or one of a YAML file with the fields of `Machine`; InputError otherwise."""
    file = FilePath(machine).expanduser()
    try:
        if machine in machines():
            text = (resources.files("plotart.plot") / f"{machine}.yaml").read_text(encoding="utf-8")
        elif file.suffix.lower() in {".yaml", ".yml"} or file.is_file():
            text = file.read_text(encoding="utf-8")
        else:
            raise InputError(f"machine {machine!r} is unknown: take one of {', '.join(machines())}, or a YAML file.")
        data: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"machine {machine!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    except yaml.YAMLError as error:
        raise InputError(f"machine {machine!r} is not valid YAML.") from error
    if not isinstance(data, dict):
        raise InputError(f"machine {machine!r} holds no settings such as 'pen_down_speed: 50'.")
    try:
        return Machine.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        given = "" if first["type"] == "missing" else f" (given: {first['input']!r})"
        raise InputError(f"machine {machine!r}: {name}: {first['msg'].lower()}{given}.") from error


@njit(cache=True)
def _line_seconds(distance: float, speed: float, acceleration: float) -> float:
    """A straight move from rest to rest: a trapezoid, or a triangle where full speed is not reached."""
    if distance <= speed * speed / acceleration:
        return float(2 * np.sqrt(distance / acceleration))
    return float(distance / speed + speed / acceleration)


@njit(cache=True)
def _draw_seconds(
    points: NDArray[np.float64],
    offsets: NDArray[np.int64],
    top: float,
    acceleration: float,
    deviation: float,
) -> NDArray[np.float64]:
    """Seconds of each polyline, at rest at both ends.

    A corner with inner angle theta may be taken at v^2 = a d s / (1 - s), s = sin(theta / 2): the speed of a circle
    that stays within the deviation d of the corner. A backward, then a forward pass make all speeds reachable.
    """
    result = np.zeros(len(offsets) - 1)
    for path in range(len(offsets) - 1):
        first, last = offsets[path], offsets[path + 1] - 1
        # Repeated points have no direction: they are left out.
        steps = np.empty(last - first)
        limits = np.empty(last - first + 1)
        count = 0
        x, y = points[first]
        ux, uy = 0.0, 0.0
        for i in range(first + 1, last + 1):
            dx, dy = points[i, 0] - x, points[i, 1] - y
            step = np.hypot(dx, dy)
            if step < 1e-9:
                continue
            vx, vy = dx / step, dy / step
            if count == 0:
                limits[0] = 0.0
            else:
                s = np.sqrt(max(0.0, (1 + ux * vx + uy * vy) / 2))
                limits[count] = top * top if s > 1 - 1e-9 else min(top * top, acceleration * deviation * s / (1 - s))
            steps[count] = step
            count += 1
            x, y, ux, uy = points[i, 0], points[i, 1], vx, vy
        if count == 0:
            continue
        limits[count] = 0.0
        for i in range(count - 1, -1, -1):
            limits[i] = min(limits[i], limits[i + 1] + 2 * acceleration * steps[i])
        total = 0.0
        for i in range(count):
            limits[i + 1] = min(limits[i + 1], limits[i] + 2 * acceleration * steps[i])
            a, b = limits[i], limits[i + 1]
            peak = min(top * top, (a + b) / 2 + acceleration * steps[i])  # v^2 where acceleration meets braking
            cruise = max(0.0, steps[i] - (2 * peak - a - b) / (2 * acceleration))
            root = np.sqrt(peak)
            total += (2 * root - np.sqrt(a) - np.sqrt(b)) / acceleration + cruise / root
        result[path] = total
    return result


def _walk(plot: Plot, machine: Machine) -> tuple[Estimate, list[Stroking]]:
    clock, here = 0.0, np.zeros(2)
    pens: list[PenTime] = []
    strokings: list[Stroking] = []
    for number, layer in enumerate(plot.layers):
        if number > 0:
            clock += machine.pen_change_seconds
        if not layer.paths:
            pens.append(PenTime(0.0, 0.0, 0.0, 0.0, 0))
            strokings.append(Stroking(np.zeros(0), np.zeros(0)))
            continue
        points, offsets = flatten_all(layer.paths, TOLERANCE_MM)
        drawing = _draw_seconds(
            points, offsets, machine.pen_down_speed, machine.pen_down_acceleration, machine.junction_deviation
        )
        starts, ends = points[offsets[:-1]], points[offsets[1:] - 1]
        hops = np.hypot(*(starts - np.concatenate([here[None], ends[:-1]])).T)
        travel = _lines_seconds(hops, machine)
        each = travel + machine.lower_seconds + drawing + machine.raise_seconds
        finish = clock + np.cumsum(each)
        up = finish - machine.raise_seconds
        strokings.append(Stroking(up - drawing, up))
        pens.append(
            PenTime(
                seconds=float(each.sum()),
                down_seconds=float(drawing.sum()),
                ink_mm=float(lengths(layer.paths).sum()),
                pen_up_mm=float(hops.sum()),
                lifts=len(layer.paths),
            )
        )
        clock, here = float(finish[-1]), ends[-1]
    home = float(np.hypot(*here))
    changes = machine.change_seconds(len(plot.layers))
    return Estimate(pens, float(_lines_seconds(np.array([home]), machine)[0]), home, changes), strokings


def _lines_seconds(distances: NDArray[np.float64], machine: Machine) -> NDArray[np.float64]:
    speed, acceleration = machine.pen_up_speed, machine.pen_up_acceleration
    return np.array([_line_seconds(distance, speed, acceleration) for distance in distances])


def estimate(plot: Plot, machine: Machine) -> Estimate:
    """The time the machine takes for the plot, its layers in order, its paths in order."""
    return _walk(plot, machine)[0]


def expected_seconds(machine: Machine, strokes: Sequence[float], ink_mm: float, area_mm2: float) -> float:
    """About how long plots take whose strokes are yet to be drawn, pen changes aside.

    Measured drawings of 3,700 to 5,600 strokes took within 1 % of this.

    Args:
        strokes: how many each pen draws. ink_mm: the length of all. area_mm2: where they lie, evenly.
    """
    lifting = sum(number * machine.lift_seconds(number, area_mm2) for number in strokes if number > 0)
    return ink_mm / machine.pen_down_speed + lifting


def stroke_times(plot: Plot, machine: Machine) -> Sequence[Stroking]:
    """When each stroke of each layer is drawn, for playback."""
    return _walk(plot, machine)[1]
