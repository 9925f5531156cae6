"""The classifier of a cloud of points: its field, and the level sets and points that pens draw."""

import numpy as np
import pytest
import torch

from plotart import Config, InputError, generate
from plotart.core.canvas import Canvas, page
from plotart.core.geometry import flatten
from plotart.drawing.primitives.classifier import Classifier, ClassifierSpec
from plotart.runs.prepare import prepare
from plotart.stages.levels import Levels
from plotart.stages.watch import Silent

SMALL = {
    "page.size": "60x80mm",
    "page.margin": 5,
    "size": 48,
    "threads": 1,
    "primitive.points": 6,
    "stages.0.steps": 120,
    "stages.0.looks": 2,
}


def slanted():
    """A field that is tanh five times over of x alone: its level sets are upright lines, its border the middle."""
    made = ClassifierSpec(points=2, units=2).build(Canvas(page("60x80mm"), 5), 0.01, torch.Generator())
    net, at = torch.zeros_like(made.net), 0
    for rows, columns in [(2, 2), (2, 2), (2, 2), (2, 2), (1, 2)]:
        net[at] = 2.0
        at += rows * columns + rows
    return Classifier(
        net, torch.tensor([[0.2, 0.2], [0.8, 0.8]]), torch.tensor([-1.0, 1.0]), units=2, extent=(1.0, 1.4)
    )


def test_the_field_and_its_error():
    field = slanted().field(torch.tensor([[0.5, 0.3], [0.75, 0.1], [0.25, 1.0]])).tolist()
    value = 0.5
    for _ in range(5):
        value = np.tanh(2 * value)
    assert field == pytest.approx([0, value, -value], abs=1e-6)
    error = slanted().error()
    assert error.item() == pytest.approx((1 - slanted().field(torch.tensor([[0.8, 0.8]])).item()) ** 2, rel=1e-4)


def test_level_sets_are_drawn_on_their_side_in_their_pen():
    _, context, drawing = prepare(Config.load("classifier", SMALL), lambda line: None)
    drawing.primitive = slanted()
    made = Levels(each=2, points=False)(drawing, context, watch=Silent())
    names = [made.ink.pens[k].hex for k in made.ink.chosen().tolist()]
    middle = {name: [] for name in names}
    for name, path in zip(names, made.primitive.paths(), strict=True):
        middle[name].append(float(flatten(path, 1e-3)[:, 0].mean()))
    assert middle["#1a1a1a"] == pytest.approx([0.5] * len(middle["#1a1a1a"]), abs=1e-3)
    assert max(middle["#1f6fb4"]) < 0.5 < min(middle["#d62728"])


def test_a_cloud_is_learned_and_plotted(tmp_path):
    run = generate(Config.load("classifier", SMALL), tmp_path / "run")
    first, *_, last = run.figures.history
    assert last[1] < 0.5 * first[1]
    assert run.figures["classifier"]["points"] == 6
    assert (run.folder / "drawing.svg").stat().st_size > 1000
    assert len(list((run.folder / "frames").glob("*.png"))) >= 3


def test_parts_that_go_together_say_so():
    with pytest.raises(InputError, match="start from the config 'classifier'"):
        prepare(Config.load("classifier", {**SMALL, "stages": [{"kind": "fit", "steps": 2}]}), lambda line: None)
    with pytest.raises(InputError, match=r"level sets take the pens of the set in their order"):
        prepare(Config.load("classifier", {**SMALL, "pens.count": "auto"}), lambda line: None)
