"""Commands that move the pen."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from plotart.cli.plots import MACHINE, drawing_of_source, plot_of_source
from plotart.core.console import plain_console
from plotart.core.errors import InputError

if TYPE_CHECKING:
    from plotart.plot import Plot
    from plotart.plot.drive.controller import Controller
    from plotart.plot.drive.place import Placed
    from plotart.plot.drive.progress import Choice, Progress
    from plotart.plot.machine import Machine

__all__ = ["down", "heights", "home", "plot", "up"]

PORT = click.option("--port", help="serial port of the plotter [found by its USB id]")


@click.command()
@click.argument("source", metavar="RUN|FILE.svg", type=click.Path(path_type=FilePath))
@MACHINE
@PORT
@click.option("--layer", help="only these layers: numbers or names, with commas")
@click.option("--start-at", metavar="LAYER[:STROKE]", help="leave out what has been plotted already; number or name")
@click.option("--copies", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--order/--no-order", "order", default=None, help="join and order the strokes [files yes, runs no]")
@click.option(
    "--turn/--no-turn", "turn", default=None, help="turn the page to the left [only when it fits no other way]"
)
@click.option("--wait/--no-wait", "wait", default=True, help="wait at home for each pen and sheet [on]")
@click.option("--preview", is_flag=True, help="only say what would be done")
@click.option("--resume", is_flag=True, help="go on with the plot that was broken off, at the stroke it was in")
def plot(
    source: FilePath, machine: str, port: str | None, layer: str | None, start_at: str | None, copies: int,
    order: bool | None, turn: bool | None, wait: bool, preview: bool, resume: bool,
) -> None:  # fmt: skip
    """Move the pen: draw a run, or any SVG, on a plotter.

    Space pauses, Enter goes on, q cancels, and so do the machine's button and a word (pause, resume, cancel) in
    DRAWING.plot.control. Whatever breaks it off, --resume goes on at the stroke it was in.
    """
    from plotart.plot.drive.place import place
    from plotart.plot.drive.progress import Choice, Progress, digest, progress_file
    from plotart.plot.machine import load_machine

    context = click.get_current_context()
    file = source if source.suffix.lower() == ".pt" else drawing_of_source(source)
    record = progress_file(file)
    progress: Progress | None = None
    if resume:
        told = [name for name in ("layer", "start_at", "copies", "order", "turn") if _given(context, name)]
        if told:
            raise InputError(f"--{told[0].replace('_', '-')}: a resumed plot keeps what it was begun with.")
        progress = Progress.read(record)
        if not progress.unfinished:
            raise InputError(f"--resume: the plot of '{file}' was finished; leave --resume out to draw it again.")
        choice = progress.choice
        machine = machine if _given(context, "machine") else choice.machine
        choice = choice.model_copy(update={"machine": machine})
        port = port or (progress.port if FilePath(progress.port).exists() else None)
    else:
        reorder = order if order is not None else source.is_file() and source.suffix.lower() != ".pt"
        choice = Choice(machine=machine, layer=layer, start_at=start_at, order=reorder, turn=turn, copies=copies)
    if record.is_file() and not preview and Progress.read(record).alive:
        raise InputError(f"'{file}' is being plotted by another process; cancel that first.")
    chosen = _chosen(file, choice)
    given = load_machine(machine)
    placed = place(chosen, given, choice.turn)
    if progress is not None and progress.digest != digest(chosen):
        raise InputError(f"--resume: '{file}' is another drawing than the one that was begun; use --start-at.")
    if preview:
        _preview(placed, given, choice, progress)
        return
    progress = progress or Progress(drawing=file.name, digest=digest(chosen), choice=choice)
    progress.choice = choice
    _run(file, given, chosen, port, progress, wait=wait)


def _given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _chosen(file: FilePath, choice: Choice) -> Plot:
    from plotart.plot import sequence
    from plotart.plot.route import order, tidy

    found = plot_of_source(file)
    if choice.order:
        found = found.map(lambda layer: order(tidy(layer.paths, layer.pen.tip_mm)))
    if choice.layer is not None:
        found = sequence.only_layers(found, choice.layer)
    if choice.start_at is not None:
        found = sequence.start_at(found, *sequence.parse_start(choice.start_at, found))
    return found


def _preview(placed: Placed, machine: Machine, choice: Choice, progress: Progress | None) -> None:
    from plotart.plot.motion import estimate

    time = estimate(placed.plot, machine)
    table = Table(box=None, pad_edge=False)
    for column in ("", "pen", "strokes", "ink m", "minutes"):
        table.add_column(column, justify="left" if column in ("", "pen") else "right")
    for layer, spent in zip(placed.plot.layers, time.pens, strict=True):
        table.add_row(
            Text("███", style=layer.pen.hex), layer.pen.name, str(len(layer.paths)), f"{spent.ink_mm / 1000:.2f}",
            f"{spent.seconds / 60:.1f}",
        )  # fmt: skip
    console = plain_console()
    console.print(table, highlight=False)
    moving = (time.seconds - time.change_seconds) / 60
    many = "" if choice.copies == 1 else f" for each of {choice.copies} copies"
    console.print(
        f"{moving:.1f} min of motion on {machine.title or choice.machine}{many}; {placed.told}", highlight=False
    )
    if progress is not None:
        console.print(f"it would go on at layer {progress.layer + 1}, stroke {progress.stroke + 1}", highlight=False)


def _run(file: FilePath, given: Machine, chosen: Plot, port: str | None, progress: Progress, *, wait: bool) -> None:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    from plotart.plot.drive.boards import connect
    from plotart.plot.drive.control import Keyboard
    from plotart.plot.drive.place import place
    from plotart.plot.drive.progress import control_file, progress_file
    from plotart.plot.drive.session import Session

    controller = connect(given, port)
    console = plain_console()
    try:
        placed = place(chosen, controller.machine, progress.choice.turn)
        progress.port = controller.line.port
        console.print(
            f"{given.title or progress.choice.machine} at {controller.line.port}; {placed.told}", highlight=False
        )
        said = [""]
        columns = (
            TextColumn("[{task.fields[colour]}]███[/] {task.description}"),
            BarColumn(),
            TextColumn("{task.fields[left]}"),
        )
        with (
            Bar(*columns, console=console, refresh_per_second=4) as bar,
            Keyboard(control_file(file)).listening() as keys,
        ):
            task = bar.add_task("", total=placed.plot.strokes, colour="#888888", left="")

            def show(at: Progress) -> None:
                bar.update(
                    task,
                    completed=at.strokes_done,
                    description=at.pen or at.state,
                    colour=at.colour or "#888888",
                    left=f"{at.seconds_left / 60:.1f} min left",
                )
                if at.state in ("pen", "paper", "paused") and at.message != said[0]:
                    swatch = f"[{at.colour}]███[/] " if at.state == "pen" else ""
                    console.print(f"{swatch}{at.message}: Enter goes on, q cancels", highlight=False)
                said[0] = at.message

            Session(placed.plot, controller, keys, progress, progress_file(file), wait=wait, show=show).run()
    finally:
        controller.line.close()
    console.print(f"plotted {progress.strokes} strokes", highlight=False)


def _board(machine: str, port: str | None) -> Controller:
    from plotart.plot.drive.boards import connect
    from plotart.plot.machine import load_machine

    return connect(load_machine(machine), port)


@click.command()
@MACHINE
@PORT
def home(machine: str, port: str | None) -> None:
    """Lift the pen and walk home, motors off; as far as the board knows the way."""
    controller = _board(machine, port)
    try:
        told = controller.walk_home()
        controller.off()
    finally:
        controller.line.close()
    if told:
        raise InputError(told + ".")
    click.echo("home; motors are off")


@click.command()
@MACHINE
@PORT
def up(machine: str, port: str | None) -> None:
    """Lift the pen to the machine's pen_up."""
    _to_height(machine, port, raised=True)


