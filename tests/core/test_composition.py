"""How a picture lies on its page."""

import pytest
import torch
from pydantic import ValidationError
from skimage import data

from plotart.core.canvas import Canvas, page
from plotart.core.composition import Composition, Framing, on_ground
from plotart.core.errors import InputError
from plotart.core.salience import faces, looked_at, subject


def astronaut():
    return torch.from_numpy(data.astronaut().copy()).permute(2, 0, 1).float() / 255


def a5(fit):
    return Canvas(page("a5", bool(fit and fit > 1)), 10.0, fit)


def ramp(height, width):
    """Red grows to the right, green downwards: a place tells where it comes from."""
    x = torch.linspace(0, 1, width).expand(height, width)
    y = torch.linspace(0, 1, height)[:, None].expand(height, width)
    return torch.stack([x, y, torch.zeros(height, width)])


def framed(picture, **settings):
    framing, canvas = Composition(**settings).framing(picture, a5, "image")
    return framing.of(picture), canvas


def test_a_face_is_found_where_it_is_and_none_where_there_is_none():
    (x, y, side), *_ = faces(astronaut())
    # the astronaut's nose is at 222, 115 of 512 px, her head about 130 px high
    assert (x * 512, y * 512) == pytest.approx((222, 115), abs=15)
    assert side * 512 == pytest.approx(110, abs=40)
    assert faces(torch.rand(3, 64, 96, generator=torch.Generator().manual_seed(0))) == []


def test_the_eye_goes_to_the_one_thing_on_a_plain_ground():
    picture = torch.full((3, 120, 160), 0.8)
    picture[:, 70:90, 110:130] = torch.tensor([0.7, 0.1, 0.1])[:, None, None]
    found = torch.from_numpy(looked_at(picture))
    row, column = divmod(int(found.argmax()), found.shape[1])
    assert (row / found.shape[0], column / found.shape[1]) == pytest.approx((80 / 120, 120 / 160), abs=0.1)
    cut = torch.from_numpy(subject(picture)) > 0.5
    wanted = torch.zeros(120, 160, dtype=torch.bool)
    wanted[70:90, 110:130] = True
    shown = torch.nn.functional.interpolate(cut[None, None].float(), (120, 160))[0, 0] > 0.5
    assert float((shown & wanted).sum()) / float((shown | wanted).sum()) > 0.6


def test_crops_are_px_or_shares_and_turn_clockwise():
    picture = ramp(80, 120)
    by_px, canvas = framed(picture, crop="30,20,60,40")
    by_share, _ = framed(picture, crop="0.25,0.25,0.5,0.5")
    assert torch.equal(by_px, by_share)
    assert by_px.shape == (3, 40, 60)
    assert canvas.aspect == pytest.approx(1.5)
    quarter, canvas = framed(picture, rotate=90)
    assert quarter.shape == (3, 120, 80)
    assert quarter[0, 0, 0] < 0.02  # what was at the left is on top now,
    assert quarter[1, 0, 0] > 0.98  # and what was below is at the left
    assert canvas.page.height_mm > canvas.page.width_mm
    assert torch.equal(framed(picture, rotate=360)[0], picture)
    little, _ = framed(picture, rotate=10)
    assert little.shape[2] / little.shape[1] == pytest.approx(1.5, abs=0.05)
    assert little[2].abs().max() < 1e-6  # nothing from beyond the picture
    assert little[0, 0, 10] < little[0, -1, 10]  # the lower left corner has moved up and to the left


def test_a_crop_to_the_face_holds_the_face_and_tells_when_there_is_none():
    (x, y, _), *_ = faces(astronaut())
    framing, _ = Composition(crop="face").framing(astronaut(), a5, "image")
    left, top, width, height = framing.box
    assert left < x * 512 < left + width and top < y * 512 < top + height
    assert width < 400
    with pytest.raises(InputError, match="no face was found"):
        framed(ramp(64, 64), crop="face")
    with pytest.raises(InputError, match="beyond the picture of 64x64"):
        framed(ramp(64, 64), crop="10,10,60,10")
    with pytest.raises(ValidationError, match="x,y,w,h"):
        Composition(crop="10,10,60")


def test_filled_pages_keep_what_is_looked_at():
    picture = torch.full((3, 100, 300), 0.8)
    picture[:, 40:60, 240:260] = 0.1
    part, canvas = framed(picture, fill=True)
    assert canvas.page.width_mm > canvas.page.height_mm  # the page lies as the picture does
    assert canvas.fit is None
    assert part.shape[2] / part.shape[1] == pytest.approx(canvas.aspect, abs=0.02)
    assert part.min() < 0.2
    plain, _ = framed(torch.full((3, 100, 300), 0.8), fill=True)
    assert plain.shape[1] == 100


def test_masks_are_framed_as_the_picture_is():
    framing = Framing((30, 20, 60, 40), 90, (80, 120))
    fine, coarse = framing.of(ramp(80, 120)), framing.of(ramp(40, 60))
    assert coarse.shape == (3, 30, 20)
    assert torch.nn.functional.avg_pool2d(fine, 2) == pytest.approx(coarse, abs=0.03)


@pytest.mark.parametrize("edge", ["soft", "oval", "torn", "border"])
def test_edges_end_in_paper_and_leave_the_middle(edge):
    dark, paper = torch.full((1, 3, 60, 80), 0.2), torch.tensor([1.0, 0.9, 0.8])
    shown = on_ground(dark, Composition(edge=edge, edge_mm=6), paper, 1.0)
    assert torch.allclose(shown[0, :, 0, 0], paper, atol=0.02)
    assert torch.allclose(shown[0, :, 30, 40], dark[0, :, 30, 40])
    assert torch.equal(shown, on_ground(dark, Composition(edge=edge, edge_mm=6), paper, 1.0))
    assert torch.equal(on_ground(dark, Composition(), paper, 1.0), dark)


def test_backgrounds_become_paper_and_the_subject_stays():
    picture = torch.full((1, 3, 120, 160), 0.7)
    picture[..., 40:90, 60:100] = torch.tensor([0.6, 0.1, 0.1])[:, None, None]
    white = on_ground(picture, Composition(background="white"), torch.ones(3), 1.0)
    assert white[..., 5, 5].min() > 0.99
    assert torch.allclose(white[..., 65, 80], picture[..., 65, 80], atol=0.02)
    fade = on_ground(picture, Composition(background="fade"), torch.ones(3), 1.0)
    assert 0.8 < float(fade[0, 0, 5, 5]) < 0.97


def test_a_picture_lies_where_it_is_placed():
    below = Canvas(page("a5"), 10.0, 1.0, place=(0.5, 1.0))
    assert below.rectangle[3] == pytest.approx(200)
    assert Canvas.unpack(below.pack()).area == below.area
    assert Canvas(page("a5"), 10.0, 1.0, place=(0.5, 0.0)).area[1] == pytest.approx(10)
