"""Images to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

__all__ = ["imwrite"]


def imwrite(img: Any, filename: str, gamma: float = 2.2, normalize: bool = False) -> None:
    """Write `img [H, W]`, `[H, W, 1]`, `[H, W, 3]` or `[H, W, 4]`, colours to the power 1 / gamma, clipped to 0..1.

    PNG is packed lightly: programs write one at every step.
    """
    Path(filename).parent.mkdir(parents=True, exist_ok=True)
    given = img.detach().cpu().numpy() if isinstance(img, Tensor) else np.asarray(img)
    values = given.astype(np.float64)
    if normalize and np.ptp(values) > 0:
        values = (values - values.min()) / np.ptp(values)
    np.clip(values, 0, 1, out=values)
    if values.ndim == 2:
        values = values[:, :, None]
    if gamma != 1:
        values[:, :, :3] **= 1 / gamma
    values *= 255
    pixels = values.astype(np.uint8)
    image = Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    image.save(filename, compress_level=1)
