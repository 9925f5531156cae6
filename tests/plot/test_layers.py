import numpy as np
import pytest

from plotart.core.canvas import page
from plotart.core.geometry import bounds, lengths
from plotart.pens import Pen, load_pens
from plotart.plot import order_pens


def test_light_pens_first_opaque_ones_last():
    pens = [
        Pen(name="white paint", hex="#ffffff", tip_mm=1, opaque=True),
        Pen(name="black", hex="#000000", tip_mm=1),
        Pen(name="yellow", hex="#ffff00", tip_mm=1),
        Pen(name="blue paint", hex="#0000ff", tip_mm=1, opaque=True),
    ]
    assert [pens[i].name for i in order_pens(pens)] == ["yellow", "black", "white paint", "blue paint"]


def test_order_does_not_depend_on_the_order_given():
    pens = list(load_pens("basic-12").pens)
    there = [pens[i].name for i in order_pens(pens)]
    assert there == [pens[::-1][i].name for i in order_pens(pens[::-1])]
    assert there[0] == "yellow" and there[-1] == "black"


def test_map_leaves_out_empty_layers(plot):
    made = plot.map(lambda layer: layer.paths[:3] if layer.pen.name == "yellow" else [])
    assert [len(layer.paths) for layer in made.layers] == [3]
    assert plot.strokes == sum(len(layer.paths) for layer in plot.layers)


def test_fitted_fills_another_page_inside_its_margins(plot):
    made = plot.fitted(page("a3", landscape=True), 20)
    boxes = np.array([bounds(path) for layer in made.layers for path in layer.paths])
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    assert (low[1], high[1]) == (pytest.approx(20), pytest.approx(277))
    assert low[0] + high[0] == pytest.approx(420) and low[0] > 20
    before, after = (np.concatenate([lengths(layer.paths) for layer in p.layers]) for p in (plot, made))
    np.testing.assert_allclose(after / before, (after / before)[0])
