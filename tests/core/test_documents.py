"""YAML as it comes from anyone: bounded, and one sentence for what cannot be read."""

import pytest

from plotart.core.documents import parse_yaml, read_yaml
from plotart.core.errors import InputError, one_line, shown
from plotart.core.shipped import read_settings
from plotart.pens import load_pens
from plotart.pens.chart import load_layout
from plotart.plot.motion import load_machine

BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i + 1}: &a{i + 1} [{','.join([f'*a{i}'] * 10)}]\n" for i in range(9)
)
WRONG = {
    "bomb": BOMB,
    "merged bomb": BOMB.replace("[x,x,x,x,x,x,x,x,x,x]", "{x: 1}"),
    "deep": "[" * 5000,
    "deep blocks": "".join(f"{' ' * i}a:\n" for i in range(300)),
    "itself": "a: &a [*a]",
    "digits": "a: 1" + "1" * 5000,
    "date": "a: 2020-99-99",
    "tag": "a: !!python/object/apply:os.system [true]",
    "empty int": "a: !!int ''",
    "stamp": "a: !!timestamp 1",
    "bytes": "a: \x00",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_every_reader_refuses_in_one_short_sentence(tmp_path, text):
    file = tmp_path / "x.yaml"
    file.write_text(text)
    for read in (read_settings, lambda path: load_pens(str(path)), lambda path: load_machine(str(path)), load_layout):
        with pytest.raises(InputError, match=r"x\.yaml") as caught:
            read(file)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "large.yaml").write_text("#" * 2_000_001)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    for name, said in (("large", "larger than 2 MB"), ("latin", "UTF-8"), ("missing", "no such file")):
        with pytest.raises(InputError, match=said):
            read_yaml(tmp_path / f"{name}.yaml", "doc")
    with pytest.raises(InputError, match="no file"):
        read_yaml(tmp_path, "doc")


def test_aliases_and_merges_within_bounds_are_read():
    text = "base: &b {x: 1, y: [1, 2]}\nmore: {<<: *b, z: *b}\n"
    assert parse_yaml(text, "doc")["more"] == {"x": 1, "y": [1, 2], "z": {"x": 1, "y": [1, 2]}}


def test_values_are_quoted_short_and_messages_on_one_line():
    assert shown("x" * 1000).endswith("...") and len(shown("x" * 1000)) == 100
    assert "digits" in shown(10**5000)
    assert one_line("a\nb\x1b[31mc") == "a b\N{REPLACEMENT CHARACTER}[31mc"


@pytest.mark.parametrize("pens", ["name: x\npens: [{name: *a}]", "1: 2\npens: [{1: 2}]", "pens: [5]", "pens: [[]]"])
def test_pens_that_are_none(tmp_path, pens):
    (tmp_path / "x.yaml").write_text(pens)
    with pytest.raises(InputError):
        load_pens(str(tmp_path / "x.yaml"))
