"""The command line as a user meets it: exit codes, one sentence, no traceback."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from plotart.cli import cli, main
from plotart.cli.flags import FLAGS, gather


def call(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["plotart", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    return ended.value.code or 0, captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate"], ["--neuron", "--image"]),
        (["generate", "--image", "missing.jpg"], ["objectives.pixels.image", "missing.jpg"]),
        (["generate", "--neuron", "conv4_3"], ["objectives.neuron.at", "conv4_3"]),
        (["generate", "--neuron", "conv4_3:12", "--size", "3"], ["size", "32", "3"]),
        (["generate", "--neuron", "conv4_3:12", "--set", "colour"], ["--set", "ADDRESS=VALUE"]),
        (
            ["generate", "--neuron", "conv4_3:12", "--network", "vgg16-hed", "--style", "no.jpg"],
            ["no.jpg", "mondrian.jpg"],
        ),
        (["generate", "nowhere.yaml"], ["nowhere.yaml", "neuron.yaml"]),
        (["resume", "nowhere"], ["nowhere", "config.yaml"]),
        (["estimate", "nowhere.svg"], ["nowhere.svg"]),
        (["pens", "show", "crayons"], ["crayons", "basic-12"]),
        (["layers", "vgg61"], ["vgg61"]),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(monkeypatch, capsys, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    if "--style" in arguments:
        arguments = [*arguments, "--network", "vgg16-hed"]
    code, out, err = call(monkeypatch, capsys, *arguments)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    for word in words:
        assert word in err
    assert not list(tmp_path.iterdir())


def test_full_disk_is_told_with_exit_code_1(monkeypatch, capsys):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("plotart.pens.pen_sets", full)
    code, _, err = call(monkeypatch, capsys, "pens", "list")
    assert code == 1
    assert "plotart resume" in err


def test_help_answers_without_torch():
    code = "import sys; import plotart.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_flag_has_a_home_in_the_config():
    from plotart.runs.config import Config

    sample = {str: None, int: 1, float: 1.0, bool: True}
    for flag, address, kind, _ in FLAGS:
        if sample[kind] is None or address == "objectives.style.raw_weight":
            continue
        values = {name.strip("-").replace("-", "_"): None for name, *_ in FLAGS}
        changes = gather({**values, flag.strip("-").replace("-", "_"): sample[kind]}, ())
        if address.startswith("objectives.style"):
            changes["objectives.style.image"] = "mondrian.jpg"
        if address == "size":
            changes[address] = 64
        Config.load(None, changes)


def test_pens_are_listed_and_exported():
    runner = CliRunner()
    assert "basic-12" in runner.invoke(cli, ["pens", "list"]).output
    assert "[pen_config.basic-12]" in runner.invoke(cli, ["pens", "show", "basic-12", "--vpype"]).output
