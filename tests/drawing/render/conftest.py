"""Random strokes."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

os.environ.setdefault("TRITON_INTERPRET", "1")  # before anything imports triton: its kernels run on the CPU here


@pytest.fixture
def strokes() -> Callable[..., tuple[Tensor, Tensor]]:
    def make(count: int, size: int, *, width: float = 2.0, seed: int = 0, segments: int = 1) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        start = torch.rand(count, 1, 2, generator=generator) * size
        steps = (torch.rand(count, 3 * segments, 2, generator=generator) - 0.5) * 0.4 * size
        points = torch.cat([start, start + steps.cumsum(1)], dim=1)
        return points.requires_grad_(), torch.full((count,), width, requires_grad=True)

    return make
