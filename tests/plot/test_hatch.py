"""Hatching: pitch, angle, ink that stays inside, strokes that go to and fro."""

import math

import numpy as np
import pytest
from shapely import LineString, Point, box, union_all

from plotart.core.geometry import lengths
from plotart.plot.hatch import hatch, outline


def line(path):
    return LineString(path[::3])


def test_a_square_gets_a_line_per_pitch_in_one_stroke_to_and_fro():
    paths = hatch(box(2, 3, 12, 8), 1.0, 0.0)
    assert len(paths) == 1
    assert float(lengths(paths)[0]) == pytest.approx(6 * 10 + 5, rel=1e-5)
    apart = hatch(box(2, 3, 12, 8), 1.0, 0.0, joined=False)
    assert len(apart) == 6
    np.testing.assert_allclose([path[0, 1] for path in apart], [3, 4, 5, 6, 7, 8], atol=1e-5)
    directions = [math.copysign(1, path[-1, 0] - path[0, 0]) for path in apart]
    assert directions == [1, -1, 1, -1, 1, -1]


@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2, 2.5])
@pytest.mark.parametrize("anchored", [False, True])
def test_lines_of_a_disc_have_the_length_of_its_area(angle, anchored):
    disc = Point(30, -20).buffer(10, quad_segs=64)
    paths = hatch(disc, 0.5, angle, joined=False, anchored=anchored)
    assert float(lengths(paths).sum()) * 0.5 == pytest.approx(disc.area, rel=0.01)
    for path in paths:
        along = path[-1] - path[0]
        assert abs(along[0] * math.sin(angle) - along[1] * math.cos(angle)) < 1e-9
    assert len(hatch(disc, 0.5, angle, anchored=anchored)) == 1


def test_ink_stays_inside_and_fills_the_inside():
    area = Point(0, 0).buffer(10).difference(Point(3, 0).buffer(4))
    tip = 0.5
    paths = hatch(area, 0.9 * tip, 0.7, tip / 2)
    ink = union_all([line(path).buffer(tip / 2) for path in paths])
    assert ink.difference(area.buffer(1e-3)).area < 1e-6
    assert ink.area > 0.97 * area.area
    assert 2 <= len(paths) <= 5


def test_joins_do_not_cross_a_gap():
    comb = box(0, 0, 10, 1).union(box(0, 0, 1, 9)).union(box(9, 0, 10, 9))
    paths = hatch(comb, 0.5, 0.0, 0.1)
    assert all(comb.covers(line(path)) for path in paths)
    assert len(paths) == 2


def test_anchored_lines_of_neighbours_meet():
    left, right = (hatch(box(x, 0.3, x + 5, 9.1), 0.7, 0.3, joined=False, anchored=True) for x in (0, 5))
    along, across = np.array([math.cos(0.3), math.sin(0.3)]), np.array([-math.sin(0.3), math.cos(0.3)])
    for path in (*left, *right):
        assert abs((path[0] @ across / 0.7) - round(path[0] @ across / 0.7)) < 1e-6
        assert abs((path[-1] - path[0]) @ across) < 1e-9
    assert along @ across == pytest.approx(0)


def test_lines_of_eight_phases_are_all_lines():
    area = Point(2, 3).buffer(5)
    every = hatch(area, 0.5, 0.3, joined=False, anchored=True)
    eighths = [hatch(area, 4.0, 0.3, joined=False, anchored=True, phase=0.5 * k) for k in range(8)]
    middles = [
        sorted((p[0] + p[-1]).round(6).tolist() for p in paths)
        for paths in (every, [p for paths in eighths for p in paths])
    ]
    np.testing.assert_allclose(middles[0], middles[1], atol=1e-5)
    assert max(map(len, eighths)) - min(map(len, eighths)) <= 1


def test_nothing_fits_into_less_than_a_tip():
    assert hatch(box(0, 0, 10, 0.4), 0.5, 0.0, 0.25) == []
    assert outline(box(0, 0, 10, 0.4), 0.25) == []
    with pytest.raises(ValueError, match="pitch"):
        hatch(box(0, 0, 1, 1), 0.0, 0.0)


def test_outline_draws_shells_and_holes():
    ring = box(0, 0, 10, 10).difference(box(4, 4, 6, 6))
    assert sorted(lengths(outline(ring)).round(6)) == [8, 40]
    assert sorted(lengths(outline(ring, 0.5)).round(6)) == [12, 36]
