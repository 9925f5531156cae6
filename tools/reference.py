"""Writes docs/reference: the command line as click has it, the config as its schema says, Python as its docstrings do.

    python tools/reference.py            writes the pages anew
    python tools/reference.py --check    exit code 1 when one of them is not as it would be written

`make docs` writes them before it builds the site; a test looks whether they are up to date.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import plotart
from plotart.cli import cli
from plotart.cli.flags import FLAGS
from plotart.cli.grouping import GroupedCommand, group_of
from plotart.core.registry import Registry
from plotart.core.shipped import shipped_configs
from plotart.drawing.ink import ink_specs
from plotart.drawing.primitives import primitives
from plotart.objectives import objectives
from plotart.runs.config import Config
from plotart.stages import stages

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
MADE = "<!-- written by tools/reference.py: change the source it reads, then run `make docs` -->"
MODULES = {
    "plotart": "Runs: a config, what is made of it, and the folder it lies in.",
    "plotart.drawing": "Drawings: canvas, primitive and ink.",
    "plotart.pens": "Pens, pen sets and palettes.",
    "plotart.plot": "Plots in millimetres.",
    "plotart.networks": "Networks and their layers.",
    "plotart.raster": "Tensors to pixels; a library of its own.",
}
"""What the page of Python lists: every name of their `__all__`."""


def cell(text: object) -> str:
    """Text for a cell of a table."""
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|").strip()


def plain(text: str) -> str:
    """Text with code as it is, and nothing outside it a tag, a link or stress."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("[", "\\[").replace("*", "\\*") for part in parts[::2]]
    return "`".join(parts)


# the command line


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """The command and those below it, each with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from commands(command.commands[name], f"{path} {name}")


def command_line() -> str:

    addresses = {flag.partition("/")[0].strip("-").replace("-", "_"): address for flag, address, _, _ in FLAGS}
    lines = [
        "# The command line", "", MADE, "",
        "`plotart COMMAND --help` tells the same, [start.md](../start.md#completion) how a shell completes it. An "
        "error is one sentence. Exit codes: 0 done, 1 the work failed (of `check`: something would go wrong), 2 wrong "
        "input, 130 stopped, the state kept. What stands in square brackets is the default.", "",
    ]  # fmt: skip
    for path, command in commands(cli, "plotart"):
        context = click.Context(command, info_name=path)
        usage = " ".join(command.collect_usage_pieces(context))
        lines += [f"## {path}", "", f"`{path} {usage}`", "", plain(inspect.cleandoc(command.help or "")), ""]
        options = [param for param in command.params if isinstance(param, click.Option)]
        by_group: dict[str, list[click.Option]] = {}
        for option in options:
            grouped = isinstance(command, GroupedCommand) and not option.is_eager
            name = str(option.name)
            by_group.setdefault(group_of(addresses.get(name, name)) if grouped else "", []).append(option)
        for group, members in by_group.items():
            rows = [record for option in members if (record := option.get_help_record(context))]
            if rows:
                lines += ([f"**{group}**", ""] if group else []) + ["| flag | |", "| --- | --- |"]
                lines += [f"| `{cell(flag)}` | {cell(plain(told))} |" for flag, told in rows] + [""]
    return "\n".join(lines)


# the config


def type_words(kind: Any) -> str:  # noqa: PLR0911 - a kind of type, a way to say it
    """A type as one says it: `number or none`, `learned, kmeans or fixed`."""
    origin = get_origin(kind)
    if origin is Annotated:
        return type_words(get_args(kind)[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(type_words(one) for one in get_args(kind)))
    if origin is Literal:
        return " / ".join(map(str, get_args(kind)))
    if origin in (list, tuple, frozenset, set):
        inner = [one for one in get_args(kind) if one is not Ellipsis]
        return f"list of {' / '.join(dict.fromkeys(type_words(one) for one in inner))}" if inner else "list"
    if origin is dict:
        return f"{type_words(get_args(kind)[1])} by name"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "settings"
    known = {int: "whole number", float: "number", str: "text", bool: "true / false", NoneType: "none", Any: "any"}
    return known.get(kind, getattr(kind, "__name__", str(kind)))


def range_words(field: FieldInfo) -> str:
    """The range of a field: `0 to 1000`, `above 0`."""
    words = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}", "pattern": "`{}`",
             "min_length": "at least {}", "max_length": "at most {}"}  # fmt: skip
    found = []
    for mark in field.metadata:
        for name, text in words.items():
            bound = getattr(mark, name, None)
            if bound is not None:
                found.append(text.format(f"{bound:g}" if isinstance(bound, float) else bound))
    return " ".join(found)


def default_words(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "as the run needs"
    if field.default is PydanticUndefined:
        return "must be given"
    if isinstance(field.default, tuple | list) and any(isinstance(one, BaseModel) for one in field.default):
        return "as the run needs"
    if field.default is None or isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return f"`{field.default}`" if field.default != "" else "`''`"


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The settings that a field holds, where it holds some of one class."""
    default = field.default
    return type(default) if isinstance(default, BaseModel) and not hasattr(type(default), "kind") else None


def rows(model: type[BaseModel], at: str) -> Iterator[str]:
    """A row for each setting, sections inside unfolded."""
    for name, field in model.model_fields.items():
        address = f"{at}.{name}" if at else name
        inside = section_of(field)
        if inside is not None:
            yield from rows(inside, address)
            continue
        told = field.description or told_by_flags().get(address, "")
        columns = (type_words(field.annotation), range_words(field), default_words(field), plain(told))
        yield f"| `{address}` | {' | '.join(map(cell, columns))} |"


PICKED = ("| `primitive", "| `ink", "| `objectives", "| `stages")
"""Rows of settings that are told part by part."""
HEAD = ["| setting | type | range | default | |", "| --- | --- | --- | --- | --- |"]


def told_by_flags() -> dict[str, str]:
    """What the flags tell of their settings, without the default at its end."""

    return {address: re.sub(r" \[[^]]*\]$", "", told) for _, address, _, told in FLAGS}


def config() -> str:
    lines = [
        "# The config", "", MADE, "",
        "A config is a YAML file of what differs from the defaults, and `--set ADDRESS=VALUE` reaches every setting "
        "below. `config.yaml` of a run's folder holds all of them as they were used. Addresses count stages from 0: "
        "`stages.2.steps`.", "",
        "## Configs that come with plotart", "", "`plotart generate NAME`", "", "| name | |", "| --- | --- |",
        *(f"| `{name}` | {cell(plain(told))} |" for name, told in shipped_configs().items()), "",
        "## A run", "", *HEAD,
        *(row for row in rows(Config, "") if not row.startswith(PICKED)), "",
    ]  # fmt: skip
    kinds: tuple[tuple[str, str, str, Registry[Any]], ...] = (
        ("Primitives", "primitive", "`primitive.kind` names one of these; the others of its settings follow from it.",
         primitives),
        ("Inks", "ink", "`ink.kind` names one of these: how free colours mix before they become pens.", ink_specs),
        ("Objectives", "objectives.", "Each is minimized; one that is named in `objectives` counts.", objectives),
        ("Stages", "stages.N", "`stages` lists them in the order in which they are run, each with its `kind`.", stages),
    )  # fmt: skip
    for title, at, told, registry in kinds:
        lines += [f"## {title}", "", told, ""]
        for name in registry:
            part: Any = registry[name]
            if not part.__module__.startswith("plotart.") or not hasattr(part, "model_fields"):
                continue
            lines += [f"### {title.lower().removesuffix('s')}: {name}", "", documented(part), ""]
            settings = list(rows(part, f"{at}{name}" if at.endswith(".") else at))
            lines += [*HEAD, *settings, ""] if settings else ["No settings of its own.", ""]
    return "\n".join(lines)


# Python


def signature(item: Any) -> str:
    """`(width, height)` as it is written, without the modules of types."""
    try:
        found = str(inspect.signature(item))
    except (TypeError, ValueError):
        return ""
    found = re.sub(r"<(class|object|function) [^>]*>", "...", found).replace("'", "")
    return re.sub(r"\b(?:[a-z_]+\.)+([A-Z]\w+)", r"\1", found)


def documented(item: Any) -> str:
    """Its docstring as Markdown: paragraphs as they are, sections such as `Raises:` set off."""
    text = plain(inspect.getdoc(item) or "")
    text = re.sub(r"^(Args|Returns|Raises|Yields|Attributes):$", r"\n**\1**\n", text, flags=re.MULTILINE)
    text = re.sub(r"^ {4}(?=\S)", "- ", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"^ {6,}", "  ", text, flags=re.MULTILINE)).strip()


def methods(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that the class itself defines."""
    for name, found in vars(kind).items():
        item = found.__func__ if isinstance(found, classmethod | staticmethod) else found
        if not name.startswith("_") and (inspect.isfunction(item) or isinstance(item, property)) and item.__doc__:
            yield name, item


def python() -> str:
    lines = [
        "# Python", "", MADE, "",
        "Every public name of the modules that others use. Shapes are written `[*, N, P]`, lengths are in the unit "
        "that is named: unit (the short side of the drawing area is 1), px or mm. Wrong input raises "
        "`plotart.InputError`.", "",
    ]  # fmt: skip
    listed: set[int] = set()
    for module_name, about in MODULES.items():
        module = importlib.import_module(module_name)
        lines += [f"## {module_name}", "", about, ""]
        for name in sorted(module.__all__):
            item = getattr(module, name)
            if not (inspect.isclass(item) or inspect.isfunction(item)) or id(item) in listed:
                continue
            listed.add(id(item))
            model = inspect.isclass(item) and issubclass(item, BaseModel)
            lines += [f"### {name}", "", f"```python\n{name}{'(**settings)' if model else signature(item)}\n```", ""]
            lines += [documented(item), ""]
            if inspect.isclass(item):
                for method, found in methods(item):
                    shown = f".{method}" + ("" if isinstance(found, property) else signature(found))
                    lines += [f"- `{shown}`: {cell(plain((inspect.getdoc(found) or '').split(chr(10) * 2)[0]))}"]
                lines += [""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def undocumented() -> list[str]:
    """Public classes and functions of the package without a docstring, and public methods of those that are listed."""
    found = []
    for info in pkgutil.walk_packages(plotart.__path__, "plotart."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for name in getattr(module, "__all__", ()):
            item = getattr(module, name)
            own = str(getattr(item, "__module__", "")).startswith("plotart.")
            if own and (inspect.isclass(item) or inspect.isfunction(item)) and not inspect.getdoc(item):
                found.append(f"{module.__name__}.{name}")
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for kind in (getattr(module, name) for name in module.__all__):
            for method in vars(kind) if inspect.isclass(kind) else ():
                item = getattr(kind, method)
                if not method.startswith("_") and callable(item) and not inspect.getdoc(item):
                    found.append(f"{module_name}.{kind.__name__}.{method}")
    return found


PAGES = {"command-line.md": command_line, "config.md": config, "python.md": python}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check, old = parser.parse_args().check, []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        text = "\n".join(line.rstrip() for line in write().splitlines()).rstrip() + "\n"
        page = FOLDER / name
        if not page.is_file() or page.read_text(encoding="utf-8") != text:
            old.append(name)
            if not check:
                page.write_text(text, encoding="utf-8")
    if told := undocumented():
        print(f"without a docstring: {', '.join(told)}", file=sys.stderr)
        return 1
    if check and old:
        print(f"docs/reference is behind the code ({', '.join(old)}): run `make docs`", file=sys.stderr)
    return 1 if check and old else 0


if __name__ == "__main__":
    raise SystemExit(main())
