"""Many runs side by side: neurons or pictures in styles, looks, pens and seeds, and a page to compare them.

Each is in a process of its own.
"""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Any

import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from plotart.core.documents import read_yaml
from plotart.core.errors import InputError, Interrupted
from plotart.core.files import FolderLock, write_beside
from plotart.core.shipped import find_config, read_settings
from plotart.networks import load_network
from plotart.objectives.neuron import Neuron, parse_neuron
from plotart.pens import load_pens
from plotart.runs.config import Config
from plotart.runs.folder import Run, free_folder
from plotart.sweep.page import page_of, picture_error, success
from plotart.sweep.plan import Cell
from plotart.sweep.workers import Job, Outcome, connect, here, on_ray

__all__ = ["finished", "sweep"]

MANIFEST = "sweep.yaml"
SCRATCH = ".configs-"
"""Beginning of the name of the folder that holds the configs of runs while they are made."""


def sweep(
    config: str | FilePath,
    changes: Mapping[str, Any],
    plan: Sequence[Cell],
    out: str | FilePath | None = None,
    *,
    workers: int = 0,
    ray: str | None = None,
    force: bool = False,
    console: Console | None = None,
) -> FilePath:
    """Make the runs of a plan, several at a time, and `index.html`, which shows them side by side.

    Runs that an earlier call with the same config and changes finished in `out` are kept, those it began go on.

    Args:
        config: what all runs start from, a file or a shipped name. changes: of it, by dotted address.
        out: the folder of the runs; `outputs/sweep`, numbered when taken, by default.
        workers: runs at a time on this machine; 0 for as many as there are cores. A run has one thread, unless
            `threads` says otherwise, so that its bytes do not depend on the number of cores.
        ray: address of a Ray cluster instead, all of whose machines reach `out` and the files named by the config
            under the same paths: `auto`, `HOST:PORT`, or `local` for this machine.
        force: replace another sweep that `out` holds.
        console: where progress goes; nowhere by default.

    Returns:
        The folder.

    Raises:
        InputError: naming the setting; nothing has been written then.
        Interrupted: Ctrl-C; every run has saved its state.
        ChildProcessError: runs failed; all others are finished.
    """
    console = console or Console(quiet=True)
    changes = {"threads": 1, **changes}
    measured = next((cell.style for cell in plan if cell.style is not None), None)
    configs = {cell.name: Config.load(config, cell.changes(changes, measured)) for cell in plan}
    for pens in {config.pens.set for config in configs.values()}:
        load_pens(pens)
    _check_neurons(configs, console)
    cluster = None if ray is None else connect(ray)
    folder = (free_folder(FilePath("outputs"), "sweep") if out is None else FilePath(out)).resolve()
    settings = {"config": read_settings(find_config(config)), "changes": dict(changes)}
    lock = FolderLock(folder) if folder.is_dir() else None
    try:
        plan = _claim(folder, settings, plan, force)
        lock = lock or FolderLock(folder)
        for scratch in folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(scratch, ignore_errors=True)  # of a sweep that was killed
        _make(folder, plan, configs, int(changes["threads"]), workers, cluster, console)
    finally:
        if lock is not None:
            lock.release()
    return folder


