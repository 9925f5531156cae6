"""Soft shapes composited at any set of pixels, over each other, summed up or as light that passes; and their gradients.

The coverage of a pixel is that of its centre by a logistic edge with the spread of a box filter `softness` pixels wide,
so that the final picture (softness 1) is antialiased and a picture seen through a softer edge pulls from further away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from plotart.raster.cpu import shapes as cpu_shapes
from plotart.raster.cpu.pool import share_out
from plotart.raster.forms import EDGE_PX, Form

__all__ = ["Cells", "edge_of", "lay_over", "multiply", "sum_up"]

CELL = 16
"""Side of a cell, px."""

Array = NDArray[Any]


def edge_of(size: tuple[int, int], softness: float) -> float:
    """Scale of a shape's edge, in units of the short side of an image of `size` (H, W)."""
    return EDGE_PX * softness / min(size)


@dataclass(frozen=True)
class Cells:
    """Shapes and pixels sorted into cells: the first arguments of every kernel.

    Attributes:
        order: `[P]`, the pixels' places in the order of the cells. where: first of each cell's.
        pixels: `[P]`, row * width + column, in the order of the cells. first, shapes: the slots.
        fixed: `[N, 3]`, half the pen's width, cos and sin of the angle. how: form, harmonics, streaks, outlined or not.
    """

    order: Array
    where: Array
    pixels: Array
    first: Array
    shapes: Array
    fixed: Array
    how: Array
    edge: np.float32
    width: int
    px: float
    threads: int

    @classmethod
    def of(
        cls, form: Form, boxes: Tensor, angle: Tensor, pen: Tensor, *, size: tuple[int, int],
        pixels: Tensor | None = None, softness: float = 1.0, threads: int = 0,
    ) -> Cells:  # fmt: skip
        """`pixels [P]` of an image of `size` (H, W), all by default.

        Args:
            boxes: `[N, 4]`, x0, y0, x1, y1 of what each shape covers with an edge of `edge_of(size, softness)`.
            angle: `[N]` rad. pen: `[N]`, its width. Lengths are in units of the short side.
            threads: 0 takes all cores; the result does not depend on it.
        """
        height, width = size
        px = float(min(size))
        edge = edge_of(size, softness)
        rows, cols = -(-height // CELL), -(-width // CELL)
        chosen = np.arange(height * width) if pixels is None else pixels.numpy()
        y, x = np.divmod(chosen, width)
        owner = y // CELL * cols + x // CELL
        order = np.argsort(owner.astype(np.uint16) if rows * cols < 2**16 else owner, kind="stable")
        where = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=rows * cols))])
        first, shapes = cpu_shapes.list_shapes(boxes.detach().double().numpy() * px, CELL, rows, cols)
        how = np.array([form.number, form.harmonics, form.streaks, form.outline], np.float32)
        turned = _array(angle)
        fixed = np.stack([_array(pen) / 2, np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)
        return cls(order, where, chosen[order], first, shapes, fixed, how, np.float32(edge), width, px, threads)

    def run(self, kernel: Any, rows: Array, *arguments: Any) -> None:
        work = int((np.diff(self.where) * np.diff(self.first)).sum())
        share_out(
            kernel, len(self.where) - 1, work, self.threads, self.where, self.pixels, self.first, self.shapes, rows,
            self.fixed, self.how, self.edge, self.width, self.px, *arguments,
        )  # fmt: skip

    def ordered(self, grad: Tensor) -> Array:
        """`grad [C, P]` as `[P, C]` in the order of the cells."""
        return np.ascontiguousarray(_array(grad).T[self.order])

    def restored(self, values: Array) -> Tensor:
        """`values [P, C]` in the order of the cells as `[C, P]` in the order of the pixels."""
        found = np.empty_like(values)
        found[self.order] = values
        return torch.from_numpy(found).T.contiguous()

    def totals(self, partial: Array, count: int) -> Tensor:
        """What the slots of each of `count` shapes hold together."""
        total = np.zeros((count, partial.shape[1]))
        cpu_shapes.add_shapes(self.shapes, partial, total)
        return torch.from_numpy(total).float()


def _array(tensor: Tensor) -> Array:
    array: Array = tensor.detach().float().contiguous().numpy()
    return array


class _Over(Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, rows: Tensor, rgb: Tensor, alpha: Tensor, ground: Tensor, cells: Cells
    ) -> Tensor:
        kept = (_array(rows), _array(rgb), _array(alpha), _array(ground))
        image = np.empty((len(cells.pixels), 3), np.float32)
        cells.run(cpu_shapes.over_forward, kept[0], *kept[1:], image)
        ctx.kept = (cells, kept)
        return cells.restored(image)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        cells, (rows, rgb, alpha, ground) = ctx.kept
        d = rows.shape[1]
        partial = np.zeros((len(cells.shapes), d + 4), np.float32)
        below = np.zeros((len(cells.where) - 1, 3), np.float32)
        cells.run(cpu_shapes.over_backward, rows, rgb, alpha, ground, cells.ordered(grad), partial, below)
        total = cells.totals(partial, len(rows))
        under = torch.from_numpy(below.sum(axis=0, dtype=np.float64)).float()
        return total[:, :d], total[:, d : d + 3], total[:, d + 3], under, None


class _Sum(Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, power: int, cells: Cells) -> Tensor:  # type: ignore[override]
        kept = (_array(rows), _array(weight))
        sums = np.zeros((len(cells.pixels), weight.shape[1]), np.float32)
        cells.run(cpu_shapes.sum_forward, *kept, power == 2, sums)
        ctx.kept = (cells, kept, power)
        return cells.restored(sums)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        cells, (rows, weight), power = ctx.kept
        partial = np.zeros((len(cells.shapes), rows.shape[1] + weight.shape[1]), np.float32)
        cells.run(cpu_shapes.sum_backward, rows, weight, power == 2, cells.ordered(grad), partial)
        total = cells.totals(partial, len(rows))
        return total[:, : rows.shape[1]], total[:, rows.shape[1] :], None, None


class _Product(Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, cells: Cells) -> Tensor:  # type: ignore[override]
        kept = (_array(rows), _array(weight))
        light = np.ones((len(cells.pixels), weight.shape[1]), np.float32)
        cells.run(cpu_shapes.product_forward, *kept, light)
        ctx.kept = (cells, kept, light)
        return cells.restored(light)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        cells, (rows, weight), light = ctx.kept
        partial = np.zeros((len(cells.shapes), rows.shape[1] + weight.shape[1]), np.float32)
        cells.run(cpu_shapes.product_backward, rows, weight, light, cells.ordered(grad), partial)
        total = cells.totals(partial, len(rows))
        return total[:, : rows.shape[1]], total[:, rows.shape[1] :], None


def lay_over(rows: Tensor, rgb: Tensor, alpha: Tensor, ground: Tensor, cells: Cells) -> Tensor:
    """`rows [N, D]`, `rgb [N, 3]`, `alpha [N]` in drawing order over `ground [3]` -> `[3, P]`."""
    image: Tensor = _Over.apply(rows, rgb, alpha, ground, cells)  # type: ignore[no-untyped-call]
    return image


def sum_up(rows: Tensor, weight: Tensor, power: int, cells: Cells) -> Tensor:
    """sum_i weight_ic coverage_i^power, `weight [N, C]`, power 1 or 2 -> `[C, P]`."""
    sums: Tensor = _Sum.apply(rows, weight, power, cells)  # type: ignore[no-untyped-call]
    return sums


def multiply(rows: Tensor, weight: Tensor, cells: Cells) -> Tensor:
    """prod_i (1 - weight_ic coverage_i), `weight [N, C]` -> `[C, P]`; single factors are 1e-6 at least."""
    light: Tensor = _Product.apply(rows, weight, cells)  # type: ignore[no-untyped-call]
    return light
