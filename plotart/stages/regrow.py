"""Shapes that are hardly missed move to where the picture is missed most."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import gaussian_filter
from torch import Tensor

from plotart.core.errors import InputError
from plotart.core.images import resize
from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.render import View
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.watch import Watch

__all__ = ["Regrow", "missed"]

GRID = 64
"""Short side of the picture on which shapes are judged, px."""


@stages.register("regrow")
class Regrow(Stage):
    """Take up to a `share` of the shapes, those without which the squared error grows least, and start them again.

    They go on top of the others, to the peaks of the squared error, in the picture's colour there, as long as that is
    more than they do where they are. This is for filled shapes in the inks `over`,
    `average`, `add` and `mean`, between two fits.
    """

    inks = ("over", "average", "add", "mean")

    share: float = Field(0.1, gt=0, le=0.5, description="of the shapes, that move")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"shapes", "picture"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "shapes":
            return f"{at}: {self.kind} is for filled shapes; primitive.kind must be circles, paths or splats"
        return super().lacks(need, at, config)

    @property
    def costs(self) -> Costs:
        return Costs(Cost(0.03))

    @torch.no_grad()
    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        picture, shapes, ink = context.picture, drawing.primitive, drawing.ink
        if not shapes.restarts or not ink.restarts:
            raise InputError(
                f"stages: regrow moves filled shapes in over, average, add or mean, not {shapes.kind} in {ink.kind}"
            )
        if picture is None:
            raise InputError("stages: regrow needs a picture to draw (--image)")
        height, width = picture.shape[2:]
        scale = GRID / min(height, width)
        target = resize(picture, round(height * scale), round(width * scale))
        worth, error = missed(drawing, target)
        count = max(1, round(self.share * len(drawing)))
        at, radius, gain = _peaks(error.cpu().double().numpy(), count)
        idle = worth.argsort(stable=True)[:count]
        count = int((worth[idle].cpu() < gain).sum())  # worths ascend, gains fall
        watch.say(f"{count} shapes move to where most is missed")
        if count == 0:
            return drawing.copy()
        idle = idle[:count]
        kept = torch.ones(len(drawing), dtype=torch.bool)
        kept[idle.cpu()] = False
        order = torch.cat([kept.nonzero()[:, 0], idle.cpu()]).to(idle.device)
        made = drawing.subset(order)
        _start_again(made, count, at[:count].to(target) / GRID, radius[:count].to(target) / GRID, target)
        return made


@torch.no_grad()
def missed(drawing: Drawing, target: Tensor) -> tuple[Tensor, Tensor]:
    """What each shape does for the picture, and where that is still missed.

    Args:
        target: `[1, 3, H, W]` sRGB.

    Returns:
        `[N]`, by how much the summed squared error grows without the shape; and the squared error `[H, W]`.
    """
    size, wanted = (target.shape[2], target.shape[3]), target[0].flatten(1)
    covered = drawing.primitive.dense(View(size)).covered()
    image, without = drawing.ink.without_each(covered, drawing.canvas.paper_rgb.to(target))
    error = (image - wanted).square()
    worth = torch.stack([((other - wanted).square() - error).sum() for other in without])
    return worth, error.sum(0).reshape(size)


def _peaks(error: NDArray[np.float64], count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The highest places of the error, apart from each other.

    Returns:
        `[count, 2]` px; how large, `[count]` px; and the error that lies there, `[count]`, falling.
    """
    spread = max(1.0, 0.35 * math.sqrt(error.size / count) / 2)
    rest = gaussian_filter(error, spread / 2)
    y, x = np.mgrid[: error.shape[0], : error.shape[1]]
    places, gains = [], []
    for _ in range(count):
        row, column = np.unravel_index(int(rest.argmax()), rest.shape)
        places.append((column + 0.5, row + 0.5))
        gains.append(float(rest[row, column]) * math.pi * spread**2)
        rest = rest * (1 - np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * spread**2)))
    return torch.tensor(places), torch.full((count,), spread), torch.tensor(gains)


def _start_again(drawing: Drawing, count: int, centre: Tensor, radius: Tensor, target: Tensor) -> None:
    """Make the last `count` shapes new ones at `centre [count, 2]` and of `radius [count]`, unit."""
    at = (centre * GRID).long()
    drawing.primitive.start_again_(count, centre, radius)
    drawing.ink.start_again_(
        target[0, :, at[:, 1].clamp(0, target.shape[2] - 1), at[:, 0].clamp(0, target.shape[3] - 1)].T
    )
