"""Where primitives and inks meet: what is looked at, and what the shapes of a drawing cover there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from plotart.core.errors import InputError
from plotart.raster.strokes import Backend

__all__ = ["Coverages", "View"]


@dataclass(frozen=True)
class View:
    """What an image shows of a canvas, and how it is made.

    Attributes:
        size: (H, W), px. softness: side of the edge filter, px.
        pixels: `[P]` long, row * width + column of the pixels wanted; all by default.
        backend, threads: of the rasterizer; 0 threads are all cores.
        border: how much more than the canvas is shown, half on each side, in canvases.
    """

    size: tuple[int, int]
    softness: float = 1.0
    pixels: Tensor | None = None
    backend: Backend = "native"
    threads: int = 0
    border: float = 0.0

    @property
    def px(self) -> int:
        """Pixels of the short side."""
        return min(self.size)

    def shaped(self, values: Tensor) -> Tensor:
        """`values [C, P]` of the pixels wanted as `[C, H, W]`, or as `[C, 1, P]` where not all are."""
        return values.reshape(len(values), *(self.size if self.pixels is None else (1, -1)))

    def picked(self, image: Tensor) -> Tensor:
        """`image [*, H, W]`, or the pixels wanted of it as `[*, 1, P]`."""
        return image if self.pixels is None else image.flatten(-2)[..., None, self.pixels.to(image.device)]


class Coverages:
    """The coverages f of N shapes in a view, in whatever form it is quickest to make a picture of them.

    A primitive gives them (`Primitive.seen`) and an ink mixes them (`Ink.picture`) by one of the operations below, so
    that neither knows the other. Results are `[*, C, H, W]`, or `[*, C, 1, P]` where only some pixels are wanted.
    """

    def __init__(self, kind: str, view: View) -> None:
        self.kind = kind
        self.view = view

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        """Laid over `ground [3]` in drawing order, in the colours `rgb [N, 3]` of `opacity [N]`: C = 3."""
        raise TypeError(f"{self.kind} are not laid over each other")

    def passed(self, weight: Tensor) -> Tensor:
        """The light that passes all shapes, prod_i (1 - weight_ic f_i), `weight [N, C]` in 0..1."""
        raise TypeError(f"{self.kind} do not multiply")

    def united(self, pen: Tensor, pens: int, presence: Tensor | None = None) -> Tensor:
        """`passed` with a channel for each pen, each shape taking all of that of its `pen [N]` alone, or `presence [N]`
        of it."""
        weight = torch.nn.functional.one_hot(pen, pens).float()
        return self.passed(weight if presence is None else weight * presence[:, None])

    def summed(self, weight: Tensor, power: int) -> Tensor:
        """sum_i weight_ic f_i^power, `weight [N, C]`, power 1 or 2.

        Raises:
            InputError: these shapes have no such sums.
        """
        raise InputError(f"ink.kind: average and add mix filled shapes; {self.kind} take multiply or over")

    def coded(self, colour: Callable[[Tensor], Tensor]) -> Tensor:
        """`colour` of the sides `[N, P]` in -1..1 on which points lie, a function to `[3, P]`: C = 3.

        Raises:
            InputError: these shapes divide nothing.
        """
        raise InputError(f"ink.kind: coded colours the regions between dividers; {self.kind} leave none")
