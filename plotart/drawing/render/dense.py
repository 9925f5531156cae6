"""Any shapes at any set of pixels, from their coverage alone, in plain torch: on every device, at any precision.

Pixels are taken a few thousand at a time and computed again for their gradients, so that memory does not grow with
shapes x pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from plotart.core.errors import InputError
from plotart.drawing.render.view import Coverages, View

__all__ = ["Dense"]

AT_ONCE = 2**21
"""Numbers of coverage in memory at a time: shapes x samples."""
SAMPLES = 4
"""A pixel's coverage is the mean of 4 x 4 samples, where a primitive knows no filter of its own."""


class Dense(Coverages):
    """What shapes cover by a function of points.

    Args:
        field: points `[P, 2]` unit -> what each of `count` shapes covers of them, `[N, P]` in 0..1, differentiable.
        like: gives type and device.
        samples: of a pixel along each side; 1 where `field` filters by itself.
    """

    def __init__(
        self,
        kind: str,
        view: View,
        field: Callable[[Tensor], Tensor],
        count: int,
        like: Tensor,
        samples: int = SAMPLES,
    ) -> None:
        super().__init__(kind, view)
        self.field, self.count, self.like, self.samples = field, count, like.detach(), samples

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        def laid(covered: Tensor) -> Tensor:
            share = opacity[:, None].to(covered) * covered
            # what is left of the light of all from i on up
            passed = torch.cat([1 - share, torch.ones_like(share[:1])]).flip(0).cumprod(0).flip(0)
            return (rgb.to(covered).T @ (share * passed[1:])) + ground.to(covered)[:, None] * passed[:1]

        return self._mixed(laid)

    def passed(self, weight: Tensor) -> Tensor:
        return self._mixed(
            lambda covered: torch.stack([(1 - taken[:, None] * covered).prod(0) for taken in weight.to(covered).T])
        )

    def summed(self, weight: Tensor, power: int) -> Tensor:
        return self._mixed(lambda covered: weight.to(covered).T @ covered**power)

    def covered(self, pixels: Tensor | None = None) -> Tensor:
        """`[N, P]` of the pixels at row * width + column, `[P]`; of the whole view by default."""
        height, width = self.view.size
        chosen = torch.arange(height * width, device=self.like.device) if pixels is None else pixels
        corner = torch.stack([chosen % width, chosen // width], dim=1).to(self.like)
        steps = (torch.arange(self.samples, device=self.like.device).to(self.like) + 0.5) / self.samples
        inside = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1).reshape(-1, 2)
        samples = self.field(((corner[:, None] + inside) / self.view.px).reshape(-1, 2))
        return samples if self.samples == 1 else samples.reshape(len(samples), len(chosen), -1).mean(-1)

    def _mixed(self, mix: Callable[[Tensor], Tensor]) -> Tensor:
        """`mix` of the coverages `[N, P]` of some pixels, a function to `[C, P]`, at all pixels of the view."""
        if self.view.backend == "diffvg":
            raise InputError(f"the diffvg renderer draws strokes, not {self.kind}.")
        height, width = self.view.size
        every = torch.arange(height * width) if self.view.pixels is None else self.view.pixels
        step = max(64, AT_ONCE // (self.samples**2 * max(1, self.count)))
        parts = torch.split(every.to(self.like.device), step)

        def some(part: Tensor) -> Tensor:
            return mix(self.covered(part))

        if len(parts) == 1:
            return self.view.shaped(some(parts[0]))
        return self.view.shaped(torch.cat([checkpoint(some, part, use_reentrant=False) for part in parts], dim=-1))
