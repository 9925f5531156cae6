"""Filled and stroked paths: exact areas, exact gradients, and the properties that strokes have."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from plotart.raster import Linear, Path, Radial, Shape, circle, ellipse, fill_over, paint, polygon, rectangle
from plotart.raster.cpu import outline, pool
from plotart.raster.paths import Fills

H, W = 24, 28
BLACK = torch.tensor([0.0, 0.0, 0.0, 1.0])


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def alpha(shapes: list[Shape], size: tuple[int, int] = (H, W), **how) -> Tensor:
    return paint(shapes, size=size, **how)[..., 3]


def cosine(a: Tensor, b: Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a.double().flatten(), b.double().flatten(), dim=0))


def sampled(curves: list[np.ndarray], rule: str, size: tuple[int, int], side: int) -> np.ndarray:
    """Coverage by side x side samples a pixel: winding numbers round the closed cubics `[S, 4, 2]` of each contour."""
    t = (np.arange(64) / 64)[:, None]
    height, width = size
    change = np.zeros((height * side, width * side + 1), np.int64)
    for curve in curves:
        share = np.stack([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3])
        line = np.einsum("jtk,sjd->std", share, curve).reshape(-1, 2)
        for a, b in zip(line, np.roll(line, -1, axis=0), strict=True):
            low, high = (a, b) if a[1] <= b[1] else (b, a)
            rows = np.arange(math.ceil(low[1] * side - 0.5), math.ceil(high[1] * side - 0.5))
            rows = rows[(rows >= 0) & (rows < height * side)]
            at = low[0] + ((rows + 0.5) / side - low[1]) * (high[0] - low[0]) / max(high[1] - low[1], 1e-12)
            first = np.clip(np.ceil(at * side - 0.5), 0, width * side).astype(np.int64)
            np.add.at(change, (rows, first), 1 if a[1] <= b[1] else -1)
    winding = change[:, :-1].cumsum(1)
    inside = winding % 2 != 0 if rule == "even-odd" else winding != 0
    return inside.reshape(height, side, width, side).mean((1, 3))


def cubics(points: Tensor) -> np.ndarray:
    index = (3 * np.arange(len(points) // 3)[:, None] + np.arange(4)) % len(points)
    return points.double().numpy()[index]


def test_a_rectangle_covers_what_it_covers() -> None:
    low, high = torch.tensor([2.3, 3.7]), torch.tensor([9.85, 3.95])
    x = np.clip(np.minimum(np.arange(W) + 1, 9.85) - np.maximum(np.arange(W), 2.3), 0, 1)
    y = np.clip(np.minimum(np.arange(H) + 1, 3.95) - np.maximum(np.arange(H), 3.7), 0, 1)
    covered = alpha([Shape((rectangle(low, high),), BLACK)])
    assert covered.numpy() == pytest.approx(y[:, None] * x, abs=1e-6)


def test_areas_are_exact() -> None:
    centre = torch.tensor([12.1, 11.4])
    assert float(alpha([Shape((circle(centre, torch.tensor(8.3)),), BLACK)]).sum()) == pytest.approx(
        math.pi * 8.3**2, rel=4e-3
    )
    oval = Shape((ellipse(centre, torch.tensor([9.0, 4.0])),), BLACK)
    assert float(alpha([oval]).sum()) == pytest.approx(math.pi * 36, rel=5e-3)
    star = polygon(torch.tensor([[2.0, 2.0], [20.0, 3.0], [5.5, 17.25]]))
    assert float(alpha([Shape((star,), BLACK)]).sum()) == pytest.approx(0.5 * (18 * 15.25 - 3.5), rel=1e-6)


@pytest.mark.parametrize("rule", ["nonzero", "even-odd"])
@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_random_shapes_against_samples(rule: str, seed: int, segments: int) -> None:
    """They cross themselves, and reach beyond the canvas. 64 x 64 samples of a pixel miss at most a few in 64^2."""
    points = rand(3 * segments, 2, seed=seed) * 40 - 8
    covered = alpha([Shape((Path(points, (3,) * segments),), BLACK, rule=rule)])
    error = np.abs(covered.numpy() - sampled([cubics(points)], rule, (H, W), 64))
    assert error.max() < 0.02 and error.mean() < 0.001


@pytest.mark.parametrize(("rule", "middle"), [("nonzero", 1.0), ("even-odd", 0.0)])
def test_subpaths_make_holes_by_the_rule(rule: str, middle: float) -> None:
    centre = torch.tensor([12.0, 12.0])
    both = Shape((circle(centre, torch.tensor(10.0)), circle(centre, torch.tensor(5.0))), BLACK, rule=rule)
    assert float(alpha([both])[12, 12]) == middle
    assert float(alpha([both])[12, 5]) == 1.0


def scene(dtype: torch.dtype) -> tuple[list[Shape], list[Tensor]]:
    """Lines, quadratics and cubics, holes, strokes of varying width, gradients and transforms; and their leaves."""

    def leaf(*values) -> Tensor:
        return torch.tensor(values).to(dtype).requires_grad_()

    mixed = leaf([3.1, 2.2], [20.4, 1.3], [25.2, 8.8], [14.0, 14.4], [12.0, 23.0], [5.0, 20.0])
    inner = leaf([9.0, 6.0], [15.0, 7.0], [11.0, 12.0])
    open_ = leaf([2.0, 20.0], [8.0, 4.0], [16.0, 24.0], [25.0, 5.0])
    width = leaf(1.0, 2.5, 0.6, 3.0)
    loop = leaf([6.0, 6.0], [12.0, 3.0], [10.0, 12.0])
    matrix = leaf([0.9, 0.3, 2.0], [-0.2, 1.2, 5.0])
    first, second, third = leaf(0.9, 0.2, 0.1, 0.8), leaf(0.1, 0.3, 0.9, 0.5), leaf(0.2, 0.8, 0.3, 0.9)
    linear = Linear(
        leaf(4.0, 3.0), leaf(22.0, 15.0), leaf(0.1, 0.45, 0.9), leaf([1.0, 0, 0, 1], [0, 1.0, 0, 0.3], [0, 0, 1.0, 0.9])
    )
    radial = Radial(leaf(12.0, 12.0), leaf(9.0, 6.0), leaf(0.0, 1.0), leaf([0.9, 0.8, 0.1, 0.7], [0.2, 0.1, 0.6, 0.9]))
    shapes = [
        Shape((Path(mixed, (1, 2, 3)), polygon(inner)), first, rule="even-odd"),
        Shape((Path(loop, (1, 2)),), linear, second, leaf(1.3), transform=matrix),
        Shape((Path(open_, (3,), closed=False),), radial, third, width, stroke_first=True),
    ]
    leaves = [mixed, inner, open_, width, loop, matrix, first, second, third, shapes[1].width]
    leaves += [*vars(linear).values(), *vars(radial).values()]
    return shapes, leaves


def premultiplied(image: Tensor) -> Tensor:
    return torch.cat([image[..., :3] * image[..., 3:], image[..., 3:]], dim=-1)


def test_native_is_the_reference() -> None:
    ground, weight = rand(H, W, 4, seed=1), rand(H, W, 4, seed=2)
    found = []
    for backend, dtype in (("native", torch.float32), ("reference", torch.float64)):
        shapes, leaves = scene(dtype)
        under = ground.to(dtype).requires_grad_()
        image = premultiplied(paint(shapes, size=(H, W), ground=under, backend=backend))
        grads = torch.autograd.grad((image * weight.to(dtype)).sum(), [*leaves, under])
        found.append((image.detach(), grads))
    (image, grads), (exact, expected) = found
    assert (image - exact).abs().max() < 2e-5
    for have, want in zip(grads, expected, strict=True):
        assert float(want.abs().max()) > 0
        assert 1 - cosine(have, want) < 1e-6
        assert (have - want).abs().max() < 1e-3 * want.abs().max()


def test_gradients_of_the_reference_are_those_of_its_picture() -> None:
    shapes, leaves = scene(torch.float64)
    shapes = shapes[:2]
    weight = rand(H, W, 4, seed=3).double()

    def loss(*_: Tensor) -> Tensor:
        return (premultiplied(paint(shapes, size=(H, W), backend="reference")) * weight).sum()

    for leaf in (leaves[0], leaves[1], leaves[4], leaves[5], leaves[9], leaves[10], leaves[12]):
        grad = torch.autograd.grad(loss(), leaf)[0].flatten()
        for k in range(min(leaf.numel(), 4)):
            flat = leaf.detach().view(-1)
            was, step = float(flat[k]), 1e-5
            sides = []
            for sign in (1, -1):
                flat[k] = was + sign * step
                sides.append(float(loss().detach()))
            flat[k] = was
            assert float(grad[k]) == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=2e-4, abs=2e-4)


@pytest.mark.parametrize("rule", ["nonzero", "even-odd"])
def test_fill_over_is_paint(rule: str) -> None:
    points, rgba = (rand(4, 12, 2) * 30).requires_grad_(), rand(4, 4, seed=1).requires_grad_()
    shapes = [Shape((Path(p, (3,) * 4),), c, rule=rule) for p, c in zip(points, rgba, strict=True)]
    many, one = fill_over(points, rgba, size=(H, W), rule=rule), paint(shapes, size=(H, W))
    assert torch.equal(many, one)
    for a, b in zip(*(torch.autograd.grad(i.square().sum(), [points, rgba]) for i in (many, one)), strict=True):
        assert a.numpy() == pytest.approx(b.numpy(), rel=1e-5, abs=1e-6)


def test_any_number_of_threads_gives_the_same_bits(monkeypatch) -> None:
    monkeypatch.setattr(pool, "_SMALL", 0)
    points, rgba = (rand(30, 12, 2) * 150).requires_grad_(), rand(30, 4, seed=1).requires_grad_()
    results = []
    for threads in (1, 2, 5):
        image = fill_over(points, rgba, size=(150, 140), threads=threads)
        results.append([image.detach(), *torch.autograd.grad(image.square().sum(), [points, rgba])])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_a_batch_is_its_drawings() -> None:
    points, rgba, ground = rand(2, 3, 6, 2) * 25, rand(2, 3, 4, seed=1), rand(2, H, W, 4, seed=2)
    both = fill_over(points, rgba, size=(H, W), ground=ground)
    for i in range(2):
        assert torch.equal(both[i], fill_over(points[i], rgba[i], size=(H, W), ground=ground[i]))


def test_some_pixels_are_those_of_the_whole() -> None:
    points, rgba = (rand(5, 9, 2) * 25).requires_grad_(), rand(5, 4, seed=1)
    mask = rand(H, W, seed=3) > 0.6
    mask[:7] = False
    whole, some = (fill_over(points, rgba, size=(H, W), mask=m) for m in (None, mask))
    assert torch.equal(some[mask], whole[mask])
    assert float(some[~mask].abs().max()) == 0
    (a,), (b,) = (torch.autograd.grad(i[mask].square().sum(), points) for i in (some, whole))
    assert a.numpy() == pytest.approx(b.numpy(), rel=1e-5, abs=1e-6)


def test_fills_as_lists_are_the_shapes_one_by_one() -> None:
    """Mixed degrees, several contours of a shape, both rules: the same picture and gradients, to the bit."""
    kinds = [((3, 3), True), ((1, 2, 1), True), ((3,), False), ((3,), True), ((3, 3), True)]
    sizes = [sum(degrees) + (not closed) for degrees, closed in kinds]
    points = [(rand(n, 2, seed=i) * 40).requires_grad_() for i, n in enumerate(sizes)]
    colours = [rand(4, seed=10 + i).requires_grad_() for i in range(3)]
    fills = Fills(points, kinds, [1, 3, 1], colours, [False, True, True])
    results = []
    for drawn in (fills, fills.shapes()):
        image = paint(drawn, size=(H, W))
        results.append([image, *torch.autograd.grad(image.square().sum(), [*points, *colours])])
    assert [len(shape.contours) for shape in fills.shapes()] == [1, 3, 1]
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    assert float(results[0][0].detach().max()) > 0.1


def test_cubics_are_flattened_as_all_chains_are() -> None:
    """The quick kernels against those for any degree: an open and a closed chain."""
    points, zoom = rand(13, 2, seed=1).numpy() * 30, np.ones(6)
    corners = np.array([[0, 1, 2, 3], [3, 4, 5, 6], [6, 6, 6, 6], [7, 8, 9, 10], [10, 11, 12, 7], [7, 7, 7, 7]])
    degree = np.array([3, 3, 0, 3, 3, 0])
    counts = outline.count_steps(points, corners, degree, zoom)
    made = [np.empty((counts.sum(), 2), np.float32) for _ in range(2)]
    back = [np.zeros((13, 2)) for _ in range(2)]
    for i, (there, and_back) in enumerate(
        ((outline.flatten_forward, outline.flatten_backward), (outline.flatten_cubics, outline.flatten_cubics_backward))
    ):
        there(points, corners, degree, counts, made[i])
        and_back(rand(*made[0].shape, seed=2).numpy(), corners, degree, counts, back[i])
    assert counts.max() > 8
    assert made[1] == pytest.approx(made[0], abs=4e-6)
    assert back[1] == pytest.approx(back[0], rel=1e-12)


def test_nothing_is_kept_that_was_not_touched() -> None:
    points = torch.tensor([[[2.0, 2.0], [2.5, 2.0], [3.0, 2.5], [3.5, 3.0], [3.0, 3.5], [2.5, 3.0]]]).requires_grad_()
    image = fill_over(points, BLACK[None], size=(500, 500))
    bins, _, _, _, used, *_ = _kept(image)
    assert int(used.sum()) == int((image[..., 3] > 0).sum()) <= int(bins[-1][-1]) < 30


def _kept(image: Tensor):
    """What the backward pass of `image` holds."""
    waiting = [image.grad_fn]
    while waiting:
        node = waiting.pop()
        if hasattr(node, "kept") and len(node.kept) == 9:
            return node.kept
        waiting += [after for after, _ in node.next_functions if after is not None]
    raise AssertionError("no fill behind this image")


SPIKE = [[5.0, 5.0], [20.0, 5.0], [5.0, 5.0]]
DEGENERATE = {
    "a dot": [[5.0, 5.0]] * 3,
    "retraced": [*SPIKE[:2], [20.0, 5.0], [20.0, 5.0], [20.0, 5.0], [5.0, 5.0]],
    "cusp": [[4.0, 4.0], [24.0, 20.0], [4.0, 20.0], [24.0, 4.0], [14.0, 4.0], [9.0, 4.0]],
    "far away": [[1e5, 1e5], [2e5, 1e5], [1e5, 3e5]],
    "huge": [[-1e5, -1e5], [1e5, -1e5], [1e5, 1e5], [1e5, 1e5], [-1e5, 1e5], [-1e5, 1e5]],
    "on the grid": [[4.0, 4.0], [8.0, 4.0], [12.0, 4.0], [12.0, 8.0], [12.0, 12.0], [4.0, 12.0]],
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_shapes_are_finite(name: str) -> None:
    points = torch.tensor(DEGENERATE[name]).requires_grad_()
    width = torch.tensor(2.0, requires_grad=True)
    shape = Shape((Path(points, (3,) * (len(points) // 3)),), torch.tensor([0.5, 0.2, 0.9, 0.5]), BLACK, width)
    for shown in (shape, Shape(shape.contours, shape.fill), Shape(shape.contours, None, BLACK, width)):
        image = paint([shown], size=(H, W))
        assert bool(torch.isfinite(image).all())
        grads = torch.autograd.grad(image.sum(), [points, width], allow_unused=True)
        assert all(bool(torch.isfinite(g).all()) for g in grads if g is not None)
        assert float(image.min()) >= 0 and float(image.max()) <= 1 + 1e-6
    if name == "huge":
        assert float(alpha([Shape(shape.contours, BLACK)]).min()) == pytest.approx(0.5, abs=0.5)


def test_averaged_colours_are_darker_where_only_a_part_is_covered() -> None:
    found = []
    for backend, dtype in (("native", torch.float32), ("reference", torch.float64)):
        shapes, leaves = scene(dtype)
        image = paint(shapes, size=(H, W), averaged=True, backend=backend)
        grads = torch.autograd.grad((image * rand(H, W, 4, seed=5).to(dtype)).sum(), leaves[:7])
        found.append([image.detach(), *grads])
    for have, want in zip(*found, strict=True):
        assert (have - want).abs().max() < 1e-3 * want.abs().max()
    half = Shape((rectangle(torch.tensor([4.0, 4.5]), torch.tensor([20.0, 20.0])),), torch.tensor([1.0, 0.5, 0, 0.6]))
    straight, averaged = (paint([half], size=(H, W), averaged=how)[4, 12].tolist() for how in (False, True))
    assert straight == pytest.approx([1, 0.5, 0, 0.3]) and averaged == pytest.approx([0.5, 0.25, 0, 0.3])
    over = paint([half], size=(H, W), ground=torch.ones(H, W, 4), averaged=True)[4, 12].tolist()
    assert over == pytest.approx([1, 0.85, 0.7, 1])


def test_an_empty_picture_is_its_ground() -> None:
    ground = rand(H, W, 4)
    assert float(paint([], size=(H, W)).abs().max()) == 0
    assert paint([], size=(H, W), ground=ground).numpy() == pytest.approx(ground.numpy(), abs=1e-6)
