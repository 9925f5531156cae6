"""Adam that knows how the coordinates of one stroke hang together."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from plotart.stages.descent import Descent

__all__ = ["BlockAdam"]


class BlockAdam(Descent):
    """Adam with a full matrix of second moments for each row of a parameter instead of its diagonal.

    Control points of one stroke move together (a shift) far more easily than against each other (a bend), which the
    diagonal cannot see. With the gradient g_i `[D]` of row i,

        M <- b1 M + (1 - b1) g_i,   V <- b2 V + (1 - b2) g_i g_i^T,   row_i <- row_i - lr (V + e tr(V)/D)^(-1/2) M,

    both corrected for their start at 0. This is Adam of the second moments of Agarwal et al., "Efficient full-matrix
    adaptive regularization" (2019), in blocks; where V is diagonal it is Adam. The root is taken in float64 and kept
    for `EVERY` steps.

    Args:
        params: parameters or groups of them; `[N, ...]` is N rows of D numbers.
        lr: as Adam's. betas: b1, b2; b2 is lower than usual since the directions turn with the stroke.
        damping: e.
    """

    EVERY = 10

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.95), damping: float = 1e-3
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "damping": damping})

    def _move(self, parameter: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        rows = grad.reshape(len(grad), -1).double()
        state = self.state[parameter]
        if not state:
            state["step"] = 0
            state["mean"] = torch.zeros_like(rows)
            state["second"] = rows.new_zeros(*rows.shape, rows.shape[1])
        (b1, b2), age = group["betas"], state["step"]
        state["step"] = age + 1
        state["mean"].lerp_(rows, 1 - b1)
        state["second"].mul_(b2).add_(rows[:, :, None] * rows[:, None, :], alpha=1 - b2)
        if age < self.EVERY or age % self.EVERY == 0:
            state["root"] = self._inverse_root(state["second"] / (1 - b2 ** (age + 1)), group["damping"])
        move = (state["root"] @ (state["mean"] / (1 - b1 ** (age + 1)))[:, :, None])[:, :, 0]
        # a root that was kept from when the row had no gradient (a hidden stroke) knows no bounds
        most = float(rows.shape[1])
        move *= most / move.norm(dim=1, keepdim=True).clamp_min(most)
        parameter.sub_((group["lr"] * move).reshape(parameter.shape).to(parameter))

    @staticmethod
    def _inverse_root(second: Tensor, damping: float) -> Tensor:
        values, vectors = torch.linalg.eigh(second)
        floor = damping * values.sum(-1, keepdim=True) / values.shape[-1]
        scale = (values.clamp_min(0) + floor).clamp_min(1e-300).rsqrt()
        root: Tensor = (vectors * scale[:, None, :]) @ vectors.mT
        return root
