"""Who reads glyphs: a small network that may first straighten what it received."""

from __future__ import annotations

import torch
from kornia.geometry.transform import get_perspective_transform
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.glyphs.channel import CORNERS, look, project

__all__ = ["Decoder", "Straightener"]

BLOCKS = 16
"""Blocks of pixels a side of a picture, whose pixels the decoder takes as channels."""

SEEN = 32
"""Pixels a side, about, at which a straightener looks at a picture."""

GRID = 4
"""Places a side at which the decoder still tells where it saw something."""


def convolution(inward: int, outward: int, side: int = 3, stride: int = 2) -> list[nn.Module]:
    """A convolution with batch normalization and a LeakyReLU."""
    return [
        nn.Conv2d(inward, outward, side, stride, side // 2, bias=False),
        nn.BatchNorm2d(outward),
        nn.LeakyReLU(0.2, inplace=True),
    ]


def initialize(module: nn.Module, generator: torch.Generator | None) -> None:
    """Random weights that keep the spread of what they are given."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, 0.2, nonlinearity="leaky_relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class Straightener(nn.Module):
    """Where the corners of a glyph's picture are in what was received: `[B, C, h, w]` -> `[B, 4, 2]`.

    Like `CORNERS`, in -1..1 of the received picture; no move at first. Sees one of `side` px as 32 px, about.
    """

    def __init__(self, colours: int, filters: int, generator: torch.Generator | None, side: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AvgPool2d(max(1, round(side / SEEN))),
            *convolution(colours, filters, 5),
            *convolution(filters, 2 * filters),
            *convolution(2 * filters, 4 * filters),
            nn.AdaptiveAvgPool2d(GRID),
            nn.Flatten(),
            nn.Linear(4 * filters * GRID**2, 128),
            nn.LeakyReLU(0.2),
        )
        self.moves = nn.Linear(128, CORNERS.numel())
        initialize(self, generator)
        with torch.no_grad():
            self.moves.weight.mul_(0.05)

    def forward(self, ink: Tensor) -> Tensor:
        moves: Tensor = self.moves(self.layers(ink))
        return CORNERS.to(ink) + moves.view(-1, *CORNERS.shape)


class Decoder(nn.Module):
    """A small CNN from received ink `[B, C, h, w]`, about `side` px a side, to answers `[B, D]`.

    Three convolutions on about 16 x 16 blocks of pixels, the last two of stride 2, then one linear layer on 4 x 4
    places. So pictures of any size are read by the same convolutions, in about the same time. (At 64 px two more
    convolutions of stride 2 in place of the blocks take twice the time and learn less in it.)

    Before that, each of `straighten` networks finds the corners of the picture and undoes the perspective, the next one
    what the one before has left over (spatial transformers, Jaderberg et al. 2015, one after the other as in Lin and
    Lucey 2017). They learn where the corners really went, which the channel knows in training, not what would help the
    answer.
    """

    def __init__(
        self, colours: int, length: int, filters: int, generator: torch.Generator | None, straighten: int, side: int
    ) -> None:
        super().__init__()
        self.block = max(1, round(side / BLOCKS))
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(self.block),
            *convolution(colours * self.block**2, 2 * filters, stride=1),
            *convolution(2 * filters, 4 * filters),
            *convolution(4 * filters, 8 * filters),
            nn.AdaptiveAvgPool2d(GRID),
            nn.Flatten(),
        )
        self.answer = nn.Linear(8 * filters * GRID**2, length)
        initialize(self, generator)
        turns = [Straightener(colours, max(4, 2 * filters // 3), generator, side) for _ in range(straighten)]
        self.straighteners = nn.ModuleList(turns)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a fifth faster on CPUs

    def straight(self, ink: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The ink as it was before it was moved, as `layers` take it; where each straightener saw the corners."""
        seen, corners, found = packed(ink, self.block), CORNERS.to(ink).expand(len(ink), 4, 2), []
        for straightener in self.straighteners:
            corners = project(straightener(seen), homography(corners))
            found.append(corners)
            corners = corners.detach()
            seen = packed(look(ink, homography(corners)), self.block)
        return seen, found

    def features(self, ink: Tensor) -> Tensor:
        """What the answer is made of, `[B, F]`."""
        made: Tensor = self.layers(self.straight(ink)[0])
        return made

    def read(self, ink: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The answers `[B, D]`, and where the corners were seen (see `straight`)."""
        seen, found = self.straight(ink)
        answer: Tensor = self.answer(self.layers(seen))
        return answer, found

    def forward(self, ink: Tensor) -> Tensor:
        return self.read(ink)[0]


def packed(ink: Tensor, block: int) -> Tensor:
    """With paper at the right and below up to whole blocks, in the layout that is fastest on CPUs."""
    height, width = ink.shape[-2:]
    return F.pad(ink, (0, -width % block, 0, -height % block)).contiguous(memory_format=torch.channels_last)


def homography(corners: Tensor) -> Tensor:
    """`[B, 3, 3]`, which takes `CORNERS` to `corners [B, 4, 2]`."""
    found: Tensor = get_perspective_transform(CORNERS.to(corners).expand_as(corners).contiguous(), corners.contiguous())
    return found
