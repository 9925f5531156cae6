"""The calibration chart as a plot: corner marks, a frame, and for each pen swatches, hatches, lines and overlaps.

The chart is drawn darkest pen first, unlike other plots: only where a light ink lies on a dark one does paper show
whether it covers. Each pen draws over other ink last of all, so that its tip is clean for its own patches.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from shapely import box

from plotart.core.canvas import Page
from plotart.core.color import hex_to_rgb, to_lab
from plotart.core.errors import InputError
from plotart.core.geometry import Path, Rectangle, polyline, straight
from plotart.pens import Pen, PenSet
from plotart.pens.chart import MARK_CELLS, MARKS, ChartLayout, Kind, Patch
from plotart.plot.hatch import hatch
from plotart.plot.layers import Layer, Plot
from plotart.plot.lettering import letter, lettering_width

__all__ = ["chart_sheets", "make_chart"]

# One row of the table, in modules (the side of a swatch): label, then patches, gaps between all of them.
_GAP, _LABEL = 0.2, 0.75
_ROW: tuple[tuple[Kind, float, float], ...] = (  # kind, width in modules, pitch in tips
    ("white", 0.5, 0),
    ("solid", 1, 0.75),
    ("cross", 1, 0.75),
    ("tight", 1, 0.4),
    ("hatch", 1, 2),
    ("hatch", 1, 3.5),
    ("lines", 1.9, 0),
    ("white", 0.5, 0),
    ("overlap", 1, 0.75),
    ("overlap", 1, 0.75),
    ("overlap", 1, 0.75),
    ("white", 0.5, 0),
)
_OVERLAPS = sum(kind == "overlap" for kind, _, _ in _ROW)
_ROW_WIDTH = _LABEL + sum(width + _GAP for _, width, _ in _ROW)
_ROW_HEIGHT, _TALLEST_ROW, _CAPTION = 1.65, 2.1, 0.24
_SMALLEST_MM, _LARGEST_MM, _TIPS_PER_MODULE = 5.0, 14.0, 6.0
_LINES = 5
_HEADINGS = {"solid": "SOLID", "cross": "CROSS", "tight": "TIGHT", "lines": "LINES"}


def _dark_first(pens: PenSet) -> list[Pen]:
    return sorted(pens.pens, key=lambda pen: (float(to_lab(hex_to_rgb(pen.hex))[0]), pen.name))


@dataclass(frozen=True)
class _Grid:
    """Where the rows of the table lie."""

    module: float
    columns: int
    rows: int
    row_height: float
    area: Rectangle


def _cell(pens: list[Pen], page: Page) -> float:
    """Side of a cell of the corner marks: two strokes of the pen that draws them, and a hundredth of the page."""
    return max(1.5, 2.2 * pens[0].tip_mm, min(page.width_mm, page.height_mm) / 100)


def _grid(pens: list[Pen], page: Page, margin: float) -> _Grid | None:
    """The arrangement with the largest swatches, or None when the pens do not fit."""
    mark, tip = _cell(pens, page) * MARK_CELLS, pens[0].tip_mm
    area = (
        margin + tip + 2.5,
        margin + mark + 3,
        page.width_mm - margin - tip - 2.5,
        page.height_mm - margin - mark - 3,
    )
    width, height = area[2] - area[0], area[3] - area[1]
    least = max(_SMALLEST_MM, _TIPS_PER_MODULE * max(pen.tip_mm for pen in pens))
    best: _Grid | None = None
    for columns in range(1, len(pens) + 1):
        rows = math.ceil(len(pens) / columns)
        module = min(width / (columns * (_ROW_WIDTH + 1) - 1), height / ((rows + 0.3) * _ROW_HEIGHT), _LARGEST_MM)
        if module >= least and (best is None or module > best.module * 1.02):
            row_height = min(_TALLEST_ROW * module, (height - 0.5 * module) / rows)
            best = _Grid(module, columns, rows, row_height, area)
    return best


def make_chart(pens: PenSet, page: Page, margin_mm: float = 10.0) -> tuple[Plot, ChartLayout]:
    """The chart of a pen set on one page: what to plot, and the layout that reads a photo of it.

    Layers come darkest pen first and must be plotted in that order, each layer's paths in theirs. All ink lies inside
    the margins as long as the tips are as wide as stated. InputError when the pens do not fit (see `chart_sheets`).
    """
    if not 0 <= margin_mm < min(page.width_mm, page.height_mm) / 2:
        raise InputError(f"margin {margin_mm:g} mm leaves nothing of page {page.name}: take at most 15 mm or so.")
    ordered = _dark_first(pens)
    grid = _grid(ordered, page, margin_mm)
    if grid is None:
        room = _capacity(pens, page, margin_mm)
        advice = f"at most {room} fit: take a larger page or several sheets" if room else "take a larger page"
        raise InputError(
            f"page {page.name} is too small for a chart of the {len(ordered)} pens of {pens.name}; {advice}."
        )
    patches = list(_patches(ordered, grid))
    half, mark = ordered[0].tip_mm / 2, _cell(ordered, page) * MARK_CELLS
    x0, y0 = margin_mm, margin_mm
    x1, y1 = page.width_mm - margin_mm, page.height_mm - margin_mm
    near, far_x, far_y = x0 + mark / 2, x1 - mark / 2, y1 - mark / 2
    gap = mark + 1.5
    layout = ChartLayout(
        name=pens.name,
        page=page.name,
        width_mm=page.width_mm,
        height_mm=page.height_mm,
        margin_mm=margin_mm,
        pens=tuple(ordered),
        cell_mm=_cell(ordered, page),
        marks=((near, near), (far_x, near), (far_x, far_y), (near, far_y)),
        frame=(
            (x0 + gap, y0 + half, x1 - gap, y0 + half),
            (x1 - half, y0 + gap, x1 - half, y1 - gap),
            (x0 + gap, y1 - half, x1 - gap, y1 - half),
            (x0 + half, y0 + gap, x0 + half, y1 - gap),
        ),
        patches=tuple(patches),
    )
    return Plot(page, margin_mm, _layers(layout, grid)), layout


def _capacity(pens: PenSet, page: Page, margin_mm: float) -> int:
    """The largest number of the set's pens, widest tips first, that fit on a page."""
    widest = sorted(pens.pens, key=lambda pen: -pen.tip_mm)
    return max((n for n in range(1, len(widest) + 1) if _grid(widest[:n], page, margin_mm)), default=0)


