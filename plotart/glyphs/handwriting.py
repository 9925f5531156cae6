"""Handwritten digits as ink: scikit-learn's, which are always there, and MNIST, which torchvision downloads."""

from __future__ import annotations

from functools import cache
from pathlib import Path as FilePath
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from plotart.core.errors import InputError
from plotart.networks.torchvision import import_torchvision

__all__ = ["Source", "digits"]

Source = Literal["scikit-learn", "mnist"]

SHARE = 0.8
"""Of the side of a glyph that a digit takes."""


def digits(source: Source, count: int, side: int) -> tuple[Tensor, Tensor]:
    """The first `count` digits in a random order that is always the same.

    Returns:
        Their ink `[count, 1, side, side]` in 0..1 and their classes `[count]`, 0 to 9.

    Raises:
        InputError: there are fewer, or MNIST is neither stored here nor can be downloaded.
    """
    small, classes = _scikit_learn() if source == "scikit-learn" else _mnist()
    if count > len(small):
        raise InputError(f"stages: digits: count: {source} has {len(small)} digits, not {count}")
    order = torch.randperm(len(small), generator=torch.Generator().manual_seed(0))[:count]
    inner = round(SHARE * side)
    large = F.interpolate(small[order], (inner, inner), mode="bicubic", align_corners=False, antialias=True)
    before = (side - inner) // 2
    after = side - inner - before
    return F.pad(large.clamp(0, 1), (before, after, before, after)), classes[order]


@cache
def _scikit_learn() -> tuple[Tensor, Tensor]:
    """1797 digits of 8 px (E. Alpaydin, C. Kaynak 1998)."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - heavy, and only needed here

    data = load_digits()
    return torch.from_numpy(data.images).float()[:, None] / 16, torch.from_numpy(data.target).long()


@cache
def _mnist() -> tuple[Tensor, Tensor]:
    """60,000 digits of 28 px, kept beside torch's other downloads."""
    torchvision = import_torchvision()
    try:
        data = torchvision.datasets.MNIST(str(FilePath(torch.hub.get_dir()) / "datasets"), train=True, download=True)
    except (OSError, RuntimeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(":.")
        raise InputError(
            f"stages: digits: data: 'mnist' cannot be downloaded ({reason}); 'scikit-learn' needs no download"
        ) from None
    return data.data.float()[:, None] / 255, data.targets.long()
