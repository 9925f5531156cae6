"""Files of settings: those that come with plotart, by name, and what a YAML file says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plotart.core.documents import as_path, read_yaml
from plotart.core.errors import InputError, shown

__all__ = [
    "base_config", "find_config", "find_style", "manual_pages", "read_settings", "shipped_configs", "shipped_styles",
]  # fmt: skip


def _shipped(folder: str) -> Path:
    """A data folder of the project: beside the package in a checkout, inside it once installed."""
    package = Path(__file__).parents[1]
    inside = package / folder
    return inside if inside.is_dir() else package.parent / folder


def find_config(name: str | Path) -> Path:
    """A config file: as given, or one of the shipped ones by name."""
    for given in (name, _shipped("configs") / name, _shipped("configs") / f"{name}.yaml"):
        path, exists = as_path(given)
        if exists:
            return path
    known = ", ".join(sorted(p.name for p in _shipped("configs").glob("*.yaml")))
    raise InputError(f"config: no file {shown(str(name))}; there is: {known}")


def find_style(name: str | Path) -> Path:
    """A style image: as given, or one of the shipped ones by name."""
    for given in (name, _shipped("styles") / name):
        path, exists = as_path(given)
        if exists:
            return path
    known = ", ".join(sorted(p.name for p in _shipped("styles").glob("*.[jp][pn]g")))
    raise InputError(f"objectives.style.image: no file {shown(str(name))} here or in styles/; there is: {known}")


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


def manual_pages() -> dict[str, Path]:
    """The pages of the manual by the name of their file; those of the reference too."""
    folder = _shipped("docs")
    return {page.stem: page for page in sorted([*folder.glob("*.md"), *folder.glob("reference/*.md")])}


def base_config(changes: Mapping[str, Any]) -> str:
    """The shipped config that a run without one starts from."""
    if "objectives.pixels.image" not in changes:
        return "random" if changes.get("pens.palette") == "kmeans" else "neuron"
    shared = any(address.startswith(("objectives.neuron.", "objectives.features.")) for address in changes)
    if shared:
        return "caricature"
    return "image-kmeans" if changes.get("pens.palette") == "kmeans" else "image"


def read_settings(path: Path) -> dict[str, Any]:
    """The settings of a YAML file by name; none of an empty one.

    Raises:
        InputError: it cannot be read, is no YAML, or holds something else.
    """
    settings = read_yaml(path, f"config: '{path}'")
    if settings is None:
        return {}
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise InputError(f"config: '{path}' must hold settings by name, such as 'size: 384'")
    return settings
