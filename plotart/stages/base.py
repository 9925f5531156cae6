"""What a stage is given and what it owes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from plotart.drawing import Drawing
from plotart.networks import Network
from plotart.objectives import Frame, Objective
from plotart.objectives.balance import GradientBalance
from plotart.objectives.neuron import Neuron
from plotart.objectives.style import Style
from plotart.pens import PenSet
from plotart.plot.motion import Machine, load_machine
from plotart.registry import Registry
from plotart.render import Renderer
from plotart.transforms import Transform

__all__ = ["Context", "Evaluation", "Stage", "StageSpec", "Watch", "balance_of", "evaluate", "stages"]


def balance_of(objective: Objective) -> GradientBalance | None:
    """The gradient balance by which an objective finds its weight, if it has one."""
    return objective.balance if isinstance(objective, Style) else None


@dataclass(frozen=True)
class Context:
    """What stages work with, and do not own.

    Attributes:
        objectives: by name, with the weight of each in the total.
        size: short side of the rendered canvas, px.
        pens: the pens the user has; `pen_count` of them make the palette.
        generator: the only source of randomness.
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
    def balanced(self) -> bool:
        """Whether every weight is final, so that totals of different steps can be compared."""
        balances = [balance_of(objective) for objective in self.objectives.values()]
        return all(balance is None or balance.frozen for balance in balances)

    def frame(self, drawing: Drawing, image: Tensor, views: Tensor, step: int, pixels: Tensor | None = None) -> Frame:
        return Frame(
            image=image,
            views=views,
            drawing=drawing,
            network=self.network,
            layers=self.layers,
            step=step,
            pixels=pixels,
        )


@dataclass(frozen=True)
class Evaluation:
    """A drawing judged on its clean image, without transforms.

    Attributes:
        image: `[1, 3, H, W]` sRGB.
        losses: each objective, unweighted.
        total: the weighted sum.
        excitation: mean activation per position of the neurons asked for, natural sign; None without a neuron.
    """

    image: Tensor
    losses: dict[str, float]
    total: float
    excitation: float | None


@torch.no_grad()
def evaluate(drawing: Drawing, context: Context, image: Tensor | None = None) -> Evaluation:
    """Judge the whole clean image of `drawing`, or another rendering of it given as `image [1, 3, H, W]`."""
    if image is None:
        image = context.renderer(drawing, context.size)
    frame = context.frame(drawing, image, image, step=0)
    losses = {name: float(objective(frame)) for name, objective in context.objectives.items()}
    total = sum(context.weight(name) * value for name, value in losses.items())
    neuron = context.objectives.get("neuron")
    excitation = None
    if isinstance(neuron, Neuron):
        excitation = float(neuron.excitation(frame))
    return Evaluation(image, losses, total, excitation)


class Watch(Protocol):
    """Who looks on while a stage works: progress, logs and checkpoints. A stage works the same without it."""

    saved: dict[str, Any] | None
    """State that an earlier, interrupted call of the same stage handed to `checkpoint`."""

    def step(
        self,
        step: int,
        steps: int,
        losses: Mapping[str, float],
        total: float,
        told: Mapping[str, float] | None = None,
    ) -> None:
        """After each step: its losses, and what else a stage has to tell (logged by its own name)."""

    def seen(self, step: int, evaluation: Evaluation) -> None: ...

    def checkpoint(self, state: Callable[[], dict[str, Any]]) -> None:
        """Called between steps. Saves `state()` when that is due; raises Interrupted when the user wants to stop."""

    def say(self, line: str) -> None: ...

    def tell(self, name: str, figure: Any) -> None:
        """A figure for run.json: numbers, text, lists and mappings."""


class Stage(Protocol):
    name: str

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing: ...


class StageSpec(BaseModel):
    """Settings of one stage; frozen, part of the config."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def build(self) -> Stage: ...


stages: Registry[StageSpec] = Registry("stage", "plotart.stages")
