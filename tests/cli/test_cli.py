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
        (["generate", "astronaut.png"], ["--image astronaut.png"]),
        (["generate", "drawing.svg"], ["--init drawing.svg"]),
        (["generate", "--image", "x.png", "--pens", "red", "blue"], ["'blue'", "an option takes one value"]),
        (["generate", "--page", "A4", "landscape"], ["--landscape"]),
        (["generate", "--set", "pens.set=null"], ["pens.set", "quotes"]),
        (["generate", "--neuron", "a:" + "1" * 5000], ["cannot read"]),
        (["generate", "--set", "size=" + "1" * 5000], ["--set"]),
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


@pytest.mark.parametrize(("given", "flag"), [("--photo", "--image"), ("--count", "--strokes"), ("--colors", "--pens")])
def test_flags_of_other_programs_are_understood_as_what_they_are_here(monkeypatch, capsys, given, flag):
    code, _, err = call(monkeypatch, capsys, "generate", given, "x")
    assert code == 2
    assert "Did you mean" in err.splitlines()[-1] and flag in err.splitlines()[-1]


def test_a_hash_in_a_value_is_a_colour():
    assert gather({}, ("page.paper=#fff8e7", "size=64")) == {"page.paper": "#fff8e7", "size": 64}


def test_names_are_never_read_as_markup(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    pen = "{name: 'a [/b] [red]c :fire:', hex: '#ff0000', tip_mm: 0.4}"
    (tmp_path / "x.yaml").write_text(f"pens: [{pen}]\nsource: '[/x]'")
    code, out, _ = call(monkeypatch, capsys, "pens", "show", "x.yaml")
    assert code == 0
    assert "a [/b] [red]c :fire:" in out and "source: [/x]" in out
    folder = tmp_path / "[red]"
    folder.mkdir()
    layer = '<g inkscape:groupmode="layer" inkscape:label="1 [/b]"><path stroke="red" d="M0,0L5,5"/></g>'
    (folder / "x.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
        f'width="100mm" height="50mm" viewBox="0 0 100 50">{layer}</svg>'
    )
    code, out, _ = call(monkeypatch, capsys, "estimate", "[red]/x.svg")
    assert code == 0 and "[/b]" in out


def test_a_place_that_cannot_be_written_is_named(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "x.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="99mm" height="50mm" viewBox="0 0 99 50">'
        '<path stroke="red" d="M0,0L5,5"/></svg>'
    )
    for form in ("svg", "hpgl", "gcode"):
        out = tmp_path / "file" / f"x.{form}"
        code, _, err = call(monkeypatch, capsys, "export", str(tmp_path / "x.svg"), "--format", form, "--out", str(out))
        assert code == 2 and "--out" in err and len(err.splitlines()) == 1
    code, _, err = call(monkeypatch, capsys, "pens", "chart", "basic-12", "--out", str(tmp_path / "file" / "c"))
    assert code == 2 and "--out" in err


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
        values = {name.partition("/")[0].strip("-").replace("-", "_"): None for name, *_ in FLAGS}
        changes = gather({**values, flag.partition("/")[0].strip("-").replace("-", "_"): sample[kind]}, ())
        if address.startswith("objectives.style"):
            changes["objectives.style.image"] = "mondrian.jpg"
        if address == "size":
            changes[address] = 64
        if address == "draft":
            changes["objectives.pixels.image"] = "photo.png"
        Config.load(None, changes)


def test_pens_are_listed_and_exported():
    runner = CliRunner()
    assert "basic-12" in runner.invoke(cli, ["pens", "list"]).output
    assert "[pen_config.basic-12]" in runner.invoke(cli, ["pens", "show", "basic-12", "--vpype"]).output
