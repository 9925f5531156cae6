"""The shipped configs of shapes from a picture to layers of pens, and what is refused before work starts."""

import json

import numpy as np
import pytest
from PIL import Image

from plotart import Config, InputError, generate
from plotart.core.shipped import find_config
from plotart.plot.svg import read_svg
from plotart.runs.prepare import prepare


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "photo.png"
    y, x = np.mgrid[:64, :80]
    image = np.stack([60 + 2 * x, 200 - 2 * y, np.where((x - 40) ** 2 + (y - 30) ** 2 < 300, 220, 40)], 2)
    Image.fromarray(image.astype(np.uint8)).save(path)
    return str(path)


def small(photo, **changes):
    return {"objectives.pixels.image": photo, "size": 48, "steps": 12, "page.size": "60x60mm", "page.margin": 5,
            "primitive.count": 12, "threads": 1, **changes}  # fmt: skip


@pytest.mark.parametrize("name", ["circles", "splats"])
def test_a_picture_becomes_layers_of_pens_and_the_preview_is_the_paper(name, photo, tmp_path):
    run = generate(Config.load(name, small(photo)), tmp_path / "run")
    figures = json.loads((run.folder / "run.json").read_text())
    plot = read_svg(run.folder / "drawing.svg")
    assert [layer.pen.hex for layer in plot.layers] == [pen["hex"] for pen in figures["pens"]]
    assert len(list((run.folder / "pens").iterdir())) == len(plot.layers) >= 2
    assert figures["pixels"]["free"] is not None
    near = figures["damage"]["picture"][1]["stages"]
    assert near["svg"]["mean"] == pytest.approx(near["final"]["mean"], rel=0.35, abs=2)
    assert near["svg"]["mean"] < 25
    again = generate(Config.load(run.folder / "config.yaml"), tmp_path / "again")
    assert (again.folder / "drawing.svg").read_bytes() == (run.folder / "drawing.svg").read_bytes()


def test_hatched_shapes_keep_to_a_load_of_ink(photo, tmp_path):
    config = Config.load("circles", {**small(photo), "page.max_ink": 1.5})
    run = generate(config, tmp_path / "run")
    assert run.figures["ink_load"]["max"] <= 1.5


def test_outlines_need_no_hatching(photo, tmp_path):
    stages = [{"kind": "fit", "steps": 4}, {"kind": "quantize"}]
    changes = {"primitive": {"kind": "circles", "count": 12, "marks": "outline"}, "stages": stages}
    changes |= {"objectives.structure": None, "objectives.time": None, "minutes": None}
    config = Config.load("image", {**small(photo), **changes, "pens.palette": "kmeans"})
    run = generate(config, tmp_path / "run")
    assert sum(pen["strokes"] for pen in run.figures["pens"]) >= 10


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "circles",
            {"objectives.pixels.distances": [9000]},
            r"stages\.0\.pixels_share: the objective 'pixels' looks at",
        ),
        ("circles", {"primitive.marks": "outline"}, r"primitive\.marks: outlines are not hatched"),
        ("circles", {"objectives.curvature": {}}, r"objectives\.curvature: circles have no strokes to judge"),
        ("circles", {"ink.background": "reddish"}, r"ink\.background: give paper, learned, or a colour"),
        ("circles", {"ink.kind": "multiply"}, r"ink\.background: there is no such setting of multiply"),
        ("circles", {"ink": {"kind": "add"}}, r"stages\.4: reorder is for ink\.kind over, not add"),
        (
            "circles",
            {"objectives.pixels.weights": "nowhere.png"},
            r"objectives\.pixels\.weights: no file 'nowhere\.png'",
        ),
        ("splats", {"stages": [{"kind": "quantize"}]}, r"ink\.background: only the stage 'hatch'"),
        (
            "splats",
            {"stages": [{"kind": "quantize"}], "ink.background": "paper", "primitive.shape": "arc"},
            r"splats that fade .* add the stage 'hatch'",
        ),
        ("splats", {"primitive.edge": "tanh", "primitive.shape": "arc"}, r"edge tanh is the edge of fourier shapes"),
        ("splats", {"primitive.rim": "waves"}, r"primitive\.rim waves is of the published formula"),
        ("image", {"ink.kind": "over", "ink.background": "learned"}, r"ink\.background: strokes are drawn on paper"),
        ("image", {"ink.kind": "average"}, r"ink\.kind: strokes take multiply or over, not average"),
        ("image", {"stages.2.pixels_share": 0.5}, r"stages\.2\.pixels_share: .* leave pixels_share at 1, not 0\.5"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(name, changes, message, photo):
    with pytest.raises(InputError, match=message):
        prepare(Config.load(name, {**small(photo), **changes}), lambda line: None)


def test_weights_of_a_black_picture_are_refused(photo, tmp_path):
    Image.new("L", (20, 20)).save(tmp_path / "black.png")
    changes = small(photo, **{"objectives.pixels.weights": str(tmp_path / "black.png")})
    with pytest.raises(InputError, match="is black all over; make light what matters"):
        prepare(Config.load("circles", changes), lambda line: None)


def test_configs_of_shapes_are_shipped():
    assert find_config("circles").name == "circles.yaml"
    assert find_config("splats").name == "splats.yaml"
