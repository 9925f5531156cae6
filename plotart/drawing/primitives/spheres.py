"""Spheres in space, seen by two cameras: one on the left half of the canvas, the other on the right."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import interpolate

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.core.geometry import Path
from plotart.core.images import load_image
from plotart.core.parts import Whole
from plotart.core.settings import NamesFile
from plotart.drawing.primitives.base import Primitive, PrimitiveSpec, primitives
from plotart.drawing.render.dense import Dense
from plotart.drawing.render.view import Coverages, View
from plotart.raster.forms import EDGE_PX

__all__ = ["TOGETHER", "Spheres", "SpheresSpec"]

TOGETHER = "the primitive 'spheres' and the stage 'project' go together; start from the config 'space'"
SMALLEST, LARGEST = 0.004, 0.5
"""Range of radii, in widths of a view."""
ROOM = 0.6
"""Centres stay so far from the middle along each axis, in the sides of a view."""
CRISP = 1e-3
"""Edge of `coverage`, unit."""


class Spheres(Primitive):
    """N opaque or glassy balls; camera 1 looks at them from the front, camera 2 from `angle` degrees to the side.

    In each view a sphere is a disc, sigmoid((radius - distance) / edge), and what is nearer to the camera lies on top.
    With a the camera's angle, D its distance, d = D + z cos a - x sin a the depth and s = D / d the scale, its centre
    lies at (s (x cos a + z sin a), s y) from the middle of the view, and its radius there is s r. (The outline of a
    sphere far from the axis is an ellipse; the disc is that of the section that faces the camera.)

    Args:
        centre: `[N, 3]` unit, x right, y down, z away from camera 1, from the middle of space. radius: `[N]` unit.
        width: `[N]` unit, of the pen. extent: width and height of the canvas, unit.
        angle: between the cameras, degrees. distance: of the cameras, in widths of a view.
    """

    rates: ClassVar[Mapping[str, float]] = {"centre": 0.004, "radius": 0.003}
    per_shape = ("centre", "radius", "width")
    plotted = False

    def __init__(
        self,
        centre: Tensor,
        radius: Tensor,
        width: Tensor,
        *,
        extent: tuple[float, float],
        angle: float = 90.0,
        distance: float = 4.0,
    ) -> None:
        super().__init__()
        if centre.ndim != 2 or centre.shape[1] != 3:
            raise ValueError(f"centre must be [N, 3], not {list(centre.shape)}")
        for name, value in (("radius", radius), ("width", width)):
            if value.shape != centre.shape[:1]:
                raise ValueError(f"{name} must be [{len(centre)}], not {list(value.shape)}")
        self.centre = nn.Parameter(centre.detach().clone())
        self.radius = nn.Parameter(radius.detach().clone())
        self.register_buffer("width", width.detach().clone())
        self.extent, self.angle, self.distance = extent, angle, distance

    def __len__(self) -> int:
        return len(self.centre)

    def discs(self, camera: int) -> tuple[Tensor, Tensor]:
        """What camera 0 or 1 sees: x, y, radius of each disc on the canvas, `[N, 3]` unit, and its depth, `[N]`."""
        turn = math.radians(self.angle) * camera
        x, y, z = self.centre.unbind(1)
        away = self.distance * self.extent[0] / 2
        depth = away + z * math.cos(turn) - x * math.sin(turn)
        scale = away / depth
        across = (0.25 + 0.5 * camera) * self.extent[0] + scale * (x * math.cos(turn) + z * math.sin(turn))
        return torch.stack([across, self.extent[1] / 2 + scale * y, scale * self.radius], dim=1), depth

    def frame(self, camera: int) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of a camera's half of the canvas, unit."""
        half = self.extent[0] / 2
        return camera * half, 0.0, (camera + 1) * half, self.extent[1]

    def coverage(self, xy: Tensor) -> Tensor:
        right = xy[:, 0] >= self.extent[0] / 2
        one, other = (_covered(self.discs(camera)[0], xy, CRISP) for camera in (0, 1))
        return torch.where(right, other, one)

    def seen(self, view: View) -> Coverages:
        return Pair(self, view)

    def paths(self) -> list[Path]:
        raise TypeError(
            "spheres have no paths of their own; the stage project makes flat shapes of what is seen of them"
        )

    @torch.no_grad()
    def constrain_(self) -> None:
        wide, high = self.extent[0] / 2, self.extent[1]
        room = ROOM * torch.tensor([wide, high, wide]).to(self.centre)
        self.centre.clamp_(-room, room)
        self.radius.clamp_(SMALLEST * wide, LARGEST * wide)

    def set_width(self, width: Tensor) -> None:
        self.width.copy_(width)

    def area(self) -> Tensor:
        return torch.zeros(len(self))

    def pack(self) -> dict[str, Any]:
        kept = {"centre": self.centre, "radius": self.radius, "width": self.width}
        packed: dict[str, Any] = {name: value.detach().clone() for name, value in kept.items()}
        return {**packed, "extent": list(self.extent), "angle": self.angle, "distance": self.distance}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Spheres:
        wide, high = state["extent"]
        return cls(
            state["centre"], state["radius"], state["width"],
            extent=(wide, high), angle=state["angle"], distance=state["distance"],
        )  # fmt: skip


