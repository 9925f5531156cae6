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
from types import TracebackType
from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from plotart.core.errors import Interrupted
from plotart.core.files import write_beside
from plotart.runs.clearing import PROGRESS
from plotart.runs.folder import Run
from plotart.runs.forecast import Forecast, Planned, kind_of_run
from plotart.stages import Step

__all__ = ["FILES", "RunProgress"]

WRITE_S, SHOW_S, LINE_S = 1.0, 0.1, 15.0
"""Seconds between two writings of the file, two looks of the bar, and two lines where there is no terminal."""
FILES = "files"


class RunProgress:
    """Tells how far a run is, from its stage `first` on; `seconds` of work were done before."""

    def __init__(self, run: Run, threads: int, first: int = 0, seconds: float = 0.0) -> None:
        self.run = run
        specs = run.config.scaled_stages()
        plan = [*(Planned(spec.kind, spec.own_steps) for spec in specs), Planned(FILES, 0)]
        self.forecast = Forecast(plan, kind_of_run(run.config, threads))
        self._count, self._first, self._before = len(specs), first, seconds
        self._began = self._stage_began = self._lined = time.monotonic()
        self._written = self._shown = 0.0
        self._at: dict[str, Any] = {"stage": specs[first].kind if first < len(specs) else FILES, "number": first + 1}
        self._at |= {"stages": len(specs), "step": 0, "of": plan[first].steps, "losses": {}, "excitation": None}
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def begin(self, number: int, kind: str) -> None:
        """Stage `number` begins, or the files are written."""
        self._stage_began = time.monotonic()
        self._at |= {"stage": kind, "number": number + 1, "step": 0, "of": 0}
        self._tell("writing" if kind == FILES else "running", now=True)

    def end(self, number: int) -> None:
        self.forecast.ended(number, time.monotonic() - self._stage_began)

    def step(self, number: int, done: Step) -> None:
        now = time.monotonic()
        self.forecast.at(number, done.number, done.of, now - self._stage_began)
        if now - self._shown < SHOW_S:
            return
        self._shown = now
        self._at |= {"step": done.number, "of": done.of, "losses": done.losses}
        self._tell("running")
        terms = "  ".join(f"{name} {value:.4g}" for name, value in {**done.losses, **done.told}.items())
        self._show(terms)
        if not self.run.console.is_terminal and now - self._lined > LINE_S:
            self._lined = now
            left = self._left()
            after = "" if left is None else f", about {_clock(left)} left of the run"
            self.run.say(f"{self._label()}: step {done.number}/{done.of}{after}  {terms}")

    def seen(self, excitation: float | None) -> None:
        self._at["excitation"] = excitation

    def _label(self) -> str:
        return str(self._at["stage"]) + (f" {self._at['number']}/{self._count}" if self._at["stage"] != FILES else "")

    def _left(self) -> float | None:
        return self.forecast.left(self._at["number"] - 1, self._at["step"])

    def _show(self, terms: str) -> None:
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
            label=f"{self._label()}  {self._at['step']}/{self._at['of']}",
            left="" if left is None else f"{_clock(left)} left",
            terms=Text(terms).plain,
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
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        try:
            if error is None:
                self.end(self._count)
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
