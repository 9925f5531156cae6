"""How soft edges are while a fit goes on."""

import pytest
import torch
from pydantic import ValidationError

from plotart.drawing.ink import ink_specs
from plotart.drawing.render import renderer
from plotart.stages import Silent, evaluate
from plotart.stages.fit import Fit

from .test_climb import scene


@pytest.mark.parametrize(("settings", "last"), [({}, 1.0), ({"softness_end": 4}, 4.0), ({"softness_end": 10}, 10.0)])
def test_edges_end_as_soft_as_asked(settings, last):
    used = []
    drawing, context = scene("circles", "over")
    draw = renderer("native", threads=1)

    class Told:
        def __call__(self, *given, softness=None, **more):
            if softness is not None:
                used.append(softness)
                more["softness"] = softness
            return draw(*given, **more)

    object.__setattr__(context, "renderer", Told())
    Fit(steps=10, softness=10, **settings)(drawing, context, watch=Silent())
    assert used[0] == 10 and used[-1] == last and used == sorted(used, reverse=True)


def test_colours_bounded_by_a_sigmoid_stay_within_and_are_kept():
    drawing, context = scene("circles", "over")
    drawing.ink = ink_specs["over"](bounded="sigmoid").build(6, torch.Generator().manual_seed(1))
    before = drawing.ink.colour().detach().clone()
    made = Fit(steps=20, rates={"rgb": 3.0, "opacity": 3.0})(drawing, context, watch=Silent())
    assert not torch.equal(made.ink.colour(), before)
    assert float(made.ink.rgb.detach().abs().max()) > 3  # parameters go anywhere, colours do not
    assert float(made.ink.colour().min()) >= 0 and float(made.ink.colour().max()) <= 1
    again = made.copy()
    assert torch.equal(again.ink.colour(), made.ink.colour())
    assert torch.equal(made.subset(torch.tensor([3])).ink.alpha(), made.ink.alpha()[3:4])
    assert evaluate(made, context).total < evaluate(drawing, context).total


def test_they_do_not_end_softer_than_they_begin():
    with pytest.raises(ValidationError, match=r"at most softness \(4\), not 6"):
        Fit(softness=4, softness_end=6)
