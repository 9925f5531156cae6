"""Tones: planes from spectra, with a limit of ink that is kept exactly and pays for every place with others."""

import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.core.color import to_srgb
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.tones import Tones, limited, tones
from plotart.drawing.render import renderer
from plotart.drawing.render.view import View
from plotart.pens import Pen

CANVAS = Canvas(page("40x50mm"), 0.0)


def made(limit=0.3, smooth=0.0, pens=3, size=24):
    planes = tones(CANVAS, size, pens, smooth, limit, torch.Generator().manual_seed(0))
    with torch.no_grad():
        planes.spectrum.mul_(60)
    return planes


@pytest.mark.parametrize("limit", [0.05, 0.3, 0.8])
def test_the_limit_is_kept_and_used(limit):
    assert float(made(limit).covered().detach().mean((1, 2)).sum()) == pytest.approx(limit, rel=0.02)


def test_what_needs_less_than_the_limit_is_left_alone():
    logits = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(1))
    assert torch.equal(limited(logits, 2.0), torch.sigmoid(logits))


def test_the_gradient_knows_the_limit():
    logits = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    weight = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert torch.autograd.gradcheck(lambda x: (limited(x, 0.4) * weight).sum(), logits, eps=1e-5, atol=1e-6)
    (slope,) = torch.autograd.grad(limited(logits, 0.4).mean(), logits)
    assert float(slope.abs().max()) < 1e-9  # all the ink there is stays all the ink there is


def test_smoothing_leaves_no_fine_detail():
    def rough(planes):
        covered = planes.covered().detach()
        return float((covered[:, 1:] - covered[:, :-1]).abs().mean() / covered.std())

    assert rough(made(smooth=2.0)) < 0.6 * rough(made(smooth=0.0))


def test_packed_and_unpacked_it_is_the_same():
    planes = made()
    again = Tones.unpack(planes.pack())
    assert torch.equal(planes.covered(), again.covered())
    assert again.limit == planes.limit and again.size == planes.size


def test_other_sizes_show_the_same_tones():
    planes = made(smooth=1.0)
    larger = planes.seen(View(CANVAS.pixels(72))).covered
    back = torch.nn.functional.interpolate(larger[None], planes.size, mode="area")[0]
    assert float((back - planes.covered()).detach().abs().mean()) < 0.02
    assert larger.shape == (3, *CANVAS.pixels(72))


def test_pens_mix_as_their_ink_says():
    pens = [Pen(name="red", hex="#ff0000", tip_mm=0.4), Pen(name="blue", hex="#0000ff", tip_mm=0.4, opaque=True)]
    drawing = Drawing(CANVAS, made(pens=2), Penned(pens, torch.arange(2)))
    image = renderer("native")(drawing, 24)[0]
    red, blue = drawing.primitive.covered()
    light = torch.stack([torch.ones_like(red), 1 - red, 1 - red]) * (1 - blue)
    light[2] += blue
    assert torch.allclose(image, to_srgb(light), atol=1e-5)
