import numpy as np
import pytest
from shapely import MultiLineString, box
from shapely.geometry import Point

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.core.geometry import flatten
from plotart.plot.read import read_svg
from plotart.plot.start import read_shapes, read_start
from plotart.plot.unread import unread

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="60mm" viewBox="0 0 100 60">\n'


@pytest.fixture
def file(tmp_path):
    def write(body):
        path = tmp_path / "x.svg"
        path.write_text(f"{HEAD}{body}\n</svg>")
        return path

    return write


TWO = (
    '<rect x="10" y="10" width="40" height="40" fill="#f00" stroke="none"/>\n'
    '<circle cx="50" cy="30" r="15" fill="#00f" stroke="#000" stroke-width=".5"/>'
)


def ink(layer):
    return MultiLineString([flatten(path, 0.01) for path in layer.paths]).buffer(layer.pen.tip_mm / 2, quad_segs=2)


def test_fills_are_hatched_at_the_pitch_and_hidden_by_what_lies_above(file):
    plot = read_svg(file(TWO), fills="hatch")
    red, black, blue = plot.layers
    assert [layer.pen.hex for layer in plot.layers] == ["#ff0000", "#000000", "#0000ff"]
    disc = Point(50, 30).buffer(15, 64)
    shown = box(10, 10, 50, 50) - disc
    assert ink(red).intersection(shown).area > 0.98 * shown.area
    assert ink(red).difference(shown.buffer(0.03)).area < 0.01 * shown.area
    assert ink(blue).intersection(disc).area > 0.97 * disc.area
    assert len(black.paths) == 1
    wide = read_svg(file(TWO), fills="hatch", pitch=2.0).layers[0]
    assert 1 < wide.ink_mm / (shown.area / 2) < 1.5  # lines are joined at their ends


def test_outlines_are_what_they_were_and_other_ways(file):
    assert [len(layer.paths) for layer in read_svg(file(TWO)).layers] == [1, 1]
    both = read_svg(file(TWO), fills="both")
    assert len(both.layers[0].paths) == len(read_svg(file(TWO), fills="hatch").layers[0].paths) + 1
    assert [layer.pen.hex for layer in read_svg(file(TWO), fills="none").layers] == ["#000000"]


def test_holes_by_the_rule_of_the_file(file):
    ring = '<path d="M10,10 h30 v30 h-30z M20,20 h10 v10 h-10z" fill="#080" {}/>'
    for rule, area in (('fill-rule="evenodd"', 800), ("", 900)):
        (layer,) = read_svg(file(ring.format(rule)), fills="hatch").layers
        assert ink(layer).area == pytest.approx(area, rel=0.02)


def test_thin_fills_hide_nothing_and_white_is_paper(file):
    thin = read_svg(file(TWO.replace('fill="#00f"', 'fill="#00f" fill-opacity=".25"')), fills="hatch")
    assert ink(thin.layers[0]).area > 0.98 * 1600
    assert 0.9 < thin.layers[2].ink_mm / (np.pi * 225 / 0.4 / 4) < 1.5
    white = read_svg(file(TWO.replace("#00f", "#fff")), fills="hatch")
    assert [layer.pen.hex for layer in white.layers] == ["#ff0000", "#000000"]
    assert ink(white.layers[0]).intersection(Point(50, 30).buffer(14)).area < 1


def test_strokes_are_cut_where_a_fill_lies_on_them(file):
    line = '<line x1="0" y1="30" x2="100" y2="30" stroke="#000"/>\n' + TWO
    plot = read_svg(file(line), fills="none")
    lengths = sorted(float(np.ptp(path, axis=0).max()) for path in plot.layers[0].paths)
    np.testing.assert_allclose(lengths, [10, 30, 35], atol=0.05)


def test_what_is_not_drawn_as_it_is_meant_is_named_with_its_line(file):
    path = file(
        '<defs><text>no</text></defs>\n<rect width="9" height="9" fill="url(#g)"/>\n'
        '<g style="clip-path: url(#c)"><line x2="9" stroke-dasharray="2 1" stroke="#000"/></g>\n<text>hello</text>'
    )
    assert unread(path) == [
        "line 3: <rect> has a fill of '#g', which is left out: a pen has one colour",
        "line 4: <g> is drawn whole: its clip-path is not applied",
        "line 4: <line> is drawn solid: its stroke-dasharray is not applied",
        "line 5: <text> is left out: convert it to paths",
    ]
    assert unread(file(TWO)) == []


def test_runs_start_from_fills(file):
    canvas = Canvas(page("100x60mm"), 0)
    start = read_shapes(file(TWO), canvas)
    assert start.points.shape[0] == 2 and start.points.shape[1] % 3 == 1
    np.testing.assert_allclose(start.points[:, 0], start.points[:, -1], atol=1e-9)
    np.testing.assert_allclose(start.rgb, [[1, 0, 0], [0, 0, 1]])
    assert len(read_start(file(TWO), canvas, 1, "hatch").points) > len(read_start(file(TWO), canvas, 1).points)
    with pytest.raises(InputError, match="no filled shapes"):
        read_shapes(file('<line x2="9" y2="9" fill="none" stroke="#000"/>'), canvas)


def test_an_open_outline_is_closed_where_it_began(tmp_path, canvas):
    body = '<path d="M40,40 L90,40 L90,120" fill="#d62728"/>'
    file = tmp_path / "open.svg"
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="148mm" height="210mm" viewBox="0 0 148 210">{body}</svg>'
    )
    outline = read_shapes(file, canvas).points[0]
    corners = {tuple(np.round(point, 3)) for point in outline[::3]}
    assert np.allclose(outline[0], outline[-1]) and len(corners) == 3
    first, last = outline[0], outline[-4]
    assert np.allclose(outline[-2] - last, (first - last) * 2 / 3, atol=1e-6)  # straight on its way back
