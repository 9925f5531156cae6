"""The stand-in for pydiffvg: its names, units and quirks, and that a program which imports it runs."""

from __future__ import annotations

import copy
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import plotart.compat
from plotart.compat import pydiffvg

SIZE = 32
BLACK = torch.tensor([0.0, 0.0, 0.0, 1.0])
ROUND = torch.tensor(
    [[24.0, 16], [24, 20], [20, 24], [16, 24], [12, 24], [8, 20], [8, 16], [8, 12], [12, 8], [16, 8], [20, 8], [24, 12]]
)


def render(
    shapes: list, groups: list, width: int = SIZE, height: int = SIZE, background: Tensor | None = None, **how
) -> Tensor:
    arguments = pydiffvg.RenderFunction.serialize_scene(SIZE, SIZE, shapes, groups, **how)
    return pydiffvg.RenderFunction.apply(width, height, 2, 2, 0, background, *arguments)


def blob() -> pydiffvg.Path:
    return pydiffvg.Path(torch.tensor([2, 2, 2, 2]), ROUND.clone(), True)


def group(*ids: int, fill: Tensor | None = BLACK, **how) -> pydiffvg.ShapeGroup:
    return pydiffvg.ShapeGroup(torch.tensor(ids), fill, **how)


def test_gradients_reach_everything_that_reaches_the_picture() -> None:
    path, colour = blob(), torch.tensor([0.8, 0.2, 0.4, 0.7])
    path.stroke_width = torch.tensor(1.5)
    own = group(0, fill=colour, stroke_color=torch.tensor([0.1, 0.9, 0.3, 0.8]), shape_to_canvas=torch.eye(3))
    leaves = [path.points, path.stroke_width, own.fill_color, own.stroke_color, own.shape_to_canvas]
    for leaf in leaves:
        leaf.requires_grad = True
    image = render([path], [own])
    assert image.shape == (SIZE, SIZE, 4)
    assert image[0, 0].tolist() == [0, 0, 0, 0]
    assert image[16, 16].tolist() == pytest.approx(colour.tolist())  # straight alpha
    (image * torch.rand(image.shape, generator=torch.Generator().manual_seed(0))).sum().backward()
    for leaf in leaves:
        assert leaf.grad is not None and float(leaf.grad.abs().sum()) > 0


def test_edges_are_the_mean_of_their_places() -> None:
    """As pydiffvg's samples: straight colours where anything is, black where nothing is."""
    half = pydiffvg.Rect(torch.tensor([8.0, 8.5]), torch.tensor([24.0, 24]))
    image = render([half], [group(0, fill=torch.tensor([1.0, 0.5, 0, 0.6]))])
    assert image[8, 16].tolist() == pytest.approx([0.5, 0.25, 0, 0.3])
    assert image[12, 16].tolist() == pytest.approx([1, 0.5, 0, 0.6])


def test_stroke_width_is_half_the_pen_and_the_fill_lies_over_it() -> None:
    line = pydiffvg.Path(torch.tensor([0]), torch.tensor([[4.0, 16], [28, 16]]), False, torch.tensor(3.0))
    ink = render([line], [group(0, fill=None, stroke_color=BLACK)])[:, 16, 3]
    assert float(ink.sum()) == pytest.approx(6.0, abs=1e-4)
    path = blob()
    path.stroke_width = torch.tensor(3.0)
    red = torch.tensor([1.0, 0, 0, 1])
    image = render([path], [group(0, fill=red, stroke_color=BLACK)])
    assert image[16, 10].tolist() == red.tolist() and image[16, 6].tolist() == BLACK.tolist()


def test_zero_one_or_two_control_points_a_segment() -> None:
    points = torch.tensor([[4.0, 4], [28, 4], [28, 16], [28, 28], [20, 31], [10, 25], [4, 28]])
    image = render([pydiffvg.Path(torch.tensor([0, 1, 2, 0]), points, True)], [group(0)])
    assert float(image[..., 3].sum()) == pytest.approx(24 * 24, rel=0.05)


def test_even_odd_is_the_default() -> None:
    shapes = [
        pydiffvg.Circle(torch.tensor(12.0), torch.tensor([16.0, 16])),
        pydiffvg.Circle(torch.tensor(5.0), torch.tensor([16.0, 16])),
    ]
    assert float(render(shapes, [group(0, 1)])[16, 16, 3]) == 0
    assert float(render(shapes, [group(0, 1, use_even_odd_rule=False)])[16, 16, 3]) == 1


