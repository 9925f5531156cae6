"""The adapter without the library: refused by name. With it: the same pictures, within its faults."""

from __future__ import annotations

import importlib.util
import sys

import pytest
import torch

from plotart.core.errors import InputError
from plotart.drawing.render import renderer
from plotart.raster.strokes import composite_over, planes, transmit

INSTALLED = importlib.util.find_spec("pydiffvg") is not None


def test_missing_library_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pydiffvg", None)
    with pytest.raises(InputError, match="needs the library pydiffvg"):
        renderer("diffvg")


@pytest.mark.skipif(not INSTALLED, reason="pydiffvg has to be built by hand; it is in no index")
def test_same_pictures(strokes) -> None:
    points, width = strokes(4, 64, width=3.0)
    rgb, alpha = torch.rand(4, 3), torch.full((4,), 0.7)
    pen = torch.tensor([0, 1, 1, 0])
    for draw in (
        lambda backend: composite_over(points, width, rgb, alpha, size=(64, 48), backend=backend),
        lambda backend: transmit(points, width, rgb, size=(64, 48), backend=backend),
        lambda backend: planes(points, width, pen, 3, size=(64, 48), backend=backend),
    ):
        ours, theirs = draw("native"), draw("diffvg")
        assert ours.shape == theirs.shape
        assert (ours - theirs).abs().mean() < 0.01
        (a,) = torch.autograd.grad(ours.square().sum(), points)
        (b,) = torch.autograd.grad(theirs.square().sum(), points)
        assert (a * b).sum() / (a.norm() * b.norm()) > 0.5
