"""The command that opens the page."""

from __future__ import annotations

from pathlib import Path as FilePath

import click

__all__ = ["studio"]


@click.command()
@click.argument("folder", type=click.Path(path_type=FilePath), default=FilePath("outputs"))
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes any that is free")
@click.option("--host", default="127.0.0.1", show_default=True, help="others let other machines in that know the link")
@click.option("--at-once", type=click.IntRange(1, 64), default=1, show_default=True, help="runs at work at a time")
@click.option("--open", "browse", is_flag=True, help="open the link in a browser")
def studio(folder: FilePath, port: int, host: str, at_once: int, browse: bool) -> None:
    """A page to make, watch, choose and plot drawings: the runs in FOLDER [outputs], and new ones."""
    from plotart.studio import serve

    serve(folder, host=host, port=port, at_once=at_once, browse=browse, say=click.echo)
