"""Stages on a small picture, without a network."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.core.color import hex_to_rgb, to_lab
from plotart.drawing import Drawing
from plotart.drawing.ink import Choosing, Multiply, MultiplySpec, Penned
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.drawing.render import renderer
from plotart.objectives import Frame, Objective
from plotart.objectives.pixels import Pixels
from plotart.objectives.transforms import Transform
from plotart.pens import load_pens
from plotart.plot.written import load_of, written
from plotart.stages import Context, Silent, evaluate
from plotart.stages.choose import Choose
from plotart.stages.count import Count, fewest
from plotart.stages.fit import Fit
from plotart.stages.lighten import Lighten, worth
from plotart.stages.narrow import Narrow
from plotart.stages.quantize import Quantize, match_pens
from plotart.stages.rates import rate_factor

CANVAS = Canvas(page("60x60mm"), 5.0)
SIZE = 48


class Broken(Objective):
    """Finite loss, but a gradient that is NaN for the first stroke (or for all)."""

    kind = "broken"

    def __init__(self, everywhere):
        super().__init__()
        self.everywhere = everywhere

    def forward(self, frame: Frame):
        points = frame.drawing.primitive.points
        wrong = points if self.everywhere else points[:1]
        return (frame.image - 0.5).square().mean() + 0 * torch.sqrt((wrong - wrong.detach()).abs()).sum()


def drawing(count=60):
    generator = torch.Generator().manual_seed(0)
    strokes = StrokesSpec(count=count).build(CANVAS, 0.03, generator)
    return Drawing(CANVAS, strokes, MultiplySpec().build(count, generator))


def context(objective=None, pens="basic-12", pen_count=3):
    ramp = torch.linspace(0.1, 1, SIZE).expand(1, 3, SIZE, SIZE).clone()
    ramp[:, 0] = 1
    objective = objective or Pixels(ramp, "srgb", (0.0,))
    return Context(
        renderer=renderer("native", threads=1),
        objectives={objective.kind: objective},
        weights={objective.kind: 1.0},
        network=None,
        transform=Transform(),
        size=SIZE,
        pens=load_pens(pens),
        pen_count=pen_count,
        generator=torch.Generator().manual_seed(1),
    )


def test_fit_returns_the_best_drawing_seen_not_the_last():
    start, given = drawing(), context()
    good = Fit(steps=40)(start, given, watch=Silent())
    before, after = evaluate(start, given).total, evaluate(good, given).total
    assert after < 0.7 * before
    wild = Fit(steps=12, rates={"points": 5.0}, schedule="constant")(good, given, watch=Silent())
    assert evaluate(wild, given).total <= after


def test_fit_leaves_its_argument_alone():
    start = drawing()
    points = start.primitive.points.detach().clone()
    Fit(steps=3)(start, context(), watch=Silent())
    assert torch.equal(start.primitive.points, points)


def test_nan_gradients_are_left_out_and_a_hopeless_fit_says_so():
    fitted = Fit(steps=3)(drawing(), context(Broken(everywhere=False)), watch=Silent())
    assert bool(fitted.primitive.points.isfinite().all())
    with pytest.raises(FloatingPointError, match="learning rate"):
        Fit(steps=3)(drawing(), context(Broken(everywhere=True)), watch=Silent())


@pytest.mark.parametrize("schedule", ["halving", "cosine", "constant"])
def test_schedules_start_whole_and_never_rise(schedule):
    factors = [rate_factor(schedule, t) for t in np.linspace(0, 1, 50)]
    assert factors[0] == 1
    assert all(a >= b > 0 for a, b in pairwise(factors))


def test_pens_are_matched_one_to_one():
    pens = to_lab(np.stack([hex_to_rgb(h) for h in ("#ff0000", "#cc0000", "#0000ff")]))
    centres = to_lab(np.stack([hex_to_rgb(h) for h in ("#ee0000", "#fa0000")]))
    chosen = match_pens(centres, pens)
    assert sorted(chosen.tolist()) == [0, 1]


def test_quantize_drops_faint_strokes_and_takes_real_pens():
    start = drawing(30)
    with torch.no_grad():
        start.ink.filters[:10] = 1.0
    result = Quantize()(start, context(), watch=Silent())
    assert len(result) == 20
    assert isinstance(result.ink, Penned)
    assert {pen.name for pen in result.ink.pens} <= {pen.name for pen in load_pens("basic-12").pens}
    assert len(result.ink.pens) == 3


def test_quantize_can_keep_the_centres_themselves():
    result = Quantize(match="centres")(drawing(30), context(), watch=Silent())
    names = {pen.name for pen in load_pens("basic-12").pens}
    assert not names & {pen.name for pen in result.ink.pens}


def test_choose_leans_to_the_near_pen_and_narrow_keeps_what_the_picture_needs():
    start = drawing(40)
    start = Drawing(CANVAS, start.primitive, Multiply(torch.tensor([[0.84, 0.15, 0.16]]).repeat(40, 1)))
    given = context(pen_count=2)
    open_choice = Choose()(start, given, watch=Silent())
    assert isinstance(open_choice.ink, Choosing)
    assert {open_choice.ink.pens[k].name for k in open_choice.ink.chosen().tolist()} == {"red"}
    few = Narrow(to=1)(open_choice, given, watch=Silent())
    assert len(few.ink.pens) == 2
    settled = Quantize()(few, given, watch=Silent())
    assert isinstance(settled.ink, Penned)
    assert len(settled.ink.pens) <= 2


def test_the_choice_of_pens_is_heard_by_every_pen():
    ink = Choosing(load_pens("basic-12").pens, torch.zeros(4, 12))
    weight = ink.weight()
    assert weight.sum(1).tolist() == [1.0] * 4
    (weight * torch.arange(12.0)).sum().backward()
    assert bool((ink.logits.grad != 0).all())


def penned(count=60, pens="#1a1a1a,#d62728"):
    start = drawing(count)
    return Drawing(CANVAS, start.primitive, Penned(load_pens(pens).pens, torch.arange(count) % 2))


def test_a_stroke_is_worth_what_the_objectives_lose_without_it():
    start, given = penned(30), context()
    value = worth(start, given)
    whole = evaluate(start, given).total
    order = [int(i) for i in torch.argsort(value)]
    without = [
        evaluate(start.subset(torch.tensor([j for j in range(30) if j != i])), given).total - whole
        for i in (order[0], order[-1])
    ]
    assert without[0] < 0 < without[1] or without[0] < without[1]
    twice = start.subset(torch.tensor([*range(30), order[-1]]))
    assert abs(float(worth(twice, given)[-1])) < 0.3 * float(value[order[-1]])


@pytest.mark.parametrize("limit", [1.0, 1.4])
def test_lighten_keeps_the_ink_below_the_limit_and_takes_away_what_is_missed_least(limit, monkeypatch):
    start, given = penned(300), context()
    assert float(load_of(written(start)).max()) > 1.5
    light = Lighten(layers=limit)(start, given, watch=Silent())
    assert float(load_of(written(light)).max()) <= limit
    assert 150 < len(light) < 300
    assert len(Lighten(layers=5)(start, given, watch=Silent())) == 300
    monkeypatch.setattr("plotart.stages.lighten.worth", lambda drawing, context: -worth(drawing, context))
    wrong = Lighten(layers=limit)(start, given, watch=Silent())
    assert evaluate(light, given).total < evaluate(wrong, given).total


def test_fewest_pens_that_keep_the_share():
    curve = {1: 0.4, 2: 0.9, 3: 0.94, 4: 0.97, 6: 0.96, 12: 1.0}
    assert fewest(curve, 0.95) == 4
    assert fewest({1: 0.2, 2: 0.58, 3: 0.6}, 0.95) == 2  # none reaches it: of the best
    assert fewest({1: 0.97, 2: 1.06, 3: 1.1, 12: 1.0}, 0.95) == 2  # three do more than all: of these


class Listening(Silent):
    def __init__(self, stop_after=None, saved=None):
        self.figures, self.saved, self.left = {}, saved, stop_after

    def tell(self, name, figure):
        self.figures[name] = figure

    def checkpoint(self, state):
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.saved = state()
                raise KeyboardInterrupt


def test_what_is_left_is_fitted_again_below_the_limit_and_the_same_after_an_interruption():
    start, limit = penned(300), 1.2

    def lightened(refit, watch):
        return Lighten(layers=limit, refit=refit)(start, context(), watch=watch)

    alone = lightened(None, Silent())
    whole = lightened(Fit(steps=12), Silent())
    assert float(load_of(written(whole)).max()) <= limit
    assert evaluate(whole, context()).total < 0.9 * evaluate(alone, context()).total
    stopped = Listening(stop_after=7)
    with pytest.raises(KeyboardInterrupt):
        lightened(Fit(steps=12), stopped)
    again = lightened(Fit(steps=12), Listening(saved=stopped.saved))
    assert torch.equal(again.primitive.points, whole.primitive.points)


@pytest.mark.parametrize("learned", [True, False])
def test_as_few_pens_as_the_picture_needs_and_the_same_after_an_interruption(learned):
    """The picture is an even grey: a black pen does it alone."""
    pens, start = "#1a1a1a,#f2c200,#17becf,#d0006f", drawing(80)
    if learned:
        logits = 0.5 * torch.randn(80, 4, generator=torch.Generator().manual_seed(5))
        start = Drawing(CANVAS, start.primitive, Choosing(load_pens(pens).pens, logits))

    def given():
        return context(Pixels(torch.full((1, 3, SIZE, SIZE), 0.75), "linear", (10_000.0,)), pens=pens, pen_count=4)

    start = Fit(steps=60)(start, given(), watch=Silent())

    def find(watch):
        return Count(keep=0.8, refit=15)(start, given(), watch=watch)

    whole = Listening()
    result = find(whole)
    found = whole.figures["pen_count"]
    shares = dict(map(tuple, found["curve"]))
    assert list(shares) == sorted(shares)
    assert found["chosen"] == len(result.ink.pens) < 4
    assert "#1a1a1a" in {pen.hex for pen in result.ink.pens}
    assert shares[found["chosen"]] >= 0.8 * max(shares.values())
    stopped = Listening(stop_after=20)  # in the second fit
    with pytest.raises(KeyboardInterrupt):
        find(stopped)
    resumed = Listening(saved=stopped.saved)
    again = find(resumed)
    assert torch.equal(again.primitive.points, result.primitive.points)
    assert resumed.figures == whole.figures


def test_what_weighs_nothing_is_measured_and_changes_nothing():
    plain = context()
    beside = replace(
        plain,
        objectives={**plain.objectives, "dark": Pixels(torch.zeros(1, 3, SIZE, SIZE), "srgb", (0.0,))},
        weights={**plain.weights, "dark": 0.0},
    )
    fitted = [Fit(steps=5)(drawing(), each, watch=Silent()) for each in (plain, beside)]
    assert torch.equal(fitted[0].primitive.points, fitted[1].primitive.points)
    told = evaluate(fitted[1], beside)
    assert told.losses["dark"] > 0
    assert told.total == pytest.approx(evaluate(fitted[0], plain).total)
