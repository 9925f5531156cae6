"""Strokes of a pen that do not come to cross."""

import numpy as np
import pytest
import shapely
import torch

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import MultiplySpec, Penned
from plotart.drawing.primitives.strokes import Strokes, StrokesSpec
from plotart.drawing.render import renderer
from plotart.objectives.pixels import Pixels
from plotart.objectives.transforms import Transform
from plotart.pens import load_pens
from plotart.runs.config import Config
from plotart.stages import Context, Silent
from plotart.stages.apart import Apart, crossing_pairs, one_tangent_
from plotart.stages.fit import Fit

CANVAS = Canvas(page("60x60mm"), 5.0)
PENS = load_pens("basic-12")


def rows(count: int, pen: list[int]) -> Drawing:
    """Level strokes of two segments, one below the other, close together in the middle of the canvas."""
    points = torch.empty(count, 7, 2)
    points[..., 0] = torch.linspace(0.2, 0.8, 7)
    points[..., 1] = torch.linspace(0.3, 0.7, count)[:, None]
    ink = Penned([PENS.pens[0], PENS.pens[1]], torch.tensor(pen))
    return Drawing(CANVAS, Strokes(points, torch.full((count,), 0.008)), ink)


def test_crossing_pairs_are_those_that_shapely_finds():
    lines = np.random.default_rng(0).random((60, 6, 2)).cumsum(axis=1)
    group = np.arange(60) % 3
    by = [shapely.LineString(line) for line in lines]
    wanted = [
        60 * i + j
        for i in range(60)
        for j in range(i, 60)
        if group[i] == group[j] and (by[i].crosses(by[j]) if i < j else not by[i].is_simple)
    ]
    assert len(wanted) > 20
    assert crossing_pairs(lines, group).tolist() == wanted
    assert crossing_pairs(lines[:0], group[:0]).tolist() == []


def test_a_step_over_another_stroke_of_the_pen_is_taken_back_and_no_other():
    drawing = rows(4, [0, 0, 0, 1])
    apart, before = Apart(drawing), drawing.primitive.points.detach().clone()
    with torch.no_grad():
        drawing.primitive.points[0, :2, 1] += 0.3  # over the next strokes of its pen, and beyond
        drawing.primitive.points[3, :2, 1] -= 0.3  # over strokes of another pen
        drawing.primitive.points[2, :, 0] += 0.01
    moved = drawing.primitive.points.detach().clone()
    assert apart.settle_(drawing) == 3
    assert torch.equal(drawing.primitive.points[:3], before[:3])
    assert torch.equal(drawing.primitive.points[3, :3], moved[3, :3])
    # what crosses already may go on
    with torch.no_grad():
        drawing.primitive.points[0, :2, 1] += 0.3
    crossed = Apart(drawing)
    with torch.no_grad():
        drawing.primitive.points[0, :2, 1] += 0.01
    assert crossed.settle_(drawing) == 0


def test_joints_get_one_tangent():
    points = torch.rand(5, 10, 2, generator=torch.Generator().manual_seed(0))
    lengths = points.diff(dim=1).norm(dim=-1)
    one_tangent_(points)
    for joint in (3, 6):
        back, forth = points[:, joint] - points[:, joint - 1], points[:, joint + 1] - points[:, joint]
        assert torch.allclose(torch.cosine_similarity(back, forth), torch.ones(5), atol=1e-5)
        assert torch.allclose(back.norm(dim=-1), lengths[:, joint - 1], atol=1e-6)


def test_a_fit_keeps_strokes_apart_that_would_meet():
    picture = torch.ones(1, 3, 48, 48)
    picture[:, :, 22:26, 8:40] = 0  # all are drawn to one bar
    objective = Pixels(picture, "srgb", (0.0,))
    context = Context(
        renderer=renderer("native", threads=1), objectives={"pixels": objective}, weights={"pixels": 1.0},
        network=None, transform=Transform(), size=48, pens=PENS, pen_count=2,
        generator=torch.Generator().manual_seed(1),
    )  # fmt: skip

    def crossings(apart: bool) -> int:
        fitted = Fit(steps=30, rates={"points": 0.01}, schedule="constant", apart=apart)(
            rows(12, [0] * 12), context, watch=Silent()
        )
        lines = fitted.primitive.polyline(8).detach().double().numpy()
        return len(crossing_pairs(lines, np.zeros(12, dtype=np.int64)))

    assert crossings(apart=False) > 0
    assert crossings(apart=True) == 0


def test_apart_is_for_strokes_with_pens():
    strokes = StrokesSpec(count=3).build(CANVAS, 0.01, torch.Generator())
    with pytest.raises(InputError, match="apart is for strokes whose pens"):
        Apart(Drawing(CANVAS, strokes, MultiplySpec().build(3, torch.Generator())))


@pytest.mark.parametrize(
    "wrong",
    [{"primitive": {"kind": "circles"}}, {"pens.palette": "learned", "stages": [{"kind": "fit", "apart": True}]}],
)
def test_apart_without_strokes_or_pens_is_refused_before_work(wrong):
    stages = {"pens.palette": "fixed", "pens.count": None, "stages": [{"kind": "fit", "apart": True}]}
    config = Config.load(None, {"objectives.neuron.at": "conv2_2:3", **stages, **wrong})
    with pytest.raises(InputError, match="apart: it is for strokes whose pens"):
        Fit.check(config.stages[0], config, "stages.0")
