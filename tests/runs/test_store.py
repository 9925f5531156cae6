"""What a run keeps: nothing is lost, nothing misleads, damage is told, and the folder goes wherever it is moved."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch
import yaml

from plotart import Config, InputError, Interrupted, enlarge, generate, resume
from plotart.core.files import FolderLock
from plotart.runs import pipeline
from plotart.runs.clearing import CHECKPOINT
from plotart.runs.folder import Run
from plotart.runs.show import summary
from plotart.runs.stopping import interruptible
from plotart.runs.watch import StageWatch


@pytest.fixture
def settings(photo):
    return {
        "objectives.pixels.image": str(photo),
        "page.size": "60x60mm",
        "page.margin": 5,
        "size": 48,
        "primitive.count": 30,
        "threads": 1,
        "pens.set": "#1a1a1a,#d62728",
        "pens.palette": "fixed",
        "stages": [{"kind": "fit", "steps": 6, "looks": 2}],
    }


@pytest.fixture
def run(settings, tmp_path):
    return generate(Config.load(None, settings), tmp_path / "run")


def svg(folder):
    return (folder / "drawing.svg").read_bytes()


def stop_at(monkeypatch, number):
    """Stop a run at its checkpoint `number`."""
    calls, save = 0, StageWatch.checkpoint

    def stopping(watch, state):
        nonlocal calls
        calls += 1
        if calls == number:
            watch.run.stop.set()
        save(watch, state)

    monkeypatch.setattr(StageWatch, "checkpoint", stopping)


@pytest.fixture
def begun(settings, tmp_path, monkeypatch):
    """A run that was stopped after two of six steps."""
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_at(patch, 2)
        generate(Config.load(None, settings), tmp_path / "begun")
    return tmp_path / "begun"


def test_a_damaged_checkpoint_is_told_and_the_one_before_gives_the_same_bytes(run, begun, capsys):
    path = begun / CHECKPOINT
    content = path.read_bytes()
    before = (begun / "before" / CHECKPOINT).read_bytes()
    for wrong in (b"", content[: len(content) // 2], b"garbage" * 100):
        path.write_bytes(wrong)
        (begun / "before" / CHECKPOINT).write_bytes(b"")
        with pytest.raises(InputError, match=r"checkpoint\.safetensors' is damaged .*plotart generate") as error:
            resume(begun)
        assert "\n" not in str(error.value)
    (begun / "before" / CHECKPOINT).write_bytes(before)
    assert svg(resume(begun).folder) == svg(run.folder)


def test_a_pickle_is_never_opened(begun):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a checkpoint was unpickled",))

    shutil.rmtree(begun / "before")
    torch.save({"a": Bomb()}, begun / CHECKPOINT)
    with pytest.raises(InputError, match="is damaged"):
        resume(begun)


def test_a_checkpoint_of_another_version_is_refused(begun, monkeypatch):
    monkeypatch.setattr("plotart.runs.further.VERSION", "99.0")
    with pytest.raises(InputError, match=r"begun by version .* of plotart, and this is 99\.0"):
        resume(begun)
    monkeypatch.setattr("plotart.runs.checkpoint.LAYOUT", "plotart checkpoint 99")
    with pytest.raises(InputError, match="written by another version of plotart"):
        resume(begun)


def test_the_checkpoint_of_another_run_is_refused(begun, settings, tmp_path):
    other = generate(Config.load(None, {**settings, "seed": 1}), tmp_path / "other").folder
    shutil.rmtree(begun / "before")
    shutil.copy(other / CHECKPOINT, begun / CHECKPOINT)
    with pytest.raises(InputError, match=r"another seed than config\.yaml says"):
        resume(begun)


def test_a_changed_config_is_another_run_but_other_threads_are_not(begun, run):
    file = begun / "config.yaml"
    text = file.read_text()
    file.write_text(text.replace("size: 48", "size: 49"))
    with pytest.raises(InputError, match=r"config\.yaml' was changed or is damaged"):
        resume(begun)
    unsealed = [line for line in text.splitlines() if not line.startswith("#")]
    file.write_text("\n".join(unsealed).replace("size: 48", "size: 49"))
    with pytest.raises(InputError, match=r"another size than config\.yaml says"):
        resume(begun)
    file.write_text("\n".join(unsealed).replace("threads: 1", "threads: 2"))
    assert resume(begun).finished


def test_a_stale_checkpoint_never_gives_the_old_drawing(run, settings, tmp_path):
    old = svg(run.folder)
    (run.folder / "config.yaml").unlink()  # as --force and a deleted folder once left it
    (run.folder / "run.json").unlink()
    again = generate(Config.load(None, {**settings, "seed": 1}), run.folder)
    whole = generate(Config.load(None, {**settings, "seed": 1}), tmp_path / "whole")
    assert svg(again.folder) == svg(whole.folder) != old


def test_clearing_that_is_cut_off_anywhere_leaves_a_run_or_nothing(run, settings, tmp_path, monkeypatch):
    unlink, left = type(run.folder).unlink, 0

    def failing(path, missing_ok=False):
        nonlocal left
        if path.is_relative_to(tmp_path) and not path.name.endswith(".part"):
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    new = Config.load(None, {**settings, "seed": 1})
    finished, want = svg(run.folder), svg(generate(new, tmp_path / "whole").folder)
    for number in range(0, 60, 6):
        folder = tmp_path / f"cut-{number}"
        shutil.copytree(run.folder, folder)
        left = number
        with monkeypatch.context() as patch:
            patch.setattr(type(folder), "unlink", failing)
            try:
                generate(new, folder, force=True)
                break
            except KeyboardInterrupt:
                pass
        if (folder / "config.yaml").exists():
            with pytest.raises(InputError, match="already holds a run"):
                generate(new, folder)
            if not Run.open(folder).finished:
                assert svg(resume(folder).folder) == finished
        else:
            assert svg(generate(new, folder).folder) == want
    assert number > 6


@pytest.mark.parametrize("moment", ["step", "seen"])  # the place is looked after before a look, not at each step
def test_a_folder_deleted_while_a_run_works_ends_it(moment, settings, tmp_path, monkeypatch):
    def deleting(watch, *told):
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        before(watch, *told)

    before = getattr(StageWatch, moment)
    monkeypatch.setattr(StageWatch, moment, deleting)
    with pytest.raises(FileNotFoundError, match="was deleted or replaced while the run was at work"):
        generate(Config.load(None, settings), tmp_path / "run")
    assert not (tmp_path / "run" / CHECKPOINT).exists()


def test_a_run_is_moved_resumed_and_made_again_from_anywhere(begun, settings, photo, tmp_path, monkeypatch):
    monkeypatch.chdir(photo.parent)
    whole = generate(Config.load(None, {**settings, "objectives.pixels.image": photo.name}), tmp_path / "whole")
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    shutil.move(begun, moved)
    monkeypatch.chdir(tmp_path)
    (kept,) = (moved / "inputs").glob("*/*")
    assert kept.name == photo.name and kept.read_bytes() == photo.read_bytes()
    held = yaml.safe_load((moved / "config.yaml").read_text())
    assert held["objectives"]["pixels"]["image"] == kept.relative_to(moved).as_posix()
    resume("elsewhere/moved")
    assert svg(moved) == svg(whole.folder)
    assert svg(generate(Config.load(moved / "config.yaml"), tmp_path / "again").folder) == svg(whole.folder)
    assert resume(moved, 3).figures["steps"] == 9
    large = enlarge("elsewhere/moved", (1, 2), {"steps": 2}, tmp_path / "large")
    shutil.rmtree(moved)
    shutil.move(large.folder, tmp_path / "larger")
    again = generate(Config.load(tmp_path / "larger" / "config.yaml"), tmp_path / "larger again")
    assert svg(again.folder) == svg(tmp_path / "larger")


def test_a_damaged_photograph_is_told(begun):
    (kept,) = (begun / "inputs").glob("*/*")
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(InputError, match=f"{kept.name}' is damaged"):
        resume(begun)
    kept.unlink()
    with pytest.raises(InputError, match=f"{kept.name}' is gone"):
        resume(begun)


def test_a_failed_extension_leaves_the_finished_run(run, monkeypatch):
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    monkeypatch.setattr(pipeline, "prepare", lambda *_: (_ for _ in ()).throw(InputError("no photograph")))
    with pytest.raises(InputError, match="no photograph"):
        resume(run.folder, 5)
    assert Run.open(run.folder).finished
    after = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file() and path.name != ".lock"}
    assert {path: content for path, content in before.items() if path.name != ".lock"} == after
    assert summary(Run.open(run.folder))


@pytest.mark.parametrize("moment", ["checkpoint", "config", "work", "finish"])
def test_an_extension_that_is_cut_off_and_said_again_is_one(run, settings, tmp_path, monkeypatch, moment):
    old = svg(run.folder)
    whole = resume(shutil.copytree(run.folder, tmp_path / "whole"), 5)
    for _ in range(1 if moment == "config" else 2):  # after that it goes on
        with monkeypatch.context() as patch:
            if moment == "work":
                stop_at(patch, 2)
            elif moment == "finish":
                patch.setattr(pipeline, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            else:
                write, name = Run._write, CHECKPOINT if moment == "checkpoint" else "config.yaml"

                def cut(run, which, content, write=write, name=name):
                    write(run, which, content)
                    if which == name:
                        raise KeyboardInterrupt

                patch.setattr(Run, "_write", cut)
            with pytest.raises((KeyboardInterrupt, Interrupted)):
                resume(run.folder, 5)
    assert svg(run.folder) == old and (run.folder / "run.json").exists()
    if moment in ("work", "finish"):
        with pytest.raises(InputError, match=r"--steps: .* is not finished"):
            resume(run.folder, 6)
    further = resume(run.folder, 5)
    assert further.figures["steps"] == 11
    assert svg(further.folder) == svg(whole.folder)


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "[1]", '{"seconds": 1, "sha256": "0"}'])
def test_damaged_figures_are_one_sentence_and_can_be_made_again(run, content):
    file, figures = run.folder / "run.json", json.loads((run.folder / "run.json").read_text())
    file.write_text(content)
    with pytest.raises(InputError, match=r"run\.json' is damaged: delete it") as error:
        Run.open(run.folder)
    assert "\n" not in str(error.value)
    file.unlink()
    again = resume(run.folder).figures
    assert again["loss"] == figures["loss"]


def test_one_process_at_a_time(run, begun):
    lock = FolderLock(begun)
    for work in (lambda: resume(begun), lambda: generate(run.config, begun, force=True)):
        with pytest.raises(InputError, match=r"is being worked on by process \d+"):
            work()
    lock.release()
    assert resume(begun).finished  # the file of a dead one is not in the way


def test_what_was_left_half_written_goes_at_the_next_opening(begun):
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    for name in ("", "frames/", "inputs/"):
        (begun / f"{name}.checkpoint.{int(dead.stdout)}.part").touch()
    (begun / ".mine.part").touch()
    resume(begun)
    assert {path.name for path in begun.rglob("*.part")} == {".mine.part"}


@pytest.mark.parametrize("name", ["pens", "frames", "inputs", "before"])
def test_links_in_a_folder_from_elsewhere_are_not_followed(run, settings, tmp_path, name):
    mine = tmp_path / "mine"
    shutil.move(run.folder / name, mine)
    (mine / "1-mine.svg").touch()
    (run.folder / name).symlink_to(mine, target_is_directory=True)
    before = sorted(mine.rglob("*"))
    for work in (
        lambda: resume(run.folder, 2),
        lambda: generate(Config.load(None, settings), run.folder, force=True),
    ):
        with pytest.raises(InputError, match=f"{name}' is a link to another folder"):
            work()
    assert sorted(mine.rglob("*")) == before


def test_sigterm_saves_and_the_run_goes_on(settings, tmp_path):
    folder = tmp_path / "long"
    config = Config.load(None, {**settings, "stages": [{"kind": "fit", "steps": 100_000, "looks": 2}]})
    config.save(tmp_path / "long.yaml")
    command = [sys.executable, "-m", "plotart", "generate", str(tmp_path / "long.yaml"), "--out", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    end = time.monotonic() + 90
    while not (folder / CHECKPOINT).exists():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and b"plotart resume" in err and b"Traceback" not in err
    saved = Run.open(folder).load_checkpoint()
    assert saved is not None and saved.state is not None


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_ends(first):
    stop, said = threading.Event(), []
    before = signal.getsignal(signal.SIGINT)

    def ends():
        with interruptible(stop, said.append):
            os.kill(os.getpid(), first)
            time.sleep(0.01)
            assert stop.is_set() and len(said) == 1
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        ends()
    assert signal.getsignal(signal.SIGINT) == before


def test_force_clears_what_parts_leave(tmp_path):
    from plotart.runs.clearing import clear
    from plotart.stages import stages

    left = [file for kind in stages for file in stages[kind].leaves]
    assert {"dream.png", "glyphs.pt", "digits-swap.png"} <= set(left)
    for name in (*left, "config.yaml", "losses.jsonl", "notes.txt"):
        (tmp_path / name).write_text("")
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
