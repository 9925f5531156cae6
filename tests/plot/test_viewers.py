"""Programs that are not ours show the written file as we render it."""

import io
import shutil
import subprocess

import numpy as np
import pytest
import resvg_py
import torch
from PIL import Image

from plotart.core.canvas import Canvas, page
from plotart.core.color import hex_to_rgb
from plotart.drawing import Drawing
from plotart.drawing.ink import Over
from plotart.drawing.primitives.strokes import Strokes
from plotart.drawing.render import renderer
from plotart.pens import Pen
from plotart.plot import Layer, Plot
from plotart.plot.svg import plot_svg, write_svg

SIZE = 420
COLOURS = ["#d62728", "#f2c200", "#1f4fb4", "#2ca02c", "#1a1a1a"]


@pytest.fixture
def canvas():
    return Canvas(page("a6"), 0)  # the area is the page, so that whole pictures can be compared


@pytest.fixture
def strokes(canvas):
    generator = torch.Generator().manual_seed(0)
    start = torch.rand(60, 1, 2, generator=generator) * torch.tensor(canvas.unit_size) * 0.7 + 0.12
    points = start + torch.cumsum(torch.randn(60, 4, 2, generator=generator) * 0.08, dim=1)
    return Strokes(points.clamp(0.02, 0.98), torch.full((60,), 1.4 / canvas.mm_per_unit))


def ours(canvas, strokes):
    """Opaque strokes in drawing order, `[H, W, 3]`."""
    rgb = torch.stack([torch.as_tensor(hex_to_rgb(COLOURS[i // 12])) for i in range(60)]).float()
    drawing = Drawing(canvas, strokes, Over(rgb, torch.ones(60)))
    with torch.no_grad():
        return renderer("native", threads=1)(drawing, SIZE)[0].permute(1, 2, 0).numpy()


def as_plot(canvas, strokes):
    pens = [Pen(name=hex_, hex=hex_, tip_mm=1.4, opaque=True) for hex_ in COLOURS]
    paths = [canvas.to_mm(path) for path in strokes.paths()]
    return Plot(canvas.page, 0, [Layer(pen, paths[12 * k : 12 * k + 12]) for k, pen in enumerate(pens)])


def picture(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) / 255


def test_resvg_agrees(canvas, strokes):
    height, width = canvas.pixels(SIZE)
    text = plot_svg(as_plot(canvas, strokes))
    theirs = picture(resvg_py.svg_to_bytes(svg_string=text, width=width, height=height, background="#ffffff", dpi=96))
    assert np.abs(theirs - ours(canvas, strokes)).mean() < 2 / 255


@pytest.mark.skipif(not shutil.which("rsvg-convert"), reason="needs rsvg-convert")
def test_librsvg_agrees(canvas, strokes, tmp_path):
    height, width = canvas.pixels(SIZE)
    file = write_svg(as_plot(canvas, strokes), tmp_path / "x.svg")
    png = subprocess.run(
        ["rsvg-convert", "-w", str(width), "-h", str(height), "-b", "white", str(file)], check=True, capture_output=True
    ).stdout
    assert np.abs(picture(png) - ours(canvas, strokes)).mean() < 2 / 255


def test_the_comparison_can_fail(canvas, strokes):
    """A pen left out, or all strokes 0.3 mm to the right, is noticed."""
    right = ours(canvas, strokes)
    plot = as_plot(canvas, strokes)
    height, width = canvas.pixels(SIZE)

    def off(plot):
        text = plot_svg(plot)
        png = resvg_py.svg_to_bytes(svg_string=text, width=width, height=height, background="#ffffff", dpi=96)
        return np.abs(picture(png) - right).mean()

    assert off(plot.map(lambda layer: [path + np.array([0.3, 0]) for path in layer.paths])) > 2 / 255
    assert off(Plot(plot.page, 0, plot.layers[:-1])) > 2 / 255
