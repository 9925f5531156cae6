"""Commands about files on their way to the plotter."""

from __future__ import annotations

import sys
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import click

from plotart.cli.completion import MACHINES
from plotart.cli.writing import writing
from plotart.core.console import plain_console
from plotart.core.errors import InputError

if TYPE_CHECKING:
    from plotart.plot.fills import Fills
    from plotart.plot.layers import Plot

__all__ = ["MACHINE", "check", "drawing_of_source", "estimate", "export", "plot_of_source"]

ENDINGS = {"svg": ".svg", "hpgl": ".hpgl", "gcode": ".gcode"}
FULL_SPEED = {"svg": 2.008, "hpgl": 10.0, "gcode": 1.0}
"""mm/s of one unit of --speed: AxiDraw's per cent (25 % are 50.2 mm/s), HPGL's cm/s, mm/s."""
MACHINE = click.option(
    "--machine",
    default="axidraw",
    show_default=True,
    shell_complete=MACHINES,
    help="plotter, or a YAML file of its speeds",
)


def plot_of_source(path: FilePath, fills: Fills = "outline", pitch: float | None = None) -> Plot:
    """The plot of a run folder, an SVG or a saved drawing; see `read_svg` for fills."""
    from plotart.drawing import Drawing
    from plotart.plot.read import read_svg
    from plotart.plot.written import make_plot

    if path.suffix.lower() != ".pt":
        return read_svg(drawing_of_source(path), fills=fills, pitch=pitch)
    drawing = Drawing.load(path)
    if not drawing.ink.settled:
        raise InputError(f"'{path}' holds colours that are no pens yet; take the drawing of a finished run")
    return make_plot(drawing)


def drawing_of_source(path: FilePath) -> FilePath:
    """The SVG of a run folder, or the file itself."""
    if path.is_dir():
        if not (path / "drawing.svg").is_file():
            raise InputError(f"'{path}' holds no drawing.svg; finish the run with 'plotart resume {path}'")
        return path / "drawing.svg"
    return path


def tell_left_out(file: FilePath) -> None:
    """Say on stderr what of an SVG cannot be plotted."""
    from plotart.plot.check import left_out
    from plotart.plot.unread import unread

    if file.suffix.lower() == ".pt":
        return
    lines = unread(file)
    if (told := left_out(file)) and (not lines or "hidden" in told):
        click.echo(f"left out: {told}", err=True)
    for line in lines:
        click.echo(f"{file.name}, {line}", err=True)


