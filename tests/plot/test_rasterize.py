import numpy as np
import pytest

from plotart.core.canvas import Canvas, Page, page
from plotart.core.geometry import polyline, straight
from plotart.plot import Layer, Plot
from plotart.plot.rasterize import coverage_planes
from plotart.plot.svg import write_svg

from .conftest import RED, YELLOW


def test_a_straight_stroke_covers_its_tip():
    canvas = Canvas(Page("p", 60, 40), 10)
    plot = Plot(canvas.page, 10, [Layer(YELLOW, [straight([10, 20], [50, 20])]), Layer(RED, [])])
    planes = coverage_planes(plot, canvas, 200)  # 10 px/mm
    assert planes.shape == (1, 200, 400)
    # 40 mm long, of which the round ends lie outside, 0.4 mm wide: 400 x 4 px.
    assert planes.sum() == pytest.approx(1600, rel=0.01)
    assert planes[0, 98:102, 5:-5].min() > 0.99 and planes[0, :97].max() == 0


def test_strokes_of_a_pen_unite_and_pens_stay_apart():
    canvas = Canvas(Page("p", 30, 30), 5)
    cross = [straight([5, 15], [25, 15]), straight([15, 5], [15, 25])]
    both = coverage_planes(Plot(canvas.page, 5, [Layer(YELLOW, cross)]), canvas, 200)
    each = coverage_planes(Plot(canvas.page, 5, [Layer(YELLOW, cross[:1]), Layer(RED, cross[1:])]), canvas, 200)
    assert each.shape[0] == 2 and both.max() <= 1
    wide = coverage_planes(Plot(canvas.page, 5, [Layer(YELLOW, cross[1:])]), canvas, 200)
    np.testing.assert_allclose(both[0], 1 - (1 - each[0]) * (1 - wide[0]), atol=2 / 255)


def test_the_file_and_the_plot_are_the_same(plot, canvas, tmp_path):
    file = write_svg(plot, tmp_path / "x.svg")
    np.testing.assert_array_equal(coverage_planes(file, canvas, 100), coverage_planes(plot, canvas, 100))


def test_the_picture_is_the_area_not_the_page():
    canvas = Canvas(page("a5"), 10, fit=1.0)  # 128 mm square, centred
    x0, y0, x1, y1 = canvas.rectangle
    frame = polyline([[x0 + 1, y0 + 1], [x1 - 1, y0 + 1], [x1 - 1, y1 - 1], [x0 + 1, y1 - 1], [x0 + 1, y0 + 1]])
    plane = coverage_planes(Plot(canvas.page, 10, [Layer(YELLOW, [frame])]), canvas, 256)[0]
    assert plane.shape == (256, 256)
    assert plane[1:3].sum() > 100 and plane[-3:-1].sum() > 100 and plane[10:-10, 10:-10].sum() == 0


def test_with_an_opacity_every_stroke_covers_for_itself():
    canvas = Canvas(Page("p", 30, 30), 5)
    cross = [straight([5, 15], [25, 15]), straight([15, 5], [15, 25])]
    plane = coverage_planes(Plot(canvas.page, 5, [Layer(YELLOW, cross)]), canvas, 200, [0.3])[0]
    assert plane[100, 20] == pytest.approx(0.3, abs=2 / 255)
    assert plane[100, 100] == pytest.approx(1 - 0.7**2, abs=2 / 255)


def test_coloured_paper_is_no_ink():
    canvas = Canvas(Page("p", 30, 30), 5)
    layers = [Layer(YELLOW, [straight([5, 15], [25, 15])])]
    white, blue = Plot(canvas.page, 5, layers), Plot(canvas.page, 5, layers, "#1b3a8c")
    np.testing.assert_array_equal(coverage_planes(blue, canvas, 60), coverage_planes(white, canvas, 60))
