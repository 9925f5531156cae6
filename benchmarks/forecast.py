"""Whether the time left that a run tells is honest: docs/reliability.md holds the figures.

    python benchmarks/forecast.py [--kinds image,neuron] [--held-out] [--record FOLDER | --replay FOLDER] [--clock cpu]

Of each kind a small run is drawn, of which nothing is known before, then one of more pixels and steps. What
progress.json said of the time left, at every moment from a tenth of the run to 95 % of it, is compared with what was
left indeed. Seconds are of the wall clock, as for whoever waits: other work that comes and goes counts as an error.

With `--record` the runs also leave in FOLDER when each stage and step was done, by the wall clock and in seconds of the
CPU. `--replay` draws nothing and tells the forecast of those again, so that what it says is known in a second; by
`--clock cpu`, as on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from skimage import data

from plotart import Config, generate
from plotart.core.shipped import base_config
from plotart.runs import log, pipeline, prepare, progress, results, times  # noqa: F401 - before the fork
from plotart.runs.clearing import PROGRESS
from plotart.runs.folder import Run
from plotart.runs.forecast import Forecast, Planned
from plotart.stages import Step
from plotart.stages.costs import Cost, Costs

Kinds = dict[str, tuple[str | None, dict[str, object], dict[str, object]]]
KINDS: Kinds = {
    "image": (None, {"size": 128, "steps": 40}, {"size": 224, "steps": 120, "page.size": "a5"}),
    "look flow": (None, {"look": "flow", "size": 128, "steps": 40}, {"size": 192, "steps": 80}),
    "circles": ("circles", {"primitive.count": 40, "size": 96, "steps": 80}, {"size": 160, "steps": 160}),
    "dividers": ("dividers", {"primitive.count": 16, "size": 96, "steps": 60}, {"size": 160, "steps": 150}),
    "neuron": (
        None,
        {"objectives.neuron.at": "conv3_3:5", "size": 96, "steps": 20, "minutes": 5},
        {"size": 160, "steps": 40},
    ),
    "glyphs": ("glyphs", {"steps": 12}, {"steps": 40}),
}
"""By name: the config, the settings of the small run, and what the larger one changes of them."""
HELD_OUT: Kinds = {
    "image": (None, {"size": 144, "steps": 50, "pens.count": 3}, {"page.size": "a5", "size": 240, "steps": 160}),
    "look scribble": (None, {"look": "scribble", "size": 128, "steps": 40}, {"size": 208, "steps": 90}),
    "look hatch": (None, {"look": "hatch", "size": 112, "steps": 40}, {"size": 192, "steps": 100}),
    "splats": ("splats", {"primitive.count": 60, "size": 112, "steps": 90}, {"size": 176, "steps": 240}),
    "circles": ("circles", {"primitive.count": 60, "size": 112, "steps": 100}, {"size": 192, "steps": 220}),
    "neuron": (
        None,
        {
            "objectives.neuron.at": "conv4_1:50",
            "objectives.style.image": "mondrian.jpg",
            "size": 128,
            "steps": 30,
            "minutes": 10,
        },
        {"size": 208, "steps": 70, "minutes": 25},
    ),
    "glyphs": ("glyphs", {"steps": 14}, {"steps": 50}),
}
"""Kinds, sizes and pictures that were not looked at when the forecast was made (`--held-out`)."""
WORDS = (("first of its kind", False), ("larger after it", True))
FROM, TO = 0.1, 0.95
TOLD_S = 0.2
"""Seconds between two moments at which a record is asked for the time left."""

Record = dict[str, Any]
"""`name`, `plan`, `pixels`, `area_mm2` and `events`: begin, stage, strokes; step, number, of; seen, 0, 0; end, 0, 0.
Each has both clocks."""


def config_of(kinds: Kinds, kind: str, photo: Path, *, larger: bool) -> Config:
    base, small, changed = kinds[kind]
    changes: dict[str, object] = {"page.size": "a6", "threads": 1, **small, **(changed if larger else {})}
    if kind == "neuron":
        changes["network.name"] = "vgg16-hed"
    elif not kind.startswith("glyphs"):
        changes["objectives.pixels.image"] = str(photo)
    return Config.load(base or base_config(changes), changes)


class Recorded(progress.RunProgress):
    """Writes down what it is told, and when: seconds of the wall clock and of the CPU."""

    file: Path

    def __init__(self, run: Run, threads: int, first: int, seconds: float, pixels: float, area_mm2: float) -> None:
        super().__init__(run, threads, first, seconds, pixels, area_mm2)
        self.record: Record = {"name": progress.kind_of_run(run.config, threads)}
        self.record |= {"plan": [asdict(stage) for stage in progress.planned(run.config)]}
        self.record |= {"pixels": pixels, "area_mm2": area_mm2, "events": []}
        self.wall, self.cpu = time.monotonic(), time.process_time()

    def note(self, word: str, number: int = 0, other: int = 0) -> None:
        now = round(time.monotonic() - self.wall, 4), round(time.process_time() - self.cpu, 4)
        self.record["events"].append([word, number, other, *now])

    def _start(self, number: int) -> None:
        self.note("begin", number, self._strokes)
        super()._start(number)

    def step(self, done: Step) -> None:
        self.note("step", done.number, done.of)
        super().step(done)

    def seen(self, excitation: float | None) -> None:
        self.note("seen")
        super().seen(excitation)

    def end(self) -> None:
        super().end()
        if not self._over.is_set():
            return
        self.note("end")
        self.file.write_text(json.dumps(self.record) + "\n")


def plan_of(record: Record) -> list[Planned]:
    """What was known of the stages beforehand when they were recorded."""
    plan = []
    for stage in record["plan"]:
        costs = Costs(**{phase: Cost(**cost) for phase, cost in stage["costs"].items()})
        plan.append(Planned(**{**stage, "costs": costs}))
    return plan


def replayed(record: Record, plan: list[Planned], clock: str) -> list[tuple[float, float | None]]:
    """What the forecast says while it is told a record, and remembers it then."""
    told = Forecast(plan, record["name"], record["pixels"], record["area_mm2"])
    moments: list[tuple[float, float | None]] = []
    now = began = 0.0
    for word, number, other, *clocks in record["events"]:
        then = clocks[clock == "cpu"]
        while now + TOLD_S < then:
            now += TOLD_S
            moments.append((now, told.left(now - began)))
        now = then
        if word == "step":
            told.at(number, other, now - began)
        elif word == "seen":
            told.looks(now - began)
        elif number or word == "end":
            told.ended(now - began)
        if word == "begin":
            told.begin(number, other)
            began = now
        moments.append((now, told.left(now - began)))
    told.remember()
    return moments


def told(config: Config, folder: Path, record: Path | None) -> list[tuple[float, float | None]]:
    """Draw it in a process of its own; at each moment the seconds of work, and those that were said to be left."""
    process = os.fork()
    if not process:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            if record is not None:
                Recorded.file = record
                pipeline.RunProgress = Recorded  # type: ignore[misc]
            generate(config, folder)
            code = 0
        finally:
            os._exit(code)
    moments: dict[float, tuple[float, float | None]] = {}
    ended = None
    while ended is None:
        number, status = os.waitpid(process, os.WNOHANG)
        ended = os.waitstatus_to_exitcode(status) if number else None
        try:
            found = json.loads((folder / PROGRESS).read_text())
            moments[found["time"]] = (found["seconds"], found["seconds_left"])
        except (OSError, ValueError):
            pass
        time.sleep(0.05)
    assert ended == 0, f"{folder.name}: it failed"
    return list(moments.values())


def compared(moments: list[tuple[float, float | None]]) -> str:
    whole = moments[-1][0]
    late = [(seconds, left) for seconds, left in moments if FROM <= seconds / whole <= TO]
    known = [(left / (whole - seconds) - 1) for seconds, left in late if left is not None]
    if not known:
        return f"{whole:6.1f} s  nothing told"
    errors = np.array(known)
    return (
        f"{whole:6.1f} s  at a tenth {errors[0]:+5.0%}, lowest {errors.min():+5.0%}, highest {errors.max():+5.0%}; "
        f"{np.mean(abs(errors) <= 0.3):4.0%} of {len(late)} moments within 30 %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds")
    parser.add_argument("--held-out", action="store_true", help="other kinds, sizes and pictures")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    progress.WRITE_S = 0.2
    if chosen.record:
        chosen.record.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        photo = root / "photo.png"
        Image.fromarray(data.chelsea()[:, 75:375] if chosen.held_out else data.astronaut()).resize((256, 256)).save(
            photo
        )
        kinds = HELD_OUT if chosen.held_out else KINDS
        for kind in chosen.kinds.split(",") if chosen.kinds else kinds:
            times.FILE = str(root / f"{kind}.json")  # what is known of earlier runs is this program's own
            for word, larger in WORDS:
                config = config_of(kinds, kind, photo, larger=larger)
                file = f"{kind} {word}.json".replace(" ", "-")
                if chosen.replay:
                    record = json.loads((chosen.replay / file).read_text())
                    moments = replayed(record, progress.planned(config), chosen.clock)
                else:
                    beside = chosen.record / file if chosen.record else None
                    moments = told(config, root / f"{kind} {word}", beside)
                print(f"{kind:10} {word:18} {compared(moments)}", flush=True)


if __name__ == "__main__":
    main()
