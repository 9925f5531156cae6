import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plotart.core import geometry as g
from plotart.core.clipping import clip, contain

BOX = (0.0, 0.0, 1.0, 1.0)
coordinates = st.floats(-3, 4, width=32)
paths = st.integers(1, 3).flatmap(lambda s: hnp.arrays(np.float64, (1 + 3 * s, 2), elements=coordinates))


def dense(path, steps=4000):
    count = (len(path) - 1) // 3
    return g.evaluate(path, np.linspace(0, count, steps * count + 1))


def test_polyline_is_straight_and_passes_its_points():
    corners = np.array([[0, 0], [3, 0], [3, 6]])
    path = g.polyline(corners)
    np.testing.assert_allclose(path[::3], corners)
    np.testing.assert_allclose(g.evaluate(path, [0.25, 1.5]), [[0.75, 0], [3, 3]])
    assert g.length(path) == pytest.approx(9)


def test_shapes_that_are_no_paths_are_refused():
    with pytest.raises(ValueError, match=r"\[1 \+ 3S, 2\]"):
        g.segments(np.zeros((5, 2)))
    with pytest.raises(ValueError, match="M >= 2"):
        g.polyline([[0, 0]])


@given(paths, st.sampled_from([0.3, 0.05, 0.003]))
def test_flatten_keeps_its_tolerance(path, tolerance):
    points = g.flatten(path, tolerance)
    np.testing.assert_array_equal(points[[0, -1]], path[[0, -1]])
    curve = dense(path, 200)
    a, d = points[:-1], np.diff(points, axis=0)
    rel = curve[:, None] - a
    t = np.clip((rel * d).sum(-1) / np.maximum((d * d).sum(-1), 1e-30), 0, 1)
    gap = np.hypot(*np.moveaxis(rel - t[..., None] * d, -1, 0)).min(axis=1)
    assert gap.max() <= tolerance * 1.0001 + 1e-9


def test_flatten_all_equals_each_alone():
    rng = np.random.default_rng(0)
    many = [rng.normal(size=(1 + 3 * n, 2)) for n in (1, 3, 2)]
    points, offsets = g.flatten_all(many, 0.01)
    for i, path in enumerate(many):
        np.testing.assert_allclose(points[offsets[i] : offsets[i + 1]], g.flatten(path, 0.01))
    assert g.flatten_all([], 0.1)[0].shape == (0, 2)


def test_length_of_a_quarter_circle():
    k = 4 / 3 * (np.sqrt(2) - 1)
    quarter = np.array([[1, 0], [1, k], [k, 1], [0, 1]])
    assert g.length(quarter) == pytest.approx(np.pi / 2, abs=4e-4)  # the cubic's own error


@given(paths)
def test_bounds_are_exact(path):
    box = np.array(g.bounds(path))
    curve = dense(path)
    np.testing.assert_array_less(box[:2] - 1e-9, curve.min(axis=0))
    np.testing.assert_array_less(curve.max(axis=0), box[2:] + 1e-9)
    # Near a turn the samples miss the extremum by a second-order amount only.
    np.testing.assert_allclose(np.concatenate([curve.min(axis=0), curve.max(axis=0)]), box, atol=2e-4)


@given(paths, st.floats(0.01, 0.99))
def test_split_is_the_same_curve(path, share):
    count = (len(path) - 1) // 3
    first, second = g.split(path, share * count)
    np.testing.assert_allclose(first[-1], second[0])
    np.testing.assert_allclose(g.evaluate(path, share * count), first[-1], atol=1e-9)
    assert g.length(first) + g.length(second) == pytest.approx(g.length(path), abs=2e-3 * (1 + g.length(path)))


def test_reverse_and_tangents():
    path = np.array([[0, 0], [0, 0], [2, 2], [4, 2]], dtype=float)
    np.testing.assert_allclose(g.tangents(path), [[np.sqrt(0.5), np.sqrt(0.5)], [1, 0]])
    np.testing.assert_allclose(g.tangents(g.reverse(path)), -g.tangents(path)[::-1])


def test_join_meets_in_the_middle_with_its_handles():
    joined = g.join(g.straight([0, 0], [3, 0]), g.straight([3, 2], [6, 2]))
    assert joined.shape == (7, 2)
    np.testing.assert_allclose(joined[2:5], [[2, 1], [3, 1], [4, 1]])


@settings(max_examples=300)
@given(paths)
def test_clip_keeps_exactly_what_is_inside(path):
    parts = clip(path, BOX)
    for part in parts:
        x0, y0, x1, y1 = g.bounds(part)
        assert min(x0, y0) >= -1e-7 and max(x1, y1) <= 1 + 1e-7
    curve = dense(path)
    steps = np.hypot(*np.diff(curve, axis=0).T)
    middle = (curve[1:] + curve[:-1]) / 2
    inside = ((middle > 0) & (middle < 1)).all(axis=1)
    border = ((np.abs(middle) < 1e-6) | (np.abs(middle - 1) < 1e-6)).any(axis=1)
    kept = sum(g.length(part) for part in parts)
    slack = 2 * steps.max() * 6 + steps[border].sum() + 1e-3 * (1 + steps.sum())
    assert abs(kept - steps[inside].sum()) <= slack


