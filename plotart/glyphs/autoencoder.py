"""An hourglass in the channel: glyphs must still be read from what an autoencoder makes of them."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from plotart.core.settings import Section
from plotart.glyphs.decoder import initialize

__all__ = ["Autoencoder", "AutoencoderSpec"]

SEEN = 32
"""Side at which an autoencoder sees and makes pictures, px."""

NARROWEST = 4
"""Side of the planes on either side of the code, px."""


class AutoencoderSpec(Section):
    """An autoencoder through which some of the glyphs go before all else; it learns to reproduce them meanwhile.

    Glyphs are to be read from the few numbers of its code and what they have in common, so they come to be told apart
    by their large forms. The reading does not train it: it is no accomplice of the reader.
    """

    code: int = Field(16, ge=1, le=4096, description="numbers in its middle")
    filters: int = Field(16, ge=1, le=256, description="filters of its outermost convolutions; doubled twice inwards")
    share: float = Field(0.5, ge=0, le=1, description="share of the pictures that go through it at strength 1")


class Autoencoder(nn.Module):
    """Ink `[B, C, h, w]` -> `code` numbers -> ink of the same shape, at 32 px inside.

    No sigmoid at its end: with one, and the squared error, it was seen to learn bare paper and to stay there.
    """

    def __init__(self, colours: int, spec: AutoencoderSpec, generator: torch.Generator | None) -> None:
        super().__init__()
        f = spec.filters
        inward = [layer for a, b in ((colours, f), (f, 2 * f), (2 * f, 4 * f)) for layer in _halved(a, b)]
        outward = [layer for a, b in ((4 * f, 2 * f), (2 * f, f), (f, f)) for layer in _doubled(a, b)]
        wide = 4 * f * NARROWEST**2
        self.encoder = nn.Sequential(*inward, nn.Flatten(), nn.Linear(wide, spec.code))
        self.decoder = nn.Sequential(
            nn.Linear(spec.code, wide),
            nn.LeakyReLU(0.2),
            nn.Unflatten(1, (4 * f, NARROWEST, NARROWEST)),
            *outward,
            nn.Conv2d(f, colours, 3, 1, 1),
        )
        initialize(self, generator)

    def forward(self, ink: Tensor) -> Tensor:
        size = ink.shape[-2:]
        made = self.decoder(self.encoder(_sized(ink, (SEEN, SEEN))))
        return _sized(made, (size[0], size[1]))

    def passing(self, ink: Tensor) -> Tensor:
        """The same; gradients go through it to the ink, and not to its weights."""
        held = {name: value.detach() for name, value in self.named_parameters()}
        made: Tensor = functional_call(self, held, (ink,))
        return made

    def loss(self, ink: Tensor) -> Tensor:
        """`[]`: how far it is from reproducing `ink`, by which it learns; no gradients go to the ink."""
        return F.mse_loss(self(ink.detach()), ink.detach())


def _sized(ink: Tensor, size: tuple[int, int]) -> Tensor:
    same = tuple(ink.shape[-2:]) == size
    return ink if same else F.interpolate(ink, size, mode="bilinear", antialias=True, align_corners=False)


def _halved(inward: int, outward: int) -> list[nn.Module]:
    return [nn.Conv2d(inward, outward, 3, 2, 1), nn.LeakyReLU(0.2)]


def _doubled(inward: int, outward: int) -> list[nn.Module]:
    return [nn.Upsample(scale_factor=2), nn.Conv2d(inward, outward, 3, 1, 1), nn.LeakyReLU(0.2)]
