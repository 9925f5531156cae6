"""Spheres drawn in two pens, one for each eye of red-cyan glasses."""

import numpy as np
import pytest
import torch
from PIL import Image

from plotart import Config, InputError, generate
from plotart.core.canvas import Canvas, page
from plotart.drawing import Drawing
from plotart.drawing.ink import Over
from plotart.drawing.primitives.spheres import Spheres, SpheresSpec
from plotart.drawing.render import renderer
from plotart.pens.palette import load_pens
from plotart.runs.prepare import prepare
from plotart.stages.anaglyph import choose_glasses

WHITE = torch.ones(3)


def settings(folder, **more):
    """The left eye is to see a dark upper half, the right eye a dark lower half."""
    for name, rows in (("upper", slice(0, 24)), ("lower", slice(24, 48))):
        levels = np.full((48, 48), 250, np.uint8)
        levels[rows] = 30
        Image.fromarray(levels).save(folder / f"{name}.png")
    return {
        "objectives.pixels.image": str(folder / "upper.png"),
        "primitive.second": str(folder / "lower.png"),
        "primitive.count": 20,
        "page.size": "60x60mm",
        "page.margin": 5,
        "size": 48,
        "threads": 1,
        "stages.0.steps": 80,
        "stages.0.pixels_share": 1.0,
        "stages.0.looks": 2,
        **more,
    }


def test_each_camera_makes_its_channels_of_grey_and_sees_all_of_the_canvas():
    centre = torch.tensor([[0.0, 0.0, -0.2], [0.0, 0.0, 0.2]])
    radius, width = torch.tensor([0.1, 0.2]), torch.full((2,), 0.01)
    shapes = Spheres(centre, radius, width, extent=(1.0, 1.0), views="anaglyph")
    ink = Over(torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), torch.ones(2), WHITE)
    drawing = Drawing(Canvas(page("60x60mm"), 0.0), shapes, ink)
    image = renderer("native", threads=1)(drawing, 100).detach()[0]
    red, blue = 0.2126, 0.0722  # their greys
    # camera 1 has red before blue in the middle; from the side red lies to the left of it, blue to the right
    for x, first, second in ((0.45, red, 1.0), (0.28, 1.0, red), (0.72, 1.0, blue), (0.36, blue, red)):
        seen = image[:, 50, round(100 * x)].tolist()
        assert seen == pytest.approx([first, second, second], abs=0.02), x
    assert torch.equal(Drawing.unpack(drawing.pack()).primitive.discs(1)[0], shapes.discs(1)[0])


def test_the_picture_asked_for_is_the_anaglyph_of_both():
    picture = torch.rand(3, 8, 8)
    asked = SpheresSpec(views="anaglyph").asked(picture)
    grey = (torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None] * picture).sum(0)
    assert torch.allclose(asked, torch.stack([grey, grey.flip(1), grey.flip(1)]))


def test_each_eye_sees_its_picture_through_its_glass(tmp_path):
    run = generate(Config.load("anaglyph", settings(tmp_path)), tmp_path / "run")
    drawing = Drawing.load(run.folder)
    assert {pen.hex for pen in drawing.ink.pens} == {"#00c8f0", "#f02a3a"}
    image = renderer("native", threads=1)(drawing, 48).detach()[0]
    upper, lower = image[:, 4:20].mean((1, 2)), image[:, 28:44].mean((1, 2))
    assert upper[0] < lower[0] - 0.2  # behind the red glass the upper half is the darker
    assert lower[1:].mean() < upper[1:].mean() - 0.2  # behind the cyan one the lower half
    assert min(run.figures["views"]["first_db"], run.figures["views"]["second_db"]) > 12


def test_the_pens_are_those_of_the_glasses_or_it_is_told_before_work(tmp_path):
    chosen = choose_glasses(load_pens("#1a1a1a,#ffd800,#f02a3a,#2040c0,#00c8f0").pens, WHITE)
    assert [pen.hex for pen in chosen] == ["#00c8f0", "#f02a3a"]
    with pytest.raises(InputError, match=r"pens\.set: an anaglyph needs a cyan pen, dark behind a red glass"):
        prepare(Config.load("anaglyph", settings(tmp_path, **{"pens.set": "#1a1a1a,#d62728"})), lambda line: None)
    with pytest.raises(InputError, match=r"pens\.count: an anaglyph takes two pens, one for each eye, not 1"):
        prepare(Config.load("anaglyph", settings(tmp_path, **{"pens.count": 1})), lambda line: None)
    with pytest.raises(InputError, match=r"needs a red pen, dark behind a cyan glass .* on light paper"):
        choose_glasses(load_pens("#00c8f0,#ffd800").pens, WHITE)


def test_views_and_stages_go_together(tmp_path):
    for config, views in (("space", "anaglyph"), ("anaglyph", "pair")):
        changed = Config.load(config, settings(tmp_path, **{"primitive.views": views}))
        with pytest.raises(InputError, match="'pair' go with the stage 'project', 'anaglyph' with"):
            prepare(changed, lambda line: None)
    with pytest.raises(InputError, match=r"primitive\.views: "):
        Config.load("anaglyph", settings(tmp_path, **{"primitive.views": "both"}))
