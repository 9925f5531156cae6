"""Drawings through the renderers, in every ink."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import Choosing, Ink, Multiply, Over, Penned
from plotart.drawing.primitives.base import Primitive
from plotart.drawing.primitives.strokes import Strokes
from plotart.drawing.render import RENDERERS, Renderer, dense, renderer, some_pixels
from plotart.pens import Pen

CANVAS = Canvas(page("60x90mm"), 5.0, paper="#f8f4e8")
COUNT = 8
PENS = [Pen(name=name, hex=value, tip_mm=0.5) for name, value in (("red", "#d02020"), ("blue", "#2030d0"))]


def inks() -> list[Ink]:
    generator = torch.Generator().manual_seed(0)
    rgb, opacity = torch.rand(COUNT, 3, generator=generator), torch.full((COUNT,), 0.8)
    logits = torch.randn(COUNT, 2, generator=generator)
    return [Over(rgb, opacity), Multiply(rgb, opacity), Choosing(PENS, logits), Penned(PENS, torch.arange(COUNT) % 2)]


def drawing(ink: Ink) -> Drawing:
    generator = torch.Generator().manual_seed(1)
    start = torch.rand(COUNT, 1, 2, generator=generator) * torch.tensor([1.0, 1.6])
    points = torch.cat([start, start + (torch.rand(COUNT, 3, 2, generator=generator) - 0.5).cumsum(1)], dim=1)
    return Drawing(CANVAS, Strokes(points, torch.full((COUNT,), 0.05)), ink)


class Halves(Primitive):
    """Each shape covers what lies left of its edge."""

    kind = "halves"

    def __init__(self, edge: Tensor) -> None:
        super().__init__()
        self.edge = torch.nn.Parameter(edge)

    def __len__(self) -> int:
        return len(self.edge)

    def coverage(self, xy: Tensor) -> Tensor:
        return ((self.edge[:, None] - xy[:, 0]) * 40 + 0.5).clamp(0, 1)

    def paths(self): ...
    def subset(self, keep): ...
    def set_width(self, width): ...
    def area(self): ...
    def pack(self): ...
    @classmethod
    def unpack(cls, state): ...


@pytest.mark.parametrize("ink", inks(), ids=lambda ink: ink.kind)
def test_backends_agree(ink: Ink) -> None:
    scene = drawing(ink)
    images = [renderer(name, threads=1)(scene, 40) for name in ("native", "reference")]
    assert images[0].shape == (1, 3, *CANVAS.pixels(40))
    assert (images[0] - images[1]).abs().max() < 2e-3
    grads = [torch.autograd.grad(image.square().sum(), scene.primitive.points)[0] for image in images]
    assert torch.allclose(grads[0], grads[1], rtol=1e-2, atol=1e-2 * float(grads[1].abs().max()))


@pytest.mark.parametrize("ink", inks(), ids=lambda ink: ink.kind)
def test_every_parameter_hears_the_image(ink: Ink) -> None:
    scene = drawing(ink)
    renderer("native")(scene, 40).square().sum().backward()
    for name, parameter in scene.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all()
        assert parameter.grad.abs().sum() > 0, name


def test_size_is_the_short_side_or_both() -> None:
    scene, draw = drawing(inks()[0]), renderer("native")
    height, width = CANVAS.pixels(32)
    assert torch.equal(draw(scene, 32), draw(scene, (height, width)))
    assert not torch.equal(draw(scene, 32), draw(scene, 32, softness=3.0))


def test_paper_shows() -> None:
    image = renderer("native")(drawing(inks()[0]), 40)
    corner = image[0, :, 0, -1] * 255
    assert torch.allclose(corner, torch.tensor([0xF8, 0xF4, 0xE8]).float(), atol=1e-3)


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("ink", [0, 1, 2, 3])
def test_any_primitive_is_drawn_from_its_coverage(ink: int, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    halves = Drawing(CANVAS, Halves(torch.linspace(0.3, 0.9, COUNT)), inks()[ink])
    image = renderer(backend)(halves, 20)
    (gradient,) = torch.autograd.grad(image.square().sum(), halves.primitive.edge)
    assert image.shape == (1, 3, *CANVAS.pixels(20))
    assert gradient.abs().sum() > 0
    monkeypatch.setattr(dense, "AT_ONCE", 64 * 16 * COUNT)  # 64 pixels at a time
    in_parts = renderer(backend)(halves, 20)
    torch.testing.assert_close(in_parts, image)
    torch.testing.assert_close(torch.autograd.grad(in_parts.square().sum(), halves.primitive.edge)[0], gradient)


def test_diffvg_refuses_other_primitives() -> None:
    halves = Drawing(CANVAS, Halves(torch.linspace(0.3, 0.9, COUNT)), inks()[0])
    with pytest.raises(InputError, match="diffvg renderer draws strokes, not halves"):
        Renderer("diffvg")(halves, 20)


@pytest.mark.parametrize("ink", inks(), ids=lambda ink: ink.kind)
def test_some_tiles_of_strokes_are_those_of_the_whole_image(ink: Ink) -> None:
    scene = drawing(ink)
    pixels = some_pixels(scene, 100, 0.2, torch.Generator().manual_seed(0))
    whole, part = renderer("native")(scene, 100), renderer("native")(scene, 100, pixels=pixels)
    assert 0.1 < len(pixels) / whole[0, 0].numel() < 0.3
    torch.testing.assert_close(part[:, :, 0], whole.flatten(2)[..., pixels])
    goal = torch.rand(part.shape, generator=torch.Generator().manual_seed(1))
    some = torch.autograd.grad((part * goal).sum(), scene.primitive.points)[0]
    of_all = torch.autograd.grad((whole.flatten(2)[..., pixels] * goal[:, :, 0]).sum(), scene.primitive.points)[0]
    torch.testing.assert_close(some, of_all, rtol=1e-3, atol=1e-4 * float(of_all.abs().max()))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="renderer 'fast' is unknown: take one of native"):
        renderer("fast")
    assert {"native", "reference"} <= set(RENDERERS)


def test_free_widths_get_the_same_gradient_from_native_and_reference():
    width = torch.linspace(0.01, 0.2, COUNT)
    gradients = []
    for name in ("native", "reference"):
        shapes = Strokes(drawing(inks()[0]).primitive.points, width, (0.005, 0.5))
        image = renderer(name, threads=1)(Drawing(CANVAS, shapes, inks()[0]), 32)
        (image * torch.linspace(-1, 1, image.shape[-1])).square().sum().backward()
        gradients.append(shapes.width.grad)
    assert bool((gradients[1].abs() > 1e-3).sum() >= COUNT - 2)
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-2, atol=1e-2 * float(gradients[1].abs().max()))


@pytest.mark.parametrize("name", ["native", "reference"])
def test_presence_is_a_share_of_the_opacity(name):
    presence = torch.linspace(0, 1, COUNT)
    over = inks()[0]
    fainter = Over(over.rgb, over.opacity * presence)
    shown = renderer(name, threads=1)(drawing(over), 24, presence=presence)
    assert torch.equal(shown, renderer(name, threads=1)(drawing(fainter), 24))
