"""A saved drawing is whole, and other files are refused in one sentence."""

import pytest
import torch

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.render import renderer
from tests.drawing.test_contracts import CANVAS, PAIRS, content, primitive, scene


@pytest.mark.parametrize(("shapes", "kind"), PAIRS)
def test_a_saved_drawing_is_whole(shapes, kind, tmp_path):
    drawing = scene(primitive(shapes), kind)
    drawing.save(tmp_path / "drawing.pt")
    again = Drawing.load(tmp_path / "drawing.pt")
    assert again.canvas == CANVAS
    assert again.ink.pens == drawing.ink.pens
    assert content(again.primitive) == content(drawing.primitive)
    assert torch.equal(renderer("native")(again, 24), renderer("native")(drawing, 24))
    assert torch.equal(renderer("native")(Drawing.load(tmp_path), 24), renderer("native")(drawing, 24))
    again.save(tmp_path / "again.pt")
    assert content(Drawing.load(tmp_path / "again.pt").primitive) == content(drawing.primitive)
    torch.save({"plotart": "drawing", **drawing.pack()}, tmp_path / "again.pt")  # as earlier versions did
    assert content(Drawing.load(tmp_path / "again.pt").primitive) == content(drawing.primitive)


def test_a_damaged_drawing_is_refused(tmp_path):
    drawing = scene(primitive("strokes"), "penned")
    drawing.save(tmp_path / "drawing.pt")
    whole = (tmp_path / "drawing.pt").read_bytes()
    for at in (0, 9, len(whole) // 2, len(whole) - 1):
        flipped = bytearray(whole)
        flipped[at] ^= 4
        (tmp_path / "drawing.pt").write_bytes(flipped)
        with pytest.raises(InputError, match="holds no drawing"):
            Drawing.load(tmp_path / "drawing.pt")


def test_other_files_are_refused_in_one_sentence(tmp_path):
    drawing = scene(primitive("strokes"), "penned")
    old = {"plotart": "drawing", **{k: v for k, v in drawing.pack().items() if k != "canvas"}}
    for name, held, words in (
        ("old.pt", old, "saved by another version of plotart"),
        ("list.pt", [1, 2], "holds no drawing"),
        ("other.pt", {"weights": torch.ones(2)}, "holds no drawing"),
    ):
        torch.save(held, tmp_path / name)
        with pytest.raises(InputError, match=words) as error:
            Drawing.load(tmp_path / name)
        assert "\n" not in str(error.value)
    (tmp_path / "text.pt").write_text("no drawing at all")
    with pytest.raises(InputError, match="holds no drawing"):
        Drawing.load(tmp_path / "text.pt")
    with pytest.raises(InputError, match="cannot be read"):
        Drawing.load(tmp_path / "none.pt")


def test_a_drawing_shows_itself():
    drawing = scene(primitive("circles"), "penned")
    assert drawing.preview(64).size == CANVAS.pixels(64)[::-1]
    shown = drawing._repr_html_()
    assert "data:image/png;base64," in shown
    assert "8 circles, red, blue, 100 x 120 mm" in shown