def _make(
    folder: FilePath,
    plan: Sequence[Cell],
    configs: Mapping[str, Config],
    threads: int,
    workers: int,
    cluster: Any,
    console: Console,
) -> None:
    """Make the runs of the plan that have configs and are not finished; see `sweep`."""
    done = set(finished(folder, plan))
    left = [cell for cell in plan if cell.name in configs and cell not in done]
    console.print(f"{len(plan)} runs in {folder}, {len(plan) - len(left)} of them finished", highlight=False)
    failed: list[Outcome] = []
    with tempfile.TemporaryDirectory(dir=folder, prefix=SCRATCH) as scratch:
        for cell in left:
            configs[cell.name].save(FilePath(scratch) / f"{cell.name}.yaml")
        jobs = [Job(FilePath(scratch) / f"{cell.name}.yaml", folder / cell.name, FilePath.cwd()) for cell in left]
        cores = os.cpu_count() or 1
        if cluster is None:
            outcomes = here(jobs, workers or max(1, cores // (threads or cores)))
        else:
            outcomes = on_ray(jobs, cluster, threads or 1)
        bar = Progress(
            TextColumn("runs"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"),
            TimeRemainingColumn(), console=console, disable=not console.is_terminal,
        )  # fmt: skip
        try:
            with bar:
                task = bar.add_task("runs", total=len(jobs))
                for outcome in outcomes:
                    failed += [outcome] if outcome.code else []
                    bar.update(task, advance=1)
                    console.print(_told(outcome), highlight=False)
                    _write_results(folder, plan)
        except KeyboardInterrupt:
            outcomes.close()
            raise Interrupted(f"stopped and saved; go on with the same command and --out {folder}") from None
        finally:
            _write_results(folder, plan)
    if failed:
        raise ChildProcessError(
            f"{len(failed)} of {len(plan)} runs failed, first {failed[0].job.folder.name}: {failed[0].message}; "
            f"the same command with --out {folder} tries them again"
        )


def finished(folder: FilePath, plan: Sequence[Cell]) -> dict[Cell, dict[str, Any]]:
    """The figures of the runs that are finished; a damaged one is none."""
    found = {}
    for cell in plan:
        with contextlib.suppress(InputError):
            run = Run.open(folder / cell.name)
            if run.finished:
                found[cell] = run.figures.by_name
    return found


def _check_neurons(configs: Mapping[str, Config], console: Console) -> None:
    """Whether the network has every neuron, before any work starts."""
    configs = {name: config for name, config in configs.items() if "neuron" in config.objectives}
    if not configs:
        return
    spec = next(iter(configs.values())).network
    network = load_network(
        spec.name, precision=spec.precision, report=lambda line: console.print(line, highlight=False)
    )
    for config in configs.values():
        at = config.model_dump(mode="json")["objectives"]["neuron"]["at"]
        try:
            Neuron(network, parse_neuron(at))
        except InputError as error:
            raise InputError(f"--neurons: {error}") from None


def _claim(folder: FilePath, settings: dict[str, Any], plan: Sequence[Cell], force: bool) -> list[Cell]:
    """Make the folder that of this sweep; all its runs: those it had with the same settings, and those of the plan."""
    manifest = folder / MANIFEST
    if (folder / "config.yaml").exists():
        raise InputError(f"--out: '{folder}' is the folder of one run; give a sweep a folder of its own")
    before: list[Cell] = []
    if manifest.is_file():
        held = read_yaml(manifest, f"--out: '{manifest}'")
        try:
            before = [Cell(**cell) for cell in held.pop("cells")]
            inside = all(FilePath(cell.name).name == cell.name not in ("", "..") for cell in before)
        except (AttributeError, KeyError, TypeError):
            inside = False
        if not inside:  # a foreign list may name any folder, and --force removes those it names
            raise InputError(f"--out: '{manifest}' is no list of runs in this folder; delete it and say that again")
        if held != settings:
            if not force:
                raise InputError(f"--out: '{folder}' holds a sweep with other settings; replace it with --force")
            for cell in before:
                shutil.rmtree(folder / cell.name, ignore_errors=True)
            before = []
    found = list(dict.fromkeys([*before, *plan]))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with write_beside(manifest) as beside:
            listed = {**settings, "cells": [asdict(cell) for cell in found]}
            beside.write_text(yaml.safe_dump(listed, sort_keys=False), encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out: '{folder}' cannot be written ({error.strerror})") from None
    return found


def _told(outcome: Outcome) -> str:
    """A line about a run that ended."""
    name = outcome.job.folder.name
    if outcome.code:
        return f"{name}: failed: {outcome.message}"
    figures = Run.open(outcome.job.folder).figures
    plot = figures.plot
    plotted = f", {plot.minutes:.0f} min on {plot.machine}" if plot is not None else ""
    return f"{name}: {success(figures.by_name)[0]}{plotted}; {figures.seconds / 60:.1f} min of work"


def _write_results(folder: FilePath, plan: Sequence[Cell]) -> None:
    """`index.html` and `sweep.csv` of what is finished."""
    figures = finished(folder, plan)
    with write_beside(folder / "index.html") as beside:
        beside.write_text(page_of(folder.name, plan, figures), encoding="utf-8")
    with write_beside(folder / "sweep.csv") as beside, beside.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        pictures = any(cell.image for cell in plan)
        more = ["image", "look", "pen_set", "dE00"] if pictures or any(cell.pens for cell in plan) else []
        table.writerow(
            ["run", "neuron", "style", "seed", "excitation", "svg", "minutes", "ink_mm", "lifts", "pens", *more]
        )
        for cell, found in figures.items():
            plot, excited = found.get("plot", {}), found.get("excitation", {})
            pens = " ".join(pen["name"] for pen in found.get("pens", ()))
            error = picture_error(found)
            own = [cell.image, cell.look, cell.pens, None if error is None else f"{error:.3f}"] if more else []
            table.writerow(
                [
                    cell.name, cell.neuron or "", cell.style or "none", cell.seed,
                    _four(excited.get("final", excited.get("free"))),
                    _four(excited.get("svg")), *(plot.get(key, "") for key in ("minutes", "ink_mm", "lifts")), pens,
                    *("" if value is None else value for value in own),
                ]
            )  # fmt: skip


def _four(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
