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
        ctx: Any, vertices: Tensor, geometry: Tensor, stops: Tensor, ground: Tensor | None, layers: Layers,
        shape: tuple[int, int, int], wanted: Array, threads: int, averaged: bool,
    ) -> Tensor:  # fmt: skip
        if ground is None:
            image = vertices.new_zeros(*shape, cpu.VALUES)
        else:
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
        out = image.new_empty(*shape, 4)
        cpu.colours_forward(_rows(image), averaged, _rows(out))
        ctx.kept = (bins, edges, paints, kept, used, work, threads, image, averaged) if keep else None
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        bins, edges, paints, kept, used, work, threads, image, averaged = ctx.kept
        start, layer, _, entries, _ = bins
        _, _, geometry, stops, first_stop = paints
        below = torch.empty_like(image)
        cpu.colours_backward(_rows(image), averaged, _rows(grad.contiguous()), _rows(below))
        each = cpu.GEOMETRY + cpu.STOP * np.diff(first_stop)[layer]
        first_own = np.concatenate([[0], each.cumsum()])
        partial = np.zeros(4 * len(entries) if ctx.needs_input_grad[0] else 0)
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
            by_vertices, torch.from_numpy(by_geometry).float(), torch.from_numpy(by_stops).float(),
            below if ctx.needs_input_grad[3] else None, None, None, None, None, None,
        )  # fmt: skip


def _rows(image: Tensor) -> Array:
    rows: Array = image.detach().reshape(-1, image.shape[-1]).numpy()
    return rows


def composite(
    layers: Layers, shape: tuple[int, int, int], ground: Tensor | None, wanted: Array, threads: int, averaged: bool
) -> Tensor:
    """Layers over `ground [B, H, W, 5]`, premultiplied, the fifth what anything covers; none is transparent.

    Returns:
        `[B, H, W, 4]`, see `colours_forward`.
    """
    image: Tensor = _Fill.apply(  # type: ignore[no-untyped-call]
        layers.vertices, layers.geometry, layers.stops, ground, layers, shape, wanted, threads, averaged
    )
    return image
