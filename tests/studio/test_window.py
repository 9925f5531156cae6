"""--window: the studio's page beside a run of the command line."""

import sys

import httpx
import pytest
from click.testing import CliRunner

from plotart import InputError
from plotart.cli import cli
from plotart.studio import window as module
from plotart.studio.library import HOME


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
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "uvicorn" else sys)
    for words in (("generate", "dividers", "--image", "x.png", "--out"), ("resume",)):
        made = CliRunner().invoke(cli, [*words, str(tmp_path / "run"), "--window"])
        assert isinstance(made.exception, InputError)
        assert "--window: uvicorn is not installed" in str(made.exception)
        assert "pip install 'plotart[studio]'" in str(made.exception)
    assert opened == []
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / HOME).exists()
