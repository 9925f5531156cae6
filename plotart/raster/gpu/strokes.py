"""The fast renderer on a GPU: flattening and binning in torch, compositing in Triton (plotart.raster.gpu.kernels)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import triton
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from plotart.core.geometry import cubic
from plotart.raster.chords import LEAST_CHORDS, MOST_CHORDS, REACH, TOLERANCE, TURN_OF_CORNERS
from plotart.raster.gpu import kernels as gpu_kernels
from plotart.raster.gpu.edge import END, FIRST, START, TILE
from plotart.raster.scene import Scene


@dataclass(frozen=True)
class Bins:
    """Which chords reach which tile: pairs sorted by tile, then stroke, then chord.

    Attributes:
        line: chords `[C, 4]` (x0, y0, x1, y1) px, differentiable. marks, arc: `[C]`. bent: `[M]`.
        ends: first and last vertex of each stroke `[M, 4]`, differentiable.
        chord, stroke, run_end: `[pairs]`, run_end being where the pairs of a tile and stroke end.
        tile_start: `[tiles + 1]`.
    """

    line: Tensor
    ends: Tensor
    marks: Tensor
    arc: Tensor
    bent: Tensor
    chord: Tensor
    stroke: Tensor
    run_end: Tensor
    tile_start: Tensor
    tiles: tuple[int, int]

    @property
    def walk(self) -> tuple[Tensor, ...]:
        return self.chord, self.stroke, self.run_end, self.tile_start


def bins(scene: Scene, softness: float) -> Bins:
    points, device = scene.points, scene.points.device
    count, segments = len(points), (points.shape[1] - 1) // 3
    index = 3 * torch.arange(segments, device=device)[:, None] + torch.arange(4, device=device)
    pieces = points[:, index].reshape(-1, 4, 2)  # [M S, 4, 2]
    with torch.no_grad():
        exact = pieces.double()
        bend = (exact[:, :2] - 2 * exact[:, 1:3] + exact[:, 2:]).square().sum(-1).amax(1).sqrt()
        steps = (6 * bend / (8 * TOLERANCE)).sqrt().ceil().clamp(LEAST_CHORDS, MOST_CHORDS // segments).long()
        piece = torch.repeat_interleave(torch.arange(len(steps), device=device), steps)
        first = torch.cat([steps.new_zeros(1), steps.cumsum(0)])
        step = torch.arange(len(piece), device=device) - first[piece]
        stroke = piece // segments
        stroke_first = first[:-1:segments]
    t0, t1 = step / steps[piece], (step + 1) / steps[piece]
    own = pieces[piece]
    line = torch.cat([_bezier(own, t0), _bezier(own, t1)], dim=1)
    ends = torch.cat([points[:, 0], points[:, -1]], dim=1)
    with torch.no_grad():
        delta = (line[:, 2:] - line[:, :2]).double()
        length = delta.square().sum(1).sqrt()
        before = length.cumsum(0) - length
        arc = before - before[stroke_first][stroke]
        whole = torch.zeros(count, dtype=length.dtype, device=device).index_add_(0, stroke, length)
        marks = torch.where(arc <= 0.75 * softness, int(START.value), 0)
        marks += torch.where(whole[stroke] - arc - length <= 0.75 * softness, int(END.value), 0)
        marks += torch.where(step + piece % segments == 0, int(FIRST.value), 0)
        unit = delta / length.clamp_min(1e-12)[:, None]
        cosine = (unit[1:] * unit[:-1]).sum(1)
        turn = torch.where((length[1:] < 1e-6) | (length[:-1] < 1e-6), 3.2, (2 - 2 * cosine).clamp_min(0).sqrt())
        turn = torch.where(stroke[1:] == stroke[:-1], turn, 0.0)
        bent = torch.zeros(count, dtype=turn.dtype, device=device).index_add_(0, stroke[1:], turn) >= TURN_OF_CORNERS
        walk = _pairs(scene, line, stroke, softness)
    return Bins(line.float(), ends, marks.int(), arc.float(), bent.int(), *walk)


def _bezier(p: Tensor, t: Tensor) -> Tensor:
    return cubic(p.unbind(1), t.to(p)[:, None])


def _pairs(scene: Scene, line: Tensor, stroke: Tensor, softness: float) -> tuple[Any, ...]:
    """(chord, tile) pairs by the chords' bounding boxes, sorted."""
    device = line.device
    tiles_y, tiles_x = -(-scene.height // TILE), -(-scene.width // TILE)
    reach = (scene.half[stroke] + REACH * softness)[:, None]
    low = torch.minimum(line[:, :2], line[:, 2:]) - reach
    high = torch.maximum(line[:, :2], line[:, 2:]) + reach
    most = torch.tensor([tiles_x - 1, tiles_y - 1], device=device, dtype=low.dtype)
    seen = ((high > 0) & (low < (most + 1) * TILE)).all(dim=1)
    first = (low / TILE).floor().clamp_min(0).minimum(most).long()
    last = (high / TILE).floor().clamp_min(0).minimum(most).long()
    across = torch.where(seen[:, None], last - first + 1, 0)
    number = across[:, 0] * across[:, 1]
    chord = torch.repeat_interleave(torch.arange(len(line), device=device), number)
    begin = number.cumsum(0) - number
    within = torch.arange(len(chord), device=device) - begin[chord]
    x = first[chord, 0] + within % across[chord, 0].clamp_min(1)
    y = first[chord, 1] + within // across[chord, 0].clamp_min(1)
    drawing = stroke[chord] // scene.strokes
    tile = (drawing * tiles_y + y) * tiles_x + x
    order = torch.sort(tile, stable=True).indices  # chords stay in drawing order within a tile
    chord, tile = chord[order], tile[order]
    owner = stroke[chord]
    tiles = (len(scene.points) // scene.strokes) * tiles_x * tiles_y
    tile_start = torch.searchsorted(tile, torch.arange(tiles + 1, device=device))
    new = torch.ones_like(tile, dtype=torch.bool)
    new[1:] = (tile[1:] != tile[:-1]) | (owner[1:] != owner[:-1])
    starts = torch.cat([new.nonzero()[:, 0], torch.tensor([len(tile)], device=device)])
    run_end = starts[new.long().cumsum(0)]
    return chord.int(), owner.int(), run_end.int(), tile_start.int(), (tiles_x, tiles_y)


def _by(index: Tensor, values: Tensor, count: int) -> Tensor:
    """Sums of `values [pairs, Q]` with the same index, in a fixed order: `[count, Q]`."""
    order = torch.sort(index.long(), stable=True).indices
    lengths = torch.bincount(index.long(), minlength=count)
    return torch.segment_reduce(values[order], "sum", lengths=lengths, axis=0, initial=0)


class _Over(Function):
    @staticmethod
    def forward(
        ctx: Any, line: Tensor, ends: Tensor, half: Tensor, rgb: Tensor, alpha: Tensor, paper: Tensor, cut: Bins,
        scene: Scene, softness: float,
    ) -> Tensor:  # fmt: skip
        size = (len(half) // scene.strokes, 3, scene.height, scene.width)
        image = paper.reshape(1, 3, 1, 1).expand(size).contiguous()
        logs, zeros = torch.zeros_like(image[:, 0]), torch.zeros_like(image[:, 0])
        inputs = [v.detach().contiguous() for v in (rgb, alpha)]
        strokes = (line.detach(), cut.marks, cut.arc, ends.detach().contiguous(), cut.bent, half.detach().contiguous())
        shape = (*cut.tiles, scene.height, scene.width)
        grid = (len(cut.tile_start) - 1,)
        gpu_kernels.over_forward[grid](*strokes, *cut.walk, softness, *inputs, image, logs, zeros, *shape)
        ctx.kept = (strokes, cut, softness, inputs, paper.detach().contiguous(), logs, zeros, shape, grid)
        return image

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        strokes, cut, softness, inputs, paper, logs, zeros, shape, grid = ctx.kept
        grad = grad.contiguous()
        slots = [torch.zeros(len(cut.chord), n, device=grad.device) for n in (4, 4, 5)]
        gpu_kernels.over_backward[grid](
            *strokes, *cut.walk, softness, *inputs, paper, logs, zeros, grad, *slots, *shape
        )
        line, ends, rest = _gathered(cut, slots)
        above = torch.where(zeros > 0.5, torch.zeros_like(logs), logs.exp())
        by_paper = (grad * above[:, None]).sum(dim=(0, 2, 3)) if ctx.needs_input_grad[5] else None
        return line, ends, rest[:, 0], rest[:, 1:4], rest[:, 4], by_paper, None, None, None


class _Transmit(Function):
    @staticmethod
    def forward(
        ctx: Any, line: Tensor, ends: Tensor, half: Tensor, weight: Tensor, cut: Bins, scene: Scene, softness: float
    ) -> Tensor:
        channels = weight.shape[1]
        size = (len(half) // scene.strokes, channels, scene.height, scene.width)
        light, logs, zeros = (torch.empty(size, device=line.device) for _ in range(3))
        strokes = (line.detach(), cut.marks, cut.arc, ends.detach().contiguous(), cut.bent, half.detach().contiguous())
        taken = weight.detach().contiguous()
        shape = (channels, *cut.tiles, scene.height, scene.width)
        grid, block = (len(cut.tile_start) - 1,), triton.next_power_of_2(channels)
        gpu_kernels.transmit_forward[grid](
            *strokes, *cut.walk, softness, taken, light, logs, zeros, *shape, BLOCK=block
        )
        ctx.kept = (strokes, cut, softness, taken, logs, zeros, shape, grid, block)
        return light

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        strokes, cut, softness, taken, logs, zeros, shape, grid, block = ctx.kept
        slots = [torch.zeros(len(cut.chord), n, device=grad.device) for n in (4, 4, 1 + taken.shape[1])]
        gpu_kernels.transmit_backward[grid](
            *strokes, *cut.walk, softness, taken, logs, zeros, grad.contiguous(), *slots, *shape, BLOCK=block
        )
        line, ends, rest = _gathered(cut, slots)
        return line, ends, rest[:, 0], rest[:, 1:], None, None, None


def _gathered(cut: Bins, slots: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    by_line, by_ends, by_stroke = slots
    strokes = len(cut.bent)
    return (
        _by(cut.chord, by_line, len(cut.line)),
        _by(cut.stroke, by_ends, strokes),
        _by(cut.stroke, by_stroke, strokes),
    )


def composite_over(scene: Scene, rgb: Tensor, alpha: Tensor, paper: Tensor, softness: float) -> Tensor:
    """`rgb [B*N, 3]`, `alpha [B*N]`, `paper [3]` -> `[B, 3, H, W]`."""
    cut = bins(scene, softness)
    image: Tensor = _Over.apply(cut.line, cut.ends, scene.half, rgb, alpha, paper, cut, scene, softness)  # type: ignore[no-untyped-call]
    return _chosen(image, paper.reshape(3, 1, 1), scene)


def transmit(scene: Scene, weight: Tensor, softness: float) -> Tensor:
    """`weight [B*N, C]` -> `[B, C, H, W]`."""
    cut = bins(scene, softness)
    light: Tensor = _Transmit.apply(cut.line, cut.ends, scene.half, weight, cut, scene, softness)  # type: ignore[no-untyped-call]
    return _chosen(light, torch.ones_like(light[0, :, :1, :1]), scene)


def _chosen(image: Tensor, paper: Tensor, scene: Scene) -> Tensor:
    if not scene.wanted.size:
        return image
    return torch.where(torch.as_tensor(scene.wanted, device=image.device), image, paper)
