"""Dividers to strokes of pens: what is drawn, in which pen, where, and that it passes the whole line."""

import numpy as np
import pytest
import torch

from plotart import Config, InputError, generate
from plotart.core.color import to_lab
from plotart.core.images import load_image, resize
from plotart.drawing.render import renderer
from plotart.plot.check import check_svg
from plotart.plot.svg import read_svg
from plotart.runs.paper import on_paper
from plotart.runs.prepare import prepare
from plotart.runs.redraw import drawing_of
from plotart.runs.results import make_plot
from plotart.stages.trace import Trace
from plotart.stages.watch import Silent

PICTURE = {
    "page.size": "60x60mm",
    "page.margin": 5,
    "size": 48,
    "primitive": {"kind": "dividers", "count": 8, "shape": "both"},
    "ink": {"kind": "coded"},
    "threads": 1,
    "pens.set": "#1a1a1a,#d62728",
    "stages": [{"kind": "fit", "steps": 5}, {"kind": "trace"}],
}


@pytest.fixture
def settings(photo):
    return {**PICTURE, "objectives.pixels.image": str(photo)}


def halves(settings, left, right):
    """A drawing of one line down the middle of the page, with these colours left and right of it."""
    settings |= {"primitive": {"kind": "dividers", "count": 1}, "ink": {"kind": "coded", "units": 2}}
    _, context, drawing = prepare(Config.load(None, settings), lambda line: None)
    width, height = drawing.canvas.unit_size
    with torch.no_grad():
        drawing.primitive.centre.copy_(torch.tensor([[width / 2, height / 2]]))
        drawing.primitive.angle.zero_()
        drawing.ink.mix.copy_(torch.tensor([[-1.0], [1.0]]))
        drawing.ink.bias.zero_()
        drawing.ink.ground.zero_()
        drawing.ink.tint.copy_(torch.logit(torch.tensor([left, right]).T, 1e-4))
    return context, drawing


