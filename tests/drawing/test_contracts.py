"""What every primitive and every ink of the registries owes, each check shown to fail on a part that breaks it."""

import io
import random

import numpy as np
import pytest
import shapely
import torch
from shapely import LineString

from plotart.core.canvas import Canvas, page
from plotart.core.geometry import flatten
from plotart.drawing import Drawing
from plotart.drawing.ink import Add, Average, Choosing, Coded, Mean, Multiply, Over, Penned, inks
from plotart.drawing.primitives import primitives
from plotart.drawing.primitives.circles import Circles
from plotart.drawing.render import renderer
from plotart.pens import Pen

CANVAS = Canvas(page("100x120mm"), 0.0, paper="#f8f4e8")
PENS = [
    Pen(name="red", hex="#d02020", tip_mm=0.5),
    Pen(name="blue", hex="#2030d0", tip_mm=0.4, build_up=0.4, opacity=0.6),
]
SHEET = {"glyphs": 4, "columns": 2, "messages": {"kind": "symbols", "size": 4}}
SETTINGS = {
    "brushes": {"count": 8, "radius": 0.5, "widths": "free"},
    "circles": {"count": 8, "radius": 0.3},
    "classifier": {"points": 8, "units": 4},
    "dividers": {"count": 8, "shape": "both"},
    "glyphs": {**SHEET, "count": 2},
    "paths": {"count": 8, "radius": 0.3},
    "rasters": SHEET,
    "spheres": {"count": 8, "radius": 0.4},
    "splats": {"count": 8, "radius": 0.3, "harmonics": 2},
    "splines": {"count": 6, "radius": 0.4},
    "strokes": {"count": 8, "radius": 0.5},
    "tones": {"size": 24},
}
NO_PATHS = ("classifier", "dividers", "rasters", "spheres", "tones")
"""Dividers have no inside, rasters are pixels: their own tests compare what pens draw of them. Tones are not drawn."""


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def primitive(kind):
    made = primitives[kind].model_validate(SETTINGS[kind]).build(CANVAS, 0.03, rng(), pens=2)
    if kind == "tones":
        with torch.no_grad():
            made.spectrum.mul_(100)
    if kind == "splats":
        with torch.no_grad():
            made.bend.copy_(0.1 * torch.randn(made.bend.shape, generator=rng(1)))
    return made


def ink(kind, count):
    rgb, share = torch.rand(count, 3, generator=rng(2)), 0.2 + 0.7 * torch.rand(count, generator=rng(3))
    ground = torch.tensor([0.2, 0.5, 0.7])
    return {
        "over": lambda: Over(rgb, share, ground, learned=True),
        "multiply": lambda: Multiply(rgb),
        "average": lambda: Average(rgb, 4 * share, ground, learned=True),
        "add": lambda: Add(rgb - 0.5, ground, learned=True),
        "mean": lambda: Mean(rgb - 0.5, ground, learned=True),
        "choosing": lambda: Choosing(PENS, torch.randn(count, 2, generator=rng(4))),
        "penned": lambda: Penned(PENS, torch.arange(count) % 2),
        "coded": lambda: Coded.start(count, 6, rng(5)),
    }[kind]()


def goes_with(shapes, kind):
    if shapes.divides or kind == "coded":
        return shapes.divides and kind == "coded"
    if shapes.kind == "classifier":
        return kind == "multiply"
    if shapes.kind == "spheres":
        return kind == "over"
    if shapes.kind in ("glyphs", "rasters", "tones"):
        return kind == "penned"
    return (shapes.filled and shapes.kind != "paths") or kind not in ("average", "add", "mean")


PAIRS = [(p, i) for p in SETTINGS for i in inks if goes_with(primitives[p].model_validate(SETTINGS[p]).build(
    CANVAS, 0.03, rng(), pens=2), i)]  # fmt: skip


def scene(shapes, kind):
    return Drawing(CANVAS, shapes, ink(kind, len(shapes)))


def points(count=2000):
    return torch.rand(count, 2, generator=rng(6)) * torch.tensor([1.0, 1.2])


# The checks. Each takes a part and asserts what it owes.


def coverage_lies_in_0_to_1(shapes):
    covered = shapes.coverage(points()).detach()
    assert covered.shape == (len(shapes), 2000)
    assert float(covered.min()) >= 0
    assert 0.5 < float(covered.max()) <= 1


