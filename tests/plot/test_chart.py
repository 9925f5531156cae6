"""The calibration chart: what is drawn agrees with what is described, and a plotter can draw it."""

import itertools

import numpy as np
import pytest
import yaml

from plotart.core.canvas import Canvas, page
from plotart.core.color import hex_to_rgb, to_lab
from plotart.core.errors import InputError
from plotart.core.geometry import bounds
from plotart.pens import Pen, PenSet, load_pens
from plotart.pens.chart import MARKS, load_layout, save_layout
from plotart.plot.chart import chart_sheets, make_chart
from plotart.plot.lettering import letter, lettering_width
from plotart.plot.rasterize import coverage_planes

WIDE = PenSet(name="wide", pens=(Pen(name="a", hex="#101010", tip_mm=1.2), Pen(name="b", hex="#e0c000", tip_mm=0.7)))


@pytest.fixture(scope="module")
def chart():
    return make_chart(load_pens("basic-12"), page("a5"))


@pytest.mark.parametrize(
    ("pens", "size", "margin"),
    [
        ("basic-12", "a5", 10.0),
        ("basic-12", "a3", 15.0),
        ("#000,#f00", "a6", 5.0),
        (WIDE, "a4", 10.0),
        ("#ff0", "a5", 8),
    ],
)
def test_all_ink_lies_inside_the_margins(pens, size, margin):
    plot, _ = make_chart(load_pens(pens) if isinstance(pens, str) else pens, page(size), margin)
    for layer in plot.layers:
        boxes = np.array([bounds(path) for path in layer.paths])
        half = layer.pen.tip_mm / 2 - 1e-9
        assert boxes[:, :2].min() - half >= margin
        assert boxes[:, 2].max() + half <= plot.page.width_mm - margin
        assert boxes[:, 3].max() + half <= plot.page.height_mm - margin


def test_every_pen_draws_every_kind_of_patch_and_patches_keep_apart(chart):
    plot, layout = chart
    assert [layer.pen for layer in plot.layers] == list(layout.pens)
    for index in range(len(layout.pens)):
        kinds = sorted(patch.kind for patch in layout.patches if patch.pen == index and patch.kind != "overlap")
        assert kinds == ["cross", "hatch", "hatch", "lines", "solid", "tight"]
        assert len(layout.of_kind("overlap", index)) == min(index, 3)
    assert len(layout.of_kind("white")) >= 30
    for a, b in itertools.combinations(layout.patches, 2):
        apart_x = a.x + a.width <= b.x or b.x + b.width <= a.x
        apart_y = a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart_x or apart_y


def test_dark_pens_come_first_and_each_draws_over_other_ink_last(chart):
    plot, layout = chart
    lightness = [to_lab(hex_to_rgb(pen.hex))[0] for pen in layout.pens]
    assert lightness == sorted(lightness)
    assert all(patch.base < patch.pen for patch in layout.of_kind("overlap"))
    for index, layer in enumerate(plot.layers[1:], start=1):
        tops = layout.of_kind("overlap", index)
        lasts = layer.paths[-len(tops) :]
        for patch, path in zip(tops, lasts, strict=True):
            x0, y0, x1, y1 = bounds(path)
            assert patch.x <= x0 <= x1 <= patch.x + patch.width
            assert patch.y <= y0 <= y1 <= patch.y + patch.height


def test_what_is_drawn_covers_what_the_layout_says(chart):
    """Coverage of the written layers, by resvg, in each patch: bare, solid, or width over pitch."""
    plot, layout = chart
    canvas = Canvas(plot.page, plot.margin_mm)
    planes = coverage_planes(plot, canvas, round(canvas.mm_per_unit * 10))
    for patch in layout.patches:
        x, y = patch.x - plot.margin_mm, patch.y - plot.margin_mm
        inset = 0 if patch.kind == "white" else 1.0
        rows = slice(round((y + inset) * 10), round((y + patch.height - inset) * 10))
        columns = slice(round((x + inset) * 10), round((x + patch.width - inset) * 10))
        mean = planes[:, rows, columns].mean(axis=(1, 2))
        tip = layout.pens[patch.pen].tip_mm
        expected = np.zeros(len(planes))
        if patch.kind != "white":
            expected[patch.pen] = min(1.0, tip / patch.pitch_mm)
        if patch.kind == "overlap":
            expected[patch.base] = 1.0
        # Lines have no whole number of periods in this window, light hatches nearly.
        assert mean == pytest.approx(expected, abs=0.005 if expected.max() in (0.0, 1.0) else 0.08), patch


