"""The rasterizer is a library of its own: what importing it loads, and that it can be used by itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

import plotart.raster

LOADED = """
import sys
import plotart.raster
before = {name.split('.')[0] for name in sys.modules}
assert 'torch' not in before and 'numba' not in before, before
from plotart.raster import composite_over, planes, transmit
import plotart.raster.shapes
print(*sorted(sys.modules))
"""


def test_nothing_of_a_drawing_is_loaded() -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True, text=True).stdout.split()
    tops = {name.split(".")[0] for name in loaded}
    assert not tops & {"pydantic", "shapely", "skimage", "sklearn", "kornia", "vpype", "torchvision"}
    ours = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("plotart.")}
    assert ours == {"plotart.core", "plotart.raster"}
    assert {name for name in loaded if name.startswith("plotart.core.")} <= {
        "plotart.core.errors",
        "plotart.core.geometry",
    }


def test_every_public_name_is_there() -> None:
    for name in plotart.raster.__all__:
        assert getattr(plotart.raster, name) is not None
    assert set(plotart.raster.__all__) <= set(dir(plotart.raster))
    with pytest.raises(AttributeError, match="no attribute 'composite'"):
        plotart.raster.composite  # noqa: B018


def test_a_notebook_needs_no_config() -> None:
    points = (torch.rand(20, 4, 2, generator=torch.Generator().manual_seed(0)) * 32).requires_grad_()
    image = plotart.raster.composite_over(
        points, torch.full((20,), 2.0), torch.zeros(20, 3), torch.ones(20), size=(32, 32)
    )
    image.mean().backward()
    assert points.grad is not None and float(points.grad.abs().sum()) > 0
