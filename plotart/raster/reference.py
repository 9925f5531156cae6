"""The oracle: the semantics of plotart.raster.strokes in dense torch, at any precision, gradients by autograd.

Written apart from the kernels, for reading and for tests: cost grows with strokes x pixels x chords.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from plotart.core.geometry import cubic
from plotart.raster.chords import (
    BENT,
    CAP_CELLS,
    CORNER_CELLS,
    DETOUR,
    LEAST_CHORDS,
    MOST_CHORDS,
    REACH,
    SPREAD,
    TOLERANCE,
)
from plotart.raster.scene import Scene

_THINNEST = 1e-6


class _Once(Function):
    """Identity whose gradient has no gradient."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:  # type: ignore[override]
        return value.view_as(value)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # type: ignore[override]
        return grad


def composite_over(scene: Scene, rgb: Tensor, alpha: Tensor, paper: Tensor, softness: float) -> Tensor:
    """`rgb [B*N, 3]`, `alpha [B*N]`, `paper [3]` -> `[B, 3, H, W]`."""
    n = scene.strokes
    return _once(
        torch.stack(
            [
                lay_over(covered, rgb[b * n : (b + 1) * n], alpha[b * n : (b + 1) * n], paper)
                for b, covered in enumerate(_drawings(scene, softness))
            ]
        )
    )


def transmit(scene: Scene, weight: Tensor, softness: float) -> Tensor:
    """`weight [B*N, C]` -> `[B, C, H, W]`."""
    n = scene.strokes
    return _once(
        torch.stack([pass_light(c, weight[b * n : (b + 1) * n]) for b, c in enumerate(_drawings(scene, softness))])
    )


def lay_over(covered: Iterable[Tensor], rgb: Tensor, alpha: Tensor, paper: Tensor) -> Tensor:
    """Coverages `[H, W]` of N shapes, `rgb [N, 3]`, `alpha [N]`, `paper [3]` -> `[3, H, W]`."""
    image = paper.reshape(3, 1, 1)
    for coverage, colour, a in zip(covered, rgb, alpha, strict=True):
        image = image + a * coverage * (colour.reshape(3, 1, 1) - image)
    return image


def pass_light(covered: Iterable[Tensor], weight: Tensor) -> Tensor:
    """Coverages `[H, W]` of N shapes, `weight [N, C]` -> `[C, H, W]`."""
    light = weight.new_ones(weight.shape[1], 1, 1)
    for coverage, taken in zip(covered, weight, strict=True):
        light = light * (1 - taken.reshape(-1, 1, 1) * coverage)
    return light


def _once(image: Tensor) -> Tensor:
    once: Tensor = _Once.apply(image)  # type: ignore[no-untyped-call]
    return once


