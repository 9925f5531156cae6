"""The config: one sentence for each wrong setting, and a file that runs the same run again."""

import pytest

from plotart.core.errors import InputError
from plotart.core.shipped import find_config, find_style, shipped_configs
from plotart.runs.checks import check
from plotart.runs.config import Config


def test_addresses_reach_every_level():
    changes = {"objectives.neuron.at": "conv4_3:12", "page.size": "a4", "stages.0.steps": 7, "seed": 3}
    config = Config.load(None, {**changes, "pens.palette": "kmeans"})
    assert config.objectives["neuron"].at == "conv4_3:12"
    assert config.page.size == "a4"
    assert config.stages[0].steps == 7
    assert [type(stage).__name__ for stage in config.stages] == ["Fit", "Quantize", "Fit"]
    assert config.seed == 3


def test_part_of_a_default_section_can_be_changed():
    assert Config.load(None, {"primitive.count": 10}).primitive.count == 10


def test_a_draft_is_the_same_run_smaller_and_saved_as_such(tmp_path):
    picture = {"objectives.pixels.image": "photo.jpg", "minutes": 20}
    whole = Config.load("image", picture)
    draft = Config.load("image", {**picture, "draft": True})
    assert (draft.size, draft.steps) == (256, 60)
    fit, prune = draft.scaled_stages()[-2:]
    assert (fit.steps, prune.steps) == (60, 0)
    assert draft.changed(draft=False, size=384, steps=None, stages=whole.stages) == whole
    draft.save(tmp_path / "config.yaml")
    assert Config.load(tmp_path / "config.yaml") == draft
    given = Config.load("image", {**picture, "draft": True, "size": 128, "steps": 9})
    assert (given.size, given.steps) == (128, 9)
    with pytest.raises(InputError, match="draft: it is for pictures"):
        Config.load(None, {"draft": True})


def test_saved_config_loads_as_the_same(tmp_path):
    config = Config.load(None, {"objectives.neuron.at": "conv4_3:12", "objectives.style.image": "mondrian.jpg"})
    config.save(tmp_path / "config.yaml")
    assert Config.load(tmp_path / "config.yaml") == config


@pytest.mark.parametrize(
    ("address", "value", "words"),
    [
        ("size", 3, ["size", "32", "3"]),
        ("size", "big", ["size", "big"]),
        ("pens.count", 0, ["pens.count", "1", "auto"]),
        ("pens.count", "many", ["pens.count", "auto", "many"]),
        ("primitive.count", -1, ["primitive.count", "1"]),
        ("primitive.kind", "blobs", ["primitive.kind", "blobs", "strokes"]),
        ("primitive.colour", 1, ["primitive.colour", "no such setting"]),
        ("objectives.neuron.at", "conv4_3", ["objectives.neuron.at", "conv4_3:12"]),
        ("objectives.beauty.weight", 1, ["beauty", "neuron"]),
        ("stages.0.kind", "melt", ["stages.0", "melt", "quantize"]),
        ("stages.9.steps", 1, ["stages.9.steps", "0 to 6"]),
        ("sice", 1, ["sice", "size"]),
        ("seed.x", 1, ["seed"]),
    ],
)
def test_wrong_settings_are_named(address, value, words):
    with pytest.raises(InputError) as error:
        Config.load(None, {address: value})
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_what_a_shipped_config_lacks_is_told_by_its_flag():
    told = {}
    for name in shipped_configs():
        try:
            check(Config.load(name))
        except InputError as error:
            told[name] = str(error)
    assert told["space"] == "objectives.pixels.image: there is no picture to draw: give --image FILE"
    assert "there is no neuron to draw: give --neuron LAYER:UNIT" in told["published"]
    assert all("give --" in words and "{" not in words for words in told.values()), told
    assert shipped_configs().keys() - told.keys() >= {"classifier", "glyphs", "digits"} and len(told) >= 15


def test_a_setting_without_default_is_told_with_what_it_is_for():
    with pytest.raises(InputError, match=r"objectives\.style\.image: there is no style image: give --style FILE"):
        Config.load(None, {"objectives.style.weight": 1})
    with pytest.raises(InputError, match=r"stages\.0\.layers: this setting .* must be given \(layers of ink"):
        Config.load(None, {"stages": [{"kind": "lighten"}]})


@pytest.mark.parametrize("text", ["a: [1", "- 1\n- 2", "\x00"])
def test_damaged_files_are_refused_in_one_line(tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        Config.load(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_files_name_the_shipped_ones():
    with pytest.raises(InputError, match=r"neuron\.yaml"):
        find_config("nothing.yaml")
    with pytest.raises(InputError, match=r"mondrian\.jpg"):
        find_style("nothing.jpg")
    assert find_style("mondrian.jpg").is_file()


def test_steps_are_shared_out_in_proportion():
    config = Config.load(None, {"pens.palette": "kmeans", "steps": 50, "stages.0.steps": 300, "stages.2.steps": 200})
    assert [getattr(stage, "steps", None) for stage in config.scaled_stages()] == [30, None, 20]


def test_finding_the_number_of_pens_takes_the_place_of_narrowing():
    for palette, file in (("learned", None), ("kmeans", None), ("learned", "caricature")):
        config = Config.load(
            file, {"objectives.pixels.image": "x.png", "pens.count": "auto", "pens.palette": palette, "steps": 100}
        )
        names = [type(stage).__name__ for stage in config.scaled_stages()]
        assert names.count("Count") == 1
        assert "Narrow" not in names
        assert names.index("Count") < names.index("Quantize")
    placed = Config.load("image", {"objectives.pixels.image": "x.png", "pens.count": "auto"}).scaled_stages()[0]
    assert placed.keep == 0.95
    assert Config.load(None, {"pens.count": "3"}).pens.count == 3


def test_photographs_lay_no_more_ink_than_paper_bears():
    photo = Config.load("image", {"objectives.pixels.image": "photo.jpg"})
    assert photo.objectives["ink_load"].limit == pytest.approx(0.8 * 5)
    assert [stage.kind for stage in photo.scaled_stages()][-3:] == ["lighten", "prune", "lighten"]
    less = Config.load("image", {"objectives.pixels.image": "photo.jpg", "page.max_ink": 3})
    assert less.objectives["ink_load"].limit == pytest.approx(0.8 * 3)
    flow = Config.load("image", {"objectives.pixels.image": "photo.jpg", "look": "flow"})
    assert flow.page.max_ink == 5  # its lines are cut where there is too much
    whole = Config.load("image", {"objectives.pixels.image": "photo.jpg", "look": "oneline"})
    assert whole.page.max_ink is None  # a line that has to stay one cannot be
