"""The hill climber climbs with any shapes, and judges a part of the picture as it judges the whole."""

import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.drawing import Drawing
from plotart.drawing.ink import ink_specs
from plotart.drawing.primitives import primitives
from plotart.drawing.render import renderer
from plotart.objectives import ObjectiveContext
from plotart.objectives.pixels import PixelsSpec
from plotart.objectives.transforms import Transform
from plotart.pens import load_pens
from plotart.stages import Context, Silent, evaluate
from plotart.stages.climb import Climb, Rival

CANVAS = Canvas(page("60x60mm"), 5.0)
SIZE = 40


def scene(kind, ink, settings=None):
    generator = torch.Generator().manual_seed(3)
    made = primitives[kind].model_validate({"count": 6, **(settings or {})}).build(CANVAS, 0.03, generator)
    drawing = Drawing(CANVAS, made, ink_specs[ink]().build(len(made), generator))
    y, x = torch.meshgrid(torch.linspace(0, 1, SIZE), torch.linspace(0, 1, SIZE), indexing="ij")
    target = torch.stack([x, y, (x - 0.5).abs()])[None]
    objective = PixelsSpec(image="").build(ObjectiveContext(canvas=CANVAS, target=target, size=(SIZE, SIZE)))
    return drawing, Context(
        renderer("native", threads=1), {"pixels": objective}, {"pixels": 1.0}, None, Transform(), SIZE,
        load_pens("basic-12"), 4, generator,
    )  # fmt: skip


KINDS = [("circles", "over"), ("splats", "average"), ("splats", "add"), ("strokes", "multiply"), ("dividers", "coded")]


@pytest.mark.parametrize(("kind", "ink"), KINDS)
def test_it_climbs_with_any_shapes(kind, ink):
    drawing, context = scene(kind, ink)
    before = evaluate(drawing, context).total
    after = evaluate(Climb(steps=150)(drawing, context, watch=Silent()), context).total
    assert after < 0.97 * before
    assert evaluate(drawing, context).total == before  # the drawing that was given stays


@pytest.mark.parametrize(("kind", "ink"), KINDS[:4])
def test_a_part_of_the_picture_tells_as_much_as_the_whole(kind, ink):
    ends = []
    for local in (True, False):
        drawing, context = scene(kind, ink)
        rival = Rival(drawing, context)
        assert rival.local
        if not local:
            rival.image = None
        kept = sum(rival.tried(25.0) for _ in range(80))
        assert rival.total == pytest.approx(evaluate(drawing, context).total, abs=1e-5)
        ends.append((kept, rival.total))
    assert ends[0][0] > 10 and abs(ends[0][0] - ends[1][0]) <= 2  # gains of a rounding error may fall either way
    assert ends[0][1] == pytest.approx(ends[1][1], abs=1e-4)


def test_it_goes_on_where_it_was_stopped():
    class Stopping(Silent):
        def __init__(self):
            self.states = []

        def checkpoint(self, state):
            self.states.append(state() if len(self.states) == 20 else None)

    drawing, context = scene("circles", "over")
    watch = Stopping()
    whole = Climb(steps=60)(drawing, context, watch=watch)
    rest = Silent()
    rest.saved = watch.states[20]
    again = Climb(steps=60)(drawing, scene("circles", "over")[1], watch=rest)
    assert torch.equal(whole.primitive.centre, again.primitive.centre)
