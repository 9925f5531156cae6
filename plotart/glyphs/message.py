"""Objective: a decoder reads the message of a glyph after the noisy channel."""

from __future__ import annotations

from typing import cast

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.glyphs.autoencoder import Autoencoder, AutoencoderSpec
from plotart.glyphs.channel import Channel
from plotart.glyphs.decoder import Decoder
from plotart.glyphs.sheet import TOGETHER, Alphabet, GeneratedSpec
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Message", "MessageObjectiveSpec"]

CLOSE = 0.1
"""Error of a corner, in half sides of the picture, below which its square counts."""


class Message(Objective):
    """How far the decoder's answers are from the messages, and the channel between the two.

    A decoder that straightens also pays for what it missed of the corners' places, however many passes it makes. An
    autoencoder in the channel pays for what it does not reproduce.

    The channel's strength goes up while answers are good and down while they are not, so that reading stays as hard as
    it can be learned (adaptive difficulty).
    """

    strength: Tensor
    average: Tensor

    def __init__(
        self,
        alphabet: Alphabet,
        spec: MessageObjectiveSpec,
        paper: Tensor,
        grey: bool,
        side: int,
        generator: torch.Generator | None,
    ) -> None:
        super().__init__()
        self.alphabet, self.messages = alphabet, alphabet.messages
        self.spec, self.channel, self.grey, self.side = spec, spec.channel, grey, side
        self.decoder = self.new_decoder(generator)
        hourglass = spec.autoencoder
        self.autoencoder = None if hourglass is None else Autoencoder(1 if grey else 3, hourglass, generator)
        self.register_buffer("paper", paper.detach().clone())
        self.register_buffer("strength", torch.tensor(spec.start, dtype=torch.float64))
        self.register_buffer("average", torch.tensor(0.0, dtype=torch.float64))

    def new_decoder(self, generator: torch.Generator | None) -> Decoder:
        """One that has learned nothing."""
        length, spec = self.messages.length, self.spec
        return Decoder(1 if self.grey else 3, length, spec.filters, generator, spec.straighten, self.side)

    def ink(self, image: Tensor) -> Tensor:
        """What an image `[B, 3, h, w]` takes of the paper's light: the same shape, or `[B, 1, h, w]` with one pen."""
        taken = cast(Tensor, self.paper).to(image)[:, None, None] - image
        return taken.mean(1, keepdim=True) if self.grey else taken

    def send(self, image: Tensor, strength: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Images `[B, 3, h, w]` through the channel: received ink `[B, 1 or 3, h, w]`, and see `Channel.send`."""
        return self.channel.send(self._squeezed(self.ink(image), strength, generator), strength, generator)

    def _squeezed(self, ink: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        """The ink with its share, as far as the strength goes, replaced by what the autoencoder makes of it."""
        if self.autoencoder is None or self.spec.autoencoder is None or strength <= 0:
            return ink
        chosen = torch.rand(len(ink), generator=generator) < strength * self.spec.autoencoder.share
        return torch.where(chosen.to(ink.device).view(-1, 1, 1, 1), self.autoencoder.passing(ink), ink)

    def forward(self, frame: Frame) -> Tensor:
        """Of glyphs on their way (`frame.views` are received ink), or of the sheet, cut into its cells, as it is."""
        views, said = frame.views, frame.messages
        if said is None:
            views, said = self.ink(self.alphabet.sheet.cut(frame.image)), self.alphabet.shown.to(frame.image)
        answer, found = self.decoder.read(views)
        if self.training:
            self._adapt(self.messages.score(answer.detach().cpu(), said.cpu()))
        loss = self.messages.loss(answer, said)
        if frame.corners is None:
            return loss
        if self.autoencoder is not None:
            loss = loss + self.autoencoder.loss(self.ink(frame.image))
        return loss + sum(F.smooth_l1_loss(corners, frame.corners, beta=CLOSE) for corners in found)

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

    makes = Message

    channel: Channel = Channel()
    autoencoder: AutoencoderSpec | None = Field(
        None, description="an autoencoder that some glyphs go through first; it learns meanwhile"
    )
    straighten: int = Field(0, ge=0, le=4, description="networks that undo the channel's perspective before reading")
    filters: int = Field(16, ge=1, le=512, description="filters of the decoder's first convolution; each next doubles")
    start: float = Field(0.1, ge=0, le=4, description="strength of the channel at the first step")
    strongest: float = Field(1.1, gt=0, le=4, description="strength at which it stops growing")
    pace: float = Field(0.01, ge=0, le=1, description="change of the strength a step")
    harder_above: float = Field(0.9, ge=-1, le=1, description="share read above which the strength grows")
    easier_below: float = Field(0.6, ge=-1, le=1, description="share read below which it shrinks")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"message", "training"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"subject", "reading"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return TOGETHER

    @property
    def magnitude(self) -> float:
        return 10.0

    def build(self, context: ObjectiveContext) -> Message:
        if not isinstance(context.primitive, GeneratedSpec):
            raise InputError("there is no message to read: it needs the primitive 'glyphs'")
        alphabet = context.primitive.alphabet()
        side = alphabet.sheet.pixels(min(context.size))
        return Message(alphabet, self, context.canvas.paper_rgb, context.grey, side, context.generator).eval()
