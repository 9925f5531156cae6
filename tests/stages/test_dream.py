"""The stage dream: tones of the pens toward a picture or a neuron, within the ink that the minutes allow."""

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.strokes import Strokes, StrokesSpec
from plotart.drawing.primitives.tones import Tones
from plotart.drawing.render import renderer
from plotart.objectives.balance import GradientBalance
from plotart.objectives.dream import Dreamed
from plotart.objectives.penalties import PlotTime
from plotart.objectives.pixels import Pixels
from plotart.objectives.transforms import IDENTITY
from plotart.pens import Pen, PenSet
from plotart.runs.config import Config
from plotart.runs.pipeline import generate
from plotart.runs.prepare import prepare
from plotart.stages import Context
from plotart.stages.dream import Dream, layers_of_ink
from plotart.stages.lines import Lines
from plotart.stages.prune import plot_seconds
from plotart.stages.watch import Silent

CANVAS = Canvas(page("50x60mm"), 5.0)
PENS = [
    Pen(name=name, hex=colour, tip_mm=0.4)
    for name, colour in (("yellow", "#f2c200"), ("red", "#d62728"), ("blue", "#1f4fb4"), ("black", "#1a1a1a"))
]


def disc():
    """A blue disc on white."""
    height, width = CANVAS.pixels(40)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    inside = ((x - width / 2) ** 2 + (y - height / 2) ** 2).sqrt() < 13
    picture = torch.ones(1, 3, height, width)
    picture[:, :, inside] = torch.tensor([0.25, 0.35, 0.75])[:, None]
    return picture


def context(pens=PENS, count=2, minutes=8.0, **objectives):
    px = CANVAS.pixels(40)
    known = {
        "pixels": Pixels(disc(), "linear"),
        "dream": Dreamed(px, 1.0, 500.0, 0.0, GradientBalance.fixed(1.0)),
        "time": PlotTime(0.02, 1.0, 0.0, 0.0),
        **objectives,
    }
    return Context(
        renderer=renderer("native", threads=1),
        objectives=known,
        weights=dict.fromkeys(known, 1.0),
        network=None,
        transform=IDENTITY,
        size=40,
        pens=PenSet(name="mine", title="", source="", pens=pens),
        pen_count=count,
        generator=torch.Generator().manual_seed(0),
        canvas=CANVAS,
        minutes=minutes,
        primitive=StrokesSpec(count=5000, segments=2),
    )


def blank(pens=PENS):
    return Drawing(CANVAS, Strokes(torch.rand(1, 4, 2), torch.full((1,), 0.01)), Penned(pens, torch.zeros(1).long()))


class Looking(Silent):
    """Keeps every state, and may stop after so many steps."""

    def __init__(self, stop=None, saved=None):
        self.stop, self.saved, self.lines, self.state, self.steps = stop, saved, [], None, 0

    def say(self, line):
        self.lines.append(line)

    def checkpoint(self, state):
        self.steps += 1
        if self.steps == self.stop:
            self.state = torch.utils._pytree.tree_map(
                lambda x: x.clone() if isinstance(x, torch.Tensor) else x, state()
            )
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def dreamed():
    about = context()
    return about, Dream(steps=60, rate=0.1)(blank(), about, watch=Silent())


def test_the_right_pen_makes_the_picture_within_the_ink_there_is(dreamed):
    about, dream = dreamed
    assert isinstance(dream.primitive, Tones) and len(dream.ink.pens) == 2
    assert "blue" in [pen.name for pen in dream.ink.pens]
    image = about.renderer(dream, 40)
    blank_error = (1 - disc()).square().mean()
    assert float((image.detach() - disc()).square().mean()) < 0.35 * float(blank_error)
    ink = float(dream.primitive.covered().detach().mean((1, 2)).sum())
    assert ink <= layers_of_ink(about, CANVAS.area_mm2, 0.4) * 1.02


def test_less_time_is_less_ink():
    short, long = (layers_of_ink(context(minutes=minutes), CANVAS.area_mm2, 0.4) for minutes in (2.0, 4.0))
    assert 0 < short < 0.7 * long


def test_lines_for_it_plot_in_the_minutes_and_clock_and_target_are_known(dreamed):
    about, dream = dreamed
    laid = Lines()(dream, about, watch=Silent())
    assert isinstance(laid.primitive, Strokes) and laid.primitive.points.shape[1] == 7
    assert plot_seconds(laid, about.machine) <= 60 * 8.0
    assert bool(about.objectives["dream"].known)
    assert torch.allclose(about.objectives["dream"].target, about.renderer(dream, 40), atol=1e-6)
    assert float(about.objectives["time"].seconds[0]) != pytest.approx(0.02)


def test_resumed_it_is_the_same_to_the_bit():
    whole = Dream(steps=12)(blank(), context(), watch=Silent())
    stopped = Looking(stop=7)
    with pytest.raises(KeyboardInterrupt):
        Dream(steps=12)(blank(), context(), watch=stopped)
    again = Dream(steps=12)(blank(), context(), watch=Looking(saved=stopped.state))
    assert torch.equal(whole.primitive.spectrum, again.primitive.spectrum)
    assert whole.ink.pens == again.ink.pens


