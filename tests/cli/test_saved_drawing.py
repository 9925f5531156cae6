"""Saved drawings on the command line: rendered, exported, timed and started from, without what made them."""

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from plotart import Config, InputError, generate
from plotart.cli import cli
from plotart.core.canvas import Canvas, page
from plotart.drawing import Drawing
from plotart.drawing.ink import MultiplySpec, Penned
from plotart.drawing.primitives.strokes import Strokes
from plotart.pens import Pen
from plotart.plot.read import read_svg
from plotart.plot.start import read_start
from plotart.plot.svg import write_svg
from plotart.plot.written import make_plot

CANVAS = Canvas(page("80x60mm"), 5.0)
PENS = [Pen(name="red", hex="#d02020", tip_mm=0.5), Pen(name="blue", hex="#2030d0", tip_mm=0.4)]


def strokes(count=6):
    start = 0.2 + 0.6 * torch.rand(count, 1, 2, generator=torch.Generator().manual_seed(0))
    steps = 0.1 * torch.rand(count, 3, 2, generator=torch.Generator().manual_seed(1)).cumsum(1)
    return Strokes(torch.cat([start, start + steps], 1), torch.full((count,), 0.01))


@pytest.fixture
def saved(tmp_path):
    drawing = Drawing(CANVAS, strokes(), Penned(PENS, torch.arange(6) % 2))
    drawing.save(tmp_path / "drawing.pt")
    return drawing, tmp_path / "drawing.pt"


def say(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


def test_a_file_is_rendered_exported_and_timed(saved, tmp_path):
    drawing, file = saved
    assert say("render", file, "--size", 40).exit_code == 0
    assert Image.open(tmp_path / "drawing.png").size == drawing.canvas.pixels(40)[::-1]
    assert "2 strokes" not in say("export", file, "--out", tmp_path / "out.svg").output
    write_svg(make_plot(drawing), tmp_path / "own.svg")
    ours, exported = read_svg(tmp_path / "own.svg"), read_svg(tmp_path / "out.svg")
    assert [layer.pen.name for layer in exported.layers] == ["red", "blue"]
    for one, other in zip(ours.layers, exported.layers, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one.paths, other.paths, strict=True))
    assert "red" in say("estimate", file).output


def test_colours_that_are_no_pens_are_not_exported(saved, tmp_path):
    Drawing(CANVAS, strokes(), MultiplySpec().build(6, torch.Generator())).save(tmp_path / "free.pt")
    with pytest.raises(InputError, match="no pens yet"):
        say("export", tmp_path / "free.pt")
    with pytest.raises(InputError, match="--stage"):
        say("render", tmp_path / "free.pt", "--stage", "fit")


def test_a_run_starts_from_the_strokes_of_a_drawing_where_they_lie(saved):
    drawing, file = saved
    start = read_start(file, CANVAS, 1)
    expected = drawing.primitive.points.detach().numpy()
    found = sorted(start.points.round(5).tolist())
    assert np.allclose(found, sorted(expected.round(5).tolist()), atol=2e-5)
    assert {tuple(rgb) for rgb in start.rgb.round(2)} == {
        tuple(rgb) for rgb in drawing.ink.stroke_rgb().double().numpy().round(2)
    }
    with pytest.raises(InputError, match=r"^init: .*cannot be read"):
        read_start(file.with_name("none.pt"), CANVAS, 1)


def test_a_run_is_opened_without_its_picture(tmp_path):
    picture = tmp_path / "picture.png"
    Image.fromarray(np.full((24, 32, 3), 90, np.uint8)).save(picture)
    stages = [{"kind": "fit", "steps": 2}, {"kind": "quantize"}]
    settings = {"objectives.pixels.image": str(picture), "size": 32, "page.size": "60x60mm", "page.margin": 5,
                "primitive.count": 12, "threads": 1, "stages": stages, "objectives.time": None,
                "objectives.structure": None, "pens.palette": "kmeans"}  # fmt: skip
    run = generate(Config.load("image", settings), tmp_path / "run")
    picture.unlink()
    assert say("render", run.folder, "--size", 20).exit_code == 0
    assert min(Image.open(run.folder / "render.png").size) == 20
    drawing = Drawing.load(run.folder)
    plot, written = make_plot(drawing), read_svg(run.folder / "drawing.svg")
    assert [len(layer.paths) for layer in plot.layers] == [len(layer.paths) for layer in written.layers]
    assert run.preview().size == Image.open(run.folder / "preview.png").size
    assert "min on axidraw" in run._repr_html_()