def every_parameter_hears_the_image(drawing):
    for name in ("native", "reference"):
        drawing.zero_grad()
        image = renderer(name, threads=1)(drawing, 32)
        (image * torch.rand(image.shape, generator=rng(7))).sum().backward()
        for which, parameter in drawing.named_parameters():
            assert parameter.grad is not None, (name, which)
            assert bool(parameter.grad.isfinite().all()), (name, which)
            assert bool((parameter.grad != 0).any()), (name, which)


def there_is_a_path_for_each(shapes):
    assert len(shapes.paths()) == len(shapes.marks()) == len(shapes)
    for path in shapes.paths():
        assert path.shape[0] % 3 == 1
        assert np.isfinite(path).all()


def paths_lie_where_coverage_says(shapes):
    inside = (shapes.coverage(points()) > 0.5).numpy()
    where = shapely.points(points().double().numpy())
    areas = shapes.areas() if shapes.filled else []
    for i, path in enumerate(shapes.paths()):
        drawn_area = areas[i] if areas else LineString(flatten(path, 1e-3)).buffer(float(shapes.width[i]) / 2)
        drawn = shapely.contains(drawn_area, where)
        assert (drawn & inside[i]).sum() >= 0.9 * (drawn | inside[i]).sum() > 0, i


def backends_agree(drawing):
    images = [renderer(name, threads=1)(drawing, 48).detach() for name in ("native", "reference")]
    assert float((images[0] - images[1]).abs().max()) < 3e-3
    assert float(images[0].std()) > 0.01


def image_is_a_picture(drawing):
    image = renderer("native", threads=1)(drawing, 24).detach()
    assert image.shape == (1, 3, *CANVAS.pixels(24))
    assert -1e-5 <= float(image.min()) <= float(image.max()) <= 1 + 1e-5


def content(part):
    held = io.BytesIO()
    torch.save(part.pack(), held)
    return held.getvalue()


def packed_parts_are_the_same(part):
    kept = content(part)
    again = type(part).unpack(torch.load(io.BytesIO(kept), weights_only=True))
    assert content(again) == kept
    for name, value in part.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    assert {k: v for k, v in vars(again).items() if isinstance(v, str | float | tuple)} == {
        k: v for k, v in vars(part).items() if isinstance(v, str | float | tuple)
    }


def parts_of_parts_are_the_same(part):
    rows = torch.tensor([3, 0, 2])
    again = type(part).joined([part.subset(rows[:1]), part.subset(rows[1:])])
    assert content(again) == content(part.subset(rows))


# Every part passes them.


def test_every_part_is_looked_at():
    assert set(SETTINGS) == set(primitives)
    assert {i for _, i in PAIRS} == set(inks)
    assert {p for p, _ in PAIRS} == set(primitives)


@pytest.mark.parametrize("kind", SETTINGS)
def test_primitives(kind):
    shapes = primitive(kind)
    coverage_lies_in_0_to_1(shapes)
    packed_parts_are_the_same(shapes)
    if kind not in NO_PATHS:
        there_is_a_path_for_each(shapes)
        paths_lie_where_coverage_says(shapes)
    if shapes.per_shape:
        parts_of_parts_are_the_same(shapes)


@pytest.mark.parametrize("kind", list(inks))
def test_inks(kind):
    made = ink(kind, 6)
    packed_parts_are_the_same(made)
    if made.per_shape:
        parts_of_parts_are_the_same(made)
    assert made.stroke_rgb().shape == (6, 3)
    assert made.strength().shape == (6,)
    assert bool(made.pens) == (kind in ("choosing", "penned"))
    if made.pens:
        assert made.settle().settled
        assert torch.equal(made.settle().stroke_rgb(), made.stroke_rgb())


@pytest.mark.parametrize(("shapes", "kind"), PAIRS)
def test_drawings(shapes, kind):
    drawing = scene(primitive(shapes), kind)
    image_is_a_picture(drawing)
    backends_agree(drawing)
    every_parameter_hears_the_image(drawing)
    whole = renderer("native")(drawing, 24).detach().flatten(2)
    some = torch.tensor([0, 5, 77, 600])
    torch.testing.assert_close(renderer("native")(drawing, 24, pixels=some)[0, :, 0].detach(), whole[0][:, some])


