"""Looks: each lays lines for a tone, as many as plot in the minutes, and one file is enough to add another."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.splines import Splines
from plotart.pens import load_pens
from plotart.plot.written import load_of, make_plot, written
from plotart.runs.config import Config
from plotart.runs.prepare import prepare
from plotart.stages import Silent
from plotart.stages.lay import resampled, vertices
from plotart.stages.lighten import Lighten
from plotart.stages.looks import Laid, Wanted, looks
from plotart.stages.looks.stipple import CORNERED
from plotart.stages.prune import Prune, plot_seconds
from plotart.stages.rows import parallel, rows, swing

LAID = [name for name in looks if looks[name].stage == "lay"]
FEW = ("outline", "sketch")
"""Those that do not draw all of a tone."""


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    """A dark disc on grey, light to the right."""
    y, x = np.mgrid[:48, :48] / 47
    grey = 0.5 + 0.5 * x
    grey[np.hypot(x - 0.5, y - 0.5) < 0.3] = 0.1
    file = tmp_path_factory.mktemp("looks") / "disc.png"
    Image.fromarray((255 * grey).astype(np.uint8)).convert("RGB").save(file)
    return file


def wanted(plane, number=0, pens=1, count=500):
    planes = np.stack([plane] * pens)
    return Wanted(
        planes,
        1 - plane,
        1 - plane,
        0 * plane,
        0.5,
        0.4,
        number,
        pens - 1,
        count,
        count,
        torch.Generator().manual_seed(0),
    )


def config(picture, look, **changes):
    base = {"objectives.pixels.image": str(picture), "pens.set": "#1a1a1a,#d0006f", "pens.palette": "fixed"}
    return Config.load("image", {**base, "page.size": "70x70mm", "size": 64, "look": look, **changes})


@pytest.mark.parametrize("name", LAID)
def test_a_look_draws_more_where_more_is_wanted(name):
    plane = np.full((64, 64), 0.1)
    plane[:, 32:] = 0.6
    plane[:, :2] = plane[:, 62:] = 0
    lines = looks[name]().lines(wanted(plane), 1.0)
    points = np.concatenate([resampled(line, 0.2) for line in lines])
    left, right = (points[:, 0] < 16).sum(), (points[:, 0] >= 16).sum()
    assert right > (0 if name in FEW else 1.8 * left)
    assert points.min() > -3 and points.max() < 35


@pytest.mark.parametrize("name", [name for name in LAID if name != "sketch"])
def test_lines_of_a_look_keep_to_the_minutes_and_none_leaves_the_page(name, picture):
    settings, context, drawing = prepare(config(picture, name, minutes=8), lambda line: None)
    laid = settings.stages[0](drawing, context, watch=Silent())
    minutes = plot_seconds(laid, context.machine) / 60
    assert minutes <= 8
    low, high = laid.primitive.vertices.aminmax()
    assert low >= 0 and high <= max(laid.canvas.unit_size) + 1e-6


def test_lines_that_outgrew_the_minutes_are_pruned_and_fitted_again(picture):
    settings, context, drawing = prepare(config(picture, "hatch", minutes=8), lambda line: None)
    laid = settings.stages[0](drawing, context, watch=Silent())
    shorter = replace(context, minutes=0.8 * plot_seconds(laid, context.machine) / 60)
    pruned = Prune(steps=2, rounds=1)(laid, shorter, watch=Silent())
    assert plot_seconds(pruned, context.machine) / 60 <= shorter.minutes
    assert not set(map(tuple, pruned.primitive.vertices.tolist())) <= set(map(tuple, laid.primitive.vertices.tolist()))
    with pytest.raises(InputError, match=r"moves nothing: rates are for points, not for .*vertices"):
        Prune(steps=2, rounds=1, rates={"points": 0.1})(laid, shorter, watch=Silent())


def test_one_line_is_one_stroke_a_pen_also_when_it_was_fitted(picture):
    settings, context, drawing = prepare(config(picture, "oneline", minutes=6, steps=3), lambda line: None)
    for stage in settings.scaled_stages():
        drawing = stage(drawing, context, watch=Silent())
    assert [len(layer.paths) for layer in make_plot(drawing).layers] == [1, 1]


def test_dots_are_plotted():
    dots = looks["stipple"]().lines(wanted(np.full((32, 32), 0.3)), 1.0)
    assert len(dots) > 20 and all(dot.shape == (1, 2) for dot in dots)
    splines = Splines(torch.rand(3, 2), torch.ones(3, dtype=torch.long), torch.full((3,), 0.01))
    assert all(len(path) == 13 for path in splines.paths())
    assert torch.allclose(splines.lengths(), torch.full((3,), 0.009 * math.pi))


def test_a_spline_passes_through_what_was_laid():
    points = np.array([[0.0, 0], [1, 0.3], [2, -0.4], [3, 0]])
    count = torch.tensor([4])
    splines = Splines(torch.from_numpy(vertices(points)).float(), count, torch.full((1,), 0.1))
    pieces, owner, ends = splines.cubics()
    assert np.allclose(pieces[:, 0].detach(), points[:-1], atol=1e-6)
    assert np.allclose(pieces[-1, 3].detach(), points[-1], atol=1e-6)
    assert owner.tolist() == [0, 0, 0] and ends.sum() == 2


def test_rows_cover_the_share_that_is_wanted():
    asked = wanted(np.full((80, 80), 0.3))
    runs = rows(asked, parallel(asked, 30, 0.4), 0.4, 1.0, 3.0)
    length = sum(float(np.hypot(*np.diff(run.points, axis=0).T).sum()) for run in runs)
    assert length * 0.4 / math.prod(asked.size_mm) == pytest.approx(0.3, abs=0.04)


def test_a_wave_is_as_long_as_it_must_be():
    x = np.linspace(0, 2 * np.pi, 20_001)
    for load in (1.3, 3.0):
        slope = swing(np.array([load]))[0]
        assert np.trapezoid(np.hypot(1, slope * np.cos(x)), x) / (2 * np.pi) == pytest.approx(load, rel=0.01)


def test_the_default_is_contour_and_a_look_is_written_as_a_stage(picture):
    plain = config(picture, "contour")
    assert plain.stages[0].kind == "place" and plain.primitive.kind == "strokes"
    hatched = config(picture, "hatch", **{"look.angle": 10.0, "stages.2.steps": 7})
    assert hatched.stages[0].look.angle == 10 and hatched.primitive.kind == "splines"
    assert hatched.stages[2].steps == 7 and hatched.objectives["form"].weight > 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"look": "hach"}, "look: there is no look 'hach'; nearest: hatch"),
        ({"look": "hatch", "look.angle": 999.0}, "look.angle"),
        ({"look": "hatch", "look.angel": 1.0}, "look.angel: there is no such setting"),
    ],
)
def test_a_wrong_look_is_told(picture, changes, told):
    with pytest.raises(InputError) as error:
        Config.load("image", {"objectives.pixels.image": str(picture), **changes})
    assert str(error.value).startswith(told)


def test_a_look_is_for_pictures_in_pens(picture):
    for base in ("neuron", "image-kmeans"):
        with pytest.raises(InputError, match=r"^look: 'hatch' is a way to draw a picture"):
            Config.load(base, {"look": "hatch"})


def test_one_class_is_a_look(picture):
    @looks.register("zigzag")
    class Zigzag(Laid):
        """Up and down."""

        def lines(self, wanted, gain):
            width, height = wanted.size_mm
            x = np.arange(0, width, 4 / gain)
            return [np.stack([x, height * (np.arange(len(x)) % 2)], axis=1)]

    try:
        settings, context, drawing = prepare(config(picture, "zigzag"), lambda line: None)
        laid = settings.stages[0](drawing, context, watch=Silent())
        assert len(laid) == 2 and laid.primitive.kind == "splines"
    finally:
        del looks._items["zigzag"]


def test_a_sketch_begins_with_fine_lines_where_the_focus_is():
    light = np.ones((96, 96))
    light[:, 20:24] = 0.2  # long and strong
    light[66:68, 66:80] = 0.6  # short and faint
    focus = np.zeros_like(light)
    focus[56:88, 56:88] = 1
    plane = 1 - light

    def first(focus):
        wanted = Wanted(
            plane[None], light, light, focus, 0.5, 0.4, 0, 0, 20, 20, torch.Generator().manual_seed(0)
        )  # fmt: skip
        line = looks["sketch"]().lines(wanted, 1.0)[0]
        return line.mean(axis=0)

    assert np.abs(first(focus) - (36.5, 33.5)).max() < 1
    assert 9 < first(0 * focus)[0] < 13


def test_lines_are_cut_where_there_is_too_much_ink_and_go_on_beyond(picture):
    config = Config.load(
        "image", {"objectives.pixels.image": str(picture), "page.size": "a6", "size": 48, "look": "hatch"}
    )
    assert config.page.max_ink == 5
    assert Config.load("image", {"objectives.pixels.image": str(picture), "look": "oneline"}).page.max_ink is None
    _, context, drawing = prepare(config, lambda line: None)
    turns = torch.linspace(0, math.pi, 25)[:-1]
    ways = 0.3 * torch.stack([turns.cos(), turns.sin()], dim=1)[:, None] * torch.linspace(-1, 1, 31)[None, :, None]
    star = Splines(
        (0.5 + ways).reshape(-1, 2), torch.full((24,), 31), torch.full((24,), 0.4 / drawing.canvas.mm_per_unit)
    )
    crossing = Drawing(drawing.canvas, star, Penned(load_pens("basic-12").pens[:1], torch.zeros(24, dtype=torch.long)))
    assert float(load_of(written(crossing)).max()) > 6
    light = Lighten(layers=5)(crossing, context, watch=Silent())
    assert float(load_of(written(light)).max()) <= 5
    assert 24 < len(light) < 48
    assert float(light.primitive.lengths().detach().sum()) > 0.7 * float(star.lengths().detach().sum())


def test_with_less_time_there_are_fewer_dots_and_larger_ones():
    plane = np.full((32, 32), 0.3)
    plane[:, 16:] = 0.05

    def area(lines):
        """As if each were a disc as wide as its line reaches."""
        reach = [
            np.hypot(*(line - line.mean(axis=0)).T).max() * CORNERED if len(line) > 1 else 0.45 * 0.4 for line in lines
        ]
        return sum(math.pi * (each + 0.2) ** 2 for each in reach)

    many, few = (looks["stipple"]().lines(wanted(plane), gain) for gain in (1.0, 0.4))
    assert len(few) == pytest.approx(0.4 * len(many), rel=0.05)
    assert area(few) == pytest.approx(area(many), rel=0.15)
    assert all(len(line) == 1 for line in many)
