"""`plotart enlarge` as a whole: what it writes, that it goes on after Ctrl-C, and what it refuses."""

import json
import shutil

import pytest

from plotart import Config, InputError, Interrupted, enlarge, generate, resume
from plotart.core.images import load_image
from plotart.runs.checkpoint import Checkpoint
from plotart.runs.clearing import CHECKPOINT
from plotart.runs.watch import StageWatch
from plotart.stages import judge
from plotart.stages.enlarge import Enlarge
from tests.cli.test_cli import call
from tests.conftest import SMALL
from tests.runs.test_pipeline import svg_bytes

QUICK = {"page.size": "130x130mm", "threads": 2, "transform.view": 48, "transform.jitter": 8, "steps": 6}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    config = Config.load(None, {**SMALL, "objectives.neuron.at": "conv2_2:3", "objectives.style.image": "mondrian.jpg"})
    return generate(config, tmp_path_factory.mktemp("runs") / "small").folder


@pytest.fixture(scope="module")
def poster(source, tmp_path_factory):
    return enlarge(source, (3, 3), QUICK, tmp_path_factory.mktemp("posters") / "poster")


def test_poster_says_where_it_comes_from_and_has_the_pens_of_its_source(poster, source):
    figures, small = poster.figures, json.loads((source / "run.json").read_text())
    assert figures["enlarged"]["run"] == source.name
    assert figures["enlarged"]["tiles"] == [3, 3]
    assert {pen["hex"] for pen in figures["pens"]} <= {pen["hex"] for pen in small["pens"]}
    assert figures["weights"] == small["weights"]  # the balance that was found
    assert set(figures["excitation"]) == {"free", "quantized", "enlarged", "final", "svg"}
    assert figures["excitation"]["svg"] == pytest.approx(figures["excitation"]["final"], rel=0.1, abs=0.5)
    first, second = poster.config.stages
    assert isinstance(first, Enlarge)
    assert second.crop == 64
    px_per_mm, small_px_per_mm = poster.config.size / 120, SMALL["size"] / 50
    assert px_per_mm * figures["enlarged"]["scale"] == pytest.approx(small_px_per_mm, rel=0.01)
    # the orientation it was drawn in excites as much as the drawing itself did
    assert figures["enlarged"]["orientations"]["0"] == pytest.approx(small["excitation"]["final"], rel=0.15)
    assert load_image(poster.folder / "preview.png").shape == (3, 1040, 1040)


def test_poster_stopped_anywhere_goes_on_to_the_same_bytes(poster, source, tmp_path, monkeypatch):
    calls, save = 0, StageWatch.checkpoint

    def stop_at_the_third(watch, state):
        nonlocal calls
        calls += 1
        if calls == 3:
            watch.run.stop.set()
        save(watch, state)

    monkeypatch.setattr(StageWatch, "checkpoint", stop_at_the_third)
    with pytest.raises(Interrupted, match="plotart resume"):
        enlarge(source, (3, 3), QUICK, tmp_path / "poster")
    assert svg_bytes(resume(tmp_path / "poster").folder) == svg_bytes(poster.folder)


def test_large_poster_is_measured_in_windows(poster, source, tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "WHOLE_PX", 20_000)
    monkeypatch.setattr(judge, "TILE_PX", 96)
    figures = enlarge(source, (3, 3), {**QUICK, "steps": 1}, tmp_path / "windows").figures["excitation"]
    assert figures["enlarged"] == pytest.approx(poster.figures["excitation"]["enlarged"], rel=0.02, abs=0.05)
    assert figures["svg"] == pytest.approx(figures["final"], rel=0.1, abs=0.5)


def test_poster_can_be_enlarged_again(poster, tmp_path):
    again = enlarge(poster.folder, (2, 1), {"steps": 1, "threads": 2}, tmp_path / "again")
    assert again.config.page.size == "260x130mm"
    assert again.figures["plot"]["ink_mm"] > 1.5 * poster.figures["plot"]["ink_mm"]


def test_picture_is_magnified_and_drawn_at_its_new_size(photo, tmp_path):
    changes = {**SMALL, "objectives.pixels.image": str(photo), "stages.0.steps": 40, "primitive.count": 150}
    small = generate(Config.load(None, changes), tmp_path / "small")
    strokes = len(Checkpoint.read(small.folder / CHECKPOINT).drawing["colours"]["pen"])
    large = enlarge(small.folder, (2, 2), {"page.size": "110x110mm", "steps": 40, "threads": 2}, tmp_path / "large")
    assert large.config.size == 192
    assert sum(pen["strokes"] for pen in large.figures["pens"]) > 2.5 * strokes
    assert large.figures["pixels"]["final"] < large.figures["pixels"]["enlarged"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["RUN"], ["--page", "--tiles"]),
        (["RUN", "--tiles", "3"], ["--tiles", "3x4", "'3'"]),
        (["RUN", "--tiles", "0x2"], ["tiles", "0x2"]),
        (["RUN", "--tiles", "40x40", "--page", "100x100mm"], ["tiles", "40x40", "2x2"]),
        (["RUN", "--page", "a99"], ["a99", "a4"]),
        (["nowhere", "--page", "a4"], ["RUN", "nowhere", "config.yaml"]),
        (["unfinished", "--page", "a4"], ["unfinished", "plotart resume"]),
        (["RUN", "--page", "a5", "--size", "400", "--set", "stages.1.crop=40"], ["crop", "40", "view"]),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(monkeypatch, capsys, tmp_path, source, arguments, words):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(source, "unfinished")
    (tmp_path / "unfinished" / "run.json").unlink()
    arguments = [str(source) if part == "RUN" else part for part in arguments]
    code, out, err = call(monkeypatch, capsys, "enlarge", *arguments)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    for word in words:
        assert word in err
    assert not (tmp_path / "outputs").exists()


def test_a_stage_after_the_first_cannot_enlarge(source, tmp_path):
    stages = [{"kind": "fit", "steps": 1}, {"kind": "enlarge", "run": str(source), "tiles": [2, 2]}]
    with pytest.raises(InputError, match=r"stages: enlarge comes first"):
        generate(Config.load(source / "config.yaml", {"stages": stages}), tmp_path / "run")
