"""Starting from an SVG file: the same strokes in the same place, as cubics of equal number."""

import numpy as np
import pytest
import torch
import vpype
import vpype_cli
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.core.geometry import evaluate, flatten, lengths, polyline
from plotart.drawing.ink import Choosing, Multiply
from plotart.plot.read import read_svg
from plotart.plot.start import cut, merge, read_start
from plotart.runs.config import Config
from plotart.runs.pipeline import generate
from plotart.runs.prepare import prepare
from plotart.runs.results import make_plot

CANVAS = Canvas(page("100x50mm"), 5.0)
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="50mm" viewBox="0 0 100 50">'


def written(tmp_path, body):
    file = tmp_path / "x.svg"
    file.write_text(f"{HEAD}{body}</svg>")
    return file


def apart(points, others):
    """The largest distance from any of `points` to the nearest of the polyline `others`."""
    a, ab = others[:-1], np.diff(others, axis=0)
    u = ((points[:, None] - a) * ab).sum(-1) / np.maximum((ab * ab).sum(-1), 1e-30)
    nearest = a + np.clip(u, 0, 1)[..., None] * ab
    return np.hypot(*(points[:, None] - nearest).transpose(2, 0, 1)).min(axis=1).max()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_lines_polylines_and_long_paths_become_strokes_of_one_kind(tmp_path, count):
    file = written(
        tmp_path,
        '<line stroke="red" x1="10" y1="10" x2="40" y2="10"/>'
        '<polyline fill="none" stroke="#00f" points="10,20 30,20 30,40 50,40"/>'
        '<path fill="none" stroke="blue" d="M60,10 C70,0 80,20 90,10 S80,40 60,40"/>',
    )
    start = read_start(file, CANVAS, count)
    assert start.points.shape[1:] == (1 + 3 * count, 2)
    assert len(start.points) == {1: 6, 2: 4, 3: 3}[count]
    assert start.rgb[0].tolist() == [1, 0, 0] and start.rgb[-1].tolist() == [0, 0, 1]
    made = [CANVAS.to_mm(points) for points in start.points]
    assert lengths(made).sum() == pytest.approx(sum(lengths(x.paths).sum() for x in read_svg(file).layers), rel=1e-4)
    np.testing.assert_allclose(made[0][[0, -1]], [[10, 10], [40, 10]], atol=1e-3)
    assert not start.told


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=5, max_size=8))
def test_cut_and_merged_paths_are_the_same_curve(corners):
    path = polyline(np.array(corners) + np.arange(len(corners))[:, None])
    whole = flatten(path, 1e-3)
    for made in (cut(path, 3), [merge(path, 0.01)]):
        parts = np.concatenate([flatten(part, 1e-3) for part in made])
        assert apart(parts, whole) < 0.011 and apart(whole, parts) < 0.011


def test_flattened_curves_become_few_cubics_and_corners_stay(tmp_path):
    turn = np.linspace(0, 2 * np.pi, 721)
    circle = merge(polyline(20 * np.stack([np.cos(turn), np.sin(turn)], axis=1)), 0.01)
    assert (len(circle) - 1) // 3 <= 6
    assert abs(np.hypot(*flatten(circle, 1e-3).T) - 20).max() < 0.012
    zigzag = polyline(np.array([[0, 0], [1, 1], [2, 0], [3, 1]]))
    assert len(merge(zigzag, 0.01)) == len(zigzag)


def test_what_vpype_writes_on_another_page_is_scaled_and_said(tmp_path):
    document = vpype_cli.execute("rect 1cm 2cm 3cm 4cm circle 5cm 5cm 1cm pagesize 100x100mm")
    with (tmp_path / "v.svg").open("w") as file:
        vpype.write_svg(file, document)
    start = read_start(tmp_path / "v.svg", CANVAS, 1)
    assert start.told == ["page 100 x 100 mm scaled by 0.5 to 100 x 50 mm"]
    ends = CANVAS.to_mm(start.points).reshape(-1, 2)
    np.testing.assert_allclose(ends.min(axis=0), [30, 10], atol=0.02)
    assert len(start.points) < 16


def test_strokes_outside_the_drawing_area_are_left_out(tmp_path):
    start = read_start(written(tmp_path, '<path stroke="red" d="M1,1 h3 M10,10 h80"/>'), CANVAS, 1)
    assert len(start.points) == 1
    assert "1 strokes outside" in start.told[0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<text>words</text>", "init: .*no strokes"),
        ('<path stroke="red" d="M1,1 h3"/>', "init: .*no stroke inside the drawing area"),
    ],
)
def test_files_without_strokes_are_refused(tmp_path, body, words):
    with pytest.raises(InputError, match=words):
        read_start(written(tmp_path, body), CANVAS, 1)
    with pytest.raises(InputError, match=r"init: .*missing\.svg' cannot be read"):
        read_start(tmp_path / "missing.svg", CANVAS, 1)


def dense(paths):
    """Points no further apart than about 0.02 mm."""
    return np.concatenate([evaluate(p, np.linspace(0, len(p) // 3, 1000 * (len(p) // 3))) for p in paths])


def test_a_run_starts_from_the_strokes_and_pens_of_another(small, photo, tmp_path):
    small = {address: value for address, value in small.items() if not address.startswith("stages")}
    del small["objectives.neuron.at"]
    small |= {"objectives.pixels.image": str(photo), "steps": 6}
    first = generate(Config.load(None, small), tmp_path / "first").folder / "drawing.svg"
    layers = read_svg(first).layers
    small |= {"init": str(first), "pens.set": ",".join(layer.pen.hex for layer in layers), "pens.count": None}
    lines: list[str] = []
    fixed = Config.load(None, {**small, "pens.palette": "fixed"})
    config, _, drawing = prepare(fixed, lines.append)
    assert config.primitive.count == len(drawing)
    assert lines[-1] == f"init: starts from {len(drawing)} strokes of '{first}'"
    again = make_plot(drawing).layers
    assert [layer.pen.hex for layer in again] == [layer.pen.hex for layer in layers]
    for before, after in zip(layers, again, strict=True):
        assert len(before.paths) == len(after.paths)
        for one, other in ((before.paths, after.paths), (after.paths, before.paths)):
            assert cKDTree(dense(one)).query(dense(other))[0].max() < 0.01
    free = prepare(Config.load(None, small), lines.append)[2].ink
    assert isinstance(free, Multiply)
    assert len({tuple(colour) for colour in free.filters.tolist()}) == len(layers)
    learning = prepare(Config.load(None, {**small, "pens.palette": "learned"}), lines.append)[2].ink
    assert isinstance(learning, Choosing)
    assert torch.equal(learning.chosen(), drawing.ink.pen)
