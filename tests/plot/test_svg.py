import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path as FilePath

import numpy as np
import pytest
import svgelements
import vpype
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plotart.core.canvas import Page
from plotart.core.geometry import bounds, evaluate, length, polyline, straight
from plotart.pens import Pen
from plotart.plot import Layer, Plot
from plotart.plot.check import check_pen_files, check_svg
from plotart.plot.files import write_whole
from plotart.plot.read import read_svg
from plotart.plot.svg import plot_svg, write_pen_files, write_svg

REFERENCE = FilePath(__file__).with_name("reference.svg")
YELLOW = Pen(name="yellow", hex="#f2c200", tip_mm=0.4)
WHITE = Pen(name="white", hex="#ffffff", tip_mm=0.7, opaque=True)


def small_plot():
    curve = np.array([[5, 10], [15, 10.3333], [25, 20], [35, 30]], dtype=float)
    mixed = np.concatenate([curve, straight([35, 30], [35, 55])[1:]])
    layers = [Layer(YELLOW, [straight([5, 5], [35, 5]), mixed]), Layer(WHITE, [straight([5, 5], [20, 30])])]
    return Plot(Page("small", 40, 60), 5, layers)


def tree(text):
    """Elements, attributes and their order, without white space."""
    return [(e.tag, sorted(e.attrib.items())) for e in ET.fromstring(text).iter()]


def test_same_as_the_reference():
    assert tree(plot_svg(small_plot())) == tree(REFERENCE.read_text())


def test_the_comparison_can_fail():
    text = REFERENCE.read_text()
    for old, new in [("35,55", "35,55.001"), ("2-white", "2-red"), ("multiply", "screen"), ("layer2", "layer3")]:
        assert old in text
        assert tree(plot_svg(small_plot())) != tree(text.replace(old, new))


def test_nothing_to_complain_about(plot, tmp_path):
    file = write_svg(plot, tmp_path / "drawing.svg")
    assert check_svg(file, margin_mm=plot.margin_mm) == []
    write_pen_files(plot, tmp_path / "pens")
    assert [f.name for f in sorted((tmp_path / "pens").iterdir())] == ["1-yellow.svg", "2-88-40-red-more.svg"]
    assert check_pen_files(file, tmp_path / "pens") == []
    for pen_file in (tmp_path / "pens").iterdir():
        assert check_svg(pen_file, margin_mm=plot.margin_mm) == []


def test_same_plot_same_bytes(plot):
    assert plot_svg(plot) == plot_svg(plot)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('width="40mm"', 'width="40"', "page"),
        ('viewBox="0 0 40 60"', 'viewBox="0 0 400 600"', "page"),
        ('label="1-yellow"', 'label="yellow"', "layers"),
        ('label="2-white"', 'label="1-white"', "layers"),
        ('label="2-white"', 'label="%white"', "layers"),
        ('id="layer2"', 'id="white"', "layers"),
        ('<path d="M5,5 L20,30" />', "", "layers"),
        ('groupmode="layer" inkscape:label="2-white"', 'label="2-white"', "layers"),
        ('stroke="#ffffff"', 'stroke="white"', "pens"),
        ('stroke-width="0.7"', 'stroke-width="0.7mm"', "pens"),
        ('<path d="M5,5 L20,30" />', '<path d="M5,5 L20,30" stroke="red" />', "pens"),
        ('<path d="M5,5 L20,30" />', '<path d="M5,5 l20,30" />', "paths"),
        ('<path d="M5,5 L20,30" />', '<path d="M5,5 L20,30 M7,7 L9,9" />', "paths"),
        ('<path d="M5,5 L20,30" />', '<path d="M5.12345,5 L20,30" />', "paths"),
        ('<path d="M5,5 L20,30" />', '<line x1="5" y1="5" x2="20" y2="30" />', "paths"),
        ("M5,5 L20,30", "M5,5 L41,30", "place"),
        ("M5,5 L20,30", "M4,5 L20,30", "place"),
        ("M5,5 L20,30", "M5,5 L5.5,5", "strokes"),
    ],
)
def test_the_check_finds_each_fault(tmp_path, old, new, rule):
    text = REFERENCE.read_text()
    assert old in text
    file = tmp_path / "bad.svg"
    file.write_text(text)
    assert check_svg(file, margin_mm=5) == []
    file.write_text(text.replace(old, new))
    assert rule in {problem.rule for problem in check_svg(file, margin_mm=5)}


