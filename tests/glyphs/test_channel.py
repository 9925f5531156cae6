"""The noisy channel: nothing at strength 0, each setting its own effect, paper beyond the picture, repeatable."""

import math

import pytest
import torch
from kornia.geometry.linalg import transform_points
from kornia.utils import create_meshgrid
from torch.nn import functional as F

from plotart.glyphs.channel import Channel, crumple, look

OFF = {"rotation": 0, "translate": 0, "scale": 0, "shear": 0, "perspective": 0, "noise": 0}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spot(x: int, y: int, count: int = 64, side: int = 64) -> torch.Tensor:
    """Ink only near (x, y), a blob of 5 px."""
    ink = torch.zeros(count, 1, side, side)
    ink[:, :, y - 2 : y + 3, x - 2 : x + 3] = 1
    return ink


def centres(ink: torch.Tensor) -> torch.Tensor:
    """Centre of the ink of each picture, `[B, 2]` as x, y."""
    grid = torch.stack(torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="xy"))
    return (ink * grid).sum((2, 3)) / ink.sum((1, 2, 3))[:, None]


def test_strength_zero_changes_nothing():
    ink = torch.rand(3, 1, 32, 32, generator=rng())
    assert torch.equal(Channel()(ink, 0.0, rng()), ink)


def test_same_generator_same_picture():
    ink = spot(30, 30, 4)
    assert torch.equal(Channel()(ink, 1.0, rng(3)), Channel()(ink, 1.0, rng(3)))
    assert not torch.equal(Channel()(ink, 1.0, rng(3)), Channel()(ink, 1.0, rng(4)))


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_rotation_keeps_the_distance_from_the_centre_and_its_bound(strength):
    found = centres(Channel(**{**OFF, "rotation": 30})(spot(52, 32), strength, rng())) - 31.5
    assert torch.allclose(found.norm(dim=1), torch.tensor(20.5), atol=0.1)
    turned = torch.rad2deg(torch.atan2(found[:, 1], found[:, 0]) - math.atan2(0.5, 20.5))
    assert float(turned.abs().max()) <= 30 * strength + 0.3
    assert float(turned.max()) > 20 * strength
    assert float(turned.min()) < -20 * strength


def test_translation_and_scale_stay_in_their_bounds():
    moved = centres(Channel(**{**OFF, "translate": 0.1})(spot(32, 32), 1.0, rng())) - 32
    assert 5 < float(moved.abs().max()) <= 6.4 + 0.1
    grown = centres(Channel(**{**OFF, "scale": 0.1})(spot(52, 32), 1.0, rng()))[:, 0] - 31.5
    assert 20.5 * 0.89 < float(grown.min()) < 20.5 * 0.93
    assert 20.5 * 1.07 < float(grown.max()) < 20.5 * 1.11


def test_perspective_moves_corners_inward_in_its_share_of_the_pictures():
    channel = Channel(**{**OFF, "perspective": 0.6, "perspective_share": 0.5})
    homographies = channel._homographies(torch.rand(400, 23, generator=rng()), 64, 64, 1.0)
    for corner, inward in (((0.0, 0.0), (1, 1)), ((63.0, 63.0), (-1, -1))):
        found = homographies @ torch.tensor([*corner, 1.0])
        moved = (found[:, :2] / found[:, 2:] - torch.tensor(corner)) * torch.tensor(inward)
        assert float(moved.min()) >= -1e-3
        assert 0.55 * 31.5 < float(moved.max()) <= 0.6 * 31.5 + 1e-3
        assert 0.4 < float((moved.norm(dim=1) > 0.01).float().mean()) < 0.6
    received = channel(spot(4, 4, 400), 1.0, rng())
    seen = (centres(received) - 4).norm(dim=1) > 0.2
    assert 0.4 < float(seen.float().mean()) < 0.6


def test_noise_has_its_deviation_and_beyond_the_picture_is_paper():
    received = Channel(**{**OFF, "rotation": 30, "noise": 0.25, "noise_first": 0})(
        torch.zeros(8, 1, 64, 64), 1.0, rng()
    )
    assert float(received.std()) == pytest.approx(0.25, rel=0.02)
    assert float(received.mean()) == pytest.approx(0, abs=0.01)
    smooth = Channel(**{**OFF, "rotation": 30, "noise": 0.25, "noise_first": 1})(torch.zeros(8, 1, 64, 64), 1.0, rng())
    assert 0.12 < float(smooth[:, :, 16:48, 16:48].std()) < 0.22
    full = Channel(**{**OFF, "rotation": 30})(torch.ones(16, 1, 64, 64), 1.0, rng())
    assert float(full[:, :, 32, 32].min()) > 0.99
    assert float(full[:, :, 0, 0].min()) == 0