def test_each_half_gets_the_ink_its_tone_needs(settings):
    settings["pens.set"], settings["pens.palette"] = "#000000", "fixed"
    grey = 0.735357  # the sRGB value of half the light
    context, drawing = halves(settings, [0.0] * 3, [grey] * 3)
    made = Trace()(drawing, context, watch=Silent())
    image = context.renderer(made, 400).detach()[0].mean(0)
    width = image.shape[1]
    light = torch.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    assert float(light[20:-20, 20 : width // 2 - 20].mean()) < 0.05
    assert float(light[20:-20, width // 2 + 20 : -20].mean()) == pytest.approx(0.5, abs=0.04)


def test_paper_coloured_regions_stay_empty(settings):
    settings["pens.set"], settings["pens.palette"] = "#000000", "fixed"
    context, drawing = halves(settings, [0.0] * 3, [1.0] * 3)
    made = Trace()(drawing, context, watch=Silent())
    assert float(made.primitive.points[..., 0].detach().max()) <= drawing.canvas.unit_size[0] / 2 + 1e-3
    context, drawing = halves(settings, [1.0] * 3, [1.0] * 3)
    with pytest.raises(InputError, match="colour of the paper"):
        Trace()(drawing, context, watch=Silent())


def test_outlines_go_round_the_region_half_a_tip_inside(settings):
    settings["pens.set"], settings["pens.palette"] = "#000000", "fixed"
    context, drawing = halves(settings, [0.0] * 3, [1.0] * 3)
    made = Trace(marks="regions")(drawing, context, watch=Silent())
    width, height = drawing.canvas.unit_size
    inset = 0.2 / drawing.canvas.mm_per_unit
    corners = made.primitive.points.detach().numpy()[0, ::3]
    assert len(made) == 1
    assert corners[0] == pytest.approx(corners[-1])
    assert len(np.unique(corners.round(4), axis=0)) == 4
    assert corners.min(0) == pytest.approx([inset, inset], abs=1e-4)
    assert corners.max(0) == pytest.approx([width / 2 - inset, height - inset], abs=1e-4)


def test_dividers_themselves_are_one_stroke_each(settings):
    settings["pens.set"] = "#f0e442,#000000"
    settings["pens.count"] = 2
    context, drawing = halves(settings, [0.0] * 3, [1.0] * 3)
    made = Trace(marks="dividers")(drawing, context, watch=Silent())
    points = made.primitive.points.detach()
    assert len(made) == 1
    assert [pen.hex for pen in made.ink.pens] == ["#000000"]
    assert points[0, :, 0].numpy() == pytest.approx(drawing.canvas.unit_size[0] / 2, abs=1e-5)


def test_other_drawings_pass_through(small, photo):
    del small["objectives.neuron.at"]
    settings = Config.load(None, {**small, "objectives.pixels.image": str(photo)})
    _, context, drawing = prepare(settings, lambda line: None)
    same = Trace()(drawing, context, watch=Silent())
    assert torch.equal(same.primitive.points, drawing.primitive.points)


def test_a_picture_goes_through_the_whole_line(settings, photo, tmp_path):
    settings["stages"] = [
        {"kind": "fit", "steps": 150, "schedule": "cosine", "pixels_share": 0.2},
        {"kind": "trace", "narrowest": 2},
    ]
    settings |= {"pens.set": "#1a1a1a,#d62728,#ffb000", "pens.count": 2}
    run = generate(Config.load(None, settings), tmp_path / "run")
    figures = run.figures
    assert figures["regions"]["drawn"] <= figures["regions"]["all"] <= 200
    history = [total for _, total, _ in figures["history"]]
    assert history[-1] < 0.5 * history[0]
    assert figures["pixels"]["free"] is not None
    layers = read_svg(run.folder / "drawing.svg").layers
    assert 1 <= len(layers) == len(figures["pens"]) <= 2
    assert not check_svg(run.folder / "drawing.svg")
    # what the paper shows is what the preview showed, where a pen is wider than a pixel
    traced, draw = drawing_of(run, "trace"), renderer("native")
    plot = make_plot(traced)
    paper = on_paper(plot, traced, 400).image
    assert float((paper - draw(traced, 400)).detach().square().mean()) < 0.004
    near, far = figures["damage"]["picture"]
    assert far["stages"]["svg"]["mean"] < near["stages"]["svg"]["mean"]
    # and it has the picture's mean colour
    preview = load_image(run.folder / "preview.png")
    x0, y0, width, height = (round(8 * v) for v in traced.canvas.area)
    colours = [resize(image, 1, 1) for image in (preview[:, y0 : y0 + height, x0 : x0 + width], load_image(photo))]
    lab = [to_lab(colour[:, 0, 0].numpy().astype(np.float64)) for colour in colours]
    assert abs(lab[0][0] - lab[1][0]) < 15


def test_a_run_is_redrawn_at_any_size_and_beyond_the_border(settings, tmp_path):
    run = generate(Config.load(None, settings), tmp_path / "run")
    fitted, draw = drawing_of(run), renderer("native")
    assert draw(fitted, 96).shape[2:] == fitted.canvas.pixels(96)
    wide = draw(fitted, 48, border=2.0)
    height, width = fitted.canvas.pixels(48)
    assert wide.shape[2:] == (3 * height, 3 * width)
    assert torch.allclose(wide[..., height : 2 * height, width : 2 * width], draw(fitted, 48), atol=1e-4)
    traced = drawing_of(run, "trace")
    assert traced.primitive.kind == "strokes"
    with pytest.raises(InputError, match="only dividers go on beyond the page"):
        draw(traced, 48, border=1.0)
    with pytest.raises(InputError, match=r"no stage 'prune'.*fit, trace"):
        drawing_of(run, "prune")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ink": {"kind": "multiply"}}, "dividers take coded, not multiply"),
        ({"stages": [{"kind": "fit", "steps": 3}]}, "go together"),
        ({"pens.palette": "kmeans"}, "kmeans"),
        ({"pens.count": "auto"}, "pens.count 'auto'"),
        ({"stages": [{"kind": "quantize"}, {"kind": "trace"}]}, "not go through 'quantize'"),
        ({"objectives.pixels.distances": [5000], "stages.0.pixels_share": 0.1}, "pixels_share"),
    ],
)
def test_what_dividers_cannot_do_is_refused(settings, tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        generate(Config.load(None, {**settings, **changes}), tmp_path / "run")
    assert not (tmp_path / "run").exists()
