"""Where a plot lies on a machine: turned if it must be, seen from home, and refused where the pen cannot go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plotart.core.canvas import Page
from plotart.core.errors import InputError
from plotart.core.geometry import bounds
from plotart.plot.layers import Layer, Plot
from plotart.plot.machine import Machine

__all__ = ["Placed", "place", "refuse_beyond"]

SLACK_MM = 0.01


@dataclass(frozen=True)
class Placed:
    """A plot in mm from home: u to the right of it, v away from it across; and whether the page was turned for that."""

    plot: Plot
    turned: bool

    @property
    def told(self) -> str:
        """How the paper is to lie."""
        way = "its top edge to the left" if self.turned else "its top edge at the top"
        page = self.plot.page
        return f"the paper lies {page.width_mm:g} mm wide and {page.height_mm:g} mm high, {way}"


def place(plot: Plot, machine: Machine, turn: bool | None = None) -> Placed:
    """The plot as the machine sees it; with `turn` None it is turned to the left only when it fits no other way.

    Raises:
        InputError: strokes would lie where the machine does not reach.
    """
    if turn is None:
        turn = not _reached(plot, machine) and _reached(_turned(plot), machine)
    placed = _turned(plot) if turn else plot
    if machine.corner == "bottom-left":
        height = placed.page.height_mm
        placed = _moved(placed, placed.page, lambda p: np.stack([p[:, 0], height - p[:, 1]], axis=1))
    refuse_beyond(placed, machine)
    return Placed(placed, turn)


def refuse_beyond(plot: Plot, machine: Machine) -> None:
    """InputError when a stroke of a placed plot leaves the machine's area."""
    if _reached(plot, machine):
        return
    low, high = _box(plot)
    reach = "" if machine.travel_mm is None else f", and the machine reaches {_size(*machine.travel_mm)}"
    raise InputError(
        f"the strokes lie from {low[0]:.1f}, {low[1]:.1f} to {high[0]:.1f}, {high[1]:.1f} mm of a page of "
        f"{_size(plot.page.width_mm, plot.page.height_mm)}{reach}: take a smaller page, or a larger --machine."
    )


def _size(width: float, height: float) -> str:
    return f"{width:g} x {height:g} mm"


def _box(plot: Plot) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    boxes = np.array([bounds(path) for layer in plot.layers for path in layer.paths]).reshape(-1, 4)
    if not len(boxes):
        return np.zeros(2), np.zeros(2)
    return boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)


def _reached(plot: Plot, machine: Machine) -> bool:
    low, high = _box(plot)
    reach = np.array(machine.travel_mm or (np.inf, np.inf))
    return bool((low >= -SLACK_MM).all() and (high <= reach + SLACK_MM).all())


def _turned(plot: Plot) -> Plot:
    old = plot.page
    page = Page(f"{old.height_mm:g}x{old.width_mm:g}mm", old.height_mm, old.width_mm)
    return _moved(plot, page, lambda p: np.stack([p[:, 1], old.width_mm - p[:, 0]], axis=1))


def _moved(plot: Plot, page: Page, move: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Plot:
    layers = [Layer(layer.pen, [move(path) for path in layer.paths]) for layer in plot.layers]
    return Plot(page, plot.margin_mm, layers, plot.paper)
