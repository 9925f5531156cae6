"""Filled shapes by the compiled kernels against plain torch, at all pixels and at some."""

import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.drawing import Drawing
from plotart.drawing.ink import Add, Average, Choosing, Multiply, Over, Penned
from plotart.drawing.primitives import primitives
from plotart.drawing.render import renderer, some_pixels
from plotart.pens import Pen

CANVAS = Canvas(page("60x80mm"), 5.0, paper="#f8f4e8")
COUNT = 12
PENS = [
    Pen(name="red", hex="#d02020", tip_mm=0.5),
    Pen(name="blue", hex="#2030d0", tip_mm=0.5, build_up=0.4, opacity=0.6),
]


def rng(seed):
    return torch.Generator().manual_seed(seed)


def make_inks():
    rgb = torch.rand(COUNT, 3, generator=rng(0))
    share = 0.2 + 0.7 * torch.rand(COUNT, generator=rng(1))
    return [
        Over(rgb, share, torch.tensor([0.2, 0.5, 0.7]), learned=True),
        Multiply(rgb),
        Average(rgb, 4 * share),
        Add(rgb - 0.5, torch.tensor([0.2, 0.5, 0.7]), learned=True),
        Choosing(PENS, torch.randn(COUNT, 2, generator=rng(2))),
        Penned(PENS, torch.arange(COUNT) % 2),
    ]


SHAPES = {
    "circles": ("circles", {}),
    "rings": ("circles", {"marks": "outline"}),
    "splats": ("splats", {"harmonics": 3}),
    "streaks": ("splats", {"streaks": 0.6}),
    "chosen": ("splats", {"shape": "chosen"}),
    "tanh": ("splats", {"edge": "tanh"}),
    "waves": ("splats", {"edge": "tanh", "rim": "waves", "harmonics": 3}),
    "arcs": ("splats", {"shape": "arc"}),
    "dots": ("splats", {"shape": "dot"}),
}


def drawing(shape, ink):
    kind, settings = SHAPES[shape]
    made = primitives[kind].model_validate({"count": COUNT, "radius": 0.4, **settings}).build(CANVAS, 0.05, rng(3))
    if shape in ("splats", "streaks", "tanh"):
        with torch.no_grad():
            made.bend.copy_(0.1 * torch.randn(made.bend.shape, generator=rng(4)))
    return Drawing(CANVAS, made, ink)


def image_and_gradients(name, scene, **how):
    image = renderer(name, threads=2)(scene, 48, **how)
    goal = torch.rand(image.shape, generator=rng(6))
    parameters = {name: value for name, value in scene.named_parameters() if value.numel()}
    return image, dict(
        zip(parameters, torch.autograd.grad((image * goal).sum(), list(parameters.values())), strict=True)
    )


PAIRS = [(shape, ink) for shape in SHAPES for ink in range(6) if ink in (0, 2) or shape in ("circles", "streaks")]


@pytest.mark.parametrize(("shape", "ink"), PAIRS)
def test_kernels_are_their_torch_twin(shape, ink):
    scene = drawing(shape, make_inks()[ink])
    native, by = image_and_gradients("native", scene, softness=3.0)
    torched, twin = image_and_gradients("reference", scene, softness=3.0)
    assert native.shape == (1, 3, *CANVAS.pixels(48))
    torch.testing.assert_close(native, torched, atol=3e-4, rtol=0)
    for name, gradient in by.items():
        assert float(gradient.abs().max()) > 0, name
        torch.testing.assert_close(gradient, twin[name], rtol=0.01, atol=3e-3 * float(twin[name].abs().max())), name


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("shape", ["circles", "arcs"])
def test_some_pixels_are_those_of_the_whole_image(backend, shape):
    scene = drawing(shape, make_inks()[0])
    pixels = some_pixels(scene, 48, 0.1, rng(7))
    height, width = CANVAS.pixels(48)
    assert len(pixels) == int(0.1 * height * width)
    assert len(pixels.unique()) == len(pixels)
    whole = renderer(backend)(scene, 48)
    part = renderer(backend)(scene, 48, pixels=pixels)
    assert part.shape == (1, 3, 1, len(pixels))
    torch.testing.assert_close(part[:, :, 0], whole.flatten(2)[..., pixels], atol=1e-6, rtol=0)


def test_every_pixel_is_chosen_equally_often():
    scene = drawing("circles", make_inks()[0])
    height, width = CANVAS.pixels(32)
    generator = rng(0)
    seen = sum(torch.bincount(some_pixels(scene, 32, 0.3, generator), minlength=height * width) for _ in range(400))
    assert float(seen.float().mean()) == pytest.approx(120, rel=0.01)
    assert float(seen.min()) > 70
    assert float(seen.max()) < 170


def test_threads_do_not_change_a_bit():
    scene = drawing("splats", make_inks()[0])
    draws = []
    for threads in (1, 2):
        image = renderer("native", threads=threads)(scene, 200)
        draws.append((image, torch.autograd.grad(image.square().sum(), scene.primitive.centre)[0]))
    assert torch.equal(draws[0][0], draws[1][0])
    assert torch.equal(draws[0][1], draws[1][1])


def test_an_outline_thinner_than_a_pixel_keeps_its_ink():
    ring = drawing("rings", Multiply(torch.zeros(COUNT, 3), light="srgb")).subset(torch.tensor([0]))
    with torch.no_grad():
        ring.primitive.centre.copy_(torch.tensor([[0.503, 0.6087]]))
        ring.primitive.radius.fill_(0.3)
    ring.primitive.set_width(torch.tensor([0.004]))
    for size in (60, 200):
        image = renderer("native")(ring, size)
        taken = float((1 - image.detach() / CANVAS.paper_rgb[:, None, None]).mean() * CANVAS.unit_size[1])
        assert taken == pytest.approx(float(ring.primitive.area()), rel=0.03), size
