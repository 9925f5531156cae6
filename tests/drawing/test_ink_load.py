"""Layers of ink against areas known by hand."""

import math

import numpy as np
import pytest
import torch

from plotart.core.geometry import polyline, straight
from plotart.drawing.ink_load import _laid_on_cells, ink_load, load_of_paths
from plotart.drawing.portions import laid_on_cells

PAGE = (40.0, 30.0)


def total(load):
    """mm^2 of ink of strokes well inside the page: squares overlap 16 times on the grid of a quarter mm."""
    return float(load.sum()) / 16


def test_ink_is_neither_lost_nor_made():
    paths = [straight((5, 5), (25, 12)), polyline([(10, 20), (20, 10), (30, 20)])]
    for tip in (0.3, 2.0):
        length = math.hypot(20, 7) + 2 * math.hypot(10, 10)
        expected = tip * length + 2 * math.pi / 4 * tip**2
        assert total(load_of_paths([(paths, tip)], PAGE)) == pytest.approx(expected, rel=0.01)


def test_a_solid_patch_is_one_layer_and_pens_add_up():
    lines = [straight((5, 5 + 0.5 * i), (25, 5 + 0.5 * i)) for i in range(30)]
    once = load_of_paths([(lines, 0.5)], PAGE)
    assert float(once.max()) == pytest.approx(1, abs=0.04)
    across = [straight((5 + 0.25 * i, 5), (5 + 0.25 * i, 20)) for i in range(80)]
    both = load_of_paths([(lines, 0.5), (across, 0.5)], PAGE)
    assert float(both[40:50, 40:60].min()) == pytest.approx(3, abs=0.05)


def test_a_wide_line_is_one_layer_all_over_its_width():
    load = load_of_paths([([straight((5, 15), (35, 15))], 3.0)], PAGE)
    assert float(load.max()) == pytest.approx(1, abs=0.02)
    assert load_of_paths([], PAGE).max() == 0


def test_ink_beside_the_page_counts_nowhere():
    load = load_of_paths([([straight((-10, 15), (50, 15))], 0.4)], PAGE)
    assert float(load.max()) == pytest.approx(0.4, abs=0.01)
    assert float(load_of_paths([([straight((-10, -5), (50, -5))], 0.4)], PAGE).max()) == 0


def test_gradient_moves_strokes_apart():
    points = torch.tensor([[[5.0 * i, y] for i in range(1, 5)] for y in (10.07, 10.49)])
    curves = points.double().requires_grad_()
    width, ends = torch.full((2,), 1.0).double(), torch.ones(2, 2)

    def excess(curves):
        return (ink_load(curves, width, ends, PAGE) - 1).clamp_min(0).square().sum()

    excess(curves).backward()
    down = curves.grad[..., 1].sum(dim=1)
    assert float(down[0]) > 0 > float(down[1])
    moved = (curves - 1e-3 * curves.grad).detach()
    assert float(excess(moved)) < float(excess(curves.detach()))
    shift = torch.zeros_like(curves)
    shift[0, :, 1] = 1e-4
    slope = (excess((curves + shift).detach()) - excess((curves - shift).detach())) / 2e-4
    np.testing.assert_allclose(float(slope), float(down[0]), rtol=0.02)


@pytest.mark.parametrize("step_mm", [1.0, 0.25])
def test_the_compiled_loop_and_its_gradient_are_those_of_the_operations_it_replaces(step_mm):
    generator = torch.Generator().manual_seed(0)

    def some(*size):
        return torch.rand(*size, generator=generator, dtype=torch.float64)

    given = [
        (24 * some(20, 4, 2) - 2).requires_grad_(),
        (0.2 + 1.5 * some(20)).requires_grad_(),
        some(20).requires_grad_(),
    ]
    size = (round(20 / step_mm),) * 2
    slope = some(size[0] + 2, size[1] + 2) - 0.5
    found = [each(*given, size, step_mm) for each in (laid_on_cells, _laid_on_cells)]
    torch.testing.assert_close(*found)
    for one, other in zip(*(torch.autograd.grad((cells * slope).sum(), given) for cells in found), strict=True):
        torch.testing.assert_close(one, other)
