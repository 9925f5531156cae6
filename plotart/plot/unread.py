"""What an SVG file holds that is not drawn, or not as it is meant: each named with its element and line."""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from xml.parsers import expat

from plotart.plot.bounds import SHAPES, refuse_bombs

__all__ = ["unread"]

LOST = {
    "foreignObject": "is left out",
    "image": "is left out: trace the picture",
    "text": "is left out: convert it to paths",
}
EFFECTS = {
    "clip-path": "is drawn whole: its clip-path is not applied",
    "filter": "is drawn without its filter",
    "marker-end": "is drawn without markers",
    "marker-mid": "is drawn without markers",
    "marker-start": "is drawn without markers",
    "mask": "is drawn whole: its mask is not applied",
    "stroke-dasharray": "is drawn solid: its stroke-dasharray is not applied",
}
NONE = ("", "none", "0")
_URL = re.compile(r"\s*url\(\s*['\"]?#?([^'\")]*)")
SEPARATOR = " "


def unread(path: str | FilePath) -> list[str]:
    """Sentences such as "line 12: <rect> is drawn solid: ...", in the order of the file.

    Style sheets are not looked into.

    Raises:
        InputError: the file is no SVG.
    """
    refuse_bombs(path)
    found: list[str] = []
    inside: list[str] = []  # of what is only drawn where it is referred to
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = name.rsplit(SEPARATOR, 1)[-1]
        hidden = tag in ("defs", "clipPath", "mask", "marker", "pattern", "symbol") or (inside and inside[-1])
        inside.append(tag if hidden else "")
        if hidden or not (name == tag or name.startswith("http://www.w3.org/2000/svg")):
            return
        say = f"line {parser.CurrentLineNumber}: <{tag}>"
        if tag in LOST:
            found.append(f"{say} {LOST[tag]}")
        if tag not in SHAPES | {"g", "use", "svg"}:
            return
        parts = (part.partition(":") for part in attributes.get("style", "").split(";"))
        style = {name.strip(): value.strip() for name, _, value in parts}
        given = {**attributes, **style}
        for paint in ("fill", "stroke"):
            match = _URL.match(given.get(paint, ""))
            if match:
                found.append(f"{say} has a {paint} of '#{match[1]}', which is left out: a pen has one colour")
        for effect, what in EFFECTS.items():
            if given.get(effect, "none").strip() not in NONE:
                line = f"{say} {what}"
                if line not in found:
                    found.append(line)

    def end(name: str) -> None:
        inside.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(FilePath(path).read_bytes(), True)
    return found
