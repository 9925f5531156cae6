"""Every command of README and manual: it is parsed as it stands, its config is loaded, and what is quick is run."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from plotart import Config, Drawing
from plotart.cli import cli
from plotart.cli.flags import gather, given_config
from plotart.core.shipped import base_config, manual_pages
from tests.docs.pages import PAGES, blocks, commands, name

SAID = [(page, words) for page in PAGES for words in commands(page)]
SMALL = ["--size", "64", "--steps", "6", "--page", "60x60mm", "--margin", "5", "--minutes", "8", "--threads", "1"]
TWO_PENS = ["--pens", "#111111,#d62728", "--palette", "fixed"]
STANDINS = {"RUN", "SET", "CONFIG", "FOLDER/NAME"}
QUICK = ("help", "pens list", "pens show", "pens chart", "show", "check", "plot outputs/photo --preview")
RUN = [
    words
    for page, words in SAID
    if name(page) in ("docs/start.md", "docs/pens.md") and not STANDINS & {*words}
    if " ".join(words).startswith(QUICK) or "--palette" in words
]
"""What takes no long time and no plotter."""


def parsed(words):
    """The command and its parameters, as click reads them; wrong words raise."""
    command, rest = cli, list(words)
    while hasattr(command, "commands"):
        assert rest and rest[0] in command.commands, words
        command = command.commands[rest.pop(0)]
    return command, command.make_context(command.name, rest, resilient_parsing="--help" in rest or "--help-all" in rest)


@pytest.fixture(scope="module")
def place(tmp_path_factory, photo):
    """A folder with a photograph and a finished small run of it."""
    folder = tmp_path_factory.mktemp("manual")
    for file in ("photo.jpg", "face.jpg"):
        (folder / file).write_bytes(photo.read_bytes())
    for page in PAGES:
        for block in blocks(page, "yaml pens"):
            (folder / "my-desk.yaml").write_text(block)
    (folder / "my-pens.yaml").write_text((folder / "my-desk.yaml").read_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = CliRunner().invoke(
            cli, ["generate", "--image", "photo.jpg", *SMALL, *TWO_PENS, "--out", "outputs/photo"]
        )
    assert made.exit_code == 0, made.output
    return folder


def test_there_are_commands():
    assert len(SAID) > 60 and len(RUN) >= 8


@pytest.mark.parametrize(("page", "words"), SAID, ids=[f"{name(page)}: {' '.join(words)}" for page, words in SAID])
def test_commands_are_understood(page, words, place, monkeypatch):
    monkeypatch.chdir(place)
    try:
        command, context = parsed(words)
    except click.MissingParameter:  # a mention, such as `plotart enlarge`
        assert len(words) <= 2
        return
    if command.name == "generate" and not STANDINS & {*words} and any(word.startswith("-") for word in words):
        given = dict(context.params)
        changes = gather(given, given.pop("sets", ()))
        if changes.get("steps") == 0:  # endless: not a setting
            del changes["steps"]
        Config.load(given_config(given["config"]) or base_config(changes), changes)


@pytest.mark.parametrize("words", RUN, ids=" ".join)
def test_quick_commands_do_their_work(words, place, monkeypatch):
    monkeypatch.chdir(place)
    made = CliRunner().invoke(cli, [*words, *SMALL, "--out", "outputs/other"] if "--palette" in words else words)
    assert made.exit_code == 0, (made.output, made.exception)


def test_python_in_the_manual_runs(place, monkeypatch):
    monkeypatch.chdir(place)
    held = {"plotart": __import__("plotart")}
    (block,) = [code for code in blocks(manual_pages()["notebooks"], "python") if "Drawing.load" in code]
    exec(block, held)
    assert isinstance(held["drawing"], Drawing) and Path("large.png").is_file()