def test_clip_cuts_on_the_side_itself_and_keeps_order():
    parts = clip(np.array([[-1, 0.5], [0, 0.5], [1, 0.5], [2, 0.5]]), BOX)
    assert len(parts) == 1
    np.testing.assert_array_equal(parts[0][[0, -1]], [[0, 0.5], [1, 0.5]])
    wave = g.polyline([[0.5, 0.5], [1.5, 0.5], [1.5, 0.8], [0.5, 0.8]])
    first, second = clip(wave, BOX)
    np.testing.assert_allclose(first, g.straight([0.5, 0.5], [1, 0.5]))
    np.testing.assert_allclose(second, g.straight([1, 0.8], [0.5, 0.8]))


def test_clip_of_paths_inside_along_and_outside():
    inside = g.straight([0.1, 0.1], [0.9, 0.9])
    assert clip(inside, BOX)[0] is inside
    assert clip(g.straight([2, 0], [2, 1]), BOX) == []
    assert clip(g.straight([-1, -1], [3, -1]), BOX) == []
    np.testing.assert_allclose(clip(g.straight([0, -1], [0, 2]), BOX)[0], g.straight([0, 0], [0, 1]))


def test_clip_does_not_trust_the_hull():
    # Handles far outside, the curve within: nothing may be cut.
    path = np.array([[0.2, 0.5], [0.2, 1.1], [0.8, 1.1], [0.8, 0.5]])
    assert len(clip(path, BOX)) == 1
    assert g.length(clip(path, BOX)[0]) == pytest.approx(g.length(path))


@settings(max_examples=200)
@given(paths)
def test_contain_brings_handles_in_and_keeps_the_curve(path):
    for part in clip(path, BOX):
        held = contain(part, BOX)
        assert held.min() >= 0 and held.max() <= 1
        count = (len(held) - 1) // 3
        points = g.evaluate(held, np.linspace(0, count, 30 * count))
        reference = dense(part, 3000)
        pitch = np.hypot(*np.diff(reference, axis=0).T).max()
        gap = np.hypot(*np.moveaxis(points[:, None] - reference, -1, 0)).min(axis=1)
        assert gap.max() <= pitch + 1e-7


def test_contain_takes_few_cuts_along_a_side():
    # Just outside by less than the tolerance, all along: cutting finer and finer would never bring it in.
    along = np.array([[0, -5e-7], [0.3, -6e-7], [0.7, -4e-7], [1, -5e-7]])
    held = contain(along, BOX)
    assert len(held) == 4 and held.min() == 0
    # A curve that does leave is cut off, in bounded time.
    assert len(contain(np.array([[0, 0.5], [0, -3], [1, -3], [1, 0.5]]), BOX)) < 30_000


def test_one_cubic_for_numbers_arrays_and_tensors():
    control = np.array([[0.0, 0.0], [0.2, 1.0], [1.5, -0.5], [1.0, 0.3]])
    t = np.linspace(0, 1, 11)
    points = g.cubic(control, t[:, None])
    assert np.array_equal(points[[0, -1]], control[[0, -1]])
    assert np.allclose(points, np.stack(g.bernstein(t), 1) @ control, atol=1e-15)
    assert np.allclose(g.cubic(torch.from_numpy(control), torch.from_numpy(t)[:, None]).numpy(), points, atol=1e-15)
    assert g.cubic(control[:, 0].tolist(), 0.3) == pytest.approx(float(points[3, 0]))
    slope = (g.cubic(control, t[:, None] + 1e-6) - g.cubic(control, t[:, None] - 1e-6)) / 2e-6
    assert np.allclose(g.cubic_slope(control, t[:, None]), slope, atol=1e-8)


def test_relaxed_sites_are_the_centroids_of_what_is_nearest_to_them():
    points = np.random.default_rng(0).random((4000, 2))
    weight = np.where(points[:, 0] < 0.5, 3.0, 1.0)
    first = points[:20]
    done = g.relaxed(first, points, weight, 60)
    nearest = np.hypot(*(points[:, None] - done).transpose(2, 0, 1)).argmin(1)
    means = np.stack([np.average(points[nearest == k], axis=0, weights=weight[nearest == k]) for k in range(20)])
    assert np.abs(means - done).max() < 0.01 < np.abs(means - first).max()
    assert np.array_equal(g.relaxed(np.array([[9.0, 9.0], [0.5, 0.5]]), points, weight, 1)[0], [9.0, 9.0])
