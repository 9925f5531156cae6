"""Objective: a decoder reads the message of a glyph after the noisy channel."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.channel import Channel
from plotart.errors import InputError
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives
from plotart.primitives.glyphs import Alphabet

__all__ = ["Decoder", "Message", "MessageObjectiveSpec"]

GRID = 4
"""Places a side at which the decoder still tells where it saw something."""


class Decoder(nn.Module):
    """A small CNN from received ink `[B, C, h, w]` to answers `[B, D]`.

    Four convolutions of stride 2 (5x5, then 3x3), each with batch normalization and a LeakyReLU, then one linear layer
    on 4 x 4 places.
    """

    def __init__(self, colours: int, length: int, filters: int, generator: torch.Generator | None) -> None:
        super().__init__()
        wide = [colours, filters, 2 * filters, 4 * filters, 8 * filters]
        blocks: list[nn.Module] = []
        for k, (inward, outward) in enumerate(pairwise(wide)):
            side = 5 if k == 0 else 3
            blocks += [
                nn.Conv2d(inward, outward, side, stride=2, padding=side // 2, bias=False),
                nn.BatchNorm2d(outward),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(GRID), nn.Flatten())
        self.answer = nn.Linear(wide[-1] * GRID**2, length)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, 0.2, nonlinearity="leaky_relu", generator=generator)
        nn.init.zeros_(self.answer.bias)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a fifth faster on CPUs

    def forward(self, ink: Tensor) -> Tensor:
        return cast(Tensor, self.answer(self.layers(ink.contiguous(memory_format=torch.channels_last))))


class Message(Objective):
    """How far the decoder's answers are from the messages, and the channel between the two.

    The channel's strength goes up while answers are good and down while they are not, so that reading stays as hard as
    it can be learned (adaptive difficulty).
    """

    name = "message"
    strength: Tensor
    average: Tensor

    def __init__(
        self, alphabet: Alphabet, decoder: Decoder, spec: MessageObjectiveSpec, paper: Tensor, grey: bool
    ) -> None:
        super().__init__()
        self.alphabet, self.messages, self.decoder = alphabet, alphabet.messages, decoder
        self.spec, self.channel, self.grey = spec, spec.channel, grey
        self.register_buffer("paper", paper.detach().clone())
        self.register_buffer("strength", torch.tensor(spec.start, dtype=torch.float64))
        self.register_buffer("average", torch.tensor(0.0, dtype=torch.float64))

    def ink(self, image: Tensor) -> Tensor:
        """What an image `[B, 3, h, w]` takes of the paper's light: the same shape, or `[B, 1, h, w]` with one pen."""
        taken = cast(Tensor, self.paper).to(image)[:, None, None] - image
        return taken.mean(1, keepdim=True) if self.grey else taken

    def send(self, image: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        """Images `[B, 3, h, w]` through the channel: received ink `[B, 1 or 3, h, w]`."""
        return self.channel(self.ink(image), strength, generator)

    def forward(self, frame: Frame) -> Tensor:
        """Of glyphs on their way (`frame.views` are received ink), or of the sheet, cut into its cells, as it is."""
        views, said = frame.views, frame.messages
        if said is None:
            views, said = self.ink(self.alphabet.sheet.cut(frame.image)), self.alphabet.shown.to(frame.image)
        answer = self.decoder(views)
        if self.training:
            self._adapt(self.messages.score(answer.detach().cpu(), said.cpu()))
        return self.messages.loss(answer, said)

    def _adapt(self, score: float) -> None:
        self.average.mul_(0.9).add_(0.1 * score)
        if float(self.average) > self.spec.harder_above:
            self.strength.add_(self.spec.pace)
        elif float(self.average) < self.spec.easier_below:
            self.strength.sub_(self.spec.pace)
        self.strength.clamp_(0.0, self.spec.strongest)


@objectives.register("message")
class MessageObjectiveSpec(ObjectiveSpec):
    """The channel, who reads, and how the channel's strength follows the share that is read.

    The share is that of symbols or words; twice the share of bits, less 1; the correlation of normal numbers.
    """

    channel: Channel = Channel()
    filters: int = Field(16, ge=1, le=512, description="filters of the decoder's first convolution; each next doubles")
    start: float = Field(0.1, ge=0, le=4, description="strength of the channel at the first step")
    strongest: float = Field(1.1, gt=0, le=4, description="strength at which it stops growing")
    pace: float = Field(0.01, ge=0, le=1, description="change of the strength a step")
    harder_above: float = Field(0.9, ge=-1, le=1, description="share read above which the strength grows")
    easier_below: float = Field(0.6, ge=-1, le=1, description="share read below which it shrinks")

    def build(self, context: ObjectiveContext) -> Message:
        if not isinstance(context.alphabet, Alphabet):
            raise InputError("there is no message to read: it needs the primitive 'glyphs'")
        colours = 1 if context.grey else 3
        decoder = Decoder(colours, context.alphabet.messages.length, self.filters, context.generator)
        return Message(context.alphabet, decoder, self, context.canvas.paper_rgb, context.grey).eval()
