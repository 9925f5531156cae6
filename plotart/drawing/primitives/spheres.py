"""Spheres in space, seen by two cameras: beside each other on the canvas, or over each other as an anaglyph."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

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

__all__ = ["TOGETHER", "Spheres", "SpheresSpec", "Views", "luma"]

Views = Literal["pair", "anaglyph"]
TOGETHER = (
    "spheres whose primitive.views is 'pair' go with the stage 'project', 'anaglyph' with the stage 'anaglyph'; "
    "start from the config 'space' or 'anaglyph'"
)
LUMA = (0.2126, 0.7152, 0.0722)
"""What R, G and B count in a grey, as ITU-R BT.709 has it; of sRGB values, which are mixed as they are."""
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
        views: `pair` is camera 1 on the left half of the canvas and camera 2 on the right; in an `anaglyph` both see
            all of it, in grey, camera 1 in the light that a red glass lets through and camera 2 in the rest of it.
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
        views: Views = "pair",
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
        self.extent, self.angle, self.distance, self.views = extent, angle, distance, views

    def __len__(self) -> int:
        return len(self.centre)

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height of what a camera sees, unit."""
        return (self.extent[0] / 2 if self.views == "pair" else self.extent[0]), self.extent[1]

    def discs(self, camera: int) -> tuple[Tensor, Tensor]:
        """What camera 0 or 1 sees: x, y, radius of each disc on the canvas, `[N, 3]` unit, and its depth, `[N]`."""
        turn = math.radians(self.angle) * camera
        x, y, z = self.centre.unbind(1)
        wide, high = self.sides
        away = self.distance * wide
        depth = away + z * math.cos(turn) - x * math.sin(turn)
        scale = away / depth
        across = self.frame(camera)[0] + wide / 2 + scale * (x * math.cos(turn) + z * math.sin(turn))
        return torch.stack([across, high / 2 + scale * y, scale * self.radius], dim=1), depth

    def frame(self, camera: int) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of what a camera sees on the canvas, unit."""
        wide, high = self.sides
        left = camera * wide if self.views == "pair" else 0.0
        return left, 0.0, left + wide, high

    def coverage(self, xy: Tensor) -> Tensor:
        right = xy[:, 0] >= self.extent[0] / 2
        one, other = (_covered(self.discs(camera)[0], xy, CRISP) for camera in (0, 1))
        if self.views == "anaglyph":
            return 1 - (1 - one) * (1 - other)
        return torch.where(right, other, one)

    def seen(self, view: View) -> Coverages:
        return Pair(self, view) if self.views == "pair" else Overlaid(self, view)

    def paths(self) -> list[Path]:
        raise TypeError("spheres have no paths of their own; the stages project and anaglyph draw what is seen of them")

    @torch.no_grad()
    def constrain_(self) -> None:
        wide, high = self.sides
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
        packed |= {"angle": self.angle, "distance": self.distance, "views": self.views}
        return {**packed, "extent": list(self.extent)}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Spheres:
        wide, high = state["extent"]
        return cls(
            state["centre"], state["radius"], state["width"],
            extent=(wide, high), angle=state["angle"], distance=state["distance"], views=state.get("views", "pair"),
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
                part = replace(view, pixels=pixels[where])
                self.halves.append((where.to(like.device), *_layered(spheres, part, camera, edge)))

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        found = torch.cat([seen.over(rgb[order], opacity[order], ground)[:, 0] for _, order, seen in self.halves], 1)
        back = torch.cat([where for where, _, _ in self.halves]).argsort()
        return self.view.shaped(found[:, back])


class Overlaid(Coverages):
    """What two cameras see of spheres, in grey, over each other: the first makes R, the second G and B."""

    def __init__(self, spheres: Spheres, view: View) -> None:
        super().__init__(spheres.kind, view)
        edge = EDGE_PX * view.softness / view.px
        self.views = [_layered(spheres, view, camera, edge) for camera in (0, 1)]

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        grey, below = luma(rgb, 1)[:, None], luma(ground, 0)[None]
        first, second = (seen.over(grey[order], opacity[order], below)[0] for order, seen in self.views)
        return torch.stack([first, second, second])


def luma(rgb: Tensor, dim: int) -> Tensor:
    """The greys of sRGB values whose R, G and B lie along `dim`, which goes."""
    return (rgb.movedim(dim, -1) * torch.tensor(LUMA).to(rgb)).sum(-1)


def _layered(spheres: Spheres, view: View, camera: int, edge: float) -> tuple[Tensor, Dense]:
    """The order in which a camera's discs lie, the farthest first, and what they cover of a view in that order."""
    discs, depth = spheres.discs(camera)
    order = depth.detach().argsort(descending=True, stable=True)
    return order, Dense(
        spheres.kind, view, lambda xy: _covered(discs[order], xy, edge), len(discs), spheres.width, samples=1
    )


