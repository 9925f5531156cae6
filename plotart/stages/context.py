"""What stages work with, and do not own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from plotart.core.canvas import Canvas
from plotart.drawing import Drawing
from plotart.drawing.render import Renderer
from plotart.networks import Network
from plotart.objectives import Frame, Objective
from plotart.objectives.balance import GradientBalance
from plotart.objectives.transforms import Transform
from plotart.pens import PenSet
from plotart.plot.motion import Machine, load_machine

__all__ = ["Context", "balance_of"]


def balance_of(objective: Objective) -> GradientBalance | None:
    """The gradient balance by which an objective finds its weight, if it has one."""
    found = getattr(objective, "balance", None)
    return found if isinstance(found, GradientBalance) else None


@dataclass(frozen=True)
class Context:
    """What stages work with, and do not own.

    Attributes:
        objectives: by name, with the weight of each in the total.
        size: short side of the rendered canvas, px.
        pens: the pens the user has; `pen_count` of them make the palette.
        generator: the only source of randomness.
        canvas: the drawing area of the result, where a stage changes it; None: that of the first drawing.
        machine: the plotter. minutes: how long it may take for the drawing; None: as long as it will.
    """

    renderer: Renderer
    objectives: Mapping[str, Objective]
    weights: Mapping[str, float]
    network: Network | None
    transform: Transform
    size: int
    pens: PenSet
    pen_count: int
    generator: torch.Generator
    canvas: Canvas | None = None
    machine: Machine = field(default_factory=lambda: load_machine("axidraw"))
    minutes: float | None = None
    layers: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        needed = dict.fromkeys(layer for objective in self.objectives.values() for layer in objective.layers)
        object.__setattr__(self, "layers", tuple(needed))

    def weight(self, name: str) -> float:
        """What an objective counts in the total: its own weight, times the balance it found."""
        balance = balance_of(self.objectives[name])
        return self.weights[name] * (1.0 if balance is None else balance.weight)

    @property
    def picture(self) -> Tensor | None:
        """The picture that is drawn, `[1, 3, H, W]` sRGB; None where there is none."""
        found = (picture for each in self.objectives.values() if (picture := each.picture()) is not None)
        return next(found, None)

    @property
    def balanced(self) -> bool:
        """Whether every weight is final, so that totals of different steps can be compared."""
        balances = [balance_of(objective) for objective in self.objectives.values()]
        return all(balance is None or balance.frozen for balance in balances)

    def frame(self, drawing: Drawing, image: Tensor, views: Tensor, step: int, **part: Any) -> Frame:
        """`part`: what a frame says of the part of a canvas that it shows."""
        return Frame(image, views, drawing=drawing, network=self.network, layers=self.layers, step=step, **part)
