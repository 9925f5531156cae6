"""The straight line: config -> canvas and first drawing -> stages -> drawing -> plot -> files in the run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from rich.console import Console

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.runs.config import Config
from plotart.runs.folder import Run
from plotart.runs.posters import poster_config
from plotart.runs.prepare import prepare
from plotart.runs.results import finish
from plotart.runs.watch import StageWatch
from plotart.stages import Context, evaluate

__all__ = ["enlarge", "generate", "resume"]


def generate(
    config: Config, out: str | FilePath | None = None, *, force: bool = False, console: Console | None = None
) -> Run:
    """Make a drawing and write its run folder.

    Args:
        config: what to draw and how.
        out: the run's folder; `outputs/<name>`, numbered when taken, if not given.
        force: replace a run that `out` already holds.
        console: where progress goes; nowhere by default.

    Raises:
        InputError: naming the setting, its value and what would be right; nothing has been written then.
        Interrupted: Ctrl-C; the state is saved.
    """
    console = console or Console(quiet=True)
    config, context, drawing = prepare(config, lambda line: console.print(line, highlight=False, soft_wrap=True))
    run = Run.create(config, None if out is None else FilePath(out), config.label, force=force, console=console)
    return _work(run, context, drawing)


def resume(folder: str | FilePath, steps: int | None = None, *, console: Console | None = None) -> Run:
    """Go on with an interrupted run: on a CPU the result is byte for byte that of the uninterrupted one.

    A finished run goes on for `steps` more of its last fit, from the state in which the optimizer left it, and through
    what follows. The settings of its config.yaml win; only that fit's steps grow, over all of which its schedule runs.
    """
    run = Run.open(FilePath(folder), console)
    if run.finished and steps is None:
        raise InputError(
            f"'{folder}' is finished; its drawing is {run.folder / 'drawing.svg'}. --steps N takes it further"
        )
    if steps is not None:
        run.extend(steps)
    _, context, drawing = prepare(run.config, run.say)
    return _work(run, context, drawing)


def enlarge(
    folder: str | FilePath,
    tiles: tuple[int, int] | None = None,
    changes: Mapping[str, Any] | None = None,
    out: str | FilePath | None = None,
    *,
    force: bool = False,
    console: Console | None = None,
) -> Run:
    """Make a larger drawing of a finished one, in the same pens; see `Enlarge`.

    Args:
        folder: the finished run, itself enlarged or not.
        tiles: columns x rows; as many as leave the drawing its size by default.
        changes: of the new run's config, by dotted address: `{"page.size": "a3"}`.
        out, force, console: as for `generate`.

    Raises:
        InputError, Interrupted: as `generate`.
    """
    return generate(poster_config(FilePath(folder), tiles, changes or {}), out, force=force, console=console)


def _work(run: Run, context: Context, drawing: Drawing) -> Run:
    """The stages from the last checkpoint on, then the files."""
    base, state = _start(run, context, drawing)
    drawing = Drawing.unpack(base["drawing"]).to(drawing.device)
    specs = run.config.scaled_stages()
    with run.interruptible():
        for number in range(base["stage"], len(specs)):
            base |= _learned(context)
            stage = specs[number]
            watch = StageWatch(run, f"{stage.kind} {number + 1}/{len(specs)}", base=base, saved=state)
            if state is None:
                watch.save(None)
            drawing = stage(drawing, context, watch=watch)
            if stage.goes_on:
                watch.save_end()
            base = watch.done(drawing, evaluate(drawing, context))
            state = None
        run.save_checkpoint({**base, **_learned(context), "state": None})  # holds the last drawing, for `enlarge`
        finish(run, drawing, context, base)
    run.close()
    return run


def _learned(context: Context) -> dict[str, Any]:
    """What the context itself has become on the way."""
    return {
        "generator": context.generator.get_state(),
        "objectives": {name: objective.state_dict() for name, objective in context.objectives.items()},
    }


def _start(run: Run, context: Context, drawing: Drawing) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Where to go on: what checkpoints hold besides a stage's own state, and that state."""
    saved = run.load_checkpoint()
    if saved is None:
        new = {"stage": 0, "drawing": drawing.pack(), "seconds": 0.0, "steps": 0, "seen": [], "history": [], "told": {}}
        return new, None
    state = saved.pop("state")
    context.generator.set_state(saved["generator"])
    for name, objective in context.objectives.items():
        objective.load_state_dict(saved["objectives"][name])
    return saved, state
