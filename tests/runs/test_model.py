"""A model file: a run goes on from it elsewhere, without its folder or the picture it was begun with."""

import shutil

import pytest
import torch
import yaml
from click.testing import CliRunner

from plotart import Config, InputError, generate
from plotart.cli import cli
from plotart.core.errors import Interrupted
from plotart.core.tensor_file import pack
from plotart.runs.checkpoint import Checkpoint
from plotart.runs.clearing import FITTED
from plotart.runs.pipeline import resume
from plotart.runs.watch import StageWatch


def settings(picture, **changes):
    return {
        "objectives": {"pixels": {"image": str(picture)}},
        "page": {"size": "60x60mm", "margin": 5},
        "size": 48,
        "primitive": {"kind": "dividers", "count": 6, "shape": "both"},
        "ink": {"kind": "coded"},
        "threads": 1,
        "pens": {"set": "#1a1a1a,#d62728"},
        "stages": [{"kind": "fit", "steps": 7, "schedule": "constant", "looks": 1}, {"kind": "trace"}],
        **changes,
    }


@pytest.fixture(scope="module")
def run(photo, tmp_path_factory):
    """The folder of a finished run; its model lies beside it, the picture that was drawn is gone."""
    folder = tmp_path_factory.mktemp("made")
    picture = shutil.copy(photo, folder / "once.png")
    made = generate(Config.load(None, settings(picture)), folder / "run", model=folder / "my.model")
    picture.unlink()
    return made.folder


@pytest.fixture
def model(run, tmp_path):
    return shutil.copy(run.parent / "my.model", tmp_path / "my.model")


def asked(*words):
    made = CliRunner().invoke(cli, [str(word) for word in words])
    if isinstance(made.exception, InputError | Interrupted):
        return str(made.exception)
    if made.exception is not None:
        raise made.exception
    return made.output


def test_more_steps_from_the_model_alone_are_those_of_its_folder(run, model, tmp_path):
    there = shutil.copytree(run, tmp_path / "there")
    resume(there, 5)
    asked("generate", "--model", model, "--out", tmp_path / "here", "--steps", 5)
    assert (tmp_path / "here/drawing.svg").read_bytes() == (there / "drawing.svg").read_bytes()
    ends = [Checkpoint.read(tmp_path / name / FITTED).state["optimizers"][0]["state"] for name in ("here", "there")]
    assert ends[0].keys() == ends[1].keys() != set()
    assert all(torch.equal(ends[0][i]["exp_avg_sq"], ends[1][i]["exp_avg_sq"]) for i in ends[0])
    # the model went on with the run: once more from where that ended
    assert resume(tmp_path / "third", 2, model=model).figures["steps"] == 14


def test_the_same_command_again_goes_on_where_it_was_stopped(run, photo, tmp_path, monkeypatch):
    config, model = tmp_path / "config.yaml", tmp_path / "my.model"
    config.write_text(yaml.safe_dump(settings(photo)))
    command = ("generate", config, "--image", photo, "--model", model)
    real = StageWatch.step

    def stopping(watch, done):
        real(watch, done)
        if done.number == 4:
            watch.run.stop.set()

    monkeypatch.setattr(StageWatch, "step", stopping)
    told = asked(*command, "--out", tmp_path / "cut")
    assert f"stopped and saved; go on with 'plotart resume {tmp_path / 'cut'} --model {model}'" in told
    monkeypatch.undo()
    shutil.rmtree(tmp_path / "cut")
    asked(*command, "--out", tmp_path / "on")
    assert (tmp_path / "on/drawing.svg").read_bytes() == (run / "drawing.svg").read_bytes()
    told = asked(*command, "--out", tmp_path / "on", "--steps", 1)
    assert "already holds a run; go on with 'plotart resume" in told


def test_flags_win_over_the_model(run, model, tmp_path):
    asked("generate", "--model", model, "--out", tmp_path / "blue", "--pens", "#0000ff,#d62728")
    assert Config.load(tmp_path / "blue/config.yaml").pens.set == "#0000ff,#d62728"
    assert (tmp_path / "blue/drawing.svg").read_bytes() != (run / "drawing.svg").read_bytes()


def test_what_cannot_go_on_is_told_and_leaves_nothing(run, model, tmp_path):
    content = model.read_bytes()
    for words, told in (
        ((), "is finished; --steps N takes it further"),
        (("--strokes", 9, "--steps", 2), "primitive.count: it cannot change any more"),
        (("--set", "stages.1.marks=dots"), "stages.1.marks: "),
        (("--look", "all"), "--look: a sheet of several is drawn once; leave out --frames, --model"),
    ):
        assert told in asked("generate", "--model", model, "--out", tmp_path / "new", *words)
        assert not (tmp_path / "new").exists()
    resume(shutil.copytree(run, tmp_path / "other"), 1)
    assert "holds another state than the run in" in asked("resume", tmp_path / "other", "--model", model, "--steps", 1)
    assert model.read_bytes() == content


def test_a_damaged_or_foreign_file_is_told_and_stays_as_it_is(run, model, photo, tmp_path):
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "damaged").write_bytes(content)
    (tmp_path / "cut").write_bytes(content[:500])
    bytes_of = {"files": {"config.yaml": torch.zeros(3, dtype=torch.uint8)}}
    (tmp_path / "little").write_bytes(pack(bytes_of, "plotart model 1"))
    outside = {name: torch.zeros(3, dtype=torch.uint8) for name in ("config.yaml", "checkpoint.safetensors")}
    outside |= {"inputs/../../evil": torch.zeros(3, dtype=torch.uint8)}
    (tmp_path / "outside").write_bytes(pack({"files": outside}, "plotart model 1"))
    del outside["inputs/../../evil"]
    outside["inputs/0/\ud800"] = torch.zeros(3, dtype=torch.uint8)
    (tmp_path / "odd").write_bytes(pack({"files": outside}, "plotart model 1"))
    shutil.copy(run / "checkpoint.safetensors", tmp_path / "state")
    shutil.copy(photo, tmp_path / "picture")
    for name, told in (
        ("damaged", "is damaged or no model of plotart (its checksum is wrong)"),
        ("cut", "is damaged or no model of plotart (it is cut short"),
        ("picture", "is damaged or no model of plotart (it is cut short or no such file)"),
        ("state", "it holds 'plotart checkpoint 1'"),
        ("little", "holds no config.yaml or no checkpoint.safetensors"),
        ("outside", "does not hold what a model holds"),
    ):
        before = (tmp_path / name).read_bytes()
        for command in (("generate", "--out"), ("resume",)):
            said = asked(*command, tmp_path / "new", "--steps", 2, "--model", tmp_path / name)
            assert f"--model: '{tmp_path / name}' " in said
            assert told in said
        assert (tmp_path / name).read_bytes() == before
    assert "cannot be written" in asked("resume", tmp_path / "new", "--model", tmp_path / "odd")
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "evil").exists()
    assert "cannot be made" in asked("generate", "--image", photo, "--model", tmp_path / "cut/here")
