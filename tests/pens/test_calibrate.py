"""Pens measured from synthesized photographs, against the inks the photographs were made of."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage import data

from plotart.core.canvas import page
from plotart.core.color import ciede2000, hex_to_rgb, to_lab
from plotart.core.errors import InputError
from plotart.pens import Pen, PenSet, load_pens
from plotart.pens.calibrate import calibrate, write_pen_set
from plotart.pens.locate import locate
from plotart.plot.chart import make_chart
from tests.pens.photographed import Camera, TrueInk, decode, paper, photograph, random_camera, real_pens

PENS = PenSet(
    name="mixed",
    pens=(
        Pen(name="black", hex="#1a1a1a", tip_mm=0.4),
        Pen(name="blue", hex="#1f4fb4", tip_mm=0.4),
        Pen(name="red", hex="#d62728", tip_mm=0.5),
        Pen(name="gel pink", hex="#ff80c0", tip_mm=0.5, opaque=True),
        Pen(name="yellow", hex="#f2c200", tip_mm=0.4),
        Pen(name="gel white", hex="#f4f4f0", tip_mm=0.6),
    ),
)
OPAQUE = {"gel pink", "gel white"}  # the set says nothing of the white one: the chart has to tell


def colour_error(hex_, ink):
    return float(ciede2000(to_lab(hex_to_rgb(hex_)), to_lab(ink.srgb)))


def line(ink):
    """A pen whose full colour is that of one stroke of `ink` on white paper."""
    return replace(ink, linear=tuple(1 - ink.opacity * (1 - np.array(ink.linear))))


@pytest.fixture(scope="module")
def chart():
    return make_chart(PENS, page("a5"))


def inks_of(plot, rng, build):
    return {name: replace(ink, opaque=name in OPAQUE) for name, ink in real_pens(plot, rng, build).items()}


@pytest.fixture(scope="module")
def sheet(chart):
    """The plotted page and its inks."""
    inks = inks_of(chart[0], np.random.default_rng(4), "strokes")
    return paper(chart[0], inks, 10.0), inks


@pytest.fixture(scope="module")
def camera():
    return random_camera(np.random.default_rng(4), 1400, 1050)


@pytest.fixture(scope="module")
def photo(sheet, camera):
    return photograph(sheet[0], camera)


@pytest.fixture(scope="module")
def measured(photo, chart):
    return calibrate(photo, chart[1])


def check(result, inks):
    names = [one.pen.name for one in result.pens]
    assert names == [pen.name for pen in result.pen_set.pens]
    colour = {one.pen.name: colour_error(one.pen.hex, inks[one.pen.name]) for one in result.pens}
    assert np.median(list(colour.values())) < 1.0
    for one in result.pens:
        ink = inks[one.pen.name]
        assert colour[one.pen.name] < max(3.0, 3 * one.colour_error), one
        assert one.pen.opacity == pytest.approx(ink.opacity, abs=0.05)
        assert one.pen.tip_mm == pytest.approx(ink.tip_mm, rel=0.1)
        assert one.pen.opaque == ink.opaque or one.pen.name == "black"  # black ink covers and filters alike
        assert not one.pen.approximate
        # What the errors promise: three of them, and what compressed chroma may add.
        assert abs(one.pen.opacity - ink.opacity) < 4 * one.opacity_error + 0.01
        assert abs(one.pen.tip_mm - ink.tip_mm) < 4 * one.tip_error_mm + 0.01


def test_pens_are_measured_from_a_photo_taken_by_hand(measured, sheet):
    check(measured, sheet[1])
    assert building(measured) > 0.8  # every stroke adds its own
    assert 4 < measured.px_per_mm < 8
    assert measured.light_error < 0.01


def test_wet_strokes_that_unite_within_a_pass(chart):
    rng = np.random.default_rng(11)
    inks = inks_of(chart[0], rng, "passes")
    result = calibrate(photograph(paper(chart[0], inks, 10.0), random_camera(rng, 1400, 1050)), chart[1])
    check(result, inks)
    assert building(result) < 0.2


def building(result):
    """What further strokes of a pass add, in the middle of those pens that leave something to add."""
    return float(np.median([one.pen.build_up for one in result.pens if one.pen.opacity < 0.9]))


def test_ink_that_never_adds_up_keeps_the_colour_of_its_line(chart):
    """Opacity and colour of a transparent ink are then one and the same thing; those of an opaque one are not."""
    rng = np.random.default_rng(12)
    inks = inks_of(chart[0], rng, "never")
    result = calibrate(photograph(paper(chart[0], inks, 10.0), random_camera(rng, 1400, 1050)), chart[1])
    for one in result.pens:
        ink = inks[one.pen.name]
        assert colour_error(one.line_hex, line(ink)) < 2.5
        if ink.opaque:
            assert one.pen.opaque
            assert one.pen.opacity == pytest.approx(ink.opacity, abs=0.05)
            assert colour_error(one.pen.hex, ink) < 3
        else:
            assert one.pen.opacity > 0.95


def test_the_chart_is_found_to_a_fraction_of_a_pixel(chart, sheet):
    """Under perspective, lens distortion and half a turn, against the camera's own corners."""
    camera = Camera(degrees=174, tilt=(0.03, -0.02, -0.03, 0.02, 0.01, 0.03, -0.02, 0.0), gradient=(0.3, 0.2))
    seen = locate(decode(photograph(sheet[0], camera).numpy()).astype(np.float32), chart[1])
    from tests.pens.photographed import _corners

    corners = np.array([[0, 0], [148, 0], [148, 210], [0, 210]], dtype=float)
    np.testing.assert_allclose(seen.to_px(corners), _corners(camera, 1480, 2100), atol=0.25)
    assert seen.misfit_mm < 0.02
    bent = locate(decode(photograph(sheet[0], replace(camera, bend=0.02)).numpy()).astype(np.float32), chart[1])
    assert bent.bend == pytest.approx(-0.02, abs=0.003)
    assert bent.misfit_mm < 0.02


