"""What a sweep draws: neurons by styles by seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from plotart.core.errors import InputError
from plotart.core.shipped import find_style

__all__ = ["Cell", "cells", "read_neurons"]

LAYER = re.compile(r"[A-Za-z_][\w.]*(@\w+)?")
MOST = 100_000
"""Units of one part of a list of neurons."""


@dataclass(frozen=True)
class Cell:
    """One run of a sweep, in the folder `name`, and what sets it apart from the others."""

    name: str
    neuron: str
    style: str | None
    seed: int

    def changes(self, shared: Mapping[str, Any], measured: str | None = None) -> dict[str, Any]:
        """Of the config, by dotted address: those that all runs share, and this run's own.

        measured: the style to which the distance of a run without style is measured, so that it is seen beside others.
        """
        own = {"objectives.neuron.at": self.neuron, "seed": self.seed}
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


def cells(neurons: str, styles: str = "none", seeds: str = "0") -> list[Cell]:
    """All combinations of three lists with commas; the style `none` is no style.

    Raises:
        InputError: naming the flag and what cannot be read.
    """
    chosen = list(dict.fromkeys(style.strip() for style in styles.split(",")))
    for style in chosen:
        if style != "none":
            find_style(style)
    numbers = list(dict.fromkeys(seed.strip() for seed in seeds.split(",")))
    if wrong := [number for number in numbers if not re.fullmatch(r"\d{1,18}", number)]:
        raise InputError(f"--seeds: {wrong[0]!r} is no seed; write whole numbers with commas, such as 0,1,2")
    labels = ["" if style == "none" else f"_{FilePath(style).stem}" for style in chosen]
    if twice := [style for style, label in zip(chosen, labels, strict=True) if labels.count(label) > 1]:
        raise InputError(f"--style: {twice[0]!r} and {twice[1]!r} would have the same folders; rename one of the files")
    return [
        Cell(
            neuron.replace(":", "-") + label + (f"_seed-{seed}" if int(seed) else ""),
            neuron, None if style == "none" else style, int(seed),
        )
        for neuron in read_neurons(neurons)
        for style, label in zip(chosen, labels, strict=True)
        for seed in numbers
    ]  # fmt: skip
