"""The form of the page: fields as the config's schema describes them, and a config of what was filled in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

import yaml
from pydantic import BaseModel

from plotart.core.canvas import PAGES
from plotart.core.documents import parse_yaml
from plotart.core.errors import InputError
from plotart.core.registry import Registry
from plotart.core.shipped import base_config, shipped_configs, shipped_styles
from plotart.drawing.ink import ink_specs
from plotart.drawing.primitives import primitives
from plotart.networks import networks
from plotart.objectives import objectives
from plotart.pens import load_pens, pen_sets
from plotart.plot.machine import load_machine, machines
from plotart.runs.config import Config
from plotart.runs.looks import look_names
from plotart.studio.photos import Photos

__all__ = ["configured", "form", "swept", "varied"]

LISTED_PAGES = ("a6", "a5", "a4", "a3", "a2", "letter", "tabloid")
DRAFT = {"size": 160, "steps": 40}
"""What makes a draft of a config that draws no picture: it is to be judged within seconds."""
SECTIONS = ("page", "pens", "network", "renderer", "transform")
PICKED: dict[str, Registry[Any]] = {"primitive": primitives, "ink": ink_specs}
"""Parts of which there is one, by its kind."""


def form() -> dict[str, Any]:
    """What the page needs to make its form: fields by address, pen sets, styles, looks, machines, pages, networks."""
    fields = {field["address"]: field for field in _fields()}
    return {
        "fields": fields,
        "pens": [_pen_set(name) for name in pen_sets()],
        "styles": shipped_styles(),
        "looks": look_names(),
        "machines": [{"name": name, "title": load_machine(name).title} for name in machines()],
        "pages": [{"name": name, "mm": PAGES[name]} for name in LISTED_PAGES],
        "networks": [{"name": name, "told": networks[name].about} for name in networks],
        "configs": [{"name": name, "told": told} for name, told in shipped_configs().items()],
    }


def _pen_set(name: str) -> dict[str, Any]:
    found = load_pens(name)
    pens = [{"name": pen.name, "hex": pen.hex, "tip_mm": pen.tip_mm} for pen in found.pens]
    return {"name": name, "title": found.title or name, "pens": pens}


def _fields() -> Iterator[dict[str, Any]]:
    """Every setting that is one value, by its address: of the config, its sections and its objectives."""
    schema = Config.model_json_schema()
    sections: dict[str, Any] = {}
    for name, told in schema["properties"].items():
        if name in PICKED:
            default = type(getattr(Config(), name)).kind
            choices = [{"type": "string", "enum": list(PICKED[name])}]
            yield from _field(
                f"{name}.kind", {"anyOf": choices, "default": default, "description": told.get("description")}
            )
        elif name in SECTIONS:
            sections[name] = schema["$defs"][told["$ref"].rpartition("/")[2]]
        else:
            yield from _field(name, told)
    for name, spec in _specs(objectives):
        sections[f"objectives.{name}"] = spec.model_json_schema()
    for section, told in sections.items():
        for name, inner in told.get("properties", {}).items():
            yield from _field(f"{section}.{name}", inner)


def _specs(registry: Registry[Any]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name in registry:
        yield name, registry[name]


def _field(address: str, told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A field of one value, with its kind, range, default and meaning; nothing for lists and sections."""
    choices = [option for option in told.get("anyOf", [told]) if option.get("type") != "null"]
    kinds = {option.get("type", "string") for option in choices} - {"array", "object"}
    if not kinds or "$ref" in told or any("$ref" in option for option in choices):
        return
    first = choices[0]
    field = {
        "address": address,
        "label": address.rpartition(".")[2].replace("_", " ").capitalize(),
        "help": told.get("description", ""),
        "kind": next(iter(sorted(kinds))),
        "default": told.get("default"),
        "optional": len(choices) < len(told.get("anyOf", [told])),
        "choices": first.get("enum"),
        "min": first.get("minimum", first.get("exclusiveMinimum")),
        "max": first.get("maximum", first.get("exclusiveMaximum")),
    }
    yield {key: value for key, value in field.items() if value not in (None, "") or key == "default"}


def configured(asked: Mapping[str, Any], photos: Photos, root: FilePath, *, draft: bool = False) -> tuple[str, str]:
    """A config of what the page sends.

    Args:
        asked: `changes`, by address; the photograph and the style among them by the names that `Photos` gave them;
            `other`, further settings as YAML by address; `config`, a shipped one by name, else what fits the changes;
        `pens`, a `set` and the `names` of those of its pens that are at hand.

    Returns:
        Its YAML, and a name for the run.

    Raises:
        InputError: naming the setting.
    """
    changes = dict(_mapping("changes", asked.get("changes") or {}))
    other = asked.get("other") or ""
    if not isinstance(other, str):
        raise InputError("other: write settings as text, one a line, such as 'size: 512'")
    changes |= _written(other)
    for address in ("objectives.pixels.image", "objectives.style.image"):
        given = changes.get(address)
        if isinstance(given, str) and (photos.folder / given).parent == photos.folder and given[12:13] == "-":
            changes[address] = str(photos.path(given))
    if asked.get("pens") is not None:
        changes["pens.set"] = str(_box(asked["pens"], photos.folder.with_name("pens")))
    base = asked.get("config") or base_config(changes)
    if not isinstance(base, str) or not base.replace("-", "").isalnum():
        raise InputError(f"config: {str(base)[:80]!r} is no name of a config that comes with plotart")
    if not any(address.startswith("objectives.") for address in changes) and asked.get("config") is None:
        raise InputError("Drop a photograph or pick a neuron first")
    for address, value in changes.items():
        _stays(address, value, root)
    config = Config.load(base, changes)
    name = config.label or base
    if draft:
        own = {address: value for address, value in changes.items() if address not in DRAFT}
        config = Config.load(base, {**own, **(DRAFT if config.picture is None else {"draft": True})})
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), _short(name)


