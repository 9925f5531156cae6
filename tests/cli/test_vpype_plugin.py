"""Pipelines as they stand in the documentation."""

import re
from pathlib import Path

import numpy as np
import pytest
import vpype
import vpype_cli
from click import UsageError

from plotart.plot.check import check_svg
from plotart.plot.export import from_vpype
from plotart.plot.read import read_svg

COLOURS = "color -l1 #e01020 color -l2 #1040c0"


def execute(pipeline, document=None):
    return vpype_cli.execute(pipeline, document=document)


def test_a_neuron_becomes_a_layer_for_each_pen(tmp_path):
    document = execute(
        "plotart --neuron conv2_2:3 --network vgg16-hed --strokes 40 --size 96 --steps 12 --minutes 6 "
        f"--pens '#d62728,#1f4fb4' --pen-count 2 --page 60x60mm --margin 5 "
        f"--out {tmp_path}/run linesimplify write {tmp_path}/out.svg"
    )
    assert document.page_size == pytest.approx((60 * 96 / 25.4, 60 * 96 / 25.4), abs=0.01)
    assert {lines.property("vp_color").as_hex() for lines in document.layers.values()} <= {"#d62728", "#1f4fb4"}
    assert 0 < sum(len(lines) for lines in document.layers.values()) <= 40
    again = execute(f"read {tmp_path}/out.svg")
    assert [x.property("vp_name") for x in again.layers.values()] == [f"{n}-#{h}" for n, h in enumerate(
        [x.property("vp_color").as_hex()[1:] for x in document.layers.values()], 1)]  # fmt: skip
    assert not [p for p in check_svg(tmp_path / "out.svg", strict=False) if p.rule == "layers"]
    assert (tmp_path / "out.svg").exists() and (tmp_path / "run" / "drawing.svg").exists()


def test_wrong_settings_are_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="page"):
        execute(f"plotart --neuron conv2_2:3 --page a99 --out {tmp_path}/run")
    with pytest.raises(UsageError, match="no pen set"):
        execute("line 0 0 1cm 1cm plotart-pens crayons")


def test_pens_are_the_nearest_and_light_ones_come_first():
    document = execute(f"line -l1 0 0 1cm 0 line -l2 0 1cm 1cm 1cm {COLOURS} plotart-pens basic-12")
    names = {number: lines.property("vp_name") for number, lines in document.layers.items()}
    assert names == {1: "1-red", 2: "2-blue"}
    assert document.layers[1].property("vp_pen_width") == pytest.approx(0.4 * 96 / 25.4)


def test_more_layers_than_pens_share_them():
    document = execute(
        "line -l1 0 0 1cm 0 line -l2 0 1cm 1cm 1cm line -l3 0 2cm 1cm 2cm "
        f"{COLOURS} color -l3 #1030b0 plotart-pens '#ff0000,#0000ff'"
    )
    counts = {lines.property("vp_name"): len(lines) for lines in document.layers.values()}
    assert counts == {"1-#ff0000": 1, "2-#0000ff": 2}


def test_order_shortens_the_way_and_keeps_the_pen():
    made = execute("random -n 200 -a 10cm 10cm name red color red")
    before = made.layers[1].pen_up_length()[0]
    ordered = execute("plotart-order --no-join", made)
    assert len(ordered.layers[1]) == 200
    assert ordered.layers[1].pen_up_length()[0] < before / 4
    assert ordered.layers[1].property("vp_name") == "red"
    joined = execute("line 0 0 1cm 0 line 1cm 0 2cm 0 line 5cm 5cm 5.01cm 5cm plotart-order --tip 0.4mm")
    assert len(joined.layers[1]) == 1


def test_time_is_printed_and_the_drawing_left_alone(capsys):
    document = execute("line 0 0 10cm 0 line -l2 0 1cm 10cm 1cm plotart-time --machine saxi")
    said = capsys.readouterr().out
    assert "layer 1: " in said and "all: 1.1 min on saxi" in said
    assert len(document.layers) == 2
    with pytest.raises(UsageError, match="machine 'x' is unknown"):
        execute("line 0 0 1cm 0 plotart-time --machine x")


def test_documents_become_plots():
    plot = from_vpype(execute("line 1cm 2cm 3cm 4cm penwidth 0.3mm color #112233 name fine pagesize a5"))
    assert (plot.page.width_mm, plot.page.height_mm) == pytest.approx((148, 210), abs=0.01)
    (layer,) = plot.layers
    assert (layer.pen.name, layer.pen.hex) == ("fine", "#112233") and layer.pen.tip_mm == pytest.approx(0.3)
    np.testing.assert_allclose(layer.paths[0][[0, -1]], [[10, 20], [30, 40]], atol=1e-6)
    assert from_vpype(vpype.Document()).layers == []


def documented():
    text = (Path(__file__).parents[2] / "docs" / "plotting.md").read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    lines = [line.strip() for line in lines if line.strip().startswith("vpype ")]
    assert len(lines) >= 4
    return [line.removeprefix("vpype ") for line in lines if not line.startswith("vpype plotart --neuron")]


@pytest.mark.parametrize("pipeline", documented())
def test_documented_pipelines_run_and_their_files_read_again(pipeline, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.random.seed(0)  # of vpype's own `random`; two of 300 lines may end in one place, and are one when read again
    execute(f"line -l1 2cm 2cm 9cm 3cm circle -l2 6cm 6cm 2cm {COLOURS} pagesize a5 write drawing.svg")
    made = execute(pipeline)
    assert "all: " in capsys.readouterr().out
    (file,) = [f for f in tmp_path.iterdir() if f.name != "drawing.svg"]
    assert read_svg(file).strokes > 0
    again = execute(f"read {file}")
    assert list(again.layers) == list(made.layers)
    for number, lines in made.layers.items():
        other = again.layers[number]
        assert len(other) == len(lines)
        for name in ("vp_name", "vp_color"):
            if lines.property(name) is not None:
                assert other.property(name) == lines.property(name)


def test_layers_keep_their_numbers_when_pen_names_hold_digits(tmp_path):
    """Four layers stay four, though vpype numbers a layer by the first digits of its name."""
    shapes = " ".join(f"line -l{n} 1cm {n}cm 9cm {n}cm color -l{n} {c}" for n, c in enumerate(
        ("#e8932c", "#384894", "#42a457", "#171712"), 1))  # fmt: skip
    for pens in ("stabilo-point-88", "sakura-pigma-micron"):
        made = execute(f"{shapes} plotart-pens {pens} write {tmp_path}/o.svg")
        again = execute(f"read {tmp_path}/o.svg plotart-order --no-join write {tmp_path}/p.svg read {tmp_path}/p.svg")
        once, names = execute(f"read {tmp_path}/o.svg"), [x.property("vp_name") for x in made.layers.values()]
        assert list(made.layers) == list(once.layers) == list(range(1, len(names) + 1))
        assert {x.property("vp_name") for x in again.layers.values()} == set(names)
        assert all(name.startswith(f"{n}-") for n, name in enumerate(names, 1))
    assert len(execute(f"{shapes} plotart-pens stabilo-point-88").layers) == 4
