import numpy as np
import pytest
import torch

from plotart.core.canvas import Canvas, Page, Window
from plotart.core.color import hex_to_rgb, to_linear, to_srgb
from plotart.core.geometry import straight
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.pens import Pen
from plotart.plot import Layer, Plot
from plotart.runs import paper
from plotart.runs.paper import on_paper

CANVAS = Canvas(Page("p", 60, 40), 10)  # 40 x 20 mm are drawn on
CYAN, RED = (Pen(name=name, hex=code, tip_mm=0.4) for name, code in (("cyan", "#00a0d0"), ("red", "#d02020")))


def drawn(pens, layers):
    """A plot of straight lines, from y to y in mm, and a drawing in the same pens."""
    strokes = StrokesSpec(count=1).build(CANVAS, 0.02, torch.Generator().manual_seed(0))
    lines = [[straight([10, y], [50, y]) for y in ys] for ys in layers]
    plot = Plot(CANVAS.page, 10, [Layer(pen, own) for pen, own in zip(pens, lines, strict=True) if own])
    return plot, Drawing(CANVAS, strokes, Penned(pens, torch.zeros(1, dtype=torch.long)))


@pytest.mark.parametrize("size", [47, 100, 200])
def test_thin_lines_lay_all_their_ink_at_every_slant(size):
    plot, drawing = drawn([CYAN], [[15]])
    middle, shares = np.array([30.0, 20.0]), []
    for angle in np.linspace(0.05, np.pi, 7):
        half = 9 * np.array([np.cos(angle), np.sin(angle)])
        line = straight(middle - half, middle + half)
        covered = on_paper(plot.map(lambda layer, line=line: [line]), drawing, size).planes["cyan"]
        assert covered.shape == CANVAS.pixels(size)
        area = covered.sum() * (CANVAS.mm_per_unit / size) ** 2
        shares.append(area / (18 * 0.4 + np.pi * 0.2**2))
    # resvg looks at four heights of a pixel
    np.testing.assert_allclose(shares, 1, atol=0.06)
    assert np.mean(shares) == pytest.approx(1, abs=0.01)


def test_a_pixel_is_the_mean_light_of_the_lines_in_it():
    # a pixel of 1 mm; 0.4 mm of either pen lie in it, beside each other and over each other
    for ys, share in (([20.25, 20.75], 0.0), ([20.5, 20.5], 0.4)):
        plot, drawing = drawn([CYAN, RED], [[y] for y in ys])
        seen = on_paper(plot, drawing, 20).image[0, :, 10, 20]
        cyan, red = (to_linear(torch.tensor(hex_to_rgb(pen.hex))).float() for pen in (CYAN, RED))
        bare = 1 - 0.8 + share
        light = bare + (0.4 - share) * (cyan + red) + share * cyan * red
        np.testing.assert_allclose(to_linear(seen), light, atol=0.01)
        np.testing.assert_allclose(seen, to_srgb(light), atol=0.01)


def test_a_pen_without_strokes_covers_nothing_and_a_window_is_a_part(monkeypatch):
    plot, drawing = drawn([CYAN, RED], [[], [15, 22]])
    whole = on_paper(plot, drawing, 60)
    assert list(whole.planes) == ["cyan", "red"] and not whole.planes["cyan"].any()
    window = Window(10, 20, 30, 50)
    monkeypatch.setattr(paper, "STRIP_PX", 1)  # mixed row by row
    part = on_paper(plot, drawing, 60, window)
    np.testing.assert_allclose(part.image, window.of(whole.image), atol=1e-5)
    np.testing.assert_allclose(part.planes["red"], window.of(torch.from_numpy(whole.planes["red"])), atol=1e-6)


def test_memory_bounds_how_much_finer_ink_is_drawn(monkeypatch):
    plot, drawing = drawn([CYAN], [[15.0]])
    asked = []
    planes = paper.coverage_planes
    monkeypatch.setattr(paper, "coverage_planes", lambda *a: asked.append(a[-1]) or planes(*a))
    for most, finer in ((2**25, 4), (60 * 120 * 9, 3), (1, 1)):
        monkeypatch.setattr(paper, "MOST_PX", most)
        on_paper(plot, drawing, 60)
        assert asked.pop() == finer  # a tip of 1.2 px is drawn 4.8, 3.6 and 1.2 px wide