coordinates = st.floats(1, 99, width=32)  # vpype drops what lies on the very edge of the page
layers_of_paths = st.lists(
    st.lists(
        st.integers(1, 2).flatmap(lambda s: hnp.arrays(np.float64, (1 + 3 * s, 2), elements=coordinates)).filter(
            lambda path: length(path) > 0.05
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(layers_of_paths)
def test_written_then_read_by_three_readers(tmp_path_factory, drawn):
    """Ours, vpype and svgelements find the same geometry within 0.01 mm."""
    pens = [Pen(name=f"pen {i}", hex=f"#0000{i}0", tip_mm=0.3 + 0.1 * i) for i in range(len(drawn))]
    plot = Plot(Page("p", 100, 100), 0, [Layer(p, d) for p, d in zip(pens, drawn, strict=True)])
    file = write_svg(plot, tmp_path_factory.mktemp("svg") / "x.svg")
    ours = read_svg(file)
    assert [(a.pen.name, a.pen.hex, a.pen.tip_mm) for a in ours.layers] == [(p.name, p.hex, p.tip_mm) for p in pens]
    document = vpype.read_multilayer_svg(str(file), 0.02 * 96 / 25.4)
    theirs = [abs(svgelements.Path(e)) for e in svgelements.SVG.parse(str(file), ppi=25.4).elements()
              if isinstance(e, svgelements.Shape)]  # fmt: skip
    index = 0
    for number, layer in enumerate(plot.layers, start=1):
        lines = document.layers[number]
        assert len(lines) == len(layer.paths) == len(ours.layers[number - 1].paths)
        for path, own, line in zip(layer.paths, ours.layers[number - 1].paths, lines, strict=True):
            count = (len(own) - 1) // 3
            if len(own) == len(path):
                np.testing.assert_allclose(own[::3], path[::3], atol=2e-3)
            np.testing.assert_allclose(bounds(own), bounds(path), atol=0.01)
            ends = np.array([[line[0].real, line[0].imag], [line[-1].real, line[-1].imag]]) * 25.4 / 96
            np.testing.assert_allclose(ends, path[[0, -1]], atol=0.01)
            other = theirs[index]
            curve = evaluate(own, np.linspace(0, count, 11))
            start = np.array([other[0].end.x, other[0].end.y])
            np.testing.assert_allclose(start, curve[0], atol=0.01)
            assert other.length() == pytest.approx(length(own), rel=2e-2, abs=0.02)
            index += 1


def test_handles_stay_inside_the_margins_too(tmp_path):
    curve = np.array([[10, 20], [10, 2], [30, 2], [30, 20]], dtype=float)  # the curve stays below y = 6.5
    file = write_svg(Plot(Page("small", 40, 60), 5, [Layer(YELLOW, [curve])]), tmp_path / "x.svg")
    held = read_svg(file).layers[0].paths[0]
    assert held[:, 1].min() >= 5 > curve[:, 1].min()
    assert length(held) == pytest.approx(length(curve), abs=0.01)


def test_nothing_half_written(tmp_path, monkeypatch):
    file = tmp_path / "drawing.svg"
    file.write_text("old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_whole(file, "new")
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]


def test_a_polyline_stays_lines():
    path = polyline([[5, 5], [10, 7], [20, 9]])
    text = plot_svg(Plot(Page("p", 40, 60), 0, [Layer(YELLOW, [path])]))
    assert 'd="M5,5 L10,7 L20,9"' in text


def test_paper_that_is_not_white_is_shown_and_read_again(tmp_path):
    blue = replace(small_plot(), paper="#1b3a8c")
    file = write_svg(blue, tmp_path / "drawing.svg")
    root = ET.fromstring(file.read_text())
    assert root.get("style") == "background-color:#1b3a8c"
    view = next(e for e in root if e.tag.endswith("namedview"))
    assert view.get("pagecolor") == "#1b3a8c"
    assert check_svg(file, margin_mm=5) == []
    assert read_svg(file).paper == "#1b3a8c"
    assert blue.map(lambda layer: layer.paths).paper == "#1b3a8c"
    # nothing for a plotter to follow: the same strokes, and as many
    assert vpype.read_svg(str(file), 0.1)[0].bounds() == vpype.read_svg(str(write_white(tmp_path)), 0.1)[0].bounds()
    assert "style" not in ET.fromstring(plot_svg(small_plot())).attrib


def write_white(folder):
    return write_svg(small_plot(), folder / "white.svg")


def test_opaque_pens_are_read_back_as_such_also_where_all_are(tmp_path):
    plot = small_plot()
    light = Pen(name="gold", hex="#ffd700", tip_mm=0.4, opaque=True)
    for layers in (plot.layers, plot.layers[1:], [*plot.layers[1:], Layer(light, plot.layers[0].paths)]):
        drawn = replace(plot, layers=layers, paper="#000000")
        read = read_svg(write_svg(drawn, tmp_path / "drawing.svg"))
        assert [layer.pen.opaque for layer in read.layers] == [layer.pen.opaque for layer in layers]
