"""Ink laid down in small portions and shared out to cells: the compiled loop of `ink_load`, and its gradient."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["laid_on_cells"]

Floats = NDArray[Any]
Weights: TypeAlias = tuple[float, float, float, float, float, float, float, float]
SMALL = 1e-16
"""Added to squared lengths, so that those of points have a slope."""


def laid_on_cells(curves: Tensor, width: Tensor, shown: Tensor, cells: tuple[int, int], step_mm: float) -> Tensor:
    """Ink in mm^2 on a grid of cells, each portion of it shared out to the four nearest; differentiable.

    Args:
        curves: `[M, 4, 2]` mm. width: `[M]` mm. shown: `[M]` in 0..1.
        cells: rows and columns; one more on each side takes what falls beside.
        step_mm: side of a cell; no portion is longer or wider.

    Returns:
        `[rows + 2, columns + 2]`.
    """
    found: Tensor = _Laid.apply(curves, width, shown, cells, step_mm)  # type: ignore[no-untyped-call]
    return found


class _Laid(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, curves: Tensor, width: Tensor, shown: Tensor, cells: tuple[int, int], step: float) -> Tensor:
        ctx.save_for_backward(curves, width, shown)
        ctx.step = step
        found = np.zeros((cells[0] + 2, cells[1] + 2))
        _lay(curves.detach().numpy(), width.detach().numpy(), shown.detach().numpy(), step, found)
        return torch.from_numpy(found).to(curves.dtype)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        curves, width, shown = (each.detach().numpy() for each in ctx.saved_tensors)
        found = np.zeros_like(curves), np.zeros_like(width), np.zeros_like(shown)
        _slopes(curves, width, shown, ctx.step, np.ascontiguousarray(slopes[0].double().numpy()), *found)
        return (*(torch.from_numpy(each) for each in found), None, None)


@njit(cache=True, nogil=True, error_model="numpy")
def _cut(curve: Floats, width: float, step: float) -> tuple[int, int]:
    """How many portions there are along a curve and across it."""
    way = 0.0
    for i in range(3):
        way += np.hypot(curve[i + 1, 0] - curve[i, 0], curve[i + 1, 1] - curve[i, 1])
    return max(1, int(np.ceil(way / step))), max(1, int(np.ceil(width / step)))


@njit(cache=True, nogil=True, error_model="numpy")
def _weights(t: float) -> Weights:
    """A cubic's weights of its four control points, and their slopes."""
    s = 1 - t
    return (
        s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t,
        -3 * s * s, 3 * s * (s - 2 * t), 3 * t * (2 * s - t), 3 * t * t,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _at(p: Floats, weights: Weights) -> tuple[float, float, float, float, float]:
    """The place on a cubic, the slope there and its length."""
    a, b, c, d, da, db, dc, dd = weights
    x = a * p[0, 0] + b * p[1, 0] + c * p[2, 0] + d * p[3, 0]
    y = a * p[0, 1] + b * p[1, 1] + c * p[2, 1] + d * p[3, 1]
    sx = da * p[0, 0] + db * p[1, 0] + dc * p[2, 0] + dd * p[3, 0]
    sy = da * p[0, 1] + db * p[1, 1] + dc * p[2, 1] + dd * p[3, 1]
    return x, y, sx, sy, np.sqrt(sx * sx + sy * sy + SMALL)


@njit(cache=True, nogil=True, error_model="numpy")
def _place(x: float, most: int) -> int:
    """The cell of a place in cells, those beside the page taken together."""
    return min(max(int(np.floor(x)), -1), most) + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _lay(curves: Floats, width: Floats, shown: Floats, step: float, cells: Floats) -> None:
    rows, columns = cells.shape[0] - 2, cells.shape[1] - 2
    for m in range(len(curves)):
        p, w = curves[m], float(width[m])
        along, across = _cut(p, w, step)
        for i in range(along):
            x, y, sx, sy, speed = _at(p, _weights((i + 0.5) / along))
            ink = shown[m] * speed * w / (along * across)
            for j in range(across):
                off = ((j + 0.5) / across - 0.5) * w / speed
                u, v = (x - off * sy) / step - 0.5, (y + off * sx) / step - 0.5
                fx, fy = u - np.floor(u), v - np.floor(v)
                left, right = _place(u, columns), _place(u + 1, columns)
                top, bottom = _place(v, rows), _place(v + 1, rows)
                cells[top, left] += (1 - fx) * (1 - fy) * ink
                cells[top, right] += fx * (1 - fy) * ink
                cells[bottom, left] += (1 - fx) * fy * ink
                cells[bottom, right] += fx * fy * ink


@njit(cache=True, nogil=True, error_model="numpy")
def _slopes(
    curves: Floats, width: Floats, shown: Floats, step: float, slope: Floats,
    of_curves: Floats, of_width: Floats, of_shown: Floats,
) -> None:  # fmt: skip
    rows, columns = slope.shape[0] - 2, slope.shape[1] - 2
    for m in range(len(curves)):
        p, w = curves[m], float(width[m])
        along, across = _cut(p, w, step)
        for i in range(along):
            weights = _weights((i + 0.5) / along)
            x, y, sx, sy, speed = _at(p, weights)
            share = w / (along * across)
            ink = shown[m] * speed * share
            gx, gy, hx, hy = 0.0, 0.0, 0.0, 0.0  # by the place on the curve, and by its direction of travel
            for j in range(across):
                side = (j + 0.5) / across - 0.5
                off = side * w / speed
                u, v = (x - off * sy) / step - 0.5, (y + off * sx) / step - 0.5
                fx, fy = u - np.floor(u), v - np.floor(v)
                left, right = _place(u, columns), _place(u + 1, columns)
                top, bottom = _place(v, rows), _place(v + 1, rows)
                near, far = slope[top, left], slope[top, right]
                below, beyond = slope[bottom, left], slope[bottom, right]
                by_ink = (1 - fy) * ((1 - fx) * near + fx * far) + fy * ((1 - fx) * below + fx * beyond)
                qx = ink / step * ((1 - fy) * (far - near) + fy * (beyond - below))
                qy = ink / step * ((1 - fx) * (below - near) + fx * (beyond - far))
                turned = (qy * sx - qx * sy) / speed  # along the normal (-sy, sx) / speed
                gx, gy = gx + qx, gy + qy
                hx += by_ink * shown[m] * share * sx / speed + off * (qy - turned * sx / speed)
                hy += by_ink * shown[m] * share * sy / speed - off * (qx + turned * sy / speed)
                of_width[m] += by_ink * shown[m] * speed / (along * across) + side * turned
                of_shown[m] += by_ink * speed * share
            a, b, c, d, da, db, dc, dd = weights
            for axis in range(2):
                g, h = (gx, hx) if axis == 0 else (gy, hy)
                of_curves[m, 0, axis] += a * g + da * h
                of_curves[m, 1, axis] += b * g + db * h
                of_curves[m, 2, axis] += c * g + dc * h
                of_curves[m, 3, axis] += d * g + dd * h