def test_no_turn_or_reflection_maps_the_marks_onto_themselves():
    square = MARKS[[0, 1, 3, 2]].reshape(2, 2, *MARKS.shape[1:])  # rows and columns of the page
    sheet = square.transpose(0, 2, 1, 3).reshape(12, 12)
    turns = [np.rot90(other, k) for k in range(4) for other in (sheet, sheet.T)]
    assert sum((turn == sheet).all() for turn in turns) == 1


def test_the_layout_reads_back(chart, tmp_path):
    _, layout = chart
    again = load_layout(save_layout(layout, tmp_path / "new" / "chart.yaml"))
    assert again.pens == layout.pens
    assert len(again.patches) == len(layout.patches)
    for one, other in zip(again.patches, layout.patches, strict=True):
        assert (one.kind, one.pen, one.base) == (other.kind, other.pen, other.base)
        assert (one.x, one.y, one.pitch_mm) == pytest.approx((other.x, other.y, other.pitch_mm), abs=6e-4)
    first = (tmp_path / "new" / "chart.yaml").read_bytes()
    assert save_layout(make_chart(load_pens("basic-12"), page("a5"))[1], tmp_path / "b.yaml").read_bytes() == first


def test_charts_that_are_none_are_refused(chart, tmp_path):
    _, layout = chart
    with pytest.raises(InputError, match="cannot be read"):
        load_layout(tmp_path / "missing.yaml")
    file = save_layout(layout, tmp_path / "chart.yaml")
    data = yaml.safe_load(file.read_text())
    for change, reason in (
        ({"chart": 7}, "chart"),
        ({"pens": data["pens"][:3]}, "beyond the 3"),
        ({"patches": [p for p in data["patches"] if p["kind"] != "white"]}, "bare paper"),
        ({"patches": [{"kind": "solid", "x": 1, "y": 1, "width": 2, "height": 2}]}, "needs a pen"),
        ({"marks": data["marks"][:3]}, "marks"),
        ({"cell_mm": float("nan")}, "cell_mm"),
    ):
        file.write_text(yaml.safe_dump({**data, **change}))
        with pytest.raises(InputError, match=reason):
            load_layout(file)
    for text in ("pens: [", "just words", "pens: []", "\x00"):
        file.write_text(text)
        with pytest.raises(InputError, match="chart"):
            load_layout(file)


def test_a_page_too_small_is_refused_and_large_sets_go_on_several_sheets():
    many = PenSet(
        name="many",
        pens=tuple(Pen(name=f"p{i}", hex=f"#{5 * i:02x}{5 * i:02x}40", tip_mm=0.4) for i in range(47)),
    )
    with pytest.raises(InputError, match=r"page a5 is too small .* 47 pens of many; at most \d+ fit"):
        make_chart(many, page("a5"))
    with pytest.raises(InputError, match="take a larger page"):
        make_chart(WIDE, page("a6"))
    with pytest.raises(InputError, match="margin"):
        make_chart(WIDE, page("a4"), 120)
    sheets = chart_sheets(many, page("a5"))
    assert sorted(pen.name for sheet in sheets for pen in sheet.pens) == sorted(pen.name for pen in many.pens)
    for sheet in sheets:
        make_chart(sheet, page("a5"))
        assert min(int(pen.hex[1:3], 16) for pen in sheet.pens) < 5 * len(sheets)  # each has dark pens of its own
    assert chart_sheets(load_pens("basic-12"), page("a5")) == [load_pens("basic-12")]


def test_lettering_stays_in_its_line():
    paths = letter("Größe 1/2-x ☃", 10.0, 20.0, 3.0)
    boxes = np.array([bounds(path) for path in paths])
    assert boxes[:, 0].min() >= 10
    assert boxes[:, 1].min() == pytest.approx(20)
    assert boxes[:, 3].max() == pytest.approx(23)
    assert boxes[:, 2].max() <= 10 + lettering_width("Größe 1/2-x ☃", 3.0) + 1e-9
    assert letter("", 0, 0, 3) == []
    assert lettering_width("", 3) == 0
