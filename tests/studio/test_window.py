"""--window: the studio's page beside a run of the command line."""

import json
import os
import sys
import time

import httpx
import pytest
from click.testing import CliRunner

from plotart import InputError
from plotart.cli import cli
from plotart.studio import figure as drawn
from plotart.studio import window as module
from plotart.studio.library import HOME
from tests.studio.conftest import make_run


@pytest.fixture
def opened(monkeypatch):
    links = []
    monkeypatch.setattr(module.webbrowser, "open", links.append)
    monkeypatch.setattr(module, "LAST_LOOK_S", 0.0)
    return links


def test_the_page_is_there_while_the_run_is_and_one_studio_is_enough(tmp_path, opened):
    said = []
    with module.window(tmp_path / "outputs", said.append):
        assert said == [f"the run is shown at {opened[0]}"]
        assert opened[0].endswith("#watch")
        assert httpx.get(opened[0], follow_redirects=True).status_code == 200
        with module.window(tmp_path / "outputs", said.append):
            pass
        assert opened == [opened[0]] * 2
        assert httpx.get(opened[0]).status_code < 400  # it belongs to the first
    with pytest.raises(httpx.ConnectError):
        httpx.get(opened[0])


def test_a_page_that_cannot_be_is_told_before_work(tmp_path, opened, monkeypatch):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match=r"--window: .*file' cannot be written"),
        module.window(tmp_path / "file", print),
    ):
        pass
    lacking(monkeypatch, "uvicorn")
    for name, display, why in (
        ("matplotlib", ":0", "nor is matplotlib, for a window of its own"),
        ("", "", "and for a window of matplotlib's there is no display"),
    ):
        monkeypatch.setattr(drawn, "find_spec", lambda asked, name=name: None if asked == name else sys)
        monkeypatch.setenv("DISPLAY", display)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        for words in (("generate", "dividers", "--image", "x.png", "--out"), ("resume",)):
            made = CliRunner().invoke(cli, [*words, str(tmp_path / "run"), "--window"])
            assert isinstance(made.exception, InputError)
            assert str(made.exception) == (
                f"--window: uvicorn is not installed, which the studio's page needs, {why}: "
                "install it with pip install 'plotart[studio]', or leave --window out"
            )
    assert opened == []
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / HOME).exists()


FAKE = """
import json, os
LOG = os.environ["SHOWN"]
def told(*words):
    with open(LOG, "a") as file:
        file.write(json.dumps(words) + "\\n")
class Any:
    number = 1
    required_interactive_framework = os.environ["FRAMEWORK"] or None
    def __getattr__(self, name):
        if name == "canvas":
            return self
        return lambda *a, **k: told(name, *[x for x in a if isinstance(x, (str, int, float, list))])
def subplots(*a, **k): return Any(), (Any(), Any())
def show(**k): told("show")
def get_backend(): return "fake"
def fignum_exists(number): return True
def pause(seconds):
    import time
    time.sleep(0.05)
"""


@pytest.fixture
def pyplot(tmp_path, monkeypatch):
    """Stands in for matplotlib, in this process and in its children; what it is told lies in the file it gives."""
    package = tmp_path / "fake" / "matplotlib"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "pyplot.py").write_text(FAKE.replace("\\\\n", "\\n"))
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("SHOWN", str(tmp_path / "shown"))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("FRAMEWORK", "tk")
    monkeypatch.setattr(drawn, "LAST_LOOK_S", 0.0)
    return tmp_path / "shown"


def lacking(monkeypatch, missing):
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == missing else sys)


def test_without_the_studio_a_window_of_matplotlibs_shows_frames_and_losses(tmp_path, pyplot, monkeypatch):
    lacking(monkeypatch, "starlette")
    said = []
    run = make_run(tmp_path / "outputs", "mine", finished=False)
    make_run(tmp_path / "outputs", "other", finished=False)
    with module.window(tmp_path / "outputs", said.append):
        assert said == ["the run is shown in a window of matplotlib's, for starlette is not installed"]
        lines = [{"step": step, "losses": {"pixels": 1 / step}, "excitation": None} for step in (1, 2)]
        (run / "losses.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
        now = {"state": "running", "pid": os.getpid(), "time": 1.0, "stage": "fit", "number": 1, "stages": 2}
        (run / "progress.json").write_text(json.dumps({**now, "step": 2, "of": 9}))
        until = time.monotonic() + 10
        while '["set_title", "losses"]' not in (shown := pyplot.read_text()) and time.monotonic() < until:
            time.sleep(0.05)
    told = [json.loads(line) for line in shown.splitlines()]
    assert told[0] == ["show"]
    assert ["suptitle", "mine   fit 1/2 2/9"] in told
    assert ["set_title", "000020.png"] in told
    assert ["plot", [1, 2], [1.0, 0.5]] in told
    assert ["set_yscale", "log"] in told


def test_a_backend_without_windows_is_told_before_work(tmp_path, pyplot, monkeypatch):
    lacking(monkeypatch, "starlette")
    monkeypatch.setenv("FRAMEWORK", "")
    with (
        pytest.raises(InputError, match=r"matplotlib opens no window \(its backend fake has no windows: .*\): install"),
        module.window(tmp_path / "outputs", print),
    ):
        pass
