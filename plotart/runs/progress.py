"""How far a run is, for those who look on: one bar in the terminal, and progress.json in its folder.

progress.json is written beside and renamed, once a second at most. It holds

- `state`: `running`, `writing` (the files), `finished`, `stopped` (it can go on) or `failed`, with its `message`;
- `pid` and `host` of the process, and `time`, when it was written (seconds since 1970): a run that works writes often;
- `stage`, `number` and `stages`: the stage at work, its number from 1, and how many there are; `step` and `of` of it;
- `seconds` of work so far and `seconds_left` until the files lie there, null as long as nothing is known; `share`, the
  part of the run that is done, 0 to 1;
- `losses` by objective, and `excitation` when the clean image was last looked at.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from plotart.core.errors import InputError, Interrupted
from plotart.core.files import write_beside
from plotart.runs.clearing import PROGRESS
from plotart.runs.compiling import Compiling
from plotart.runs.config import Config
from plotart.runs.folder import Run
from plotart.runs.forecast import WARM_UP, WRITING, Forecast, Planned
from plotart.runs.times import kind_of_run
from plotart.runs.waiting import Waiting
from plotart.stages import Step
from plotart.stages.costs import A6_MM2, Costs

__all__ = ["FILES", "RunProgress", "planned"]

WRITE_S, SHOW_S, LINE_S = 1.0, 0.1, 15.0
"""Seconds between two writings of the file, two looks of the bar, and two lines where there is no terminal."""
FILES = "files"


def planned(config: Config) -> list[Planned]:
    """The stages of a run, and the writing of its files, as the forecast wants to know them."""
    specs = config.scaled_stages()
    leaving = sum(spec.leaving for spec in specs)
    stages = [Planned(spec.kind, spec.own_steps, spec.likely_steps, spec.costs, spec.usual_strokes) for spec in specs]
    before = stages[0].costs.before
    warming = replace(stages[0].costs, before=replace(before, fixed=before.fixed + WARM_UP))
    stages[0] = replace(stages[0], costs=warming)
    writing = {**WRITING, "report": replace(WRITING["report"], fixed=WRITING["report"].fixed + leaving)}
    return [*stages, *(Planned(f"{FILES} {part}", 0, costs=Costs(cost)) for part, cost in writing.items())]


class RunProgress:
    """Tells how far a run is, from its stage `first` on, also while nothing is heard of a stage.

    Args:
        threads: of the run. seconds: of work that were done before.
        pixels: of the canvas as it is rendered. area_mm2: of the paper within its margins.
    """

    def __init__(
        self,
        run: Run,
        threads: int,
        first: int = 0,
        seconds: float = 0.0,
        pixels: float = 0.0,
        area_mm2: float = A6_MM2,
    ) -> None:
        self.run = run
        plan = planned(run.config)
        self.forecast = Forecast(plan, kind_of_run(run.config, threads), pixels, area_mm2)
        self._count, self._before = len(plan) - len(WRITING), seconds
        self._began = self._stage_began = self._lined = time.monotonic()
        self._compiling, self._waiting = Compiling(), Waiting()
        self._compiled = self._lost = 0.0
        self._written = self._shown = 0.0
        self._strokes, self._parts = 0, list(WRITING)
        self._at: dict[str, Any] = {
            "stage": plan[first].kind if first < self._count else FILES,
            "number": first + 1,
            "stages": self._count,
        }
        self._at |= {"step": 0, "of": plan[first].steps, "losses": {}, "excitation": None}
        self._state, self._terms = "running", ""
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._lock, self._over = Lock(), Event()
        self._ticking = Thread(target=self._tick, name="progress", daemon=True)

    def begin(self, number: int, kind: str, strokes: int = 0) -> None:
        """Stage `number` begins with a drawing of so many strokes, or the files are written."""
        with self._lock:
            self._strokes = strokes
            self._start(number)
            self._at |= {"stage": kind, "number": number + 1, "step": 0, "of": 0}
            self._state, self._terms = "writing" if kind == FILES else "running", ""
            self._tell(self._state, now=True)

    def _start(self, number: int) -> None:
        self._stage_began, self._compiled = time.monotonic(), self._compiling.seconds
        self._lost = self._waiting.lost()
        self.forecast.begin(number, self._strokes)

    def writes(self, part: str) -> None:
        """Of the files, another part of `WRITING` begins."""
        with self._lock:
            while self._parts[0] != part:
                self.forecast.ended(self._elapsed())
                del self._parts[0]
                self._start(self._count + len(WRITING) - len(self._parts))

    def end(self) -> None:
        """The stage that began last has ended."""
        with self._lock:
            self.forecast.ended(self._elapsed())

    def step(self, done: Step) -> None:
        with self._lock:
            self.forecast.at(done.number, done.of, self._elapsed())
            now = time.monotonic()
            if now - self._shown < SHOW_S:
                return
            self._shown = now
            self._at |= {"step": done.number, "of": done.of, "losses": done.losses}
            self._tell("running")
            self._terms = "  ".join(f"{name} {value:.4g}" for name, value in {**done.losses, **done.told}.items())
            self._show()
            if not self.run.console.is_terminal and now - self._lined > LINE_S:
                self._lined = now
                left = self._left()
                after = "" if left is None else f", about {_clock(left)} left of the run"
                self.run.say(f"{self._label()}: step {done.number}/{done.of}{after}  {self._terms}")

    def _tick(self) -> None:
        """Tell again what a stage without steps, or a long one, has left."""
        while not self._over.wait(WRITE_S):
            with self._lock:
                if self._over.is_set() or time.monotonic() - self._shown < WRITE_S:
                    continue
                try:
                    self._tell(self._state)
                    self._show()
                except (InputError, OSError):
                    return  # the run itself will say so

    def _elapsed(self) -> float:
        """Seconds of work since the stage began.

        What other work on the machine takes is not counted, nor is compiling, which is done once.
        """
        passed = time.monotonic() - self._stage_began
        if passed <= 0:
            return 0.0
        # while functions are compiled as much is lost as at any other time
        worked = 1 - (self._waiting.lost() - self._lost) / passed
        return max(0.0, worked * (passed - (self._compiling.seconds - self._compiled)))

    def seen(self, excitation: float | None) -> None:
        """The stage has looked at its drawing."""
        with self._lock:
            self._at["excitation"] = excitation
            self.forecast.looks(self._elapsed())

    def _label(self) -> str:
        return str(self._at["stage"]) + (f" {self._at['number']}/{self._count}" if self._at["stage"] != FILES else "")

    def _left(self) -> float | None:
        """Seconds until the run has ended, as long as the machine has as much other work as of late."""
        left = self.forecast.left(self._elapsed())
        return None if left is None else left * self._waiting.slowdown

    def _show(self) -> None:
        if not self.run.console.is_terminal:
            return
        if self._bar is None:
            self._bar = Progress(
                TextColumn("{task.fields[label]}", markup=False), BarColumn(bar_width=24), TimeElapsedColumn(),
                TextColumn("{task.fields[left]}", markup=False), TextColumn("{task.fields[terms]}", markup=False),
                console=self.run.console,
            )  # fmt: skip
            self._bar.start()
            self._task = self._bar.add_task("run", total=1.0, label="", left="", terms="")
        left, spent = self._left(), time.monotonic() - self._began
        self._bar.update(
            self._task,
            completed=0.0 if left is None else spent / max(spent + left, 1e-9),
            label=self._label() + (f"  {self._at['step']}/{self._at['of']}" if self._at["of"] else ""),
            left="" if left is None else f"{_clock(left)} left",
            terms=Text(self._terms).plain,
        )

    def _tell(self, state: str, message: str = "", *, now: bool = False) -> None:
        if not now and time.monotonic() - self._written < WRITE_S:
            return
        self._written = time.monotonic()
        left = 0.0 if state == "finished" else self._left()
        spent = self._before + time.monotonic() - self._began
        told: Mapping[str, Any] = {
            "state": state,
            "message": message,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "time": round(time.time(), 3),
            **self._at,
            "seconds": round(spent, 1),
            "seconds_left": None if left is None else round(left, 1),
            "share": None if left is None else round(spent / max(spent + left, 1e-9), 4),
        }
        self.run.check_place()
        with write_beside(self.run.folder / PROGRESS) as beside:
            beside.write_text(json.dumps(told), encoding="utf-8")

    def __enter__(self) -> RunProgress:
        self._compiling.__enter__()
        self._ticking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._ticking.join()
        self._compiling.__exit__(kind, error, trace)
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        try:
            if error is None:
                self.writes(self._parts[-1])  # a run without a plot has no others
                self.end()
                self.forecast.remember()
                self._tell("finished", now=True)
            elif isinstance(error, Interrupted | KeyboardInterrupt):
                self._tell("stopped", str(error), now=True)
            else:
                self._tell("failed", str(error), now=True)
        except OSError:
            pass  # a full disk or a folder that is gone is told by what it ended


def _clock(seconds: float) -> str:
    """`90 s`, `12 min`, `3 h 20 min`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
