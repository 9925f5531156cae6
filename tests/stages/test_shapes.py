"""Stages of filled shapes: hatching with pens, moving idle shapes, swapping, and fits on a share of the pixels."""

import math

import numpy as np
import pytest
import torch
from shapely import Polygon, area, box, intersection

from plotart.core.canvas import Canvas, page
from plotart.core.color import ciede2000, hex_to_rgb, to_lab
from plotart.core.errors import InputError
from plotart.core.geometry import lengths
from plotart.drawing import Drawing
from plotart.drawing.ink import Add, Average, Multiply, Over, Penned
from plotart.drawing.primitives.circles import Circles, CirclesSpec
from plotart.drawing.primitives.splats import SplatsSpec
from plotart.drawing.render import renderer
from plotart.objectives import Frame, ObjectiveContext
from plotart.objectives.pixels import Pixels, PixelsSpec
from plotart.objectives.transforms import Transform
from plotart.pens import Pen, PenSet
from plotart.plot.regions import regions
from plotart.plot.written import written
from plotart.stages import Context, evaluate
from plotart.stages.fit import Fit
from plotart.stages.hatch import Hatch, tones, visible
from plotart.stages.quantize import Quantize
from plotart.stages.regrow import Regrow, missed
from plotart.stages.reorder import Reorder

CANVAS = Canvas(page("60x60mm"), 5.0)
SIZE = 48
PENS = PenSet(
    name="three",
    source="test",
    pens=(
        Pen(name="red", hex="#d62728", tip_mm=0.4),
        Pen(name="green", hex="#2ca02c", tip_mm=0.4),
        Pen(name="black", hex="#1a1a1a", tip_mm=0.4),
    ),
)


class Lines:
    """A watch that keeps what it is told."""

    saved = None

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)

    def __getattr__(self, name):
        return lambda *given: None


def circles(centre, radius, width=0.008, marks="hatch"):
    return Circles(torch.tensor(centre), torch.tensor(radius), torch.full((len(radius),), width), marks)


def context(target, pens=PENS, seed=0, **objective):
    size = CANVAS.pixels(SIZE)
    made = PixelsSpec(image="", **objective).build(ObjectiveContext(canvas=CANVAS, target=target, size=size))
    return Context(
        renderer("native", threads=1), {"pixels": made}, {"pixels": 1.0}, None, Transform(), SIZE, pens, len(pens.pens),
        torch.Generator().manual_seed(seed),
    )  # fmt: skip


def discs(*entries):
    """A drawing of opaque circles (x, y, radius, rgb), back to front."""
    shape = circles([list(e[:2]) for e in entries], [e[2] for e in entries])
    return Drawing(CANVAS, shape, Over(torch.tensor([e[3] for e in entries]), torch.ones(len(entries))))


RED, GREEN = (0.8392, 0.1529, 0.1569), (0.1725, 0.6275, 0.1725)
BOTH = discs((0.35, 0.5, 0.25, RED), (0.65, 0.5, 0.25, GREEN))


def picture_of(drawing):
    return renderer("native")(drawing, SIZE).detach()


def test_pieces_cover_the_canvas_once_in_the_colours_on_top():
    shape = [box(0, 0, 0.6, 0.6), box(0.4, 0.4, 1, 1)]
    ink = Over(torch.tensor([[1.0, 0, 0], [0, 0, 1.0]]), torch.tensor([1.0, 0.5]))
    pieces, colours = regions(shape, ink.laid_on, torch.ones(3), box(0, 0, 1, 1), 1e-6)
    assert float(area(pieces).sum()) == pytest.approx(1)
    found = {tuple(c.tolist()): round(float(a), 4) for c, a in zip(colours, area(pieces), strict=True)}
    assert found == {(1, 1, 1): 0.32, (1, 0, 0): 0.32, (0.5, 0, 0.5): 0.04, (0.5, 0.5, 1): 0.32}
    for i in range(len(pieces)):
        for j in range(i):
            assert float(area(intersection(pieces[i], pieces[j]))) < 1e-9


