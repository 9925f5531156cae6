"""What the operations promise, whatever computes them."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from plotart.raster import chords
from plotart.raster.strokes import composite_over, planes, transmit

H = W = 40
coordinate = st.floats(-10, 50)
path = st.lists(st.tuples(coordinate, coordinate), min_size=4, max_size=4)
ONE = torch.ones(1, 1)


def covered(points: Tensor, width: float = 2.0, **how) -> Tensor:
    """Coverage `[H, W]` of one stroke `[P, 2]`."""
    size = how.pop("size", (H, W))
    return 1 - transmit(points[None], torch.tensor([width]).to(points), ONE.to(points), size=size, **how)[0]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(path, st.integers(-3, 3), st.integers(-3, 3), st.floats(0.3, 6))
def test_moves_with_the_stroke(path: list, dx: int, dy: int, width: float) -> None:
    points = torch.tensor(path, dtype=torch.float64).round(decimals=2).float()
    here = covered(points, width, size=(60, 60))
    there = covered(points + torch.tensor([dx, dy]), width, size=(60, 60))
    a, b = here[5:-5, 5:-5], there[5 + dy : 55 + dy, 5 + dx : 55 + dx]
    # rounding may hand a pixel on a border to the other rule, which differs by hundredths
    assert (a - b).abs().max() < 0.06
    assert ((a - b).abs() > 1e-3).float().mean() < 0.01


@settings(max_examples=40, deadline=None, derandomize=True)
@given(path, st.floats(0.3, 6))
def test_the_same_backwards(path: list, width: float) -> None:
    points = torch.tensor(path)
    difference = (covered(points, width) - covered(points.flip(0), width)).abs()
    # where two parts of a stroke are equally near, its direction may decide which rule a pixel follows
    assert difference.max() < 0.15
    assert (difference > 0.02).float().mean() < 0.003
    assert difference.mean() < 2e-4


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(path, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_light_does_not_mind_the_order(paths: list, random) -> None:
    points, order = torch.tensor(paths), list(range(len(paths)))
    random.shuffle(order)
    weight = torch.rand(len(paths), 3, generator=torch.Generator().manual_seed(1))
    width = torch.full((len(paths),), 2.0)
    a = transmit(points, width, weight, size=(H, W))
    b = transmit(points[order], width, weight[order], size=(H, W))
    assert torch.allclose(a, b, atol=1e-6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(path, st.floats(0.2, 8), st.floats(0.7, 5))
def test_coverage_is_a_fraction(path: list, width: float, softness: float) -> None:
    values = covered(torch.tensor(path), width, softness=softness)
    assert values.min() >= 0
    assert values.max() <= 1 + 1e-6


@settings(max_examples=60, deadline=None, derandomize=True)
@given(path, st.floats(0.1, 20))
def test_flattening_keeps_its_tolerance(path: list, scale: float) -> None:
    points = np.array(path) * scale
    (count,) = chords.chord_counts(points[None].astype(np.float32))[0]
    t = np.linspace(0, 1, 50 * count + 1)[:, None]
    p = points.astype(np.float32).astype(np.float64)
    curve = (1 - t) ** 3 * p[0] + 3 * (1 - t) ** 2 * t * p[1] + 3 * (1 - t) * t**2 * p[2] + t**3 * p[3]
    for k in range(count):
        a, b = curve[50 * k], curve[50 * (k + 1)]
        piece = curve[50 * k : 50 * (k + 1) + 1] - a
        along = np.clip(piece @ (b - a) / max((b - a) @ (b - a), 1e-30), 0, 1)
        assert np.linalg.norm(piece - along[:, None] * (b - a), axis=1).max() <= chords.TOLERANCE + 1e-9


@pytest.mark.parametrize("softness", [1.0, 3.0])
@pytest.mark.parametrize("width", [0.1, 0.4, 1.0, 3.0])
@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 4, 1.2])
def test_thin_pens_keep_their_mean_ink(width: float, softness: float, angle: float) -> None:
    def ink(length: float) -> Tensor:
        along = torch.linspace(-length / 2, length / 2, 4)[:, None] * torch.tensor([math.cos(angle), math.sin(angle)])
        return covered(along + torch.tensor([20.3, 19.8]), width, softness=softness).sum()

    assert ink(24) - ink(12) == pytest.approx(12 * width, rel=1e-2)
    # a cap adds half a disc; the filter of its sub-pixels may add a tenth of their side to that
    assert ink(24) == pytest.approx(24 * width + math.pi * width**2 / 4, abs=0.2 * softness * width)


def test_a_straight_edge_is_exact() -> None:
    """Half a pixel inside a vertical edge, and the 1 px box filter of a diagonal one."""
    vertical = covered(torch.tensor([[10.25, -20.0], [10.25, 0.0], [10.25, 40.0], [10.25, 60.0]]), 4.0)
    assert torch.allclose(vertical[20, 7:14], torch.tensor([0, 0.75, 1, 1, 1, 0.25, 0]), atol=1e-6)
    diagonal = covered(torch.tensor([[-20.0, -20.0], [0.0, 0.0], [40.0, 40.0], [60.0, 60.0]]), 2 * math.sqrt(0.5))
    assert diagonal[20, 20] == pytest.approx(1, abs=1e-6)
    assert diagonal[20, 21] == pytest.approx(0.5, abs=1e-6)


def test_opaque_strokes_hide_what_is_below(strokes) -> None:
    points, width = strokes(1, H, width=8.0)
    both = composite_over(
        points.repeat(2, 1, 1), width.repeat(2), torch.tensor([[1.0, 0, 0], [0, 0, 1.0]]), torch.ones(2), size=(H, W)
    )
    top = composite_over(points, width, torch.tensor([[0, 0, 1.0]]), torch.ones(1), size=(H, W))
    inside = covered(points[0].detach(), 8.0) == 1
    assert inside.any()
    assert torch.equal(both[:, inside], top[:, inside])


def test_paper_shows_and_gets_its_gradient(strokes) -> None:
    points, width = strokes(3, H)
    paper = torch.tensor([0.9, 0.8, 0.7], requires_grad=True)
    image = composite_over(points, width, torch.rand(3, 3), torch.full((3,), 0.5), size=(H, W), paper=paper)
    image.sum().backward()
    light = transmit(points.detach(), width.detach(), torch.full((3, 1), 0.5), size=(H, W))
    assert (image[:, (light[0] == 1)] == paper.detach()[:, None]).all()
    assert torch.allclose(paper.grad, light.sum().expand(3), rtol=1e-4)


def test_planes_are_transmission_with_one_hot_weights(strokes) -> None:
    points, width = strokes(20, H)
    pen = torch.arange(20) % 3
    opacity = torch.linspace(0.3, 1, 20)
    sparse = planes(points, width, pen, 3, opacity, size=(H, W))
    dense = transmit(points, width, torch.nn.functional.one_hot(pen, 3) * opacity[:, None], size=(H, W))
    assert torch.equal(sparse, dense)
    g = torch.rand(3, H, W, generator=torch.Generator().manual_seed(0))
    (one,) = torch.autograd.grad((sparse * g).sum(), points)
    (other,) = torch.autograd.grad((dense * g).sum(), points)
    assert torch.allclose(one, other, atol=1e-4)


def test_weights_of_zero_get_their_gradient(strokes) -> None:
    points, width = strokes(6, H)
    weight = torch.zeros(6, 2).requires_grad_()
    transmit(points, width, weight, size=(H, W)).sum().backward()
    ink = torch.stack([covered(p).sum() for p in points.detach()])
    assert torch.allclose(weight.grad, -ink[:, None].expand(6, 2), rtol=1e-4)


def test_gradients_where_factors_vanish() -> None:
    """Two opaque strokes over each other: what either does under the other cannot be seen, and nothing is NaN."""
    line = torch.tensor([[5.0, 20.2], [15.0, 20.2], [25.0, 20.2], [35.0, 20.2]])
    points = torch.stack([line, line]).double().requires_grad_()
    weight = torch.ones(2, 1, dtype=torch.float64, requires_grad=True)
    width = torch.tensor([6.0, 3.0], dtype=torch.float64, requires_grad=True)
    wanted = torch.autograd.grad(
        transmit(points, width, weight, size=(H, W), backend="reference").sum(), [points, width, weight]
    )
    single = [v.detach().float().requires_grad_() for v in (points, width, weight)]
    got = torch.autograd.grad(transmit(*single, size=(H, W)).sum(), single)
    for fast, exact in zip(got, wanted, strict=True):
        assert torch.isfinite(fast).all()
        assert torch.allclose(fast.double(), exact, atol=1e-4)


@pytest.mark.parametrize("batch", [(), (1,), (3,), (2, 2)])
def test_batches_are_drawings_side_by_side(strokes, batch: tuple[int, ...]) -> None:
    count = math.prod(batch)
    drawings = [strokes(5, H, seed=seed)[0].detach() for seed in range(count)]
    points = torch.stack(drawings).reshape(*batch, 5, 4, 2).requires_grad_()
    width, rgb, alpha = torch.full((5,), 2.0), torch.rand(5, 3), torch.full((5,), 0.7)
    image = composite_over(points, width, rgb, alpha, size=(H, W))
    assert image.shape == (*batch, 3, H, W)
    image.square().sum().backward()
    for i, one in enumerate(image.reshape(-1, 3, H, W)):
        alone = drawings[i].clone().requires_grad_()
        expected = composite_over(alone, width, rgb, alpha, size=(H, W))
        expected.square().sum().backward()
        assert torch.equal(one, expected)
        assert torch.equal(points.grad.reshape(-1, 5, 4, 2)[i], alone.grad)


def test_chosen_pixels(strokes) -> None:
    points, width = strokes(12, H)
    rgb, alpha = torch.rand(12, 3), torch.full((12,), 0.6)
    mask = torch.rand(H, W, generator=torch.Generator().manual_seed(3)) < 0.2
    whole = composite_over(points, width, rgb, alpha, size=(H, W))
    part = composite_over(points, width, rgb, alpha, size=(H, W), mask=mask)
    assert torch.equal(part[:, mask], whole[:, mask])
    assert (part[:, ~mask] == 1).all()
    (a,) = torch.autograd.grad((whole * mask).square().sum(), points)
    (b,) = torch.autograd.grad((part * mask).square().sum(), points)
    assert torch.allclose(a, b, atol=1e-4)
    assert torch.equal(
        transmit(points, width, alpha[:, None], size=(H, W), mask=mask)[:, ~mask],
        torch.ones(1, int((~mask).sum())),
    )
    tile = composite_over(points - torch.tensor([10.0, 4.0]), width, rgb, alpha, size=(8, 16))
    assert torch.allclose(tile, whole[:, 4:12, 10:26], atol=2e-3)


DOT = [[20.0, 20.0]] * 4
HAZARDS = {
    "dot": DOT,
    "three points equal": [[20.0, 20.0]] * 3 + [[30.0, 25.0]],
    "straight and even": [[5.0, 5.0], [15.0, 10.0], [25.0, 15.0], [35.0, 20.0]],
    "along the pixels' centres": [[5.5, 5.5], [15.5, 5.5], [25.5, 5.5], [35.5, 5.5]],
    "there and back": [[5.0, 20.0], [40.0, 20.0], [40.0, 20.0], [5.0, 20.0]],
    "retraced over itself": [[5.0, 20.0], [45.0, 20.0], [-5.0, 20.0], [35.0, 20.0]],
    "loop": [[10.0, 30.0], [60.0, 0.0], [-20.0, 0.0], [30.0, 30.0]],
    "cusp": [[5.0, 35.0], [35.0, 5.0], [5.0, 5.0], [35.0, 35.0]],
    "off the page": [[-300.0, -300.0], [-310.0, -290.0], [-320.0, -300.0], [-330.0, -310.0]],
    "a million away": [[1e6, 1e6], [2e6, 1e6], [1e6, 3e6], [5.0, 5.0]],
    "1e20 away": [[1e20, -1e20], [20.0, 20.0], [-1e20, 1e20], [1e20, 1e20]],
    "tiny": [[20.0, 20.0], [20.00001, 20.0], [20.0, 20.00001], [20.00001, 20.00001]],
}


@pytest.mark.parametrize("width", [0.05, 2.0, 200.0])
@pytest.mark.parametrize("name", HAZARDS)
def test_hazards_are_finite(name: str, width: float) -> None:
    points = torch.tensor([HAZARDS[name]], requires_grad=True)
    wide = torch.tensor([width], requires_grad=True)
    rgb, alpha = torch.tensor([[0.2, 0.3, 0.4]], requires_grad=True), torch.ones(1, requires_grad=True)
    image = composite_over(points, wide, rgb, alpha, size=(H, W))
    assert torch.isfinite(image).all()
    grads = torch.autograd.grad((image * torch.rand(3, H, W)).sum(), [points, wide, rgb, alpha])
    assert all(torch.isfinite(g).all() for g in grads)
    if width > 1 and name not in ("off the page", "1e20 away", "a million away"):
        assert image.min() < 0.9


def test_a_dot_is_a_disc() -> None:
    assert covered(torch.tensor(DOT), 6.0).sum() == pytest.approx(math.pi * 9, rel=0.01)


def test_a_straight_stroke_feels_its_inner_points() -> None:
    points = torch.tensor([HAZARDS["straight and even"]], requires_grad=True)
    light = transmit(points, torch.tensor([2.0]), ONE, size=(H, W))
    ramp = torch.arange(H)[:, None].expand(H, W) ** 2 / 100.0
    (light * ramp).sum().backward()
    assert (points.grad[0, 1:3].norm(dim=1) > 0.1).all()


def test_no_second_derivative(strokes) -> None:
    points, width = strokes(3, H)
    for backend in ("native", "reference"):
        image = transmit(points, width, torch.rand(3, 1), size=(H, W), backend=backend)
        (first,) = torch.autograd.grad(image.square().sum(), points, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            first.sum().backward()
