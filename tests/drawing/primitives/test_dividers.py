"""Dividers: which side a point lies on, the false gradient, and the same lines and circles as paths."""

import math

import numpy as np
import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.core.geometry import flatten
from plotart.drawing.primitives.dividers import Dividers, DividersSpec

CANVAS = Canvas(page("a5"), 10.0)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def one_of_each():
    """The line x = 0.4 and the circle of radius 0.2 around (0.5, 0.6)."""
    return Dividers(
        torch.tensor([[0.4, 0.9], [0.5, 0.6]]),
        torch.tensor([0.0]),
        torch.tensor([math.log(0.2)]),
        torch.full((2,), 0.01),
    )


@pytest.mark.parametrize("shape", ["lines", "circles", "both"])
def test_count_and_shape(shape):
    built = DividersSpec(count=7, shape=shape).build(CANVAS, 0.01, rng())
    assert len(built) == 7
    assert built.lines == {"lines": 7, "circles": 0, "both": 4}[shape]
    assert len(built.paths()) == 7


def test_sides_of_a_line_and_a_circle():
    xy = torch.tensor([[0.3, 0.1], [0.5, 0.1], [0.5, 0.5], [0.5, 0.85]])
    assert one_of_each().sides(xy).tolist() == [[-1, 1, 1, 1], [1, 1, -1, 1]]
    assert one_of_each().coverage(xy).tolist() == [[0, 1, 1, 1], [1, 1, 0, 1]]


def test_excitation_is_the_published_one():
    dividers, xy = one_of_each().double(), torch.tensor([[0.7, 0.5]], dtype=torch.float64)
    line, circle = dividers.excitation(xy)[:, 0].tolist()
    assert line == pytest.approx(0.3 / math.hypot(0.3, 0.4))
    assert circle == pytest.approx((math.hypot(0.2, 0.1) - 0.2) / 0.2)


def test_forward_is_sharp_and_backward_has_the_slope():
    dividers = one_of_each()
    excitation = dividers.excitation(torch.tensor([[0.7, 0.5]])).detach()
    sides = dividers.sides(torch.tensor([[0.7, 0.5]]))
    assert torch.equal(sides.detach(), torch.ones_like(sides))
    sides[1, 0].backward()
    circle = float(excitation[1, 0])
    slope = 5 * (1 - math.tanh(5 * circle) ** 2)
    distance = math.hypot(0.2, 0.1)
    assert float(dividers.log_radius.grad) == pytest.approx(-slope * distance / 0.2, rel=1e-4)


def test_every_parameter_is_moved_by_a_picture():
    dividers = DividersSpec(count=9, shape="both").build(CANVAS, 0.01, rng())
    xy = torch.rand(500, 2, generator=rng(1)) * torch.tensor(CANVAS.unit_size)
    (dividers.coverage(xy) * torch.randn(9, 500, generator=rng(2))).mean().backward()
    for parameter in dividers.parameters():
        assert bool(parameter.grad.isfinite().all())
        assert bool((parameter.grad.reshape(len(parameter), -1).abs().amax(1) > 0).all())


def test_paths_lie_where_the_sides_change():
    dividers = DividersSpec(count=12, shape="both").build(CANVAS, 0.01, rng(3)).double()
    for number, path in enumerate(dividers.paths()):
        line = flatten(path, 1e-4)
        along = np.diff(line, axis=0)
        middle = (line[1:] + line[:-1]) / 2
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
        both = [torch.from_numpy(middle + side * 2e-3 * normal) for side in (-1, 1)]
        with torch.no_grad():
            first, second = (dividers.excitation(xy)[number] > 0 for xy in both)
        assert bool((first != second).all()), number


def test_lines_reach_across_the_whole_canvas():
    dividers = DividersSpec(count=40).build(CANVAS, 0.01, rng(4))
    width, height = CANVAS.unit_size
    for path in dividers.paths():
        for end in path[[0, -1]]:
            assert not (0 <= end[0] <= width and 0 <= end[1] <= height)


def test_pack_subset_and_start_repeat():
    first, second = (DividersSpec(count=6, shape="both", slope=9).build(CANVAS, 0.02, rng(5)) for _ in range(2))
    again = Dividers.unpack(first.pack())
    xy = torch.rand(50, 2, generator=rng())
    assert torch.equal(again.sides(xy), second.sides(xy))
    assert again.slope == 9
    some = first.subset(torch.tensor([4, 0]))
    assert torch.equal(some.sides(xy), first.sides(xy)[[4, 0]])


def test_relu_is_nothing_before_a_line_and_twice_the_distance_beyond():
    dividers = Dividers(
        torch.tensor([[0.4, 0.9]]), torch.zeros(1), torch.zeros(0), torch.ones(1), relu=True, sharpness=1.0
    )
    xy = torch.tensor([[0.3, 0.1], [0.5, 0.1], [0.7, 0.8]])
    assert dividers.codes(xy)[0].tolist() == pytest.approx([0, 0.2, 0.6])
    dividers.codes(xy)[0, 2].backward()
    assert dividers.centre.grad[0].tolist() == pytest.approx([-2, 0], abs=1e-6)
    again = Dividers.unpack(dividers.pack()).subset(torch.tensor([0]))
    assert torch.equal(again.codes(xy), dividers.codes(xy))


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match=r"centre must be \[2, 2\], not \[3, 2\]"):
        Dividers(torch.zeros(3, 2), torch.zeros(1), torch.zeros(1), torch.ones(2))
    with pytest.raises(ValueError, match=r"primitive\.radius is the start of circles"):
        DividersSpec(shape="lines", radius=0.1)
    with pytest.raises(ValueError, match=r"relu is of lines; log_radius must be \[0\], not \[1\]"):
        Dividers(torch.zeros(1, 2), torch.zeros(0), torch.zeros(1), torch.ones(1), relu=True)
