"""Files of settings: those that come with plotart, by name, and what a YAML file says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from plotart.core.errors import InputError

__all__ = ["find_config", "find_style", "read_settings"]


def _shipped(folder: str) -> Path:
    """A data folder of the project: beside the package in a checkout, inside it once installed."""
    package = Path(__file__).parents[1]
    inside = package / folder
    return inside if inside.is_dir() else package.parent / folder


def find_config(name: str | Path) -> Path:
    """A config file: as given, or one of the shipped ones by name."""
    for path in (Path(name), _shipped("configs") / name, _shipped("configs") / f"{name}.yaml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(p.name for p in _shipped("configs").glob("*.yaml")))
    raise InputError(f"config: no file '{name}'; there is: {known}")


def find_style(name: str | Path) -> Path:
    """A style image: as given, or one of the shipped ones by name."""
    for path in (Path(name), _shipped("styles") / name):
        if path.is_file():
            return path
    known = ", ".join(sorted(p.name for p in _shipped("styles").glob("*.[jp][pn]g")))
    raise InputError(f"objectives.style.image: no file '{name}' here or in styles/; there is: {known}")


def read_settings(path: Path) -> dict[str, Any]:
    """The settings of a YAML file by name; none of an empty one.

    Raises:
        InputError: it cannot be read, is no YAML, or holds something else.
    """
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"config: '{path}' cannot be read ({error})") from None
    except yaml.YAMLError as error:
        where = re.sub(r"\s+", " ", str(error))
        raise InputError(f"config: '{path}' is not valid YAML ({where})") from None
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise InputError(f"config: '{path}' must hold settings by name, not a {type(settings).__name__}")
    return settings
