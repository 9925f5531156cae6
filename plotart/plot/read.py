"""Foreign SVG files as plots: anything that Inkscape or vpype made, within bounds on size, time and nonsense."""

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import svgelements as se

from plotart.core.canvas import Page
from plotart.core.color import normalize_hex
from plotart.core.errors import InputError, one_line
from plotart.core.geometry import Path, lengths
from plotart.pens import Pen
from plotart.plot.bounds import refuse_bombs
from plotart.plot.layers import Layer, Plot

__all__ = ["read_svg"]

MAX_MM = 100_000.0

_INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
_MM = 25.4 / 96


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
        return _read(file, by_colour)
    except (InputError, MemoryError, OSError):
        raise
    except RecursionError as error:
        raise InputError(f"'{file}' is nested too deeply to be read.") from error
    except Exception as error:  # svgelements fails in as many ways as an attribute can be wrong
        raise InputError(f"'{file}' is not a readable SVG: {one_line(str(error), 200)}.") from error


def _read(file: FilePath, by_colour: bool) -> Plot:
    svg = se.SVG.parse(str(file), ppi=96, reify=True)
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
    return Plot(page, 0.0, layers, _paper(svg))


def _page(svg: Any, file: FilePath) -> Page:
    width, height = float(svg.width or 0) * _MM, float(svg.height or 0) * _MM
    if not (0 < width <= MAX_MM and 0 < height <= MAX_MM):
        raise InputError(f"'{file}' has no page: its width and height must lie between 0 and {MAX_MM:g} mm.")
    width, height = (round(side, 3) for side in (width, height))
    return Page(f"{width:g}x{height:g}mm", width, height)


def _paper(svg: Any) -> str:
    """The colour that the root's style gives the paper; white where it says none that is a plain hex colour."""
    found = re.search(r"background(?:-color)?:\s*(#[0-9a-fA-F]{6})\b", str((svg.values or {}).get("style") or ""))
    return normalize_hex(found[1]) if found else "#ffffff"


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
