"""What `check` tells of files that would surprise their plotter."""

import pytest

from plotart.core.canvas import Page
from plotart.core.geometry import straight
from plotart.plot import Layer, Plot
from plotart.plot.check import check_paper, check_svg, left_out
from plotart.plot.files import write_whole
from plotart.plot.svg import plot_svg, write_svg

from .conftest import RED, YELLOW


@pytest.fixture
def two(tmp_path):
    plot = Plot(
        Page("a5", 148, 210), 10, [Layer(p, [straight([20, 20 + i], [90, 60])]) for i, p in enumerate((YELLOW, RED))]
    )
    return write_svg(plot, tmp_path / "two.svg"), plot


def test_text_pictures_and_hidden_layers_are_named(two, tmp_path):
    text = two[0].read_text()
    assert left_out(two[0]) == "" and check_svg(two[0]) == []
    extra = '<text x="3" y="4">hello</text><image width="3" height="4"/><image width="3" height="4"/></svg>'
    file = write_whole(tmp_path / "more.svg", text.replace("</svg>", extra))
    assert left_out(file) == "1 text, 2 pictures: convert text to paths, trace pictures"
    assert "left out: 1 text, 2 pictures" in [str(p)[:28] for p in check_svg(file)]
    hidden = write_whole(tmp_path / "hidden.svg", text.replace('id="layer2"', 'id="layer2" display="none"'))
    assert left_out(hidden).startswith("hidden layer '2-88/40")
    assert any("is hidden: it is not plotted" in str(p) for p in check_svg(hidden))


def test_layers_of_one_number_are_told_as_drawn_as_one(two, tmp_path):
    file = write_whole(
        tmp_path / "same.svg", plot_svg(two[1], [("88-a", two[1].layers[0]), ("88-b", two[1].layers[1])])
    )
    assert any("'88-a' and '88-b' have one number" in str(p) for p in check_svg(file, strict=False))


def test_more_ink_than_paper_bears_is_told_and_is_no_error(two, tmp_path):
    assert check_paper(two[0]) == []
    strokes = [straight([20, 20 + 0.02 * i], [60, 20 + 0.02 * i]) for i in range(60)]
    file = write_svg(Plot(two[1].page, 10, [Layer(YELLOW, strokes)]), tmp_path / "wet.svg")
    (told,) = check_paper(file)
    assert "layers of ink" in str(told) and check_svg(file) == []


BROKEN = {
    'id="layer1"': ('id="one"', "has id 'one', not 'layer1'"),
    'stroke="#f2c200"': ('stroke="gold"', "no stroke colour as #rrggbb"),
    'stroke-width="0.4"': ('stroke-width="0.4mm"', "no stroke-width as a plain number"),
    'stroke-linecap="round"': ('stroke-linecap="butt"', "stroke-linecap 'butt', not 'round'"),
    'id="layer2"': ('id="layer2" transform="scale(1)"', "has a transform"),
    "<path ": ('<path stroke="red" ', "elements with their own stroke"),
    " L": (" l", "1 paths are not one M"),
    "<path d=": ('<line x1="20" y1="20" x2="30" y2="30"/><path d=', "1 shapes are not <path>, the first is <line>"),
    'width="148mm"': ('width="140mm"', "page"),
}
"""What stands in a good file, and each time what is wrong instead, and what is said of it."""


@pytest.mark.parametrize("good", BROKEN)
def test_each_rule_of_the_files_of_ours_is_told_when_it_is_broken(two, tmp_path, good):
    text, (wrong, told) = two[0].read_text(), BROKEN[good]
    assert good in text
    broken = write_whole(tmp_path / "broken.svg", text.replace(good, wrong, 1))
    assert any(told in str(problem) for problem in check_svg(broken)), [str(one) for one in check_svg(broken)]


def test_strokes_beyond_page_and_margin_and_dots_are_told(two, tmp_path):
    def told(*strokes, margin=0.0):
        plot = Plot(two[1].page, 0, [Layer(YELLOW, list(strokes))])
        return " ".join(str(one) for one in check_svg(write_svg(plot, tmp_path / "x.svg"), margin_mm=margin))

    inside = straight([20, 20], [100, 200])
    assert told(inside, margin=10.0) == ""
    assert "into the margin" in told(inside, straight([5, 20], [20, 30]), margin=10.0)
    assert "beyond the page" in told(inside, straight([140, 20], [149, 30]))
    assert "1 strokes of 'yellow' are shorter than its tip" in told(inside, straight([30, 30], [30.3, 30]))


@pytest.mark.parametrize(
    ("size", "box", "told"),
    [
        ('width="14.8cm" height="21cm"', "0 0 559.37 793.70", ""),  # as vpype writes it
        ('width="5.8268in" height="210mm"', "0 0 148 210", ""),
        ('width="14.8cm" height="210"', "0 0 148 210", "not in mm, cm or in"),
        ('width="14.8cm" height="25cm"', "0 0 148 210", "of another shape than the viewBox"),
        ('width="14.8cm" height="21cm"', "0 0 148", "it takes four numbers"),
    ],
)
def test_pages_of_other_programs_have_any_true_unit_and_keep_their_shape(two, tmp_path, size, box, told):
    width, height = size.split()
    text = two[0].read_text().replace('width="148mm"', width).replace('height="210mm"', height)
    text = text.replace("0 0 148 210", box)
    file = write_whole(tmp_path / "other.svg", text)
    said = [str(one) for one in check_svg(file, strict=False) if one.rule == "page"]
    assert said == [] if not told else told in said[0]
    assert any(one.rule == "page" for one in check_svg(file))
