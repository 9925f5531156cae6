import re
from pathlib import Path

import numpy as np
import pytest

from plotart.core.canvas import Page
from plotart.core.errors import InputError
from plotart.core.geometry import polyline, straight
from plotart.pens import Pen, load_pens
from plotart.plot import Layer, Plot
from plotart.plot.motion import Machine, estimate, expected_seconds, load_machine, machines, stroke_times
from plotart.plot.route import order

from .conftest import RED, YELLOW, random_paths

PLAIN = Machine(
    pen_down_speed=10, pen_up_speed=20, pen_down_acceleration=100, pen_up_acceleration=100,
    junction_deviation=0.05, raise_seconds=0.2, lower_seconds=0.3, pen_change_seconds=30,
)  # fmt: skip


def seconds(*layers):
    pens = [Pen(name=str(i), hex="#000000", tip_mm=1) for i in range(len(layers))]
    plot = Plot(Page("p", 100, 100), 0, [Layer(p, list(ps)) for p, ps in zip(pens, layers, strict=True)])
    return estimate(plot, PLAIN)


def test_one_straight_stroke_by_hand():
    made = seconds([straight([0, 0], [50, 0])])
    # 50 mm at 10 mm/s and 0.1 s for speeding up and braking; home 50 mm at 20 mm/s and 0.2 s.
    assert made.pens[0].down_seconds == pytest.approx(5.1)
    assert made.pens[0].seconds == pytest.approx(5.1 + 0.5)
    assert made.home_seconds == pytest.approx(2.7)
    assert (made.ink_mm, made.pen_up_mm, made.lifts) == (pytest.approx(50), pytest.approx(50), 1)


def test_short_moves_never_reach_full_speed():
    made = seconds([straight([0, 0], [0.25, 0])])
    assert made.pens[0].down_seconds == pytest.approx(2 * np.sqrt(0.25 / 100))


def test_corners_cost_time_and_straight_joints_do_not():
    one = seconds([straight([0, 0], [40, 0])]).pens[0].down_seconds
    same = seconds([polyline([[0, 0], [10, 0], [40, 0]])]).pens[0].down_seconds
    corner = seconds([polyline([[0, 0], [20, 0], [20, 20]])]).pens[0].down_seconds
    back = seconds([polyline([[0, 0], [20, 0], [0, 0]])]).pens[0].down_seconds
    assert same == pytest.approx(one)
    # v^2 = a d s / (1 - s) with s = sin 45 degrees: 3.47 mm/s at the corner.
    v = np.sqrt(100 * 0.05 * np.sqrt(0.5) / (1 - np.sqrt(0.5)))
    assert corner == pytest.approx(one + (10 - v) ** 2 / (100 * 10))
    assert back == pytest.approx(one + 10 / 100)


def test_layers_add_changes_and_travel():
    made = seconds([straight([0, 0], [10, 0])], [straight([10, 20], [10, 0])])
    assert made.change_seconds == 30
    assert made.pens[1].pen_up_mm == pytest.approx(20)
    assert made.seconds == pytest.approx(sum(p.seconds for p in made.pens) + made.home_seconds + 30)
    assert made.minutes == pytest.approx(made.seconds / 60)


def test_timeline_agrees_with_the_estimate():
    plot = Plot(Page("p", 148, 210), 0, [Layer(YELLOW, random_paths(50)), Layer(RED, random_paths(30, 1))])
    made, times = estimate(plot, PLAIN), stroke_times(plot, PLAIN)
    assert [len(t.down) for t in times] == [50, 30]
    for t, pen in zip(times, made.pens, strict=True):
        assert (t.up - t.down).sum() == pytest.approx(pen.down_seconds)
        assert (np.diff(t.down) > 0).all() and (t.down[1:] > t.up[:-1]).all()
    end = times[1].up[-1] + PLAIN.raise_seconds + made.home_seconds
    assert end == pytest.approx(made.seconds)
    assert times[1].down[0] > times[0].up[-1] + PLAIN.pen_change_seconds


