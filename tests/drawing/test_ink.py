"""Inks against the equations they state."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from plotart.core.color import hex_to_rgb, to_linear, to_srgb
from plotart.drawing import Drawing
from plotart.drawing.ink import Choosing, Multiply, Over, Penned, ink_specs
from plotart.drawing.ink.pens import mix_pens
from plotart.pens import Pen

WHITE = torch.ones(3)


def pen(name, colour, **more):
    return Pen(name=name, hex=colour, tip_mm=0.4, **more)


def test_multiply_is_a_filter_in_linear_light():
    ink = Multiply(torch.tensor([[0.5, 1.0, 0.0]]))
    passed = (1 - ink.weight()).detach()
    np.testing.assert_allclose(passed[0], to_linear(np.array([0.5, 1.0, 0.0])), atol=1e-6)
    image = ink.compose((passed**2).view(1, 3, 1, 1), WHITE)
    np.testing.assert_allclose(image.flatten(), to_srgb(passed[0] ** 2), atol=1e-6)


def test_multiply_can_multiply_srgb_as_screens_do():
    ink = Multiply(torch.tensor([[0.5, 1.0, 0.0]]), light="srgb")
    half = (1 - 0.5 * ink.weight()).detach().view(1, 3, 1, 1)
    np.testing.assert_allclose(ink.compose(half, torch.tensor([1.0, 0.5, 1.0])).flatten(), [0.75, 0.5, 0.5], atol=1e-6)


def test_transparent_pens_multiply_and_commute():
    pens = [pen("a", "#ff8040"), pen("b", "#4080ff")]
    t = torch.tensor([0.3, 0.6]).view(1, 2, 1, 1)
    one = Penned(pens, torch.tensor([0, 1])).compose(t, WHITE).flatten()
    other = Penned(pens[::-1], torch.tensor([1, 0])).compose(t.flip(1), WHITE).flatten()
    torch.testing.assert_close(one, other)
    a, b = (to_linear(hex_to_rgb(p.hex)) for p in pens)
    np.testing.assert_allclose(one, to_srgb((0.3 + 0.7 * a) * (0.6 + 0.4 * b)), atol=1e-5)


def test_an_opaque_pen_hides_what_lies_under_it():
    pens = [pen("under", "#202020"), pen("top", "#f2c200", opaque=True, opacity=1.0)]
    image = Penned(pens, torch.tensor([0, 1])).compose(torch.zeros(1, 2, 1, 1), WHITE)
    np.testing.assert_allclose(image.flatten(), hex_to_rgb("#f2c200"), atol=1e-5)


@pytest.mark.parametrize("opaque", [False, True])
def test_one_stroke_shows_what_its_stroke_rgb_says(opaque):
    ink = Penned([pen("a", "#1f4fb4", opacity=0.6, opaque=opaque)], torch.tensor([0]))
    alone = ink.compose(torch.zeros(1, 1, 1, 1), WHITE)
    np.testing.assert_allclose(ink.stroke_rgb()[0], alone.flatten(), atol=1e-5)
    assert float((alone.flatten() - torch.as_tensor(hex_to_rgb("#1f4fb4"))).abs().max()) > 0.1


def passes(covered, build_up, opacity=0.4):
    """The light of strokes of a black pen that cover a pixel by `covered`, rendered as the ink asks."""
    black = pen("a", "#000000", opacity=opacity, build_up=build_up)
    ink = Penned([black], torch.zeros(len(covered), dtype=torch.long))
    passed = (1 - ink.weight() * torch.tensor(covered)[:, None]).prod(dim=0)
    return float(to_linear(ink.compose(passed.view(1, -1, 1, 1), WHITE))[0, 0, 0, 0])


def test_build_up_is_exact_in_both_limits_and_for_a_single_stroke():
    covered = [0.3, 0.8, 0.5]
    assert passes(covered, 0.0) == pytest.approx(1 - 0.4 * (1 - 0.7 * 0.2 * 0.5), abs=1e-5)
    assert passes(covered, 1.0) == pytest.approx((1 - 0.4 * 0.3) * (1 - 0.4 * 0.8) * (1 - 0.4 * 0.5), abs=1e-5)
    light = [passes(covered, b) for b in (0, 0.25, 0.5, 0.75, 1)]
    assert all(a > b for a, b in pairwise(light))
    for b in (0.0, 0.4, 1.0):
        assert passes([0.6], b) == pytest.approx(1 - 0.4 * 0.6, abs=1e-5)
    assert passes([1.0, 1.0], 0.7, opacity=1.0) == 0


def test_each_pen_that_builds_up_has_a_plane_of_its_own():
    pens = [pen("a", "#000000", opacity=0.5, build_up=0.6), pen("b", "#000000", opacity=0.5, build_up=0.3)]
    planes = torch.tensor([0.3, 0.6, 0.2, 0.5]).view(1, 4, 1, 1)
    alone = [to_linear(mix_pens([one], planes[:, [k, 2 + k]], WHITE)) for k, one in enumerate(pens)]
    torch.testing.assert_close(to_linear(mix_pens(pens, planes, WHITE)), alone[0] * alone[1])


@pytest.mark.parametrize("build_up", [0.0, 0.3, 1.0])
def test_build_up_is_that_of_the_calibration(build_up):
    from plotart.pens.estimate import InkModel

    model = InkModel(np.zeros(3), 0.4, 0.5, build_up)
    for n in (1, 2, 3):
        assert 1 - passes([1.0] * n, build_up) == pytest.approx(model.strength(0.5 / n), abs=1e-5)


def test_pens_that_build_up_are_rendered_alike_chosen_for_good_or_not():
    from plotart.core.canvas import Canvas, page
    from plotart.drawing.primitives.strokes import StrokesSpec
    from plotart.drawing.render import renderer

    canvas = Canvas(page("60x60mm"), 5.0)
    pens = [pen("a", "#d62728"), pen("b", "#1f4fb4", opacity=0.5, build_up=0.6), pen("c", "#f2c200", opacity=0.5)]
    strokes = StrokesSpec(count=40, radius=0.4).build(canvas, 0.08, torch.Generator().manual_seed(0))
    which = torch.arange(40) % 3
    settled = Drawing(canvas, strokes, Penned(pens, which))
    still = Drawing(canvas, strokes, Choosing(pens, 50.0 * torch.nn.functional.one_hot(which, 3)))
    image = renderer("native")(settled, 32)
    torch.testing.assert_close(image, renderer("native")(still, 32), atol=1e-5, rtol=0)
    image.sum().backward()
    assert bool((strokes.points.grad.abs().sum((1, 2)) > 0).any())
    flat = [pens[0], pens[1].model_copy(update={"build_up": 0.0}), pens[2]]
    united = renderer("native")(Drawing(canvas, strokes, Penned(flat, which)), 32)
    assert float((image <= united + 1e-5).float().mean()) == 1
    assert float((united - image).detach().max()) > 0.03


def test_clear_planes_show_the_paper():
    paper = torch.tensor([0.9, 0.8, 0.7])
    image = Penned([pen("a", "#000000")], torch.tensor([0])).compose(torch.ones(1, 1, 2, 2), paper)
    np.testing.assert_allclose(image[0, :, 1, 1], paper, atol=1e-6)


@pytest.mark.parametrize("kind", ["multiply", "over"])
def test_free_inks_stay_in_range_and_repeat(kind):
    one, two = (ink_specs[kind]().build(9, torch.Generator().manual_seed(2)) for _ in range(2))
    assert torch.equal(one.stroke_rgb(), two.stroke_rgb())
    assert float(one.strength().detach().amin()) > 0
    for shift in (5, -9):
        with torch.no_grad():
            for parameter in one.parameters():
                parameter.add_(shift)
        one.constrain_()
        for parameter in one.parameters():
            assert float(parameter.detach().min()) == float(parameter.detach().max()) == (shift > 0)


def test_strength_is_none_of_white_filters_and_all_of_black_ones():
    filters = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.25, 0.5]])
    np.testing.assert_allclose(Multiply(filters).strength().detach(), [0, 1, 0.75])


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match="rgb"):
        Over(torch.zeros(3, 4), torch.zeros(3))
    with pytest.raises(ValueError, match="pen must lie in"):
        Penned([pen("a", "#000000")], torch.tensor([1]))


def test_drawing_survives_packing(tmp_path):
    from plotart.core.canvas import Canvas, page
    from plotart.drawing.primitives.strokes import StrokesSpec

    canvas = Canvas(page("a5"), 10.0)
    strokes = StrokesSpec(count=4).build(canvas, 0.01, torch.Generator().manual_seed(0))
    drawing = Drawing(canvas, strokes, Penned([pen("a", "#000000"), pen("b", "#ff0000")], torch.tensor([0, 1, 1, 0])))
    torch.save(drawing.pack(), tmp_path / "x.pt")
    again = Drawing.unpack(torch.load(tmp_path / "x.pt", weights_only=True))
    assert torch.equal(again.primitive.points, drawing.primitive.points)
    assert again.ink.pens == drawing.ink.pens
    assert again.subset(torch.tensor([2])).ink.pen.tolist() == [1]
