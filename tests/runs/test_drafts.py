"""A sheet of looks: a draft of a picture in each, with its name."""

import pickle

import pytest
from PIL import Image

from plotart import InputError
from plotart.runs.config import Config
from plotart.runs.drafts import contact_sheet, read_looks
from plotart.runs.looks import look_names


def test_a_list_of_looks_is_a_sheet_and_one_look_is_none():
    assert read_looks("hatch") is None
    assert read_looks("hatch, waves,hatch") == ["hatch", "waves"]
    assert read_looks("all") == look_names()
    with pytest.raises(InputError, match="nonsense"):
        read_looks("hatch,nonsense")


def test_a_sheet_shows_a_draft_of_each_look(photo, tmp_path):
    changes = {
        "objectives.pixels.image": str(photo), "page.size": "60x60mm", "page.margin": 5, "size": 48, "steps": 4,
        "threads": 1, "pens.set": "#1a1a1a,#d62728", "pens.palette": "fixed",
    }  # fmt: skip
    path = contact_sheet("image", changes, ["hatch", "waves"], tmp_path / "sheet")
    assert [file.name for file in path.parent.iterdir()] == ["looks.png"]
    with Image.open(path) as sheet:
        cells = [sheet.crop((left, 0, left + sheet.width // 2, sheet.height)) for left in (0, sheet.width // 2)]
    inks = [sum(cell.convert("L").histogram()[:128]) / (cell.width * cell.height) for cell in cells]
    assert all(0.02 < ink < 0.9 for ink in inks)
    assert cells[0].tobytes() != cells[1].tobytes()
    with pytest.raises(InputError, match="--out"):
        contact_sheet("image", changes, ["hatch", "waves"], path)


def test_what_goes_to_other_processes_arrives_as_it_was(photo):
    """Each draws some of the drafts of a long sheet."""
    config = Config.load("image", {"objectives.pixels.image": str(photo), "look": "waves", "draft": True})
    assert pickle.loads(pickle.dumps(config)) == config
