"""A network that sees a picture once and says where circles lie, how large they are and in what colours.

It is small (see `Placer`), and the file of its weights lies beside this one: `benchmarks/oneshot.py train` made it, by
descent through the renderer on photographs that scikit-image and scikit-learn ship.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path as FilePath
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.core.images import resize
from plotart.core.tensor_file import Damaged, read_tensors

__all__ = ["CELL_PX", "FILE", "LAYOUT", "OPACITY", "Placed", "Placer", "cells_of", "place", "shipped_placer"]

FILE = FilePath(__file__).with_name("placer.safetensors")
LAYOUT = "plotart placer 1"
CELL_PX = 6
"""Side of the cell that the network sees of each circle, px."""
WIDTH = 48
REACH = 1.5
"""How far from the middle of its cell a circle may lie, cells."""
USUAL = 0.75
"""Radius of a circle before anything is learned, cells."""
OPACITY = 0.8
"""Of the circles that it was trained with, the usual `ink.start_opacity`."""


class Placed(NamedTuple):
    """Circles in the order of their cells: `centre [B, N, 2]` and `radius [B, N]` in cells, `rgb [B, N, 3]` sRGB."""

    centre: Tensor
    radius: Tensor
    rgb: Tensor


class _Block(nn.Module):
    """x + W2 gelu(W1 * gelu(x)), W1 a 3 x 3 convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.mix = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.mix(F.gelu(self.near(F.gelu(x))))
        return x + mixed


class Placer(nn.Module):
    """A circle for each cell of `CELL_PX` x `CELL_PX` px of a picture, by a convolutional network of 52,000 weights.

    A cell's pixels are mixed to 48 numbers; two residual blocks of 3 x 3 convolutions look at the cells around. The
    six numbers of each cell that come out are the circle's offset, the logarithm of its radius, and its colour as what
    is added to the cell's mean before a sigmoid. Being convolutional it takes pictures of any number of cells.
    """

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.Conv2d(3 * CELL_PX**2, WIDTH, 1)
        self.blocks = nn.Sequential(_Block(), _Block())
        self.say = nn.Conv2d(WIDTH, 6, 1)
        with torch.no_grad():
            self.say.weight.mul_(0.1)
        self.say.bias = nn.Parameter(torch.zeros(6))

    def forward(self, pictures: Tensor) -> Placed:
        """`pictures [B, 3, 6 rows, 6 columns]` sRGB."""
        seen = self.see(F.pixel_unshuffle(2 * pictures - 1, CELL_PX))
        said = self.say(F.gelu(self.blocks(seen)))
        rows, columns = said.shape[2:]
        y, x = torch.meshgrid(torch.arange(rows).to(said), torch.arange(columns).to(said), indexing="ij")
        middle = torch.stack([x, y]) + 0.5
        centre = middle + REACH * torch.tanh(said[:, :2])
        radius = USUAL * torch.exp(2 * torch.tanh(said[:, 2]))
        mean = F.avg_pool2d(pictures, CELL_PX).clamp(0.02, 0.98)
        rgb = torch.sigmoid(torch.logit(mean) + said[:, 3:])
        return Placed(centre.flatten(2).mT, radius.flatten(1), rgb.flatten(2).mT)


@lru_cache(maxsize=1)
def shipped_placer() -> Placer:
    """The trained network, in double precision: what it says does not depend on the number of threads.

    Raises:
        ValueError: its file is missing, damaged or of another version.
    """
    placer = Placer()
    try:
        layout, state = read_tensors(FILE)
        if layout != LAYOUT:
            raise Damaged(f"it holds a '{layout}'")
        placer.load_state_dict(state)
    except (Damaged, RuntimeError) as error:
        raise ValueError(f"primitive.start: the network's file '{FILE}' cannot be used: {error}") from None
    return placer.double().eval().requires_grad_(False)


def cells_of(count: int, aspect: float) -> tuple[int, int]:
    """Rows and columns of at least `count` nearly square cells on a picture `aspect` times as wide as high."""
    columns = max(1, math.ceil(math.sqrt(count * aspect)))
    return math.ceil(count / columns), columns


@torch.no_grad()
def place(target: Tensor, count: int) -> Placed:
    """`count` circles for `target [1, 3, H, W]` sRGB, lengths in unit, large ones first (B is left out).

    Of more cells than circles are wanted, those with the smallest circles get none.
    """
    height, width = target.shape[2:]
    rows, columns = cells_of(count, width / height)
    seen = resize(target.detach().cpu().double(), CELL_PX * rows, CELL_PX * columns)
    placed = shipped_placer()(seen)
    side = torch.tensor([width / columns, height / rows], dtype=torch.float64) / min(height, width)
    radius = placed.radius[0] * side.prod().sqrt()
    order = torch.argsort(radius, descending=True, stable=True)[:count]
    return Placed((placed.centre[0] * side)[order].float(), radius[order].float(), placed.rgb[0][order].float())
