"""Lettering for plotters: capital letters and digits as single strokes."""

import unicodedata

import numpy as np

from plotart.core.geometry import Path, polyline

__all__ = ["letter", "lettering_width"]

_HEIGHT = 6.0
_SPACE, _GAP = 3.0, 2.0

# Each stroke is a row of points, two digits a point: x in 0..4, y in 0..6, y down.
_STROKES = {
    "0": "103041453616050110", "1": "112026", "2": "01103041420646", "3": "0110304142334445361605 1333",
    "4": "36300444", "5": "400003334445361605", "6": "413010010516364544331304", "7": "004016",
    "8": "13020110304142331304051636454433", "9": "051636454130100102133342", "A": "062046 1333",
    "B": "00063645443303 3342413000", "C": "4130100105163645", "D": "00063645413000", "E": "40000646 0333",
    "F": "400006 0333", "G": "41301001051636454323", "H": "0006 4046 0343", "I": "0006", "J": "4045361605",
    "K": "0006 400346", "L": "000646", "M": "0600234046", "N": "06004640", "O": "103041453616050110",
    "P": "06003041423303", "Q": "103041453616050110 2446", "R": "06003041423303 2346",
    "S": "413010010213334445361605", "T": "0040 2026", "U": "000516364540", "V": "002640", "W": "0016223640",
    "X": "0046 4006", "Y": "002340 2326", "Z": "00400646", "-": "0333", "/": "0640", "+": "2125 0343", ".": "0506",
}  # fmt: skip


def _plain(text: str) -> str:
    """Capitals without accents; what has no strokes here becomes a space."""
    bare = unicodedata.normalize("NFKD", text).upper()
    return "".join(c if c in _STROKES else " " for c in bare if not unicodedata.combining(c))


def _points(stroke: str) -> list[tuple[int, int]]:
    return [(int(stroke[i]), int(stroke[i + 1])) for i in range(0, len(stroke), 2)]


def _advance(character: str) -> float:
    if character not in _STROKES:
        return _SPACE
    return max(x for stroke in _STROKES[character].split() for x, _ in _points(stroke)) + _GAP


def lettering_width(text: str, height_mm: float) -> float:
    """Width in mm of the text's centrelines when its capitals are `height_mm` high."""
    plain = _plain(text)
    return (sum(_advance(c) for c in plain) - _GAP) * height_mm / _HEIGHT if plain else 0.0


def letter(text: str, x: float, y: float, height_mm: float) -> list[Path]:
    """Strokes of the text, its top left at (x, y) in mm, one line."""
    scale = height_mm / _HEIGHT
    paths, pen_x = [], x
    for character in _plain(text):
        for stroke in _STROKES.get(character, "").split():
            paths.append(polyline(np.array(_points(stroke)) * scale + (pen_x, y)))
        pen_x += _advance(character) * scale
    return paths
