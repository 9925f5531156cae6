"""What a sweep draws: neurons or pictures, by styles, looks, pens and seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from plotart.core.errors import InputError, shown
from plotart.core.shipped import find_style

__all__ = ["Cell", "cells", "read_neurons"]

LAYER = re.compile(r"[A-Za-z_][\w.]*(@\w+)?")
MOST = 100_000
"""Units of one part of a list of neurons."""


@dataclass(frozen=True)
class Cell:
    """One run of a sweep, in the folder `name`, and what sets it apart from the others."""

    name: str
    neuron: str | None
    style: str | None
    seed: int
    image: str | None = None
    look: str | None = None
    pens: str | None = None

    @property
    def subject(self) -> str:
        """The neuron or the picture's file."""
        return str(self.neuron or self.image)

    @property
    def manner(self) -> str:
        """How it is drawn, in words: what sets it apart from others of the same subject."""
        style = self.style or ("" if self.image else "no style")
        seed = f"seed {self.seed}"
        return ", ".join(word for word in (style, self.look, self.pens, seed) if word)

    def changes(self, shared: Mapping[str, Any], measured: str | None = None) -> dict[str, Any]:
        """Of the config, by dotted address: those that all runs share, and this run's own.

        measured: the style to which the distance of a run without style is measured, so that it is seen beside others.
        """
        axes = {
            "objectives.neuron.at": self.neuron, "objectives.pixels.image": self.image, "look": self.look,
            "pens.set": self.pens, "seed": self.seed,
        }  # fmt: skip
        own = {address: value for address, value in axes.items() if value is not None}
        if self.style is not None:
            return {**shared, **own, "objectives.style.image": self.style}
        plain = {address: value for address, value in shared.items() if not address.startswith("objectives.style.")}
        if measured is not None:
            return {**plain, **own, "objectives.style": {"image": measured, "weight": 0}}
        return {**plain, **own, "objectives.style": None}


def read_neurons(text: str) -> list[str]:
    """The neurons of a list such as `conv4_3:0-63,70,conv3_1:2`: `["conv4_3:0", ..., "conv4_3:70", "conv3_1:2"]`.

    Raises:
        InputError: quoting the part that cannot be read.
    """
    found: dict[str, None] = {}
    layer = ""
    for part in (part.strip() for part in text.split(",")):
        name, colon, units = part.rpartition(":")
        layer = name if colon else layer
        span = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", units.strip())
        if not LAYER.fullmatch(layer) or span is None:
            raise InputError(f"--neurons: cannot read {part!r}; write for example conv4_3:0-63,70,conv3_1:2")
        first, last = int(span[1]), int(span[2] or span[1])
        if not first <= last < first + MOST:
            raise InputError(f"--neurons: {part!r} must go from a smaller number to a larger one, of {MOST} at most")
        found |= {f"{layer}:{unit}": None for unit in range(first, last + 1)}
    return list(found)


def cells(
    neurons: str | None = None,
    styles: str = "none",
    seeds: str = "0",
    *,
    images: str | None = None,
    looks: str | None = None,
    pens: Sequence[str] = (),
) -> list[Cell]:
    """All combinations of lists with commas; the style `none` is no style.

    Args:
        neurons, images: what is drawn, one of both. looks: for pictures. pens: sets, each of which may be a list of
            colours; none: as the config says.

    Raises:
        InputError: naming the flag and what cannot be read.
    """
    if (neurons is None) == (images is None):
        raise InputError("give --neurons LAYER:UNITS or --images FILES, one of both")
    if looks is not None and images is None:
        raise InputError("--looks: they are ways to draw pictures; give --images")
    chosen = _listed(styles)
    for style in chosen:
        if style != "none":
            find_style(style)
    numbers = _listed(seeds)
    if wrong := [number for number in numbers if not re.fullmatch(r"\d{1,18}", number)]:
        raise InputError(f"--seeds: {wrong[0]!r} is no seed; write whole numbers with commas, such as 0,1,2")
    drawn = read_neurons(neurons) if neurons is not None else _listed(images or "")
    ways: Sequence[str | None] = [None] if looks is None else _listed(looks)
    sets: list[str | None] = [*dict.fromkeys(pens)] or [None]
    for file in drawn if images is not None else []:
        if not FilePath(file).is_file():
            raise InputError(f"--images: there is no file {shown(file)}; write files with commas")
    subjects = _labels(
        "--images", drawn, [n.replace(":", "-") if neurons is not None else FilePath(n).stem for n in drawn]
    )
    manners = _labels("--style", chosen, ["" if style == "none" else f"_{FilePath(style).stem}" for style in chosen])
    inks = _labels("--pens", sets, ["" if name is None else f"_{_slug(name)}" for name in sets])
    return [
        Cell(
            subject + manner + ("" if way is None else f"_{way}") + ink + (f"_seed-{seed}" if int(seed) else ""),
            None if neurons is None else item, None if style == "none" else style, int(seed),
            None if images is None else item, way, own,
        )
        for item, subject in zip(drawn, subjects, strict=True)
        for style, manner in zip(chosen, manners, strict=True)
        for way in ways
        for own, ink in zip(sets, inks, strict=True)
        for seed in numbers
    ]  # fmt: skip


def _listed(text: str) -> list[str]:
    """The words of a list with commas, each once."""
    return list(dict.fromkeys(word.strip() for word in text.split(",")))


def _slug(pens: str) -> str:
    """A pen set as part of a folder's name."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", FilePath(pens).stem if FilePath(pens).is_file() else pens).strip("-")


def _labels(flag: str, items: Sequence[str | None], labels: list[str]) -> list[str]:
    """The labels, which are parts of folders' names; InputError where two things have the same."""
    if twice := [item for item, label in zip(items, labels, strict=True) if labels.count(label) > 1]:
        raise InputError(f"{flag}: {twice[0]!r} and {twice[1]!r} would have the same folders; rename one of the files")
    return labels
