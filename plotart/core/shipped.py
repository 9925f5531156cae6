"""Files of settings: those that come with plotart, by name, and what a YAML file says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from plotart.core.errors import InputError

__all__ = ["base_config", "find_config", "find_style", "read_settings", "shipped_configs", "shipped_styles"]


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


def shipped_styles() -> list[str]:
    """Names of the style images that come with plotart."""
    return sorted(path.name for path in _shipped("styles").glob("*.[jp][pn]g"))


def shipped_configs() -> dict[str, str]:
    """The configs that come with plotart by name, each with the sentence that its file begins with."""
    found = {}
    for path in sorted(_shipped("configs").glob("*.yaml")):
        told = re.match(r"(#.*\n)*", path.read_text(encoding="utf-8"))
        text = " ".join(line.lstrip("# ") for line in told[0].splitlines()) if told else ""
        found[path.stem] = re.split(r"(?<=\.) ", text)[0].rstrip(".")
    return found


def base_config(changes: Mapping[str, Any]) -> str:
    """The shipped config that a run without one starts from."""
    if "objectives.pixels.image" not in changes:
        return "neuron"
    shared = any(address.startswith(("objectives.neuron.", "objectives.features.")) for address in changes)
    if shared:
        return "caricature"
    return "image-kmeans" if changes.get("pens.palette") == "kmeans" else "image"


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