@click.command()
@MACHINE
@PORT
def down(machine: str, port: str | None) -> None:
    """Lower the pen to the machine's pen_down, to put a pen in at the right height."""
    _to_height(machine, port, raised=False)


def _to_height(machine: str, port: str | None, *, raised: bool) -> None:
    controller = _board(machine, port)
    try:
        controller.set_height(up=raised)
    finally:
        controller.line.close()
    height = controller.machine.pen_up if raised else controller.machine.pen_down
    click.echo(f"pen {'up' if raised else 'down'}, height {height:g}")


@click.command()
@MACHINE
@PORT
@click.option("--up", "pen_up", type=float, help="height of the raised pen to try [the machine's]")
@click.option("--down", "pen_down", type=float, help="height of the lowered pen to try [the machine's]")
@click.option("--save", type=click.Path(path_type=FilePath), help="write the machine with these heights to a YAML file")
def heights(
    machine: str, port: str | None, pen_up: float | None, pen_down: float | None, save: FilePath | None
) -> None:
    """Try the pen's heights: lower it, lift it again; --save keeps them for --machine."""
    import yaml

    from plotart.plot.drive.boards import connect
    from plotart.plot.files import write_whole
    from plotart.plot.machine import load_machine

    found = load_machine(machine)
    new = {"pen_up": pen_up, "pen_down": pen_down}
    found = found.model_validate(
        {**found.model_dump(), **{key: value for key, value in new.items() if value is not None}}
    )
    controller = connect(found, port)
    try:
        controller.set_height(up=False)
        controller.set_height(up=True)
    finally:
        controller.line.close()
    click.echo(f"up {found.pen_up:g}, down {found.pen_down:g}")
    if save is not None:
        said = found.model_dump(mode="json", exclude_defaults=True)
        if found.board is not None:  # its kind may be the default, but says which board it is
            said["board"] = {"kind": found.board.kind, **said.get("board", {})}
        write_whole(save, yaml.safe_dump(said, sort_keys=False))
        click.echo(f"{save}: use it with --machine {save}")
