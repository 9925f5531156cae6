"""Help of the commands that make drawings: flags in groups, the most used on one screen, all with --help-all."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import click

from plotart.cli.flags import FLAGS

__all__ = ["GROUPS", "GroupedCommand", "group_of"]

GROUPS: dict[str, tuple[str, ...]] = {
    "What to draw": ("objectives.neuron.at", "objectives.pixels.image", "init", "primitive", "neurons", "images",
                     "looks"),
    "Photograph": ("objectives.pixels", "objectives.structure", "composition", "focus", "viewing_distance"),
    "Neuron and style": ("objectives.neuron", "objectives.style", "objectives.features", "objectives.dream", "network",
                         "motif", "styles"),
    "Pens and paper": ("pens", "ink", "page", "lettering", "tiles"),
    "Time on the plotter": ("minutes", "machine", "objectives.time"),
    "Run": ("size", "steps", "draft", "renderer", "device", "threads", "seed", "seeds", "workers", "ray", "out",
            "force", "frames", "model", "live", "sets"),
}  # fmt: skip
"""Each group's config addresses, or what they begin with, and the names of flags that are no setting."""

ELSE = "What to draw"
"""Where a flag goes whose address no group names."""

FIRST = frozenset((
    "image", "neuron", "neurons", "crop", "style", "styles", "pens", "pen_count", "page", "minutes",
    "machine", "tiles", "steps", "seed", "out", "sets",
))  # fmt: skip
"""What --help explains; it only names the others."""


def group_of(address: str) -> str:
    """The group of a config address, or of a flag that is none: that of the longest beginning that is named."""
    found = [
        (len(begins), group)
        for group, addresses in GROUPS.items()
        for begins in addresses
        if address == begins or address.startswith(f"{begins}.")
    ]
    return max(found)[1] if found else ELSE


class GroupedCommand(click.Command):
    """A command whose --help has its flags in groups and fits a screen; --help-all explains all of them."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.params.append(
            click.Option(
                ["--help-all"], is_flag=True, is_eager=True, expose_value=False, callback=_help_all,
                help="explain all flags and exit",
            )
        )  # fmt: skip

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups; those flags that a screen has no room for by name only, beside the group's."""
        whole = bool(ctx.meta.get(_help_all.__qualname__))
        grouped = dict(self._grouped(ctx))
        if whole:
            for name, options in grouped.items():
                with formatter.section(name):
                    formatter.write_dl([record for option in options if (record := option.get_help_record(ctx))])
            return
        formatter.write("\n")
        shown = {name: [option for option in options if option.name in FIRST] for name, options in grouped.items()}
        column = max(len(_record(option, ctx)[0]) for options in shown.values() for option in options) + 4
        for name, options in grouped.items():
            rest = " ".join(option.opts[0] for option in options if option not in shown[name])
            heading = f"{name}{', also ' if shown[name] and rest else ''}{rest if shown[name] else ': ' + rest}"
            formatter.write(textwrap.shorten(heading, formatter.width, placeholder=" ...") + "\n")
            for option in shown[name]:
                flag, told = _record(option, ctx)
                formatter.write(f"  {flag:{column - 2}}{_cut(told, formatter.width - column)}\n")
        formatter.write(f"All flags: {ctx.command_path} --help-all. Pages to read: plotart help\n")

    def _grouped(self, ctx: click.Context) -> Iterator[tuple[str, list[click.Option]]]:
        addresses = {flag.partition("/")[0].strip("-").replace("-", "_"): address for flag, address, _, _ in FLAGS}
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        settings = [option for option in options if not option.is_eager]  # --help and --help-all
        for group in GROUPS:
            own = [one for one in settings if group_of(addresses.get(str(one.name), str(one.name))) == group]
            if own:
                yield group, own


def _record(option: click.Option, ctx: click.Context) -> tuple[str, str]:
    return option.get_help_record(ctx) or ("", "")


def _cut(told: str, width: int) -> str:
    return told if len(told) <= width else told[: width - 4].rstrip() + " ..."


def _help_all(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        ctx.meta[_help_all.__qualname__] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()
