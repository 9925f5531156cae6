"""Commands that make drawings. Heavy modules are imported in the commands, so that --help answers at once."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import click

from plotart.cli.completion import CONFIGS, PEN_SETS
from plotart.cli.flags import FLAGS, config_flags, gather, given_config, some_flags
from plotart.cli.grouping import GroupedCommand
from plotart.core.console import plain_console
from plotart.core.errors import InputError
from plotart.core.shipped import base_config

if TYPE_CHECKING:
    from plotart.runs.folder import Run

__all__ = ["enlarge", "generate", "resume", "show", "sweep"]

FRAMES = click.option(
    "--frames", type=click.Path(path_type=FilePath), metavar="DIR", help="frames of the film lie there too"
)
MODEL = click.option(
    "--model", type=click.Path(path_type=FilePath), metavar="FILE",
    help="a file to go on from anywhere: if it is there the run goes on from it, and writes it in any case",
)  # fmt: skip
WINDOW = click.option("--window", "live", is_flag=True, help="watch the run in a browser, on the studio's page")


@click.command(cls=GroupedCommand)
@click.argument("config", required=False, metavar="[CONFIG.yaml]", shell_complete=CONFIGS)
@config_flags
@click.option("--out", type=click.Path(path_type=FilePath), help="folder of the run [outputs/<name>]")
@click.option("--force", is_flag=True, help="replace a run that --out already holds")
@FRAMES
@MODEL
@WINDOW
def generate(
    config: str | None, out: FilePath | None, force: bool, frames: FilePath | None, model: FilePath | None,
    live: bool, sets: tuple[str, ...], **flags: Any,
) -> None:  # fmt: skip
    """Make a drawing from a neuron or an image, or of several looks a sheet."""
    from plotart.runs.config import Config
    from plotart.runs.drafts import contact_sheet, read_looks
    from plotart.runs.further import from_model
    from plotart.runs.pipeline import endless
    from plotart.runs.pipeline import generate as make
    from plotart.runs.pipeline import resume as go_on

    changes = gather(flags, sets)
    on = changes.get("steps") == 0 and changes.pop("steps") == 0
    look = changes.get("look")
    names = read_looks(look) if isinstance(look, str) else None
    if names is not None:
        if on or frames is not None or model is not None or live:
            raise InputError(
                "--look: a sheet of several is drawn once; leave out --frames, --model, --window and --steps 0"
            )
        base = given_config(config) or base_config(changes)
        click.echo(contact_sheet(base, changes, names, out, plain_console(stderr=True)))
        return
    console = plain_console(stderr=True)
    if model is not None and model.exists():
        if config is not None:
            told = f"the settings are those of '{model}', not of {given_config(config)}; flags win over them"
            console.print(told, markup=False, highlight=False, soft_wrap=True)
        folder, steps = from_model(model, out, changes, endless=on)
        with _watched(live, folder):
            if on:
                endless(folder, changes, console=console, frames=frames, model=model)
            _show(go_on(folder, steps, changes, console=console, frames=frames, model=model))
        return
    chosen = Config.load(given_config(config) or base_config(changes), changes)
    with _watched(live, out):
        made = make(chosen, out, force=force, console=console, frames=frames, model=model)
        if on:
            endless(made.folder, console=console, frames=frames, model=model)
        _show(made)


SWEPT = ("--neuron", "--image", "--look", "--pens", "--style", "--seed", "--init")
"""Flags of one run of which a sweep takes several."""


@click.command(cls=GroupedCommand)
@click.argument("config", required=False, metavar="[CONFIG.yaml]", shell_complete=CONFIGS)
@click.option("--neurons", metavar="LIST", help="drawn one by one, e.g. conv4_3:0-63,70,conv3_1:2")
@click.option("--images", "--image", metavar="FILES", help="pictures instead, with commas")
@click.option("--looks", "--look", metavar="LIST", help="ways to draw them, with commas, or all (docs/looks.md)")
@click.option(
    "--pens", multiple=True, metavar="SET", shell_complete=PEN_SETS,
    help="pen set, file or colours; said again for each further one",
)  # fmt: skip
@click.option(
    "--style", "styles", default="none", metavar="LIST", help="style images with commas; none is no style [none]"
)
@click.option("--seeds", default="0", help="seeds with commas [0]")
@some_flags(*(flag.partition("/")[0] for flag, *_ in FLAGS if flag not in SWEPT))
@click.option("--workers", type=click.IntRange(1, 1024), help="runs at a time, of a thread each [all cores]")
@click.option("--ray", metavar="ADDRESS", help="a Ray cluster instead: auto, HOST:PORT, or local for this machine")
@click.option("--compare", is_flag=True, help="in the end, tell what each style does to the excitation, and how surely")
@click.option("--out", type=click.Path(path_type=FilePath), help="folder of the runs [outputs/sweep]")
@click.option("--force", is_flag=True, help="replace another sweep that --out already holds")
def sweep(
    config: str | None, neurons: str | None, images: str | None, looks: str | None, pens: tuple[str, ...], styles: str,
    seeds: str, workers: int | None, ray: str | None,
    compare: bool, out: FilePath | None, force: bool, sets: tuple[str, ...], **flags: Any,
) -> None:  # fmt: skip
    """Draw many neurons or pictures, in styles, looks and pens, several at a time, and a page to compare them.

    The same command with the same --out goes on where it was stopped, and draws what it names besides.
    """
    from plotart.runs.looks import look_names
    from plotart.sweep import cells, comparisons_text, finished
    from plotart.sweep import compare as paired
    from plotart.sweep import sweep as make

    if workers is not None and ray is not None:
        raise InputError("--workers: a Ray cluster deals out its own cores; give --workers or --ray, not both")
    changes = gather(flags, sets)
    subject = "objectives.neuron.at" if images is None else "objectives.pixels.image"
    base = given_config(config) or base_config({**changes, subject: ""})
    if len(pens) == 1:
        changes["pens.set"] = pens[0]
    ways = ",".join(look_names()) if looks == "all" else looks
    plan = cells(neurons, styles, seeds, images=images, looks=ways, pens=pens if len(pens) > 1 else ())
    if compare and not {None} < {cell.style for cell in plan}:
        raise InputError("--compare: a style is compared with none; give --style none,FILE")
    folder = make(
        base, changes, plan, out, workers=workers or 0, ray=ray, force=force, console=plain_console(stderr=True)
    )
    click.echo(folder / "index.html")
    if compare:
        click.echo(comparisons_text(paired(finished(folder, plan))))


@click.command(cls=GroupedCommand)
@click.argument("run", type=click.Path(path_type=FilePath))
@click.option("--tiles", metavar="CxR", help="columns x rows, e.g. 3x4 [as many as keep its size]")
@some_flags(
    "--page", "--landscape", "--margin", "--paper", "--max-ink", "--size", "--steps", "--machine", "--minutes",
    "--renderer", "--device", "--threads", "--seed",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=FilePath), help="folder of the new run [outputs/<run>_<tiles>]")
@click.option("--force", is_flag=True, help="replace a run that --out already holds")
def enlarge(
    run: FilePath, tiles: str | None, out: FilePath | None, force: bool, sets: tuple[str, ...], **flags: Any
) -> None:
    """Take a finished drawing to a larger page: a neuron's in tiles without seams, a picture's magnified."""
    from plotart.runs.pipeline import enlarge as make

    counts = None if tiles is None else re.fullmatch(r"\s*(\d{1,4})\s*x\s*(\d{1,4})\s*", tiles)
    if tiles is not None and counts is None:
        raise InputError(f"--tiles: write columns x rows, for example 3x4, not {tiles!r}")
    chosen = None if counts is None else (int(counts[1]), int(counts[2]))
    _show(make(run, chosen, gather(flags, sets), out, force=force, console=plain_console(stderr=True)))


@click.command()
@click.argument("run", type=click.Path(path_type=FilePath))
@click.option(
    "--steps",
    type=click.IntRange(0, 1_000_000),
    help="so many more for the last fit of a finished run; 0: round after round until Ctrl-C, files after each",
)
@FRAMES
@MODEL
@WINDOW
@some_flags()
def resume(
    run: FilePath, steps: int | None, frames: FilePath | None, model: FilePath | None, live: bool,
    sets: tuple[str, ...],
) -> None:  # fmt: skip
    """Go on with an interrupted run, or take a finished one further.

    The settings are those in RUN/config.yaml; --steps adds to them, --set wins over them. Without --steps a finished
    run does again what follows its last fit. With a --model that is there, RUN may be a new folder: it goes on from it.
    """
    from plotart.runs.pipeline import endless
    from plotart.runs.pipeline import resume as go_on

    console, changes = plain_console(stderr=True), gather({}, sets)
    with _watched(live, run):
        if steps == 0:
            endless(run, changes, console=console, frames=frames, model=model)
        _show(go_on(run, steps, changes, console=console, frames=frames, model=model))


@click.command()
@click.argument("run", type=click.Path(path_type=FilePath))
def show(run: FilePath) -> None:
    """Print the figures of a finished run."""
    from plotart.runs.folder import Run

    opened = Run.open(run)
    if not opened.finished:
        raise InputError(f"'{run}' is not finished; go on with 'plotart resume {run}'")
    _show(opened)


def _watched(live: bool, folder: FilePath | None) -> AbstractContextManager[None]:
    """The page that shows a run in `folder` at work, among those beside it, where that is asked for."""
    if not live:
        return nullcontext()
    from plotart.studio.window import window

    root = FilePath("outputs") if folder is None else folder.resolve().parent
    return window(root, lambda line: click.echo(line, err=True))


def _show(run: Run) -> None:
    from plotart.runs.show import summary

    plain_console().print(summary(run))
