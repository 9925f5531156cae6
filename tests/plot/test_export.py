import re

import numpy as np
import pytest

from plotart.core.canvas import Page
from plotart.core.errors import InputError
from plotart.core.geometry import lengths, straight
from plotart.pens import load_pens
from plotart.plot import Layer, Plot
from plotart.plot.export import SERVO, hpgl_devices, to_vpype, write_gcode, write_hpgl
from plotart.plot.motion import load_machine

from .conftest import RED, YELLOW

MACHINE = load_machine("axidraw")


def two_strokes(page):
    return Plot(page, 20, [Layer(YELLOW, [straight([20, 20], [30, 20])]), Layer(RED, [straight([40, 50], [40, 90])])])


def gcode_strokes(text):
    """Strokes [[x, y], ...] of G-code as a machine would draw them with the pen at Z0, and the stops on the way."""
    strokes, stops, down = [], [], False
    here = None
    for line in text.splitlines():
        if line.startswith("M0"):
            stops.append((len(strokes), line))
        elif " Z" in line:
            down = "Z0" in line
            if down:
                strokes.append([here])
        elif match := re.match(r"G[01] X(\S+) Y(\S+)", line):
            here = [float(match[1]), float(match[2])]
            if down:
                strokes[-1].append(here)
    return strokes, stops


def test_gcode_draws_what_the_plot_holds(plot, tmp_path):
    text = write_gcode(plot, tmp_path / "x.gcode", MACHINE).read_text()
    strokes, stops = gcode_strokes(text)
    assert len(strokes) == plot.strokes
    assert stops == [(len(plot.layers[0].paths), 'M0 (change to pen 2 88/40 "red" & <more>)')]
    flipped = [np.array(s) * [1, -1] + [0, plot.page.height_mm] for s in strokes]
    paths = [path for layer in plot.layers for path in layer.paths]
    for drawn, path in zip(flipped, paths, strict=True):
        np.testing.assert_allclose(drawn[[0, -1] if len(drawn) > 1 else 0], path[[0, -1]], atol=2e-3)
    length = sum(np.hypot(*np.diff(s, axis=0).T).sum() for s in flipped)
    assert length == pytest.approx(lengths(paths).sum(), rel=2e-3)
    assert text.startswith("G21\nG90\nG0 Z5\n") and text.endswith("M2\n")
    assert f"F{50.2 * 60:.0f}" in text


def test_gcode_with_a_servo(tmp_path):
    text = write_gcode(two_strokes(Page("p", 100, 100)), tmp_path / "x.gcode", MACHINE, SERVO).read_text()
    assert text.count("M3 S1000") == 2 and text.count("M5") == 3 and "Z" not in text


def test_hpgl_takes_each_pen_and_keeps_the_place_on_the_page(tmp_path):
    text = write_hpgl(two_strokes(Page("a4", 297, 210)), tmp_path / "x.hpgl").read_text()
    assert [int(n) for n in re.findall(r"SP(\d)", text)] == [1, 2, 0]
    # 20 mm from the left is 10 mm from the plotter's origin, 0.02488 mm a unit; its origin is 206 mm down.
    assert re.search(r"SP1;PU(\d+),(\d+);PR;PD(\S+?),0;", text).groups() == ("402", "7476", "402")
    assert "SP2;PU402,-1206;PD0,-1608;" in text


def test_hpgl_in_portrait_turns_the_page(tmp_path):
    text = write_hpgl(two_strokes(Page("a4", 210, 297)), tmp_path / "x.hpgl", speed=20).read_text()
    assert text.startswith("IN;DF;VS20;") and re.search(r"PD0,-?402;", text)


def test_hpgl_refuses_what_would_be_lost(tmp_path):
    pens = load_pens("basic-12").pens
    many = Plot(Page("a4", 297, 210), 20, [Layer(pen, [straight([30, 30], [40, 40])]) for pen in pens])
    edge = Plot(Page("a4", 297, 210), 1, [Layer(YELLOW, [straight([1, 1], [290, 200])])])
    for plot, device, message in [
        (many, "hp7475a", "holds 6 pens: the plot needs 12"),
        (edge, "hp7475a", "fit the plot with --margin 14"),
        (two_strokes(Page("a2", 594, 420)), "hp7475a", "no paper"),
        (edge, "printer", "is unknown: take one of"),
    ]:
        with pytest.raises(InputError, match=message):
            write_hpgl(plot, tmp_path / "x.hpgl", device)
    assert not (tmp_path / "x.hpgl").exists() and "hp7475a" in hpgl_devices()


def test_document_of_vpype(plot):
    document = to_vpype(plot)
    assert sorted(document.layers) == [1, 2]
    assert document.layers[1].property("vp_color").as_hex() == YELLOW.hex
    assert document.layers[2].property("vp_pen_width") == pytest.approx(0.35 * 96 / 25.4)
    assert len(document.layers[2]) == len(plot.layers[1].paths)


def test_the_margin_that_is_named_does(tmp_path):
    edge = Plot(Page("a4", 297, 210), 1, [Layer(YELLOW, [straight([1, 1], [296, 209])])])
    write_hpgl(edge.fitted(edge.page, 14), tmp_path / "x.hpgl", "hp7475a")
    with pytest.raises(InputError, match="--margin 14"):
        write_hpgl(edge.fitted(edge.page, 13), tmp_path / "y.hpgl", "hp7475a")


def test_gcode_lifts_the_pen_as_the_machine_does_and_stays_within_reach(tmp_path):
    plot = two_strokes(Page("a5", 148, 210))
    servo = write_gcode(plot, tmp_path / "s.gcode", load_machine("grbl-servo")).read_text()
    assert "M3 S300\nG4 P0.2" in servo and "M3 S700\nG4 P0.25" in servo and "Z" not in servo
    assert "G1 Z3 F600" in write_gcode(plot, tmp_path / "z.gcode", load_machine("grbl-z")).read_text()
    with pytest.raises(InputError, match="--page"):
        write_gcode(two_strokes(Page("a2", 594, 420)), tmp_path / "b.gcode", load_machine("grbl-z"))
