"""SVG as plotters want it: millimetres, one numbered Inkscape layer per pen, cubic paths kept, reproducible bytes."""

import math
from collections.abc import Sequence
from pathlib import Path as FilePath

import svgwrite
from svgwrite.extensions import Inkscape

from plotart.core.canvas import Page
from plotart.core.clipping import contain
from plotart.core.geometry import Path, Rectangle, bounds
from plotart.pens import Pen
from plotart.plot.files import write_whole
from plotart.plot.layers import Layer, Plot
from plotart.plot.read import read_svg

__all__ = ["path_data", "pen_file_name", "plot_svg", "read_svg", "write_pen_files", "write_svg"]

WHITE = "#ffffff"
BACKGROUND = "background-color:"
"""How the root's style says the colour of the paper; `read_svg` finds it there."""


def number(value: float) -> str:
    """At most three decimals (a micrometre), no trailing zeros, no minus zero."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def path_data(path: Path) -> str:
    """The path as absolute M, L and C commands with three decimals; what is straight at that precision is L."""
    words = [f"M{number(path[0, 0])},{number(path[0, 1])}"]
    rows = path.tolist()
    for i in range(1, len(rows), 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = rows[i - 1 : i + 3]
        bend_x = max(abs(x1 - (2 * x0 + x3) / 3), abs(x2 - (x0 + 2 * x3) / 3))
        bend_y = max(abs(y1 - (2 * y0 + y3) / 3), abs(y2 - (y0 + 2 * y3) / 3))
        if max(bend_x, bend_y) < 5e-4:
            words.append(f"L{number(x3)},{number(y3)}")
        else:
            handles = f"C{number(x1)},{number(y1)} {number(x2)},{number(y2)}"
            words.append(f"{handles} {number(x3)},{number(y3)}")
    return " ".join(words)


def _style(pen: Pen, told: bool) -> str:
    """How a screen shows the ink: transparent inks multiply with what is below, strokes of one layer unite.

    `told`: no other layer of the file tells that this is one of ours, whose opaque inks are meant to be.
    """
    rules = ["mix-blend-mode:normal"] if pen.opaque and told else [] if pen.opaque else ["mix-blend-mode:multiply"]
    if pen.opacity < 1:
        rules.append(f"opacity:{number(pen.opacity)}")
    return ";".join(rules)


def _held(path: Path, inner: Rectangle) -> Path:
    """With the handles inside the margins too, where the curve is; anything else as it is."""
    x0, y0, x1, y1 = inner
    low, high = path.min(axis=0), path.max(axis=0)
    if low[0] >= x0 and low[1] >= y0 and high[0] <= x1 and high[1] <= y1:
        return path
    b = bounds(path)
    slack = 1e-6
    if b[0] < x0 - slack or b[1] < y0 - slack or b[2] > x1 + slack or b[3] > y1 + slack:
        return path
    return contain(path, inner)


def inner_rectangle(page: Page, margin_mm: float) -> Rectangle:
    """The page inside its margins, x0, y0, x1, y1 in mm, on the three decimals of the file."""
    # Outer sides are rounded inwards, so that rounded coordinates stay inside the margins as well.
    low = math.ceil(margin_mm * 1000 - 1e-6) / 1000
    right, bottom = (math.floor((side - margin_mm) * 1000 + 1e-6) / 1000 for side in (page.width_mm, page.height_mm))
    return low, low, right, bottom


def plot_svg(plot: Plot, layers: Sequence[tuple[str, Layer]] | None = None) -> str:
    """The plot as SVG text: 1 user unit is 1 mm, layers `1-<pen>`, `2-<pen>` ... in plotting order.

    `layers` gives other labels and layers than the plot's own; a label begins with its layer's number, or with '!' and
    the number. Paper that is not white is told to screens: by the style of the root to browsers, by Inkscape's page
    colour to Inkscape. No shape is drawn for it that a plotter would follow.
    """
    named = [(f"{n}-{layer.pen.name}", layer) for n, layer in enumerate(plot.layers, 1)] if layers is None else layers
    inner = inner_rectangle(plot.page, plot.margin_mm)
    width, height = number(plot.page.width_mm), number(plot.page.height_mm)
    drawing = svgwrite.Drawing(size=(f"{width}mm", f"{height}mm"), viewBox=f"0 0 {width} {height}", debug=False)
    inkscape = Inkscape(drawing)
    coloured = plot.paper != WHITE
    if coloured:
        drawing["style"] = f"{BACKGROUND}{plot.paper}"
    opaque = all(layer.pen.opaque for layer in plot.layers)
    for label, layer in named:
        if not layer.paths:
            continue
        digits = "".join(c if c.isdigit() else " " for c in label).split()[0]
        group = inkscape.layer(
            label=label,
            id=f"layer{digits}",
            fill="none",
            stroke=layer.pen.hex,
            stroke_width=number(layer.pen.tip_mm),
            stroke_linecap="round",
            stroke_linejoin="round",
            debug=False,
        )
        if style := _style(layer.pen, opaque):
            group["style"] = style
        for path in layer.paths:
            group.add(drawing.path(d=path_data(_held(path, inner)), debug=False))
        drawing.add(group)
    text: str = drawing.tostring()
    if coloured:  # svgwrite knows no elements of other namespaces
        view = f'<sodipodi:namedview pagecolor="{plot.paper}" inkscape:pageopacity="1" />'
        text = text.replace("<defs />", f"<defs />\n{view}", 1)
    for tag in ("<g", "<path", "</g>", "</svg>"):  # a line per element: readable, and kind to version control
        text = text.replace(f">{tag}", f">\n{tag}")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def write_svg(plot: Plot, path: str | FilePath) -> FilePath:
    """Write the plot to an SVG file, whole or not at all; the same plot gives the same bytes."""
    return write_whole(path, plot_svg(plot))


def pen_file_name(number_: int, pen: Pen) -> str:
    """'1-light-blue.svg' for the first layer's pen 'light blue'."""
    return f"{number_}-{pen.slug}.svg"


def write_pen_files(plot: Plot, folder: str | FilePath) -> list[FilePath]:
    """One SVG per pen, of the same page size, so that the pens register on paper: `1-<pen>.svg`, `2-<pen>.svg` ..."""
    made = []
    for n, layer in enumerate(plot.layers, 1):
        text = plot_svg(plot, [(f"{n}-{layer.pen.name}", layer)])
        made.append(write_whole(FilePath(folder) / pen_file_name(n, layer.pen), text))
    return made
