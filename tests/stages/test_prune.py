"""Pruning to minutes: what strokes contribute, what is kept, and that the time asked for is met."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from plotart.core.errors import InputError, Interrupted
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.strokes import Strokes
from plotart.objectives.penalties import PlotTime
from plotart.objectives.pixels import Pixels
from plotart.pens import load_pens
from plotart.runs.config import Config
from plotart.runs.pipeline import generate
from plotart.stages import evaluate
from plotart.stages.prune import Prune, contributions, keep_within, plot_seconds, plot_time
from plotart.stages.watch import Silent
from tests.stages.test_stages import CANVAS, context, drawing


class Keeping(Silent):
    """Keeps what is said, noted and saved; stops at checkpoint `stop`."""

    def __init__(self, saved=None, stop=None):
        self.saved, self.stop, self.lines, self.told = saved, stop, [], {}

    def say(self, line):
        self.lines.append(line)

    def tell(self, name, figure):
        self.told[name] = figure

    def checkpoint(self, state):
        if self.stop is not None:
            self.stop -= 1
            if self.stop == 0:
                self.state = state()
                raise Interrupted("stopped")


def penned(count=60):
    start = drawing(count)
    pens = load_pens("basic-12").pens[:2]
    return Drawing(CANVAS, start.primitive, Penned(pens, torch.arange(count) % 2))


def test_contributions_are_what_leaving_a_stroke_out_costs():
    given, start = context(), penned(20)
    ramp = torch.linspace(0.2, 1, 48).expand(1, 3, 48, 48).clone()
    given = replace(given, objectives={"pixels": Pixels(ramp, "linear", (0.0,))})
    whole = evaluate(start, given).total
    exact = []
    for i in range(len(start)):
        keep = torch.tensor([j for j in range(len(start)) if j != i])
        exact.append(evaluate(start.subset(keep), given).total - whole)
    alone = contributions(start, given, groups=20).numpy()
    np.testing.assert_allclose(alone, exact, atol=1e-6)
    together = contributions(start, given, groups=4).numpy()
    assert np.corrcoef(together, exact)[0, 1] > 0.9


def test_the_time_objective_is_the_plots_time_and_falls_with_length():
    start, machine = penned(), context().machine
    seconds = plot_seconds(start, machine)
    time = plot_time(start, machine, seconds - 30)
    frame = context().frame(start, torch.zeros(1), torch.zeros(1), 0)
    assert float(time(frame).detach()) == pytest.approx(0.5, rel=1e-3)
    shorter = Drawing(CANVAS, Strokes(start.primitive.points * 0.9, start.primitive.width), start.ink)
    assert float(time(context().frame(shorter, torch.zeros(1), torch.zeros(1), 0)).detach()) < 0.5
    assert float(PlotTime(*time.seconds[:3].tolist(), seconds + 1)(frame).detach()) == 0


def test_the_best_strokes_are_kept_and_every_pen_keeps_one():
    start, machine = penned(), context().machine
    worth = torch.arange(60.0) + 100 * (torch.arange(60) % 2)
    limit = 0.7 * (plot_seconds(start, machine) - machine.pen_change_seconds) + machine.pen_change_seconds
    kept = keep_within(start, worth, limit, machine)
    smaller = start.subset(kept)
    assert 0.9 * limit <= plot_seconds(smaller, machine) <= limit
    assert set(smaller.ink.pen.tolist()) == {0, 1}
    assert kept.tolist() == sorted(kept.tolist())
    dropped = sorted(set(range(60)) - set(kept.tolist()))
    assert max(worth[dropped]) < min(worth[i] for i in kept.tolist() if i != 58)
    assert len(keep_within(start, worth, 1e6, machine)) == 60
    with pytest.raises(InputError, match="one stroke of each of 2 pens"):
        keep_within(start, worth, 30.0, machine)


def without_change(given):
    """The same context with a machine whose pens are changed at once."""
    return replace(given, machine=given.machine.model_copy(update={"pen_change_seconds": 0.0}))


@pytest.mark.parametrize("share", [0.75, 0.3])
def test_pruned_drawing_takes_the_minutes_and_is_better_than_a_cut_one(share):
    given, start = without_change(context()), penned(50)
    limit = share * plot_seconds(start, given.machine)
    watch = Keeping()
    made = Prune(steps=24, rounds=3)(start, replace(given, minutes=limit / 60), watch=watch)
    assert 0.9 * limit <= plot_seconds(made, given.machine) <= limit
    assert watch.told["minutes"]["before"] == pytest.approx(limit / share / 60, abs=0.006)
    cut = start.subset(keep_within(start, start.primitive.lengths().detach(), limit, given.machine))
    assert evaluate(made, given).total < evaluate(cut, given).total


def test_strokes_come_back_when_the_refit_shrinks_too_much():
    given, start = without_change(context()), penned(40)
    limit = 0.8 * plot_seconds(start, given.machine)
    prune = Prune(steps=2)
    few, rest = start.subset(torch.arange(10)), start.subset(torch.arange(10, 40))
    made = prune._settle(few, [rest], replace(given, minutes=limit / 60), Keeping())
    assert 0.9 * limit <= plot_seconds(made, given.machine) <= limit


def test_pens_that_hardly_draw_are_named():
    given, start, watch = context(), penned(40), Keeping()
    start = start.subset(torch.cat([torch.nonzero(start.ink.pen == 0).flatten(), torch.tensor([1])]).sort().values)
    seconds = plot_seconds(start, given.machine)
    Prune(steps=2)._settle(start, [], replace(given, minutes=seconds / 60 / 0.98), watch)
    assert len([line for line in watch.lines if "fewer pens" in line]) == 1


def test_a_drawing_within_the_minutes_is_left_alone_and_said():
    given, start, watch = context(), penned(10), Keeping()
    made = Prune()(start, replace(given, minutes=60.0), watch=watch)
    assert torch.equal(made.primitive.points, start.primitive.points)
    assert len(watch.lines) == 1 and "below the 60 asked for" in watch.lines[0]


def test_an_interrupted_prune_goes_on_to_the_same_strokes():
    start = penned(30)
    limit = 0.6 * plot_seconds(start, without_change(context()).machine)

    def run(watch):
        given = replace(without_change(context()), minutes=limit / 60)
        return Prune(steps=8, rounds=2)(start, given, watch=watch)

    whole, watch = run(Keeping()), Keeping(stop=6)
    with pytest.raises(Interrupted):
        run(watch)
    assert watch.state["round"] == 1
    assert torch.equal(run(Keeping(saved=watch.state)).primitive.points, whole.primitive.points)


def test_a_run_keeps_to_its_minutes_and_names_them(small, photo, tmp_path):
    del small["objectives.neuron.at"]
    small |= {"objectives.pixels.image": str(photo), "primitive.count": 120, "minutes": 3.8}
    config = Config.load(None, small)
    config.save(tmp_path / "c.yaml")
    assert Config.load(tmp_path / "c.yaml") == config
    figures = generate(config, tmp_path / "run").figures
    assert figures["minutes"]["before"] > 3.8
    assert 0.9 * 3.8 <= figures["minutes"]["after"] == figures["plot"]["minutes"] <= 3.8


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"minutes": 0}, "minutes: .*greater than 0"),
        ({"minutes": float("nan")}, "minutes: "),
        ({"minutes": 2}, r"minutes: 4 pens take at least 3\.\d+ min on axidraw.*not 2"),
        ({"stages": [{"kind": "quantize"}, {"kind": "prune"}]}, "stages: a prune stage needs minutes"),
        ({"stages": [{"kind": "prune"}, {"kind": "quantize"}], "minutes": 9}, "prune must come after quantize"),
    ],
)
def test_impossible_minutes_are_refused_before_work(small, photo, tmp_path, changes, words):
    kept = {a: v for a, v in small.items() if not ("stages" in changes and a.startswith("stages"))}
    with pytest.raises(InputError, match=words):
        generate(Config.load(None, {**kept, **changes}), tmp_path / "run")
    assert not (tmp_path / "run").exists()
