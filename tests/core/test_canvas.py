import numpy as np
import pytest
import torch

from plotart.core.canvas import PAGES, Canvas, Window, page
from plotart.core.errors import InputError


def test_pages_by_name_and_size():
    assert (page("A4").width_mm, page("a4").height_mm) == (210, 297)
    assert page("a4", landscape=True).width_mm == 297
    assert (page("letter").width_mm, page("ledger").width_mm) == (215.9, 431.8)
    assert (page("200x300mm").height_mm, page("20 x 30cm").height_mm, page("8x10in").height_mm) == (300, 300, 254)
    assert page("300x200mm").width_mm == 300
    assert {"a0", "a6", "b4", "legal", "tabloid", "arch-d"} <= PAGES.keys()


@pytest.mark.parametrize("size", ["a44", "", "200x300", "0x10mm", "9000x10mm", "-5x10mm", "1e3x5mm"])
def test_unknown_pages_are_refused_by_name(size):
    with pytest.raises(InputError, match=r"^page .*\.$"):
        page(size)


def test_whole_area_and_fitted_area():
    whole = Canvas(page("a5"), 10)
    assert whole.area == (10, 10, 128, 190)
    assert whole.mm_per_unit == 128 and whole.unit_size == (1, pytest.approx(190 / 128))
    assert whole.pixels(384) == (570, 384)
    wide = Canvas(page("a5"), 10, fit=2.0)
    assert wide.area == (10, 73, 128, 64) and wide.unit_size == (2, 1)
    assert wide.pixels(100) == (100, 200)
    tall = Canvas(page("a5"), 10, fit=0.5)
    assert tall.area == pytest.approx((26.5, 10, 95, 190))


def test_units_to_millimetres_and_back():
    canvas = Canvas(page("a4"), 15, fit=1.5)
    corner = canvas.to_mm(np.array(canvas.unit_size))
    np.testing.assert_allclose(corner, canvas.rectangle[2:])
    points = np.random.default_rng(0).uniform(size=(7, 2))
    np.testing.assert_allclose(canvas.to_unit(canvas.to_mm(points)), points)
    assert canvas.paper_rgb.tolist() == [1, 1, 1]


def test_margins_that_leave_nothing_are_refused():
    with pytest.raises(InputError, match="leaves nothing of page a6"):
        Canvas(page("a6"), 60)
    with pytest.raises(InputError, match="0 mm or more"):
        Canvas(page("a6"), -1)
    with pytest.raises(InputError, match="#rrggbb"):
        Canvas(page("a6"), 5, paper="snowy")
    assert Canvas(page("a6"), 5, paper="white").paper_rgb.tolist() == [1, 1, 1]


def test_a_window_over_the_rim_is_padded_with_paper():
    paper, image = torch.tensor([0.9, 0.8, 0.1]), torch.rand(1, 3, 6, 8)
    square = Window(-2, 5, 5, 5)
    inside = square.clipped((6, 8))
    seen = square.padded(inside.of(image), inside, paper)
    assert seen.shape == (1, 3, 5, 5)
    torch.testing.assert_close(seen[..., 2:, :3], image[..., :3, 5:])
    torch.testing.assert_close(seen[0, :, :2].flatten(1), paper[:, None].expand(3, 10))
    torch.testing.assert_close(seen[0, :, :, 3:].flatten(1), paper[:, None].expand(3, 10))
