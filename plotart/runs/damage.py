"""What pens and paper did to a picture, in differences the eye sees: the damage table of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from plotart.core.vision import Difference, scielab_difference

__all__ = ["DISTANCES_MM", "damage_table"]

DISTANCES_MM = (500.0, 2000.0)
"""The paper at arm's length, where single strokes show, and across a room, where they melt into tones."""


def damage_table(
    reference: Tensor, stages: Mapping[str, Tensor], planes: Mapping[str, NDArray[np.float64]], px_per_mm: float
) -> list[dict[str, Any]]:
    """The S-CIELAB difference of each stage's picture to a reference, once for each of `DISTANCES_MM`.

    Args:
        reference: `[1, 3, H, W]` sRGB. stages: pictures like it, by the name of the stage, the last one as written.
        planes: by pen, the paper its written layer covers, `[H, W]` in 0..1.

    Returns:
        For each distance: `distance_mm`; `stages`, for each the mean and 95th percentile of CIEDE2000 over the page;
        `pens`, the same for each pen, of the last stage and over what its plane covers, with the `share` of the page
        that this is.
    """
    first = _picture(reference)
    rows = []
    for distance in DISTANCES_MM:
        maps = {name: scielab_difference(first, _picture(image), px_per_mm, distance) for name, image in stages.items()}
        last = list(maps.values())[-1]
        rows.append(
            {
                "distance_mm": distance,
                "stages": {name: _rounded(Difference.of(values)) for name, values in maps.items()},
                "pens": {
                    name: {**_rounded(Difference.of(last, covered)), "share": round(float(covered.mean()), 4)}
                    for name, covered in planes.items()
                    if covered.any()
                },
            }
        )
    return rows


def _picture(image: Tensor) -> NDArray[np.float64]:
    """`[1, 3, H, W]` as `[H, W, 3]`."""
    return image.detach()[0].permute(1, 2, 0).double().cpu().numpy()


def _rounded(difference: Difference) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(difference).items()}
