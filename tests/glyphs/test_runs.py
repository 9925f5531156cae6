"""Glyphs through the whole line: learned, written, read back from the written sheet, and repeated to the byte."""

import json
from pathlib import Path

import pytest
import shapely
import torch
from click.testing import CliRunner
from PIL import Image

from plotart import Config, InputError, generate
from plotart.cli import cli
from plotart.core.images import load_image
from plotart.glyphs.alphabet import load_alphabet, transition, wander
from plotart.glyphs.reading import confusions
from plotart.plot.check import check_svg
from plotart.plot.read import read_svg
from plotart.runs.checkpoint import Checkpoint
from plotart.runs.folder import Run
from plotart.runs.prepare import prepare
from plotart.runs.progress import RunProgress
from plotart.runs.watch import StageWatch
from tests.glyphs.tiny import TINY

"""Six symbols of two strokes, learned in two seconds."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return generate(Config.load("glyphs", TINY), tmp_path_factory.mktemp("runs") / "run")


def svg_bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.svg"))}


def test_sheet_holds_every_glyph_inside_its_cell_and_margins(run):
    sheet = read_svg(run.folder / "drawing.svg")
    assert not check_svg(run.folder / "drawing.svg")
    strokes = [path for layer in sheet.layers for path in layer.paths]
    cell, pad = 50 / 3, 0.1 * 50 / 3
    left, top = 5.0, (60 - 2 * cell) / 2
    seen = set()
    for path in strokes:
        column, row = int((path[0, 0] - left) // cell), int((path[0, 1] - top) // cell)
        seen.add((column, row))
        low, high = path.min(axis=0), path.max(axis=0)
        assert low[0] >= left + column * cell + pad - 0.01
        assert high[0] <= left + (column + 1) * cell - pad + 0.01
        assert low[1] >= top + row * cell + pad - 0.01
        assert high[1] <= top + (row + 1) * cell - pad + 0.01
    assert len(seen) == 6
    assert len(strokes) <= 12


def test_few_symbols_are_learned_and_read_from_the_written_sheet(run):
    read, paper = run.figures["message"]["read"], run.figures["message"]["paper"]
    assert read["0"] == paper["0"] == 1
    assert read["0.25"] > 0.6
    assert abs(read["0.5"] - paper["0.5"]) < 0.1
    assert run.figures["message"]["strength"] > 0.1
    worst = run.figures["message"]["mistaken_on_paper"][-1]
    assert worst["glyph"] != worst["read_as"]
    assert 0 < worst["share"] <= 1


def test_run_leaves_films_transitions_and_figures(run):
    figures = json.loads((run.folder / "run.json").read_text())
    assert figures["plot"]["lifts"] == sum(pen["lifts"] for pen in figures["pens"]) > 0
    assert "How the glyphs are read" in (run.folder / "report.html").read_text()
    with Image.open(run.folder / "training.gif") as film:
        assert film.n_frames == len(list((run.folder / "frames").glob("*.png"))) == 5
    with Image.open(run.folder / "interpolation.gif") as film:
        assert film.n_frames == 63
    with Image.open(run.folder / "confusions.png") as chart:
        assert chart.size == (143, 143)
    assert not check_svg(run.folder / "transition.svg")
    assert (run.folder / "transition.svg").read_bytes() != (run.folder / "drawing.svg").read_bytes()


def test_interpolation_is_filmed_from_the_command_line(run, tmp_path):
    result = CliRunner().invoke(cli, ["movie", str(run.folder), "--interpolation", "--out", str(tmp_path / "ways.gif")])
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "ways.gif") as film:
        assert film.n_frames == 63
        assert min(film.size) >= 480
        assert all(side % 2 == 0 for side in film.size)


def test_saved_config_gives_the_same_bytes_and_another_seed_does_not(run, tmp_path):
    again = generate(Config.load(run.folder / "config.yaml"), tmp_path / "again")
    assert svg_bytes(again.folder) == svg_bytes(run.folder)
    assert again.figures["message"] == run.figures["message"]
    other = generate(Config.load("glyphs", {**TINY, "seed": 1, "steps": 3}), tmp_path / "other")
    third = generate(Config.load("glyphs", {**TINY, "seed": 0, "steps": 3}), tmp_path / "third")
    assert svg_bytes(other.folder) != svg_bytes(third.folder)


def test_training_stopped_in_the_middle_goes_on_to_the_same_bytes(tmp_path):
    config = Config.load("glyphs", {**TINY, "steps": 12})

    def trained(stop: int | None) -> torch.Tensor:
        _, context, drawing = prepare(config, print)
        stage = config.scaled_stages()[0]
        base = Checkpoint(config.model_dump(mode="json"), 0, drawing.pack())
        run = Run(tmp_path, config)
        progress = RunProgress(run, 1)
        watch = StageWatch(run, "train 1/1", base=base, saved=None, progress=progress)
        steps = iter(range(1, 100))
        watch.checkpoint = lambda state: torch.save(state(), tmp_path / "5.pt") if next(steps) == stop else None
        made = stage(drawing, context, watch=watch)
        if stop is not None:
            _, context, _ = prepare(config, print)
            context.generator.manual_seed(99)  # as any new process: nothing but the checkpoint counts
            saved = torch.load(tmp_path / "5.pt", weights_only=True)
            watch = StageWatch(run, "train 1/1", base=base, saved={**saved, "history": []}, progress=progress)
            made = stage(drawing, context, watch=watch)
        run.close()
        return made.primitive.points.detach()

    assert torch.equal(trained(None), trained(5))


def test_trained_reader_is_loaded_again(run):
    config, context, _ = prepare(run.config, print)
    message = context.objectives["message"]
    loaded = load_alphabet(run.folder, message)
    image = context.renderer(loaded, config.size).detach()
    cells = loaded.primitive.sheet.cut(image)
    read, _ = confusions(message, cells, 1, torch.Generator(), strengths=(0.0,))
    assert read == {"0": 1.0}
    assert load_image(run.folder / "preview.png").shape[0] == 3
    assert torch.allclose(transition(loaded).primitive.points[0], loaded.primitive.points[0])


def test_way_among_messages_is_closed_and_passes_them():
    a, b, c = messages = torch.eye(3)
    assert torch.allclose(wander(messages, 0.0)[0], c, atol=1e-6)
    assert torch.allclose(wander(messages, torch.pi)[0], (a + b) / 2, atol=1e-6)
    assert torch.allclose(wander(messages, 2 * torch.pi)[0], c, atol=1e-5)


def test_each_pen_draws_the_same_strokes_of_every_glyph(tmp_path):
    changes = {**TINY, "pens.set": "#d0006f,#1a1a1a", "steps": 3}
    run = generate(Config.load("glyphs", changes), tmp_path / "run")
    assert [pen["strokes"] for pen in run.figures["pens"]] == [6, 6]


def test_pixels_go_the_same_way_and_pens_fill_them(tmp_path):
    rasters = {"kind": "rasters", "glyphs": 6, "columns": 3, "messages": {"kind": "symbols", "size": 6}}
    changes = {k: v for k, v in TINY.items() if not k.startswith("primitive")} | {"primitive": rasters}
    changes |= {"pens.set": "#00a0d0,#d0006f", "stages.0.steps": 100, "objectives.curvature": None}
    changes |= {"page.size": "200x200mm"}  # pixels are larger than the tip
    run = generate(Config.load("glyphs", changes), tmp_path / "run")
    assert run.figures["message"]["read"]["0"] > 0.8
    problems = check_svg(run.folder / "drawing.svg")
    assert not problems
    _, context, drawing = prepare(run.config, print)
    drawing = load_alphabet(run.folder, context.objectives["message"])
    for number, area in enumerate(drawing.primitive.fills()):
        x, y = drawing.primitive.sheet.corners()[number // 2].tolist()
        cell = shapely.box(x, y, x + drawing.primitive.sheet.cell, y + drawing.primitive.sheet.cell)
        assert cell.buffer(1e-6).contains(area)
    assert all(pen["ink_mm"] > 10 for pen in run.figures["pens"])


@pytest.mark.parametrize("messages", [{"kind": "normal", "size": 5}, {"kind": "binary", "size": 2}])
def test_vectors_and_bits_go_the_same_way(messages, tmp_path):
    changes = {**TINY, "primitive.messages": messages, "steps": 3}
    figures = generate(Config.load("glyphs", changes), tmp_path / "run").figures
    assert figures["message"]["kind"] == messages["kind"]
    assert figures["pens"][0]["strokes"] <= (12 if messages["kind"] == "normal" else 8)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": 100}, "multiple of 8 px, such as 96"),
        ({"primitive": {"kind": "rasters"}}, "objectives.curvature: rasters have no strokes"),
        ({"pens.palette": "learned", "stages": [{"kind": "train"}]}, "fixed palette"),
        ({"primitive": {"kind": "strokes"}}, "go together"),
        ({"objectives.pixels.image": "photo.jpg"}, "objectives.pixels: glyphs are drawn to be read"),
        ({"stages": [{"kind": "fit"}]}, "go together"),
        ({"primitive.messages": {"kind": "words"}}, "file of word vectors"),
        ({"primitive.messages": {"kind": "words", "file": "no-such.txt"}}, "no-such.txt"),
    ],
)
def test_wrong_settings_are_named_before_any_work(changes, words, tmp_path):
    with pytest.raises(InputError, match=words):
        generate(Config.load("glyphs", changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()