def test_enough_pens_are_few_for_one_colour():
    dream = Dream(steps=40, rate=0.1, keep=0.8)(blank(), context(count=4), watch=Silent())
    assert len(dream.ink.pens) < 4


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"pens": [Pen(name="white", hex="#fffffe", tip_mm=0.4)], "count": 1}, ["pens.set", "#ffffff"]),
        ({"minutes": 1.05}, ["minutes", "1.05", "50", "2 pens"]),
    ],
)
def test_what_cannot_be_dreamed_is_refused(about, words):
    with pytest.raises(InputError) as error:
        Dream(steps=2)(blank(about.get("pens", PENS)), context(**about), watch=Silent())
    assert all(word in str(error.value) for word in words)


SMALL = {
    "objectives.neuron.at": "block3:5",
    "network.name": "efficientnet-lite0",
    "page.size": "60x70mm",
    "page.margin": 5,
    "threads": 1,
    "minutes": 6,
    "steps": 24,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return generate(Config.load("neuron", SMALL), tmp_path_factory.mktemp("dream") / "run")


def test_a_neuron_is_dreamed_drawn_and_plots_in_the_minutes(run):
    figures = run.figures
    assert 0.8 * 6 <= figures["plot"]["minutes"] <= 6
    assert set(figures["excitation"]) >= {"free", "quantized", "final", "svg"}
    assert figures["excitation"]["free"] > figures["excitation"]["quantized"]
    assert figures["excitation"]["svg"] > 0
    assert (run.folder / "dream.png").is_file() and (run.folder / "drawing.svg").is_file()


def test_the_motif_decides_what_the_network_sees(run):
    config = run.config
    assert isinstance(config.motif, float)
    assert config.size * 0.4 / 50 >= 1  # a tip is a pixel of the canvas or more


def test_a_motif_larger_than_the_page_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"motif: 300 mm is larger than the drawing, whose short side is 50 mm"):
        generate(Config.load("neuron", {**SMALL, "motif": 300}), tmp_path / "run")


def test_a_dream_alone_ends_with_its_picture(tmp_path):
    run = generate(Config.load("dream", {**SMALL, "steps": 6}), tmp_path / "run")
    assert (run.folder / "preview.png").is_file() and not (run.folder / "drawing.svg").exists()
    assert run.figures["excitation"]["free"] is not None
    log = EventAccumulator(str(run.folder)).Reload()
    assert log.PluginTagToContent("hparams") and 0 < log.Scalars("paper/bare")[-1].value < 1


@pytest.mark.parametrize(
    ("minutes", "asked", "count"), [(60, None, 4), (15, None, 3), (8, None, 2), (4, None, 1), (4, 3, 3)]
)
def test_few_minutes_are_not_spent_on_changing_pens(minutes, asked, count):
    told = {"objectives.neuron.at": "conv2_2:3", "network.name": "vgg16-hed", "page.size": "a6", "threads": 2}
    config = Config.load("neuron", {**told, "minutes": minutes, "pens.count": asked})
    assert prepare(config, lambda line: None)[1].pen_count == count


def test_the_shortest_dream_ends_with_its_pens():
    assert len(Dream(steps=1)(blank(), context(), watch=Silent()).ink.pens) == 2


@pytest.fixture
def strokes(tmp_path):
    """A file of three strokes: two nearly red, one nearly blue."""
    file = tmp_path / "strokes.svg"
    lines = ("#d62020 10 10 C20 30 40 10 50 30", "#d63030 10 30 C20 50 40 30 50 50", "#2050b0 10 50 C20 60 40 50 50 60")
    marks = "".join('<path fill="none" stroke="{}" d="M{}"/>'.format(*line.split(" ", 1)) for line in lines)
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="70mm" viewBox="0 0 60 70">{marks}</svg>'
    )
    return str(file)


def test_strokes_of_a_file_are_fitted_to_a_neuron_in_the_pens_nearest_to_them(strokes, tmp_path):
    changes = {**SMALL, "init": strokes, "steps": 4, "pens.count": 2}
    run = generate(Config.load("neuron", changes), tmp_path / "run")
    drawing = Drawing.load(run.folder / "drawing.pt")
    _, _, first = prepare(Config.load("neuron", changes), lambda line: None)
    assert len(drawing) == 3 and len(drawing.ink.pens) == 2
    assert (drawing.primitive.points - first.primitive.points).abs().max() > 1e-4
    _, _, one = prepare(Config.load("neuron", {**changes, "pens.count": 1}), lambda line: None)
    assert [pen.name for pen in one.ink.pens] == [first.ink.pens[i].name for i in [int(first.ink.chosen()[0])]]


def test_a_dream_alone_has_nothing_to_do_with_strokes_of_a_file(strokes, tmp_path):
    with pytest.raises(InputError, match=r"init: dream would lay anew .* leave --init out"):
        generate(Config.load("dream", {**SMALL, "init": strokes}), tmp_path / "run")