@click.command()
@click.argument("source", metavar="RUN|FILE.svg|FILE.pt", type=click.Path(path_type=FilePath))
@click.option("--format", "form", type=click.Choice(list(ENDINGS)), default="svg", show_default=True)
@click.option("--out", type=click.Path(path_type=FilePath), help="file to write [beside the source]")
@MACHINE
@click.option("--device", default="hp7475a", show_default=True, help="HPGL plotter")
@click.option("--lift", type=click.Choice(["z", "servo"]), help="G-code pen lift [the machine's own, else z]")
@click.option("--page", "size", help="fit the strokes onto this page: a0..a6, letter, ... or WxHmm [the file's own]")
@click.option("--landscape", is_flag=True, help="turn that page")
@click.option("--margin", type=click.FloatRange(min=0), help="fit the strokes inside this margin, mm")
@click.option("--order/--no-order", "reorder", default=True, help="join and order the strokes [on]")
@click.option(
    "--fills", type=click.Choice(["outline", "hatch", "both", "none"]), default="outline", show_default=True,
    help="what becomes of filled shapes; but for 'outline', opaque fills hide what is below",
)  # fmt: skip
@click.option("--pitch", type=click.FloatRange(min=0.05, max=50), help="between lines of a hatch, mm [the pen's tip]")
@click.option("--marks", is_flag=True, help="registration marks on a layer of their own")
@click.option("--split", type=float, metavar="M", help="split layers after so many metres of ink")
@click.option("--start-at", metavar="LAYER[:STROKE]", help="leave out what has been plotted already; number or name")
@click.option("--pause", is_flag=True, help="AxiDraw: pause before each further pen (!)")
@click.option("--speed", type=int, help="AxiDraw: pen-down speed in per cent (+S); HPGL: cm/s (VS); G-code: mm/s")
@click.option("--height", type=int, help="AxiDraw: pen-down height in per cent (+H)")
def export(
    source: FilePath,
    form: str,
    out: FilePath | None,
    machine: str,
    device: str,
    lift: str | None,
    size: str | None,
    landscape: bool,
    margin: float | None,
    reorder: bool,
    fills: Fills,
    pitch: float | None,
    marks: bool,
    split: float | None,
    start_at: str | None,
    pause: bool,
    speed: int | None,
    height: int | None,
) -> None:
    """Write a run, or any SVG, as a plotter wants it."""
    from plotart.core.canvas import page
    from plotart.plot import export as formats
    from plotart.plot import sequence
    from plotart.plot.files import write_whole
    from plotart.plot.motion import estimate as time_of
    from plotart.plot.motion import load_machine
    from plotart.plot.route import order, tidy
    from plotart.plot.svg import plot_svg

    file = drawing_of_source(source)
    speeds = load_machine(machine)
    if pitch is not None and fills not in ("hatch", "both"):
        raise InputError(f"--pitch: {pitch:g} is for hatching; add --fills hatch or both")
    plot = plot_of_source(source, fills, pitch)
    if reorder and source.is_file() and source.suffix.lower() != ".pt":  # a drawing of ours is in order already
        plot = plot.map(lambda layer: order(tidy(layer.paths, layer.pen.tip_mm)))
    if size is not None or margin is not None or landscape:
        plot = plot.fitted(page(size, landscape) if size else plot.page, plot.margin_mm if margin is None else margin)
    if split is not None:
        plot = sequence.split_by_ink(plot, split)
    if marks:
        plot = sequence.with_registration_marks(plot)
    if start_at:
        plot = sequence.start_at(plot, *sequence.parse_start(start_at, plot))
    target = out or file.with_name(f"{file.stem}-plot{ENDINGS[form]}")
    if target.resolve() == file.resolve():
        raise InputError(f"--out: '{target}' is the file being read; choose another name")
    if speed is not None:
        speeds = speeds.model_copy(update={"pen_down_speed": FULL_SPEED[form] * speed})
    with writing(target):
        if form == "hpgl":
            formats.write_hpgl(plot, target, device, speed)
        elif form == "gcode":
            lifts = {"servo": formats.SERVO, "z": formats.Z_AXIS, None: None}
            formats.write_gcode(plot, target, speeds, lifts[lift])
        else:
            coded = pause or speed is not None or height is not None
            layers = sequence.axidraw_layers(plot, pause=pause, speed=speed, height=height) if coded else None
            write_whole(target, plot_svg(plot, layers))
    tell_left_out(file)
    click.echo(f"{target}: {plot.strokes} strokes, {time_of(plot, speeds).minutes:.0f} min on {machine}")


@click.command()
@click.argument("file", metavar="RUN|FILE.svg|FILE.pt", type=click.Path(path_type=FilePath))
@MACHINE
def estimate(file: FilePath, machine: str) -> None:
    """Tell how long a plot takes, pen by pen."""
    from rich.table import Table
    from rich.text import Text

    from plotart.plot.motion import estimate as time_of
    from plotart.plot.motion import load_machine

    plot = plot_of_source(file)
    time = time_of(plot, load_machine(machine))
    table = Table(box=None, pad_edge=False)
    for column in ("", "pen", "strokes", "ink m", "pen up m", "minutes"):
        table.add_column(column, justify="left" if column in ("", "pen") else "right")
    for layer, spent in zip(plot.layers, time.pens, strict=True):
        table.add_row(
            Text("███", style=layer.pen.hex),
            layer.pen.name,
            str(len(layer.paths)),
            f"{spent.ink_mm / 1000:.2f}",
            f"{spent.pen_up_mm / 1000:.2f}",
            f"{spent.seconds / 60:.1f}",
        )
    console = plain_console()
    console.print(table)
    console.print(f"{time.minutes:.1f} min on {machine}, pen changes included")


@click.command()
@click.argument("file", metavar="RUN|FILE.svg", type=click.Path(path_type=FilePath))
@click.option("--margin", type=float, default=0.0, show_default=True, help="border that must stay empty, mm")
@MACHINE
@click.option("--strict", is_flag=True, help="also demand what plotart's own files keep")
def check(file: FilePath, margin: float, machine: str, strict: bool) -> None:
    """Tell what would go wrong with an SVG on a plotter; exit code 1 when something would."""
    from plotart.plot.check import check_paper, check_svg
    from plotart.plot.motion import load_machine

    path = drawing_of_source(file)
    problems = check_svg(path, margin_mm=margin, machine=load_machine(machine), strict=strict or file.is_dir())
    for line in [*problems, *check_paper(path)]:
        click.echo(str(line))
    if problems:
        sys.exit(1)
    click.echo("nothing would go wrong")
