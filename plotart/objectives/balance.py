"""Two objectives in one picture: a weight under which the second pulls at the pixels as hard as asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from plotart.objectives.base import ObjectiveSpec

__all__ = ["GradientBalance", "pull_beside_a_picture"]

CARICATURE_STRENGTH = 1.0
"""How hard a neuron or a layer pulls at a picture that is drawn, beside the picture itself."""

Balanced = TypeVar("Balanced", bound=ObjectiveSpec)


def pull_beside_a_picture(spec: Balanced, others: Mapping[str, ObjectiveSpec]) -> Balanced:
    """An objective with a `strength`, balanced against the picture beside it unless its weight is said.

    Raises:
        ValueError: a strength without a picture.
    """
    picture = any("picture" in other.gives for other in others.values())
    strength = getattr(spec, "strength", None)
    if strength is not None and not picture:
        raise ValueError("strength is relative to a picture: give --image, or a weight")
    if picture and strength is None and "weight" not in spec.model_fields_set:
        return spec.model_copy(update={"strength": CARICATURE_STRENGTH})
    return spec


class GradientBalance(nn.Module):
    """The weight λ of the second objective, found while both gradients at the rendered image are watched.

    With running means m of the gradient norms |∂L_first/∂image| and |∂L_second/∂image|,

        λ = strength * m(|g_first|) / m(|g_second|),

    for the first `steps` steps; from then on λ stays as it is. Freezing matters: a weight that keeps normalizing
    would pull as hard at a matched style as at a wrong one. All state is in buffers, so a resumed run goes on with the
    same λ to the last bit, or with that of another strength if it is given one.
    """

    first: Tensor
    second: Tensor
    seen: Tensor
    value: Tensor

    def __init__(self, strength: float, *, steps: int = 20, decay: float = 0.8) -> None:
        super().__init__()
        self.strength = strength
        self.steps = steps
        self.decay = decay
        for name in ("first", "second", "value"):
            self.register_buffer(name, torch.zeros((), dtype=torch.float64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.register_load_state_dict_post_hook(_weighed)  # type: ignore[no-untyped-call]

    @classmethod
    def fixed(cls, weight: float) -> GradientBalance:
        """A balance that is frozen from the start, with λ = weight."""
        balance = cls(weight, steps=0)
        balance.value.fill_(weight)
        return balance

    @property
    def frozen(self) -> bool:
        """Whether λ no longer changes; no gradient norms are needed from then on."""
        return int(self.seen) >= self.steps

    @property
    def weight(self) -> float:
        """λ as it stands; 0 before the first update."""
        return float(self.value)

    def reset(self) -> None:
        """Forget what was seen, unless the weight was fixed from the start."""
        if self.steps > 0:
            for number in (self.first, self.second, self.value, self.seen):
                number.zero_()

    def update(self, first_norm: float, second_norm: float, step: int) -> float:
        """λ after the gradient norms of step `step` (0, 1, ...) of a fit.

        A pair that is not finite and positive counts as a step but changes nothing. A λ found by an interrupted or
        shorter fit freezes at the first later step that is past the limit.
        """
        if step >= self.steps and self.weight > 0:
            self.seen.fill_(max(int(self.seen), self.steps))
        if self.frozen:
            return self.weight
        self.seen.add_(1)
        if all(math.isfinite(norm) and norm > 0 for norm in (first_norm, second_norm)):
            for mean, norm in ((self.first, first_norm), (self.second, second_norm)):
                mean.fill_(norm if float(mean) == 0.0 else self.decay * float(mean) + (1 - self.decay) * norm)
            self.value.fill_(self.strength * float(self.first) / float(self.second))
        return self.weight


def _weighed(balance: nn.Module, _: object) -> None:
    """λ by the balance's own strength, of the gradients that a saved one has seen."""
    assert isinstance(balance, GradientBalance)
    if balance.steps == 0:
        balance.value.fill_(balance.strength)
    elif float(balance.second) > 0:
        balance.value.fill_(balance.strength * float(balance.first) / float(balance.second))
