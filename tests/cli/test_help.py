"""Help: flags in groups on one screen, pages of the manual, what a shell completes."""

import sys

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from plotart.cli import cli
from plotart.cli.flags import FLAGS
from plotart.cli.grouping import GROUPS, GroupedCommand, group_of
from plotart.core.shipped import manual_pages, shipped_configs


def ask(*arguments):
    made = CliRunner().invoke(cli, arguments, env={"COLUMNS": "80"}, catch_exceptions=False)
    assert made.exit_code == 0
    return made.output


def test_help_of_generate_fits_a_screen_and_cuts_no_sentence():
    lines = ask("generate", "--help").splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert not any(line.startswith("  ") and line.endswith("...") for line in lines)
    for group in GROUPS:
        assert any(line.startswith(group) for line in lines)


@pytest.mark.parametrize("name", ["generate", "sweep", "enlarge"])
def test_help_all_explains_each_flag_once(name):
    command = cli.commands[name]
    assert isinstance(command, GroupedCommand)
    words = ask(name, "--help-all").replace(",", " ").split()
    for option in (param for param in command.params if isinstance(param, click.Option) and not param.is_eager):
        assert words.count(option.opts[0]) >= 1
    assert words.count("--seed") == (name != "sweep")


def test_flags_stand_in_the_group_of_their_setting():
    assert group_of("composition.crop") == "Photograph"
    assert group_of("objectives.neuron.at") == "What to draw"
    assert group_of("objectives.neuron.weight") == "Neuron and style"
    assert group_of("pens.set") == group_of("page.size") == "Pens and paper"
    assert {group_of(address) for _, address, _, _ in FLAGS} <= set(GROUPS)


def test_a_page_of_the_manual_is_read_without_a_network():
    for name, page in manual_pages().items():
        assert f"  {name} " in ask("help"), page
    assert "From a photograph to the finished page" in ask("help", "plotting")
    assert "RUN" in ask("help", "resume")


def test_a_page_that_is_not_there_is_told_with_the_nearest(monkeypatch, capsys):
    from plotart.cli import main

    monkeypatch.setattr(sys, "argv", ["plotart", "help", "plotin"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "plotting" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "incomplete", "offered"),
    [
        (["generate"], "gl", {"glyphs", "glyphs-autoencoder", "glyphs-normal"}),
        (["generate", "--pens"], "ba", {"basic-12"}),
        (["generate", "--style"], "mon", {"mondrian.jpg"}),
        (["estimate", "x.svg", "--machine"], "sa", {"saxi"}),
        (["layers"], "vgg16-", {"vgg16-hed"}),
        (["pens", "show"], "pos", {"posca"}),
        (["help"], "plott", {"plotting"}),
    ],
)
def test_a_shell_completes_values(typed, incomplete, offered):
    found = ShellComplete(cli, {}, "plotart", "_PLOTART_COMPLETE").get_completions(typed, incomplete)
    assert {item.value for item in found} == offered


def test_where_a_file_may_stand_files_are_completed():
    found = ShellComplete(cli, {}, "plotart", "_PLOTART_COMPLETE").get_completions(["generate"], "")
    assert {item.value for item in found if item.type == "plain"} == set(shipped_configs())
    assert [item.type for item in found][-1] == "file"
