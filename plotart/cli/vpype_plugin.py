"""plotart inside vpype pipelines: a command that draws, and commands that choose pens, order strokes and tell the time.

vpype plotart --neuron conv4_3:12 --style mondrian.jpg linesimplify write out.svg
vpype read photo.svg plotart-pens stabilo-point-88 plotart-order plotart-time write out.svg
"""

from typing import Any

import click
import vpype
import vpype_cli

from plotart.cli.flags import config_flags, gather
from plotart.core.console import plain_console
from plotart.core.shipped import base_config

__all__ = ["plotart", "plotart_order", "plotart_pens", "plotart_time"]

# Everything heavy is imported where it is used: vpype imports its plugins for every pipeline.

GROUP = "plotart"
PX_PER_MM = 96 / 25.4


@click.command(name="plotart")
@config_flags
@click.option("--out", type=click.Path(), help="folder of the run [outputs/<name>]")
@vpype_cli.global_processor  # type: ignore[untyped-decorator]
def plotart(document: vpype.Document, sets: tuple[str, ...], out: str | None, **values: Any) -> vpype.Document:
    """Draw a neuron or an image: a layer for each pen, in plotting order, after the layers there are.

    Layers are called '1-<pen>', '2-<pen>' ..., so that they keep their numbers when vpype reads them again; their
    colours and widths are those of the pens. The page is set unless the pipeline has one.
    """

    from plotart.core.errors import InputError
    from plotart.plot.export import pen_name, to_vpype
    from plotart.plot.read import read_svg
    from plotart.runs.config import Config
    from plotart.runs.pipeline import generate

    try:
        changes = gather(values, sets)
        config = Config.load(base_config(changes), changes)
        run = generate(config, out, console=plain_console(stderr=True))
        made = to_vpype(read_svg(run.folder / "drawing.svg"))
    except InputError as error:
        raise click.UsageError(str(error)) from error
    for lines in made.layers.values():
        number = document.free_id()
        name = pen_name(lines.property(vpype.METADATA_FIELD_NAME))
        lines.set_property(vpype.METADATA_FIELD_NAME, f"{number}-{name}")  # vpype reads the number back from the name
        document.add(lines, number, with_metadata=True)
    if document.page_size is None:
        document.page_size = made.page_size
    return document


@click.command(name="plotart-pens")
@click.argument("pens", type=vpype_cli.TextType())
@vpype_cli.global_processor  # type: ignore[untyped-decorator]
def plotart_pens(document: vpype.Document, pens: str) -> vpype.Document:
    """Give each layer the pen of the set PENS whose colour is nearest, and number the layers in plotting order.

    Each pen is given once while there are enough; with more layers than pens, layers of one pen become one. Layers
    without a colour count as black. Light pens come first.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    from plotart.core.color import ciede2000, hex_to_rgb, to_lab
    from plotart.core.errors import InputError
    from plotart.pens import load_pens
    from plotart.plot import order_pens

    try:
        choice = load_pens(pens).pens
    except InputError as error:
        raise click.BadParameter(str(error), param_hint="PENS") from error
    layers = list(document.layers.values())
    colours = [lines.property(vpype.METADATA_FIELD_COLOR) or vpype.Color("black") for lines in layers]
    lab = np.array([to_lab(np.array([c.red, c.green, c.blue]) / 255) for c in colours]).reshape(-1, 1, 3)
    gaps = ciede2000(lab, np.array([to_lab(hex_to_rgb(pen.hex)) for pen in choice])[None])
    nearest = linear_sum_assignment(gaps)[1] if len(layers) <= len(choice) else gaps.argmin(axis=1)
    result: vpype.Document = document.empty_copy()
    number = 0
    for index in order_pens(choice):
        mine = [lines for lines, pen in zip(layers, nearest.tolist(), strict=True) if pen == index]
        if not mine:
            continue
        number += 1
        for lines in mine:
            result.add(lines, number)
        pen = choice[index]
        result.layers[number].set_property(vpype.METADATA_FIELD_NAME, f"{number}-{pen.name}")
        result.layers[number].set_property(vpype.METADATA_FIELD_COLOR, vpype.Color(pen.hex))
        result.layers[number].set_property(vpype.METADATA_FIELD_PEN_WIDTH, pen.tip_mm * PX_PER_MM)
    return result


@click.command(name="plotart-order")
@click.option("--tip", type=vpype_cli.LengthType(), default=None, help="width of the pen [the layer's, else 0.4mm]")
@click.option("--no-join", is_flag=True, help="only order: join no strokes and drop none")
@vpype_cli.layer_processor  # type: ignore[untyped-decorator]
def plotart_order(lines: vpype.LineCollection, tip: float | None, no_join: bool) -> vpype.LineCollection:
    """Order strokes for short ways with the pen lifted, after joining those that continue each other.

    Strokes shorter than the tip are dropped.
    """
    from plotart.plot.export import from_lines, to_lines
    from plotart.plot.route import order, tidy

    width = tip or lines.property(vpype.METADATA_FIELD_PEN_WIDTH) or 0.4 * PX_PER_MM
    paths = from_lines(lines)
    if not no_join:
        paths = tidy(paths, width / PX_PER_MM)
    result: vpype.LineCollection = lines.clone(to_lines(order(paths)))
    return result


@click.command(name="plotart-time")
@click.option(
    "--machine", type=vpype_cli.TextType(), default="axidraw", help="plotter, or a YAML file of one [axidraw]"
)
@vpype_cli.global_processor  # type: ignore[untyped-decorator]
def plotart_time(document: vpype.Document, machine: str) -> vpype.Document:
    """Print how long the plot takes, layer by layer, with acceleration, lifts and pen changes."""
    from plotart.core.errors import InputError
    from plotart.plot.export import from_vpype
    from plotart.plot.motion import estimate, load_machine

    try:
        time = estimate(plot := from_vpype(document), load_machine(machine))
    except InputError as error:
        raise click.UsageError(str(error)) from error
    for layer, spent in zip(plot.layers, time.pens, strict=True):
        click.echo(
            f"{layer.pen.name}: {spent.seconds / 60:.1f} min, {spent.lifts} strokes, "
            f"{spent.ink_mm / 1000:.2f} m of ink, {spent.pen_up_mm / 1000:.2f} m of travel"
        )
    click.echo(f"all: {time.minutes:.1f} min on {machine}")
    return document


for _command in (plotart, plotart_pens, plotart_order, plotart_time):
    _command.help_group = GROUP  # type: ignore[attr-defined]
