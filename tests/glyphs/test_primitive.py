"""Glyphs and raster glyphs as primitives: smooth strokes in their cells, sheets, outlines where the coverage is."""

import pytest
import torch

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.drawing.render import View
from plotart.glyphs.glyphs import Glyphs, GlyphsSpec, StrokeGenerator
from plotart.glyphs.rasters import RasterGenerator, Rasters, RastersSpec
from plotart.glyphs.sheet import Sheet

CANVAS = Canvas(page("100x100mm"), 0)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def glyphs() -> Glyphs:
    spec = GlyphsSpec(messages={"kind": "symbols", "size": 7}, glyphs=7, columns=3, count=2, segments=3, hidden=32)
    return spec.build(CANVAS, 0.01, rng())


def test_strokes_have_no_corners_and_stay_in_the_padded_cell():
    generator = StrokeGenerator(16, 3, 4, 32, 0.1, apart=False)
    messages = 5 * torch.randn(50, 16, generator=rng())
    generator.start(messages, rng())
    points = generator(messages).detach()
    assert points.shape == (50, 3, 13, 2)
    assert float(points.min()) >= 0.1
    assert float(points.max()) <= 0.9
    for joint in (3, 6, 9):
        before, after = points[:, :, joint] - points[:, :, joint - 1], points[:, :, joint + 1] - points[:, :, joint]
        assert torch.allclose(before, after, atol=1e-6)


def test_first_glyphs_fill_their_cells_and_differ(glyphs):
    points = glyphs.generator(glyphs.messages).detach()
    assert float(points.std()) > 0.15
    assert float(torch.pdist(points.flatten(1)).min()) > 0.3


def test_strokes_that_start_apart_stay_about_their_homes_and_still_differ():
    generator = StrokeGenerator(16, 9, 2, 64, 0.0, apart=True)
    messages = torch.randn(200, 16, generator=rng())
    generator.start(messages, rng())
    points = generator(messages).detach()
    square = torch.arange(9)
    homes = torch.stack([(square % 3 + 0.5) / 3, (square // 3 + 0.5) / 3], dim=1)
    away = points.mean(2) - homes  # of each stroke's middle
    assert float(away.mean(0).norm(dim=1).max()) < 0.1
    assert float((away.abs().amax(2) < 0.25).float().mean()) > 0.95
    assert 0.05 < float(points.std(0).mean()) < 0.2


def test_sheet_places_glyph_m_in_cell_m(glyphs):
    points = glyphs.points.detach().view(7, 2, 10, 2)
    for m in range(7):
        inside = points[m] * 3 - torch.tensor([m % 3, m // 3])
        assert float(inside.min()) >= 0
        assert float(inside.max()) <= 1


def test_packed_glyphs_are_the_same_and_messages_can_be_exchanged(glyphs):
    again = Glyphs.unpack(glyphs.pack())
    assert torch.equal(again.points, glyphs.points)
    shown = glyphs.showing(glyphs.messages[[3]], 1)
    assert torch.allclose(shown.points, glyphs.points.view(7, 2, 10, 2)[3] * 3 - torch.tensor([0.0, 1.0]), atol=1e-5)
    assert torch.allclose(shown.width, glyphs.width[:2] * 3)


def test_sheet_cuts_and_lays_cells():
    sheet = Sheet(7, 3)
    cells = torch.rand(7, 3, 4, 4, generator=rng())
    assert torch.equal(sheet.cut(sheet.lay(cells)), cells)
    assert sheet.lay(cells).shape == (1, 3, 12, 12)
    assert sheet.pixels(96) == 32
    with pytest.raises(InputError, match="multiple of 3 px, such as 99, not 100"):
        sheet.pixels(100)


def test_raster_outlines_lie_where_coverage_passes_one_half():
    rasters = RastersSpec(messages={"kind": "normal", "size": 4}, glyphs=4, columns=2).build(
        CANVAS, 0.01, rng(), pens=2
    )
    with torch.no_grad():
        for layer in rasters.generator.layers[::3]:
            layer.weight.mul_(4)  # glyphs with strong edges, as trained ones have
    rims = rasters.rims()
    assert len(rims) == len(rasters) == 8
    outlines = [(shape, ring) for shape, rings in enumerate(rims) for ring in rings]
    assert outlines
    for shape, ring in outlines:
        cell = rasters.sheet.corners()[shape // 2]
        inner = torch.from_numpy(ring[::3]).float()
        local = (inner - cell) / rasters.sheet.cell
        inner = inner[((local > 0.02) & (local < 0.98)).all(1)]  # the border itself is cut
        if len(inner):
            assert torch.allclose(rasters.coverage(inner)[shape], torch.tensor(0.5), atol=0.02)

    covered = (rasters.generator(rasters.messages) > 0.5).float().mean((2, 3)).flatten() / 4
    assert float(covered.max()) > 0.02
    filled = torch.tensor([area.area for area in rasters.fills()])
    assert torch.allclose(filled, covered, atol=0.01)
    assert rasters.marks() == [[]] * 8


def test_packed_rasters_are_the_same():
    rasters = RastersSpec(glyphs=4, columns=2).build(CANVAS, 0.01, rng(), pens=1)
    again = Rasters.unpack(rasters.pack())
    assert torch.equal(again.planes(View((64, 64))).covered, rasters.planes(View((64, 64))).covered)
    one = rasters.showing(rasters.messages[:1], 1).planes(View((64, 64))).covered
    assert torch.allclose(rasters.planes(View((128, 128))).covered[:, :64, :64], one, atol=1e-6)


@pytest.mark.parametrize("side", [8, 32, 64, 100, 128])
def test_generated_pictures_have_the_side_that_was_asked_for(side):
    generator = RasterGenerator(5, 2, side)
    messages = torch.randn(64, 5, generator=rng())
    generator.start(messages, rng())
    made = generator.eval()(messages)
    assert made.shape == (64, 2, side, side)
    differ = made.detach().std(0).mean(0)  # messages reach all of the picture, fainter at its borders
    for edge in (differ[0], differ[-1], differ[:, 0], differ[:, -1]):
        assert float(edge.mean()) > 0.1 * float(differ.mean())


def test_packed_rasters_keep_their_side():
    rasters = RastersSpec(glyphs=4, columns=2, side=100).build(CANVAS, 0.01, rng(), pens=1)
    again = Rasters.unpack(rasters.pack())
    assert again.generator(again.messages).shape[-1] == 100
    assert all(ring.max() <= 1 for rings in again.rims() for ring in rings)
