"""The plot: a page in millimetres and one layer of paths per pen, in plotting order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plotart.canvas import Page
from plotart.color import hex_to_rgb, to_lab
from plotart.geometry import Path, lengths
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
    """A page, its margin in mm, and its layers in plotting order."""

    page: Page
    margin_mm: float
    layers: list[Layer]

    @property
    def strokes(self) -> int:
        """Number of paths of all layers: so many times the pen is lowered."""
        return sum(len(layer.paths) for layer in self.layers)

    def map(self, change: Callable[[Layer], Sequence[Path]]) -> "Plot":
        """The same plot with each layer's paths replaced by what `change` makes of it; empty layers are left out."""
        made = [Layer(layer.pen, list(change(layer))) for layer in self.layers]
        return Plot(self.page, self.margin_mm, [layer for layer in made if layer.paths])


def order_pens(pens: Sequence[Pen]) -> list[int]:
    """Indices of the pens in plotting order: transparent inks, then opaque ones; within each, light (high L*) first.

    Light first keeps dark ink off the light tips. Opaque inks come last because they hide what lies under them, while a
    transparent ink laid over fresh paint neither colours it nor spares the fineliner.
    """
    lightness = [float(to_lab(hex_to_rgb(pen.hex))[0]) for pen in pens]
    return sorted(range(len(pens)), key=lambda i: (pens[i].opaque, -lightness[i], pens[i].name))
