"""Filled shapes laid layer by layer: each new one where the largest patch of the picture is still wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage
from skimage.measure import label as _label

from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.ink import Over
from plotart.drawing.primitives.paths import Paths, rounds
from plotart.stages.base import stages
from plotart.stages.context import Context
from plotart.stages.growth import Growth
from plotart.stages.spawn import scatter

__all__ = ["Layer"]

NO_DIFFERENCE, INTERVALS = 0.1, 200
"""Of the published start: the squared error that is none, and the number of quantiles."""
CANDIDATES = 3
"""Patches that are looked at for each that is taken."""
DOT = 5 / 240
"""Radius of the published start, in short sides of the picture."""


@dataclass(frozen=True)
class Patches:
    """Where new shapes go.

    Attributes:
        centre: `[M, 2]` px. spread: `[M, 2, 2]` px, maps the unit circle to the start. rgb: `[M, 3]` sRGB.
    """

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    rgb: NDArray[np.float64]


@stages.register("layer")
class Layer(Growth):
    """Build a picture of closed shapes from coarse to fine, as X. Ma et al. do ("Towards layer-wise image
    vectorization", 2022): a few shapes, fitted; more where the picture is still wrong, all fitted together; and so on.

    See `Growth` for the levels. `place: quantiles` is the published start: the squared error, where it is above .1, is
    cut into 200 quantiles; a shape starts as a small circle in the middle of the largest connected patch of the
    commonest quantile, in the colour there. `place: patches` takes the connected patches in which the missing colour is
    alike (in steps of `alike`) and the squared error is largest; a shape starts as the ellipse of the patch's moments,
    or half as large, in its mean colour, those first that lower the error most.
    """

    lays = "shapes"
    lays_anew = True

    rates: dict[str, float] = Field(default={"points": 0.004, "rgb": 0.02, "opacity": 0.02, "background": 0.02})
    optimizer: Literal["adam", "block-adam"] = "adam"
    place: Literal["patches", "quantiles"] = "patches"
    alike: float = Field(0.15, ge=0.01, le=1, description="step of colour that tells patches apart, sRGB in 0..1")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"picture", "outlines"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "picture":
            return "stages: layer needs a picture to draw; give --image FILE"
        return f"stages: layer lays closed paths, so primitive.kind must be paths, not {config.primitive.kind}"

    @torch.no_grad()
    def _spawn(self, grown: Drawing, count: int, level: int, context: Context) -> Drawing:
        target, shapes = context.picture, grown.primitive
        assert target is not None
        assert isinstance(shapes, Paths)
        if len(grown):
            image = context.renderer(grown, context.size)
        else:
            image = grown.ink.ground_on(grown.canvas.paper_rgb)[None, :, None, None].expand_as(target)
        wanted, seen = (view[0].cpu().double().numpy() for view in (target, image))
        if self.place == "quantiles":
            found = _by_quantiles(wanted, seen, count)
        else:
            found = _by_patches(wanted, seen, count, self.alike, context.generator)
        ring = rounds(torch.zeros(1, 2), torch.ones(1), shapes.points.shape[1] // 3)[0].double().numpy()
        points = found.centre[:, None] + ring @ np.swapaxes(found.spread, 1, 2)
        made = torch.from_numpy(points / min(target.shape[-2:])).float()
        tip = float(np.median([pen.tip_mm for pen in context.pens.pens])) / grown.canvas.mm_per_unit
        fresh = Paths(made, torch.full((count,), tip), shapes.marks_as)
        ink = Over(torch.from_numpy(found.rgb).float(), torch.ones(count))
        return Drawing(grown.canvas, fresh, ink).to(grown.device)


def _by_quantiles(wanted: NDArray[np.float64], seen: NDArray[np.float64], count: int) -> Patches:
    """The published start, of pictures `[3, H, W]`."""
    height, width = wanted.shape[1:]
    error = ((wanted - seen) ** 2).sum(0)
    error[error < NO_DIFFERENCE] = 0
    cuts = np.unique(np.quantile(error, np.linspace(0, 1, INTERVALS)))
    cuts = cuts[1:-1] if len(cuts) > 2 else cuts[1:]
    band = np.digitize(error, cuts)
    sizes = np.bincount(band.ravel())
    sizes[band.min()] = 0  # what is right
    centre = np.empty((count, 2))
    for k in range(count):
        if not sizes.any():  # nothing is wrong any more: a grid, so that the number is kept
            centre[k] = width * ((k * 0.618) % 1), height * ((k + 0.5) / count)
            continue
        commonest = int(sizes.argmax())
        parts, number = ndimage.label(band == commonest)
        largest = 1 + int(np.bincount(parts.ravel(), minlength=number + 1)[1:].argmax())
        rows, columns = np.nonzero(parts == largest)
        nearest = int(((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2).argmin())
        centre[k] = columns[nearest] + 0.5, rows[nearest] + 0.5
        sizes[commonest] -= len(rows)
        band[parts == largest] = band.min()
    spread = np.tile(DOT * min(height, width) * np.eye(2), (count, 1, 1))
    column, row = centre.astype(np.int64).T
    return Patches(centre, spread, wanted[:, row.clip(0, height - 1), column.clip(0, width - 1)].T)


def _connected(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for each connected patch of one value, above 0."""
    found: NDArray[np.int64] = _label(values, connectivity=1)  # type: ignore[no-untyped-call]
    return found


def _by_patches(
    wanted: NDArray[np.float64], seen: NDArray[np.float64], count: int, alike: float, generator: torch.Generator
) -> Patches:
    """Connected patches of a like difference, as ellipses of the same moments."""
    height, width = wanted.shape[1:]
    missing = ndimage.gaussian_filter(wanted - seen, (0, 1, 1), mode="nearest")
    step = np.round(missing / alike).astype(np.int64)
    step -= step.min()
    whole = _connected(np.ravel_multi_index(tuple(step), tuple(step.max(axis=(1, 2)) + 1)) + 1).ravel()
    y, x = np.divmod(np.arange(height * width), width)
    area = np.maximum(np.bincount(whole), 1)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.bincount(whole, values) / area
        return found

    error = area * mean((missing**2).sum(0).ravel())
    likely = error.argsort(kind="stable")[::-1][: CANDIDATES * count]
    centre = np.stack([mean(x + 0.5), mean(y + 0.5)], axis=1)
    moments = np.stack([mean(x * x), mean(x * y), mean(x * y), mean(y * y)], axis=1).reshape(-1, 2, 2)
    off = centre - 0.5
    values, axes = np.linalg.eigh((moments - off[:, :, None] * off[:, None])[likely] + np.eye(2) / 12)
    spread = axes * (2 * np.sqrt(values))[:, None]  # an even ellipse of semi-axis a has the variance a^2 / 4
    rgb = np.stack([mean(channel.ravel()) for channel in wanted], axis=1)[likely]
    tried = Patches(np.tile(centre[likely], (2, 1)), np.concatenate([spread, spread / 2]), np.tile(rgb, (2, 1)))
    gain = _gain(wanted, ((wanted - seen) ** 2).sum(0), tried).reshape(2, -1)
    half = gain[1] > gain[0]
    most = gain.max(axis=0)
    best = most.argsort(kind="stable")[::-1][:count]
    best = best[most[best] > 0]
    spread = np.where(half[best, None, None], 0.5, 1) * spread[best]
    found = Patches(centre[likely][best], spread, rgb[best])
    left = count - len(best)
    if not left:
        return found
    places = scatter(torch.from_numpy((missing**2).sum(0) + 1e-6), left, generator).numpy()
    column, row = places.astype(np.int64).T
    dots = np.tile(DOT * min(height, width) * np.eye(2), (left, 1, 1))
    more = wanted[:, row.clip(0, height - 1), column.clip(0, width - 1)].T
    return Patches(
        np.concatenate([found.centre, places]), np.concatenate([spread, dots]), np.concatenate([found.rgb, more])
    )


def _gain(wanted: NDArray[np.float64], error: NDArray[np.float64], tried: Patches) -> NDArray[np.float64]:
    """By how much each ellipse alone, laid over the picture, would lower the squared error `[H, W]`."""
    height, width = error.shape
    gain = np.zeros(len(tried.centre))
    for k, ((cx, cy), spread, rgb) in enumerate(zip(tried.centre, tried.spread, tried.rgb, strict=True)):
        reach = np.linalg.norm(spread, axis=1)
        x0, x1 = max(int(cx - reach[0]), 0), min(int(cx + reach[0]) + 1, width)
        y0, y1 = max(int(cy - reach[1]), 0), min(int(cy + reach[1]) + 1, height)
        y, x = np.mgrid[y0:y1, x0:x1]
        inverse = np.linalg.inv(spread)
        u, v = (inverse[i, 0] * (x + 0.5 - cx) + inverse[i, 1] * (y + 0.5 - cy) for i in (0, 1))
        inside = u * u + v * v < 1
        after = ((wanted[:, y0:y1, x0:x1] - rgb[:, None, None]) ** 2).sum(0)
        gain[k] = (error[y0:y1, x0:x1] - after)[inside].sum()
    return gain
