import itertools

import numpy as np
import pytest
import vpype
import vpype_cli
from hypothesis import given, settings
from hypothesis import strategies as st

from plotart.core.geometry import evaluate, flatten, length, lengths, straight
from plotart.plot.route import order, pen_up_length, tidy
from plotart.plot.tour import greedy, shorten

from .conftest import random_paths


def same_strokes(ours, theirs):
    """The same paths, each once, drawn from either end."""

    def key(path):
        return min(path.tobytes(), np.ascontiguousarray(path[::-1]).tobytes())

    return sorted(map(key, ours)) == sorted(map(key, theirs))


def test_pen_up_length_counts_only_the_ways_between():
    paths = [straight([0, 0], [1, 0]), straight([1, 3], [5, 3]), straight([5, 3], [9, 9])]
    assert pen_up_length(paths) == 3 and pen_up_length(paths[:1]) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 10_000))
def test_order_loses_nothing_and_is_never_longer_than_greedy(count, seed):
    paths = random_paths(count, seed)
    ordered = order(paths)
    assert same_strokes(ordered, paths)
    if count > 1:
        ends = np.stack([p[[0, -1]] for p in paths]).reshape(-1, 2)
        tour = greedy(ends)
        first = [paths[e // 2] if e % 2 == 0 else paths[e // 2][::-1] for e in tour[::2]]
        assert pen_up_length(ordered) <= pen_up_length(first) + 1e-6


def test_best_tour_of_a_few_strokes_is_found():
    for seed in range(5):
        paths = random_paths(5, seed)
        best = min(
            pen_up_length([p[::-1] if f else p for p, f in zip(perm, flips, strict=True)])
            for perm in itertools.permutations(paths)
            for flips in itertools.product([0, 1], repeat=5)
        )
        assert pen_up_length(order(paths)) == pytest.approx(best, rel=1e-9)


def test_same_strokes_same_order():
    paths = random_paths(200)
    for a, b in zip(order(paths), order(paths), strict=True):
        np.testing.assert_array_equal(a, b)


def test_many_strokes_at_one_point_and_on_one_line():
    dots = [straight([5, 5], [5, 6])] * 30
    assert same_strokes(order(dots), dots)
    line = [straight([i, 0], [i + 1, 0]) for i in np.random.default_rng(0).permutation(50)]
    assert pen_up_length(order(line)) == pytest.approx(0, abs=1e-9)


def test_shorter_than_vpypes_best(tmp_path):
    for count in (300, 2000):
        paths = random_paths(count, 3, size=(210, 297))
        lines = vpype.LineCollection([flatten(p, 0.05) @ np.array([1, 1j]) * 96 / 25.4 for p in paths])
        document = vpype_cli.execute("linemerge linesort --two-opt", document=vpype.Document(lines))
        theirs = document.layers[1].pen_up_length()[0] * 25.4 / 96
        assert pen_up_length(order(paths)) <= theirs


def test_shorten_takes_long_tours():
    ends = np.random.default_rng(0).uniform(0, 1000, (12_000, 2))
    first = greedy(ends)
    from plotart.plot import tour

    kicks, tour.MOST_KICKS = tour.MOST_KICKS, 200
    try:
        better = shorten(ends, first, 0)
    finally:
        tour.MOST_KICKS = kicks
    gap = [np.hypot(*(ends[t[2::2]] - ends[t[1:-1:2]]).T).sum() for t in (first, better)]
    assert (better[::2] == better[1::2] ^ 1).all() and len(set(better.tolist())) == len(ends)
    assert gap[1] < 0.9 * gap[0]


def test_tidy_joins_strokes_that_continue_each_other():
    a, b = straight([0, 0], [5, 0]), straight([10, 0.1], [5.2, 0.1])  # b is drawn the other way
    c = straight([5, 0.1], [5, 5])  # a corner of 90 degrees
    (joined, corner) = tidy([a, b, c], 0.4)
    np.testing.assert_allclose(joined[[0, -1]], [[0, 0], [10, 0.1]])
    np.testing.assert_allclose(corner, c)
    assert len(tidy([a, straight([5.5, 0], [9, 0])], 0.4)) == 2


def test_tidy_joins_short_strokes_before_it_drops_them():
    pieces = [straight([i * 0.3, 0], [i * 0.3 + 0.3, 0]) for i in range(10)]
    (joined,) = tidy(pieces, 0.4)
    assert length(joined) == pytest.approx(3)
    assert tidy([straight([0, 0], [0.3, 0])], 0.4) == []
    assert tidy([], 0.4) == []
    with pytest.raises(ValueError, match="tip_mm"):
        tidy(pieces, 0)


def test_tidy_does_not_close_rings_onto_themselves():
    angles = np.linspace(0, 2 * np.pi, 9)
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 20
    ring = [straight(a, b) for a, b in itertools.pairwise(corners)]
    # 45 degrees at each corner: nothing agrees; arcs do.
    assert len(tidy(ring, 0.4)) == 8
    k = 4 / 3 * np.tan(np.pi / 16)
    arcs = []
    for t0, t1 in itertools.pairwise(angles):
        a, b = (np.array([np.cos(t), np.sin(t)]) for t in (t0, t1))
        ta, tb = (np.array([-np.sin(t), np.cos(t)]) for t in (t0, t1))
        arcs.append(20 * np.stack([a, a + k * ta, b - k * tb, b]))
    (circle,) = tidy(arcs, 0.4)
    assert length(circle) == pytest.approx(40 * np.pi, rel=1e-4)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_tidy_moves_nothing_by_more_than_half_a_tip(seed):
    tip = 2.0
    paths = random_paths(80, seed, size=(60, 60))
    made = tidy(paths, tip)
    assert len(made) <= len(paths) and (lengths(made) >= tip).all()
    curves = np.concatenate([evaluate(p, np.linspace(0, 1, 60)) for p in paths])
    for path in made:
        count = (len(path) - 1) // 3
        points = evaluate(path, np.linspace(0, count, 9 * count + 1))
        gap = np.hypot(*np.moveaxis(points[:, None] - curves, -1, 0)).min(axis=1)
        assert gap.max() <= tip / 2 + 0.15
