"""Lines for a tone: where it is dark and nowhere else, along it, as dense as it is, never over each other."""

import numpy as np
import pytest
import torch

from plotart.stages.streamlines import Laying, bezier, direction_field, lay_lines

TIP = 0.4
LAYING = Laying(shortest_mm=2.0, longest_mm=40.0)


def laid(plane, gain=1.0):
    return lay_lines(plane, 1.0, TIP, LAYING, torch.Generator().manual_seed(0), gain)


def length(lines):
    return sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines)


def stripes(tone=0.5):
    """Three upright bars, 6 mm wide, on 40 x 30 mm."""
    plane = np.zeros((40, 30))
    for left in (2, 12, 22):
        plane[:, left : left + 6] = tone
    return plane


def test_there_are_lines_only_where_the_tone_is():
    plane = stripes()
    for line in laid(plane):
        x, y = np.clip(line.astype(int), 0, [29, 39]).T
        near = np.pad(plane, 1, mode="edge")
        assert all(near[j : j + 3, i : i + 3].max() > 0 for i, j in zip(x, y, strict=True))
    assert laid(np.zeros((40, 30))) == []


@pytest.mark.parametrize("tone", [0.2, 0.5, 0.85])
def test_lines_cover_about_the_share_that_is_wanted(tone):
    covered = length(laid(stripes(tone))) * TIP / (40 * 30)
    assert 0.6 * stripes(tone).mean() < covered < 1.15 * stripes(tone).mean()


def test_gain_makes_them_denser():
    assert length(laid(stripes(0.2), 2.0)) > 1.5 * length(laid(stripes(0.2)))


def test_lines_run_along_the_bars():
    pieces = np.concatenate([np.diff(line, axis=0) for line in laid(stripes())])
    assert np.abs(pieces[:, 1]).sum() > 5 * np.abs(pieces[:, 0]).sum()


def test_no_line_comes_near_another():
    generator = torch.Generator().manual_seed(1)
    plane = torch.nn.functional.interpolate(
        torch.rand(1, 1, 6, 5, generator=generator, dtype=torch.float64), (40, 30), mode="bicubic"
    )[0, 0].clamp(0, 1)
    lines = laid(plane.numpy())
    assert len(lines) > 20
    for k, line in enumerate(lines):
        others = np.concatenate([other for j, other in enumerate(lines) if j != k])
        apart = np.hypot(*(line[:, None] - others[None]).transpose(2, 0, 1)).min()
        assert apart > 0.4 * TIP


def test_same_generator_same_lines():
    assert all(np.array_equal(a, b) for a, b in zip(laid(stripes()), laid(stripes()), strict=True))


def test_the_field_of_a_slope_runs_along_its_contours():
    y, x = np.mgrid[:40, :30]
    cosine, sine = direction_field((x + y) / 70.0, 1.0)
    angle = 0.5 * np.arctan2(sine, cosine)[5:-5, 5:-5]
    assert np.allclose(np.abs(angle), np.pi / 4, atol=0.05)
    assert (angle < 0).all()


@pytest.mark.parametrize("segments", [1, 3])
def test_chains_of_cubics_keep_to_their_lines(segments):
    along = np.linspace(0, 1, 60)[:, None]
    line = np.concatenate([20 * along, 3 * np.sin(2.5 * along)], axis=1)
    points = bezier([line], segments)[0]
    assert points.shape == (3 * segments + 1, 2)
    assert np.abs(points[[0, -1]] - line[[0, -1]]).max() < 0.1
    for s in range(1, segments):  # one tangent where two cubics meet
        before, after = points[3 * s] - points[3 * s - 1], points[3 * s + 1] - points[3 * s]
        assert np.abs(before - after).max() < 0.05
