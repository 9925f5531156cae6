"""What is wrong with filled paths is named: the tensor, the place in it, and its value."""

from __future__ import annotations

import pytest
import torch

from plotart.raster import Linear, Path, Radial, Shape, fill_over, paint, polygon

H, W = 24, 28
BLACK = torch.tensor([0.0, 0.0, 0.0, 1.0])
TRIANGLE = polygon(torch.tensor([[1.0, 1.0], [9.0, 2.0], [4.0, 8.0]]))
NAN = torch.tensor([[1.0, 1.0], [9.0, float("nan")], [4.0, 8.0]])


@pytest.mark.parametrize(
    ("shapes", "how", "message"),
    [
        ([Shape((polygon(NAN),), BLACK)], {}, r"shapes\[0\].contours\[0\].points\[1, 1\] is nan"),
        ([Shape((TRIANGLE,), BLACK), Shape((TRIANGLE,), BLACK * torch.inf)], {}, r"shapes\[1\].fill\[0\] is nan"),
        ([Shape((TRIANGLE,), None, BLACK, torch.tensor(-1.0))], {}, r"shapes\[0\].width\[0\] is -1"),
        ([Shape((TRIANGLE,), None, BLACK, torch.ones(2))], {}, r"shapes\[0\].width must be one number or \[3\]"),
        ([Shape((TRIANGLE,), None, BLACK)], {}, r"shapes\[0\].stroke needs a width"),
        ([Shape((), BLACK)], {}, r"shapes\[0\].contours must hold at least one"),
        ([Shape((Path(NAN, (3, 1)),), BLACK)], {}, r"contours\[0\].points must be \[4, 2\], not \[3, 2\]"),
        ([Shape((Path(NAN, (4,)),), BLACK)], {}, r"contours\[0\].degrees must be 1, 2 or 3"),
        ([Shape((TRIANGLE,), BLACK[:3])], {}, r"shapes\[0\].fill must be torch.float32 \[4\]"),
        ([Shape((TRIANGLE,), BLACK, rule="odd")], {}, r"shapes\[0\].rule must be one of nonzero, even-odd"),
        ([Shape((TRIANGLE,), BLACK, transform=torch.eye(2))], {}, r"shapes\[0\].transform must be"),
        (
            [Shape((TRIANGLE,), Linear(BLACK[:2], BLACK[:2], torch.tensor([0.5, 0.2]), BLACK.repeat(2, 1)))], {},
            r"shapes\[0\].fill.offsets\[1\] is below",
        ),
        (
            [Shape((TRIANGLE,), Radial(BLACK[:2], BLACK[:2], torch.zeros(1), BLACK.repeat(1, 1)))], {},
            r"shapes\[0\].fill.radius must be positive",
        ),
        ([Shape((polygon(TRIANGLE.points.double()),), BLACK.double())], {}, "native fills float32"),
        ([], {"size": (0, 3)}, "at least 1 x 1"),
        ([], {"ground": torch.zeros(3, 3, 4)}, "ground must be"),
        ([], {"mask": torch.zeros(3, 3, dtype=torch.bool)}, "mask must be bool"),
        ([], {"backend": "fast"}, "backend must be one of"),
    ],
)  # fmt: skip
def test_wrong_input_is_named(shapes: list[Shape], how: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paint(shapes, **{"size": (H, W), **how})


def test_wrong_shapes_of_fill_over_are_named() -> None:
    with pytest.raises(ValueError, match=r"points must be \[\*, N, 3S, 2\]"):
        fill_over(torch.rand(2, 4, 2), torch.rand(2, 4), size=(H, W))
    with pytest.raises(ValueError, match=r"rgba\[1, 2\] is 2"):
        fill_over(torch.rand(2, 6, 2), torch.tensor([[0.0] * 4, [0, 0, 2, 0]]), size=(H, W))
