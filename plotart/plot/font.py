"""Text in single strokes: the Hershey fonts that vpype ships, with accents put over their letters."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np
import vpype
from numpy.typing import NDArray

from plotart.core.errors import InputError
from plotart.core.geometry import Path, polyline

__all__ = ["FONTS", "Font", "Words", "words"]

Font = Literal["futural", "rowmans", "scripts", "scriptc", "cursive", "timesr", "timesi", "gothiceng"]
"""Those of vpype's fonts that have Latin letters; the first three and `cursive` draw each with single lines."""
FONTS: tuple[str, ...] = get_args(Font)

Lines = list[NDArray[np.float64]]

_PLAIN = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00ab": '"', "\u00bb": '"', "\u2010": "-",
    "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00d7": "x", "\u2026": "...",
    "\u00df": "ss", "\u00c6": "AE", "\u00e6": "ae", "\u0152": "OE", "\u0153": "oe", "\u00a0": " ", "\u0131": "i",
}  # fmt: skip
"""What stands for signs that no font has."""
_ROUND = tuple((float(np.cos(a)), float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, 17))
_ACCENTS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "\u0300": (((-0.12, -0.1), (0.08, 0.1)),),
    "\u0301": (((0.12, -0.1), (-0.08, 0.1)),),
    "\u0302": (((-0.16, 0.1), (0.0, -0.1), (0.16, 0.1)),),
    "\u0303": (((-0.2, 0.06), (-0.1, -0.06), (0.06, 0.04), (0.18, -0.08)),),
    "\u0304": (((-0.16, 0.0), (0.16, 0.0)),),
    "\u0306": (((-0.16, -0.08), (-0.08, 0.06), (0.08, 0.06), (0.16, -0.08)),),
    "\u0307": (((-0.02, 0.0), (0.02, 0.0)),),
    "\u0308": (((-0.14, 0.0), (-0.1, 0.0)), ((0.1, 0.0), (0.14, 0.0))),
    "\u030a": (tuple((0.1 * x, 0.1 * y) for x, y in _ROUND),),
    "\u030b": (((0.0, -0.1), (-0.1, 0.1)), ((0.2, -0.1), (0.1, 0.1))),
    "\u030c": (((-0.16, -0.1), (0.0, 0.1), (0.16, -0.1)),),
    "\u0327": (((0.02, 0.0), (0.06, 0.1), (-0.02, 0.2), (-0.1, 0.16)),),
    "\u0328": (((0.08, 0.0), (0.0, 0.12), (0.12, 0.18)),),
}  # fmt: skip
"""Lines of accents, y down, in heights of a capital, from their middle; those below a letter from its foot."""
_BELOW = {"\u0327", "\u0328"}
_CLEAR = 0.2
"""From the top of a letter to the middle of what is over it."""


@dataclass(frozen=True)
class Words:
    """A line of text as it is drawn, its baseline at y = 0, y down, its ink from x = 0 on; all in mm.

    Attributes:
        paths: of its strokes. width: of the ink. above, below: how far it reaches from the baseline.
    """

    paths: list[Path]
    width: float
    above: float
    below: float

    def at(self, x: float, y: float) -> list[Path]:
        """The paths with the left end of the baseline at (x, y) mm."""
        return [path + np.array([x, y]) for path in self.paths]


def words(text: str, font: str, height_mm: float, setting: str = "text") -> Words:
    """The strokes of one line of text whose capitals are `height_mm` high.

    Raises:
        InputError: beginning with `setting`; the font lacks a letter, or there is nothing to draw.
    """
    capital = np.concatenate(_glyph("H", font)[0])
    low, unit = float(capital[:, 1].max()), float(np.ptp(capital[:, 1]))
    x, lines, lacking = 0.0, [], []
    for base, marks in _letters(text):
        glyph, advance = _glyph(base, font)
        copyright_sign = base == "\u00a9"
        if copyright_sign:
            glyph, advance = _in_ring(_glyph("C", font)[0], low, unit)
        elif any(mark not in _ACCENTS for mark in marks) or not (glyph or base == " "):
            lacking.append(unicodedata.normalize("NFC", base + "".join(marks)))
            continue
        lines += [line + np.array([x, 0.0]) for line in _marked(glyph, marks, base in "ij", low, unit)]
        x += advance
    if lacking:
        told = " ".join(dict.fromkeys(lacking))
        raise InputError(f"{setting}: font {font} has no {told}; write it in other letters")
    if not lines:
        raise InputError(f"{setting}: there is no letter in {text!r}; leave it out, or give some")
    points = np.concatenate(lines)
    left, scale = float(points[:, 0].min()), height_mm / unit
    paths = [polyline((line - (left, low)) * scale) for line in lines]
    top, bottom = float(points[:, 1].min()), float(points[:, 1].max())
    return Words(paths, (float(points[:, 0].max()) - left) * scale, (low - top) * scale, (bottom - low) * scale)


def _letters(text: str) -> list[tuple[str, list[str]]]:
    """The letters, each with the accents that go with it."""
    plain = unicodedata.normalize("NFKD", "".join(_PLAIN.get(c, c) for c in text.strip()))
    found: list[tuple[str, list[str]]] = []
    for c in plain:
        if unicodedata.combining(c) and found:
            found[-1][1].append(c)
        else:
            found.append((_PLAIN.get(c, c), []))
    return found


@cache
def _glyph(letter: str, font: str) -> tuple[Lines, float]:
    """Lines of a letter in the font's units, and how far the next one is; none of both where the font lacks it."""
    if not " " <= letter <= "~":
        return [], 0.0
    size = 1000.0

    def laid(text: str) -> Lines:
        found = vpype.text_line(text, font, size)
        return [np.stack([line.real, line.imag], axis=1) for line in found]

    bar = laid("|")
    start = float(bar[0][:, 0].min())
    advance = float(laid(f"{letter}|")[-1][:, 0].min()) - start
    return ([] if letter == " " else laid(letter)), advance


def _marked(glyph: Lines, marks: list[str], dotted: bool, low: float, unit: float) -> Lines:
    """A letter with its accents; an i gives its dot for one."""
    if not marks:
        return glyph
    if dotted and any(mark not in _BELOW for mark in marks):
        glyph = [line for line in glyph if line[:, 1].max() > low - 0.66 * unit] or glyph
    points = np.concatenate(glyph)
    middle = float(points[:, 0].min() + points[:, 0].max()) / 2
    top, foot = float(points[:, 1].min()), low
    made = list(glyph)
    for mark in marks:
        if mark in _BELOW:
            at = (middle, foot)
        else:
            top -= _CLEAR * unit
            at = (middle, top)
        made += [np.array(line) * unit + at for line in _ACCENTS[mark]]
    return made


def _in_ring(glyph: Lines, low: float, unit: float) -> tuple[Lines, float]:
    """A letter in a ring as high as a capital, and how far the next one is."""
    points = np.concatenate(glyph)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    centre = np.array([0.65 * unit, low - unit / 2])
    ring = np.array(_ROUND) * unit * 0.55 + centre
    return [ring, *((line - middle) * 0.5 + centre for line in glyph)], 1.3 * unit