@primitives.register("spheres")
class SpheresSpec(PrimitiveSpec):
    """How many spheres, and how two cameras look at them; they start at random places of space.

    The picture asked for is a pair, left what camera 1 is to see, right what camera 2 is to see, or their anaglyph.
    """

    makes = Spheres
    inks: ClassVar[tuple[str, ...]] = ("over",)

    count: int = Field(200, ge=1, le=100_000, description="number of spheres")
    radius: float | None = Field(
        None, gt=0, le=LARGEST, description="largest radius at the start, in widths of a view; none: by the count"
    )
    views: Views = Field(
        "pair", description="side by side in colour, or anaglyph: over each other, a pen each, for red-cyan glasses"
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
        return frozenset({"space" if self.views == "pair" else "stereo"})

    def check(self, config: Whole, at: str) -> None:
        # what enlarges a finished run has its strokes, and projects nothing any more
        if "projected" not in config.given and config.stages[0].source is None:
            raise InputError(f"{at}: {TOGETHER}")

    def label(self, config: Whole) -> tuple[str, ...]:
        return (f"spheres{self.count}",)

    def asked(self, picture: Tensor) -> Tensor:
        other = picture.flip(-1) if self.second is None else self._beside(picture)
        if self.views == "pair":
            return torch.cat([picture, other], dim=-1)
        first, second = luma(picture, 0), luma(other, 0)
        return torch.stack([first, second, second])

    def _beside(self, picture: Tensor) -> Tensor:
        """The second picture at the size of the first."""
        assert self.second is not None
        other, (high, wide) = load_image(self.second, "primitive.second"), picture.shape[-2:]
        scale = max(high / other.shape[-2], wide / other.shape[-1])
        size = [max(side, round(scale * had)) for side, had in zip((high, wide), other.shape[-2:], strict=True)]
        other = interpolate(other[None], size, mode="bilinear", antialias=True, align_corners=False)[0].clamp(0, 1)
        top, left = (size[0] - high) // 2, (size[1] - wide) // 2
        return other[:, top : top + high, left : left + wide]

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Spheres:
        extent = canvas.unit_size
        wide, high = (extent[0] / 2 if self.views == "pair" else extent[0]), extent[1]
        centre = (torch.rand(self.count, 3, generator=generator) - 0.5) * torch.tensor([wide, high, wide])
        largest = (self.radius or min(LARGEST, 1.0 / math.sqrt(self.count))) * wide
        radius = largest * (0.2 + 0.8 * torch.rand(self.count, generator=generator))
        made = Spheres(
            centre, radius, torch.full((self.count,), width),
            extent=extent, angle=self.angle, distance=self.distance, views=self.views,
        )  # fmt: skip
        if (target := start.get("target")) is not None:
            seen = [_at(target[0].cpu(), made.discs(camera)[0]) for camera in (0, 1)]
            if self.views == "anaglyph":  # of which the one is R and the other G and B
                seen = [rgb[:, camera, None].expand(-1, 3) for camera, rgb in enumerate(seen)]
            made.start_rgb = torch.stack(seen).mean(0)
        return made


@torch.no_grad()
def _at(picture: Tensor, discs: Tensor) -> Tensor:
    """The colours `[N, 3]` of `picture [3, H, W]` at the middles of discs."""
    px = min(picture.shape[-2:])
    x, y = ((discs[:, axis] * px).long().clamp(0, picture.shape[2 - axis] - 1) for axis in (0, 1))
    return picture[:, y, x].T
