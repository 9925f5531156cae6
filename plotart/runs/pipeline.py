"""The straight line: config -> canvas and first drawing -> stages -> drawing -> plot -> files in the run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, NoReturn

import torch
from rich.console import Console

from plotart.core.errors import InputError, Interrupted
from plotart.drawing import Drawing
from plotart.runs.checkpoint import Checkpoint
from plotart.runs.config import Config
from plotart.runs.figures import Figures
from plotart.runs.folder import Run
from plotart.runs.further import goes_on, last_steps
from plotart.runs.inputs import check_frames, check_inputs
from plotart.runs.model import check_model, laid_out
from plotart.runs.posters import poster_config
from plotart.runs.prepare import prepare
from plotart.runs.progress import FILES, RunProgress
from plotart.runs.results import finish
from plotart.runs.stopping import interruptible
from plotart.runs.watch import StageWatch
from plotart.stages import Context, evaluate

__all__ = ["endless", "enlarge", "generate", "resume"]


def generate(
    config: Config,
    out: str | FilePath | None = None,
    *,
    force: bool = False,
    console: Console | None = None,
    frames: FilePath | None = None,
    model: FilePath | None = None,
) -> Run:
    """Make a drawing and write its run folder.

    Args:
        config: what to draw and how.
        out: the run's folder; `outputs/<name>`, numbered when taken, if not given.
        force: replace a run that `out` already holds.
        console: where progress goes; nowhere by default.
        frames: a folder in which the frames of the film lie too, as `<name of the run>_<step>.png`.
        model: a new file that holds picture, settings and optimizer, for `resume` to go on from anywhere.

    Raises:
        InputError: naming the setting, its value and what would be right; nothing has been written then.
        Interrupted: Ctrl-C; the state is saved.
    """
    console = console or Console(quiet=True)
    check_frames(frames)
    check_model(model)
    if model is not None and model.exists():
        raise InputError(f"--model: '{model}' is there already; resume goes on from it")
    check_inputs(config)
    config, context, drawing = prepare(config, lambda line: console.print(line, highlight=False, soft_wrap=True))
    folder = None if out is None else FilePath(out)
    with Run.create(config, folder, config.label, force=force, console=console) as run:
        run.frames, run.model = frames, model
        _work(run, context, drawing, Checkpoint(run.settings, 0, drawing.pack()))
    return run


def resume(
    folder: str | FilePath,
    steps: int | None = None,
    changes: Mapping[str, Any] | None = None,
    *,
    console: Console | None = None,
    frames: FilePath | None = None,
    model: FilePath | None = None,
) -> Run:
    """Go on with an interrupted run: on a CPU the result is byte for byte that of the uninterrupted one.

    A finished run goes on for `steps` more of its last fit, from the state in which the optimizer left it, and through
    what follows; all it has stays until the new files replace it. Said again after that was interrupted, it goes on.

    Args:
        changes: settings by dotted address that win over the run's own, and stay; those that say what the saved state
            holds are refused. Without `steps` a finished run does again what follows its last fit.
        frames: as for `generate`.
        model: a file that the run writes as for `generate`. If it is there and `folder` is not, the run goes on from
            it in that folder.

    Raises:
        InputError: naming what is wrong with the folder; nothing in it has changed then.
        Interrupted: Ctrl-C; the state is saved.
    """
    check_frames(frames)
    folder = FilePath(folder)
    with laid_out(model, folder), Run.open(folder, console, to_work=True) as run:
        run.frames, run.model = frames, model
        check_inputs(run.config)
        config, start = goes_on(run, steps, changes or {})
        # whatever is wrong is told before anything of a finished run changes
        _, context, drawing = prepare(config, run.say)
        first = start or Checkpoint(run.settings, 0, drawing.pack())
        if changes or run.finished:
            first = run.extend(config, first, fitted=bool(changes))
        _work(run, context, drawing, first)
    return run


def endless(
    folder: FilePath,
    changes: Mapping[str, Any] | None = None,
    *,
    console: Console,
    frames: FilePath | None = None,
    model: FilePath | None = None,
) -> NoReturn:
    """Go on with a run until Ctrl-C, round after round of as many steps as its last fit now has; files after each.

    A schedule is drawn out over all steps so far at each round, so a constant one suits best.

    Raises:
        InputError: as `resume`, or the run has no fit. Interrupted: Ctrl-C; the state is saved.
    """
    with laid_out(model, folder):
        with Run.open(folder) as run:
            finished = run.finished
        each = last_steps(folder) if finished else None
        while True:
            run = resume(folder, each, changes, console=console, frames=frames, model=model)
            if run.stop.is_set():  # asked while the files were written, where nothing stops
                raise Interrupted(f"stopped; go on with 'plotart resume {folder} --steps 0'")
            each, changes = each or last_steps(folder), None


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


def _work(run: Run, context: Context, drawing: Drawing, start: Checkpoint) -> None:
    """The stages from a checkpoint on, then the files.

    Raises:
        FileNotFoundError: the folder was deleted meanwhile, whichever file that was noticed at.
    """
    try:
        _stages(run, context, drawing, start)
    except FileNotFoundError:
        run.check_place()
        raise


def _stages(run: Run, context: Context, drawing: Drawing, start: Checkpoint) -> None:
    run.figures = Figures()
    base, state = replace(start, state=None), start.state
    if base.generator is not None:
        context.generator.set_state(base.generator)
        for name, objective in context.objectives.items():
            objective.load_state_dict(base.objectives[name])
    drawing = Drawing.unpack(base.drawing).to(drawing.device)
    specs = run.config.scaled_stages()
    with (
        interruptible(run.stop, run.say),
        RunProgress(
            run,
            torch.get_num_threads(),
            base.stage,
            base.seconds,
            math.prod(drawing.canvas.pixels(context.size)),
            drawing.canvas.area_mm2,
        ) as progress,
    ):
        for number in range(base.stage, len(specs)):
            base = _learned(base, context)
            stage = specs[number]
            progress.begin(number, stage.kind, len(drawing))
            label = f"{stage.kind} {number + 1}/{len(specs)}"
            watch = StageWatch(run, label, base=base, saved=state, progress=progress)
            if state is None:
                watch.save(None)
            drawing = stage(drawing, context, watch=watch)
            if stage.goes_on:
                watch.save_end()
            base = watch.done(drawing, evaluate(drawing, context))
            state = None
            progress.end()
        progress.begin(len(specs), FILES, len(drawing))
        run.save_checkpoint(_learned(base, context))  # holds the last drawing, for `enlarge`
        finish(run, drawing, context, base, progress.writes)
        run.save_model()


def _learned(base: Checkpoint, context: Context) -> Checkpoint:
    """The checkpoint with what the context itself has become on the way."""
    objectives = {name: objective.state_dict() for name, objective in context.objectives.items()}
    return replace(base, generator=context.generator.get_state(), objectives=objectives)
