"""Drawings repeated over a larger page, or magnified: as much ink everywhere, in the same pens."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.core.geometry import bernstein, lengths
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.strokes import Strokes, StrokesSpec
from plotart.drawing.render import renderer
from plotart.pens import load_pens
from plotart.stages.enlarge import Tiling, magnify, repeat

SMALL = Canvas(page("70x90mm"), 5.0)
LARGE = Canvas(page("190x250mm"), 5.0)


def drawing(count=3000, canvas=SMALL, segments=1):
    generator = torch.Generator().manual_seed(0)
    spec = StrokesSpec(count=count, radius=0.06, segments=segments)
    strokes = spec.build(canvas, 0.5 / canvas.mm_per_unit, generator)
    return Drawing(canvas, strokes, Penned(load_pens("#1a1a1a,#d62728").pens, torch.arange(count) % 2))


def density(large, cells=(12, 9)):
    """Strokes per mm² on a grid of the page."""
    middle = large.canvas.to_mm(large.primitive.points.detach().mean(1).numpy())
    x0, y0, x1, y1 = large.canvas.rectangle
    counts, _, _ = np.histogram2d(middle[:, 1], middle[:, 0], bins=cells, range=[[y0, y1], [x0, x1]])
    return counts / ((x1 - x0) * (y1 - y0) / (cells[0] * cells[1]))


@pytest.mark.parametrize("tiles", [(3, 3), (4, 4)])
def test_repeated_strokes_lie_as_densely_at_the_seams_as_elsewhere(tiles):
    source = drawing()
    tiling = Tiling.of(SMALL, LARGE, tiles, 0.2)
    large = repeat(source, LARGE, tiling, torch.Generator().manual_seed(1))
    found = density(large)
    expected = len(source) / (60 * 80) / tiling.scale**2
    per_cell = expected * 180 * 240 / found.size
    assert np.abs(found / expected - 1).max() < 5 / per_cell**0.5 + 0.08
    assert found.mean() == pytest.approx(expected, rel=0.05)
    assert torch.allclose(large.primitive.width * LARGE.mm_per_unit, torch.tensor(0.5))
    assert 0.45 < float(large.ink.pen.float().mean()) < 0.55


def test_a_gap_between_patches_would_be_seen():
    """The same measure over pieces that do not meet: they are cut out of less than their patches."""
    tiling = replace(Tiling.of(SMALL, LARGE, (3, 3), 0.2), scale=0.2)
    found = density(repeat(drawing(), LARGE, tiling, torch.Generator().manual_seed(1)))
    assert np.abs(found / found.mean() - 1).max() > 0.5


def test_tiles_repeat_by_seed_and_differ_between_neighbours():
    square = Canvas(page("190x190mm"), 5.0)
    tiling = Tiling.of(SMALL, square, (3, 3), 0.1)
    assert len(tiling.orientations) == 8
    a, b, c = (repeat(drawing(300), square, tiling, torch.Generator().manual_seed(s)).primitive for s in (1, 1, 2))
    assert torch.equal(a.points, b.points)
    assert a.points.shape != c.points.shape or not torch.equal(a.points, c.points)


@pytest.mark.parametrize(
    ("area", "tiles", "scale", "count"),
    [
        ("190x250mm", (3, 3), 1.0, 8),
        ("130x90mm", (2, 1), 1.0, 8),
        ("130x90mm", (1, 1), 1.5, 8),  # lying, as the tile does
    ],
)
def test_pieces_are_cut_out_of_orientations_that_hold_them(area, tiles, scale, count):
    tiling = Tiling.of(SMALL, Canvas(page(area), 5.0), tiles, 0.15)
    assert tiling.scale == pytest.approx(scale)
    assert len(tiling.orientations) == count
    for orientation in tiling.orientations:
        across, down = (80, 60) if orientation & 4 else (60, 80)
        assert tiling.scale * across >= 1.15 * tiling.patch[0]
        assert tiling.scale * down >= 1.15 * tiling.patch[1]
    narrow = Tiling.of(Canvas(page("70x130mm"), 5.0), Canvas(page("130x70mm"), 5.0), (1, 1), 0.15)
    assert narrow.orientations == (4, 5, 6, 7)  # 60 mm are too narrow for pieces of 69 mm


@pytest.mark.parametrize("tiles", [(0, 2), (30, 40), (1, 1)])
def test_tiles_that_leave_nothing_of_the_drawing_are_refused(tiles):
    huge = Canvas(page("190x250mm" if max(tiles) > 1 else "1000x1300mm"), 5.0)
    with pytest.raises(InputError, match=rf"^tiles: .*{tiles[0]}x{tiles[1]}") as error:
        Tiling.of(SMALL, huge, tiles, 0.1)
    assert "\n" not in str(error.value)


def test_magnified_strokes_are_pieces_of_the_same_curves():
    source = drawing(5, segments=2)
    large = magnify(source, Canvas(page("130x170mm"), 5.0), (1, 3), torch.Generator())
    assert large.primitive.points.shape == (15, 7, 2)
    where = torch.stack(bernstein(torch.linspace(0, 1, 50)), dim=1)
    for number in range(5):
        curve = torch.cat([where @ source.primitive.points[number, k : k + 4] for k in (0, 3)]).detach()
        for piece in large.primitive.points[3 * number : 3 * number + 3].detach():
            on_it = torch.cat([where @ piece[k : k + 4] for k in (0, 3)])
            assert float(torch.cdist(on_it, curve).amin(dim=1).max()) < 0.002
    assert torch.equal(large.ink.pen, source.ink.pen.repeat_interleave(3))


def test_magnified_drawing_has_the_tones_of_the_small_one():
    source, canvas = drawing(400), Canvas(page("190x250mm"), 5.0)
    large = magnify(source, canvas, (3, 2), torch.Generator())
    draw = renderer("native", threads=1)
    assert canvas.mm_per_unit == 3 * SMALL.mm_per_unit
    small, big = draw(source, 96).detach(), draw(large, 288).detach()
    pooled = torch.nn.functional.avg_pool2d(big, 24), torch.nn.functional.avg_pool2d(small, 8)
    assert float((pooled[0] - pooled[1]).abs().mean()) < 0.01
    ink = [lengths(d.primitive.paths()).sum() * d.canvas.mm_per_unit for d in (source, large)]
    assert ink[1] == pytest.approx(9 * ink[0], rel=0.01)
    half = magnify(source, Canvas(page("100x130mm"), 5.0), (2, 2), torch.Generator())  # 1.5 times as large
    some = lengths(half.primitive.paths()).sum() * half.canvas.mm_per_unit
    assert some == pytest.approx(1.5**2 * ink[0], rel=0.06)
    assert isinstance(large.primitive, Strokes)
