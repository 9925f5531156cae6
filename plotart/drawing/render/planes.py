"""Shapes that are planes of coverage, pixel by pixel."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from plotart.drawing.render.view import Coverages, View

__all__ = ["Planes"]


class Planes(Coverages):
    """N planes `[N, h, w]` in 0..1, one for each shape, brought to the size of the view."""

    def __init__(self, kind: str, view: View, planes: Tensor) -> None:
        super().__init__(kind, view)
        if planes.shape[-2:] == view.size:
            covered = planes
        else:
            larger = view.size[0] > planes.shape[-2]
            mode = "bicubic" if larger else "bilinear"
            scaled = F.interpolate(planes[None], view.size, mode=mode, antialias=not larger, align_corners=False)
            covered = scaled[0].clamp(0, 1)
        self.covered = view.picked(covered)

    def passed(self, weight: Tensor) -> Tensor:
        channels = [(1 - w[:, None, None] * self.covered).prod(0) for w in weight.to(self.covered).T]
        return torch.stack(channels)

    def united(self, pen: Tensor, pens: int, presence: Tensor | None = None) -> Tensor:
        if presence is None and torch.equal(pen.cpu(), torch.arange(pens)):  # a pen of its own for each plane
            return 1 - self.covered
        return super().united(pen, pens, presence)
