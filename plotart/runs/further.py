"""Where a run in its folder goes on, and by which config: its own, more steps, settings changed on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Any

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.runs.checkpoint import VERSION, Checkpoint, difference
from plotart.runs.clearing import CONFIG, FITTED
from plotart.runs.config import Config
from plotart.runs.folder import Run, free_folder
from plotart.runs.inputs import found_kept
from plotart.runs.model import laid_out

__all__ = ["from_model", "goes_on", "last_steps"]

HELD = {
    **dict.fromkeys(("primitive", "init", "init_fills", "ink"), "the saved drawing holds its shapes and colours"),
    **dict.fromkeys(("page", "composition", "focus", "motif"), "the saved drawing lies on its page as it is"),
    "network": "the saved state is one of its features",
    "size": "its frames have that size",
    "draft": "it says how the run was planned",
    "seed": "the saved state is that of this seed",
}
"""Settings that say what a checkpoint holds, and why they stay."""
_NO_OTHERS = "it cannot change any more, for the saved state is one of these objectives; make a new run for that"
"""... and of objectives all but their weights."""


def goes_on(run: Run, steps: int | None, changes: Mapping[str, Any]) -> tuple[Config, Checkpoint | None]:
    """The config by which a run goes on, and from where; None for the checkpoint when that is its start.

    Args:
        steps: more of the last fit, of a finished run. changes: settings by address, which win over the run's own.

    Raises:
        InputError: naming a setting that cannot change any more, or what is wrong with the folder.
    """
    config, start = (_further if run.finished else _unfinished)(run, steps, bool(changes))
    if changes and start is not None:
        ended = len(start.ended) if start.state is None else start.stage
        changed = found_kept(Config.load(run.folder / CONFIG, changes), run.folder)
        before = config
        config = changed if steps is None else changed.further(start.stage, steps)
        _check(before, config, start, ended, took_more=not run.finished or steps is not None)
    elif changes:
        config = found_kept(Config.load(run.folder / CONFIG, changes), run.folder)
    return config, start


def from_model(
    model: FilePath, out: FilePath | None, changes: dict[str, Any], *, endless: bool = False
) -> tuple[FilePath, int | None]:
    """The new folder in which a run goes on from a model, and for how many steps more, taken out of the `changes`.

    An unfinished one goes on to its end: the steps that it was begun with are no more of them.

    Raises:
        InputError: it is damaged, of another version, or finished with nothing left to do; `out` holds a run.
    """
    folder = free_folder(FilePath("outputs"), model.stem) if out is None else out
    if (folder / CONFIG).is_file():
        raise InputError(
            f"--out: '{folder}' already holds a run; go on with 'plotart resume {folder} --model {model}', or name a "
            "new folder"
        )
    steps: int | None = changes.pop("steps", None)
    with TemporaryDirectory() as scratch, laid_out(model, FilePath(scratch) / "run"):
        run = Run.open(FilePath(scratch) / "run")
        finished, begun, saved = run.finished, run.config.steps, run.load_checkpoint()
    if finished and steps is None and not changes and not endless:
        raise InputError(f"--model: '{model}' is finished; --steps N takes it further, other flags change what follows")
    if not finished and saved is not None and saved.version != VERSION:
        raise InputError(
            f"--model: '{model}' was begun by version {saved.version} of plotart, and this is {VERSION}, which may "
            "draw otherwise: go on with that version"
        )
    if not finished and steps is not None and (saved is None or saved.further != steps):
        if steps != begun:
            raise InputError(f"--steps: '{model}' is not finished; leave --steps out, and it goes on to its end")
        steps = None
    return folder, steps


def last_steps(folder: FilePath) -> int:
    """How many steps the last fit of a finished run has had.

    Raises:
        InputError: it has no fit.
    """
    with Run.open(folder) as run:
        ended = run.load_checkpoint(FITTED)
        if ended is None:
            raise InputError(f"--steps: '{folder}' holds no {FITTED} to go on from: it has no fit")
        return run.config.scaled_stages()[ended.stage].own_steps


def _check(before: Config, after: Config, start: Checkpoint, ended: int, *, took_more: bool) -> None:
    """Whether a run may go on from `start` by `after` instead of `before`; `ended` stages are done."""
    one, other = before.model_dump(mode="json"), after.model_dump(mode="json")
    for name, why in HELD.items():
        if (found := difference(one[name], other[name], name)) is not None:
            raise InputError(f"--set {found}: it cannot change any more, for {why}; make a new run for that")
    _check_objectives(before, after, took_more=took_more)
    if (found := difference(one["pens"], other["pens"], "pens")) and Drawing.unpack(start.drawing).ink.pens:
        raise InputError(f"--set {found}: it cannot change any more, for the saved drawing is in its pens already")
    old, new = before.scaled_stages(), after.scaled_stages()
    for number, stage in enumerate(old[: ended + (start.state is not None)]):
        here = f"stages.{number}"
        now = new[number].model_dump(mode="json") if number < len(new) else None
        found = difference(stage.model_dump(mode="json"), now, here)
        if found is None:
            continue
        if number < ended or not took_more:
            more = "" if number < ended else "; --steps N takes it further"
            raise InputError(f"--set {found}: that stage has done its steps{more}")
        held = _first_held(stage.model_dump(mode="json"), now, stage.while_at_work, here)
        if held is not None:
            raise InputError(f"--set {held}: it cannot change while the stage is at work, for its saved state holds it")


def _check_objectives(before: Config, after: Config, *, took_more: bool) -> None:
    """Whether they differ in weights only, and whether there are steps that feel them."""
    if (added := next((name for name in after.objectives if name not in before.objectives), None)) is not None:
        raise InputError(f"--set objectives.{added}: {_NO_OTHERS}")
    for name, objective in before.objectives.items():
        at, now = f"objectives.{name}", after.objectives.get(name)
        old, new = objective.model_dump(mode="json"), None if now is None else now.model_dump(mode="json")
        if (held := _first_held(old, new, objective.while_at_work, at)) is not None:
            raise InputError(f"--set {held}: {_NO_OTHERS}")
        if not took_more and (found := difference(old, new, at)) is not None:
            raise InputError(f"--set {found}: the fits have done their steps; --steps N takes the last one further")


def _first_held(part: Mapping[str, Any], now: Mapping[str, Any] | None, free: tuple[str, ...], at: str) -> str | None:
    """The first setting in which a part differs that is not among the `free` ones, or is none in one of them only.

    Of rates their names are held.
    """
    if now is None or set(now) != set(part):
        return at
    for name, value in part.items():
        if name in free:
            if (value is None) != (now[name] is None):
                return f"{at}.{name}"
        elif (found := difference(value, now[name], f"{at}.{name}")) is not None:
            return found
        if isinstance(value, Mapping) and {k for k, v in value.items() if v} != {k for k, v in now[name].items() if v}:
            return f"{at}.{name}"
    return None


def _unfinished(run: Run, steps: int | None, changing: bool) -> tuple[Config, Checkpoint | None]:
    """The config of an interrupted run, and where it goes on; None when that is its start."""
    saved = run.load_checkpoint()
    if steps is not None and (saved is None or saved.further != steps):
        raise InputError(f"--steps: '{run.folder}' is not finished; go on with 'plotart resume {run.folder}' first")
    if saved is not None and saved.version != VERSION:
        raise InputError(
            f"'{run.folder}' was begun by version {saved.version} of plotart, and this is {VERSION}, which may draw "
            f"otherwise: go on with that version, or make it again with 'plotart generate {run.folder / CONFIG}'"
        )
    return run.config, saved


def _further(run: Run, steps: int | None, changing: bool) -> tuple[Config, Checkpoint]:
    """The config of a finished run that is taken further, and where it goes on: in its last fit."""
    if steps is None and not changing:
        raise InputError(
            f"'{run.folder}' is finished; its drawing is {run.folder / 'drawing.svg'}. --steps N takes it further"
        )
    ended = run.load_checkpoint(FITTED)
    if ended is None:
        setting = "--set" if steps is None else "--steps"
        raise InputError(f"{setting}: '{run.folder}' holds no {FITTED} to go on from: it has no fit")
    if steps is None:
        run.say(f"what follows stage {ended.stage + 1} is done again")
        return run.config, ended
    config = run.config.further(ended.stage, steps)
    after = config.scaled_stages()[ended.stage].own_steps
    run.say(
        f"stage {ended.stage + 1} goes on from step {after - steps} to {after}, its schedule drawn out over all of them"
    )
    return config, replace(ended, further=steps)
