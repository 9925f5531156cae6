"""Stroked paths: what a round pen covers, over and below fills, moved."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from plotart.raster import Path, Shape, circle, paint, rectangle

H, W = 24, 28
BLACK = torch.tensor([0.0, 0.0, 0.0, 1.0])


def covered_by(shapes: list[Shape]) -> Tensor:
    return paint(shapes, size=(H, W))[..., 3]


def test_strokes_are_what_a_round_pen_covers() -> None:
    line = Path(torch.tensor([[5.0, 12.3], [20.0, 12.3]]), (1,), closed=False)
    covered = covered_by([Shape((line,), None, BLACK, torch.tensor(3.0))])
    assert float(covered.sum()) == pytest.approx(15 * 3 + math.pi * 1.5**2, rel=2e-3)
    thin = covered_by([Shape((line,), None, BLACK, torch.tensor(0.1))])
    assert float(thin.sum()) == pytest.approx(1.5 + math.pi * 0.05**2, rel=5e-3)
    ring = covered_by([Shape((circle(torch.tensor([13.0, 12.0]), torch.tensor(8.0)),), None, BLACK, torch.tensor(2.0))])
    assert float(ring.sum()) == pytest.approx(2 * math.pi * 8 * 2, rel=3e-3)
    assert float(ring[12, 13]) == 0


def test_a_stroke_that_crosses_itself_is_filled_once() -> None:
    eight = torch.tensor([[4.0, 4.0], [24.0, 20.0], [4.0, 20.0], [24.0, 4.0]])
    sharp = torch.tensor([[4.0, 4.0], [20.0, 5.0], [4.0, 6.0], [20.0, 12.0]])
    for points, degrees in ((eight, (3,)), (sharp, (1, 1, 1))):
        for closed in (False, True):
            degrees_ = (*degrees, 1) if closed else degrees
            covered = covered_by([Shape((Path(points, degrees_, closed),), None, BLACK, torch.tensor(3.0))])
            assert covered.numpy() == pytest.approx(_pen(points, degrees_, closed, 1.5), abs=0.04)


def _pen(points: Tensor, degrees: tuple[int, ...], closed: bool, half: float) -> np.ndarray:
    """Coverage by 16 x 16 samples a pixel that are within half of the path."""
    all_ = [*points.tolist(), points[0].tolist()] if closed else points.tolist()
    line, at = [], 0
    for degree in degrees:
        t, own = np.linspace(0, 1, 100)[:, None], np.array(all_[at : at + degree + 1])
        line.append(sum(math.comb(degree, k) * (1 - t) ** (degree - k) * t**k * own[k] for k in range(degree + 1)))
        at += degree
    a = np.concatenate(line)
    a, b = a[:-1], a[1:]
    y, x = ((np.arange(n * 16) + 0.5) / 16 for n in (H, W))
    p = np.stack(np.meshgrid(x, y), -1).reshape(-1, 1, 2)
    near = np.full(len(p), np.inf)
    for i in range(0, len(a), 50):
        d = b[i : i + 50] - a[i : i + 50]
        s = np.clip(((p - a[i : i + 50]) * d).sum(-1) / np.maximum((d * d).sum(-1), 1e-12), 0, 1)
        near = np.minimum(near, np.linalg.norm(p - a[i : i + 50] - s[..., None] * d, axis=-1).min(1))
    return (near <= half).reshape(H, 16, W, 16).mean((1, 3))


def test_the_stroke_lies_over_the_fill_or_below_it() -> None:
    square = (rectangle(torch.tensor([6.0, 6.0]), torch.tensor([18.0, 18.0])),)
    red, blue = torch.tensor([1.0, 0, 0, 1]), torch.tensor([0, 0, 1.0, 1])
    over, below = (
        paint([Shape(square, red, blue, torch.tensor(4.0), stroke_first=first)], size=(H, W)) for first in (False, True)
    )
    assert over[12, 7].tolist() == blue.tolist() and below[12, 7].tolist() == red.tolist()
    assert over[12, 5].tolist() == below[12, 5].tolist() == blue.tolist()


def test_transforms_move_strokes_and_fills() -> None:
    loop = Path(torch.tensor([[3.0, 3.0], [9.0, 2.0], [8.0, 9.0]]), (1, 2))
    double = torch.tensor([[2.0, 0.0, 1.0], [0.0, 2.0, -1.0]])
    moved = Path(loop.points * 2 + torch.tensor([1.0, -1.0]), (1, 2))
    a = paint([Shape((loop,), BLACK / 2, BLACK, torch.tensor(1.0), transform=double)], size=(H, W))
    b = paint([Shape((moved,), BLACK / 2, BLACK, torch.tensor(2.0))], size=(H, W))
    assert (a - b).abs().max() < 0.02
