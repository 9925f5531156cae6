"""The plotart commands of docs/plotting.md on a run's folder, their files read again."""

import re
import shlex
from pathlib import Path

import pytest
import vpype
from click.testing import CliRunner

from plotart.cli import cli
from plotart.pens import load_pens
from plotart.plot import Layer, Plot
from plotart.plot.read import read_svg
from plotart.plot.svg import write_svg
from tests.plot.drive.conftest import small_plot

TEXT = (Path(__file__).parents[2] / "docs" / "plotting.md").read_text()
LINES = [line.strip() for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
DRY = [line for line in LINES if line.startswith(("plotart export", "plotart check")) or line.endswith("--preview")]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plot, pens = small_plot((160, 1)), [load_pens("basic-12")[name] for name in ("yellow", "red", "blue", "black")]
    paths = [path for path in plot.layers[0].paths if abs(path[0] - path[-1]).max() > 1]
    write_svg(Plot(plot.page, 0, [Layer(pen, paths) for pen in pens]), tmp_path / "outputs" / "photo" / "drawing.svg")
    return tmp_path / "outputs" / "photo"


def test_there_are_commands_to_run():
    assert len(DRY) >= 8


@pytest.mark.parametrize("line", DRY)
def test_documented_commands_do_what_they_say(line, run):
    made = CliRunner().invoke(cli, shlex.split(line)[1:])
    assert made.exit_code == 0, (made.output, made.exception)
    if "export" not in line:
        return
    (file,) = run.glob("drawing-plot.*")
    if file.suffix == ".svg":
        again, names = vpype.read_multilayer_svg(str(file), 0.4), [x.pen.name for x in read_svg(file).layers]
        assert len(again.layers) == len(names) >= (3 if "start-at" in line else 4)
        assert all(lines.property("vp_color") is not None for lines in again.layers.values())
    else:
        assert len(file.read_text()) > 500
