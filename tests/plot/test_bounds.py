"""SVG files that would not end or not fit are refused before anything of them is expanded."""

import os
import time

import pytest

from plotart.core.errors import InputError
from plotart.core.tensor_file import Damaged, read_tensors
from plotart.plot.read import read_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="50mm" viewBox="0 0 100 50">'
PATH = '<path d="M0,0 L5,5"/>'


def nested(levels, href="#"):
    groups = "".join(f'<g id="g{i + 1}">' + f'<use href="{href}g{i}"/>' * 10 + "</g>" for i in range(levels))
    return f'<defs><g id="g0"/>{groups}</defs><use href="{href}g{levels}"/>'


REFUSED = {
    "flat entity": ("", "entities", f'<!DOCTYPE svg [<!ENTITY x "{"M0,0 L1,1 " * 27}">]>'),
    "outside entity": ("", "entities", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "uses of nothing": (nested(12) + PATH, "more than 500000 elements"),
    "uses without #": (nested(12, "Z") + PATH, "more than 500000 elements"),
    "two with one id": (nested(12) + '<g id="g11"/>' + PATH, "more than 500000 elements"),
    "commands": (f'<path d="M0,0{" L1,1" * 400_001}"/>', "more than 400000 lines and curves"),
    "implicit lines": (f'<path d="M0,0{" 1 1" * 400_001}"/>', "more than 400000 lines and curves"),
    "used commands": (
        f'<path id="p" d="M0,0{" L1,1" * 5000}"/>' + '<use href="#p"/>' * 100, "more than 400000 lines and curves",
    ),
    "points": (f'<polyline points="{"1 1 " * 400_001}"/>', "more than 400000 lines and curves"),
    "open rules": (f"<style>{'a{' * 50_000}</style>{PATH}", "style sheet"),
    "no rules": (f"<style>{'a' * 100_000}</style>{PATH}", "style sheet"),
    "open comments": (f"<style>{'/*' * 50_000}</style>{PATH}", "style sheet"),
    "empty rules": (f"<style>{'a' * 3000}{{}}</style>{PATH}", "style sheet"),
    "large rule": (f"<style>*{{{'a:b;' * 30_000}}}</style>{PATH * 3000}", "style sheets too long"),
    "rotate": (f'<g transform="{"rotate(" * 20_000}">{PATH}</g>', "transform"),
    "rotate in a style": (f'<g style="transform:{"rotate(" * 2000}">{PATH}</g>', "transform"),
    "transforms within": (f'<g transform="{"rotate(1) " * 900}">' * 100 + PATH * 50 + "</g>" * 100, "transforms"),
    "digits": (f'<polyline points="{"1" * 50_000}"/>', "attribute"),
    "blanks": (f'<path stroke="rgb({" " * 50_000}" d="M0,0 L5,5"/>', "attribute"),
    "attributes": ("<g " + " ".join(f'a{i}="1"' for i in range(300)) + f">{PATH}</g>", "more than 200 attributes"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused_at_once(tmp_path, case):
    body, said, *before = case
    file = tmp_path / "x.svg"
    file.write_text("".join(before) + HEAD + body + "</svg>")
    start = time.process_time()
    with pytest.raises(InputError, match=said) as caught:
        read_svg(file)
    assert time.process_time() - start < 10  # each took from 13 s to without end
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "body",
    [
        f'<g transform="matrix(1)">{PATH}</g>',
        '<path d="M0,0 L5" stroke="url(#a" stroke-width="x"/>' + PATH,
        '<circle r="1e400"/><rect width="nan" height="5"/>' + PATH,
        f'<svg width="10%" viewBox="0 0 0 0">{PATH}</svg>' + PATH,
        f'<path transform="scale()" d="M0,0 L5,5" stroke-width="1e999"/>{PATH}',
        '<text id="t">a</text><use href="#t"/><use/>' + PATH,
        '<path d="M0,0 A1 1 0 0 1"/><path d="A"/><path d="M"/>' + PATH,
    ],
)
def test_odd_attributes_are_read_or_refused(tmp_path, body):
    file = tmp_path / "x.svg"
    file.write_text(HEAD + body + "</svg>")
    try:
        assert read_svg(file).strokes >= 1
    except InputError as error:
        assert "x.svg" in str(error)


def test_what_drawing_programs_write_is_read(tmp_path):
    style = "<style>/* a */ @media print{.a{stroke:red}} .b, .c {stroke:#00f;fill:none}</style>"
    body = (
        f'{style}<g transform=" translate(1 , 2)\n scale(2),rotate(3 4 5)"><path class="b" d="M0,0L5,5"/></g>'
        '<polyline style="fill:none; stroke : rgb( 1 , 2 , 3 )" points=" 0,0 5,5\n 7-3 .5.5 "/>'
    )
    (tmp_path / "x.svg").write_text(HEAD + body + "</svg>")
    assert read_svg(tmp_path / "x.svg").strokes == 2


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.svg")
    for path in (tmp_path / "pipe.svg", "/dev/zero"):
        with pytest.raises(InputError, match="it is no file"):
            read_svg(path)
    with pytest.raises(Damaged, match="it is no file"):
        read_tensors(tmp_path / "pipe.svg")
