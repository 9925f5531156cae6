"""Strokes: where they cover, how long they are, and that they survive packing."""

import math

import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.drawing.primitives import primitives
from plotart.drawing.primitives.strokes import Strokes, StrokesSpec


@pytest.fixture
def canvas():
    return Canvas(page("a5"), 10.0)


def straight(width=0.1):
    points = torch.tensor([[[0.2, 0.5], [0.4, 0.5], [0.6, 0.5], [0.8, 0.5]]])
    return Strokes(points, torch.tensor([width]))


def test_length_and_area_of_a_straight_stroke():
    strokes = straight()
    assert float(strokes.lengths().detach()) == pytest.approx(0.6, rel=1e-5)
    assert float(strokes.area()) == pytest.approx(0.06 + math.pi / 4 * 0.01, rel=1e-5)


def test_coverage_is_a_capsule():
    xy = torch.tensor([[0.5, 0.5], [0.5, 0.549], [0.5, 0.552], [0.151, 0.5], [0.148, 0.5]])
    assert straight().coverage(xy)[0].round().tolist() == [1, 1, 0, 1, 0]


@pytest.mark.parametrize("segments", [1, 2, 3])
@pytest.mark.parametrize("start", ["walk", "dash"])
def test_start_is_on_the_canvas_and_repeats_with_the_seed(canvas, segments, start):
    spec = StrokesSpec(count=200, segments=segments, start=start, radius=0.1)
    built = [spec.build(canvas, 0.01, torch.Generator().manual_seed(7)) for _ in range(2)]
    assert torch.equal(built[0].points, built[1].points)
    assert built[0].points.shape == (200, 3 * segments + 1, 2)
    assert len(built[0].paths()) == 200
    extent = torch.tensor(canvas.unit_size)
    centres = built[0].points.mean(1)
    assert bool((centres > -0.2).all())
    assert bool((centres < extent + 0.2).all())
    spread = (built[0].points.amax((0, 1)) - built[0].points.amin((0, 1))) / extent
    assert bool((spread > 0.9).all())


def test_every_parameter_gets_a_gradient(canvas):
    strokes = StrokesSpec(count=5).build(canvas, 0.02, torch.Generator().manual_seed(1))
    strokes.lengths().sum().backward()
    assert bool(strokes.points.grad.isfinite().all())
    assert bool((strokes.points.grad.abs().amax((1, 2)) > 0).all())


def test_pack_and_subset(canvas):
    strokes = StrokesSpec(count=5).build(canvas, 0.02, torch.Generator().manual_seed(1))
    again = Strokes.unpack(strokes.pack())
    assert torch.equal(again.points, strokes.points)
    assert torch.equal(strokes.subset(torch.tensor([3, 1])).points, strokes.points[[3, 1]])


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"points must be \[N, 1\+3S, 2\], not \[2, 5, 2\]"):
        Strokes(torch.zeros(2, 5, 2), torch.ones(2))
    with pytest.raises(ValueError, match="width"):
        Strokes(torch.zeros(2, 4, 2), torch.ones(3))


def test_registry_knows_strokes():
    assert primitives["strokes"] is StrokesSpec
    assert "strokes" in list(primitives)


def test_free_widths_are_optimized_in_their_range_until_they_are_set(canvas):
    spec = StrokesSpec(count=4, widths="free", width_range=(0.01, 0.1))
    strokes = spec.build(canvas, 0.001, torch.Generator().manual_seed(1))
    assert {name for name, _ in strokes.named_parameters()} == {"points", "width"}
    assert strokes.width.tolist() == pytest.approx([0.01] * 4)
    with torch.no_grad():
        strokes.width.copy_(torch.tensor([0.0, 0.05, 0.1, 3.0]))
    strokes.constrain_()
    assert strokes.width.tolist() == pytest.approx([0.01, 0.05, 0.1, 0.1])
    again = Strokes.unpack(strokes.pack()).subset(torch.tensor([1, 3]))
    assert again.width_range == strokes.width_range
    assert torch.equal(again.width, strokes.width[[1, 3]])
    again.set_width(torch.tensor([0.003, 0.004]))
    again.constrain_()
    assert {name for name, _ in again.named_parameters()} == {"points"}
    assert again.width.tolist() == pytest.approx([0.003, 0.004])
    assert "range" not in again.pack()


@pytest.mark.parametrize("low_high", [(0.0, 0.1), (0.2, 0.1), (0.1, 3.0)])
def test_width_ranges_out_of_order_are_refused(low_high):
    with pytest.raises(ValueError, match="0 < least <= greatest <= 2 unit"):
        StrokesSpec(width_range=low_high)


def test_brushes_are_chains_of_strokes_and_a_pen_makes_them_plain():
    from plotart.drawing.primitives.brushes import Brushes
    from plotart.drawing.render import View

    points = torch.tensor([[[0.1, 0.5], [0.2, 0.3], [0.3, 0.3], [0.5, 0.5], [0.6, 0.6], [0.8, 0.6], [0.9, 0.4]]])
    widths, strength = torch.tensor([[0.1, 0.2]]), torch.tensor([[0.5, 1.0]])
    brush = Brushes(points, widths, strength, (0.01, 0.3))
    two = Strokes(torch.stack([points[0, :4], points[0, 3:]]), widths[0])
    rgb, ground, view = torch.tensor([[0.2, 0.4, 0.6]]), torch.ones(3), View((30, 30))
    wanted = two.seen(view).over(rgb.expand(2, 3), torch.tensor([0.4, 0.8]), ground)
    seen = brush.seen(view).over(rgb, torch.tensor([0.8]), ground)
    torch.testing.assert_close(seen, wanted)
    seen.sum().backward()
    assert all(bool((p.grad != 0).any()) for p in brush.parameters())
    assert float(brush.width.detach()) == pytest.approx(0.15)
    brush.set_width(torch.tensor([0.05]))
    assert [name for name, _ in brush.named_parameters()] == ["points"]
    one = Strokes(points, torch.tensor([0.05])).seen(view).passed(torch.ones(1, 1))
    torch.testing.assert_close(brush.seen(view).united(torch.zeros(1, dtype=torch.long), 1), one, atol=0.35, rtol=0)
    with pytest.raises(ValueError, match=r"widths must be \[1, 2\], not \[1, 3\]"):
        Brushes(points, torch.ones(1, 3), strength)