def _covered(discs: Tensor, xy: Tensor, edge: float) -> Tensor:
    """Coverage `[N, P]` of the points `xy [P, 2]` by `discs [N, 3]`, unit."""
    distance = ((xy - discs[:, None, :2]).square().sum(-1) + 1e-12).sqrt()
    return torch.sigmoid((discs[:, 2:] - distance) / edge)


class Pair(Coverages):
    """What two cameras see of spheres, each on its half of the image, the nearest on top."""

    def __init__(self, spheres: Spheres, view: View) -> None:
        super().__init__(spheres.kind, view)
        height, width = view.size
        pixels = torch.arange(height * width) if view.pixels is None else view.pixels.cpu()
        right = 2 * (pixels % width) + 1 >= width
        edge = EDGE_PX * view.softness / view.px
        like = spheres.width
        self.halves: list[tuple[Tensor, Tensor, Dense]] = []
        for camera, where in enumerate((torch.nonzero(~right)[:, 0], torch.nonzero(right)[:, 0])):
            if len(where):
                self.halves.append((where.to(like.device), *_half(spheres, view, camera, pixels[where], edge)))

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        found = torch.cat([seen.over(rgb[order], opacity[order], ground)[:, 0] for _, order, seen in self.halves], 1)
        back = torch.cat([where for where, _, _ in self.halves]).argsort()
        return self.view.shaped(found[:, back])


def _half(spheres: Spheres, view: View, camera: int, pixels: Tensor, edge: float) -> tuple[Tensor, Dense]:
    """The order in which a camera's discs lie, the farthest first, and what they cover in that order."""
    discs, depth = spheres.discs(camera)
    order = depth.detach().argsort(descending=True, stable=True)
    part = replace(view, pixels=pixels)
    return order, Dense(
        spheres.kind, part, lambda xy: _covered(discs[order], xy, edge), len(discs), spheres.width, samples=1
    )


@primitives.register("spheres")
class SpheresSpec(PrimitiveSpec):
    """How many spheres, and how two cameras look at them; they start at random places of space.

    The picture asked for is a pair: left what camera 1 is to see, right what camera 2 is to see.
    """

    makes = Spheres
    inks: ClassVar[tuple[str, ...]] = ("over",)

    count: int = Field(200, ge=1, le=100_000, description="number of spheres")
    radius: float | None = Field(
        None, gt=0, le=LARGEST, description="largest radius at the start, in widths of a view; none: by the count"
    )
    second: Annotated[str | None, NamesFile()] = Field(
        None, description="file of the picture for camera 2, cut to the aspect of the first; none: the first, mirrored"
    )
    angle: float = Field(90.0, ge=0, le=180, description="between the cameras, around the upright axis, degrees")
    distance: float = Field(4.0, ge=1.5, le=1000, description="of the cameras from the middle, in widths of a view")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"picture"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"space"})

    def check(self, config: Whole, at: str) -> None:
        # what enlarges a finished run has its strokes, and projects nothing any more
        if "projected" not in config.given and config.stages[0].source is None:
            raise InputError(f"{at}: {TOGETHER}")

    def label(self, config: Whole) -> tuple[str, ...]:
        return (f"spheres{self.count}",)

    def asked(self, picture: Tensor) -> Tensor:
        if self.second is None:
            return torch.cat([picture, picture.flip(-1)], dim=-1)
        other, (high, wide) = load_image(self.second, "primitive.second"), picture.shape[-2:]
        scale = max(high / other.shape[-2], wide / other.shape[-1])
        size = [max(side, round(scale * had)) for side, had in zip((high, wide), other.shape[-2:], strict=True)]
        other = interpolate(other[None], size, mode="bilinear", antialias=True, align_corners=False)[0].clamp(0, 1)
        top, left = (size[0] - high) // 2, (size[1] - wide) // 2
        return torch.cat([picture, other[:, top : top + high, left : left + wide]], dim=-1)

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Spheres:
        wide, high = canvas.unit_size
        sides = torch.tensor([wide / 2, high, wide / 2])
        centre = (torch.rand(self.count, 3, generator=generator) - 0.5) * sides
        largest = (self.radius or min(LARGEST, 1.0 / math.sqrt(self.count))) * wide / 2
        radius = largest * (0.2 + 0.8 * torch.rand(self.count, generator=generator))
        made = Spheres(
            centre, radius, torch.full((self.count,), width),
            extent=(wide, high), angle=self.angle, distance=self.distance,
        )  # fmt: skip
        if (target := start.get("target")) is not None:
            made.start_rgb = torch.stack([_at(target[0].cpu(), made.discs(camera)[0]) for camera in (0, 1)]).mean(0)
        return made


@torch.no_grad()
def _at(picture: Tensor, discs: Tensor) -> Tensor:
    """The colours `[N, 3]` of `picture [3, H, W]` at the middles of discs."""
    px = min(picture.shape[-2:])
    x, y = ((discs[:, axis] * px).long().clamp(0, picture.shape[2 - axis] - 1) for axis in (0, 1))
    return picture[:, y, x].T
