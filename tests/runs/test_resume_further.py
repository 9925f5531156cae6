"""A finished run taken further: the optimizer's state is restored, the run's own settings win."""

import pytest
import torch
from rich.console import Console

from plotart import Config, InputError, generate
from plotart.core.errors import Interrupted
from plotart.drawing import Drawing
from plotart.runs import pipeline
from plotart.runs.checkpoint import Checkpoint
from plotart.runs.clearing import FITTED
from plotart.runs.pipeline import resume


@pytest.fixture
def settings(photo):
    return {
        "objectives.pixels.image": str(photo),
        "page.size": "60x60mm",
        "page.margin": 5,
        "size": 48,
        "primitive": {"kind": "dividers", "count": 6, "shape": "both"},
        "ink": {"kind": "coded"},
        "threads": 1,
        "pens.set": "#1a1a1a,#d62728",
        # looks: the best drawing is chosen among the first and the last only, which both ways share
        "stages": [{"kind": "fit", "steps": 12, "schedule": "constant", "looks": 1}, {"kind": "trace"}],
    }


def test_more_steps_are_those_of_a_longer_run(settings, tmp_path):
    whole = generate(Config.load(None, settings), tmp_path / "whole")
    settings["stages"] = [{"kind": "fit", "steps": 7, "schedule": "constant", "looks": 1}, {"kind": "trace"}]
    part = generate(Config.load(None, settings), tmp_path / "part")
    assert (part.folder / "drawing.svg").read_bytes() != (whole.folder / "drawing.svg").read_bytes()
    further = resume(part.folder, 5)
    assert (further.folder / "drawing.svg").read_bytes() == (whole.folder / "drawing.svg").read_bytes()
    ends = [Checkpoint.read(run.folder / FITTED).state for run in (whole, further)]
    for key in ("exp_avg", "exp_avg_sq", "step"):
        for index, moments in ends[0]["optimizers"][0]["state"].items():
            assert torch.equal(moments[key], ends[1]["optimizers"][0]["state"][index][key])
    assert Config.load(further.folder / "config.yaml").stages[0].steps == 12
    assert further.figures["steps"] == 12


def test_further_twice_and_with_shared_out_steps(settings, tmp_path):
    run = generate(Config.load(None, {**settings, "steps": 4}), tmp_path / "run")
    resume(run.folder, 2)
    assert resume(run.folder, 3).figures["steps"] == 9


def test_a_finished_run_needs_steps_and_a_new_one_none(settings, tmp_path):
    run = generate(Config.load(None, settings), tmp_path / "run")
    with pytest.raises(InputError, match=r"is finished; .* --steps N takes it further"):
        resume(run.folder)
    (run.folder / "run.json").unlink()
    with pytest.raises(InputError, match=r"--steps: .* is not finished"):
        resume(run.folder, 3)


def test_settings_of_the_command_line_win_and_stay(settings, tmp_path):
    run = generate(Config.load(None, settings), tmp_path / "run")
    first = (run.folder / "drawing.svg").read_bytes()
    again = resume(run.folder, None, {"stages.1.marks": "dividers", "pens.set": "#0000ff,#d62728"})
    assert (run.folder / "drawing.svg").read_bytes() != first
    assert Config.load(run.folder / "config.yaml").stages[1].marks == "dividers"
    assert again.figures["steps"] == 12
    slow = {f"stages.0.rates.{name}": 1e-9 for name in ("centre", "angle", "log_radius", "mix", "bias", "tint")}
    before = Drawing.unpack(Checkpoint.read(run.folder / FITTED).state["drawing"]).primitive.centre
    resume(run.folder, 4, slow)
    after = Drawing.unpack(Checkpoint.read(run.folder / FITTED).state["drawing"]).primitive.centre
    assert float((after - before).detach().abs().max()) < 1e-6  # at the first rates some 0.01


