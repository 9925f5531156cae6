"""YAML files from anyone, read within bounds: size, depth, and how much their aliases make of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from plotart.core.errors import InputError, shown

__all__ = ["as_path", "parse_yaml", "read_yaml"]

MAX_BYTES = 2_000_000
MAX_DEPTH = 50
MAX_NODES = 500_000
"""Values in all, each alias counted as what it stands for."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times faster where it is there


def as_path(name: str | Path) -> tuple[Path, bool]:
    """What a user typed as a path, `~` expanded, and whether a file lies there; anything may have been typed."""
    try:
        path = Path(name).expanduser()
        path.is_dir()  # so that whoever asks that next gets an answer, too
        return path, path.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a zero byte, the home of nobody
        return Path(shown(str(name))), False


def read_yaml(path: Path, subject: str) -> Any:
    """What a YAML file holds, as plain values; None of an empty one. `subject` begins what is told of it.

    Raises:
        InputError: it cannot be read, is too large or too deep, or is no YAML.
    """
    try:
        if not path.is_file() and path.exists():
            raise InputError(f"{subject} cannot be read: it is no file")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{subject} is larger than {MAX_BYTES // 10**6} MB: that is not what it should be")
        text = path.read_text(encoding="utf-8")
    except InputError:
        raise
    except UnicodeDecodeError:
        raise InputError(f"{subject} cannot be read: it is not text in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{subject} cannot be read: {reason.lower()}") from None
    return parse_yaml(text, subject)


def parse_yaml(text: str, subject: str) -> Any:
    """The same of a text."""
    try:
        _measure(text, subject)
        return yaml.load(text, Loader=_LOADER)  # a safe one: plain values only
    except InputError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f" in line {mark.line + 1}"
        problem = re.sub(r"\s+", " ", str(getattr(error, "problem", None) or getattr(error, "reason", "")))
        raise InputError(f"{subject} is not valid YAML{line}" + (f" ({problem[:200]})" if problem else "")) from None
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        # the library's own conversions: dates that do not exist, numbers with thousands of digits, `!!int ""`
        raise InputError(f"{subject} holds a value that YAML cannot read ({shown(str(error))})") from None


def _measure(text: str, subject: str) -> None:
    """Refuse what would be too deep or too much, while nothing has been made of it yet."""
    total, depth = 0, 0
    opened: list[tuple[str | None, int]] = []  # the collections that are open: anchor, values before it
    sizes: dict[str, int] = {}
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes and any(anchor == event.anchor for anchor, _ in opened):
                raise InputError(f"{subject} holds a value that contains itself ({shown(event.anchor)})")
            total += sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            total, depth = total + 1, depth + 1
            opened.append((event.anchor, total - 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = total - before
        if depth > MAX_DEPTH:
            raise InputError(f"{subject} is nested more than {MAX_DEPTH} deep")
        if total > MAX_NODES:
            raise InputError(f"{subject} holds more than {MAX_NODES} values, aliases counted")
