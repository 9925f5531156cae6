"""Digits: the tests of usefulness as a stage of a run, and what is said when there are none."""

import json
from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from plotart import Config, InputError, generate
from plotart.cli import cli
from plotart.glyphs.handwriting import digits

TINY = {
    "primitive.glyphs": 4,
    "primitive.columns": 2,
    "primitive.messages.size": 8,
    "page.size": "40x40mm",
    "page.margin": 4,
    "size": 64,
    "objectives.message.filters": 4,
    "stages.0.steps": 4,
    "stages.0.batch": 8,
    "stages.0.looks": 1,
    "stages.1.count": 200,
    "stages.1.epochs": 4,
    "stages.1.steps": 4,
    "threads": 1,
}


@pytest.mark.parametrize("name", ["digits", "digits-raster"])
def test_a_run_tries_trained_and_random_networks(name, tmp_path):
    strokes = {"primitive.count": 4, "primitive.hidden": 16} if name == "digits" else {}
    run = generate(Config.load(name, {**TINY, **strokes}), tmp_path / "run")
    told = json.loads((run.folder / "run.json").read_text())["digits"]
    assert told["data"] == "scikit-learn"
    for networks in ("trained", "random"):
        assert 0.5 < told[networks]["classes"] < 1.1
        assert -1 < told[networks]["other"] < 1
        for kind in ("frozen", "free"):
            shares = told[networks][kind]
            assert len(shares) == 4
            assert max(shares) > 0.15  # 0.1 is chance
        assert 0 < told[networks]["error"] < 1
    assert "glyph and its digit" in CliRunner().invoke(cli, ["show", str(run.folder)]).output
    assert told["error of the mean digit"] < told["error of paper"]
    for picture in ("digits-swap.png", "digits-inputs.png"):
        with Image.open(run.folder / picture) as image:
            assert image.size == (10 * 32, 3 * 32)


def test_digits_are_the_same_every_time_and_fill_most_of_a_glyph():
    ink, classes = digits("scikit-learn", 300, 40)
    assert ink.shape == (300, 1, 40, 40)
    assert set(classes.tolist()) == set(range(10))
    assert torch.equal(digits("scikit-learn", 100, 40)[0], ink[:100])
    rows = torch.nonzero(ink.amax((0, 1, 3)) > 0.5).flatten()
    assert int(rows[0]) >= 4
    assert int(rows[-1]) <= 36
    assert int(rows[-1]) - int(rows[0]) > 28


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stages": [{"kind": "digits"}, {"kind": "train"}]}, "after the stage 'train'"),
        ({"stages.1.count": 2000}, "scikit-learn has 1797 digits, not 2000"),
        ({"pens.set": "#1a1a1a,#d0006f"}, "digits are grey.*one pen, not 2"),
    ],
)
def test_wrong_settings_are_named_before_any_work(changes, words, tmp_path):
    with pytest.raises(InputError, match=words):
        generate(Config.load("digits", changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_mnist_that_cannot_be_had_is_one_sentence(monkeypatch, tmp_path):
    def fails(*arguments: object, **settings: object) -> None:
        raise RuntimeError("Error downloading images.gz:\nTried several mirrors")

    torchvision = SimpleNamespace(datasets=SimpleNamespace(MNIST=fails))
    monkeypatch.setattr("plotart.glyphs.handwriting.import_torchvision", lambda: torchvision)
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    with pytest.raises(InputError, match=r"'mnist' cannot be downloaded \(Error downloading images.gz\)"):
        digits("mnist", 100, 32)


def test_mnist_is_taken_where_it_is(monkeypatch):
    stored = SimpleNamespace(data=torch.full((120, 28, 28), 255, dtype=torch.uint8), targets=torch.arange(120) % 10)
    torchvision = SimpleNamespace(datasets=SimpleNamespace(MNIST=lambda *a, **k: stored))
    monkeypatch.setattr("plotart.glyphs.handwriting.import_torchvision", lambda: torchvision)
    ink, classes = digits("mnist", 110, 40)
    assert float(ink.sum()) == pytest.approx(110 * 32 * 32)
    assert classes.bincount().sum() == 110
