"""Commands about pens."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from plotart.cli.completion import PEN_SETS
from plotart.cli.writing import writing
from plotart.core.console import plain_console

if TYPE_CHECKING:
    from plotart.pens import PenSet

__all__ = ["pens"]


@click.group()
def pens() -> None:
    """Pen sets: what there is, charts to plot, and measuring your own."""


def _swatches(found: PenSet) -> Text:
    line = Text()
    for pen in found.pens:
        line.append("█", style=pen.hex)
    return line


@pens.command("list")
def list_() -> None:
    """The pen sets there are."""
    from plotart.pens import load_pens, pen_sets

    table = Table(box=None, pad_edge=False, show_header=False)
    for name in pen_sets():
        found = load_pens(name)
        colours = "approximate" if found.approximate else "measured"
        table.add_row(name, f"{len(found.pens)}", colours, found.title, _swatches(found))
    plain_console().print(table)


@pens.command()
@click.argument("pen_set", metavar="SET|FILE", shell_complete=PEN_SETS)
@click.option("--vpype", is_flag=True, help="as a pen_config for vpype's configuration file")
def show(pen_set: str, vpype: bool) -> None:
    """The pens of a set."""
    from plotart.pens import load_pens, to_vpype_toml

    found = load_pens(pen_set)
    if vpype:
        click.echo(to_vpype_toml(found), nl=False)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("", "pen", "colour", "tip mm", "opacity", "build-up", "ink", "colours"):
        table.add_column(column, justify="right" if column in ("tip mm", "opacity", "build-up") else "left")
    for pen in found.pens:
        table.add_row(
            Text("██████", style=pen.hex),
            pen.name,
            pen.hex,
            f"{pen.tip_mm:g}",
            f"{pen.opacity:g}",
            f"{pen.build_up:g}",
            "opaque" if pen.opaque else "transparent",
            "approximate" if pen.approximate else "measured",
        )
    console = plain_console()
    console.print(table)
    if found.source:
        console.print(f"source: {found.source}")


@pens.command()
@click.argument("pen_set", metavar="SET|FILE", shell_complete=PEN_SETS)
@click.option("--page", "size", default="a4", show_default=True)
@click.option("--landscape", is_flag=True)
@click.option("--margin", type=float, default=10.0, show_default=True, help="mm")
@click.option("--out", type=click.Path(path_type=FilePath), help="folder [SET-chart]")
def chart(pen_set: str, size: str, landscape: bool, margin: float, out: FilePath | None) -> None:
    """Write a chart to plot with these pens, then to photograph for `plotart pens calibrate`."""
    from plotart.core.canvas import page
    from plotart.pens import load_pens
    from plotart.pens.chart import save_layout
    from plotart.plot.chart import chart_sheets, make_chart
    from plotart.plot.svg import write_pen_files, write_svg

    found = load_pens(pen_set)
    folder = out or FilePath(f"{found.name}-chart")
    sheet = page(size, landscape)
    sheets = chart_sheets(found, sheet, margin)
    for number, part in enumerate(sheets, start=1):
        plot, layout = make_chart(part, sheet, margin)
        own = folder if len(sheets) == 1 else folder / str(number)
        with writing(folder):
            write_svg(plot, own / "chart.svg")
            write_pen_files(plot, own / "pens")
            save_layout(layout, own / "chart.yaml")
        click.echo(f"{own / 'chart.svg'}: {len(part.pens)} pens; photograph it whole, then: "
                   f"plotart pens calibrate PHOTO --chart {own / 'chart.yaml'}")  # fmt: skip


@pens.command()
@click.argument("photo", type=click.Path(path_type=FilePath))
@click.option(
    "--chart", "chart_file", required=True, type=click.Path(path_type=FilePath), help="chart.yaml of the chart"
)
@click.option("--out", type=click.Path(path_type=FilePath), default=FilePath("my-pens.yaml"), show_default=True)
def calibrate(photo: FilePath, chart_file: FilePath, out: FilePath) -> None:
    """Measure pens from a photo of their chart; writes a pen set for --pens."""
    from plotart.core.images import load_image
    from plotart.pens.calibrate import calibrate as measure
    from plotart.pens.calibrate import write_pen_set
    from plotart.pens.chart import load_layout

    found = measure(load_image(photo, "photo"), load_layout(chart_file))
    table = Table(box=None, pad_edge=False)
    for column in ("", "pen", "colour", "± dE", "tip mm", "±", "opacity", "± "):
        table.add_column(column, justify="left" if column in ("", "pen", "colour") else "right")
    for one in found.pens:
        table.add_row(
            Text("██████", style=one.pen.hex),
            one.pen.name,
            one.pen.hex,
            f"{one.colour_error:.1f}",
            f"{one.pen.tip_mm:.2f}",
            f"{one.tip_error_mm:.2f}",
            f"{one.pen.opacity:.2f}",
            f"{one.opacity_error:.2f}",
        )
    console = plain_console()
    console.print(table)
    for note in found.all_notes:
        console.print(f"note: {note}")
    with writing(out):
        write_pen_set(found.pen_set, out)
    console.print(f"{out}: use it with --pens {out}")
