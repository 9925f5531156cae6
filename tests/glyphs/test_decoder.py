"""Decoders: straightening finds what the channel did, and undoes it."""

import pytest
import torch
from torch.nn import functional as F

from plotart.glyphs.channel import CORNERS, Channel, look, project
from plotart.glyphs.decoder import Decoder, Straightener, homography


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spots(count: int) -> torch.Tensor:
    """Smooth pictures `[count, 1, 48, 48]` with nothing near the border."""
    rough = torch.rand(count, 1, 6, 6, generator=rng())
    return F.pad(F.interpolate(rough, 24, mode="bicubic"), (12, 12, 12, 12))


def test_corners_of_the_channel_undo_what_it_did():
    ink = spots(20)
    sent, corners = Channel(noise=0, rotation=40, perspective=0.7).send(ink, 1.0, rng())
    assert float(F.mse_loss(sent, ink)) > 0.05
    back = look(sent, homography(corners))
    assert float(F.mse_loss(back, ink)) < 0.005
    inside = ((corners.abs() <= 1).all(-1)).float().mean()
    assert 0.3 < float(inside) < 1


def test_points_follow_the_corners():
    corners = CORNERS * torch.tensor([0.5, 0.25]) + 0.1
    assert torch.allclose(project(CORNERS[None], homography(corners[None]))[0], corners, atol=1e-6)
    middle = project(torch.zeros(1, 1, 2), homography(corners[None]))
    assert torch.allclose(middle, torch.full((1, 1, 2), 0.1), atol=1e-6)
    assert torch.equal(Channel().send(spots(2), 0.0, rng())[1][1], CORNERS)


def test_new_straighteners_hardly_move_anything():
    torch.manual_seed(1)
    decoder = Decoder(1, 5, 6, rng(), 2, 48).eval()
    with torch.no_grad():
        seen, found = decoder.straight(spots(8))
    assert len(found) == 2
    assert float((found[1] - CORNERS).abs().mean()) < 0.15
    assert seen.shape == (8, 1, 48, 48)
    assert decoder.features(spots(8)).shape == (8, decoder.answer.in_features)


def test_straightener_learns_where_the_corners_went():
    straightener = Straightener(1, 8, rng(), 48)
    optimizer = torch.optim.Adam(straightener.parameters(), lr=3e-3)
    ink, generator = spots(1).expand(64, -1, -1, -1), rng()
    errors = []
    for _ in range(40):
        sent, corners = Channel().send(ink, 1.0, generator)
        error = F.smooth_l1_loss(straightener(sent), corners, beta=0.1)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(float(error.detach()))
    assert sum(errors[-5:]) < 0.5 * sum(errors[:5])


@pytest.mark.parametrize("straighten", [0, 2])
def test_answers_have_gradients_to_the_ink_and_every_weight(straighten):
    decoder = Decoder(3, 5, 6, rng(), straighten, 48)
    ink = spots(4).repeat(1, 3, 1, 1).requires_grad_()
    answer, found = decoder.read(ink)
    (answer.square().sum() + sum(corners.square().sum() for corners in found)).backward()
    for name, value in [("ink", ink), *decoder.named_parameters()]:
        assert value.grad is not None, name
        assert torch.isfinite(value.grad).all(), name
        assert float(value.grad.abs().max()) > 0, name


@pytest.mark.parametrize("side", [16, 31, 64, 100, 128])
def test_pictures_of_any_size_are_read_at_sixteen_places_a_side(side):
    decoder = Decoder(1, 5, 6, rng(), 1, side).eval()
    ink = torch.rand(2, 1, side, side, generator=rng())
    with torch.no_grad():
        seen, _ = decoder.straight(ink)
        blocks = decoder.layers[0](seen)
        answer = decoder(ink)
    assert 14 <= blocks.shape[-1] <= 31
    assert answer.shape == (2, 5)
    ink[..., -1, -1] += 5  # no pixel is left out
    with torch.no_grad():
        assert not torch.equal(decoder(ink), answer)
