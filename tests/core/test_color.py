import numpy as np
import pytest
import torch

from plotart.core import color as c
from plotart.core.errors import InputError


def test_hex_both_ways():
    np.testing.assert_allclose(c.hex_to_rgb("#F80"), [1, 136 / 255, 0])
    assert c.rgb_to_hex(c.hex_to_rgb("d62728")) == "#d62728"
    assert c.normalize_hex("Tomato") == "#ff6347"
    for wrong in ("#12345", "reddish", "#gggggg", "hsl(0,0%,0%)", ""):
        with pytest.raises(InputError, match="#rrggbb"):
            c.hex_to_rgb(wrong)


def test_linear_light_numpy_and_torch_agree_and_invert():
    values = np.linspace(0, 1, 257)
    np.testing.assert_allclose(c.to_srgb(c.to_linear(values)), values, atol=1e-12)
    np.testing.assert_allclose(c.to_linear(torch.tensor(values)).numpy(), c.to_linear(values), atol=1e-12)
    np.testing.assert_allclose(c.to_srgb(torch.tensor(values)).numpy(), c.to_srgb(values), atol=1e-12)
    assert c.to_linear(np.array(0.5)) == pytest.approx(0.21404, abs=1e-5)


@pytest.mark.parametrize("transfer", [c.to_linear, c.to_srgb])
def test_slopes_are_finite_and_right(transfer):
    x = torch.tensor([0.0, 1e-9, 0.001, 0.02, 0.3, 1.0], dtype=torch.float64, requires_grad=True)
    transfer(x).sum().backward()
    assert torch.isfinite(x.grad).all() and (x.grad > 0).all()
    assert torch.autograd.gradcheck(transfer, (x.detach()[3:].requires_grad_(),))


def test_lab_of_known_colours_and_difference():
    np.testing.assert_allclose(c.to_lab(c.hex_to_rgb("#384894")), [33.2, 18.4, -43.9], atol=0.1)
    rgb = np.random.default_rng(0).uniform(size=(4, 5, 3))
    np.testing.assert_allclose(c.from_lab(c.to_lab(rgb)), rgb, atol=1e-6)
    # One of Sharma's published test pairs.
    assert c.ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485]) == pytest.approx(2.0425, abs=1e-4)


def test_bare_paper_is_what_hardly_differs_from_its_colour():
    image = torch.tensor([[0.0, 0.05, 0.2, 1.0]]).expand(3, 1, 4)[None]
    assert c.bare(image, "#000000") == 0.5
    assert c.bare(image, "#ffffff") == 0.25
