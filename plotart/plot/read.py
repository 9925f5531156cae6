"""Foreign SVG files as plots: anything that Inkscape or vpype made, within bounds on size, time and nonsense."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import svgelements as se

from plotart.core.canvas import Page
from plotart.core.color import normalize_hex
from plotart.core.errors import InputError
from plotart.core.geometry import Path, lengths
from plotart.pens import Pen
from plotart.plot.layers import Layer, Plot

__all__ = ["read_svg", "refuse_bombs"]

MAX_BYTES = 100_000_000
MAX_SHAPES = 250_000
MAX_DEPTH = 200
MAX_MM = 100_000.0
SHAPES = {"path", "line", "polyline", "polygon", "rect", "circle", "ellipse"}

_INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_MM = 25.4 / 96


@dataclass
class _Tally:
    """How many shapes an element holds itself, and what it uses."""

    shapes: int = 0
    uses: list[str] = field(default_factory=list)


def refuse_bombs(path: str | FilePath) -> None:
    """InputError, one sentence, for a file that is no SVG or would grow beyond bounds when read.

    Looks once through the file, in memory bounded by its depth and its ids: size, entity declarations, nesting, shapes
    counted as often as `use` repeats them.
    """
    file = FilePath(path)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"'{file}' is larger than {MAX_BYTES // 1_000_000} MB: split it or simplify its paths.")
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(f"'{file}' cannot be read: {(error.strerror or str(error)).lower()}.") from error
    for declaration in re.findall(rb"<!ENTITY([^>]*)>", raw.replace(b"\0", b"")):
        # Drawing programs declare short namespaces; anything nested, long or from elsewhere is an attack or a mistake.
        if b"&" in declaration or b"%" in declaration or b"SYSTEM" in declaration or len(declaration) > 300:
            raise InputError(f"'{file}' declares XML entities that grow when read: save it as plain SVG.")
    try:
        tallies, total = _count(file)
    except ET.ParseError as error:
        raise InputError(f"'{file}' is not a readable SVG: {error}.") from error
    grown = _grown(tallies, total)
    if grown is None:
        raise InputError(f"'{file}' holds a 'use' that uses itself.")
    if grown > MAX_SHAPES:
        raise InputError(f"'{file}' holds more than {MAX_SHAPES} shapes ({grown}): split it into several files.")


def _count(file: FilePath) -> tuple[dict[str, _Tally], _Tally]:
    total = _Tally()
    tallies: dict[str, _Tally] = {}
    stack: list[tuple[ET.Element, _Tally | None]] = []
    for event, element in ET.iterparse(file, events=("start", "end")):
        tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        if event == "end":
            stack.pop()
            element.clear()
            if stack:
                stack[-1][0].remove(element)  # memory: forget what has been counted
            continue
        if not stack and tag != "svg":
            raise InputError(f"'{file}' is not an SVG: its root is '{tag}'.")
        own = None
        if (name := element.get("id")) is not None:
            own = tallies[name] = _Tally()
        stack.append((element, own))
        if len(stack) > MAX_DEPTH:
            raise InputError(f"'{file}' is nested more than {MAX_DEPTH} groups deep.")
        open_tallies = [total, *(tally for _, tally in stack if tally is not None)]
        if tag in SHAPES:
            for tally in open_tallies:
                tally.shapes += 1
            if total.shapes > MAX_SHAPES:
                break
        elif tag == "use":
            target = (element.get("href") or element.get(_HREF) or "").removeprefix("#")
            for tally in open_tallies:
                tally.uses.append(target)
    return tallies, total


def _grown(tallies: dict[str, _Tally], total: _Tally) -> int | None:
    """Shapes when every use is put in place, at most a little over the limit; None for a ring."""
    known: dict[str, int] = {}
    active: set[str] = set()

    def size(name: str, depth: int) -> int | None:
        if name in known or name not in tallies:
            return known.get(name, 0)
        if name in active or depth > MAX_DEPTH:
            return None
        active.add(name)
        result = tallies[name].shapes
        for used in tallies[name].uses:
            part = size(used, depth + 1)
            if part is None:
                return None
            result = min(result + part, 10 * MAX_SHAPES)
        active.remove(name)
        known[name] = result
        return result

    grown = total.shapes
    for used in total.uses:
        part = size(used, 0)
        if part is None:
            return None
        grown = min(grown + part, 10 * MAX_SHAPES)
    return grown


def read_svg(path: str | FilePath, *, by_colour: bool = False) -> Plot:
    """The strokes of an SVG file as a plot in mm on its own page; curves stay curves.

    Layers are the top-level groups that Inkscape marks as layers, in document order; in a file without any, and with
    `by_colour` in every file, each stroke colour is a layer. Hidden layers, layers whose name begins with '%', text and
    bitmaps are left out; fills become outlines. Pens are named after their layers. InputError, one sentence, for what
    cannot be plotted.
    """
    file = FilePath(path)
    refuse_bombs(file)
    try:
        svg = se.SVG.parse(str(file), ppi=96, reify=True)
    except RecursionError as error:
        raise InputError(f"'{file}' is nested too deeply to be read.") from error
    except (ET.ParseError, ValueError, ZeroDivisionError, OverflowError, KeyError, IndexError, TypeError) as error:
        raise InputError(f"'{file}' is not a readable SVG: {error}.") from error
    page = _page(svg, file)
    groups: dict[str, list[se.Shape]] = {}
    marked = [child for child in svg if _is_layer(child)]
    if marked:
        for number, child in enumerate(marked):
            label = _layer_name(child)
            if label.startswith("%"):
                continue
            for shape in (s for s in child.select() if isinstance(s, se.Shape)):
                key = f"colour {_colour(shape)}" if by_colour else f"{number} {label}"
                groups.setdefault(key, []).append(shape)
    loose = [s for child in svg if not _is_layer(child) for s in _shapes(child)]
    for shape in loose:
        groups.setdefault(f"colour {_colour(shape)}", []).append(shape)
    blended = any((child.values or {}).get("mix-blend-mode") == "multiply" for child in marked)
    layers = []
    names: set[str] = set()
    for key, shapes in groups.items():
        paths = [part for shape in shapes if _visible(shape) for part in _cubics(shape, file)]
        if not paths:
            continue
        name = key.partition(" ")[2]
        blend = shapes[0].values.get("mix-blend-mode")
        layers.append(Layer(_pen(name, shapes, names, opaque=blended and blend != "multiply"), paths))
    if not layers:
        other = "text or pictures but " if any(isinstance(e, se.Text | se.Image) for e in svg.elements()) else ""
        raise InputError(f"'{file}' holds {other}no strokes to plot: convert its objects to paths.")
    return Plot(page, 0.0, layers)


def _page(svg: Any, file: FilePath) -> Page:
    width, height = float(svg.width or 0) * _MM, float(svg.height or 0) * _MM
    if not (0 < width <= MAX_MM and 0 < height <= MAX_MM):
        raise InputError(f"'{file}' has no page: its width and height must lie between 0 and {MAX_MM:g} mm.")
    width, height = (round(side, 3) for side in (width, height))
    return Page(f"{width:g}x{height:g}mm", width, height)


def _is_layer(element: Any) -> bool:
    return isinstance(element, se.Group) and element.values.get(f"{_INKSCAPE}groupmode") == "layer"


def _layer_name(group: Any) -> str:
    return str(group.values.get(f"{_INKSCAPE}label") or group.id or "")


def _shapes(element: Any) -> Iterator[Any]:
    if isinstance(element, se.Shape):
        yield element
    elif isinstance(element, se.Group | se.Use):
        yield from (shape for shape in element.select() if isinstance(shape, se.Shape))


def _visible(shape: Any) -> bool:
    values = shape.values
    return values.get("display") != "none" and values.get("visibility") not in ("hidden", "collapse")


def _colour(shape: Any) -> str:
    """The stroke's colour, or the fill's where there is no stroke, else black."""
    for paint in (shape.stroke, shape.fill):
        if paint is not None and paint.value is not None:
            return normalize_hex(paint.hexrgb)
    return "#000000"


def _pen(label: str, shapes: list[Any], names: set[str], *, opaque: bool) -> Pen:
    """The commonest colour and width of a layer's shapes; the layer's name without its number and AxiDraw codes."""
    text = re.sub(r"^!?\d*(\+[SHDshd]\d+)*[\s\-_.:]*", "", "".join(c for c in label if c.isprintable())).strip()
    colours = [_colour(shape) for shape in shapes]
    colour = max(sorted(set(colours)), key=colours.count)
    widths = [
        round(float(s.stroke_width) * _MM, 3) for s in shapes if s.stroke is not None and s.stroke.value is not None
    ]
    widths = [width for width in widths if 0 < width <= 50] or [0.4]
    name = unique = (text or colour)[:70]
    number = 2
    while unique.lower() in names:
        unique, number = f"{name} {number}", number + 1
    names.add(unique.lower())
    return Pen(name=unique, hex=colour, tip_mm=float(np.median(widths)), opaque=opaque, source="read from an SVG file")


def _cubics(shape: Any, file: FilePath) -> list[Path]:
    """The shape's subpaths in mm, lines, quadratics and arcs as cubics; points and empty subpaths are left out."""
    made: list[Path] = []
    points: list[tuple[complex, complex, complex]] = []
    start: complex | None = None

    def finish() -> None:
        if start is not None and points:
            row = np.array([start, *(p for triple in points for p in triple)])
            path = np.stack([row.real, row.imag], axis=1) * _MM
            if not np.isfinite(path).all() or np.abs(path).max() > MAX_MM:
                raise InputError(f"'{file}' has coordinates beyond {MAX_MM:g} mm: it cannot be plotted.")
            if np.ptp(path, axis=0).max() > 0:
                made.append(path)
        points.clear()

    try:
        for part in abs(se.Path(shape)):
            if isinstance(part, se.Move):
                finish()
                start = complex(part.end)
                continue
            if start is None:
                start = complex(part.start)
            if part.end is None:
                continue
            a, z = complex(part.start), complex(part.end)
            if isinstance(part, se.CubicBezier):
                points.append((complex(part.control1), complex(part.control2), z))
            elif isinstance(part, se.QuadraticBezier):
                c = complex(part.control)
                points.append((a + 2 / 3 * (c - a), z + 2 / 3 * (c - z), z))
            elif isinstance(part, se.Arc):
                for cubic in part.as_cubic_curves():
                    points.append((complex(cubic.control1), complex(cubic.control2), complex(cubic.end)))
            elif abs(z - a) > 0:
                points.append(((2 * a + z) / 3, (a + 2 * z) / 3, z))
            if isinstance(part, se.Close):
                finish()
                start = z
        finish()
    except (ValueError, TypeError, ZeroDivisionError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"'{file}' has a shape that cannot be read: {error}.") from error
    long_enough = lengths(made) > 1e-6
    return [path for path, keep in zip(made, long_enough, strict=True) if keep]