def test_every_kind_of_shape_has_its_area() -> None:
    circle = pydiffvg.Circle(torch.tensor(8.0), torch.tensor([16.0, 16]))
    ellipse = pydiffvg.Ellipse(torch.tensor([10.0, 5.0]), torch.tensor([16.0, 16]))
    rect = pydiffvg.Rect(torch.tensor([4.0, 6]), torch.tensor([20.5, 9]))
    triangle = pydiffvg.Polygon(torch.tensor([[4.0, 4], [24, 4], [4, 14]]), True)
    for shape, area in ((circle, math.pi * 64), (ellipse, math.pi * 50), (rect, 49.5), (triangle, 100)):
        assert float(render([shape], [group(0)])[..., 3].sum()) == pytest.approx(area, rel=5e-3)


def test_copies_are_their_own() -> None:
    path, own = blob(), group(0)
    path.points.requires_grad = True
    other, theirs = copy.deepcopy([path])[0], copy.deepcopy([own])[0]
    other.stroke_width, theirs.fill_color = torch.FloatTensor([0]), torch.ones(4)
    assert torch.equal(render([other], [theirs])[..., 3], render([path], [own])[..., 3])
    assert float(own.fill_color[0]) == 0


def test_gradients_of_colour() -> None:
    ends = torch.tensor([[1.0, 0, 0, 1], [0, 0, 1.0, 1]]).requires_grad_()
    linear = pydiffvg.LinearGradient(torch.tensor([8.0, 0]), torch.tensor([24.0, 0]), torch.tensor([0.0, 1]), ends)
    image = render([blob()], [group(0, fill=linear)])
    assert image[16, 15].tolist() == pytest.approx([1 - 7.5 / 16, 0, 7.5 / 16, 1], abs=1e-5)
    radial = pydiffvg.RadialGradient(torch.tensor([16.0, 16]), torch.tensor([8.0, 4.0]), torch.tensor([0.0, 1]), ends)
    image = render([blob()], [group(0, fill=radial)])
    assert image[16, 21].tolist() == pytest.approx(
        [1 - math.hypot(5.5 / 8, 0.125), 0, math.hypot(5.5 / 8, 0.125), 1], abs=1e-5
    )
    image.sum().backward()
    assert ends.grad is not None and float(ends.grad.abs().min(dim=0).values[3]) > 0


def test_backgrounds_and_other_sizes() -> None:
    white = torch.ones(SIZE, SIZE, 4)
    image = render([blob()], [group(0, fill=torch.tensor([0.0, 0, 0, 0.5]))], background=white)
    assert image[16, 16].tolist() == [0.5, 0.5, 0.5, 1] and image[0, 0].tolist() == [1, 1, 1, 1]
    large = render([blob()], [group(0)], 64, 96)
    assert large.shape == (96, 64, 4)
    assert float(large[..., 3].sum()) == pytest.approx(6 * float(render([blob()], [group(0)])[..., 3].sum()), rel=2e-3)
    assert float(render([], []).abs().max()) == 0


def test_filters_keep_the_ink() -> None:
    exact = render([blob()], [group(0)])[..., 3]
    for kind, radius in (("box", 1.0), ("tent", 1.0), ("parabolic", 1.0), ("hann", 1.5)):
        pixel = pydiffvg.PixelFilter(pydiffvg.FilterType[kind], torch.tensor(radius))
        blurred = render([blob()], [group(0)], filter=pixel)[..., 3]
        assert float(blurred.sum()) == pytest.approx(float(exact.sum()), rel=1e-3)
        assert ((blurred > 0) & (blurred < 1)).sum() > ((exact > 0) & (exact < 1)).sum()


def test_signed_distances() -> None:
    circle = pydiffvg.Circle(torch.tensor(8.0, requires_grad=True), torch.tensor([16.0, 16]))
    how = {"output_type": pydiffvg.OutputType.sdf}
    places = torch.tensor([[16.0, 4.0], [19.0, 16.0]])
    at = render([circle], [group(0)], eval_positions=places, **how)
    assert at.detach().numpy() == pytest.approx(np.array([[4.0], [-5.0]]), abs=0.02)
    at.sum().backward()
    assert float(circle.radius.grad) == pytest.approx(-2, abs=0.02)
    image = render([circle], [group(0, fill=None, stroke_color=BLACK)], **how)
    assert image.shape == (SIZE, SIZE, 1) and float(image.detach().min()) >= 0


