"""Runs by name: found, summed up, noted, thrown away and taken back; processes started, waiting and stopped."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from plotart.core.errors import InputError
from plotart.studio.library import NOTES, Library
from plotart.studio.progress import alive, curve_of, latest_frame, progress, state_of
from plotart.studio.starter import Starter
from plotart.studio.summary import read_config
from tests.studio.conftest import make_run


def test_runs_are_listed_with_what_matters(page):
    runs = {run["name"]: run for run in page.get("/api/runs").json()["runs"]}
    cat, half = runs["cat"], runs["half"]
    assert (cat["state"], cat["neuron"], cat["minutes"], cat["excitation"], cat["seed"]) == (
        "finished",
        "conv4_3:12",
        12.5,
        5.5,
        3,
    )
    assert cat["pens"][0]["hex"] == "#1a1a1a"
    assert (half["state"], half["frame"]) == ("stopped", "000020.png")


def test_damaged_runs_are_listed_too(page, root):
    for name, config, figures in (
        ("a", "{", "{"),
        ("b", "[1]", "[1]"),
        ("c", "seed: .nan", '{"plot": NaN, "pens": [1]}'),
    ):
        folder = make_run(root, name)
        (folder / "config.yaml").write_text(config)
        (folder / "run.json").write_text(figures)
    (root / "d").mkdir()
    (root / "d" / "config.yaml").write_bytes(b"\xff\x00")
    answer = page.get("/api/runs")
    assert {run["name"] for run in answer.json()["runs"]} == {"cat", "half", "a", "b", "c", "d"}


def test_a_config_that_refers_to_itself_is_not_read(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n")
    assert read_config(path) == {}
    path.write_text("seed: 3\nnote: fish & chips *\n")
    assert read_config(path)["seed"] == 3


def test_markup_in_names_is_text(page, root):
    make_run(root, "<img src=x onerror=alert(1)>", config={"objectives": {"neuron": {"at": "<script>"}}})
    run = next(run for run in page.get("/api/runs").json()["runs"] if run["name"].startswith("<img"))
    assert run["neuron"] == "<script>"
    assert page.get(f"/thumb/{run['name']}").headers["content-type"] == "image/webp"
    for file in ("main", "dom", "choose", "run", "make", "watch", "compare"):
        text = page.get(f"/front/{file}.js").text
        assert not any(word in text for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("))


def test_stars_and_notes_stay_with_the_run(page, root):
    page.post("/api/do/note", json={"name": "cat", "star": True})
    page.post("/api/do/note", json={"name": "cat", "note": "of all of them"})
    run = next(run for run in page.get("/api/runs").json()["runs"] if run["name"] == "cat")
    assert (run["star"], run["note"]) == (True, "of all of them")
    page.post("/api/do/note", json={"name": "cat", "star": False, "note": ""})
    assert json.loads((root / "cat" / NOTES).read_text()) == {}


def test_what_is_thrown_away_comes_back(page, root, studio):
    before = sorted(path.name for path in (root / "cat").iterdir())
    keys = page.post("/api/do/delete", json={"names": ["cat", "half"]}).json()["keys"]
    assert not (root / "cat").exists()
    assert [one["name"] for one in page.get("/api/runs").json()["trash"]] == ["half", "cat"]
    make_run(root, "half")  # its name is taken meanwhile
    names = page.post("/api/do/restore", json={"keys": keys}).json()["names"]
    assert names == ["cat", "half-2"]
    assert sorted(path.name for path in (root / "cat").iterdir()) == before
    page.post("/api/do/delete", json={"names": ["half-2"]})
    page.post("/api/do/empty", json={})
    assert studio.library.trash() == []
    assert page.post("/api/do/restore", json={"keys": keys}).status_code == 422


def test_progress_is_what_a_run_tells_of_itself(root):
    told = {
        "state": "running",
        "pid": 7,
        "stage": "fit",
        "number": 3,
        "stages": 7,
        "step": 5,
        "of": 90,
        "losses": {"a": 1},
    }
    (root / "half" / "progress.json").write_text(
        json.dumps({**told, "seconds_left": 12.5, "share": 0.4, "excitation": None})
    )
    found = progress(root / "half")
    assert (found["stage"], found["step"], found["left"], found["share"]) == ("fit 3/7", 5, 12.5, 0.4)
    (root / "half" / "progress.json").write_text(json.dumps({"state": "failed", "message": "the disk is full"}))
    assert state_of(root / "half", progress(root / "half"), {}) == "failed"


def test_losses_are_those_of_the_run_whoever_looked_on(page, root):
    """A server that was started later tells them, too; what a killed run did again counts once."""
    lines = [{"step": step, "losses": {"pixels": 1 / step}, "excitation": None} for step in (1, 2, 3, 2, 3, 4)]
    lines[3]["losses"] = {"pixels": 9.0}
    text = "".join(json.dumps(line) + "\n" for line in lines)
    wrong = ['{"step": 5, "los', "[1]", '{"step": "6", "losses": {}}', '{"step": 7, "losses": {"a": "b"}}', "[" * 900]
    (root / "half" / "losses.jsonl").write_text(text + "\n".join(wrong))
    told = page.get("/api/run?name=half").json()["curve"]
    steps = [(point["step"], point["losses"]["pixels"]) for point in told]
    assert steps == [(1, 1.0), (2, 9.0), (3, 1 / 3), (4, 1 / 4)]
    assert curve_of(root / "cat") == []


def test_states_tell_what_a_run_is_at(root, tmp_path):
    folder = root / "half"
    own = os.getpid()  # a process of plotart's tests: its command line says so or not
    assert state_of(folder, {}, {}) == "stopped"
    assert state_of(folder, {"state": "running", "pid": 2**22 - 5}, {}) == "stopped"
    assert state_of(folder, {}, {"waiting": True}) == "waiting"
    assert state_of(folder, {"state": "failed"}, {}) == "failed"
    assert state_of(root / "cat", {}, {}) == "finished"
    (folder / "checkpoint.safetensors").touch()
    assert state_of(folder, {}, {}) == "running"  # from a terminal, of an older plotart: by its files alone
    assert not alive(1) and not alive(None) and not alive("7") and not alive(True)
    assert alive(own) is (b"plotart" in Path("/proc/self/cmdline").read_bytes())
    assert latest_frame(folder) == "000020.png"


SLEEPER = """# plotart
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin without it
print("up", flush=True)
time.sleep(60)
"""


def test_a_run_is_stopped_as_by_ctrl_c(page, root, studio):
    process = subprocess.Popen([sys.executable, "-c", SLEEPER, "plotart"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "up\n"
        (root / "half" / "progress.json").write_text(json.dumps({"state": "running", "pid": process.pid}))
        assert page.post("/api/do/delete", json={"names": ["half"]}).status_code == 422
        assert page.post("/api/do/stop", json={"name": "half"}).status_code == 200
        assert process.wait(20) == -signal.SIGINT or process.returncode == 1
    finally:
        process.kill()
    assert page.post("/api/do/stop", json={"name": "half"}).status_code == 422


def test_runs_wait_for_their_turn_and_another_studio_takes_over(studio, no_processes, monkeypatch):
    starter, library = studio.starter, studio.library
    monkeypatch.setattr("plotart.studio.starter.alive", lambda pid: pid == 2**22 - 7)
    first, second = starter.begin("seed: 1\n", "one"), starter.begin("seed: 2\n", "two")
    draft = starter.begin("seed: 3\n", "three", draft=True)
    assert [words[0] for words in no_processes] == ["generate", "generate"]  # a draft does not wait
    assert [words[-1].rpartition("/")[2] for words in no_processes] == ["one", "three"]
    assert library.notes(library.folder(second))["waiting"]
    assert draft == "drafts/three"
    other = Starter(library)  # the server was killed
    said = []
    monkeypatch.setattr(other, "_run", lambda command, log: said.append(command) or no_child())
    other.tick()
    assert said == []
    library.note(library.folder(first), pid=None)
    other.tick()
    assert [words[-1].rpartition("/")[2] for words in said] == ["two"]
    assert yaml.safe_load((library.folder("two") / ".start.yaml").read_text()) == {"seed": 2}


def no_child():
    return type("Child", (), {"pid": 2**22 - 7, "returncode": None, "poll": lambda self: None})()


def test_what_waits_is_taken_off_the_list(studio, no_processes, monkeypatch):
    monkeypatch.setattr("plotart.studio.starter.alive", lambda pid: pid == 2**22 - 7)
    first, second = studio.starter.begin("seed: 1\n", "one"), studio.starter.begin("seed: 2\n", "two")
    studio.starter.stop(second)
    assert not (studio.library.root / second).exists() and len(no_processes) == 1
    with pytest.raises(InputError, match="at work already"):
        studio.starter.go_on(first)


def test_what_failed_says_why(studio, no_processes, monkeypatch):
    name = studio.starter.begin("seed: 1\n", "one")
    folder = studio.library.folder(name)
    (folder / "log.txt").write_text("placing\nplotart: page.margin: too wide\n")
    studio.starter._children[name].returncode = 2
    studio.starter.tick()
    assert studio.library.notes(folder)["failed"] == "page.margin: too wide"
    assert studio.summaries.all()[name]["state"] == "failed"


def test_a_picture_that_is_none_is_refused_by_name(page, root, no_processes):
    for content in (b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"%!PS-Adobe-3.0 EPSF\n", b"<svg/>"):
        headers = {"Content-Type": "application/octet-stream"}
        answer = page.post("/api/photos?name=holiday<b>.png", content=content, headers=headers)
        assert answer.status_code == 422
        assert "holiday<b>.png" in answer.json()["error"]
    assert list((root / ".studio" / "photos").glob("*")) == []


def test_a_picture_is_kept_cropped_and_drawn(page, root, tmp_path, no_processes):
    Image.new("RGB", (200, 100), "red").save(tmp_path / "a.jpg")
    headers = {"Content-Type": "application/octet-stream"}
    told = page.post(
        "/api/photos?name=../../Ä B.jpg", content=(tmp_path / "a.jpg").read_bytes(), headers=headers
    ).json()
    assert (told["width"], told["height"]) == (200, 100)
    part = page.post("/api/do/crop", json={"photo": told["photo"], "box": [0.5, 0, 0.5, 1]}).json()
    assert (part["width"], part["height"]) == (100, 100)
    assert page.get(f"/photo/{part['photo']}?w=160").status_code == 200
    assert page.post("/api/do/crop", json={"photo": told["photo"], "box": [0, 0, 0.01, 1]}).status_code == 422
    asked = {
        "changes": {"objectives.pixels.image": part["photo"], "pens.count": 2},
        "pens": {"set": "basic-12", "names": ["red", "blue", "grey"]},
    }
    name = page.post("/api/do/start", json={**asked, "other": "size: 200"}).json()["name"]
    config = yaml.safe_load((root / name / ".start.yaml").read_text())
    assert config["size"] == 200
    assert config["objectives"]["pixels"]["image"] == str(root / ".studio" / "photos" / part["photo"])
    pens = yaml.safe_load(Path(config["pens"]["set"]).read_text())
    assert [pen["name"] for pen in pens["pens"]] == ["red", "blue", "grey"]
    assert no_processes == [["generate", str(root / name / ".start.yaml"), "--out", str(root / name)]]
    draft = page.post("/api/do/start", json={**asked, "other": "size: 200", "draft": True}).json()["name"]
    assert draft.startswith("drafts/")
    config = yaml.safe_load((root / draft / ".start.yaml").read_text())
    assert (config["draft"], config["size"]) == (True, 256)


def test_variations_change_one_setting(page, root, no_processes):
    names = page.post("/api/do/vary", json={"name": "cat", "address": "seed", "values": [7, 8]}).json()["names"]
    assert [yaml.safe_load((root / name / ".start.yaml").read_text())["seed"] for name in names] == [7, 8]
    assert page.post("/api/do/vary", json={"name": "cat", "address": "nonsense", "values": [1]}).status_code == 422


def test_the_form_is_the_schema(page, no_processes):
    form = page.get("/api/form").json()
    assert form["fields"]["page.margin"]["max"] == 1000
    assert "mm" in form["fields"]["page.margin"]["help"]
    assert "objectives.style.strength" in form["fields"]
    assert {pens["name"] for pens in form["pens"]} >= {"basic-12", "stabilo-point-88"}
    assert "mondrian.jpg" in form["styles"] and "waves" in form["looks"]
    assert {config["name"] for config in form["configs"]} >= {"image", "neuron", "painting"}


def test_two_studios_of_one_folder_are_one_too_many(tmp_path):
    from plotart.studio.serve import _alone

    Library(tmp_path)
    with _alone(tmp_path / ".studio"), pytest.raises(InputError, match="already"), _alone(tmp_path / ".studio"):
        pass


@pytest.mark.anyio
async def test_the_stream_tells_everything_and_then_what_changed(studio, root, no_processes):
    stream = studio.events.stream()
    studio.events.look()
    first = json.loads((await anext(stream)).removeprefix(b"data: "))
    assert {run["name"] for run in first["runs"]} == {"cat", "half"}
    (root / "half" / "progress.json").write_text(
        json.dumps({"state": "running", "pid": 1, "stage": "fit", "step": 3, "of": 9, "losses": {"pixels": 0.5}})
    )
    studio.library.note(root / "half", star=True)
    studio.events.look()
    for listener in studio.events._listeners:
        listener.put_nowait(None)
    second = json.loads((await anext(stream)).removeprefix(b"data: "))
    assert [(run["name"], run["star"]) for run in second["runs"]] == [("half", True)]
    studio.events.end()
    assert [part async for part in stream] == []


@pytest.fixture
def anyio_backend():
    return "asyncio"


def test_what_an_end_breaks_off_is_no_line_for_the_user(caplog):
    from plotart.studio.serve import _tells

    log = logging.getLogger("plotart.test.studio")
    log.addFilter(_tells)
    for error in (asyncio.CancelledError(), ValueError("kept")):
        try:
            raise error
        except BaseException:
            log.exception("Exception in ASGI application")
    log.error("Cancel %d running task(s), timeout graceful shutdown exceeded", 1)
    assert [record.exc_info[0] for record in caplog.records] == [ValueError]