def _box(asked: object, folder: FilePath) -> FilePath:
    """A pen set of some pens of another, kept as a file that is called by them."""
    told = _mapping("pens", asked)
    if told.get("set") not in pen_sets() or not isinstance(told.get("names"), list) or not told["names"]:
        raise InputError("pens: give the name of a set, and the names of some of its pens")
    whole = load_pens(str(told["set"]))
    pens = list(dict.fromkeys(whole[str(name)].name for name in told["names"]))
    chosen = [pen.model_dump(mode="json") for pen in whole.pens if pen.name in pens]
    title = f"{len(chosen)} of {whole.title or whole.name}"
    text = yaml.safe_dump({"title": title, "source": whole.source, "pens": chosen}, sort_keys=False)
    path = folder / f"{whole.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.yaml"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path


def varied(folder: FilePath, root: FilePath, changes: Mapping[str, Any]) -> tuple[str, str]:
    """The YAML of a run's config with changes, and a name."""
    for address, value in changes.items():
        _stays(address, value, root)
    config = Config.load(folder / "config.yaml", changes)
    label = "_".join(f"{address.rpartition('.')[2]}-{value}" for address, value in changes.items())
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), f"{folder.name}_{label}"


def _written(text: str) -> dict[str, Any]:
    found = parse_yaml(text, "Further settings")
    if text.strip() and not isinstance(found, dict):
        raise InputError("Further settings: write one a line by its address, such as 'transform.jitter: 32'")
    return {str(address): value for address, value in (found or {}).items()}


def _stays(address: str, value: Any, root: FilePath) -> None:
    """Refuse a setting that names a file outside the studio's folder."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _stays(f"{address}.{key}", inner, root)
    if not isinstance(value, str) or (address == "objectives.style.image" and value in shipped_styles()):
        return
    try:
        path = FilePath(value).expanduser()
        named = "/" in value or "\\" in value or path.exists()
        inside = path.resolve().is_relative_to(root) and path.is_file()
    except (OSError, ValueError, RuntimeError):
        named, inside = True, False
    if named and not inside:
        raise InputError(
            f"{address}: {value[:80]!r} is not within the studio's folder; drop the file on the page instead"
        )


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{name}: give settings by their addresses")
    return value


def _short(name: str) -> str:
    """Without the fingerprint that kept photographs begin with."""
    head, dash, rest = name.partition("-")
    return rest if dash and len(head) == 12 and all(c in "0123456789abcdef" for c in head) and rest else name


def swept(asked: Mapping[str, Any], photos: Photos, root: FilePath) -> list[str]:
    """The words after `plotart sweep` for what the page sends.

    Args:
        asked: `neurons`, `styles` and `seeds` as texts; `photographs` instead of neurons, by the names that `Photos`
            gave them, with `looks`; `pens`, the names of sets; `changes`, by address.

    Raises:
        InputError: naming the setting.
    """
    texts = {name: asked.get(name) or "" for name in ("neurons", "styles", "seeds")}
    if wrong := [name for name, text in texts.items() if not isinstance(text, str) or len(text) > 10_000]:
        raise InputError(f"{wrong[0]}: give a text such as on the command line")
    pictures = [str(photos.path(name)) for name in _names(asked, "photographs")]
    if bool(texts["neurons"].strip()) == bool(pictures):
        raise InputError("neurons: name some, for example conv4_3:0-15,40, or choose photographs instead")
    styles = [style.strip() for style in texts["styles"].split(",") if style.strip()]
    for number, style in enumerate(styles):
        if style != "none" and style not in shipped_styles():
            styles[number] = str(photos.path(style))
    words = [f"--neurons={texts['neurons']}"] if not pictures else [f"--images={','.join(pictures)}"]
    words += [f"--style={','.join(styles)}"] if styles else []
    looks = _names(asked, "looks", look_names())
    if looks and not pictures:
        raise InputError("looks: these are ways to draw photographs; choose some")
    words += [f"--looks={','.join(looks)}"] if looks else []
    words += [f"--pens={name}" for name in _names(asked, "pens", pen_sets())]
    words += [f"--seeds={texts['seeds']}"] if texts["seeds"].strip() else []
    for address, value in _mapping("changes", asked.get("changes") or {}).items():
        if not re.fullmatch(r"[a-z_][\w.]*", address) or address.startswith(
            ("objectives.neuron", "objectives.style.image", "objectives.pixels.image", "pens.set")
        ):
            continue  # what the sweep goes through itself
        _stays(address, value, root)
        words.append(f"--set={address}={json.dumps(value)}")
    return words


def _names(asked: Mapping[str, Any], setting: str, known: Sequence[str] | None = None) -> list[str]:
    """The names that the page sends for a setting; of those `known`, if that is given."""
    names = asked.get(setting) or []
    if not isinstance(names, list) or len(names) > 1000 or not all(isinstance(name, str) for name in names):
        raise InputError(f"{setting}: give names")
    for name in names:
        if known is not None and name not in known:
            raise InputError(f"{setting}: {name[:80]!r} is none of {', '.join(known)}")
    return list(dict.fromkeys(names))
