"""Regions: the same picture at any size, beyond the border, in parts, and with gradients for everything."""

import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import Coded, CodedSpec, ink_specs
from plotart.drawing.ink.coded import colour_units
from plotart.drawing.primitives import dividers
from plotart.drawing.primitives.dividers import DividersSpec
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.drawing.render import renderer

draw = renderer("native")
CANVAS = Canvas(page("120x90mm"), 5)


@pytest.fixture
def drawing():
    generator = torch.Generator().manual_seed(0)
    made = DividersSpec(count=10, shape="both").build(CANVAS, 0.01, generator)
    return Drawing(CANVAS, made, CodedSpec().build(10, generator))


def test_points_that_pictures_share_have_one_colour(drawing):
    """At three times the size, every pixel's centre is that of the middle one of nine."""
    with torch.no_grad():
        small = draw(drawing, (16, 22))[0]
        large = draw(drawing, (48, 66))[0]
    assert torch.allclose(small, large[:, 1::3, 1::3], atol=1e-5)


def test_the_canvas_lies_in_the_middle_of_a_wider_view(drawing):
    with torch.no_grad():
        inside = draw(drawing, (16, 22))[0]
        wide = draw(drawing, (16, 22), border=2.0)[0]
    assert torch.allclose(inside, wide[:, 16:32, 22:44], atol=1e-5)
    assert float(wide[:, :16].std()) > 0.01


def test_parts_change_nothing(drawing, monkeypatch):
    def both():
        drawing.zero_grad()
        image = draw(drawing, (20, 26))
        image.square().mean().backward()
        return image.detach(), [parameter.grad.clone() for parameter in drawing.parameters()]

    image, gradients = both()
    monkeypatch.setattr(dividers, "CHUNK", 700)
    again, other = both()
    assert torch.allclose(image, again, atol=1e-6)
    for one, two in zip(gradients, other, strict=True):
        assert torch.allclose(one, two, atol=1e-6)
        assert bool(one.isfinite().all())
        assert float(one.abs().max()) > 0


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_every_backend_draws_regions(drawing, backend):
    with torch.no_grad():
        image = renderer(backend)(drawing, 16)
    assert image.shape == (1, 3, *CANVAS.pixels(16))
    assert 0 < float(image.min()) < float(image.max()) < 1


def test_a_code_makes_a_colour_by_its_units():
    ink = Coded(
        torch.tensor([[1.0, 0.0], [0.0, -1.0]]),
        torch.tensor([0.0, 0.5]),
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
        torch.tensor([0.0, 0.0, 2.0]),
    )
    codes = torch.tensor([[1.0, -1.0], [1.0, -1.0]])
    told = torch.tensor([[1.0, 0.0], [0.0, 1.5], [2.0, 2.0]]).sigmoid()
    assert torch.allclose(ink.colour(codes), told)
    assert torch.allclose(Coded.unpack(ink.pack()).colour(codes), told)
    assert torch.allclose(ink.stroke_rgb(), ink.colour(torch.tensor([[1.0, -1.0], [-1.0, 1.0]])).T)


def test_units_follow_the_number_of_dividers():
    generator = torch.Generator().manual_seed(0)
    assert CodedSpec().build(64, generator).mix.shape == (colour_units(64), 64)
    assert CodedSpec(units=5).build(64, generator).mix.shape == (5, 64)
    assert [colour_units(n) for n in (1, 16, 64, 256, 1024)] == sorted(colour_units(n) for n in (1, 16, 64, 256, 1024))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "coded", "light": "srgb"}, "light"),
        ({"kind": "coded", "start_opacity": 0.5}, "start_opacity"),
        ({"kind": "over", "units": 5}, "units"),
    ],
)
def test_settings_that_would_do_nothing_are_refused(settings, words):
    kind = settings.pop("kind")
    with pytest.raises(ValueError, match=f"(?s){words}.*Extra inputs"):
        ink_specs[kind](**settings)


def test_configs_that_name_the_settings_of_all_inks_are_read():
    """As earlier versions wrote them into the folders of runs."""
    whole = {"light": "linear", "start_opacity": 0.8, "background": "paper", "units": None}
    for kind in ink_specs:
        assert ink_specs[kind](**whole) == ink_specs[kind]()


def test_the_ink_of_regions_needs_dividers(drawing):
    strokes = StrokesSpec(count=10).build(CANVAS, 0.01, torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match="coded colours the regions between dividers; strokes leave none"):
        draw(Drawing(CANVAS, strokes, drawing.ink), 16)
    with pytest.raises(InputError, match="only dividers go on beyond the page, not strokes"):
        draw(Drawing(CANVAS, strokes, drawing.ink), 16, border=1.0)
    with pytest.raises(ValueError, match="presence"):
        draw(drawing, 16, presence=torch.ones(10))
