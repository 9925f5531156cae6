"""Closed paths as what they cover of an image, by the exact areas of plotart.raster.fills."""

from __future__ import annotations

import torch
from torch import Tensor

from plotart.core.errors import InputError
from plotart.drawing.render.view import Coverages, View
from plotart.raster.fills import fill_over

__all__ = ["FillCoverages"]


class FillCoverages(Coverages):
    """Filled shapes through `fill_over`.

    Args:
        points: closed shapes of S cubics each, `[N, 3S, 2]` unit. view: of softness 1, the only edge they have.
    """

    def __init__(self, kind: str, points: Tensor, view: View) -> None:
        super().__init__(kind, view)
        if view.softness != 1:
            raise ValueError(f"softness must be 1, not {view.softness:g}: areas are exact")
        if view.backend == "diffvg":
            raise InputError(f"the diffvg renderer draws strokes, not {kind}.")
        self.points = points * view.px
        self.mask = None
        if view.pixels is not None:
            self.mask = torch.zeros(view.size[0] * view.size[1], dtype=torch.bool)
            self.mask[view.pixels] = True
            self.mask = self.mask.reshape(view.size)

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        paper = torch.cat([ground, torch.ones_like(ground[:1])]).expand(*self.view.size, 4)
        image = self._filled(torch.cat([rgb, opacity[:, None]], dim=1), paper)
        return self.view.picked(image[..., :3].permute(2, 0, 1))

    def passed(self, weight: Tensor) -> Tensor:
        """Each channel as black shapes over white, as opaque as they take of its light."""
        rgba = torch.cat([weight.new_zeros(*weight.shape, 3), weight[..., None]], dim=2).transpose(0, 1)
        light = self._filled(rgba, weight.new_ones(*self.view.size, 4))
        return self.view.picked(light[..., 0])

    def _filled(self, rgba: Tensor, ground: Tensor) -> Tensor:
        """`rgba [*, N, 4]` over `ground [H, W, 4]` -> `[*, H, W, 4]`."""
        points = self.points.expand(*rgba.shape[:-1], *self.points.shape[1:])
        reference = self.view.backend == "reference" or self.points.dtype != torch.float32
        return fill_over(
            points, rgba.to(points), size=self.view.size, ground=ground.to(points), mask=self.mask,
            backend="reference" if reference else "native", threads=self.view.threads,
        )  # fmt: skip
