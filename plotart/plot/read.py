"""Foreign SVG files as plots: anything that Inkscape or vpype made, within bounds on size, time and nonsense."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import svgelements as se

from plotart.core.areas import FillRule
from plotart.core.canvas import Page
from plotart.core.color import normalize_hex
from plotart.core.errors import InputError, one_line
from plotart.core.geometry import Path, lengths
from plotart.pens import Pen
from plotart.plot.bounds import refuse_bombs
from plotart.plot.fills import Fills, Painted, hatched, outlined, unhidden
from plotart.plot.layers import Layer, Plot

__all__ = ["read_filled", "read_svg"]

MAX_MM = 100_000.0

_INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
_MM = 25.4 / 96


def read_svg(
    path: str | FilePath, *, by_colour: bool = False, fills: Fills = "outline", pitch: float | None = None
) -> Plot:
    """The strokes of an SVG file as a plot in mm on its own page; curves stay curves.

    Layers are the top-level groups that Inkscape marks as layers, in document order; in a file without any, and with
    `by_colour` in every file, each stroke colour is a layer. Hidden layers, layers whose name begins with '%', text and
    bitmaps are left out. Pens are named after their layers.

    fills: `outline` draws every shape's edge, filled or not, as plotters' programs do. `hatch` draws fills by parallel
        lines, `both` with an edge where there is no stroke, `none` leaves them out; then what an opaque fill hides is
        left out, white fills are paper, and layers with fills of several colours are taken apart by colour.
    pitch: between the lines of a hatch, mm; the pen's tip by default.

    Raises:
        InputError: one sentence, for what cannot be plotted.
    """
    return _guarded(FilePath(path), lambda file: _read(file, by_colour, fills, pitch))


def read_filled(path: str | FilePath) -> tuple[Plot, int]:
    """The filled shapes of an SVG file from the hindmost to the nearest, each outline a layer in its fill's colour.

    Also how many shapes have several outlines, so that holes may be lost.

    Raises:
        InputError: one sentence, for what cannot be read, and where nothing is filled.
    """
    several = 0

    def read(file: FilePath) -> Plot:
        nonlocal several
        plot, several = _read_filled(file)
        return plot

    return _guarded(FilePath(path), read), several


def _guarded(file: FilePath, read: Callable[[FilePath], Plot]) -> Plot:
    """What `read` makes of a file; InputError, one sentence, for whatever is wrong with it."""
    refuse_bombs(file)
    try:
        return read(file)
    except (InputError, MemoryError, OSError):
        raise
    except RecursionError as error:
        raise InputError(f"'{file}' is nested too deeply to be read.") from error
    except Exception as error:  # svgelements fails in as many ways as an attribute can be wrong
        raise InputError(f"'{file}' is not a readable SVG: {one_line(str(error), 200)}.") from error


def _read_filled(file: FilePath) -> tuple[Plot, int]:
    svg = se.SVG.parse(str(file), ppi=96, reify=True)
    page, layers, several = _page(svg, file), [], 0
    for shape in (s for s in svg.elements() if isinstance(s, se.Shape) and _visible(s)):
        one = _paint(shape, file)
        if one.fill is not None:
            pen = Pen(name=one.fill, hex=one.fill, tip_mm=0.4, source="read from an SVG file")
            layers += [Layer(pen, [path]) for path in one.paths]
            several += len(one.paths) > 1
    if not layers:
        raise InputError(f"'{file}' holds no filled shapes: give some of its paths a fill.")
    return Plot(page, 0.0, layers), several


def _read(file: FilePath, by_colour: bool, fills: Fills, pitch: float | None) -> Plot:
    svg = se.SVG.parse(str(file), ppi=96, reify=True)
    page = _page(svg, file)
    marked = [child for child in svg if _is_layer(child)]
    blended = any((child.values or {}).get("mix-blend-mode") == "multiply" for child in marked)
    groups = _by_layer(svg, marked, by_colour)
    if fills == "outline":
        seen = {key: [shape for shape in shapes if _visible(shape)] for key, shapes in groups.items()}
        drawn = {key: [part for shape in shapes for part in _cubics(shape, file)] for key, shapes in seen.items()}
        stroked = groups
    else:
        drawn, stroked = _filled(svg, groups, file, fills, pitch)
    layers = []
    names: set[str] = set()
    for key, paths in drawn.items():
        if not paths:
            continue
        kind, _, name = key.partition(" ")
        blend = groups[key][0].values.get("mix-blend-mode") if key in groups else None
        colour = name if kind == "colour" else None
        opaque = blend == "normal" or (blended and blend != "multiply")
        layers.append(Layer(_pen(name, stroked[key], names, colour, opaque=opaque), paths))
    if not layers:
        other = "text or pictures but " if any(isinstance(e, se.Text | se.Image) for e in svg.elements()) else ""
        raise InputError(f"'{file}' holds {other}no strokes to plot: convert its objects to paths.")
    return Plot(page, 0.0, layers, _paper(svg))


def _by_layer(svg: Any, marked: list[Any], by_colour: bool) -> dict[str, list[se.Shape]]:
    """The shapes of each layer, by a number or the word "colour" and its name."""
    groups: dict[str, list[se.Shape]] = {}
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
    return groups


def _filled(
    svg: Any, groups: dict[str, list[se.Shape]], file: FilePath, fills: Fills, pitch: float | None
) -> tuple[dict[str, list[Path]], dict[str, list[se.Shape]]]:
    """The paths of each layer where fills are not just outlines, and the shapes whose strokes its pen draws."""
    layer_of = {id(shape): key for key, shapes in groups.items() for shape in shapes}
    shapes = [s for s in svg.elements() if isinstance(s, se.Shape) and id(s) in layer_of and _visible(s)]
    painted = [_paint(shape, file) for shape in shapes]
    unhidden(painted)
    keys = {id(shape): layer_of[id(shape)] for shape in shapes}
    for key in groups:
        own = [one for shape, one in zip(shapes, painted, strict=True) if keys[id(shape)] == key]
        if len({colour for one in own for colour in (one.stroke, one.fill) if colour not in (None, "#ffffff")}) > 1:
            keys = {k: "" if v == key else v for k, v in keys.items()}  # apart, by colour
    drawn: dict[str, list[Path]] = {}
    stroked: dict[str, list[se.Shape]] = {}
    filled: dict[str, list[Painted]] = {}
    for shape, one in zip(shapes, painted, strict=True):
        if one.stroke:
            key = keys[id(shape)] or f"colour {one.stroke}"
            drawn.setdefault(key, []).extend(one.lines or [])
            stroked.setdefault(key, []).append(shape)
        if one.fill and one.fill != "#ffffff" and fills != "none":
            key = keys[id(shape)] or f"colour {one.fill}"
            drawn.setdefault(key, [])
            stroked.setdefault(key, [])
            filled.setdefault(key, []).append(one)
    for key, own in filled.items():
        tip = _tip(stroked[key])
        for one in own:
            drawn[key] += hatched(one, pitch or tip, tip) + (outlined(one, tip) if fills == "both" else [])
    return drawn, stroked


def _paint(shape: Any, file: FilePath) -> Painted:
    """What a shape is painted with. Gradients and patterns are none; see `plotart.plot.unread`."""
    values = shape.values
    stroke, fill = (
        None
        if paint is None or paint.value is None or str(values.get(name, "")).strip().startswith("url(")
        else normalize_hex(paint.hexrgb)
        for name, paint in (("stroke", shape.stroke), ("fill", shape.fill))
    )
    opacity = 0.0 if shape.fill is None or shape.fill.value is None else float(shape.fill.opacity)
    opacity *= _share(values.get("opacity"))
    rule: FillRule = "even-odd" if values.get("fill-rule") == "evenodd" else "nonzero"
    return Painted(_cubics(shape, file), stroke, fill, opacity, rule)


def _share(text: str | None) -> float:
    """An opacity as a number in 0..1."""
    match = re.fullmatch(r"\s*([\d.]+(?:e-?\d+)?)(%?)\s*", text or "1")
    return 1.0 if match is None else min(float(match[1]) / (100 if match[2] else 1), 1.0)


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


def _tip(shapes: list[Any]) -> float:
    """The middle one of the strokes' widths, mm; 0.4 where there are none."""
    widths = [
        round(float(s.stroke_width) * _MM, 3) for s in shapes if s.stroke is not None and s.stroke.value is not None
    ]
    return float(np.median([width for width in widths if 0 < width <= 50] or [0.4]))


def _pen(label: str, shapes: list[Any], names: set[str], colour: str | None, *, opaque: bool) -> Pen:
    """The layer's name without its number and AxiDraw codes, its colour or the commonest of its shapes, their width."""
    text = re.sub(r"^!?\d*(\+[SHDshd]\d+)*[\s\-_.:]*", "", "".join(c for c in label if c.isprintable())).strip()
    colours = [_colour(shape) for shape in shapes]
    colour = colour or max(sorted(set(colours or ["#000000"])), key=colours.count)
    name = unique = (text or colour)[:70]
    number = 2
    while unique.lower() in names:
        unique, number = f"{name} {number}", number + 1
    names.add(unique.lower())
    return Pen(name=unique, hex=colour, tip_mm=_tip(shapes), opaque=opaque, source="read from an SVG file")


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
