"""How far a run is: the forecast of its end, and what others can read of it."""

import json
import os
from io import StringIO

import pytest
from rich.console import Console

from plotart import Config, Interrupted, generate, resume
from plotart.runs.forecast import FILE, TYPICAL, Forecast, Planned
from plotart.runs.watch import StageWatch

PLAN = [Planned("fit", 100), Planned("narrow", 0), Planned("fit", 300), Planned("files", 0)]
COSTS = (0.1, 2.0, 0.03, 5.0)
"""Seconds of a step, or of a stage without steps."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLOTART_CACHE", str(tmp_path / "cache"))


def drawn(forecast, plan, scale=1.0):
    """Tell a whole run to a forecast: at each moment the seconds passed, those left, and those that it says are."""
    costs = [scale * cost for cost in COSTS]
    whole = sum(cost * max(1, stage.steps) for cost, stage in zip(costs, plan, strict=True))
    passed, moments = 0.0, []
    for number, (stage, cost) in enumerate(zip(plan, costs, strict=True)):
        for step in range(1, stage.steps + 1):
            # the first step of a run compiles
            forecast.at(number, step, stage.steps, cost * step + (3 * cost if step > 0 and number == 0 else 0))
            moments.append((passed + cost * step, whole - passed - cost * step, forecast.left(number, step)))
        passed += cost * max(1, stage.steps)
        forecast.ended(number, cost * max(1, stage.steps))
    return whole, moments


def test_a_run_like_an_earlier_one_is_told_within_a_third_after_a_tenth():
    first = Forecast(PLAN, "kind")
    drawn(first, PLAN)
    first.remember()
    longer = [Planned("fit", 200), Planned("narrow", 0), Planned("fit", 600), Planned("files", 0)]
    whole, moments = drawn(Forecast(longer, "kind"), longer, scale=5.0)  # a larger picture
    late = [(left, told) for passed, left, told in moments if 0.1 * whole < passed < 0.95 * whole]
    assert len(late) > 500
    assert all(told == pytest.approx(left, rel=0.3) for left, told in late)


def test_without_an_earlier_run_the_steps_so_far_tell():
    forecast = Forecast([Planned("fit", 400), Planned("files", 0)], "kind")
    assert forecast.left(0, 0) is None
    for step in range(1, 41):
        forecast.at(0, step, 400, 10.0 + 0.05 * step)
    assert forecast.left(0, 40) == pytest.approx(360 * 0.05 + TYPICAL["files"], rel=0.05)


def test_a_run_of_other_stages_or_a_damaged_record_is_not_believed(tmp_path):
    first = Forecast(PLAN, "kind")
    drawn(first, PLAN)
    first.remember()
    assert Forecast(PLAN, "other kind").left(0, 0) is None
    assert Forecast(PLAN[1:], "kind").left(0, 0) is None
    assert Forecast(PLAN, "kind").left(0, 0) == pytest.approx(26.0, rel=0.1)
    for wrong in ("", "[1]", '{"kind": [["fit", "x", 1]]}', "[" * 50_000):
        (tmp_path / "cache" / FILE).write_text(wrong)
        assert Forecast(PLAN, "kind").left(0, 0) is None


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
    learned = Forecast(plan, "one")
    for number, took in enumerate((10.0, 40.0, 25.0)):
        learned.ended(number, took)
    learned.remember()
    other = Forecast([Planned("train", 50), *plan[1:]], "other")
    for step in range(1, 26):
        other.at(0, step, 50, 2.0 * step)
    assert other.left(0, 25) == pytest.approx(25 * 2.0 + 40.0 + 25.0, rel=0.02)