@pytest.mark.parametrize(("shapes", "kind"), [pair for pair in PAIRS if pair[1] != "coded"])
def test_without_presence_there_is_only_the_ground(shapes, kind):
    drawing = scene(primitive(shapes), kind)
    empty = renderer("native")(drawing, 16, presence=torch.zeros(len(drawing))).detach()
    assert float((empty - empty[..., :1, :1]).abs().max()) < 1e-5


@pytest.mark.parametrize("kind", ["over", "average", "add"])
def test_the_picture_without_a_shape_is_that_of_the_others(kind):
    made, covered, paper = ink(kind, 5), torch.rand(5, 9, generator=rng(8)), CANVAS.paper_rgb
    _, without = made.without_each(covered, paper)
    for i, image in enumerate(without):
        others = torch.tensor([k for k in range(5) if k != i])
        torch.testing.assert_close(image, made.subset(others).without_each(covered[others], paper)[0])


# And each of them can fail.


class Broken(Circles):
    """Circles with a fault."""

    def __init__(self, *values, fault="", **more):
        super().__init__(*values, **more)
        self.fault = fault

    def coverage(self, xy):
        return 1.5 * super().coverage(xy) if self.fault == "coverage" else super().coverage(xy)

    def field(self, xy, edge):
        covered = super().field(xy, edge)
        return covered.detach() + 0 * self.centre.sum() if self.fault == "deaf" else covered

    def boxes(self, edge):
        boxes = super().boxes(edge)
        return boxes[:, [0, 1, 0, 1]] if self.fault == "boxes" else boxes

    def paths(self):
        return super().paths()[1:] if self.fault == "missing" else super().paths()

    def areas(self):
        return (
            [shapely.affinity.translate(a, 0.2) for a in super().areas()] if self.fault == "paths" else super().areas()
        )

    def pack(self):
        kept = super().pack()
        if self.fault == "forgets":
            kept["marks"] = random.choice(["hatch", "outline"])
            kept["radius"] = torch.rand(len(self))
        return kept


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("coverage", coverage_lies_in_0_to_1),
        ("missing", there_is_a_path_for_each),
        ("paths", paths_lie_where_coverage_says),
        ("forgets", packed_parts_are_the_same),
        ("forgets", parts_of_parts_are_the_same),
        ("deaf", lambda shapes: every_parameter_hears_the_image(scene(shapes, "over"))),
        ("boxes", lambda shapes: backends_agree(scene(shapes, "over"))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_primitive_is_found(fault, check):
    whole = primitive("circles")
    values = (whole.centre, whole.radius, whole.width)
    check(Broken(*values))
    with pytest.raises(AssertionError):
        check(Broken(*values, fault=fault))


class TooBright(Over):
    def picture(self, seen, paper, presence=None):
        return 2 * super().picture(seen, paper, presence)


class Deaf(Over):
    def picture(self, seen, paper, presence=None):
        return seen.over(self.rgb.detach(), self.opacity, self.ground_on(paper))


class Forgetful(Over):
    @classmethod
    def unpack(cls, state):
        return cls(state["rgb"], state["opacity"])


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (TooBright, image_is_a_picture),
        (Deaf, every_parameter_hears_the_image),
        (Forgetful, lambda drawing: packed_parts_are_the_same(drawing.ink)),
    ],
)
def test_a_broken_ink_is_found(broken, check):
    for kind in (Over, broken):
        made = kind(torch.rand(8, 3, generator=rng(2)), torch.full((8,), 0.5), torch.ones(3) / 2, learned=True)
        drawing = Drawing(CANVAS, primitive("circles"), made)
        if kind is Over:
            check(drawing)
            continue
        with pytest.raises(AssertionError):
            check(drawing)


def test_an_unknown_form_of_a_shape_is_refused():
    class Hexagons(Circles):
        form_kind = "hexagon"

    whole = primitive("circles")
    with pytest.raises(ValueError, match="form must be one of circle, fourier, arc, dot, tanh, waves, not 'hexagon'"):
        renderer("native")(scene(Hexagons(whole.centre, whole.radius, whole.width), "over"), 16)
    splats = primitive("splats")
    with pytest.raises(ValueError, match="shape must be one of fourier, arc, dot, chosen, not 'cloud'"):
        type(splats).unpack({**splats.pack(), "shape": "cloud"})
