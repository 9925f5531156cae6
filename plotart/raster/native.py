"""The fast renderer: autograd around the CPU kernels, and the way to those for a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from plotart.core.errors import InputError
from plotart.raster import chords
from plotart.raster.cpu import over as cpu_over
from plotart.raster.cpu import touch as cpu
from plotart.raster.cpu import transmit as cpu_transmit
from plotart.raster.cpu.lanes import WIDTH
from plotart.raster.cpu.pool import share_out
from plotart.raster.cpu.words import ROWS
from plotart.raster.scene import Scene

Array = NDArray[Any]


@dataclass(frozen=True)
class Chords:
    """A scene flattened and sorted into bands: the first arguments of every kernel."""

    table: Array
    first: Array
    counts: Array
    half: Array
    softness: np.float32
    start: Array
    stroke: Array
    room: Array

    @classmethod
    def of(cls, scene: Scene, softness: float, threads: int = 1) -> Chords:
        points, half = _array(scene.points), _array(scene.half)
        counts, first = cpu.count_chords(points, half, float(softness), scene.height, scene.width)
        cut = int(first[-1])
        table = np.empty((chords.ROWS_OF_TABLE, cut + chords.PADDING), np.float32)
        share_out(
            chords.chord_table, len(points), cut, threads, points, half, np.float32(softness), counts, first, table
        )
        spans = np.empty((len(points), 2), np.int64)
        pixels = np.empty((len(points), -(-scene.height // ROWS)), np.float32)
        share_out(
            cpu.stroke_loads, len(points), cut, threads, table, first, half, np.float32(softness), scene.height,
            scene.width, spans, pixels,
        )  # fmt: skip
        start, stroke, room = cpu.band_loads(spans, pixels, scene.strokes, scene.height, scene.width)
        return cls(table, first, counts, half, np.float32(softness), start, stroke, room)

    @property
    def bands(self) -> int:
        return len(self.start) - 1

    @property
    def slots(self) -> int:
        return int(self.start[-1])

    @property
    def touches(self) -> int:
        """A bound on the touched pixels."""
        return int(self.room[-1])


def _array(tensor: Tensor) -> Array:
    array: Array = tensor.detach().to(torch.float32).contiguous().numpy()
    return array


def _needs(ctx: Any) -> bool:
    return any(ctx.needs_input_grad)


class _Over(Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, points: Tensor, half: Tensor, rgb: Tensor, alpha: Tensor, paper: Tensor,
        scene: Scene, softness: float, threads: int,
    ) -> Tensor:  # fmt: skip
        cut = Chords.of(scene, softness, threads)
        drawings = points.shape[0] // scene.strokes
        image = torch.empty((drawings, 3, scene.height, scene.width))
        colours, opacity = _array(rgb), _array(alpha)
        keep = _needs(ctx)
        words = np.empty(cut.touches + WIDTH if keep else 0, np.uint32)
        under = np.empty((3, cut.touches + WIDTH if keep else 0), np.float32)
        ends = np.empty((cut.slots if keep else 0, 4), np.int64)
        share_out(
            cpu_over.over_forward, cut.bands, cut.touches, threads, cut.start, cut.stroke, cut.room, cut.table,
            cut.first, cut.half, cut.softness, scene.wanted, colours, opacity, _array(paper), image.numpy(),
            words, under, ends,
        )  # fmt: skip
        ctx.kept = (cut, colours, opacity, words, under, ends, threads) if keep else None
        return image

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        cut, colours, opacity, words, under, ends, threads = ctx.kept
        columns = 2 * (3 * cut.counts.shape[1] + 1)
        partial, paper = np.empty((cut.slots, columns + 5), np.float32), np.empty((cut.bands, 3), np.float32)
        share_out(
            cpu_over.over_backward, cut.bands, cut.touches, threads, cut.start, cut.stroke, cut.room, cut.table,
            cut.first, cut.counts, cut.half, cut.softness, colours, opacity, words, under, ends,
            _array(grad), partial, paper,
        )  # fmt: skip
        total = _summed(cut, partial)
        points = total[:, :columns].reshape(len(total), -1, 2)
        rgb, alpha = total[:, columns + 1 : columns + 4], total[:, columns + 4]
        return points, total[:, columns], rgb, alpha, torch.from_numpy(paper.sum(0)), None, None, None


class _Transmit(Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, points: Tensor, half: Tensor, weight: Tensor, channel: Tensor | None, planes: int,
        scene: Scene, softness: float, threads: int,
    ) -> Tensor:  # fmt: skip
        cut = Chords.of(scene, softness, threads)
        drawings = points.shape[0] // scene.strokes
        shape = (drawings, planes, scene.height, scene.width)
        light, product, zeros = torch.empty(shape), np.empty(shape, np.float32), np.empty(shape, np.uint8)
        weights = _array(weight)
        channels = np.full(len(weights), -1) if channel is None else channel.numpy()
        keep = _needs(ctx)
        words = np.empty(cut.touches + WIDTH if keep else 0, np.uint32)
        covered = np.empty(cut.touches if keep else 0, np.float32)
        ends = np.empty((cut.slots if keep else 0, 4), np.int64)
        share_out(
            cpu_transmit.transmit_forward, cut.bands, cut.touches, threads, cut.start, cut.stroke, cut.room, cut.table,
            cut.first, cut.half, cut.softness, scene.wanted, weights, channels, light.numpy(), product, zeros,
            words, covered, ends,
        )  # fmt: skip
        ctx.kept = (cut, weights, channels, product, zeros, words, covered, ends, threads) if keep else None
        return light

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        cut, weights, channels, product, zeros, words, covered, ends, threads = ctx.kept
        columns = 2 * (3 * cut.counts.shape[1] + 1)
        partial = np.empty((cut.slots, columns + 1 + weights.shape[1]), np.float32)
        share_out(
            cpu_transmit.transmit_backward, cut.bands, cut.touches, threads, cut.start, cut.stroke, cut.room, cut.table,
            cut.first, cut.counts, cut.half, cut.softness, weights, channels, product, zeros, words, covered, ends,
            _array(grad), partial,
        )  # fmt: skip
        total = _summed(cut, partial)
        points = total[:, :columns].reshape(len(total), -1, 2)
        return points, total[:, columns], total[:, columns + 1 :], None, None, None, None, None


def _summed(cut: Chords, partial: Array) -> Tensor:
    total = np.zeros((len(cut.first) - 1, partial.shape[1]))
    cpu.add_slots(cut.start, cut.stroke, partial, total)
    return torch.from_numpy(total).to(torch.float32)


def composite_over(scene: Scene, rgb: Tensor, alpha: Tensor, paper: Tensor, softness: float, threads: int) -> Tensor:
    """`rgb [B*N, 3]`, `alpha [B*N]`, `paper [3]` -> `[B, 3, H, W]`."""
    if scene.points.is_cuda:
        image: Tensor = _gpu().composite_over(scene, rgb, alpha, paper, softness)
        return image
    image = _Over.apply(scene.points, scene.half, rgb, alpha, paper, scene, softness, threads)  # type: ignore[no-untyped-call]
    return image


def transmit(
    scene: Scene, weight: Tensor, channel: Tensor | None, planes: int, softness: float, threads: int
) -> Tensor:
    """`weight [B*N, C]`, or `[B*N, 1]` with `channel [B*N]` long -> `[B, C, H, W]`."""
    if scene.points.is_cuda:
        if channel is not None:
            weight = weight * torch.nn.functional.one_hot(channel, planes).to(weight)
        light: Tensor = _gpu().transmit(scene, weight, softness)
        return light
    light = _Transmit.apply(scene.points, scene.half, weight, channel, planes, scene, softness, threads)  # type: ignore[no-untyped-call]
    return light


def _gpu() -> Any:
    """The Triton kernels, which only a machine with a GPU needs to have."""
    try:
        from plotart.raster.gpu import strokes as gpu  # noqa: PLC0415
    except ImportError as error:
        raise InputError(f"rendering on a GPU needs triton: install plotart[gpu] ({error}).") from None
    return gpu
