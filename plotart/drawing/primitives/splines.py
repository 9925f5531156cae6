"""Splines: long open curves of any number of vertices each, smooth whatever becomes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.core.geometry import Path, bernstein
from plotart.core.parts import Whole
from plotart.drawing.primitives.base import Primitive, PrimitiveSpec, primitives
from plotart.drawing.primitives.strokes import StrokeCoverages, distances, inside
from plotart.drawing.render.view import Coverages, View

__all__ = ["Splines", "SplinesSpec"]

BUNDLE = 8
"""Cubics that are rendered as one stroke: a stroke of its own for each would have two round caps to look after."""
RING = 0.9
"""Diameter, in tips, of the ring that a pen draws for a dot: a lift takes most of its time, and it leaves no hole."""


class Splines(Primitive):
    """N uniform cubic B-splines, each through its first and its last vertex.

    Between the vertices v1 and v2 lies the cubic with the control points

        (v0 + 4 v1 + v2) / 6,   (2 v1 + v2) / 3,   (v1 + 2 v2) / 3,   (v1 + 4 v2 + v3) / 6

    (C. de Boor, "A practical guide to splines", 1978), with a vertex 2 v1 - v2 beyond an end; two neighbouring cubics
    have tangent and curvature in common. A spline of one vertex is a dot.

    Args:
        vertices: `[P, 2]` unit, those of the first spline, then of the second, ...
        count: `[N]` long, how many are each one's. width: `[N]` unit, of the pen.
        laid: `[P, 2]`, where the vertices were laid; by default where they are.
        extent: `[2]` unit, the far corner of what they are kept in, so that no spline leaves it; none by default.
    """

    rates: ClassVar[Mapping[str, float]] = {"vertices": 0.002}
    tiled = True
    in_pieces = True
    laid: Tensor
    count: Tensor
    extent: Tensor

    def __init__(
        self,
        vertices: Tensor,
        count: Tensor,
        width: Tensor,
        laid: Tensor | None = None,
        extent: Tensor | None = None,
    ) -> None:
        super().__init__()
        if vertices.ndim != 2 or vertices.shape[1] != 2 or count.ndim != 1 or int(count.sum()) != len(vertices):
            raise ValueError(f"{int(count.sum())} vertices [P, 2] are wanted, not {list(vertices.shape)}")
        if len(count) and int(count.min()) < 1:
            raise ValueError("a spline has at least one vertex")
        if width.shape != count.shape:
            raise ValueError(f"width must be {list(count.shape)}, not {list(width.shape)}")
        self.vertices = nn.Parameter(vertices.detach().clone())
        self.register_buffer("count", count.detach().clone().long())
        self.register_buffer("width", width.detach().clone())
        self.register_buffer("laid", (vertices if laid is None else laid).detach().clone())
        far = torch.full((2,), torch.inf) if extent is None else extent
        self.register_buffer("extent", far.detach().clone())
        self._pieces = list(_pieces(self.count.cpu()))

    def __len__(self) -> int:
        return len(self.count)

    @property
    def points(self) -> Tensor:
        """The vertices, for what asks where strokes are."""
        return self.vertices

    def cubics(self) -> tuple[Tensor, Tensor, Tensor]:
        """The pieces `[M, 4, 2]` unit, differentiable, the spline of each `[M]`, which of its ends end it `[M, 2]`."""
        before, start, end, after, owner = (part.to(self.vertices.device) for part in self._pieces)
        v1, v2 = self.vertices[start], self.vertices[end]
        first, last = (before < 0)[:, None], (after < 0)[:, None]
        v0 = torch.where(first, 2 * v1 - v2, self.vertices[before.clamp_min(0)])
        v3 = torch.where(last, 2 * v2 - v1, self.vertices[after.clamp_min(0)])
        pieces = torch.stack([(v0 + 4 * v1 + v2) / 6, (2 * v1 + v2) / 3, (v1 + 2 * v2) / 3, (v1 + 4 * v2 + v3) / 6], 1)
        return pieces, owner, torch.cat([first, last], dim=1).to(pieces)

    def lengths(self) -> Tensor:
        """Length of each spline, differentiable (6 chords a piece; a dot's is that of its ring): `[N]` unit."""
        pieces, owner, _ = self.cubics()
        even = torch.linspace(0.0, 1.0, 7, dtype=pieces.dtype, device=pieces.device)
        line = torch.einsum("tk,nkc->ntc", torch.stack(bernstein(even), dim=1), pieces)
        each = (line.diff(dim=1).square().sum(-1) + 1e-16).sqrt().sum(-1)
        found = torch.zeros(len(self), dtype=pieces.dtype, device=pieces.device).index_add(0, owner, each)
        return torch.where(self.count == 1, math.pi * RING * self.width, found)

    def turns(self) -> Tensor:
        """Second differences of neighbouring vertices, differentiable: `[Q, 2]` unit."""
        return self._second(self.vertices)

    def bent(self) -> Tensor:
        """What has become of the second differences since the splines were laid, `[Q, 2]` unit."""
        return self._second(self.vertices - self.laid)

    def pitch(self) -> float:
        """The mean distance of neighbouring vertices as laid, unit."""
        near = self.laid.diff(dim=0).norm(dim=1)[self._inside(1)]
        return float(near.mean()) if len(near) else 1.0

    def _second(self, vertices: Tensor) -> Tensor:
        return vertices.diff(n=2, dim=0)[self._inside(2)]

    def _inside(self, steps: int) -> Tensor:
        """Whether the vertices i and i + steps are one spline's, `[P - steps]`."""
        owner = torch.repeat_interleave(torch.arange(len(self), device=self.count.device), self.count)
        return owner[steps:] == owner[: len(owner) - steps]

    def coverage(self, xy: Tensor) -> Tensor:
        pieces, owner, _ = self.cubics()
        even = torch.linspace(0.0, 1.0, 9, dtype=pieces.dtype, device=pieces.device)
        line = torch.einsum("tk,nkc->ntc", torch.stack(bernstein(even), dim=1), pieces)
        each = distances(line, xy)
        far = torch.full((len(self), len(xy)), torch.inf, dtype=each.dtype, device=each.device)
        distance = far.scatter_reduce(0, owner[:, None].expand_as(each), each, "amin")
        return inside(distance, self._seen_width())

    def _seen_width(self) -> Tensor:
        return torch.where(self.count == 1, (1 + RING) * self.width, self.width)

    def seen(self, view: View) -> Coverages:
        pieces, _, _ = self.cubics()
        rows, bundle = _bundles(self._pieces[4])
        flat = pieces[rows.to(pieces.device)]  # [B, BUNDLE, 4, 2]
        beyond = (rows[:, 1:] == rows[:, :-1]).to(pieces.device)
        rest = torch.where(beyond[..., None, None], flat[:, 1:, 3:], flat[:, 1:, 1:])
        points = torch.cat([flat[:, 0], rest.flatten(1, 2)], dim=1)
        bundle = bundle.to(pieces.device)
        return SplineCoverages(points, self._seen_width()[bundle], bundle, view)

    def paths(self) -> list[Path]:
        pieces, _, _ = self.cubics()
        flat = pieces.detach().cpu().numpy().astype(np.float64)
        found, at = [], 0
        width = self.width.cpu().numpy()
        for number, count in enumerate(self.count.tolist()):
            own = flat[at : at + max(count - 1, 1)]
            at += max(count - 1, 1)
            found.append(
                _ring(own[0, 0], float(width[number])) if count == 1 else np.concatenate([own[0], *own[1:, 1:]])
            )
        return found

    @torch.no_grad()
    def set_width(self, width: Tensor) -> None:
        self.width.copy_(width)

    @torch.no_grad()
    def constrain_(self) -> None:
        """A B-spline lies within the hull of its vertices."""
        if bool(self.extent.isfinite().all()):
            self.vertices.clamp_(min=0)
            self.vertices.clamp_(max=self.extent)

    @torch.no_grad()
    def area(self) -> Tensor:
        width = self._seen_width()
        line = torch.where(self.count == 1, torch.zeros_like(width), self.lengths())
        return line * width + torch.pi / 4 * width**2

    def pack(self) -> dict[str, Tensor]:
        names = ("vertices", "count", "width", "laid", "extent")
        return {name: getattr(self, name).detach().clone() for name in names}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Self:
        return cls(*(state[name] for name in ("vertices", "count", "width", "laid", "extent")))

    def subset(self, keep: Tensor) -> Self:
        first = self.count.cumsum(0) - self.count
        own = [torch.arange(int(first[i]), int(first[i] + self.count[i])) for i in keep.tolist()]
        rows = torch.cat(own).to(self.count.device) if own else torch.zeros(0, dtype=torch.long)
        state = self.pack()
        rows_of = {name: state[name][rows] for name in ("vertices", "laid")}
        return self.unpack({**state, **rows_of, "count": state["count"][keep], "width": state["width"][keep]})

    def without(self, pieces: Mapping[int, set[int]]) -> tuple[Self, Tensor]:
        """Splines are cut where a piece is taken away; what is left of one ends at the vertices next to the gap."""
        rows, counts, owners, first = list[int](), list[int](), list[int](), 0
        for number, count in enumerate(self.count.tolist()):
            gone, start = pieces.get(number, set[int]()), 0
            for end in [piece + 1 for piece in sorted(gone)] + ([] if count == 1 and gone else [count]):
                if end - start > (1 if gone else 0):  # a single vertex that is left over would be a dot
                    rows += range(first + start, first + end)
                    counts.append(end - start)
                    owners.append(number)
                start = end
            first += count
        state, kept = self.pack(), torch.tensor(rows, dtype=torch.long, device=self.count.device)
        owner = torch.tensor(owners, dtype=torch.long, device=self.count.device)
        rows_of = {name: state[name][kept] for name in ("vertices", "laid")}
        count_of = torch.tensor(counts, dtype=torch.long, device=self.count.device)
        return self.unpack({**state, **rows_of, "count": count_of, "width": state["width"][owner]}), owner

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        states = [part.pack() for part in parts]
        each = {name: torch.cat([state[name] for state in states]) for name in states[0] if name != "extent"}
        return cls.unpack({**each, "extent": states[0]["extent"]})


class SplineCoverages(StrokeCoverages):
    """Splines as bundles of cubics, each of the spline `owner [B]`."""

    def __init__(self, points: Tensor, width: Tensor, owner: Tensor, view: View) -> None:
        super().__init__(points, width, view, "splines")
        self.owner = owner

    def over(self, rgb: Tensor, opacity: Tensor, ground: Tensor) -> Tensor:
        return super().over(rgb[self.owner], opacity[self.owner], ground)

    def passed(self, weight: Tensor) -> Tensor:
        return super().passed(weight[self.owner])

    def united(self, pen: Tensor, pens: int, presence: Tensor | None = None) -> Tensor:
        return super().united(pen[self.owner], pens, None if presence is None else presence[self.owner])


def _pieces(count: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Of each cubic the vertices before, at and after its two ends (-1 beyond an end) and its spline, each `[M]`."""
    first = count.cumsum(0) - count
    cubics = (count - 1).clamp_min(1)
    owner = torch.repeat_interleave(torch.arange(len(count)), cubics)
    place = torch.arange(int(cubics.sum())) - torch.repeat_interleave(cubics.cumsum(0) - cubics, cubics)
    start = first[owner] + place
    last = first[owner] + count[owner] - 1
    end = torch.minimum(start + 1, last)
    before = torch.where(place > 0, start - 1, -1)
    after = torch.where(end < last, end + 1, -1)
    return before, start, end, after, owner


def _bundles(owner: Tensor) -> tuple[Tensor, Tensor]:
    """Neighbouring cubics of a spline together: their indices `[B, BUNDLE]`, the last again where there are fewer, and
    the spline of each bundle `[B]`."""
    cubics = torch.bincount(owner) if len(owner) else torch.zeros(0, dtype=torch.long)
    bundles = -(-cubics // BUNDLE)
    spline = torch.repeat_interleave(torch.arange(len(cubics)), bundles)
    place = torch.arange(int(bundles.sum())) - torch.repeat_interleave(bundles.cumsum(0) - bundles, bundles)
    first = (cubics.cumsum(0) - cubics)[spline]
    last = first + cubics[spline] - 1
    rows = (first + BUNDLE * place)[:, None] + torch.arange(BUNDLE)
    return torch.minimum(rows, last[:, None]), spline


def _ring(centre: np.ndarray[Any, np.dtype[np.float64]], tip: float) -> Path:
    """Four cubics round a dot."""
    radius, k = RING * tip / 2, 0.5522847498
    quarter = np.array([[1, 0], [1, k], [k, 1], [0, 1]])
    turned = [quarter @ np.array([[c, s], [-s, c]]) for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    return centre + radius * np.concatenate([turned[0], *(part[1:] for part in turned[1:])])


@primitives.register("splines")
class SplinesSpec(PrimitiveSpec):
    """How many splines, and how they start where no stage lays them: random walks of `vertices` vertices each."""

    makes = Splines

    count: int = Field(1200, ge=1, le=1_000_000, description="number of splines")
    vertices: int = Field(6, ge=2, le=1000, description="of each at the start")
    radius: float = Field(0.1, gt=0, le=2, description="size of the random start, unit")

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"curves", "single", "chains"})

    def check(self, config: Whole, at: str) -> None:
        if config.ink.ground != "paper":
            raise InputError(f"ink.background: splines are drawn on paper, not on '{config.ink.ground}'")

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Splines:
        extent = torch.tensor(canvas.unit_size, dtype=torch.float32)
        first = torch.rand(self.count, 1, 2, generator=generator) * extent
        steps = self.radius * (torch.rand(self.count, self.vertices - 1, 2, generator=generator) - 0.5)
        walks = torch.cat([first, first + steps.cumsum(1)], dim=1)
        count = torch.full((self.count,), self.vertices)
        return Splines(walks.reshape(-1, 2), count, torch.full((self.count,), width))
