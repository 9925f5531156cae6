"""Strokes laid for a picture: the right pens in the right places, and nothing where nothing is wanted."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import MultiplySpec, Penned
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.drawing.render import renderer
from plotart.objectives import Frame
from plotart.objectives.penalties import PlotTime
from plotart.objectives.pixels import Pixels
from plotart.objectives.transforms import Transform
from plotart.pens import load_pens
from plotart.plot.motion import expected_seconds
from plotart.runs.config import Config
from plotart.runs.prepare import prepare
from plotart.stages import Context
from plotart.stages.place import START, Place, edges, spread_points
from plotart.stages.separation import afford, fewer_pens, separate

PENS = "#1a1a1a,#0077b6,#d0006f,#f2c200"
WHITE = torch.ones(3)
CANVAS = Canvas(page("60x60mm"), 5.0)


class Silent:
    saved = None

    def __init__(self):
        self.told = {}
        self.said = []

    def say(self, line):
        self.said.append(line)

    def tell(self, name, figure):
        self.told[name] = figure


def context(target, pens=PENS, count=4, minutes=60.0):
    drawn = load_pens(pens)
    time = PlotTime(0.02, 0.4, 0.0, 60 * minutes)
    return Context(
        renderer=renderer("native", threads=1),
        objectives={"pixels": Pixels(target, "lab", (2000.0,), 2.0), "time": time},
        weights={"pixels": 1.0, "time": 1.0},
        network=None,
        transform=Transform(),
        size=100,
        pens=drawn,
        pen_count=count,
        generator=torch.Generator().manual_seed(0),
    )


def blank(pens=PENS, strokes=400):
    spec = StrokesSpec(count=strokes)
    primitive = spec.build(CANVAS, 0.008, torch.Generator().manual_seed(0))
    return Drawing(CANVAS, primitive, Penned(load_pens(pens).pens, torch.zeros(strokes, dtype=torch.long)))


def lay(target, pens=PENS, count=4, strokes=400, minutes=60.0, **spec):
    watch = Silent()
    drawing = Place(**spec)(blank(pens, strokes), context(target, pens, count, minutes), watch=watch)
    return drawing, watch


def half_and_half(left, right):
    picture = torch.ones(1, 3, 100, 100)
    picture[..., :50] = torch.tensor(left)[:, None, None]
    picture[..., 50:] = torch.tensor(right)[:, None, None]
    return picture


def test_a_colour_is_separated_into_the_pens_that_make_it():
    pens = load_pens(PENS).pens
    shares = separate(half_and_half((1.0, 1.0, 1.0), (0.9, 0.1, 0.05)), pens, WHITE)
    assert shares[:, :, :45].max() < 0.03  # paper
    black, blue, magenta, yellow = shares[:, :, 55:].mean((1, 2)).tolist()
    assert magenta > 0.8
    assert yellow > 0.8
    assert black < 0.2
    assert blue < 0.1


def test_grey_is_black_pen_and_not_three_colours():
    black, *others = separate(torch.full((1, 3, 20, 20), 0.5), load_pens(PENS).pens, WHITE).mean((1, 2)).tolist()
    assert black > 3 * max(others)


def test_the_pens_a_picture_needs_are_kept():
    pens = load_pens("#ff7f0e,#2ca02c,#1f4fb4,#1a1a1a,#d62728").pens
    picture = half_and_half((0.1, 0.1, 0.1), (0.12, 0.31, 0.7))
    path = fewer_pens(picture, pens, WHITE)
    assert [len(left) for left, _ in path] == [5, 4, 3, 2, 1]
    assert [pens[i].hex for i in {len(left): left for left, _ in path}[2]] == ["#1f4fb4", "#1a1a1a"]
    assert path[-1][1] < path[-2][1] <= 1


def test_ink_goes_where_it_is_wanted():
    drawing, _ = lay(half_and_half((1.0, 1.0, 1.0), (0.1, 0.1, 0.1)))
    middle = drawing.primitive.points.detach()[:, :, 0].mean(1)
    length = drawing.primitive.lengths().detach()
    assert float(length[middle > 0.5].sum() / length.sum()) > 0.95
    light, _ = lay(torch.full((1, 3, 100, 100), 0.97))
    assert len(light) < len(drawing) / 3  # no more strokes than the ink needs
    assert 396 <= len(drawing) <= 400


def test_minutes_say_into_how_many_strokes_the_ink_is_cut():
    grey = torch.full((1, 3, 100, 100), 0.5)
    ink = {}
    for minutes in (4, 8, 16):
        drawing, watch = lay(grey, "#1a1a1a", 1, 5000, minutes=minutes, longest_mm=100, shortest_mm=1)
        length = drawing.primitive.lengths().detach().sum() * CANVAS.mm_per_unit / START
        ink[minutes] = float(length)
        expected = expected_seconds(context(grey).machine, [len(drawing)], ink[minutes], 50 * 50)
        assert expected == pytest.approx(60 * minutes, rel=0.05)
        assert watch.said == [f"{len(drawing)} strokes: {len(drawing)} #1a1a1a"]
    assert ink[16] == pytest.approx(ink[4], rel=0.05)


def test_too_little_time_or_too_few_strokes_for_the_ink_is_told():
    grey = torch.full((1, 3, 100, 100), 0.5)
    full, _ = lay(grey, "#1a1a1a", 1, 5000)
    for few in ({"minutes": 1}, {"strokes": 60}):
        drawing, watch = lay(grey, "#1a1a1a", 1, **{"strokes": 5000, "longest_mm": 20, **few})
        lengths = drawing.primitive.lengths().detach() * CANVAS.mm_per_unit / START
        assert f"--{next(iter(few))} " in watch.said[0]  # the remedy
        assert watch.told["afforded"]["ink_share"] < 0.6
        assert float(lengths.mean()) == pytest.approx(20, rel=0.1)
        assert len(drawing) < len(full) / 2


def test_without_a_clock_the_ink_is_cut_into_as_many_strokes_as_there_may_be():
    given = context(half_and_half((1.0, 1.0, 1.0), (0.1, 0.3, 0.1)), minutes=0.2)
    given = replace(given, objectives={"pixels": given.objectives["pixels"]})
    drawing = Place(shortest_mm=1)(blank(strokes=700), given, watch=Silent())
    assert 690 <= len(drawing) <= 700


def test_fewest_pens_that_keep_what_is_asked_and_the_curve_is_told():
    pens = "#1a1a1a,#0077b6,#d0006f,#f2c200,#2ca02c"
    grey, watch = lay(torch.rand(1, 1, 50, 50).expand(1, 3, 50, 50).contiguous(), pens, count=5, keep=0.95)
    assert [pen.hex for pen in grey.ink.pens] == ["#1a1a1a"]
    assert watch.told["pen_count"]["chosen"] == 1
    assert watch.told["pen_count"]["curve"][-1] == [5, 1.0]


def test_strokes_turn_along_an_edge_and_are_shorter_there():
    picture = half_and_half((0.9, 0.9, 0.9), (0.2, 0.2, 0.2))
    drawing, _ = lay(picture, along=1.0, fine=1.0)
    ends = drawing.primitive.points.detach()[:, -1] - drawing.primitive.points.detach()[:, 0]
    near = (drawing.primitive.points.detach()[:, :, 0].mean(1) - 0.5).abs() < 0.04
    upright = ends[near, 1].abs() / ends[near].norm(dim=1)
    assert float(upright.median()) > 0.95
    assert float(ends[near].norm(dim=1).median()) < 0.7 * float(ends[~near].norm(dim=1).median())


def test_points_are_as_dense_as_asked_and_spread_evenly():
    density = np.ones((60, 60))
    density[:, 30:] = 3
    generator = torch.Generator().manual_seed(1)
    points = spread_points(density, 400, generator)
    assert np.mean(points[:, 0] > 30) == pytest.approx(0.75, abs=0.03)
    from scipy.spatial import cKDTree

    def gaps(rounds):
        dense = spread_points(np.ones((60, 60)), 300, torch.Generator().manual_seed(1), rounds)
        return cKDTree(dense).query(dense, 2)[0][:, 1]

    assert gaps(8).min() > 3 * gaps(0).min()


def test_edges_of_stripes_run_along_them():
    angle = 0.5
    y, x = np.mgrid[:64, :64]
    stripes = np.sin(0.6 * (-x * np.sin(angle) + y * np.cos(angle)))
    direction, sure = edges(stripes)
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(np.sin(direction[inner] - angle)).max() < 0.05
    assert sure[inner].min() > 0.9


def test_same_seed_same_strokes():
    cat = torch.from_numpy(data.chelsea()[::4, ::4].copy()).permute(2, 0, 1)[None, :, :70, :70] / 255
    first, second = (lay(cat, strokes=100)[0].primitive.points for _ in range(2))
    assert torch.equal(first, second)


def test_without_a_picture_or_pens_it_is_refused():
    given = context(torch.ones(1, 3, 20, 20))
    with pytest.raises(InputError, match="place lays strokes for a picture"):
        Place()(blank(), replace(given, objectives={}, weights={}), watch=Silent())
    free = blank()
    free.ink = MultiplySpec().build(len(free), torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match="real pens"):
        Place()(free, given, watch=Silent())


def test_ink_that_does_not_fit_is_left_out_where_it_is_missed_least():
    grey, pens = torch.full((1, 3, 20, 40), 0.5), load_pens("#1a1a1a").pens
    weight = torch.ones(20, 40)
    weight[:, 20:] = 9
    weight /= weight.mean()

    def demand(shares):
        return float(shares.mean()) / 0.25

    all_of_it = afford(grey, pens, WHITE, lambda shares: 1.0)
    assert all_of_it.all_of_it
    assert all_of_it.drawn == 1
    found = afford(grey, pens, WHITE, demand, weight=weight)
    assert 0.97 < demand(found.shares) <= 1
    assert found.drawn < 0.5
    assert float(found.shares[..., 22:].mean()) > 2 * float(found.shares[..., :18].mean())
    assert float(found.tones[..., 22:].mean()) < float(found.tones[..., :18].mean())
    nearly = afford(grey, pens, WHITE, lambda shares: float(shares.mean() / all_of_it.wanted.mean()) * 1.1)
    assert nearly.drawn < 1
    assert torch.equal(nearly.tones, nearly.whole)  # strokes do with a little less, so all tones are asked for


def test_tones_that_cannot_be_drawn_are_not_asked_for():
    target = half_and_half((0.1, 0.1, 0.1), (0.6, 0.6, 0.6))
    given = context(target, "#1a1a1a", 1, minutes=1)
    before = float(given.objectives["pixels"](Frame(target)))
    Place()(blank("#1a1a1a", 4000), given, watch=Silent())
    pixels = given.objectives["pixels"]
    assert before == pytest.approx(0, abs=1e-9)
    assert float(pixels(Frame(target))) > 0.01
    again = Pixels(target, "lab", (2000.0,), 2.0)
    again.load_state_dict(pixels.state_dict())  # as a resumed run does
    assert float(again(Frame(target))) == float(pixels(Frame(target)))


def test_strokes_are_shorter_where_the_focus_is():
    focus = torch.zeros(1, 1, 100, 100)
    focus[..., 50:] = 1
    given = replace(context(torch.full((1, 3, 100, 100), 0.4), "#1a1a1a", 1), focus=focus)
    drawing = Place()(blank("#1a1a1a", 4000), given, watch=Silent())
    right = drawing.primitive.points.detach()[:, :, 0].mean(1) > 0.5
    lengths = drawing.primitive.lengths().detach()
    assert float(lengths[right].mean()) < 0.7 * float(lengths[~right].mean())
    assert int(right.sum()) > 1.4 * int((~right).sum())


def test_no_stroke_is_laid_on_paper_that_stays_all_but_bare(tmp_path):
    """A dark half, and a half so light that a stroke would be a dot on it."""
    grey = np.full((64, 64, 3), 255, dtype=np.uint8)
    grey[:, :32] = 80
    grey[:, 32:] = 254
    file = tmp_path / "half.png"
    Image.fromarray(grey).save(file)
    changes = {"objectives.pixels.image": str(file), "page.size": "60x60mm", "size": 64, "pens.set": "#1a1a1a",
               "pens.palette": "fixed", "focus": "none"}  # fmt: skip
    config, context, drawing = prepare(Config.load("image", changes), lambda line: None)
    placed = config.stages[0](drawing, context, watch=Silent())
    starts = placed.strokes.points.detach().mean(dim=1)[:, 0]
    assert len(placed) > 50
    assert float(starts.max()) < 0.55
