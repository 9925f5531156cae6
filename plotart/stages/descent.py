"""What BlockAdam and LazyAdam share with torch's optimizers: groups of parameters, and a state that can be kept.

torch's own base class imports its compiler at the first optimizer, which takes 2 s of each run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Descent", "adam_move"]


def adam_move(
    mean: Tensor, second: Tensor, grad: Tensor, age: Tensor | int, betas: tuple[float, float], eps: float
) -> Tensor:
    """The way that Adam goes at its step number `age`, to be taken off at the rate (Kingma and Ba, 2015):

        m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2,   m / (1 - b1^n) / (sqrt(v / (1 - b2^n)) + eps).

    Args:
        mean, second: moments of the shape of `grad`, changed in place. age: n, or as many as there are rows.
    """
    b1, b2 = betas
    mean.lerp_(grad, 1 - b1)
    second.mul_(b2).addcmul_(grad, grad, value=1 - b2)
    return mean / (1 - b1**age) / (second / (1 - b2**age)).sqrt_().add_(eps)


class Descent(ABC):
    """Moves parameters along their gradients, each group at its own settings.

    Args:
        params: parameters, or groups of them, `{"params": [...], "lr": ...}`. defaults: what a group does not say.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        given = list(params)
        groups = given if given and isinstance(given[0], dict) else [{"params": given}]
        self.param_groups: list[dict[str, Any]] = [
            {**defaults, **group, "params": list(group["params"])} for group in groups
        ]
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, parameter.grad, group)

    @abstractmethod
    def _move(self, parameter: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        """Change the parameter by one step."""

    def state_dict(self) -> dict[str, Any]:
        """Groups and state, parameters by their number, as torch's optimizers have it."""
        number = {id(parameter): place for place, parameter in enumerate(self._parameters())}
        groups = [{**group, "params": [number[id(p)] for p in group["params"]]} for group in self.param_groups]
        return {"state": {number[id(p)]: own for p, own in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As saved: moments in float64 stay so, and a resumed run takes the very steps of the one that went on."""
        for group, saved in zip(self.param_groups, state_dict["param_groups"], strict=True):
            group.update({name: value for name, value in saved.items() if name != "params"})
        self.state.clear()
        for place, parameter in enumerate(self._parameters()):
            if place in state_dict["state"]:
                own = state_dict["state"][place]
                self.state[parameter] = {
                    name: value.clone() if isinstance(value, Tensor) else value for name, value in own.items()
                }

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.param_groups for parameter in group["params"]]
