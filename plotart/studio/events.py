"""What changes while the page is open: one eye on the folder for all tabs, told as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool

from plotart.studio.starter import Starter
from plotart.studio.summary import MOVING, Summaries

__all__ = ["Events"]

GLANCE_S = 0.4
"""Between two looks at the runs that are at work."""
ROUND_S = 2.0
"""Between two looks at the whole folder, or longer where a look takes more than this share of a core:"""
SHARE = 0.01
IDLE_S = 3.0
"""Between two looks when no page is open, for the sake of runs that wait."""
BEAT_S = 15.0


class Events:
    """Looks at the folder and tells each listener what changed since it was told last.

    Attributes:
        runs, sweeps: what was seen last.
    """

    def __init__(self, summaries: Summaries, starter: Starter, extra: Callable[[], dict[str, Any]]) -> None:
        self.summaries = summaries
        self.starter = starter
        self.extra = extra
        self.runs: dict[str, dict[str, Any]] = {}
        self.sweeps: list[dict[str, Any]] = []
        self._listeners: set[asyncio.Queue[None]] = set()
        self._now = asyncio.Event()
        self._ended = False

    def hurry(self) -> None:
        """Look at everything at once, for something was just done."""
        self._now.set()

    def end(self) -> None:
        """Let all listeners go."""
        self._ended = True
        for listener in self._listeners:
            listener.put_nowait(None)

    async def watch(self) -> None:
        """For as long as the server runs."""
        last, cost = 0.0, 0.0
        while True:
            due = time.monotonic() - last >= max(ROUND_S, cost / SHARE) or self._now.is_set()
            self._now.clear()
            cost_of = await run_in_threadpool(self._timed_look, due)
            if due:
                last, cost = time.monotonic(), cost_of
            for listener in self._listeners:
                if listener.empty():
                    listener.put_nowait(None)
            moving = any(_moves(run) for run in self.runs.values())
            pause = GLANCE_S if moving and self._listeners else ROUND_S if self._listeners else IDLE_S
            try:
                await asyncio.wait_for(self._now.wait(), pause)
            except TimeoutError:
                continue

    def _timed_look(self, everything: bool) -> float:
        began = time.thread_time()
        self.look(everything=everything)
        return time.thread_time() - began

    def look(self, *, everything: bool = True) -> None:
        """See what there is: all of it, or only what is at work."""
        if everything:
            self.starter.tick()
            self.runs = self.summaries.all()
            self.sweeps = self.summaries.sweeps(self.runs)
        else:
            names = [sweep["name"] for sweep in self.sweeps]
            moving = [name for name, run in self.runs.items() if _moves(run)]
            self.runs = {**self.runs, **{name: self.summaries.run(name, names) for name in moving}}

    async def stream(self) -> AsyncIterator[bytes]:
        """Everything first, then what changed, as `text/event-stream`."""
        told: dict[str, dict[str, Any]] = {}
        told_sweeps: list[dict[str, Any]] | None = None
        told_extra: dict[str, Any] | None = None
        queue: asyncio.Queue[None] = asyncio.Queue()
        queue.put_nowait(None)
        self._listeners.add(queue)
        self.hurry()
        try:
            while True:
                try:
                    await asyncio.wait_for(queue.get(), BEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"  # tells a connection that was cut
                    continue
                if self._ended:
                    return
                runs, sweeps, extra = self.runs, self.sweeps, self.extra()
                changed = [run for name, run in runs.items() if told.get(name) is not run and told.get(name) != run]
                gone = [name for name in told if name not in runs]
                news: dict[str, Any] = {"runs": changed, "gone": gone} if changed or gone or not told else {}
                if sweeps != told_sweeps:
                    news["sweeps"] = sweeps
                if extra != told_extra:
                    news |= extra
                if news:
                    yield b"data: " + json.dumps(news, ensure_ascii=False, allow_nan=False).encode() + b"\n\n"
                told, told_sweeps, told_extra = dict(runs), sweeps, extra
        finally:
            self._listeners.discard(queue)


def _moves(run: dict[str, Any]) -> bool:
    """Whether a run is at work, or being plotted."""
    return run["state"] in MOVING or bool((run.get("plot") or {}).get("alive"))
