"""The chart of a reader: which glyph it takes for which, as a picture with the glyphs along its edges."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from plotart.core.images import to_pil
from plotart.glyphs.message import Message
from plotart.glyphs.reading import answers

__all__ = ["chart", "confusion_matrix"]

SIDE = 20
"""Of a square of the chart, px."""

RULE = 3
"""Between the glyphs and the squares, px."""

RIGHT, WRONG = torch.tensor([0.12, 0.3, 0.6]), torch.tensor([0.8, 0.05, 0.1])


@torch.no_grad()
def confusion_matrix(
    message: Message, images: Tensor, repeats: int, generator: torch.Generator, strength: float = 1.0
) -> Tensor:
    """`[M, M]`: the share of the copies of glyph m that was read as glyph k; every row sums to 1.

    Args:
        images: `[M, 3, h, w]`, the first M cells of the sheet, each sent `repeats` times.
    """
    count = len(images)
    answer = answers(message, images.repeat(repeats, 1, 1, 1), strength, generator)
    read = message.messages.nearest(answer, message.alphabet.shown[:count].to(answer)).cpu()
    wrote = torch.arange(count).repeat(repeats)
    return torch.bincount(wrote * count + read, minlength=count**2).view(count, count).float() / repeats


def chart(matrix: Tensor, images: Tensor) -> Image.Image:
    """A square for each pair: blue where a glyph (row) is read as itself, red where as another (column).

    Squares are as dark as the root of the share, so that rare mistakes are seen.

    Args:
        matrix: see `confusion_matrix`. images: `[M, 3, h, w]` sRGB.
    """
    count = len(matrix)
    colour = torch.where(torch.eye(count, dtype=torch.bool)[..., None], RIGHT, WRONG)
    shade = matrix.sqrt()[..., None]
    squares = to_pil((1 - shade * (1 - colour)).permute(2, 0, 1)[None])
    start = SIDE + RULE
    page = Image.new("RGB", (start + SIDE * count, start + SIDE * count), "white")
    page.paste(Image.new("RGB", (SIDE * count + 1, SIDE * count + 1), "#888888"), (start - 1, start - 1))
    page.paste(squares.resize((SIDE * count, SIDE * count), Image.Resampling.NEAREST), (start, start))
    for number, image in enumerate(images):
        small = to_pil(image[None]).resize((SIDE - 2, SIDE - 2), Image.Resampling.LANCZOS)
        at = start + SIDE * number + 1
        page.paste(small, (at, 1))
        page.paste(small, (1, at))
    return page
