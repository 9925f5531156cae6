"""Fits that look at one square of the canvas a step: the same picture, the same slopes, and nothing else moves."""

import pytest
import torch

from plotart.core.canvas import Canvas, Window, page
from plotart.core.errors import InputError
from plotart.core.registry import Registry
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.drawing.render import renderer
from plotart.objectives.penalties import OffPage
from plotart.objectives.pixels import Pixels
from plotart.objectives.transforms import Transform
from plotart.pens import load_pens
from plotart.stages import Context, Silent, evaluate, judge
from plotart.stages.crops import Crops
from plotart.stages.fit import Fit
from plotart.stages.lazy_adam import LazyAdam
from plotart.stages.lighten import worth

CANVAS = Canvas(page("90x60mm"), 5.0)
SIZE = 100
PIXELS = CANVAS.pixels(SIZE)


class Watching(Silent):
    def __init__(self, stop_after=None, saved=None):
        self.saved, self.left, self.state = saved, stop_after, None

    def checkpoint(self, state):
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.state = state()
                raise KeyboardInterrupt


def drawing(count=200):
    strokes = StrokesSpec(count=count, radius=0.1).build(CANVAS, 0.02, torch.Generator().manual_seed(0))
    return Drawing(CANVAS, strokes, Penned(load_pens("#1a1a1a,#d62728").pens, torch.arange(count) % 2))


def context(objective=None):
    ramp = torch.linspace(0.2, 1, PIXELS[1]).expand(1, 3, *PIXELS).clone()
    objective = objective or Pixels(ramp, "linear", (0.0, 2.0))
    return Context(
        renderer=renderer("native", threads=1),
        objectives={objective.kind: objective},
        weights={objective.kind: 1.0},
        network=None,
        transform=Transform(),
        size=SIZE,
        pens=load_pens("#1a1a1a,#d62728"),
        pen_count=2,
        generator=torch.Generator().manual_seed(1),
    )


def test_a_window_shows_the_pixels_and_the_slopes_of_the_whole():
    whole, window = drawing(), Window(30, 40, 50, 64)
    draw = renderer("native", threads=1)
    target = torch.rand(1, 3, *PIXELS, generator=torch.Generator().manual_seed(3))
    image = window.of(draw(whole, SIZE))
    (image - window.of(target)).square().sum().backward()
    part, rows, scale = whole.window(window, SIZE)
    assert 10 < len(rows) < 120
    shown = draw(part, (window.height, window.width))
    assert float((shown - image).detach().abs().max()) < 0.02
    (shown - window.of(target)).square().sum().backward()
    slopes = torch.zeros_like(whole.primitive.points).index_copy_(0, rows, scale * part.primitive.points.grad)
    expected = whole.primitive.points.grad
    assert float((slopes - expected).norm() / expected.norm()) < 0.02
    assert part.canvas.mm_per_unit == pytest.approx(50 / SIZE * CANVAS.mm_per_unit)


def test_a_window_without_strokes_is_paper():
    part, _, _ = drawing(1).window(Window(0, 0, 30, 30), SIZE)
    assert float(renderer("native", threads=1)(part, (30, 30)).detach().min()) > 0.999


def test_lazy_adam_is_adam_for_rows_that_are_always_seen_and_leaves_the_others_alone():
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(6, 4, 2, generator=generator)
    lazy, plain, alone = (torch.nn.Parameter(start.clone()) for _ in range(3))
    ours, theirs, single = LazyAdam([lazy], lr=0.1), torch.optim.Adam([plain], lr=0.1), LazyAdam([alone], lr=0.1)
    for step in range(12):
        slope = torch.randn(6, 4, 2, generator=generator)
        plain.grad = slope.clone()
        theirs.step()
        lazy.grad = slope.clone()
        ours.step()
        # the same slopes, but for the last two rows only in the first steps
        alone.grad = slope.clone()
        if step >= 3:
            alone.grad[4:] = 0
        single.step()
        if step == 2:
            early = lazy.detach().clone()
    assert torch.allclose(lazy, plain, atol=1e-4)
    assert torch.equal(alone[:4], lazy[:4])
    assert torch.equal(alone[4:], early[4:])
    assert single.state[alone]["age"].tolist() == [12.0] * 4 + [3.0] * 2


