"""What every primitive of the registry owes, with all its variants."""

import math

import numpy as np
import pytest
import torch
from shapely import LineString, Point, Polygon

from plotart.core.canvas import Canvas, page
from plotart.core.geometry import flatten
from plotart.drawing.primitives import primitives
from plotart.drawing.primitives.shapes import Shapes

CANVAS = Canvas(page("100x120mm"), 0)
VARIANTS = {
    "brushes": {
        "brushes": {"count": 6, "radius": 0.5},
        "brushes of any width": {"count": 6, "radius": 0.5, "widths": "free"},
    },
    "circles": {"circles": {"count": 6}, "circles outlined": {"count": 6, "marks": "outline"}},
    "dividers": {
        "lines": {"count": 6},
        "circles of dividers": {"count": 6, "shape": "circles"},
        "both": {"count": 6, "shape": "both"},
    },
    "paths": {"paths": {"count": 6}, "paths outlined": {"count": 6, "marks": "outline", "segments": 3}},
    "splats": {
        "splats": {"count": 6},
        "splats outlined": {"count": 6, "marks": "outline"},
        "splats streaked": {"count": 6, "streaks": 0.5},
        "splats of chosen kinds": {"count": 6, "shape": "chosen"},
        "splats with tanh edges": {"count": 6, "edge": "tanh"},
        "splats of waves alone": {"count": 6, "edge": "tanh", "rim": "waves"},
        "arcs": {"count": 6, "shape": "arc"},
        "dots": {"count": 6, "shape": "dot"},
    },
    "splines": {"splines": {"count": 6, "radius": 1.0}},
    "strokes": {"strokes": {"count": 6, "radius": 0.5}},
}
ALL = [(kind, name) for kind, named in VARIANTS.items() for name in named]


def build(kind, name, seed=0):
    spec = primitives[kind].model_validate(VARIANTS[kind][name])
    made = spec.build(CANVAS, 0.02, torch.Generator().manual_seed(seed))
    bend = getattr(made, "bend", None)
    if bend is not None and name in ("splats", "splats outlined", "splats streaked"):
        with torch.no_grad():
            bend.copy_(0.1 * torch.randn(bend.shape, generator=torch.Generator().manual_seed(1)))
    return made


def points(count=3000):
    return torch.rand(count, 2, generator=torch.Generator().manual_seed(5)) * torch.tensor([1.0, 1.2])


def test_every_primitive_that_stands_alone_is_covered_here():
    elsewhere = {"glyphs", "rasters", "tones"}  # made by a network: tests/glyphs; without lines: test_tones.py
    elsewhere |= {"classifier", "spheres"}  # the whole plane, two views: tests/stages/test_levels.py, test_project.py
    assert set(primitives) - elsewhere == set(VARIANTS)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_coverage_lies_in_0_to_1_and_every_parameter_hears_it(kind, name):
    made = build(kind, name)
    covered = made.field(points(), 0.02) if isinstance(made, Shapes) else made.coverage(points())
    assert covered.shape == (6, 3000)
    assert float(covered.detach().min()) >= 0
    assert float(covered.detach().max()) <= 1
    assert float(covered.detach().max(1).values.min()) > 0.2
    (covered * torch.rand(covered.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
    for which, parameter in made.named_parameters():
        if not parameter.numel():
            continue
        assert bool(parameter.grad.isfinite().all()), which
        if isinstance(made, Shapes):
            assert bool((parameter.grad.reshape(6, -1).abs().amax(1) > 0).all()), which
        assert bool((parameter.grad != 0).any()), which


# dividers have no inside: tests/primitives/test_dividers.py looks at both sides of their paths
@pytest.mark.parametrize(("kind", "name"), [case for case in ALL if case[0] != "dividers"])
def test_paths_lie_where_coverage_says(kind, name):
    made = build(kind, name)
    inside = (made.coverage(points()) > 0.5).numpy()
    assert len(made.paths()) == len(made.marks()) == len(made) == 6
    for i, path in enumerate(made.paths()):
        line = flatten(path, 1e-3)
        outlined = not made.filled or made.marks_as == "outline"
        area = LineString(line).buffer(0.01) if outlined else Polygon(line).buffer(0)
        drawn = np.array([area.contains(Point(xy)) for xy in points().numpy()])
        if "streaked" not in name:
            assert (drawn & inside[i]).sum() >= 0.9 * (drawn | inside[i]).sum(), i
        else:
            assert not (inside[i] & ~drawn).sum() > 0.02 * drawn.sum()


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_marks_and_fills_are_what_a_pen_draws(kind, name):
    made = build(kind, name)
    fills = made.fills()
    if not made.filled or made.marks_as == "outline":
        assert fills == []
        assert all(len(marks) == 1 for marks in made.marks())
        return
    assert len(fills) == 6
    assert not any(made.marks())
    np.testing.assert_allclose([area.area for area in fills], made.area().numpy(), rtol=0.01)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_packed_primitives_and_subsets_are_the_same(kind, name, tmp_path):
    made = build(kind, name)
    torch.save(made.pack(), tmp_path / "packed.pt")
    again = primitives[kind].makes.unpack(torch.load(tmp_path / "packed.pt", weights_only=True))
    assert torch.equal(again.coverage(points(50)), made.coverage(points(50)))
    two = made.subset(torch.tensor([4, 1]))
    assert torch.equal(two.coverage(points(50)), made.coverage(points(50))[[4, 1]])
    assert torch.equal(build(kind, name, 3).coverage(points(50)), build(kind, name, 3).coverage(points(50)))
    assert not torch.equal(build(kind, name, 3).coverage(points(50)), made.coverage(points(50)))


@pytest.mark.parametrize("name", ["circles", "splats"])
def test_places_by_error_gather_where_the_picture_is_busy(name):
    target = torch.zeros(1, 3, 60, 60)
    target[:, :, :, 30:] = torch.rand(1, 1, 60, 30, generator=torch.Generator().manual_seed(3)).round()
    spec = primitives[name].model_validate({"count": 100, "start": "error"})
    made = [spec.build(CANVAS, 0.01, torch.Generator().manual_seed(0), target=target) for _ in range(2)]
    assert torch.equal(made[0].centre, made[1].centre)
    assert float((made[0].centre[:, 0] > 0.5).float().mean()) > 0.8
    assert made[0].start_rgb.shape == (100, 3)
    apart = torch.cdist(made[0].centre.detach(), made[0].centre.detach()) + 9 * torch.eye(100)
    assert float(apart.min()) > 0.2 * math.sqrt(0.5 / 100)
    with pytest.raises(ValueError, match="needs a picture"):
        spec.build(CANVAS, 0.01, torch.Generator())


def test_chosen_kinds_are_told_by_their_corners():
    from plotart.drawing.primitives.splats import KINDS, Splats

    n = len(KINDS)
    made = Splats(
        torch.full((n, 2), 0.5), torch.zeros(n), torch.full((n, 2), 0.2), 5 * torch.eye(n), torch.zeros(n),
        torch.full((n,), 0.01), shape="chosen",
    )  # fmt: skip
    radius = [np.hypot(*(rim[:-1] - 0.5).T) / 0.2 for rim in made.rims()]
    assert all(float(r.mean()) == pytest.approx(1, abs=0.01) for r in radius)
    corners = [int(((r > np.roll(r, 1)) & (r >= np.roll(r, -1)) & (r > 1.1)).sum()) for r in radius]
    assert corners == [0, 3, 4, 5]
