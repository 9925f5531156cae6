"""Commands that show what a network offers."""

from __future__ import annotations

from pathlib import Path as FilePath

import click
from rich.table import Table

from plotart.cli.completion import NETWORKS
from plotart.cli.writing import writing
from plotart.core.console import plain_console

__all__ = ["layers", "networks", "neurons"]


@click.command()
def networks() -> None:
    """The networks there are."""
    from plotart.networks import networks as known

    table = Table(box=None, pad_edge=False, show_header=False)
    for name in known:
        table.add_row(name, known[name].about)
    table.add_row("<torchvision model>", "any model of torchvision by its name, neurons by node name")
    plain_console().print(table)


@click.command()
@click.argument("network", shell_complete=NETWORKS)
def layers(network: str) -> None:
    """The layers of a network, with their number of neurons."""
    from plotart.networks import load_network

    found = load_network(network, report=lambda line: click.echo(line, err=True))
    for layer in found.layers:
        click.echo(f"{layer}  0-{found.units(layer) - 1}")


@click.command()
@click.argument("network", shell_complete=NETWORKS)
@click.argument("layer")
@click.option("--out", type=click.Path(path_type=FilePath), help="contact sheet [NETWORK-LAYER.png]")
def neurons(network: str, layer: str, out: FilePath | None) -> None:
    """A contact sheet of a layer: what each neuron answers to most, and which are live, weak or dead."""
    from collections import Counter

    from plotart.core.images import write_beside
    from plotart.networks import load_network
    from plotart.networks.contact import contact_sheet

    found = load_network(network, report=lambda line: click.echo(line, err=True))
    survey, sheet = contact_sheet(found, layer)
    target = out or FilePath(f"{found.name}-{layer.replace(':', '-').replace('@', '-')}.png")
    with writing(target), write_beside(target) as beside:
        sheet.save(beside, format="PNG")
    counts = Counter(survey.marks)
    dead = [str(unit) for unit, mark in enumerate(survey.marks) if mark == "dead"]
    click.echo(f"{target}: {counts['live']} live, {counts['weak']} weak, {counts['dead']} dead")
    if dead:
        click.echo(f"dead: {', '.join(dead)}")
