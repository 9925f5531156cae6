"""Spheres in space: what two cameras see of them, and the flat shapes that pens draw."""

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
from plotart.runs.checks import check
from plotart.runs.posters import poster_config
from plotart.runs.prepare import prepare
from plotart.stages.watch import Silent

RED, BLUE, WHITE = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]
CANVAS = Canvas(page("120x60mm"), 0.0)


def two(angle=90.0):
    """Red in front and to the left, blue behind it and to the right, as camera 1 sees them."""
    centre = torch.tensor([[0.0, 0.0, -0.2], [0.0, 0.0, 0.2]])
    shapes = Spheres(centre, torch.tensor([0.1, 0.2]), torch.full((2,), 0.01), extent=(2.0, 1.0), angle=angle)
    return Drawing(CANVAS, shapes, Over(torch.tensor([RED, BLUE]), torch.ones(2), torch.tensor(WHITE)))


def colour(drawing, x, y=0.5):
    image = renderer("native", threads=1)(drawing, 100).detach()[0]
    return image[:, round(100 * y), round(100 * x)].round().tolist()


def settings(folder, **more):
    ramp = np.linspace(0, 255, 32).astype(np.uint8)
    one = np.stack([np.broadcast_to(ramp, (32, 32)), np.full((32, 32), 90), np.full((32, 32), 160)], -1)
    Image.fromarray(one.astype(np.uint8)).save(folder / "one.png")
    Image.new("RGB", (64, 40), "#3060a0").save(folder / "other.png")
    return {
        "objectives.pixels.image": str(folder / "one.png"),
        "primitive.second": str(folder / "other.png"),
        "primitive.count": 12,
        "page.size": "120x70mm",
        "page.margin": 5,
        "size": 32,
        "threads": 1,
        "stages.0.steps": 60,
        "stages.0.pixels_share": 1.0,
        "stages.0.looks": 2,
        **more,
    }


def test_each_camera_sees_what_is_near_on_top_and_larger():
    discs, depth = two().primitive.discs(0)
    assert depth.tolist() == pytest.approx([3.8, 4.2])
    assert discs[0].tolist() == pytest.approx([0.5, 0.5, 0.1 * 4 / 3.8])
    # from the right side, red lies to the left and blue to the right, and neither hides the other
    discs, depth = two().primitive.discs(1)
    assert depth.tolist() == pytest.approx([4.0, 4.0])
    assert discs[:, 0].tolist() == pytest.approx([1.3, 1.7])
    assert colour(two(), 0.5) == RED and colour(two(), 0.65) == BLUE
    assert colour(two(), 1.3) == RED and colour(two(), 1.7) == BLUE
    # from behind, blue hides red
    assert colour(two(180.0), 1.5) == BLUE


def test_a_disc_is_cut_at_the_edge_of_its_view_and_the_projection_looks_the_same(tmp_path):
    _, context, _ = prepare(Config.load("space", settings(tmp_path)), lambda line: None)
    stage = Config.load("space", settings(tmp_path)).stages[1]
    drawing = two()
    with torch.no_grad():
        drawing.primitive.centre[1] = torch.tensor([0.45, 0.1, 0.3])
    flat = stage(drawing, context, watch=Silent())
    left, right = flat.primitive.areas()[:2], flat.primitive.areas()[2:]
    assert max(area.bounds[2] for area in left) == pytest.approx(1.0, abs=1e-5)
    assert min(area.bounds[0] for area in right) >= 1.0 - 1e-5
    images = [renderer("native", threads=1)(each, 100).detach() for each in (drawing, flat)]
    assert float((images[0] - images[1]).abs().mean()) < 2e-3


def test_two_pictures_are_drawn_by_one_object(tmp_path):
    run = generate(Config.load("space", settings(tmp_path)), tmp_path / "run")
    first, *_, last = run.figures.history
    assert last[1] < 0.6 * first[1]
    assert min(run.figures["views"]["first_db"], run.figures["views"]["second_db"]) > 12
    assert (run.folder / "drawing.svg").stat().st_size > 1000
    poster = poster_config(run.folder, (2, 2), {})
    check(poster)
    assert [stage.kind for stage in poster.stages] == ["enlarge", "fit"]


def test_the_second_picture_is_cut_to_the_first_and_mirrored_without_one(tmp_path):
    picture = torch.rand(3, 32, 32)
    assert torch.equal(SpheresSpec().asked(picture), torch.cat([picture, picture.flip(2)], 2))
    settings(tmp_path)
    pair = SpheresSpec(second=str(tmp_path / "other.png")).asked(picture)
    assert pair.shape == (3, 32, 64)
    assert pair[0, :, 32:].numpy() == pytest.approx(0x30 / 255, abs=2e-3)


def test_what_does_not_go_together_is_told(tmp_path):
    with pytest.raises(InputError, match="start from the config 'space'"):
        prepare(Config.load("space", settings(tmp_path, stages=[{"kind": "fit", "steps": 2}])), lambda line: None)
    stages = [{"kind": "fit", "steps": 2}, {"kind": "regrow"}, {"kind": "project"}, {"kind": "hatch"}]
    with pytest.raises(InputError, match="before 'project' spheres can only be fitted, not by 'regrow'"):
        prepare(Config.load("space", settings(tmp_path, stages=stages)), lambda line: None)
    with pytest.raises(InputError, match=r"second: .*nothing.png"):
        prepare(Config.load("space", settings(tmp_path, **{"primitive.second": "nothing.png"})), lambda line: None)
