"""A plot is begun, told and followed through the files that `plotart plot` keeps beside the drawing."""

import json
import subprocess
import sys
import time

import pytest

from plotart.studio.plotter import plot_of

SLEEPER = "import time; time.sleep(60)  # plotart"


@pytest.fixture
def plotting(root):
    """A plot that waits for a pen, and the process that is said to make it."""
    process = subprocess.Popen([sys.executable, "-c", SLEEPER])
    told = {"state": "pen", "pen": "red", "colour": "#d62728", "pid": process.pid, "strokes": 9, "strokes_done": 3}
    (root / "cat" / "drawing.plot.json").write_text(json.dumps({**told, "message": "put in pen 2 of 2: red"}))
    time.sleep(0.2)
    yield process
    process.kill()
    process.wait()


def test_a_plot_is_begun_with_what_was_chosen(page, root, no_processes):
    asked = {"name": "cat", "port": "/dev/ttyACM0", "machine": "axidraw", "layer": "1,3", "copies": 2}
    assert page.post("/api/do/plot", json=asked).status_code == 200
    words = ["--port=/dev/ttyACM0", "--machine=axidraw", "--layer=1,3", "--copies=2"]
    assert no_processes == [["plot", str(root / "cat"), *words]]
    page.post("/api/do/plot", json={"name": "cat", "resume": True, "copies": 5})
    assert no_processes[-1] == ["plot", str(root / "cat"), "--resume"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "half"},
        {"port": "/etc/passwd"},
        {"port": "/dev/../etc/passwd"},
        {"port": "--help"},
        {"machine": "../x.yaml"},
        {"machine": "/tmp/machine.yaml"},
        {"layer": "1;2"},
        {"layer": ["1"]},
        {"copies": 0},
        {"copies": True},
        {"copies": "2"},
    ],
)
def test_what_is_no_plot_is_refused(page, no_processes, wrong):
    assert page.post("/api/do/plot", json={"name": "cat", **wrong}).status_code == 422
    assert no_processes == []


def test_a_plot_is_shown_and_told(page, root, plotting, no_processes):
    run = next(run for run in page.get("/api/runs").json()["runs"] if run["name"] == "cat")
    assert (run["plot"]["state"], run["plot"]["colour"], run["plot"]["alive"]) == ("pen", "#d62728", True)
    assert page.post("/api/do/plot", json={"name": "cat"}).status_code == 422  # one pen at a time
    for word in ("resume", "pause", "cancel"):
        assert page.post("/api/do/tell-plot", json={"name": "cat", "word": word}).status_code == 200
        assert (root / "cat" / "drawing.plot.control").read_text() == word
    assert page.post("/api/do/tell-plot", json={"name": "cat", "word": "explode"}).status_code == 422


def test_a_plot_whose_process_died_is_broken_off(page, root, plotting):
    plotting.kill()
    plotting.wait()
    assert plot_of(root / "cat")["state"] == "lost"
    assert page.post("/api/do/tell-plot", json={"name": "cat", "word": "pause"}).status_code == 422


def test_damaged_progress_is_none(root):
    (root / "cat" / "drawing.plot.json").write_text("[")
    assert plot_of(root / "cat") is None
