"""Strokes that cannot be drawn are named."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from plotart.raster.strokes import composite_over, planes, transmit


def bad(**change) -> dict:
    good = {
        "points": torch.rand(3, 4, 2), "width": torch.ones(3), "rgb": torch.rand(3, 3), "alpha": torch.rand(3),
        "size": (8, 8),
    }  # fmt: skip
    return {**good, **change}


NAN = torch.rand(3, 4, 2)
NAN[1, 2, 0] = torch.nan


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (bad(points=NAN), r"points\[1, 2, 0\] is nan"),
        (bad(points=torch.where(NAN.isnan(), torch.inf, NAN)), r"points\[1, 2, 0\] is inf"),
        (bad(width=torch.tensor([1.0, 0.0, 2.0])), r"width\[1\] is 0"),
        (bad(width=torch.tensor([1.0, 1.0, -2.0])), r"width\[2\] is -2"),
        (bad(width=torch.tensor([torch.nan, 1.0, 2.0])), r"width\[0\] is nan"),
        (bad(points=torch.rand(0, 4, 2)), "at least one stroke"),
        (bad(size=(0, 8)), "at least 1 x 1"),
        (bad(size=(8, 40000)), "at most 32768"),
        (bad(points=torch.rand(3, 5, 2)), r"points must be \[\*, N, 1\+3S, 2\]"),
        (bad(points=torch.rand(3, 4, 2).half()), "float32 or float64"),
        (bad(points=torch.rand(3, 4, 2).double()), "width must be torch.float64"),
        (bad(width=torch.ones(2)), r"width must be \[3\], not \[2\]"),
        (bad(rgb=torch.rand(3, 4)), r"rgb must be \[3, 3\]"),
        (bad(rgb=torch.full((3, 3), 1.5)), r"rgb\[0, 0\] is 1.5: it must be in 0..1"),
        (bad(alpha=torch.tensor([0.0, 0.5, -0.1])), r"alpha\[2\] is -0.1"),
        (bad(alpha=torch.rand(3, device="meta")), "alpha must be on cpu"),
        (bad(paper=torch.tensor([1.0, 1.0, torch.nan])), r"paper\[2\] is nan"),
        (bad(softness=0.0), "softness"),
        (bad(mask=torch.ones(8, 9, dtype=torch.bool)), "mask must be bool"),
        (bad(backend="fast"), "backend must be"),
    ],
)
def test_wrong_input_is_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        composite_over(**arguments)


@pytest.mark.parametrize(
    ("pen", "pens", "message"),
    [
        (torch.tensor([0, 1, 2]), 2, r"pen must lie in 0..1"),
        (torch.tensor([0, 1]), 2, r"pen must be \[3\]"),
        (torch.tensor([0.0, 1, 1]), 2, "pen must be int64"),
        (torch.tensor([0, 0, 0]), 0, "pens must be at least 1"),
    ],
)
def test_wrong_pens_are_named(pen: Tensor, pens: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        planes(torch.rand(3, 4, 2), torch.ones(3), pen, pens, size=(8, 8))


def test_native_is_float32() -> None:
    with pytest.raises(ValueError, match="native renders float32"):
        transmit(torch.rand(3, 4, 2).double(), torch.ones(3).double(), torch.ones(3, 1).double(), size=(8, 8))
