"""The command that opens a page of the manual, without a network."""

from __future__ import annotations

import re
from pathlib import Path as FilePath

import click

from plotart.cli.completion import values_of
from plotart.core.console import plain_console
from plotart.core.errors import InputError
from plotart.core.registry import nearest
from plotart.core.shipped import manual_pages

__all__ = ["help_"]

COLUMNS = 100
"""Wider lines are hard to read."""


@click.command("help")
@click.argument("topic", required=False, shell_complete=values_of(manual_pages, files=False))
@click.pass_context
def help_(context: click.Context, topic: str | None) -> None:
    """Open a page of the manual, or tell which there are; TOPIC may be a command as well."""
    pages = manual_pages()
    if topic is None:
        width = max(map(len, pages))
        click.echo("plotart help TOPIC opens one of these pages; q leaves it:\n")
        for name, page in pages.items():
            click.echo(f"  {name:{width}}  {_title(page)}")
        return
    wanted = topic.lower().removesuffix(".md")
    above = context.find_root()
    commands = above.command.commands if isinstance(above.command, click.Group) else {}
    if wanted in pages:
        _show(pages[wanted])
    elif wanted in commands:
        commands[wanted].main(["--help"], prog_name=f"{above.command_path} {wanted}", standalone_mode=False)
    else:
        raise InputError(f"help: no page {topic!r}; nearest: {nearest(wanted, [*pages, *commands])}")


def _title(page: FilePath) -> str:
    with page.open(encoding="utf-8") as lines:
        return next((line.lstrip("# ").rstrip() for line in lines if line.startswith("# ")), page.stem)


def _show(page: FilePath) -> None:
    from rich.markdown import Markdown

    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"(picture: \1)", page.read_text(encoding="utf-8"))
    text = re.sub(r"(?<!!)\[([^\]]*)\]\([^)]*\)", r"\1", text)  # a terminal follows no links between pages
    console = plain_console()
    console.width = min(console.width, COLUMNS)
    told = Markdown(text, hyperlinks=False)
    if console.is_terminal:
        with console.pager(styles=True):
            console.print(told)
    else:
        console.print(told)
