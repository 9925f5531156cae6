"""The fast painter: autograd around the CPU kernels of filled layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from plotart.raster.cpu import fill as cpu
from plotart.raster.cpu.bins import add_entries, bin_edges
from plotart.raster.cpu.pool import share_out
from plotart.raster.layers import Layers

Array = NDArray[Any]


class _Fill(Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, vertices: Tensor, geometry: Tensor, stops: Tensor, ground: Tensor, layers: Layers, wanted: Array,
        threads: int,
    ) -> Tensor:  # fmt: skip
        image = ground.detach().clone(memory_format=torch.contiguous_format)
        edges = (vertices.detach().contiguous().numpy(), layers.ends)
        bins = bin_edges(*edges, layers.first, max(layers.layers, 1), image.shape[1], image.shape[2])
        start, _, entry, _, room = bins
        paints = (
            layers.even_odd, layers.kind, geometry.detach().double().numpy(), stops.detach().double().numpy(),
            layers.first_stop,
        )  # fmt: skip
        keep = any(ctx.needs_input_grad)
        touches, slots = (int(room[-1]), len(entry) - 1) if keep else (0, 0)
        kept = (
            np.empty(touches, np.int32),
            np.empty(touches, np.float32),
            np.empty((touches, cpu.VALUES), np.float32),
        )
        used = np.zeros(slots, np.int64)
        work = int(room[-1] + 8 * entry[-1])
        share_out(
            cpu.fill_forward, len(start) - 1, work, threads, *bins, *edges, *paints, wanted, image.numpy(), *kept, used
        )
        ctx.kept = (bins, edges, paints, kept, used, work, threads) if keep else None
        return image

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        bins, edges, paints, kept, used, work, threads = ctx.kept
        start, layer, _, entries, _ = bins
        _, _, geometry, stops, first_stop = paints
        below = grad.float().clone(memory_format=torch.contiguous_format)
        each = cpu.GEOMETRY + cpu.STOP * np.diff(first_stop)[layer]
        first_own = np.concatenate([[0], each.cumsum()])
        partial = np.zeros((len(entries) if ctx.needs_input_grad[0] else 0, 4))
        own = np.zeros(int(first_own[-1]))
        share_out(
            cpu.fill_backward, len(start) - 1, work, threads, *bins, *edges, *paints, ctx.needs_input_grad[0],
            *kept, used, below.numpy(), partial, own, first_own,
        )  # fmt: skip
        by_vertices = None
        if ctx.needs_input_grad[0]:
            total = np.zeros(edges[0].shape)
            add_entries(*edges, entries, partial, total)
            by_vertices = torch.from_numpy(total).float()
        by_geometry, by_stops = np.zeros(geometry.shape), np.zeros(stops.shape)
        cpu.add_paints(layer, first_own, own, first_stop, by_geometry, by_stops)
        return (
            by_vertices, torch.from_numpy(by_geometry).float(), torch.from_numpy(by_stops).float(), below, None, None,
            None,
        )  # fmt: skip


class _Colours(Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, averaged: bool) -> Tensor:  # type: ignore[override]
        out = image.new_empty(*image.shape[:-1], 4)
        cpu.colours_forward(_rows(image), averaged, _rows(out))
        ctx.save_for_backward(image)
        ctx.averaged = averaged
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        (image,) = ctx.saved_tensors
        by_image = torch.empty_like(image)
        cpu.colours_backward(_rows(image), ctx.averaged, _rows(grad.contiguous()), _rows(by_image))
        return by_image, None


def _rows(image: Tensor) -> Array:
    rows: Array = image.detach().reshape(-1, image.shape[-1]).numpy()
    return rows


def colours(image: Tensor, averaged: bool) -> Tensor:
    """`[B, H, W, 5]`, premultiplied and contiguous, as `[B, H, W, 4]`; see `colours_forward`."""
    out: Tensor = _Colours.apply(image, averaged)  # type: ignore[no-untyped-call]
    return out


def composite(layers: Layers, ground: Tensor, wanted: Array, threads: int) -> Tensor:
    """Layers over `ground [B, H, W, 5]`, premultiplied, the fifth what anything covers -> the same."""
    image: Tensor = _Fill.apply(layers.vertices, layers.geometry, layers.stops, ground, layers, wanted, threads)  # type: ignore[no-untyped-call]
    return image