def test_weights_win_and_what_was_best_is_judged_by_them(settings, tmp_path):
    run = generate(Config.load(None, settings), tmp_path / "run")
    before = run.figures.history[-1][1]
    told = resume(run.folder, 6, {"objectives.pixels.weight": 1000.0})
    assert told.figures.history[-1][1] == pytest.approx(1000 * before, rel=0.5)
    assert Config.load(run.folder / "config.yaml").objectives["pixels"].weight == 1000.0
    # the best by the old weight has a total a thousandth as large, and is not taken for that
    ended = Checkpoint.read(run.folder / FITTED)
    kept = Checkpoint.read(run.folder / "checkpoint.safetensors").ended[0]
    assert ended.state["step"] == 18
    assert kept.total == pytest.approx(told.figures.history[-1][1])
    for changes, refused in (
        ({"objectives.pixels.weight": 2.0}, r"objectives\.pixels\.weight: the fits have done their steps; --steps"),
        ({"objectives.pixels.distances": [1000.0]}, r"--set objectives\.pixels\.distances\S*: it cannot"),
        ({"objectives.structure.weight": 1.0}, r"--set objectives\.structure: it cannot change any more"),
        ({"objectives.pixels.weight": -1}, r"objectives\.pixels\.weight: "),
    ):
        with pytest.raises(InputError, match=refused):
            resume(run.folder, None, changes)


def test_what_the_checkpoint_holds_does_not_change(settings, tmp_path):
    run = generate(Config.load(None, {**settings, "steps": 2}), tmp_path / "run")
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    for steps, changes, told in (
        (2, {"primitive.count": 9}, r"--set primitive\.count: it cannot change any more, for the saved drawing holds"),
        (None, {"size": 64}, r"--set size: it cannot change any more, for its frames"),
        (None, {"stages.0.looks": 3}, r"--set stages\.0\.looks: .* has done its steps; --steps N takes it further"),
        (2, {"stages.0.optimizer": "adadelta"}, r"--set stages\.0\.optimizer: it cannot change while .* at work"),
        (None, {"stages.1.marks": "dots"}, r"stages\.1\.marks: "),
    ):
        with pytest.raises(InputError, match=told):
            resume(run.folder, steps, changes)
    assert {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()} == before


def test_endless_goes_on_round_after_round_until_it_is_stopped(settings, tmp_path, monkeypatch):
    settings["stages"][0] |= {"steps": 3, "looks": 1}
    run = generate(Config.load(None, settings), tmp_path / "run", frames=tmp_path / "film")
    rounds = []

    def told(folder, steps, *given, **how):
        rounds.append((folder, steps))
        if len(rounds) == 3:
            raise Interrupted("stopped and saved")
        return resume(folder, steps, *given, **how)

    monkeypatch.setattr(pipeline, "resume", told)
    with pytest.raises(Interrupted):
        pipeline.endless(run.folder, console=Console(quiet=True), frames=tmp_path / "film")
    assert rounds == [(run.folder, 3)] * 3
    assert pipeline.Run.open(run.folder).figures["steps"] == 9
    assert [path.name for path in sorted((tmp_path / "film").iterdir())] == [
        f"run_{step:06d}.png" for step in (0, 3, 6, 9)
    ]


def test_a_folder_of_frames_that_cannot_be_is_told_before_work(settings, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"--frames: '.*file/film' cannot be made \(Not a directory\)"):
        generate(Config.load(None, settings), tmp_path / "run", frames=tmp_path / "file" / "film")
    assert not (tmp_path / "run").exists()


def test_endless_hears_a_stop_while_files_are_written(settings, tmp_path, monkeypatch):
    run = generate(Config.load(None, {**settings, "steps": 2}), tmp_path / "run")
    run.stop.set()
    monkeypatch.setattr(pipeline, "resume", lambda *given, **how: run)
    with pytest.raises(Interrupted, match="--steps 0"):
        pipeline.endless(run.folder, console=Console(quiet=True))
