"""Likeness in Lab, as S-CIELAB sees it, and by details alone."""

import numpy as np
import pytest
import torch
from skimage import data

from plotart.core.color import lab_of_xyz, to_linear
from plotart.core.images import blur
from plotart.core.vision import Eye, scielab
from plotart.objectives import Frame
from plotart.objectives.pixels import Pixels
from plotart.objectives.structure import Structure, details

CAT = torch.from_numpy(data.chelsea()[60:188, 100:228].copy()).permute(2, 0, 1)[None].float() / 255


def test_structure_is_0_for_the_picture_1_for_even_paper_and_2_for_its_negative():
    structure = Structure(CAT, 4.0, 500.0)
    assert float(structure(Frame(CAT))) == pytest.approx(0, abs=0.02)
    assert float(structure(Frame(torch.full_like(CAT, 0.7)))) == pytest.approx(1, abs=1e-3)
    assert float(structure(Frame(1 - CAT))) > 1.8


def test_structure_asks_for_edges_and_not_for_tones():
    tones = 0.3 + 0.5 * blur(CAT, 12.0)  # paler, with its details gone
    drawn = (tones + 0.5 * (CAT - blur(CAT, 12.0))).clamp(0, 1)
    structure, pixels = Structure(CAT, 4.0, 500.0), Pixels(CAT, "lab", (2000.0,), 4.0)
    assert float(structure(Frame(drawn))) < 0.1 < float(structure(Frame(tones)))
    assert float(pixels(Frame(drawn))) > 0.5 * float(pixels(Frame(tones)))


def test_details_are_those_that_can_be_seen_from_there():
    stripes = torch.ones(1, 3, 96, 96)
    stripes[..., ::2] = 0.5
    near, far = (float(details(stripes, 4.0, distance).std()) for distance in (100.0, 2000.0))
    assert near > 5 * far


def test_lab_weighs_shadows_as_they_are_seen():
    dark, light = torch.full((1, 3, 16, 16), 0.05), torch.full((1, 3, 16, 16), 0.9)
    for space, ratio in (("linear", 0.05), ("lab", 0.4)):
        lost = [float(Pixels(grey, space)(Frame(grey + 0.05))) for grey in (dark, light)]
        assert (lost[0] / lost[1] > ratio) == (space == "lab")


@pytest.mark.parametrize("space", ["lab", "scielab"])
def test_three_steps_come_nearer(space):
    image = (0.5 * CAT + 0.25).requires_grad_()
    objective = Pixels(CAT, space, (500.0, 2000.0), 4.0)
    values = []
    for _ in range(4):
        loss = objective(Frame(image))
        values.append(float(loss.detach()))
        (slope,) = torch.autograd.grad(loss, image)
        image = (image - 0.02 * slope.sign()).detach().requires_grad_()
    assert values[3] < values[2] < values[1] < values[0]


@pytest.mark.parametrize("distance", [100.0, 500.0])
def test_the_eye_for_tensors_is_scielab(distance):
    cat = data.chelsea()[:, :200] / 255
    seen = Eye(2.0, distance)(to_linear(torch.from_numpy(cat).permute(2, 0, 1)[None].float()))[0].permute(1, 2, 0)
    off = np.abs(seen.numpy() - scielab(cat, 2.0, distance))  # borders are mirrored there and repeated here
    assert off[50:-50, 50:-50].mean() < 0.7
    assert off.mean() < 1.5


def test_lab_is_that_of_scikit_image():
    from skimage import color

    light = to_linear(CAT)
    xyz = torch.from_numpy(color.rgb2xyz(CAT[0].permute(1, 2, 0).numpy())).permute(2, 0, 1).float()
    found = lab_of_xyz(xyz).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found, color.rgb2lab(CAT[0].permute(1, 2, 0).numpy()), atol=0.02)
    assert light.shape == CAT.shape


@pytest.mark.parametrize("sigma", [0.2, 1.0, 3.9, 4.0, 9.0, 20.0])
def test_blur_is_a_gaussian(sigma):
    from scipy.ndimage import gaussian_filter

    image = CAT[:, :1, :101, :117]
    exact = gaussian_filter(image[0, 0].double().numpy(), sigma if sigma >= 0.3 else 0, mode="nearest", truncate=4)
    assert np.abs(blur(image, sigma)[0, 0].numpy() - exact).max() < 0.012
    assert blur(image, sigma).shape == image.shape
