"""Adam for shapes that are not all looked at in every step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from plotart.stages.descent import Descent, adam_move

__all__ = ["LazyAdam"]


class LazyAdam(Descent):
    """Adam in which a row of a parameter whose gradient is exactly 0 keeps its value, its moments and its clock.

    When a step looks at a part of a page, Adam would let all other strokes drift on by their old momentum and forget
    their second moments meanwhile. Here every row i has moments and a number of steps n_i of its own:

        m_i <- b1 m_i + (1 - b1) g_i,   v_i <- b2 v_i + (1 - b2) g_i^2,   n_i <- n_i + 1,
        row_i <- row_i - lr (m_i / (1 - b1^n_i)) / (sqrt(v_i / (1 - b2^n_i)) + eps),

    so that where every row has a gradient in every step, it is Adam (Kingma and Ba, 2015).

    Args:
        params: parameters or groups of them; `[N, ...]` is N rows.
        lr, betas, eps: as Adam's.
    """

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    def _move(self, parameter: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["mean"], state["second"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
            state["age"] = torch.zeros(len(parameter), dtype=torch.float32, device=parameter.device)
        rows = torch.nonzero(grad.flatten(1).any(dim=1) if grad.ndim > 1 else grad).flatten()
        age = (state["age"][rows] + 1).reshape(-1, *[1] * (grad.ndim - 1))
        mean, second = state["mean"][rows], state["second"][rows]
        move = adam_move(mean, second, grad[rows], age, group["betas"], group["eps"])
        state["mean"][rows], state["second"][rows], state["age"][rows] = mean, second, age.flatten()
        parameter[rows] -= group["lr"] * move