@pytest.mark.parametrize(("size", "beyond"), [((100, 160), 10), ((61, 300), 10), ((200, 64), 500)])
def test_every_round_looks_at_nearly_every_place(size, beyond):
    crops, generator = Crops(size, 60, rim=8, beyond=beyond), torch.Generator().manual_seed(0)
    for _ in range(3):
        seen = torch.zeros(size, dtype=torch.int32)
        for _ in range(len(crops)):
            square = crops.next(generator)
            core = square.grown(-8).clipped(size)
            assert core.height > 0 and core.width > 0
            core.of(seen)[:] += 1
        assert not crops.waiting
        assert float((seen > 0).float().mean()) > 0.75  # squares move by up to half a pitch
    assert len({(crops.next(generator).top) for _ in range(40)}) > 5


def test_a_step_moves_only_strokes_in_its_square():
    start = drawing()
    fitted = Fit(steps=1, crop=40)(start, context(), watch=Watching())
    moved = (fitted.primitive.points != start.primitive.points).flatten(1).any(1)
    middle = start.primitive.points.detach().mean(1)[moved] * SIZE
    assert 5 < int(moved.sum()) < 100
    assert float((middle.amax(0) - middle.amin(0)).max()) < 40 + 30


def test_fit_by_crops_reaches_what_a_whole_fit_reaches():
    start = drawing()
    before = evaluate(start, context()).total
    whole = evaluate(Fit(steps=40)(start, context(), watch=Watching()), context()).total
    crops = evaluate(Fit(steps=240, crop=48)(start, context(), watch=Watching()), context()).total
    assert before - crops > 0.8 * (before - whole) > 0


def test_interrupted_fit_by_crops_ends_with_the_same_bytes():
    spec = Fit(steps=30, crop=48)
    whole = spec(drawing(), context(), watch=Watching())
    stopped = Watching(stop_after=17)
    with pytest.raises(KeyboardInterrupt):
        spec(drawing(), context(), watch=stopped)
    again = spec(drawing(), context(), watch=Watching(saved=stopped.state))
    assert torch.equal(again.primitive.points, whole.primitive.points)


def test_a_large_canvas_is_judged_in_windows_as_it_is_as_a_whole(monkeypatch):
    sharp = Pixels(torch.rand(1, 3, *PIXELS, generator=torch.Generator().manual_seed(3)), "srgb", (0.0,))
    whole = evaluate(drawing(), context(sharp))
    monkeypatch.setattr(judge, "WHOLE_PX", 4000)
    monkeypatch.setattr(judge, "TILE_PX", 32)
    parts = evaluate(drawing(), context(sharp))
    assert parts.total == pytest.approx(whole.total, rel=2e-3)
    assert parts.image.shape[2] * parts.image.shape[3] <= 4000 < whole.image.shape[2] * whole.image.shape[3]
    given = evaluate(drawing(), context(sharp), image=lambda window: window.of(whole.image))
    assert given.total == pytest.approx(whole.total, rel=1e-5)


def test_objectives_of_whole_drawings_are_refused():
    with pytest.raises(InputError, match=r"crop.*'page'"):
        Fit(steps=1, crop=40)(drawing(), context(OffPage()), watch=Watching())
    with pytest.raises(ValueError, match="block-adam"):
        Fit(crop=64, optimizer="block-adam")


def test_penalties_of_whole_drawings_are_the_ones_named():
    from plotart.objectives import ObjectiveContext, objectives

    assert isinstance(objectives, Registry)
    for name in ("ink", "ink_load", "strokes", "curvature", "page"):
        assert objectives[name]().build(ObjectiveContext(canvas=CANVAS)).local == (name == "ink_load")


def test_what_strokes_are_worth_on_a_large_canvas_is_found_in_windows(monkeypatch):
    whole = worth(drawing(), context())
    monkeypatch.setattr(judge, "WHOLE_PX", 4000)
    monkeypatch.setattr(judge, "TILE_PX", 32)
    parts = worth(drawing(), context())
    assert float((parts - whole).norm() / whole.norm()) < 0.15  # the blur ends at the windows
