"""What matters in a picture: found, named, or painted, in the part that is drawn."""

import pytest
import torch
from skimage import data

from plotart.core.composition import Framing
from plotart.core.errors import InputError
from plotart.core.focus import checked_focus, focus_file, focus_of
from plotart.core.images import save_image
from plotart.core.salience import stressed

WHOLE = Framing((0.0, 0.0, 200.0, 100.0), 0.0, (100, 200))
PICTURE = torch.ones(3, 100, 200)


def peak(focus):
    height, width = focus.shape[-2:]
    at = int(focus.flatten().argmax())
    return at % width / width, at // width / height


@pytest.mark.parametrize("value", ["150,25", "0.75,0.25", "150,25,20", "0.75, 0.25, 0.2"])
def test_a_place_is_named_in_px_or_in_shares(value):
    focus = focus_of(value, PICTURE, WHOLE, (50, 100))
    assert focus.shape == (1, 1, 50, 100)
    assert peak(focus) == pytest.approx((0.75, 0.25), abs=0.03)
    assert float(focus[..., :, :20].max()) < 0.01


def test_a_focus_goes_with_the_part_that_is_drawn():
    right = Framing((100.0, 0.0, 100.0, 100.0), 0.0, (100, 200))
    assert peak(focus_of("150,25", PICTURE, right, (50, 50))) == pytest.approx((0.5, 0.25), abs=0.03)


def test_a_face_is_found_by_itself():
    picture = torch.from_numpy(data.astronaut().copy()).permute(2, 0, 1) / 255
    whole = Framing((0.0, 0.0, 512.0, 512.0), 0.0, (512, 512))
    assert peak(focus_of("auto", picture, whole, (64, 64))) == pytest.approx((0.44, 0.22), abs=0.06)
    assert focus_of("none", picture, whole, (64, 64)) is None


def test_a_mask_is_light_where_much_matters(tmp_path):
    mask = torch.zeros(3, 50, 100)
    mask[:, :, :30] = 1
    save_image(mask, tmp_path / "mask.png")
    focus = focus_of(str(tmp_path / "mask.png"), PICTURE, WHOLE, (50, 100))
    assert float(focus[..., :28].min()) > 0.9
    assert float(focus[..., 32:].max()) < 0.1
    save_image(torch.zeros(3, 50, 100), tmp_path / "black.png")
    with pytest.raises(InputError, match="black"):
        focus_of(str(tmp_path / "black.png"), PICTURE, WHOLE, (50, 100))


def test_what_is_no_focus_is_told():
    for wrong in ("5", "1,2,3,4", "-3,4"):
        with pytest.raises(ValueError, match="x,y"):
            checked_focus(wrong)
    with pytest.raises(InputError, match="no place in the picture of 200x100"):
        focus_of("150,180", PICTURE, WHOLE, (50, 100))
    with pytest.raises(InputError, match="focus: no file"):
        focus_of("nothing.png", PICTURE, WHOLE, (50, 100))
    assert [focus_file(value) for value in ("auto", "none", "3,4")] == [None] * 3
    assert focus_file("mask.png").name == "mask.png"


def test_errors_count_more_where_attention_lies():
    weight = stressed(torch.tensor([0.0, 1.0]))
    assert float(weight.mean()) == pytest.approx(1)
    assert float(weight[1] / weight[0]) == pytest.approx(3)