def test_files_come_back_as_they_were(tmp_path: Path) -> None:
    path = blob()
    path.stroke_width = torch.tensor(1.25)
    turned = torch.tensor([[0.8, -0.6, 8.0], [0.6, 0.8, -5.0], [0, 0, 1]])
    ramp = torch.tensor([[1.0, 0, 0, 1], [0, 0, 1, 0.4]])
    radial = pydiffvg.RadialGradient(torch.tensor([16.0, 16]), torch.tensor([9.0, 6]), torch.tensor([0.0, 1]), ramp)
    shapes = [
        path,
        pydiffvg.Rect(torch.tensor([3.0, 4]), torch.tensor([20.0, 9])),
        pydiffvg.Circle(torch.tensor(5.0), torch.tensor([20.0, 20])),
        pydiffvg.Path(torch.tensor([1]), torch.tensor([[2.0, 30], [16, 20], [30, 30]]), False, torch.tensor(0.75)),
    ]
    groups = [
        group(0, fill=torch.tensor([0.2, 0.4, 0.6, 0.5]), stroke_color=torch.tensor([1.0, 0, 0.2, 0.8])),
        group(1, fill=torch.tensor([0.8, 0.4, 0.2, 1.0]), shape_to_canvas=turned),
        group(2, fill=radial),
        group(3, fill=None, stroke_color=BLACK),
    ]
    pydiffvg.save_svg(str(tmp_path / "a.svg"), SIZE, SIZE, shapes, groups)
    text = (tmp_path / "a.svg").read_text()
    assert 'stroke-width="2.5"' in text and 'stroke-width="1.5"' in text
    width, height, read, read_groups = pydiffvg.svg_to_scene(str(tmp_path / "a.svg"))
    assert (width, height) == (SIZE, SIZE)
    assert float(read[0].stroke_width) == 1.25
    assert (render(read, read_groups) - render(shapes, groups)).abs().max() < 0.02


HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 32 32">'
SVG = (
    HEAD
    + """<style>.own {{ fill: #00f; stroke: none }}</style>
<defs><linearGradient id="a"><stop offset="0" stop-color="red"/>
<stop offset="100%" style="stop-color:lime;stop-opacity:.5"/></linearGradient>
<linearGradient id="b" xlink:href="#a" x1="0" x2="1"/></defs>
<g fill="red" stroke="black" stroke-width="2" transform="translate(2 3)" opacity="0.5">
  <path d="M0 0 h10 v10 h-10 z M2 2 l3 0 0 3z" fill-rule="evenodd"/>
  <polyline points="1,1 5,5 9,1" class="own"/>
  <ellipse cx="20" cy="20" rx="5" ry="3" fill="url(#b)" style="stroke:none"/>
</g>
{more}
</svg>
"""
)


