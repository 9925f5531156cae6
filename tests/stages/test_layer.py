import math

import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.drawing import Drawing
from plotart.drawing.ink.free import OverSpec
from plotart.drawing.primitives.paths import Paths, PathsSpec, rounds
from plotart.drawing.render import View, renderer
from plotart.objectives.pixels import Pixels
from plotart.objectives.transforms import Transform
from plotart.pens import load_pens
from plotart.stages import Context, Silent, evaluate
from plotart.stages.layer import Layer

CANVAS = Canvas(page("100x100mm"), 0)


def picture(size=48):
    """A red disc and a blue bar on white."""
    y, x = torch.meshgrid(torch.arange(size) + 0.5, torch.arange(size) + 0.5, indexing="ij")
    disc = ((x - 15) ** 2 + (y - 15) ** 2 < 100).float()
    bar = ((x > 24) & (x < 44) & (y > 30) & (y < 38)).float()
    red, blue = (torch.tensor(c)[:, None, None] for c in ([0.9, 0.1, 0.1], [0.1, 0.1, 0.9]))
    image = torch.ones(3, size, size)
    image = image + disc * (red - image)
    return (image + bar * (blue - image))[None]


def context(target):
    return Context(
        renderer=renderer("native", threads=1),
        objectives={"pixels": Pixels(target, "srgb", (0.0,))},
        weights={"pixels": 1.0},
        network=None,
        transform=Transform(),
        size=48,
        pens=load_pens("basic-12"),
        pen_count=4,
        generator=torch.Generator().manual_seed(0),
    )


def first(count):
    generator = torch.Generator().manual_seed(0)
    return Drawing(CANVAS, PathsSpec(count=count).build(CANVAS, 0.01, generator), OverSpec().build(count, generator))


@pytest.mark.parametrize(("place", "least"), [("patches", 25), ("quantiles", 13)])
def test_two_shapes_are_enough_for_two_shapes(place, least):
    target = picture()
    spec = Layer(steps=60, first=2, rounds=1, place=place)
    made = [spec(first(2), context(target), watch=Silent()) for _ in range(2)]
    assert torch.equal(made[0].primitive.points, made[1].primitive.points)
    assert len(made[0]) == 2
    psnr = -10 * math.log10(evaluate(made[0], context(target)).losses["pixels"])
    assert psnr > least


def test_shapes_start_in_the_patches_and_their_colours():
    made = Layer(steps=1, first=2, rounds=1, rates={"points": 1e-9})(first(2), context(picture()), watch=Silent())
    centre = made.primitive.points.detach().mean(1) * 48
    order = centre[:, 0].argsort()
    torch.testing.assert_close(centre[order], torch.tensor([[15.0, 15.0], [34.0, 34.0]]), atol=1.0, rtol=0)
    torch.testing.assert_close(made.ink.rgb.detach()[order][:, 0], torch.tensor([0.9, 0.1]), atol=0.1, rtol=0)


def test_the_quick_renderer_and_the_plain_one_agree():
    shapes = Paths(rounds(torch.tensor([[0.4, 0.5], [0.6, 0.5]]), torch.tensor([0.25, 0.3]), 4), torch.full((2,), 0.02))
    view = View((40, 40))
    rgb, opacity, ground = torch.rand(2, 3), torch.tensor([0.7, 0.9]), torch.tensor([1.0, 0.9, 0.8])
    quick = shapes.seen(view).over(rgb, opacity, ground)
    torch.testing.assert_close(quick, shapes.dense(view).over(rgb, opacity, ground), atol=0.08, rtol=0)
    weight = torch.rand(2, 5)
    quick = shapes.seen(view).passed(weight)
    torch.testing.assert_close(quick, shapes.dense(view).passed(weight), atol=0.08, rtol=0)
    chosen = torch.tensor([5, 810, 1200])
    some = shapes.seen(View((40, 40), pixels=chosen)).over(rgb, opacity, ground)
    torch.testing.assert_close(some[:, 0], shapes.seen(view).over(rgb, opacity, ground).flatten(1)[:, chosen])
