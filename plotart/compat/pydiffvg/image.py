"""Images to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

__all__ = ["imwrite"]


def imwrite(img: Any, filename: str, gamma: float = 2.2, normalize: bool = False) -> None:
    """Write `img [H, W]`, `[H, W, 1]`, `[H, W, 3]` or `[H, W, 4]`, colours to the power 1 / gamma, clipped to 0..1."""
    Path(filename).parent.mkdir(parents=True, exist_ok=True)
    values = np.array(img.detach().cpu() if isinstance(img, Tensor) else img, dtype=np.float64)
    if normalize and np.ptp(values) > 0:
        values = (values - values.min()) / np.ptp(values)
    values = np.clip(values, 0, 1)
    if values.ndim == 2:
        values = values[:, :, None]
    values[:, :, :3] **= 1 / gamma
    Image.fromarray(
        (values * 255).astype(np.uint8).squeeze(2) if values.shape[2] == 1 else (values * 255).astype(np.uint8)
    ).save(filename)
