import numpy as np
import pytest

from plotart.core.canvas import Page
from plotart.core.errors import InputError
from plotart.core.geometry import bounds, straight
from plotart.plot import Layer, Plot
from plotart.plot.check import check_svg
from plotart.plot.files import write_whole
from plotart.plot.sequence import (
    axidraw_layers,
    only_layers,
    parse_start,
    split_by_ink,
    start_at,
    with_registration_marks,
)  # fmt: skip
from plotart.plot.svg import plot_svg

from .conftest import RED, YELLOW


def test_marks_lie_in_the_corners_of_the_margins_in_the_darkest_pen(plot, tmp_path):
    marked = with_registration_marks(plot)
    marks = marked.layers[0]
    assert marks.pen.hex == RED.hex and len(marks.paths) == 4
    assert marked.layers[1:] == plot.layers
    box = np.array([bounds(path) for path in marks.paths])
    assert box.min() == 10 and box[:, 2].max() == 138 and box[:, 3].max() == 200
    assert check_svg(write_whole(tmp_path / "x.svg", plot_svg(marked)), margin_mm=10) == []


def test_split_gives_layers_of_at_most_so_much_ink():
    strokes = [straight([0, i], [100, i]) for i in range(25)]  # 2.5 m
    plot = Plot(Page("p", 100, 100), 0, [Layer(YELLOW, strokes), Layer(RED, strokes[:3])])
    made = split_by_ink(plot, 1.0)
    assert [layer.pen.name for layer in made.layers[:3]] == [f"yellow {i} of 3" for i in (1, 2, 3)]
    assert made.layers[3].pen == RED
    assert [len(layer.paths) for layer in made.layers] == [10, 10, 5, 3]
    assert made.strokes == plot.strokes
    assert len(split_by_ink(plot, 0.05).layers) == 28  # a stroke is never cut
    with pytest.raises(InputError, match="above 0"):
        split_by_ink(plot, 0)


def test_start_in_the_middle(plot):
    rest = start_at(plot, *parse_start("1:10", plot))
    assert rest.strokes == plot.strokes - 9
    np.testing.assert_array_equal(rest.layers[0].paths[0], plot.layers[0].paths[9])
    assert start_at(plot, *parse_start("2", plot)).layers == [plot.layers[1]]
    for wrong in ("3", "1:0", "0:1", "1:9999"):
        with pytest.raises(InputError, match="--start-at: "):
            start_at(plot, *parse_start(wrong, plot))
    assert start_at(plot, *parse_start("Yellow:10", plot)).strokes == rest.strokes
    assert parse_start('88/40 "red" & <more>:3', plot) == (2, 3) and parse_start("88", plot) == (2, 1)
    with pytest.raises(InputError, match="--start-at: layer 'green' is not one of the plot's: 1 'yellow', 2 '88/40"):
        parse_start("green", plot)
    assert only_layers(plot, "2").layers == [plot.layers[1]]
    assert only_layers(plot, "88/40, yellow").layers == plot.layers


def test_axidraw_codes_that_vpype_still_numbers_right(plot, tmp_path):
    labels = axidraw_layers(plot, speed=30, height=45)
    assert labels[0][0] == "1+S30+H45-yellow" and labels[1][0].startswith("!2+S30+H45-88/40")
    assert check_svg(write_whole(tmp_path / "x.svg", plot_svg(plot, labels)), margin_mm=10) == []
    assert axidraw_layers(plot, pause=False)[1][0].startswith("2-")
    with pytest.raises(InputError, match="between 1 and 100"):
        axidraw_layers(plot, speed=0)
