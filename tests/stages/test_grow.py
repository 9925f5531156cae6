"""Growing: where strokes start, how many there are in each level, and that a grown picture is the better one."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError, Interrupted
from plotart.core.images import save_image
from plotart.drawing import Drawing
from plotart.drawing.ink import OverSpec
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.objectives.pixels import Pixels
from plotart.runs.config import Config
from plotart.runs.pipeline import generate
from plotart.runs.prepare import prepare
from plotart.stages import evaluate
from plotart.stages.fit import Fit
from plotart.stages.grow import Grow
from plotart.stages.prune import contributions
from plotart.stages.spawn import edge_directions, hilbert_order, scatter
from plotart.stages.watch import Silent
from tests.stages.test_prune import Keeping
from tests.stages.test_stages import SIZE, context

CANVAS = Canvas(page("60x60mm"), 5.0)


def grey(values):
    return torch.as_tensor(values, dtype=torch.float32).expand(1, 3, SIZE, SIZE).clone()


def given():
    """A disc on a ramp, in sRGB."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    picture = np.where((x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.04, 0.1, 0.3 + 0.6 * x)
    whole = context()
    return type(whole)(
        **{
            **{name: getattr(whole, name) for name in whole.__dataclass_fields__ if name != "layers"},
            "objectives": {"pixels": Pixels(grey(picture), "srgb", (0.0,))},
            "weights": {"pixels": 1.0},
            "generator": torch.Generator().manual_seed(0),
        }
    )


def start(count=32):
    generator = torch.Generator().manual_seed(0)
    strokes = StrokesSpec(count=count, widths="free", width_range=(0.01, 0.5)).build(CANVAS, 0.03, generator)
    return Drawing(CANVAS, strokes, OverSpec().build(count, generator))


@pytest.mark.parametrize("size", [(8, 8), (5, 13), (1, 3)])
def test_the_curve_visits_every_pixel_once_and_in_a_square_goes_from_neighbour_to_neighbour(size):
    order = hilbert_order(*size)
    assert sorted(order) == list(range(size[0] * size[1]))
    if size == (8, 8):
        steps = np.abs(np.diff(order // 8)) + np.abs(np.diff(order % 8))
        assert (steps == 1).all()


def test_places_follow_the_density_and_keep_apart():
    density = torch.ones(64, 64)
    density[:, 32:] = 3.0
    places = scatter(density, 400, torch.Generator().manual_seed(0)).numpy()
    assert (places >= 0).all()
    assert (places < 64).all()
    assert (places[:, 0] >= 32).sum() == pytest.approx(300, abs=2)
    even = scatter(torch.ones(64, 64), 400, torch.Generator().manual_seed(0)).numpy()
    random = 64 * np.random.default_rng(0).random((400, 2))
    nearest = [np.median(cKDTree(p).query(p, k=2)[0][:, 1]) for p in (even, random)]
    assert nearest[0] > 1.2 * nearest[1]


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_directions_run_along_an_edge(degrees):
    turn = np.radians(degrees)
    y, x = np.mgrid[:64, :64] - 31.5
    beside = -np.sin(turn) * x + np.cos(turn) * y
    angle, coherence = edge_directions(torch.from_numpy(np.tanh(beside)).float().expand(3, 64, 64), 1.5)
    assert abs(np.sin(float(angle[32, 32]) - turn)) < 0.03
    assert coherence[32, 32] > 0.95
    noise = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert edge_directions(noise, 4.0)[1].mean() < 0.5


def test_levels_double_up_to_all_and_end_with_rounds():
    assert Grow(first=64, rounds=2).levels(512) == [64, 128, 256, 512, 512]
    assert Grow(first=64, rounds=1).levels(100) == [100]
    assert Grow(first=10, growth=3, rounds=1).levels(100) == [12, 34, 100]


def test_a_grown_picture_is_better_than_a_fitted_one_and_keeps_its_ranges():
    grown = Grow(steps=60, first=8, rounds=2)(start(), given(), watch=Silent())
    fitted = Fit(steps=60)(start(), given(), watch=Silent())
    assert len(grown) == 32
    assert evaluate(grown, given()).total < 0.7 * evaluate(fitted, given()).total
    width = grown.primitive.width.detach()
    assert width.min() >= 0.01
    assert width.max() <= 0.5
    assert len(width.unique()) > 16


def test_interrupted_anywhere_it_ends_with_the_same_strokes():
    spec = Grow(steps=12, first=8, rounds=2)
    whole = spec(start(), given(), watch=Silent())
    for stop in (1, 3, 4, 8, 11):
        watch = Keeping(stop=stop)
        with pytest.raises(Interrupted):
            spec(start(), given(), watch=watch)
        again = spec(start(), given(), watch=Keeping(saved=watch.state))
        for name, value in whole.state_dict().items():
            assert torch.equal(again.state_dict()[name], value), (stop, name)


def test_fewer_steps_than_levels_still_lay_every_stroke():
    assert len(Grow(steps=2, first=4, rounds=2)(start(), given(), watch=Silent())) == 32


def test_what_a_stroke_over_others_is_worth():
    whole, drawn = given(), start(12)
    total = evaluate(drawn, whole).total
    exact = [
        evaluate(drawn.subset(torch.tensor([j for j in range(12) if j != i])), whole).total - total for i in range(12)
    ]
    np.testing.assert_allclose(contributions(drawn, whole, groups=12).numpy(), exact, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ink.kind": "multiply"}, "set ink.kind to over"),
        ({"pens.palette": "learned"}, "and free colours"),
        ({"pens.palette": "learned", "primitive.widths": "free"}, "as wide as their tips"),
        ({"objectives.pixels": None, "objectives.neuron.at": "conv4_3:1"}, "give --image"),
        ({"init": "drawing.svg"}, "without --init"),
        ({"stages.0.kind": "quantize", "stages.1.kind": "grow"}, "be the first stage"),
    ],
)
def test_what_grow_cannot_do_is_refused(changes, message, tmp_path):
    save_image(torch.rand(3, 16, 16), tmp_path / "picture.png")
    base = {
        "objectives.pixels.image": str(tmp_path / "picture.png"),
        "pens.palette": "kmeans",
        "ink.kind": "over",
        "stages": [{"kind": "grow"}, {"kind": "quantize"}],
    }
    with pytest.raises(InputError, match=message):
        prepare(Config.load(None, base | changes), print)


def test_a_painting_is_plotted_with_the_tips_of_its_pens(tmp_path):
    ramp = torch.linspace(0, 1, 32).expand(3, 32, 32)
    save_image(ramp, tmp_path / "picture.png")
    changes = {"size": 64, "steps": 14, "primitive.count": 80, "pens.count": 2, "threads": 1}
    config = Config.load("painting", changes | {"objectives.pixels.image": str(tmp_path / "picture.png")})
    run = generate(config, tmp_path / "run")
    assert len(run.figures["pens"]) == 2
    assert sum(pen["strokes"] for pen in run.figures["pens"]) > 20
    assert 'stroke-width="0.4' in (tmp_path / "run" / "drawing.svg").read_text()
