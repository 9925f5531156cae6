"""What would go wrong with an SVG file on a plotter: the checklist for files, as code."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import vpype

from plotart.core.errors import InputError, one_line
from plotart.core.geometry import bounds, lengths
from plotart.drawing.ink_load import load_of_paths
from plotart.plot.bounds import SHAPES, refuse_bombs
from plotart.plot.layers import Plot
from plotart.plot.motion import Machine
from plotart.plot.read import read_svg

__all__ = ["Problem", "check_paper", "check_pen_files", "check_svg", "left_out"]

_SVG = "{http://www.w3.org/2000/svg}"
_INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
_NUMBER = r"-?\d+(?:\.\d{1,3})?"
_MM = {"mm": 1.0, "cm": 10.0, "in": 25.4}
BEARS = 5.0
"""Layers of ink on a square millimetre, before paper buckles or tears."""
_DATA = re.compile(rf"M{_NUMBER},{_NUMBER}( L{_NUMBER},{_NUMBER}| C(?:{_NUMBER},{_NUMBER} ?){{3}})+ ?")
_LABEL = re.compile(r"!?(\d{1,4})(\+[SHD]\d+)*([ \-_.].*)?", re.IGNORECASE | re.DOTALL)
_LAYER_RULES = {"fill": "none", "stroke-linecap": "round", "stroke-linejoin": "round"}


@dataclass(frozen=True)
class Problem:
    """One thing that would go wrong: which rule, and what was found."""

    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"


def check_svg(
    path: str | FilePath, *, margin_mm: float = 0.0, machine: Machine | None = None, strict: bool = True
) -> list[Problem]:
    """What a plotter, or the programs before it, would stumble over in an SVG file; an empty list when nothing.

    `strict` also demands what plotart's own files keep: absolute M, L and C with three decimals, one path each, pens on
    the layer alone. InputError for a file that cannot be read at all.
    """
    file = FilePath(path)
    refuse_bombs(file)
    root = ET.parse(file).getroot()
    problems = [*_page_problems(root, strict=strict), *_layer_problems(root, strict=strict)]
    if told := left_out(file):
        problems.append(Problem("left out", told))
    if strict:
        problems += _path_problems(root)
    try:
        plot = read_svg(file)
    except InputError as error:
        return [*problems, Problem("strokes", str(error))]
    problems += _place_problems(plot, margin_mm, machine)
    if not problems:  # vpype reads what is meant only when nothing else is wrong
        try:
            problems += _vpype_problems(file, plot)
        except Exception as error:  # whatever it stumbles over is what was asked for
            problems.append(Problem("vpype", f"cannot read the file: {one_line(str(error), 200)}"))
    return problems


def left_out(path: str | FilePath) -> str:
    """What of an SVG file no plotter draws, in words; '' when nothing: text, pictures, hidden layers."""
    refuse_bombs(path)
    root = ET.parse(path).getroot()
    found: list[str] = []
    for tag, one, many in (("text", "text", "texts"), ("image", "picture", "pictures")):
        count = sum(1 for _ in root.iter(f"{_SVG}{tag}"))
        if count:
            found.append(f"{count} {one if count == 1 else many}")
    hidden = [child.get(f"{_INKSCAPE}label") or child.get("id") or "" for child in root if _hidden(child)]
    if hidden:
        found.append(f"hidden layer{'' if len(hidden) == 1 else 's'} {', '.join(map(repr, hidden))}")
    if not found:
        return ""
    advice = ": convert text to paths, trace pictures" if len(found) > bool(hidden) else ""
    return ", ".join(found) + advice


def _hidden(element: ET.Element) -> bool:
    style = (element.get("style") or "").replace(" ", "")
    return element.tag == f"{_SVG}g" and (element.get("display") == "none" or "display:none" in style)


def check_paper(path: str | FilePath) -> list[Problem]:
    """What the paper may not bear: more than `BEARS` layers of ink on a square millimetre. Good paper may bear it."""
    plot = read_svg(path)
    most = max((float(load_of_paths([(x.paths, x.pen.tip_mm)], size(plot)).max()) for x in plot.layers), default=0.0)
    whole = float(load_of_paths([(x.paths, x.pen.tip_mm) for x in plot.layers], size(plot)).max())
    if whole <= BEARS:
        return []
    return [
        Problem(
            "paper",
            f"up to {whole:.1f} layers of ink lie on a square millimetre ({most:.1f} of one pen); most paper bears "
            f"{BEARS:g}",
        )
    ]


def size(plot: Plot) -> tuple[float, float]:
    """The page in mm."""
    return plot.page.width_mm, plot.page.height_mm


def _page_problems(root: ET.Element, *, strict: bool) -> Iterator[Problem]:
    sizes = [re.fullmatch(r"([\d.]+)(mm|cm|in)", root.get(side) or "") for side in ("width", "height")]
    width, height = sizes
    told = f"width {root.get('width')!r} and height {root.get('height')!r}"
    if width is None or height is None or (strict and {width[2], height[2]} != {"mm"}):
        yield Problem("page", f"{told} are not in mm{'' if strict else ', cm or in'}")
        return
    box, wanted = root.get("viewBox"), f"0 0 {width[1]} {height[1]}"
    if strict and box != wanted:
        yield Problem("page", f"viewBox is {box!r}, not {wanted!r}, so that 1 unit is not 1 mm")
    if strict or box is None:
        return
    try:
        _, _, across, down = (float(part) for part in re.split(r"[\s,]+", box.strip()))
        scales = [float(side[1]) * _MM[side[2]] / units for side, units in ((width, across), (height, down))]
    except (ValueError, ZeroDivisionError):
        yield Problem("page", f"viewBox is {box!r}: it takes four numbers")
        return
    if abs(scales[0] / scales[1] - 1) > 1e-3:
        yield Problem("page", f"{told} are of another shape than the viewBox {box!r}")


def _layer_problems(root: ET.Element, *, strict: bool) -> Iterator[Problem]:
    last = 0
    seen: dict[int, str] = {}
    for child in root:
        tag = child.tag.removeprefix(_SVG) if isinstance(child.tag, str) else ""
        if tag in SHAPES or (tag == "g" and child.get(f"{_INKSCAPE}groupmode") != "layer"):
            yield Problem("layers", f"a top-level <{tag}> is not in an Inkscape layer")
        if tag != "g" or child.get(f"{_INKSCAPE}groupmode") != "layer":
            continue
        label = child.get(f"{_INKSCAPE}label") or ""
        if label.startswith("%"):
            yield Problem("layers", f"layer {label!r}: vpype plots layers that begin with '%', AxiDraw does not")
            continue
        match = _LABEL.fullmatch(label)
        if not match or not 1 <= int(match[1]) <= 1000:
            yield Problem("layers", f"layer {label!r} does not begin with its number, 1 to 1000")
            continue
        number = int(match[1])
        if _hidden(child):
            yield Problem("layers", f"layer {label!r} is hidden: it is not plotted")
            continue
        if number in seen:
            yield Problem("layers", f"layers {seen[number]!r} and {label!r} have one number: they are drawn as one")
        elif number <= last:
            yield Problem("layers", f"layer {label!r} does not come in the order of the numbers")
        seen.setdefault(number, label)
        last = number
        if not any(e.tag.removeprefix(_SVG) in SHAPES for e in child.iter() if isinstance(e.tag, str)):
            yield Problem("layers", f"layer {label!r} is empty: vpype drops it")
        if strict:
            yield from _pen_problems(child, label, number)


def _pen_problems(layer: ET.Element, label: str, number: int) -> Iterator[Problem]:
    if layer.get("id") != f"layer{number}":
        yield Problem("layers", f"layer {label!r} has id {layer.get('id')!r}, not 'layer{number}'")
    if not re.fullmatch(r"#[0-9a-f]{6}", layer.get("stroke") or ""):
        yield Problem("pens", f"layer {label!r} has no stroke colour as #rrggbb")
    width = layer.get("stroke-width") or ""
    if not re.fullmatch(r"\d+(\.\d+)?", width) or float(width) <= 0:
        yield Problem("pens", f"layer {label!r} has no stroke-width as a plain number of mm")
    for name, value in _LAYER_RULES.items():
        if layer.get(name) != value:
            yield Problem("pens", f"layer {label!r} has {name} {layer.get(name)!r}, not {value!r}")
    if "transform" in layer.attrib:
        yield Problem("layers", f"layer {label!r} has a transform")
    for name in ("stroke", "stroke-width", "style", "stroke-opacity", "transform"):
        if any(name in element.attrib for element in layer.iter() if element is not layer):
            yield Problem("pens", f"layer {label!r} holds elements with their own {name}")
    if "stroke-opacity" in layer.attrib:
        yield Problem("pens", f"layer {label!r} has a stroke-opacity")


def _path_problems(root: ET.Element) -> Iterator[Problem]:
    odd = [e.tag for e in root.iter() if isinstance(e.tag, str) and e.tag.removeprefix(_SVG) in SHAPES - {"path"}]
    if odd:
        yield Problem("paths", f"{len(odd)} shapes are not <path>, the first is <{odd[0].removeprefix(_SVG)}>")
    wrong = [e.get("d") or "" for e in root.iter(f"{_SVG}path") if not _DATA.fullmatch(e.get("d") or "")]
    if wrong:
        yield Problem("paths", f"{len(wrong)} paths are not one M, then L and C; the first is {wrong[0][:40]!r}")


def _place_problems(plot: Plot, margin_mm: float, machine: Machine | None) -> Iterator[Problem]:
    boxes = np.array([bounds(path) for layer in plot.layers for path in layer.paths])
    x0, y0 = boxes[:, :2].min(axis=0)
    x1, y1 = boxes[:, 2:].max(axis=0)
    page, slack = plot.page, 1.5e-3
    if min(x0, y0) < -slack or x1 > page.width_mm + slack or y1 > page.height_mm + slack:
        yield Problem("place", f"strokes reach from {x0:.1f}, {y0:.1f} to {x1:.1f}, {y1:.1f} mm, beyond the page")
    elif min(x0, y0, page.width_mm - x1, page.height_mm - y1) < margin_mm - slack:
        yield Problem("place", f"strokes reach from {x0:.1f}, {y0:.1f} to {x1:.1f}, {y1:.1f} mm, into the margin")
    if machine is not None and not machine.reaches(page.width_mm, page.height_mm):
        yield Problem("place", f"the page {page.width_mm:g} x {page.height_mm:g} mm is beyond the machine's travel")
    for layer in plot.layers:
        short = int((lengths(layer.paths) < layer.pen.tip_mm).sum())
        if short:
            yield Problem("strokes", f"{short} strokes of {layer.pen.name!r} are shorter than its tip")


def _vpype_problems(file: FilePath, plot: Plot) -> Iterator[Problem]:
    """vpype must read back the layers as they were meant: ids, names, colours, widths, counts, bounds, lengths."""
    document: Any = vpype.read_multilayer_svg(str(file), 0.05 * 96 / 25.4)
    millimetre = 25.4 / 96
    size = [side * millimetre for side in document.page_size]
    if not np.allclose(size, [plot.page.width_mm, plot.page.height_mm], atol=0.01):
        yield Problem("vpype", f"reads the page as {size[0]:.2f} x {size[1]:.2f} mm")
    labels = [child.get(f"{_INKSCAPE}label") or "" for child in ET.parse(file).getroot().iter(f"{_SVG}g")]
    numbers = [int(match[1]) for label in labels if (match := _LABEL.fullmatch(label))]
    if sorted(document.layers) != numbers or len(numbers) != len(plot.layers):
        yield Problem("vpype", f"reads the layers {sorted(document.layers)}, not {numbers}")
        return
    for number, label, layer in zip(numbers, labels, plot.layers, strict=True):
        lines = document.layers[number]
        if lines.property("vp_name") != label:
            yield Problem("vpype", f"reads the name of layer {number} as {lines.property('vp_name')!r}")
        colour = lines.property("vp_color")
        if colour is None or colour.as_hex() != layer.pen.hex:
            yield Problem("vpype", f"reads the colour of layer {number} as {colour}")
        width = lines.property("vp_pen_width")
        if width is None or abs(width * millimetre - layer.pen.tip_mm) > 1e-3:
            yield Problem("vpype", f"reads the pen width of layer {number} as {width}")
        if len(lines) != len(layer.paths):
            yield Problem("vpype", f"reads {len(lines)} of the {len(layer.paths)} strokes of layer {number}")
        ours = np.array([bounds(path) for path in layer.paths])
        box = np.concatenate([ours[:, :2].min(axis=0), ours[:, 2:].max(axis=0)])
        if lines.bounds() is None or np.abs(np.array(lines.bounds()) * millimetre - box).max() > 0.02:
            yield Problem("vpype", f"reads other bounds of layer {number}")
        ours_mm, theirs_mm = float(lengths(layer.paths).sum()), lines.length() * millimetre
        if abs(ours_mm - theirs_mm) > 1e-3 * ours_mm:
            yield Problem("vpype", f"reads {theirs_mm:.1f} mm of line in layer {number}, not {ours_mm:.1f} mm")


def check_pen_files(drawing: str | FilePath, folder: str | FilePath) -> list[Problem]:
    """Whether the files of single pens in `folder` have the page of `drawing` and together hold its strokes."""
    whole = read_svg(drawing)
    files = sorted(FilePath(folder).glob("*.svg"), key=lambda file: int(re.match(r"\d*", file.name)[0] or 0))  # type: ignore[index]
    parts = [read_svg(file) for file in files]
    problems = [
        Problem("pens", f"'{file.name}' has another page: {part.page.width_mm:g} x {part.page.height_mm:g} mm")
        for file, part in zip(files, parts, strict=True)
        if (part.page.width_mm, part.page.height_mm) != (whole.page.width_mm, whole.page.height_mm)
    ]
    counts = [part.strokes for part in parts]
    if counts != [len(layer.paths) for layer in whole.layers]:
        problems.append(Problem("pens", f"the files hold {counts} strokes, not those of the drawing's layers"))
    return problems
