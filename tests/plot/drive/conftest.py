"""Plots of a few strokes, machines to draw them with, and how to compare what was drawn with what was meant."""

from pathlib import Path

import numpy as np
import pytest

from plotart.core.canvas import Page
from plotart.core.geometry import flatten
from plotart.plot import Layer, Plot
from plotart.plot.drive.boards import connect, greeted
from plotart.plot.drive.place import place
from plotart.plot.drive.progress import Choice, Progress, digest
from plotart.plot.drive.session import Session
from plotart.plot.machine import Grbl, Machine, load_machine
from plotart.plot.route import order
from tests.machines import VirtualEbb, VirtualGrbl

from ..conftest import RED, YELLOW, random_paths

GRBL = Machine(
    travel_mm=(430, 297), pen_down_speed=50, pen_up_speed=130, pen_down_acceleration=700, pen_up_acceleration=700,
    acceleration_per_axis=True, raise_seconds=0.141, lower_seconds=0.141, pen_up=5, pen_down=0,
    board=Grbl(lift=("G1 Z{height} F6000",)),
)  # fmt: skip
MACHINES = {"ebb": (VirtualEbb, load_machine("axidraw")), "grbl": (VirtualGrbl, GRBL)}


class Script:
    """A user who says words at given looks: `Script({30: "pause", 31: "resume"})`."""

    def __init__(self, words=None):
        self.words, self.looks = words or {}, 0

    def poll(self):
        self.looks += 1
        return self.words.get(self.looks)


def small_plot(strokes=(12, 8), seed=0):
    """Two pens, short curves in a square of 60 mm, in a good order."""
    layers = [
        Layer(pen, order([p + 5 for p in random_paths(n, seed + i, size=(60, 60), step=2, segments=2)]))
        for i, (pen, n) in enumerate(zip((YELLOW, RED), strokes, strict=True))
    ]
    moved = [Layer(x.pen, [np.clip(p, 0, 80) for p in x.paths]) for x in layers]
    return Plot(Page("80x80mm", 80, 80), 0, moved)


def session(plot, machine, line, file, *, control=None, progress=None, wait=False, copies=1):
    """On a port by its name, or on a direct line."""
    controller = connect(machine, line) if isinstance(line, str) else greeted(machine, line)
    placed = place(plot, controller.machine)
    progress = progress or Progress(drawing="x.svg", digest=digest(plot), choice=Choice(copies=copies))
    return Session(placed.plot, controller, control or Script(), progress, Path(file), wait=wait)


def polylines(plot, tolerance=0.01):
    return [flatten(path, tolerance) for layer in plot.layers for path in layer.paths]


def farthest(points, line):
    """The largest distance of `points [N, 2]` to a polyline `[M, 2]`."""
    a, way = line[:-1], np.diff(line, axis=0)
    size = np.maximum((way * way).sum(axis=1), 1e-12)
    to = points[:, None] - a[None]
    share = np.clip((to * way).sum(axis=2) / size, 0, 1)
    return float(np.linalg.norm(to - share[..., None] * way, axis=2).min(axis=1).max())


def apart(one, other):
    """How far two polylines lie from each other (Hausdorff), dense enough to tell 0.01 mm."""
    return max(farthest(one, other), farthest(other, one))


@pytest.fixture(autouse=True)
def _no_waiting_for_disks(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: None)


@pytest.fixture(params=sorted(MACHINES))
def kind(request):
    return request.param
