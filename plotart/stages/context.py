"""What stages work with, and do not own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from plotart.core.canvas import Canvas
from plotart.drawing import Drawing
from plotart.drawing.render import Renderer
from plotart.networks import Network
from plotart.objectives import Frame, Objective
from plotart.objectives.transforms import Transform
from plotart.pens import PenSet
from plotart.plot.motion import Machine, load_machine

__all__ = ["Context"]


@dataclass(frozen=True)
class Context:
    """What stages work with, and do not own.

    Attributes:
        objectives: by name, with the weight of each in the total.
        size: short side of the rendered canvas, px.
        pens: the pens the user has; `pen_count` of them make the palette.
        generator: the only source of randomness.
        canvas: the drawing area of the result, where a stage changes it; None: that of the first drawing.
        network_size: short side, px, of the canvas as the network looks at it; None: `size`.
        primitive: what the user asked of the shapes, a `PrimitiveSpec`.
        focus: how much each place of the canvas matters, `[1, 1, H, W]` in 0..1; None: all alike.
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
    network_size: int | None = None
    primitive: Any = None
    focus: Tensor | None = None
    layers: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        needed = dict.fromkeys(layer for objective in self.objectives.values() for layer in objective.layers)
        object.__setattr__(self, "layers", tuple(needed))

    def weight(self, name: str) -> float:
        """What an objective counts in the total: its own weight, times the balance it found."""
        balance = self.objectives[name].balance
        return self.weights[name] * (1.0 if balance is None else balance.weight)

    @property
    def counts(self) -> dict[str, float]:
        """`weight` of each objective, by name."""
        return {name: self.weight(name) for name in self.objectives}

    @property
    def driving(self) -> Mapping[str, Objective]:
        """The objectives that a drawing is fitted to: those that weigh 0 are measured only."""
        found = {name: objective for name, objective in self.objectives.items() if self.weights[name] > 0}
        return found or self.objectives

    def judging(self, drawing: Drawing) -> Context:
        """The same, with the objectives only that have something to say of such a drawing."""
        tones = not drawing.primitive.plotted
        fit = {name: objective for name, objective in self.objectives.items() if not (tones and objective.of_strokes)}
        return self if len(fit) == len(self.objectives) else replace(self, objectives=fit)

    def balance(self, terms: Mapping[str, Tensor], image: Tensor, step: int) -> None:
        """Let the objectives that balance themselves compare their gradient at the image with that of the others."""

        def norm(term: Tensor) -> float:
            if not term.requires_grad:
                return 0.0
            (gradient,) = torch.autograd.grad(term, image, retain_graph=True, allow_unused=True)
            return 0.0 if gradient is None else float(gradient.norm())

        for name in terms:
            balance = self.objectives[name].balance
            if balance is None or balance.frozen:
                continue
            others = [self.weights[n] * t for n, t in terms.items() if self.objectives[n].balance is None]
            balance.update(norm(torch.stack(others).sum()), norm(terms[name]), step)

    @property
    def views(self) -> Transform:
        """The views of a canvas whose short side has `size` px."""
        return self.transform.at(1 / self.network_scale)

    @property
    def network_scale(self) -> float:
        """Pixels of what the network looks at in one of the canvas."""
        return 1.0 if self.network_size is None else self.network_size / self.size

    def shown(self, image: Tensor) -> Tensor:
        """`image [1, 3, H, W]` of the canvas or a part of it as the network looks at it: the mean of larger pixels."""
        scale = self.network_scale
        if scale == 1:
            return image
        height, width = (max(1, round(scale * side)) for side in image.shape[-2:])
        return interpolate(image, (height, width), mode="area")

    @property
    def picture(self) -> Tensor | None:
        """The picture that is drawn, `[1, 3, H, W]` sRGB; None where there is none."""
        found = (picture for each in self.objectives.values() if (picture := each.picture()) is not None)
        return next(found, None)

    def focused(self, picture: Tensor) -> Tensor | None:
        """The focus at the size of `picture [1, 3, h, w]`, `[h, w]` in 0..1 on the CPU; None where all is alike."""
        if self.focus is None:
            return None
        return interpolate(self.focus.cpu(), picture.shape[-2:], mode="area")[0, 0]

    @property
    def balanced(self) -> bool:
        """Whether every weight is final, so that totals of different steps can be compared."""
        balances = [objective.balance for objective in self.driving.values()]
        return all(balance is None or balance.frozen for balance in balances)

    def frame(self, drawing: Drawing, image: Tensor, views: Tensor, step: int, **part: Any) -> Frame:
        """`part`: what a frame says of the part of a canvas that it shows."""
        return Frame(image, views, drawing=drawing, network=self.network, layers=self.layers, step=step, **part)
