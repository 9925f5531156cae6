"""Pixel loss and penalties: values by hand, and that three steps lower them."""

import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.drawing import Drawing
from plotart.drawing.ink import MultiplySpec, Penned
from plotart.drawing.primitives.strokes import Strokes, StrokesSpec
from plotart.objectives import Frame, ObjectiveContext
from plotart.objectives.penalties import Bends, InkLoad, InkSpent, OffPage, PlotTime, PlotTimeSpec, StrokeCount
from plotart.objectives.pixels import Pixels, eye_blur_mm
from plotart.pens import load_pens

CANVAS = Canvas(page("50x50mm"), 0.0)


def frame(drawing):
    return Frame(torch.ones(1, 3, 8, 8), drawing=drawing)


def test_eye_blur_is_one_arc_minute():
    assert eye_blur_mm(500) == pytest.approx(0.145, abs=5e-4)
    assert eye_blur_mm(2000) == pytest.approx(0.582, abs=5e-4)


def test_pixels_is_zero_on_the_target_and_blur_forgives_fine_texture():
    target = torch.full((1, 3, 32, 32), 0.5)
    texture = target.clone()
    texture[..., ::2] += 0.2
    texture[..., 1::2] -= 0.2
    sharp, soft = Pixels(target, "srgb", (0.0,)), Pixels(target, "srgb", (7000.0,))
    assert float(sharp(Frame(target))) == 0
    assert float(sharp(Frame(texture))) == pytest.approx(0.04, rel=1e-5)
    assert float(soft(Frame(texture))) < 1e-3


@pytest.mark.parametrize(
    "objective", [InkSpent(0.0), InkLoad(1.0), StrokeCount(), PlotTime(0.02, 0.4, 0.0, 0.0), Bends(), OffPage()]
)
def test_three_steps_lower_every_penalty(objective):
    generator = torch.Generator().manual_seed(0)
    strokes = StrokesSpec(count=20, radius=0.5).build(CANVAS, 0.02, generator)
    with torch.no_grad():
        strokes.points[0] += 2
    drawing = Drawing(CANVAS, strokes, MultiplySpec().build(20, generator))
    optimizer = torch.optim.Adam(drawing.parameters(), lr=0.005)
    values = []
    for _ in range(4):
        loss = objective(frame(drawing))
        values.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert values[-1] < values[0]


def test_penalties_by_hand():
    line = torch.tensor([[[0.0, 0.0], [0.2, 0.0], [0.4, 0.0], [0.6, 0.0]]])
    pens = load_pens("#1a1a1a").pens
    black = Drawing(CANVAS, Strokes(line, torch.tensor([0.1])), Penned(pens, torch.tensor([0])))
    assert float(InkSpent(0.0)(frame(black)).detach()) == pytest.approx(0.06, rel=1e-4)
    assert float(InkSpent(0.1)(frame(black)).detach()) == 0
    assert float(Bends()(frame(black)).detach()) == pytest.approx(0, abs=1e-10)
    assert float(OffPage()(frame(black)).detach()) == 0


def test_time_beyond_the_minutes_is_paid_for_length_and_lift():
    points = torch.zeros(2, 4, 2)
    points[0, :, 0] = torch.linspace(0, 0.5, 4)  # 25 mm; the other one has shrunk to nothing
    drawing = Drawing(
        CANVAS, Strokes(points, torch.full((2,), 0.02)), Penned(load_pens("#000000").pens, torch.zeros(2))
    )
    seconds = 0.5 * 25 + 26 * 25 / (25 + 1)

    def beyond(allowed, **run):
        objective = PlotTimeSpec(minutes=allowed).build(ObjectiveContext(pace=(0.5, 26.0), **run))
        return float(objective(frame(drawing)).detach())

    assert beyond(0.25) == pytest.approx((seconds - 15) / 60, abs=1e-4)
    assert beyond(1) == 0
    for own in (1, 0.01):
        assert beyond(own, minutes=0.1) == pytest.approx((seconds - 6) / 60, abs=1e-4)  # the run has minutes


def test_ink_load_counts_what_lies_above_the_limit_only():
    line = torch.tensor([[[0.2, 0.5], [0.4, 0.5], [0.6, 0.5], [0.8, 0.5]]])  # 30 mm long and 2 mm wide
    pens = load_pens("#1a1a1a").pens
    twice = Drawing(CANVAS, Strokes(line.repeat(2, 1, 1), torch.full((2,), 0.04)), Penned(pens, torch.zeros(2).long()))
    assert float(InkLoad(2.3)(frame(twice)).detach()) == 0
    squares = 50**2
    length = 30 + 2 * torch.pi / 8 * 2  # with the caps
    across = 2  # rows of squares with one layer too much
    expected = length * across / squares
    assert float(InkLoad(1.0)(frame(twice)).detach()) == pytest.approx(expected, rel=0.12)
