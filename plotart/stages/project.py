"""From spheres in space to flat shapes: what each of two cameras sees of them, side by side."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from shapely import Point, Polygon, box

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.primitives.paths import Paths
from plotart.drawing.primitives.spheres import TOGETHER, Spheres
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.watch import Watch

__all__ = ["Project", "Projecting", "flattened", "tell_views"]

ROUND = 64
"""Straight sides of a whole disc: within a thousandth of its radius."""
SIDES = ROUND + 8
"""... and of one that the four edges of its view may cut."""
LEAST = 1e-6
"""Area of the smallest disc that is kept, square units."""


class Projecting(Stage):
    """What draws the views of spheres, which are fitted before and are no spheres any more afterwards."""

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"projected"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return f"{at}: {TOGETHER}"

    def check(self, config: Whole, at: str) -> None:
        for stage in config.stages[: list(config.stages).index(self)]:
            if not stage.fits:
                raise InputError(f"stages: before '{self.kind}' spheres can only be fitted, not by '{stage.kind}'")


@stages.register("project")
class Project(Projecting):
    """Turn spheres into paths, for good: a pair of views, each cut at its edge and laid from far to near.

    A sphere that both cameras see becomes two shapes of one colour, which `hatch` draws as any others.
    """

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"space"})

    @property
    def gives(self) -> frozenset[str]:
        return super().gives | {"shapes"}

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        if not isinstance(drawing.primitive, Spheres):
            return drawing.copy()
        views = [flattened(drawing, camera) for camera in (0, 1)]
        tell_views(drawing, [0 if view is None else len(view) for view in views], context, watch)
        return Drawing.joined([view for view in views if view is not None])


@torch.no_grad()
def flattened(drawing: Drawing, camera: int) -> Drawing | None:
    """What camera 0 or 1 sees of a drawing's spheres, as paths, from far to near; None if it sees none."""
    spheres = drawing.primitive
    assert isinstance(spheres, Spheres)
    points: list[NDArray[np.float64]] = []
    keep: list[int] = []
    discs, depth = spheres.discs(camera)
    rows, frame = discs.double().cpu().numpy(), box(*spheres.frame(camera))
    for i in depth.argsort(descending=True, stable=True).tolist():
        shape = Point(rows[i, :2]).buffer(rows[i, 2], quad_segs=ROUND // 4).intersection(frame)
        if isinstance(shape, Polygon) and shape.area > LEAST:
            points.append(_outline(shape))
            keep.append(i)
    if not points:
        return None
    which = torch.tensor(keep)
    made = Paths(torch.from_numpy(np.stack(points)).float(), spheres.width.cpu()[which])
    return Drawing(drawing.canvas, made.to(drawing.device), drawing.ink.subset(which.to(drawing.device)))


@torch.no_grad()
def tell_views(drawing: Drawing, seen: list[int], context: Context, watch: Watch) -> None:
    """Say how many spheres each camera sees, and how near each view comes to its picture.

    Raises:
        InputError: none sees any.
    """
    spheres = drawing.primitive
    assert isinstance(spheres, Spheres)
    if not any(seen):
        raise InputError("stages: no camera sees a sphere; take more of them (primitive.count) or larger ones")
    told = f"camera 1 sees {seen[0]} spheres, camera 2 {seen[1]}, of {len(spheres)}"
    if context.picture is not None:
        missed = (context.renderer(drawing, context.size) - context.picture).square()[0]
        half = missed.shape[-1] // 2
        pair = (missed[..., :half], missed[..., half:]) if spheres.views == "pair" else (missed[0], missed[1])
        db = [-10 * math.log10(float(part.mean()) + 1e-12) for part in pair]
        watch.tell("views", {"first_db": db[0], "second_db": db[1], "spheres": len(spheres)})
        told += f"; {db[0]:.1f} and {db[1]:.1f} dB from their pictures"
    watch.say(told)


def _outline(shape: Polygon) -> NDArray[np.float64]:
    """A convex polygon as so many straight cubics, `[3 SIDES, 2]`; its longest sides are halved until they are."""
    corners = [np.array(point) for point in shape.exterior.coords[:-1]]
    while len(corners) < SIDES:
        sides = [float(np.hypot(*(corners[k] - corners[k - 1]))) for k in range(len(corners))]
        k = int(np.argmax(sides))
        corners.insert(k, (corners[k] + corners[k - 1]) / 2)
    line = np.stack(corners)[:SIDES]
    ahead = np.roll(line, -1, axis=0) - line
    return np.stack([line, line + ahead / 3, line + 2 * ahead / 3], axis=1).reshape(-1, 2)