def test_files_of_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "b.svg").write_text(SVG.format(more='<line x1="1" y1="2" x2="3" y2="4" stroke="rgb(0,128,255)"/>'))
    _, _, shapes, groups = pydiffvg.svg_to_scene(str(tmp_path / "b.svg"))
    assert [type(shape).__name__ for shape in shapes] == ["Path", "Path", "Polygon", "Ellipse", "Polygon"]
    assert [own.shape_ids.tolist() for own in groups] == [[0, 1], [2], [3], [4]]
    assert groups[0].use_even_odd_rule and not groups[1].use_even_odd_rule
    assert groups[0].fill_color.tolist() == [1, 0, 0, 0.5] and groups[0].stroke_color.tolist() == [0, 0, 0, 0.5]
    assert shapes[0].points[0].tolist() == [2, 3] and float(shapes[0].stroke_width) == 1
    assert groups[1].fill_color.tolist() == [0, 0, 1, 0.5] and groups[1].stroke_color is None
    linear = groups[2].fill_color
    assert linear.begin.tolist() == [17, 20] and linear.end.tolist() == [27, 20]
    assert linear.stop_colors.tolist() == [[1, 0, 0, 0.5], [0, 1, 0, 0.25]]
    assert groups[3].stroke_color.tolist() == pytest.approx([0, 128 / 255, 1, 1])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('<circle cx="1" r="many"/>', r"line 10: <circle> r must be a number, not 'many'"),
        ('<circle cx="1"/>', r"line 10: <circle> has no r"),
        ('<path d="M0 0 L1 1" fill="blurple"/>', r"line 10: <path> fill 'blurple' is no colour"),
        ('<rect width="2" height="2" fill="url(#none)"/>', r"line 10: <rect> fill refers to 'none'"),
        ('<polygon points="1 2 x"/>', r"line 10: <polygon> points must be pairs of numbers"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, more: str, message: str) -> None:
    (tmp_path / "c.svg").write_text(SVG.format(more=more))
    with pytest.raises(ValueError, match=message):
        pydiffvg.svg_to_scene(str(tmp_path / "c.svg"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("<text>a</text>", "line 10: <text> is not supported"),
        ('<g filter="url(#x)"/>', "line 10: <g> filter is not supported"),
        ('<use href="#x"/>', "line 10: <use> is not supported"),
        ('<g style="mix-blend-mode: multiply"/>', "line 10: <g> mix-blend-mode is not supported"),
        (
            '<g stroke="red" stroke-dasharray="4 2"><path d="M0 0L9 9"/></g>',
            "line 10: <path> stroke-dasharray '4 2' is not supported: strokes are whole",
        ),
    ],
)
def test_what_is_left_out_is_named(tmp_path: Path, more: str, message: str) -> None:
    (tmp_path / "d.svg").write_text(SVG.format(more=more))
    with pytest.warns(UserWarning, match=message):
        pydiffvg.svg_to_scene(str(tmp_path / "d.svg"))


def test_what_is_hidden_is_not_drawn(tmp_path: Path) -> None:
    drawn = []
    for more in ("", '<g visibility="hidden"><path d="M0 0L9 9L0 9Z"/></g>', '<path d="M0 0L9 9L0 9Z"/>'):
        (tmp_path / "e.svg").write_text(SVG.format(more=more))
        drawn.append(len(pydiffvg.svg_to_scene(str(tmp_path / "e.svg"))[3]))
    assert drawn == [drawn[0], drawn[0], drawn[0] + 1]


def test_wrong_scenes_are_named() -> None:
    path = blob()
    path.points[3, 1] = torch.nan
    with pytest.raises(ValueError, match=r"shapes\[0\].contours\[0\].points\[3, 1\] is nan"):
        render([path], [group(0)])
    with pytest.raises(ValueError, match=r"points must be \[12, 2\], not \[11, 2\]"):
        render([pydiffvg.Path(torch.tensor([2] * 4), ROUND[1:], True)], [group(0)])
    with pytest.raises(ValueError, match="background_image must be"):
        render([blob()], [group(0)], background=torch.ones(4, 4, 3))


def test_images_are_written(tmp_path: Path) -> None:
    pydiffvg.imwrite(torch.full((2, 3, 3), 0.25), str(tmp_path / "new" / "a.png"), gamma=2.0)
    assert np.array(Image.open(tmp_path / "new" / "a.png")).tolist() == [[[127] * 3] * 3] * 2
    pydiffvg.imwrite(torch.tensor([[0.0, 2.0]]), str(tmp_path / "b.png"), gamma=1.0)
    assert np.array(Image.open(tmp_path / "b.png")).tolist() == [[0, 255]]


PROGRAM = """
import sys
import pydiffvg
import diffvg
assert sys.argv == ["program.py", "--steps", "3"], sys.argv
pydiffvg.set_use_gpu(False)
pydiffvg.set_print_timing(False)
assert diffvg.FilterType.box is pydiffvg.FilterType.box
assert pydiffvg.get_device().type == "cpu"
tops = {name.split(".")[0] for name in sys.modules}
assert not tops & {"pydantic", "shapely", "skimage", "torchvision", "vpype"}, tops
print("ran")
"""


def test_a_program_runs_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "plotart.compat", "program.py", "--steps", "3"]
    where = {"PYTHONPATH": str(Path(plotart.compat.__file__).parents[2])}
    ran = subprocess.run(command, cwd=tmp_path, env=where, capture_output=True, text=True, check=False)
    assert ran.stdout == "ran\n", ran.stderr


def test_another_pydiffvg_is_not_pushed_aside(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pydiffvg", sys)
    with pytest.raises(ImportError, match="pydiffvg has been imported already"):
        plotart.compat.install()