@pytest.mark.parametrize("ink", ["average", "add", "multiply"])
def test_pieces_are_what_the_renderer_shows(ink):
    rgb = torch.tensor([[0.8, 0.3, 0.3], [0.2, 0.4, 0.9]])
    made = {"average": Average(rgb, torch.tensor([0.0, 3.0])), "add": Add(-rgb), "multiply": Multiply(rgb)}[ink]
    drawing = Drawing(CANVAS, circles([[0.4, 0.5], [0.6, 0.5]], [0.25, 0.25]), made)
    image = picture_of(drawing)[0]
    pieces, colours = visible(drawing, image[None], 1e-6)
    assert len(pieces) == (3 if ink == "average" else 4)
    for piece, colour in zip(pieces, colours, strict=True):
        spot = piece.representative_point()
        shown = image[:, int(spot.y * SIZE), int(spot.x * SIZE)]
        assert float((shown - colour.detach()).abs().max()) < 0.06


def test_tones_of_no_ink_are_paper_and_of_all_lines_the_pen():
    levels, lab = tones(list(PENS.pens[:2]), torch.ones(3))
    assert len(levels) == 81
    np.testing.assert_allclose(lab[(levels == 0).all(1)][0], to_lab(np.ones(3)), atol=0.01)
    full = lab[(levels == [8, 0]).all(1)][0]
    np.testing.assert_allclose(full, to_lab(hex_to_rgb("#d62728")), atol=0.1)


def test_hatched_discs_have_their_pens_where_they_show():
    hatched = Hatch()(BOTH, context(picture_of(BOTH)), watch=Lines())
    assert isinstance(hatched.ink, Penned)
    assert sorted(pen.name for pen in hatched.ink.pens) == ["green", "red"]
    plot = written(hatched)
    tip = 0.4
    for layer, shown in zip(plot.layers, (0.25**2 * math.pi,) * 2, strict=True):
        ink_mm = float(lengths(layer.paths).sum())
        full = shown * CANVAS.mm_per_unit**2 / tip
        assert ink_mm == pytest.approx(full if layer.pen.name == "green" else 0.78 * full, rel=0.12)
    size = 240  # where a tip is wider than a pixel
    image, wanted = (renderer("native")(each, size).detach()[0] for each in (hatched, BOTH))
    for x, y in ((0.25, 0.5), (0.5, 0.5), (0.75, 0.5), (0.05, 0.05)):
        at = slice(int(y * size), int(y * size) + 12), slice(int(x * size), int(x * size) + 12)
        seen, there = (to_lab(i[:, at[0], at[1]].mean((1, 2)).double().numpy()) for i in (image, wanted))
        assert ciede2000(seen, there) < 12, (x, y)


def test_a_grey_of_one_pen_is_a_share_of_its_lines():
    grey = discs((0.5, 0.5, 0.4, (0.6, 0.6, 0.6)))
    black = PenSet(name="black", source="test", pens=PENS.pens[2:])
    hatched = Hatch()(grey, context(picture_of(grey), black), watch=Lines())
    disc = math.pi * (0.4 * CANVAS.mm_per_unit) ** 2
    share = float(lengths(written(hatched).layers[0].paths).sum()) * 0.4 / disc
    assert 0.5 < share < 0.8  # light 0.32 of the paper's, in linear light


def test_outlines_and_solid_fills_are_written_as_the_picture_shows_them():
    for marks in ("outline", "hatch"):
        shapes = circles([[0.3, 0.4], [0.7, 0.6]], [0.2, 0.15], marks=marks)
        drawing = Drawing(CANVAS, shapes, Over(torch.tensor([RED, GREEN]), torch.ones(2)))
        penned = Quantize()(drawing, context(picture_of(drawing)), watch=Lines())
        plot = written(penned)
        assert [layer.pen.name for layer in plot.layers] == ["green", "red"]
        from plotart.plot.rasterize import coverage_planes

        image = renderer("native")(penned, 200).detach()
        paper = coverage_planes(plot, CANVAS, 200)
        transmitted = torch.from_numpy(1 - paper).float()[None]
        on_paper = penned.ink.compose(transmitted, CANVAS.paper_rgb)
        assert float((image - on_paper).abs().mean()) < 0.01
        assert float((1 - image).mean()) == pytest.approx(float((1 - on_paper).mean()), rel=0.05)


def test_idle_shapes_move_to_what_is_missed():
    target = picture_of(discs((0.25, 0.25, 0.15, RED), (0.75, 0.75, 0.2, GREEN)))
    hidden = discs((0.25, 0.25, 0.05, GREEN), (0.25, 0.25, 0.15, RED))
    worth, error = missed(hidden, target)
    assert abs(float(worth[0])) < 0.1
    assert float(worth[1]) > 10
    assert int(error.argmax()) // SIZE > SIZE / 2
    moved = Regrow(share=0.5)(hidden, context(target), watch=Lines())
    assert float((moved.primitive.centre[1].detach() - torch.tensor([0.75, 0.75])).norm()) < 0.1
    assert evaluate(moved, context(target)).total < 0.7 * evaluate(hidden, context(target)).total
    np.testing.assert_allclose(moved.primitive.centre[0].detach(), [0.25, 0.25])


