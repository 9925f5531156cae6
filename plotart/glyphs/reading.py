"""How an alphabet is read: at which strength of the channel, and which glyph is mistaken for which."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import Tensor

from plotart.glyphs.message import Message

__all__ = ["STRENGTHS", "answers", "confusions", "reconstructed"]

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
"""Strengths of the channel at which an alphabet is tried; 1 is the channel as it is set."""

WORST = 24
BATCH = 256


@torch.no_grad()
def answers(message: Message, images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """The answers `[B, D]` to glyphs `images [B, 3, h, w]` that went through the channel, in batches."""
    parts = [message.eval().decoder(message.send(part, strength, generator)[0]) for part in torch.split(images, BATCH)]
    return torch.cat(parts)


@torch.no_grad()
def confusions(
    message: Message, images: Tensor, repeats: int, generator: torch.Generator, strengths: tuple[float, ...] = STRENGTHS
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """The glyphs of a sheet, each sent `repeats` times at every strength.

    Args:
        images: `[M, 3, h, w]`, the cells of the sheet.

    Returns:
        The score by strength (see `Messages.score`); and the pairs of glyphs most often confused at each, most frequent
        first: `strength`, `glyph` and `read_as` (their labels), and the `share` of the glyph's copies that this
        happened to. A glyph is read as the one of the sheet whose message is nearest to the answer.
    """
    alphabet = message.alphabet
    shown, said = alphabet.shown.to(images), alphabet.shown.repeat(repeats, 1)
    scores: dict[str, float] = {}
    mistaken: list[dict[str, Any]] = []
    for strength in strengths:
        answer = answers(message, images.repeat(repeats, 1, 1, 1), strength, generator)
        scores[f"{strength:g}"] = round(message.messages.score(answer.cpu(), said.cpu()), 5)
        read = message.messages.nearest(answer, shown).tolist()
        wrote = list(range(len(shown))) * repeats
        pairs = Counter((a, b) for a, b in zip(wrote, read, strict=True) if a != b)
        mistaken += [
            {
                "strength": strength,
                "glyph": message.messages.label(a),
                "read_as": message.messages.label(b),
                "share": round(n / repeats, 4),
            }
            for (a, b), n in pairs.most_common(WORST)
        ]
    return scores, mistaken


@torch.no_grad()
def reconstructed(message: Message, images: Tensor) -> float:
    """The score (see `Messages.score`) of glyphs `[M, 3, h, w]` that all went through the autoencoder, and no more.

    Raises:
        ValueError: the channel has none.
    """
    if message.autoencoder is None:
        raise ValueError("there is no autoencoder in the channel")
    answer = message.eval().decoder(message.autoencoder(message.ink(images)))
    return round(message.messages.score(answer.cpu(), message.alphabet.shown), 5)
