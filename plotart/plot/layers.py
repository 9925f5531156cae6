"""The plot: a page in millimetres and one layer of paths per pen, in plotting order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plotart.core.canvas import Canvas, Page
from plotart.core.color import hex_to_rgb, to_lab
from plotart.core.geometry import Path, bounds, lengths
from plotart.pens import Pen

__all__ = ["Layer", "Plot", "order_pens"]


@dataclass(frozen=True)
class Layer:
    """What one pen draws: paths in mm on the page, in drawing order."""

    pen: Pen
    paths: list[Path]

    @property
    def ink_mm(self) -> float:
        """Length of all paths in mm."""
        return float(lengths(self.paths).sum())


@dataclass(frozen=True)
class Plot:
    """A page, its margin in mm, and its layers in plotting order; paper: its colour, which screens show."""

    page: Page
    margin_mm: float
    layers: list[Layer]
    paper: str = "#ffffff"

    @property
    def strokes(self) -> int:
        """Number of paths of all layers: so many times the pen is lowered."""
        return sum(len(layer.paths) for layer in self.layers)

    def map(self, change: Callable[[Layer], Sequence[Path]]) -> "Plot":
        """The same plot with each layer's paths replaced by what `change` makes of it; empty layers are left out."""
        made = [Layer(layer.pen, list(change(layer))) for layer in self.layers]
        return replace(self, layers=[layer for layer in made if layer.paths])

    def fitted(self, page: Page, margin_mm: float) -> "Plot":
        """The same strokes, as large as they fit, in the middle of another page inside its margins."""
        canvas = Canvas(page, margin_mm)
        boxes = np.array([bounds(path) for layer in self.layers for path in layer.paths])
        if not len(boxes):
            return Plot(page, margin_mm, [], self.paper)
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        x0, y0, width, height = canvas.area
        size = np.maximum(high - low, 1e-9)
        scale = float(min(width / size[0], height / size[1]))
        offset = np.array([x0 + width / 2, y0 + height / 2]) - scale * (low + high) / 2
        moved = [Layer(layer.pen, [path * scale + offset for path in layer.paths]) for layer in self.layers]
        return Plot(page, margin_mm, moved, self.paper)


def order_pens(pens: Sequence[Pen]) -> list[int]:
    """Indices of the pens in plotting order: transparent inks, then opaque ones; within each, light (high L*) first.

    Light first keeps dark ink off the light tips. Opaque inks come last because they hide what lies under them, while a
    transparent ink laid over fresh paint neither colours it nor spares the fineliner.
    """
    lightness = [float(to_lab(hex_to_rgb(pen.hex))[0]) for pen in pens]
    return sorted(range(len(pens)), key=lambda i: (pens[i].opaque, -lightness[i], pens[i].name))