def test_fade_multiplies_ink_only():
    received = Channel(**{**OFF, "fade": 0.5})(spot(32, 32, 50), 1.0, rng())
    assert float(received[:, :, 32, 32].std()) == pytest.approx(0.5, rel=0.3)
    assert float(received[:, :, 5, 5].abs().max()) == 0


def test_blur_keeps_the_ink_and_lowers_the_peak():
    ink = spot(32, 32)
    received = Channel(**{**OFF, "blur": 2.0})(ink, 1.0, rng())
    assert torch.allclose(received.sum((1, 2, 3)), ink.sum((1, 2, 3)), rtol=1e-3)
    assert float(received.amax((1, 2, 3)).min()) < 0.9


def test_crop_and_occlusion_take_ink_away_where_they_say():
    ink = torch.ones(400, 1, 64, 64)
    cropped = Channel(**{**OFF, "crop": 0.1})(ink, 1.0, rng())
    assert torch.equal(cropped[:, :, 7:-7, 7:-7], ink[:, :, 7:-7, 7:-7])
    assert 0.6 < float((cropped[:, 0, 32, 1] < 0.5).float().mean()) < 0.95  # 1.5 px of up to 6.4
    covered = Channel(**{**OFF, "occlusion": 0.5})(ink, 1.0, rng())
    lost = (1 - covered).mean((1, 2, 3))
    assert 0.4 < float((lost > 0.01).float().mean()) < 0.6
    assert float(lost.max()) == pytest.approx(0.0625, abs=0.01)


def test_gradient_reaches_the_ink():
    ink = spot(32, 32, 2).requires_grad_()
    Channel(blur=1, fade=0.2, crop=0.05, occlusion=0.2, warp=0.05)(ink, 1.0, rng()).square().sum().backward()
    assert ink.grad is not None
    assert bool(ink.grad.isfinite().all())
    assert float(ink.grad.abs().max()) > 0


def test_looks_are_those_of_a_plain_warp_where_nothing_is_near_the_horizon():
    ink = torch.rand(6, 2, 20, 30, generator=rng())
    homographies = torch.eye(3) + 0.15 * torch.randn(6, 3, 3, generator=rng())
    homographies[:, 2, 2] = 1
    places = create_meshgrid(20, 30).expand(6, -1, -1, -1)
    plain = F.grid_sample(ink, transform_points(homographies, places.flatten(1, 2)).view_as(places), align_corners=True)
    assert torch.allclose(look(ink, homographies), plain, atol=1e-4)


def test_beyond_the_horizon_is_paper():
    tilted = torch.tensor([[[1.0, 0, 0], [0, 1, 0], [0, -2, 1]]])  # the horizon is the line y = 1/2
    seen = look(torch.ones(1, 1, 33, 33), tilted)
    assert torch.isfinite(seen).all()
    assert float(seen[..., 24:, :].max()) == 0
    assert float(seen[..., 12:17, 16].min()) == pytest.approx(1)


def test_a_free_warp_moves_each_place_by_itself_in_its_bounds_and_smoothly():
    channel = Channel(**{**OFF, "warp": 0.1})
    pair = spot(16, 16) + spot(48, 48)
    received = channel(pair, 1.0, rng())
    left, right = received.clone(), received.clone()
    left[..., 32:], right[..., :32] = 0, 0
    moved = torch.stack([centres(left) - 16, centres(right) - 48])
    assert 3 < float(moved.abs().max()) < 0.14 * 64  # cubics go a little beyond what they pass through
    assert float((moved[0] - moved[1]).norm(dim=1).mean()) > 2  # no homography of the whole
    assert float((received - channel(pair, 0.5, rng())).abs().max()) > 0.5
    flat = torch.linspace(0, 1, 64).expand(8, 1, 64, 64)
    bent = channel(flat, 1.0, rng())[..., 12:-12, 12:-12]
    assert float(bent.diff(dim=-2).abs().max()) < 0.03  # a tear would be a step


def test_an_even_warp_is_a_shift():
    moves = torch.tensor([0.25, 0.0]).view(1, 2, 1, 1).expand(1, 2, 4, 4)
    ink = torch.rand(1, 1, 65, 65, generator=rng())
    assert torch.allclose(crumple(ink, moves)[..., :48], ink[..., 16:64], atol=1e-4)
