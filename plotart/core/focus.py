"""What matters in a picture: where more ink goes, strokes are shorter and errors count more."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from plotart.core.composition import Framing
from plotart.core.errors import InputError
from plotart.core.images import load_image, resize
from plotart.core.salience import looked_at

__all__ = ["checked_focus", "focus_file", "focus_of"]

WAYS = ("auto", "none")
RADIUS = 0.15
"""How far a focus reaches where no radius is given, as a share of the picture's shorter side."""
_PLACE = re.compile(r"\s*\d*\.?\d+\s*(,\s*\d*\.?\d+\s*){1,2}")


def checked_focus(value: str) -> str:
    """ValueError unless it is one of `WAYS`, a place, or may be a file."""
    text = str(value).strip()
    if re.fullmatch(r"[\d\s.,+-]*", text) and not _PLACE.fullmatch(text):
        raise ValueError(f"give auto, none, x,y or x,y,r (px, or shares of at most 1), or a mask file, not {text!r}")
    return text


def focus_file(value: str) -> Path | None:
    """The mask that a focus names; None where it is another kind."""
    return None if value in WAYS or _PLACE.fullmatch(value) else Path(value)


def focus_of(
    value: str,
    picture: Tensor,
    framing: Framing,
    size: tuple[int, int],
    gaze: Callable[[Tensor], Tensor] | None = None,
) -> Tensor | None:
    """How much each place of what is drawn matters, `[1, 1, H, W]` in 0..1 at `size`; None where all matter alike.

    `auto` looks for faces, then for what stands out; `x,y,r` is a round place of a picture, in px or, when all are at
    most 1, in shares of its width, height and shorter side; a mask is light where much matters.

    Args:
        picture: `[3, H, W]` sRGB as it was read. framing: the part of it that is drawn.
        gaze: what a network says of what stands out in a picture, `[h, w]` in 0..1; the spectral residual by default.

    Raises:
        InputError: the place lies beside the picture, or the mask is no picture, or dark all over.
    """
    if value == "none":
        return None
    if value == "auto":
        drawn = framing.of(picture)
        found = torch.from_numpy(looked_at(drawn, None if gaze is None else gaze(drawn).double().numpy())).float()[None]
    elif (file := focus_file(value)) is not None:
        found = framing.of(load_image(file, "focus").mean(dim=0, keepdim=True))
        if float(found.max()) < 1 / 255:
            raise InputError(f"focus: '{value}' is black wherever the picture is drawn; make light what matters")
    else:
        found = framing.of(_round(value, picture))
    return resize(found[None], *size)


def _round(value: str, picture: Tensor) -> Tensor:
    """A round place, `[1, H, W]` in 0..1 of the whole picture."""
    height, width = picture.shape[-2:]
    short = min(height, width)
    numbers = [float(part) for part in value.split(",")]
    shares = max(numbers) <= 1
    x, y = (numbers[0] * width, numbers[1] * height) if shares else numbers[:2]
    radius = RADIUS * short if len(numbers) == 2 else numbers[2] * (short if shares else 1)
    if x > width or y > height or radius <= 0:
        raise InputError(
            f"focus: {value} is no place in the picture of {width}x{height} px; give x,y or x,y,r within it"
        )
    down, across = torch.arange(height)[:, None] + 0.5, torch.arange(width)[None] + 0.5
    apart = ((across - x) ** 2 + (down - y) ** 2) / radius**2
    return torch.exp(-(apart**2))[None]
