"""A package that adds parts is installed and drawn with, and the pages about it hold."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from plotart.pens import load_pens
from plotart.plot.motion import load_machine

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "triangles"
SMALL = ["--size", "64", "--page", "60x60mm", "--margin", "5", "--steps", "6", "--strokes", "8", "--threads", "1"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package in a folder of its own, as pip lays it there."""
    folder = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "triangles"
    for file in EXAMPLE.rglob("*"):  # a copy, so that pip's build leaves nothing in the checkout
        if file.is_file() and "build" not in file.parts:
            copy = source / file.relative_to(EXAMPLE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(folder), str(source)], check=True, capture_output=True)
    return folder


def plotart(*words, site=None):
    path = os.pathsep.join([str(ROOT), *([str(site)] if site else [])])
    return subprocess.run(
        [sys.executable, "-m", "plotart", *map(str, words)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


def test_the_parts_of_the_package_draw_a_picture(installed, photo, tmp_path):
    done = plotart(
        "generate", EXAMPLE / "triangles.yaml", "--image", photo, *SMALL, "--out", tmp_path / "run", site=installed
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "drawing.svg").read_text().count("<path") > 0
    assert "tone" in yaml.safe_load((tmp_path / "run" / "run.json").read_text())["loss"]


def test_without_the_package_its_names_are_refused(photo, tmp_path):
    done = plotart("generate", EXAMPLE / "triangles.yaml", "--image", photo, *SMALL, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "no primitive 'triangles'" in done.stderr


def test_its_stage_says_what_is_wrong(installed, photo, tmp_path):
    done = plotart(
        "generate", EXAMPLE / "triangles.yaml", "--image", photo, *SMALL, "--set", "stages.1.least=100000",
        "--out", tmp_path / "run", site=installed,
    )  # fmt: skip
    assert done.returncode == 2
    assert "lower `least`" in done.stderr


def blocks(kind):
    text = (ROOT / "docs" / "extending.md").read_text()
    return re.findall(rf"```yaml {kind}\n(.*?)```", text, flags=re.DOTALL)


def test_the_pen_set_of_the_page_is_one(tmp_path):
    (block,) = blocks("pens")
    file = tmp_path / "desk.yaml"
    file.write_text(block)
    assert [pen.name for pen in load_pens(str(file)).pens] == ["ink blue", "rust"]
    assert [pen.tip_mm for pen in load_pens(str(file)).pens] == [0.4, 0.6]


def test_the_machine_of_the_page_is_one(tmp_path):
    (block,) = blocks("machine")
    file = tmp_path / "plotter.yaml"
    file.write_text(block)
    assert load_machine(str(file)).pen_up_speed == 120


def test_the_files_that_the_page_names_exist():
    text = (ROOT / "docs" / "extending.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert links
    for link in links:
        assert (ROOT / "docs" / link).exists(), link
