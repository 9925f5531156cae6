"""How far a run is: the forecast of its end, and what others can read of it."""

import importlib.util
import json
import os
import time
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from plotart import Config, Interrupted, generate, resume
from plotart.runs import progress
from plotart.runs.correction import rest
from plotart.runs.folder import Run
from plotart.runs.forecast import Forecast, Planned
from plotart.runs.progress import FILES, RunProgress
from plotart.runs.times import FILE
from plotart.runs.waiting import Waiting
from plotart.runs.watch import StageWatch
from plotart.stages.costs import A6_MM2, Cost, Costs

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "tests" / "data" / "forecast"
PLAN = [Planned("fit", 100), Planned("narrow", 0), Planned("fit", 300), Planned("files", 0)]
COSTS = (0.1, 2.0, 0.03, 5.0)
"""Seconds of a step, or of a stage without steps."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLOTART_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("forecast_bench", ROOT / "benchmarks" / "forecast.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn(forecast, plan, scale=1.0, busy=1.0):
    """Tell a whole run to a forecast: at each moment the seconds passed, those left, and those that it says are.

    From the second stage on all takes `busy` times as long.
    """
    costs = [scale * cost * (busy if number else 1.0) for number, cost in enumerate(COSTS)]
    first = [3 * cost if stage.steps else 0.0 for cost, stage in zip(costs, plan, strict=True)]  # to warm up
    lasts = [cost * max(1, stage.steps) + more for cost, stage, more in zip(costs, plan, first, strict=True)]
    passed, moments = 0.0, []
    for number, (stage, cost) in enumerate(zip(plan, costs, strict=True)):
        forecast.begin(number, 100)
        for step in range(1, stage.steps + 1):
            elapsed = first[number] + cost * step
            forecast.at(step, stage.steps, elapsed)
            moments.append((passed + elapsed, sum(lasts) - passed - elapsed, forecast.left(elapsed)))
        passed += lasts[number]
        forecast.ended(lasts[number])
    return sum(lasts), moments


def kept(whole, moments):
    """Errors of what was told from a tenth of the run to 95 % of it."""
    return [told / left - 1 for passed, left, told in moments if 0.1 * whole < passed < 0.95 * whole]


def test_a_run_like_an_earlier_one_is_told_within_a_third_after_a_tenth():
    first = Forecast(PLAN, "kind")
    drawn(first, PLAN)
    first.remember()
    longer = [Planned("fit", 200), Planned("narrow", 0), Planned("fit", 600), Planned("files", 0)]
    errors = kept(*drawn(Forecast(longer, "kind"), longer, scale=5.0))  # a larger picture
    assert len(errors) > 500
    assert max(map(abs, errors)) < 0.3


def test_a_machine_that_gets_other_work_slows_down_all_that_is_left():
    first = Forecast(PLAN, "kind")
    drawn(first, PLAN)
    first.remember()
    whole, moments = drawn(Forecast(PLAN, "kind"), PLAN, busy=2.5)
    late = [told / left - 1 for passed, left, told in moments if passed > 0.7 * whole]
    assert max(map(abs, late)) < 0.3


@pytest.mark.parametrize(
    ("slower", "first", "step", "files"),
    [
        (1.0, 3.0, 0.05, 3.0),  # 1.5 times the strokes on a page twice as wide; steps of 0.05 s where they were 0.02
        (4.0, (12 * 6) ** 0.5, (0.2 * 0.11) ** 0.5, (12 * 6) ** 0.5),  # a slower machine, or another reason: between
    ],
)
def test_what_earlier_runs_took_is_scaled_by_strokes_pixels_and_page(slower, first, step, files):
    costs = Costs(Cost(0.0, stroke=1e-3), Cost(0.01, pixel=1e-6))
    plan = [Planned("fit", 50, costs=costs), Planned("files", 0, costs=Costs(Cost(0.0, stroke=1e-3)))]
    small = Forecast(plan, "kind", pixels=10_000, area_mm2=A6_MM2)
    for number, took in enumerate((1.0 + 49 * 0.02, 1.0)):
        small.begin(number, 1000)
        for n in range(1, plan[number].steps + 1):
            small.at(n, 50, slower * (1.0 + 0.02 * (n - 1)))
        small.ended(slower * took)
    small.remember()
    large = Forecast(plan, "kind", pixels=40_000, area_mm2=4 * A6_MM2)
    large.begin(0, 1500)
    assert large.left(0.0) == pytest.approx(first + 49 * step + files)


@pytest.mark.parametrize(("looks", "single"), [(1.5, 0.0), (0.0, 6.0), (0.7, 3.0)])
def test_looks_and_what_single_steps_do_do_not_grow_with_the_steps(looks, single):
    """A stage of steps of 0.1 s that looks at its drawing four times and does something once in its sixth tenth."""

    def told(steps, forecast, until):
        forecast.begin(0)
        seconds, left = 0.0, []
        for step in range(1, until + 1):
            seconds += 0.1 + (single if step == 6 * steps // 10 else 0.0)
            forecast.at(step, steps, seconds)
            left.append((seconds, forecast.left(seconds)))
            if step % (steps // 5) == 0 and step < steps:
                seconds += looks
                forecast.looks(seconds)
        forecast.ended(seconds)
        return seconds, left

    plan = [Planned("fit", 40, costs=Costs(Cost(0.1), Cost(0.1), Cost(0.0)))]
    first = Forecast(plan, "kind")
    told(40, first, 40)
    first.remember()
    longer = [Planned("fit", 400, costs=plan[0].costs)]
    whole, left = told(400, Forecast(longer, "kind"), 400)
    assert whole == pytest.approx(40 + 4 * looks + single)
    errors = [told / (whole - seconds) - 1 for seconds, told in left if 0.1 * whole < seconds < 0.9 * whole]
    assert max(map(abs, errors)) < 0.2


def test_without_an_earlier_run_the_steps_so_far_tell():
    forecast = Forecast([Planned("fit", 400), Planned("files", 0, costs=Costs(Cost(2.0)))], "kind")
    forecast.begin(0)
    assert forecast.left(0.0) is None
    for step in range(1, 41):
        forecast.at(step, 400, 10.0 + 0.05 * step)
    assert forecast.left(12.0) == pytest.approx(360 * 0.05 + 2.0, rel=0.15)


def test_a_stage_without_steps_counts_down_and_goes_on_where_it_takes_longer():
    left = [rest(10.0, elapsed) for elapsed in (0.0, 4.0, 8.0, 10.0, 15.0, 40.0)]
    assert left[0] == pytest.approx(10.0) and left[1] == pytest.approx(6.0, abs=0.6)
    assert left[0] > left[1] > left[2] > left[3] > 1.0
    assert left[5] > left[4] > 1.0
    assert rest(0.0, 3.0) == 0.0


def test_a_run_of_other_stages_or_a_damaged_record_is_not_believed(tmp_path):
    first = Forecast(PLAN, "kind")
    drawn(first, PLAN)
    first.remember()
    assert Forecast(PLAN, "kind").left(0.0) == pytest.approx(26.0, rel=0.1)
    assert Forecast([Planned("grow", 10), *PLAN], "kind").left(0.0) is None
    file = tmp_path / "cache" / FILE
    told = file.read_text()
    for wrong in ("", "[1]", '{"kind": [["fit", "x", 1]]}', "[" * 50_000, told.replace("0.1", "-0.1"), told[:-9]):
        file.write_text(wrong)
        assert Forecast(PLAN, "kind").left(0.0) is None


def test_a_terminal_has_one_bar_for_the_whole_run(photo, tmp_path):
    said = StringIO()
    console = Console(file=said, force_terminal=True, width=160, color_system=None)
    settings = {
        "objectives.pixels.image": str(photo), "page.size": "60x60mm", "page.margin": 5, "size": 48, "threads": 1,
        "primitive.count": 30, "pens.set": "#1a1a1a,#d62728", "pens.palette": "fixed",
        "stages": [{"kind": "fit", "steps": 60, "looks": 2}],
    }  # fmt: skip
    generate(Config.load(None, settings), tmp_path / "[red]run", console=console)
    lines = [line for line in said.getvalue().replace("\r", "\n").splitlines() if "fit 1/1" in line]
    assert lines and any("s left" in line and "pixels" in line for line in lines)


def test_progress_is_written_for_those_who_look_on(photo, tmp_path, monkeypatch):
    settings = {
        "objectives.pixels.image": str(photo), "page.size": "60x60mm", "page.margin": 5, "size": 48, "threads": 1,
        "primitive.count": 30, "pens.set": "#1a1a1a,#d62728", "pens.palette": "fixed",
        "stages": [{"kind": "fit", "steps": 6, "looks": 2}],
    }  # fmt: skip
    file, told = tmp_path / "run" / "progress.json", []
    checkpoint = StageWatch.checkpoint

    def looking(watch, state):
        told.append(json.loads(file.read_text()))
        watch.run.stop.set() if len(told) == 3 else None
        checkpoint(watch, state)

    monkeypatch.setattr(StageWatch, "checkpoint", looking)
    with pytest.raises(Interrupted):
        generate(Config.load(None, settings), tmp_path / "run")
    assert {(one["state"], one["stage"], one["number"], one["stages"]) for one in told} == {("running", "fit", 1, 1)}
    assert told[0]["pid"] == os.getpid()
    assert json.loads(file.read_text())["state"] == "stopped"
    resume(tmp_path / "run")
    last = json.loads(file.read_text())
    assert (last["state"], last["seconds_left"], last["share"]) == ("finished", 0, 1)
    assert last["losses"].keys() == {"pixels"} and last["seconds"] > 0
    losses = [json.loads(line) for line in (tmp_path / "run" / "losses.jsonl").read_text().splitlines()]
    assert [line["step"] for line in losses] == [1, 2, 3, 4, 5, 6]
    assert losses[-1]["losses"].keys() == {"pixels"}


def test_what_one_kind_of_run_took_is_known_to_others():
    plan = [Planned("fit", 100), Planned("lay", 0), Planned("files", 0)]
    learned = Forecast(plan, "strokes | pixels")
    for number, took in enumerate((10.0, 40.0, 25.0)):
        learned.begin(number)
        learned.ended(took)
    learned.remember()
    other = Forecast([Planned("train", 50), *plan[1:]], "glyphs | message")
    other.begin(0)
    for step in range(1, 26):
        other.at(step, 50, 0.1 * step)
    assert other.left(2.5) == pytest.approx(25 * 0.1 + 40.0 + 25.0, rel=0.25)


def test_time_left_is_told_again_while_nothing_is_heard_of_a_stage(photo, tmp_path, monkeypatch):
    settings = {"objectives.pixels.image": str(photo), "page.size": "60x60mm", "page.margin": 5, "size": 48}
    config = Config.load(None, {**settings, "primitive.count": 30, "stages": [{"kind": "fit", "steps": 6}]})
    monkeypatch.setattr(progress, "WRITE_S", 0.05)
    monkeypatch.setattr(progress, "Waiting", lambda: Waiting(tmp_path / "nothing is told"))
    with Run.create(config, tmp_path / "run", "run") as run, RunProgress(run, 1) as looking:
        told = []
        looking.begin(1, FILES, 4000)
        for _ in range(3):
            time.sleep(0.15)
            told.append(json.loads((tmp_path / "run" / "progress.json").read_text())["seconds_left"])
    assert told[0] > told[1] > told[2]


@pytest.mark.parametrize("kind", ["image", "look flow", "neuron", "glyphs"])
def test_runs_that_were_recorded_are_told_within_a_third_at_a_tenth(kind, bench):
    """Seconds of the CPU in runs of `benchmarks/forecast.py`: a small one, and then a larger."""
    for word, larger in bench.WORDS:
        record = json.loads((RECORDS / f"{kind} {word}.json".replace(" ", "-")).read_text())
        moments = bench.replayed(record, bench.plan_of(record), "cpu")
        whole = moments[-1][0]
        late = [(left, whole - now) for now, left in moments if 0.1 * whole <= now <= 0.8 * whole and left is not None]
        errors = [told / left - 1 for told, left in late]
        assert len(errors) > 5
        assert abs(errors[0]) < (0.3 if larger else 0.7)
        assert not larger or sum(abs(error) < 0.3 for error in errors) > 0.75 * len(errors)


def test_time_in_the_queue_for_a_core_is_lost_and_slows_down_what_is_left(tmp_path, monkeypatch):
    now, file = [100.0], tmp_path / "schedstat"
    monkeypatch.setattr("plotart.runs.waiting.time", SimpleNamespace(monotonic=lambda: now[0]))

    def passes(seconds, ran, queued):
        told = [int(part) for part in file.read_text().split()]
        now[0] += seconds
        file.write_text(f"{told[0] + int(1e9 * ran)} {told[1] + int(1e9 * queued)} 7\n")

    file.write_text("5000000000 9000000000 7\n")
    waiting = Waiting(file)
    passes(10, ran=10, queued=0)
    assert waiting.lost() == 0 and waiting.slowdown == pytest.approx(1)
    passes(30, ran=5, queued=15)  # and 10 s in which it waited for other threads, which were in the queue as well
    assert waiting.lost() == pytest.approx(22.5)
    passes(300, ran=100, queued=200)
    assert waiting.lost() == pytest.approx(222.5) and waiting.slowdown == pytest.approx(3, rel=0.01)
    passes(300, ran=300, queued=0)
    assert waiting.lost() == pytest.approx(222.5) and waiting.slowdown == pytest.approx(1, rel=0.01)
    nothing = Waiting(tmp_path / "other system")
    now[0] += 50
    assert (nothing.lost(), nothing.slowdown) == (0, 1)


def test_a_clock_that_goes_back_is_no_end_of_a_run():
    plan = [Planned("fit", 3), Planned("files", 0)]
    forecast = Forecast(plan, "image")
    forecast.begin(0, 10)
    for step, seconds in ((1, 0.5), (2, 0.3), (3, -0.1)):
        forecast.at(step, 3, seconds)
    forecast.ended(-0.2)
    forecast.begin(1, 10)
    forecast.ended(-0.1)
    forecast.remember()
    later = Forecast(plan, "image")
    later.begin(0, 10)
    assert later.left(0.0) == pytest.approx(0.5, abs=0.2)
