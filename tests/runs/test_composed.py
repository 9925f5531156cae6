"""Photographs as they are laid on the page by a run."""

import pytest
import torch
from PIL import Image

from plotart.core.errors import InputError
from plotart.runs.config import Config
from plotart.runs.prepare import prepare

SMALL = {"size": 48, "primitive.count": 40, "threads": 1, "page.size": "a6"}


@pytest.fixture
def wide(tmp_path):
    levels = torch.linspace(0, 255, 90).expand(60, 90).to(torch.uint8).numpy()
    path = tmp_path / "wide.png"
    Image.fromarray(levels).save(path)
    return str(path)


def prepared(wide, **changes):
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return prepare(Config.load("image", {"objectives.pixels.image": wide, **SMALL, **named}), lambda line: None)


def test_a_wide_picture_turns_the_page_unless_it_may_not(wide):
    for changes, lies in (({}, True), ({"page__landscape": False}, False), ({"page__size": "105x148mm"}, False)):
        canvas = prepared(wide, **changes)[2].canvas
        assert (canvas.page.width_mm > canvas.page.height_mm) == lies
        assert canvas.aspect == pytest.approx(1.5)


def test_what_is_drawn_is_the_part_that_was_asked_for(wide):
    _, context, drawing = prepared(wide, composition__crop="0.5,0,0.5,1", composition__place="top-left")
    assert drawing.canvas.area[:2] == (10.0, 10.0)
    assert float(context.picture.min()) > 0.45  # the right half is the lighter
    _, context, drawing = prepared(wide, composition__fill=True, composition__edge="border", composition__edge_mm=5)
    assert drawing.canvas.fit is None
    assert float(context.picture[..., 0, :].min()) == 1.0


def test_a_neuron_has_no_composition():
    config = Config.load("neuron", {"objectives.neuron.at": "conv4_3:12", "composition.crop": "face"})
    with pytest.raises(InputError, match="composition: it is for pictures"):
        prepare(config, lambda line: None)


def test_words_and_frame_take_room_and_minutes_of_any_drawing(wide):
    given = {"lettering__sign": "Ann", "lettering__frame": True, "minutes": 20}
    _, context, drawing = prepared(wide, **given)
    assert drawing.canvas.room[3] > drawing.canvas.room[0] == 3.0
    assert 19 < context.minutes < 20
    with pytest.raises(InputError, match="minutes: frame and words alone take"):
        prepared(wide, **given | {"lettering__caption": "Hello there", "pens__count": 1, "minutes": 0.2})
    config = Config.load("circles", {"objectives.pixels.image": wide, "lettering.caption": "Ann", "size": 32})
    canvas = prepare(config, lambda line: None)[2].canvas
    assert canvas.rectangle[3] < canvas.page.height_mm - canvas.margin_mm - 3