def _drawings(scene: Scene, softness: float) -> Iterator[Iterator[Tensor]]:
    """For each drawing of a batch, the coverages `[H, W]` of its strokes."""
    like = scene.points
    rows = torch.arange(scene.height, dtype=like.dtype, device=like.device) + 0.5
    cols = torch.arange(scene.width, dtype=like.dtype, device=like.device) + 0.5
    y, x = torch.meshgrid(rows, cols, indexing="ij")
    pixels = torch.stack([x.flatten(), y.flatten()], dim=1)
    wanted = torch.as_tensor(scene.wanted, device=like.device)

    def covered(drawing: int) -> Iterator[Tensor]:
        for i in range(drawing * scene.strokes, (drawing + 1) * scene.strokes):
            values = stroke_coverage(scene.points[i], scene.half[i], pixels, softness)
            values = values.reshape(scene.height, scene.width)
            yield values * wanted if wanted.numel() else values

    return (covered(drawing) for drawing in range(len(like) // scene.strokes))


def flatten(points: Tensor) -> Tensor:
    """Vertices `[K+1, 2]` of the chords of one stroke `[1+3S, 2]` px."""
    segments = (len(points) - 1) // 3
    pieces = []
    for j in range(segments):
        p = points[3 * j : 3 * j + 4]
        bend = (p[:2] - 2 * p[1:3] + p[2:]).detach().double().norm(dim=1).max()
        count = int(
            min(
                max(float(LEAST_CHORDS), float(torch.ceil(torch.sqrt(6 * bend / (8 * TOLERANCE))))),
                MOST_CHORDS // segments,
            )
        )
        t = torch.arange(0 if j == 0 else 1, count + 1, dtype=p.dtype, device=p.device)[:, None] / count
        pieces.append(cubic(p, t))
    return torch.cat(pieces)


def stroke_coverage(points: Tensor, half: Tensor, pixels: Tensor, softness: float) -> Tensor:
    """Coverage `[P]` of the pixels centred at `pixels [P, 2]` by one stroke of half width `half`."""
    vertices = flatten(points)
    frame = _Frame(vertices)
    with torch.no_grad():
        owner, kind = _classify(frame, half, pixels, softness)
    covered = torch.zeros_like(pixels[:, 0])
    for which, coverage in ((0, _plain), (1, _capped), (2, _cornered)):
        chosen = (kind == which).nonzero()[:, 0]
        if len(chosen):
            values = coverage(frame, owner[chosen], half, pixels[chosen], softness)
            covered = covered.index_put((chosen,), values)
    return covered


class _Frame:
    """Chords with their directions, lengths and places along the stroke."""

    def __init__(self, vertices: Tensor) -> None:
        self.start, self.stop = vertices[:-1], vertices[1:]
        delta = self.stop - self.start
        point = delta.square().sum(1) < 1e-12  # a dot has no direction: it is filtered as if it lay along x
        along_x = torch.zeros_like(delta)
        along_x[:, 0] = 1
        unit = torch.where(point[:, None], along_x, delta)
        self.tangent = unit / unit.norm(dim=1, keepdim=True)
        self.length = torch.where(point, torch.zeros_like(unit[:, 0]), unit.norm(dim=1))
        self.normal = torch.stack([-self.tangent[:, 1], self.tangent[:, 0]], dim=1)
        self.arc = torch.cat([self.length.new_zeros(1), self.length.detach().cumsum(0)])

    def away(self, chord: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Vector from the nearest point of `chord [*]` to `pixels [*, 2]`, and that point's place along the chord."""
        from_start = pixels - self.start[chord]
        along = (from_start * self.tangent[chord]).sum(-1)
        place = torch.minimum(along.clamp_min(0), self.length[chord])
        return from_start - place[..., None] * self.tangent[chord], place

    def distances(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Squared distances `[K, P]` of all chords, the vectors and places of `away`.

        A vertex belongs to the chord that ends there, so that the chord starting there is infinitely far from its fan.
        """
        chords = torch.arange(len(self.start), device=pixels.device)[:, None]
        away, place = self.away(chords, pixels[None])
        along = ((pixels[None] - self.start[chords]) * self.tangent[chords]).sum(-1)
        squared = away.square().sum(-1)
        return torch.where((along < 0) & (chords > 0), float("inf"), squared), away, place


def _classify(frame: _Frame, half: Tensor, pixels: Tensor, softness: float) -> tuple[Tensor, Tensor]:
    """The nearest chord `[P]` of each pixel and its kind: 0 one edge, 1 cap, 2 corner, -1 beyond reach."""
    chords = torch.arange(len(frame.start), device=pixels.device)
    squared, away, place = frame.distances(pixels)
    nearest, owner = squared.sqrt().min(dim=0)
    kind = torch.zeros_like(owner)
    reach = softness * frame.tangent[owner].abs().sum(1) / 2
    whole = frame.arc[-1]
    start_near = frame.arc[owner] <= 0.75 * softness
    end_near = whole - frame.arc[owner + 1] <= 0.75 * softness
    first = ((frame.start[0] - pixels) * frame.tangent[owner]).sum(1)
    last = ((pixels - frame.stop[-1]) * frame.tangent[owner]).sum(1)
    kind[(start_near & (first > -reach)) | (end_near & (last > -reach))] = 1
    where = torch.arange(len(pixels), device=pixels.device)
    seen = away.norm(dim=-1) <= torch.minimum(nearest + SPREAD * softness, half + REACH * softness)
    cosine = (frame.tangent @ frame.tangent.T)[owner].T.abs()
    straight = (away - away[owner, where]).norm(dim=-1)
    position = frame.arc[:-1, None] + place
    way = (position - position[owner, where]).abs()
    two = seen & ((cosine < BENT) | (way > DETOUR * straight + 0.5 * softness)) & (chords[:, None] != owner)
    kind[two.any(dim=0)] = 2
    kind[nearest > half + REACH * softness] = -1
    kind[nearest < half - REACH * softness] = 0
    return owner, kind


def _filter(t: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """F: integral of the trapezoid whose widths are a >= b > 0."""
    u = t.abs()
    q = ((a + b) / 2 - u).clamp_min(0)
    tail = torch.where(q < b, q * (q / b) / (2 * a), 0.5 - u / a)
    return torch.where(t > 0, 1 - tail, tail)


def _slab(distance: Tensor, half: Tensor, tangent: Tensor, softness: float) -> Tensor:
    size = tangent.abs() * softness
    a, b = size.amax(-1), size.amin(-1).clamp_min(_THINNEST)
    return _filter(distance + half, a, b) - _filter(distance - half, a, b)


def _length(vector: Tensor) -> Tensor:
    """Euclidean length with gradient 0 at 0."""
    squared = vector.square().sum(-1)
    safe = torch.where(squared > 0, squared, torch.ones_like(squared))
    return torch.where(squared > 0, safe.sqrt(), squared)


def _plain(frame: _Frame, owner: Tensor, half: Tensor, pixels: Tensor, softness: float) -> Tensor:
    away, _ = frame.away(owner, pixels)
    return _slab(_length(away), half, frame.tangent[owner], softness)


def _offsets(pixels: Tensor, cells: int, softness: float) -> Tensor:
    """Centres of `cells` x `cells` sub-pixels relative to the pixel's: `[cells^2, 2]`."""
    line = ((torch.arange(cells, dtype=pixels.dtype, device=pixels.device) + 0.5) / cells - 0.5) * softness
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], dim=1)


def _capped(frame: _Frame, owner: Tensor, half: Tensor, pixels: Tensor, softness: float) -> Tensor:
    """The stroke continued straight from chord `owner`, up to its caps."""
    tangent, normal = frame.tangent[owner][:, None], frame.normal[owner][:, None]
    near = pixels[:, None] + _offsets(pixels, CAP_CELLS, softness)
    first = ((frame.start[0] - near) * tangent).sum(-1)
    last = ((near - frame.stop[-1]) * tangent).sum(-1)
    none = torch.full_like(first, -1e30)
    first = torch.where((frame.arc[owner] <= 0.75 * softness)[:, None], first, none)
    last = torch.where((frame.arc[-1] - frame.arc[owner + 1] <= 0.75 * softness)[:, None], last, none)
    past = torch.where(first >= last, first, last).clamp_min(0)
    across = ((near - frame.start[owner][:, None]) * normal).sum(-1)
    return _slab(_length(torch.stack([past, across], dim=-1)), half, tangent, softness / CAP_CELLS).mean(-1)


def _cornered(frame: _Frame, owner: Tensor, half: Tensor, pixels: Tensor, softness: float) -> Tensor:
    """Every sub-pixel finds its own nearest chord."""
    near = (pixels[:, None] + _offsets(pixels, CORNER_CELLS, softness)).reshape(-1, 2)
    with torch.no_grad():
        nearest = frame.distances(near)[0].argmin(0)
    return _plain(frame, nearest, half, near, softness / CORNER_CELLS).reshape(len(pixels), -1).mean(-1)