def test_worth_of_a_splat_in_average_is_what_removing_it_costs():
    spec = SplatsSpec(count=3, radius=0.4)
    shapes = spec.build(CANVAS, 0.01, torch.Generator().manual_seed(0))
    ink = Average(torch.rand(3, 3, generator=torch.Generator().manual_seed(1)), torch.tensor([0.2, 1.0, 2.0]))
    drawing, target = Drawing(CANVAS, shapes, ink), torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator())
    worth, _ = missed(drawing, target)
    whole = float((picture_of(drawing) - target).square().sum())
    without = float((picture_of(drawing.subset(torch.tensor([0, 2]))) - target).square().sum())
    assert float(worth[1]) == pytest.approx(without - whole, rel=0.02)


def test_discs_in_the_wrong_order_change_places():
    target = picture_of(BOTH)
    wrong = BOTH.subset(torch.tensor([1, 0]))
    watch = Lines()
    right = Reorder(tries=5)(wrong, context(target), watch=watch)
    assert torch.equal(right.primitive.centre, BOTH.primitive.centre)
    assert evaluate(right, context(target)).total < 1e-8
    assert watch.lines == ["1 of 1 pairs changed places"]
    for spec in (Regrow(), Reorder()):
        refused = Drawing(CANVAS, BOTH.primitive, Multiply(torch.zeros(2, 3)))
        with pytest.raises(InputError, match="not circles in multiply"):
            spec(refused, context(target), watch=Lines())


@pytest.mark.parametrize("spec", [CirclesSpec(count=20), SplatsSpec(count=20), SplatsSpec(count=20, shape="dot")])
def test_a_fit_on_a_tenth_of_the_pixels_descends_the_whole_and_repeats(spec):
    target = picture_of(BOTH)
    ends = []
    for _ in range(2):
        generator = torch.Generator().manual_seed(3)
        shapes = spec.build(CANVAS, 0.01, generator)
        drawing = Drawing(CANVAS, shapes, Over(torch.rand(20, 3, generator=generator), torch.full((20,), 0.8)))
        first = evaluate(drawing, context(target)).total
        fit = Fit(steps=60, pixels_share=0.1, softness=4)
        ends.append(fit(drawing, context(target), watch=Lines()))
    assert evaluate(ends[0], context(target)).total < 0.4 * first
    assert all(torch.equal(a, b) for a, b in zip(ends[0].parameters(), ends[1].parameters(), strict=True))


def test_a_background_is_learned_and_weights_say_what_counts():
    target = torch.zeros(1, 3, SIZE, SIZE)
    target[:, 1] = 0.6
    ink = Over(torch.zeros(1, 3), torch.zeros(1), torch.full((3,), 0.5), learned=True)
    drawing = Drawing(CANVAS, circles([[0.5, 0.5]], [0.1]), ink)
    fitted = Fit(steps=100, schedule="cosine")(drawing, context(target), watch=Lines())
    np.testing.assert_allclose(fitted.ink.background.detach(), [0, 0.6, 0], atol=0.02)
    weights = torch.zeros(1, 1, SIZE, SIZE)
    weights[..., : SIZE // 4] = 4.0
    judged = Pixels(target, "srgb", weights=weights)
    image = target.clone()
    image[..., SIZE // 2 :] = 1.0
    assert float(judged(Frame(image))) == 0
    image[..., : SIZE // 4] += 0.1
    assert float(judged(Frame(image))) == pytest.approx(0.01, rel=1e-4)
    pixels = torch.tensor([0, SIZE - 1])
    some = Frame(image.flatten(2)[:, :, None, pixels], pixels=pixels)
    assert float(judged(some)) == pytest.approx(0.02, rel=1e-4)


def test_polygons_of_shapes_hold_their_area():
    shapes = circles([[0.5, 0.5]], [0.2])
    (found,) = shapes.areas()
    assert isinstance(found, Polygon)
    assert found.area == pytest.approx(float(shapes.area()), rel=2e-3)
