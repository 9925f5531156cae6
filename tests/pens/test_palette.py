import pytest
import tomli
import vpype

from plotart.core.errors import InputError
from plotart.pens import Pen, load_pens, pen_sets, to_vpype_toml
from plotart.pens.palette import for_paper

GOOD = (
    "title: mine\ntip_mm: 0.5\npens:\n  - {name: one, hex: '#ff0000'}\n  - {name: two, hex: '#00ff00', tip_mm: 0.3}\n"
)


def test_built_in_sets():
    assert {
        "basic-12", "stabilo-point-88", "staedtler-triplus-fineliner", "sakura-pigma-micron", "gelly-roll", "posca",
    } <= set(pen_sets())  # fmt: skip
    for name in pen_sets():
        pens = load_pens(name)
        assert pens.name == name and pens.approximate and pens.source and pens.title
        assert all(pen.approximate and pen.source for pen in pens.pens)
    assert len(load_pens("basic-12").pens) == 12
    assert all(pen.opaque for name in ("posca", "gelly-roll") for pen in load_pens(name).pens)
    assert load_pens("stabilo-point-88")["88/41 blue"].tip_mm == 0.4


def test_build_up_is_read_for_one_pen_or_for_all(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "opacity: 0.6\nbuild_up: 0.4\ntip_mm: 0.5\npens:\n"
        "  - {name: a, hex: '#ff0000'}\n  - {name: b, hex: '#00ff00', build_up: 0}\n"
    )
    assert [pen.build_up for pen in load_pens(str(file)).pens] == [0.4, 0]
    assert [pen.builds for pen in load_pens(str(file)).pens] == [True, False]
    assert not any(pen.build_up for name in pen_sets() for pen in load_pens(name).pens)


def test_colours_and_files(tmp_path):
    pens = load_pens("#D62728, #1f4").pens
    assert [(pen.hex, pen.tip_mm) for pen in pens] == [("#d62728", 0.4), ("#11ff44", 0.4)]
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    mine = load_pens(str(file))
    assert mine.name == "mine" and [pen.tip_mm for pen in mine.pens] == [0.5, 0.3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pens: [", "not valid YAML in line"),
        ("- a\n", "no list named 'pens'"),
        (GOOD.replace("two", "One"), "'One' occurs twice"),
        (GOOD.replace("#00ff00", "#00ff0"), "'two' hex: .*not a colour"),
        (GOOD.replace("0.3", "0"), "'two' tip_mm: .*greater than 0.*given: 0"),
        (GOOD.replace("0.3", ".nan"), "'two' tip_mm"),
        (GOOD.replace("tip_mm: 0.3", "opacity: 2"), "'two' opacity"),
        (GOOD.replace("tip_mm: 0.3", "colour: red"), "'two' colour"),
        (GOOD.replace("tip_mm: 0.3", "build_up: 1.5"), "'two' build_up"),
        ("pens: [{name: red, hex: red}]", r"pen 'red' tip_mm is missing\.$"),
        ("pens: []", "pens"),
        ("pens: [red]", "pen 1"),
    ],
)
def test_wrong_files_in_one_sentence(tmp_path, text, message):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_pens(str(file))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pens", ["crayons", "#12", "#ff0000,#f00", "missing.yaml", ""])
def test_unknown_pens(pens):
    with pytest.raises(InputError):
        load_pens(pens)


def test_slug():
    assert Pen(name="88/41 Blau!", hex="#000000", tip_mm=1).slug == "88-41-blau"


def test_toml_is_a_pen_config_that_vpype_takes(tmp_path):
    pens = load_pens("stabilo-point-88")
    text = to_vpype_toml(pens)
    layers = tomli.loads(text)["pen_config"]["stabilo-point-88"]["layers"]
    assert [layer["layer_id"] for layer in layers] == list(range(1, 11))
    file = tmp_path / "pens.toml"
    file.write_text(text)
    config = vpype.ConfigManager()
    config.load_config_file(str(file))
    pen = config.config["pen_config"]["stabilo-point-88"]["layers"][1]
    assert (pen["name"], pen["color"], pen["pen_width"]) == ("88/40 red", "#e3000f", "0.4mm")


def test_colours_have_names_and_go_together_with_sets():
    pens = load_pens("red,#1b3a8c, Tomato")
    assert [(pen.name, pen.hex) for pen in pens.pens] == [("red", "#ff0000"), ("#1b3a8c",) * 2, ("tomato", "#ff6347")]
    mixed = load_pens("posca,black,gold")
    assert mixed.pens[: len(load_pens("posca").pens)] == load_pens("posca").pens
    assert len({pen.name.lower() for pen in mixed.pens}) == len(mixed.pens)
    for wrong, said in (("red,bleu", "'bleu' is no pen set"), ("red,#f00", "occurs twice"), (",", "list is empty")):
        with pytest.raises(InputError, match=said):
            load_pens(wrong)


def test_dark_paper_takes_paint_and_says_what_does_not_show():
    assert all(pen.opaque for pen in for_paper(load_pens("white,gold"), "#000000").pens)
    assert not any(pen.opaque for pen in for_paper(load_pens("red,gold"), "#ffffff").pens)
    for pens, paper in (("basic-12", "#000000"), ("white", "#ffffff")):
        with pytest.raises(InputError, match=r"pens\.set: no pen of '\S+' shows on paper #"):
            for_paper(load_pens(pens), paper)