def chart_sheets(pens: PenSet, page: Page, margin_mm: float = 10.0) -> list[PenSet]:
    """The set dealt out to as few sheets as it needs, each with light and dark pens, as pen sets `<name>-1`, ..."""
    room = _capacity(pens, page, margin_mm)
    if room == 0:
        make_chart(pens, page, margin_mm)  # says why
    count = math.ceil(len(pens.pens) / max(room, 1))
    if count <= 1:
        return [pens]
    ordered = _dark_first(pens)
    return [
        pens.model_copy(update={"name": f"{pens.name}-{n + 1}", "pens": tuple(ordered[n::count])}) for n in range(count)
    ]


def _patches(pens: list[Pen], grid: _Grid) -> Iterator[Patch]:
    m = grid.module
    for index, pen in enumerate(pens):
        column, row = divmod(index, grid.rows)
        x = grid.area[0] + column * (_ROW_WIDTH + 1) * m + _LABEL * m
        y = _row_top(grid, row)
        bases = sorted({round(base) for base in np.linspace(0, index - 1, _OVERLAPS)}) if index else []
        for kind, width, tips in _ROW:
            x += _GAP * m
            place = {"x": x, "y": y, "width": width * m, "height": m}
            x += width * m
            if kind == "white" or (kind == "overlap" and not bases):
                yield Patch.model_validate({"kind": "white", **place})
            elif kind == "lines":
                yield Patch.model_validate({"kind": kind, "pen": index, "pitch_mm": width * m / _LINES, **place})
            else:
                more = {}
                if kind == "overlap":
                    base = bases.pop(0)
                    more = {"base": base, "base_pitch_mm": 0.75 * pens[base].tip_mm}
                yield Patch.model_validate({"kind": kind, "pen": index, "pitch_mm": tips * pen.tip_mm, **place, **more})
    yield from _blank(grid, len(pens))


def _row_top(grid: _Grid, row: int) -> float:
    """Top of a row's patches: below the headings and the row's own caption."""
    return grid.area[1] + 0.5 * grid.module + row * grid.row_height + (_CAPTION + 0.12) * grid.module


def _blank(grid: _Grid, pens: int) -> Iterator[Patch]:
    """White patches over what the rows leave free, so that the light is known there too."""
    m = grid.module
    for column in range(grid.columns):
        used = min(grid.rows, pens - column * grid.rows)
        x0 = grid.area[0] + column * (_ROW_WIDTH + 1) * m
        y = _row_top(grid, used)
        while y + m <= grid.area[3]:
            for step in np.linspace(0, _ROW_WIDTH - 1, 5):
                yield Patch(kind="white", x=x0 + step * m, y=y, width=m, height=m)
            y += 2 * m


def _pass(patch: Patch, pen: Pen, pitch: float, upright: bool) -> list[Path]:
    """One pass of parallel lines over the patch; a single stroke to and fro when the lines are closer than the tip."""
    area = box(patch.x, patch.y, patch.x + patch.width, patch.y + patch.height)
    return hatch(area, pitch, math.pi / 2 if upright else 0.0, pen.tip_mm / 2, joined=pitch < pen.tip_mm)