def test_turned_and_mirrored_photos_give_the_same(photo, chart, measured):
    for turned in (photo.rot90(1, (1, 2)), photo.flip(2)):
        again = calibrate(turned, chart[1])
        for one, other in zip(again.pens, measured.pens, strict=True):
            assert one.pen.opacity == pytest.approx(other.pen.opacity, abs=0.01)
            assert one.pen.tip_mm == pytest.approx(other.pen.tip_mm, rel=0.02)


def test_the_same_photo_gives_the_same_set(photo, chart, measured):
    assert calibrate(photo, chart[1]).pen_set == measured.pen_set


def test_a_pen_that_left_no_ink_keeps_its_values_and_says_so(chart, sheet, camera):
    inks = {**sheet[1], "red": TrueInk((1.0, 1.0, 1.0), 0.0, 0.5)}
    result = calibrate(photograph(paper(chart[0], inks, 10.0), camera), chart[1])
    red = next(one for one in result.pens if one.pen.name == "red")
    assert (red.pen.hex, red.pen.approximate) == ("#d62728", True)
    assert any("red" in note and "no ink" in note for note in result.all_notes)


def test_large_errors_are_told(chart, sheet, camera):
    dim = calibrate(photograph(sheet[0], replace(camera, exposure=0.06, noise=0.02)), chart[1])
    assert any("uncertain" in note for note in dim.all_notes)


def test_the_written_set_reads_back(measured, tmp_path):
    file = write_pen_set(measured.pen_set, tmp_path / "new" / "my-pens.yaml")
    assert load_pens(str(file)) == measured.pen_set
    assert not measured.pen_set.approximate


def cat():
    image = torch.from_numpy(data.chelsea()).permute(2, 0, 1)[None].float() / 255
    return torch.nn.functional.interpolate(image, scale_factor=3)[0]


def print_():
    image = torch.from_numpy(data.page())[None, None].float() / 255
    return torch.nn.functional.interpolate(image, scale_factor=4)[0].expand(3, -1, -1).contiguous()


@pytest.mark.parametrize("make", [cat, print_, lambda: torch.ones(3, 1400, 1050), lambda: torch.zeros(3, 1400, 1050)])
def test_a_photo_without_a_chart_is_refused(make, chart):
    with pytest.raises(InputError, match="no chart can be found"):
        calibrate(make(), chart[1])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"degrees": 0.0, "tilt": (-0.2, -0.3, 0, 0, 0, 0, 0, 0)}, "a corner of the chart is cut off"),
        ({"shift": (0.2, 0.1)}, "only [12] of the chart's 4 corner marks"),
        ({"height": 560, "width": 420}, "pixels are too few"),
        ({"blur_px": 4.0}, "too blurred"),
        ({"exposure": 1.4, "balance": (1.0, 1.0, 0.9)}, "overexposed"),
        ({"exposure": 0.015}, "too dark"),
    ],
)
def test_bad_photos_are_refused_with_the_reason(wrong, reason, chart, sheet, camera):
    with pytest.raises(InputError, match=reason) as refused:
        calibrate(photograph(sheet[0], replace(camera, **wrong)), chart[1])
    assert str(refused.value).startswith("photo: ")
    assert "\n" not in str(refused.value)


def test_a_hidden_corner_a_shadow_and_the_wrong_chart_are_refused(photo, chart):
    height, width = photo.shape[1:]
    hidden = photo.clone()
    hidden[:, : height // 3, : width // 2] = 0.5
    with pytest.raises(InputError, match=r"only [23] of the chart's 4 corner marks"):
        calibrate(hidden, chart[1])
    shadow = photo.clone()
    shadow[:, :, width // 2 :] *= 0.7
    with pytest.raises(InputError, match=r"make no sense|not evenly white"):
        calibrate(shadow, chart[1])
    other = make_chart(load_pens("basic-12"), page("a5"))[1]
    with pytest.raises(InputError, match=r"make no sense|not evenly white"):
        calibrate(photo, other)


def test_a_photo_of_another_shape_is_an_error(chart):
    with pytest.raises(ValueError, match=r"\[3, H, W\]"):
        calibrate(torch.zeros(1, 3, 100, 100), chart[1])