def test_figures_of_a_page_of_random_cubics():
    """2000 random cubics on A4, 21.8 m of line, unsorted: 566 s down, 1902 s up, 552 s of lifting on an AxiDraw, and
    3597 s in all with saxi's settings, by an independent model; other random cubics come within a few per cent."""
    paths = random_paths(2000, 1, size=(190, 277), step=4.05)
    plot = Plot(Page("a4", 210, 297), 0, [Layer(YELLOW, paths)])
    made = estimate(plot, load_machine("axidraw"))
    assert made.ink_mm == pytest.approx(21_800, rel=0.03)
    assert made.pens[0].down_seconds == pytest.approx(566, rel=0.05)
    assert made.seconds == pytest.approx(3020, rel=0.05)
    assert pytest.approx(552) == 2000 * (0.130 + 0.146)
    assert estimate(plot, load_machine("saxi")).seconds == pytest.approx(3597, rel=0.05)


def test_a_plot_takes_about_as_long_as_expected_of_its_figures():
    paths = [straight(a, a + np.array([8, 3])) for a in np.random.default_rng(0).uniform(0, 90, (1200, 2))]
    plot = Plot(Page("p", 100, 100), 0, [Layer(YELLOW, order(paths[:900])), Layer(RED, order(paths[900:]))])
    made = estimate(plot, load_machine("axidraw"))
    expected = expected_seconds(load_machine("axidraw"), (900, 300, 0), made.ink_mm, 100 * 100)
    assert expected == pytest.approx(sum(pen.seconds for pen in made.pens), rel=0.03)


def test_one_pen_needs_no_change():
    assert [load_machine("axidraw").change_seconds(pens) for pens in (0, 1, 3)] == [0, 0, 120]


def test_an_empty_plot_takes_no_time():
    assert estimate(Plot(Page("p", 10, 10), 0, []), PLAIN).seconds == 0
    assert estimate(Plot(Page("p", 10, 10), 0, [Layer(YELLOW, [])]), PLAIN).seconds == 0


def test_machines_and_their_files(tmp_path):
    assert {"axidraw", "axidraw-a3", "saxi"} <= set(machines())
    assert load_machine("axidraw").reaches(297, 210) and not load_machine("axidraw").reaches(297, 420)
    assert load_machine("axidraw-a3").reaches(420, 297)
    file = tmp_path / "own.yaml"
    file.write_text(PLAIN.model_dump_json())
    assert load_machine(str(file)) == PLAIN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PLAIN.model_dump_json().replace('"pen_down_acceleration":100.0', '"pen_down_acceleration":0'),
         "pen_down_acceleration.*greater than 0.*given: 0"),
        ("pen_down_speed: 3", "pen_up_speed is missing"),
        ("[1, 2]", "holds no settings"),
        ("a: [", "not valid YAML"),
    ],
)  # fmt: skip
def test_wrong_machines_in_one_sentence(tmp_path, text, message):
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_machine(str(file))
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="unknown: take one of"):
        load_machine("hammer")


def test_documented_machine_and_pens_are_valid(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "plotting.md").read_text()
    grbl, machine, pens = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    for name, content in (("g", grbl), ("m", machine), ("p", pens)):
        (tmp_path / f"{name}.yaml").write_text(content)
    assert load_machine(str(tmp_path / "m.yaml")).title == "My plotter"
    board = load_machine(str(tmp_path / "g.yaml")).board
    assert board is not None and board.kind == "grbl"
    assert [pen.tip_mm for pen in load_pens(str(tmp_path / "p.yaml")).pens] == [0.4, 0.7]
    for name in machines():
        assert f"`{name}`" in text


def test_every_machine_can_be_moved_and_reaches_its_own_size():
    for name in machines():
        machine = load_machine(name)
        assert machine.board is not None and machine.travel_mm is not None and machine.title
        assert machine.reaches(*machine.travel_mm) and not machine.reaches(machine.travel_mm[0] + 1, 1)
    assert load_machine("nextdraw-2234").reaches(594, 841) and load_machine("axidraw-se-a1").reaches(594, 841)


@pytest.mark.parametrize(
    ("sold", "name"),
    [
        ("AxiDraw V3", "axidraw"), ("axidraw v3/a3", "axidraw-a3"), ("SE/A1", "axidraw-se-a1"),
        ("AxiDraw SE/A2", "axidraw-se-a2"), ("MiniKit", "axidraw-minikit"), ("NextDraw 8511", "nextdraw-8511"),
        ("nextdraw1117", "nextdraw-1117"), ("NextDraw 2234", "nextdraw-2234"), ("iDraw 2", "idraw-2"),
    ],
)  # fmt: skip
def test_machines_go_by_the_names_they_are_sold_under(sold, name):
    assert load_machine(sold) == load_machine(name)
    with pytest.raises(InputError, match="is unknown"):
        load_machine(f"{sold} x")