def _draw(patch: Patch, pen: Pen) -> list[Path]:
    """What the patch's own pen draws."""
    if patch.kind == "lines":
        xs = patch.x + patch.pitch_mm * (np.arange(int(patch.width / patch.pitch_mm + 0.5)) + 0.5)
        ends = (patch.y + pen.tip_mm / 2, patch.y + patch.height - pen.tip_mm / 2)
        return [straight((x, ends[i % 2]), (x, ends[1 - i % 2])) for i, x in enumerate(xs)]
    if patch.kind == "cross":
        return [*_pass(patch, pen, patch.pitch_mm, False), *_pass(patch, pen, patch.pitch_mm, True)]
    return _pass(patch, pen, patch.pitch_mm, patch.kind == "overlap")


def _layers(layout: ChartLayout, grid: _Grid) -> list[Layer]:
    layers = []
    for index, pen in enumerate(layout.pens):
        own = [patch for patch in layout.patches if patch.pen == index]
        paths = _ground(layout, grid) if index == 0 else []
        for patch in own:
            if patch.kind != "overlap":
                paths += _draw(patch, pen)
        for patch in layout.patches:
            if patch.kind == "overlap" and patch.base == index:
                paths += _pass(patch, pen, patch.base_pitch_mm, False)
        for patch in own:
            if patch.kind == "overlap":
                paths += _draw(patch, pen)
        layers.append(Layer(pen, paths))
    return layers


def _ground(layout: ChartLayout, grid: _Grid) -> list[Path]:
    """Marks, frame and lettering, all by the first pen."""
    pen, cell = layout.pens[0], layout.cell_mm
    paths = []
    for (x, y), cells in zip(layout.marks, MARKS, strict=True):
        corner = np.array([x, y]) - cell * MARK_CELLS / 2
        loops = math.ceil((cell - pen.tip_mm) / (0.75 * pen.tip_mm)) + 1
        for inset in np.linspace(pen.tip_mm / 2, cell - pen.tip_mm / 2, loops):
            a, b = corner + inset, corner + cell * MARK_CELLS - inset
            paths.append(polyline([a, (b[0], a[1]), b, (a[0], b[1]), a]))
        dark_rows = int(cells[2:4, 2].sum())
        if dark_rows:
            place = {
                "x": corner[0] + 2 * cell,
                "y": corner[1] + 2 * cell,
                "width": 2 * cell,
                "height": dark_rows * cell,
            }
            core = Patch(kind="solid", pen=0, pitch_mm=0.75 * pen.tip_mm, **place)
            paths += _pass(core, pen, core.pitch_mm, False)
    paths += [straight(line[:2], line[2:]) for line in layout.frame]
    return paths + _lettering(layout, grid)


def _lettering(layout: ChartLayout, grid: _Grid) -> list[Path]:
    tip, m = layout.pens[0].tip_mm, grid.module
    size = _CAPTION * m
    paths = _title(layout, max(2.6, 6 * tip))
    if size < 4.4 * tip:
        return paths  # too small to be read with so wide a tip; the rows are numbered in plotting order anyway
    for index, pen in enumerate(layout.pens):
        column, row = divmod(index, grid.rows)
        x, y = grid.area[0] + column * (_ROW_WIDTH + 1) * m, _row_top(grid, row)
        paths += letter(str(index + 1), x, y + 0.25 * m, min(0.5 * m, 4.5))
        name = pen.name
        while lettering_width(name, size) > 5.2 * m:
            name = name[:-1]
        paths += letter(name, x + (_LABEL + 2 * _GAP + 0.5) * m, y - size - 0.12 * m, size)
    heading_y = grid.area[1]
    for patch in layout.patches:
        if patch.kind == "overlap":
            paths += letter(f"on {patch.base + 1}", patch.x, patch.y - size - 0.12 * m, size)
        if patch.pen == 0 and patch.kind != "overlap":
            heading = _HEADINGS.get(patch.kind) or f"1/{patch.pitch_mm / tip:.1f}".removesuffix(".0")
            paths += letter(heading, patch.x, heading_y, min(size, size * m / lettering_width(heading, size)))
    return paths


def _title(layout: ChartLayout, size: float) -> list[Path]:
    """The set's name above and the order of plotting below, between the marks."""
    side = layout.cell_mm * MARK_CELLS
    left, room = layout.margin_mm + side + 3, layout.width_mm - 2 * (layout.margin_mm + side + 3)
    paths = []
    for text, y in (
        (f"{layout.name} {layout.page}", layout.margin_mm + side / 2),
        ("plot in the order of the numbers", layout.height_mm - layout.margin_mm - side / 2),
    ):
        fitting = min(size, size * room / max(lettering_width(text, size), 1e-9))
        if fitting >= 4.4 * layout.pens[0].tip_mm:
            paths += letter(text, left, y - fitting / 2, fitting)
    return paths
