"""The paths of any plot as strokes of equally many cubics, on the canvas of a run: what a drawing can start from."""

from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray

from plotart.core.canvas import Canvas
from plotart.core.clipping import clip
from plotart.core.color import hex_to_rgb, rgb_to_hex
from plotart.core.errors import InputError
from plotart.core.geometry import Path, bernstein, cubic_slope, lengths, segments, split, straight
from plotart.drawing import Drawing
from plotart.pens import Pen
from plotart.plot.fills import Fills
from plotart.plot.layers import Layer, Plot
from plotart.plot.read import read_filled, read_svg
from plotart.plot.written import by_colour

__all__ = ["Start", "cut", "merge", "on_page", "read_shapes", "read_start"]

TOLERANCE_MM = 0.01  # a tenth of what the finest plotter repeats
SAME_PAGE_MM = 0.1  # programs round pages to their pixels
MAX_SEGMENTS = 1_000_000
MAX_OUTLINE = 256
SAMPLES = 6  # points of each segment that a merged cubic must pass


@dataclass(frozen=True)
class Start:
    """Strokes to start from.

    Attributes:
        points: `[N, 1+3S, 2]` unit.
        rgb: `[N, 3]` sRGB 0..1, the colour each stroke has in the file.
        told: what was done to the strokes on the way, a line each.
    """

    points: NDArray[np.float64]
    rgb: NDArray[np.float64]
    told: list[str]


def read_start(file: str | FilePath, canvas: Canvas, count: int, fills: Fills = "outline") -> Start:
    """The strokes of an SVG file, or of a saved drawing (.pt), on `canvas`, each of `count` cubics.

    They keep their place on the page in mm; the page as a whole is scaled to the canvas's page where sizes differ.
    Runs of segments that one cubic draws within 0.01 mm (flattened curves) become that cubic, longer paths are cut,
    shorter ones divided. Strokes wholly outside the drawing area are left out.

    fills: what becomes of filled shapes, see `read_svg`.

    Raises:
        InputError: the file cannot be read, or holds no strokes in the drawing area.
    """
    try:
        saved = FilePath(file).suffix.lower() == ".pt"
        plot = by_colour(Drawing.load(file)) if saved else read_svg(file, by_colour=True, fills=fills)
    except InputError as error:
        raise InputError(f"init: {error}") from None
    total = sum((len(path) - 1) // 3 for layer in plot.layers for path in layer.paths)
    if total > MAX_SEGMENTS:
        raise InputError(f"init: '{file}' holds {total} segments, more than {MAX_SEGMENTS}: simplify its paths.")
    placed, told = on_page(plot, canvas)
    points, colours, outside = [], [], 0
    for layer in placed.layers:
        for path in layer.paths:
            for stroke in cut(merge(path, TOLERANCE_MM), count):
                if not clip(stroke, canvas.rectangle):
                    outside += 1
                    continue
                points.append(canvas.to_unit(stroke))
                colours.append(hex_to_rgb(layer.pen.hex))
    if not points:
        raise InputError(f"init: '{file}' has no stroke inside the drawing area; take a smaller margin or another page")
    if outside:
        told.append(f"{outside} strokes outside the drawing area were left out")
    return Start(np.stack(points), np.stack(colours), told)


def read_shapes(file: str | FilePath, canvas: Canvas) -> Start:
    """The filled shapes of an SVG file, or of a saved drawing (.pt) of filled shapes, on `canvas`, in their order.

    Places are as `read_start` says. Every outline is closed; all have as many cubics as the longest needs.

    Raises:
        InputError: the file cannot be read, or no shape lies in the drawing area.
    """
    try:
        saved = FilePath(file).suffix.lower() == ".pt"
        plot, several = (_saved_shapes(file), 0) if saved else read_filled(file)
    except InputError as error:
        raise InputError(f"init: {error}") from None
    placed, told = on_page(plot, canvas)
    outlines, colours, outside = [], [], 0
    for layer in placed.layers:
        for path in layer.paths:
            if not clip(path, canvas.rectangle):
                outside += 1
                continue
            closed = path if np.allclose(path[0], path[-1]) else np.concatenate([path, straight(path[-1], path[0])[1:]])
            outlines.append(merge(closed, TOLERANCE_MM))
            colours.append(hex_to_rgb(layer.pen.hex))
    if not outlines:
        raise InputError(f"init: '{file}' has no shape inside the drawing area; take a smaller margin or another page")
    most = max(2, *((len(path) - 1) // 3 for path in outlines))
    if most > MAX_OUTLINE:
        raise InputError(
            f"init: '{file}' has an outline of {most} cubics, more than {MAX_OUTLINE}: simplify or divide its paths"
        )
    if several:
        told.append(f"{several} shapes have several outlines, each of which became a shape: holes are filled")
    if outside:
        told.append(f"{outside} shapes outside the drawing area were left out")
    points = np.stack([canvas.to_unit(cut(path, most)[0]) for path in outlines])
    return Start(points, np.stack(colours), told)


def _saved_shapes(file: str | FilePath) -> Plot:
    drawing = Drawing.load(file)
    if not drawing.primitive.filled:
        raise InputError(f"'{file}' holds {drawing.primitive.kind}, no filled shapes")
    layers = []
    for path, rgb in zip(drawing.primitive.paths(), drawing.ink.stroke_rgb().tolist(), strict=True):
        pen = Pen(name="fill", hex=rgb_to_hex(np.array(rgb)), tip_mm=0.4)
        layers.append(Layer(pen, [drawing.canvas.to_mm(path)]))
    return Plot(drawing.canvas.page, drawing.canvas.margin_mm, layers)


def on_page(plot: Plot, canvas: Canvas) -> tuple[Plot, list[str]]:
    """The plot on the canvas's page, scaled as a whole and centred if the pages differ; and a line that says so."""
    old, new = plot.page, canvas.page
    if max(abs(old.width_mm - new.width_mm), abs(old.height_mm - new.height_mm)) <= SAME_PAGE_MM:
        return Plot(new, canvas.margin_mm, plot.layers, plot.paper), []
    scale = min(new.width_mm / old.width_mm, new.height_mm / old.height_mm)
    offset = (np.array([new.width_mm, new.height_mm]) - scale * np.array([old.width_mm, old.height_mm])) / 2
    moved = Plot(new, canvas.margin_mm, plot.layers).map(lambda layer: [path * scale + offset for path in layer.paths])
    line = (
        f"page {old.width_mm:g} x {old.height_mm:g} mm scaled by {scale:.4g} to {new.width_mm:g} x {new.height_mm:g} mm"
    )
    return moved, [line]


def cut(path: Path, count: int) -> list[Path]:
    """The same curve as paths of exactly `count` segments each; segments are halved where they are too few."""
    whole = (len(path) - 1) // 3
    made = [path[3 * first : 3 * min(first + count, whole) + 1] for first in range(0, whole, count)]
    while len(made[-1]) < 3 * count + 1:
        pieces = list(segments(made[-1]))
        longest = int(np.argmax(lengths(pieces)))
        halves = split(pieces[longest], 0.5)
        made[-1] = np.concatenate([made[-1][: 3 * longest], halves[0], halves[1][1:], made[-1][3 * longest + 4 :]])
    return made


def merge(path: Path, tolerance: float) -> Path:
    """The path with as few segments as a greedy walk finds, nowhere further than `tolerance` from where it was."""
    pieces = segments(path)
    basis = np.stack(bernstein(np.linspace(0, 1, SAMPLES + 1)[1:]), axis=1)
    samples = np.concatenate([path[:1], (basis @ pieces).reshape(-1, 2)])
    made, first = [path[:1]], 0
    while first < len(pieces):
        best, size, failed = pieces[first], 1, len(pieces) - first + 1
        step = 2
        while size + 1 < failed:  # twice as many until one cubic does not do, then halving the doubt
            trial = min(step, failed - 1)
            found = _one_cubic(samples[SAMPLES * first : SAMPLES * (first + trial) + 1], tolerance)
            if found is None:
                failed = trial
            else:
                best, size = found, trial
            step = 2 * size if failed > len(pieces) - first else (size + failed) // 2
        made.append(best[1:])
        first += size
    return np.concatenate(made)


def _one_cubic(points: NDArray[np.float64], tolerance: float) -> NDArray[np.float64] | None:
    """The cubic `[4, 2]` from the first to the last of `points [M, 2]` that passes all within `tolerance`, or None.

    Least squares for the two handles, parameters by chord length, then moved to the nearest points (Gauss-Newton).
    """
    chords = np.hypot(*np.diff(points, axis=0).T)
    whole = chords.sum()
    if whole <= 0:
        return None
    u = np.concatenate([[0.0], np.cumsum(chords) / whole])
    for _ in range(4):
        start, near, far, end = bernstein(u)
        inner = np.stack([near, far], axis=1)
        ends = start[:, None] * points[0] + end[:, None] * points[-1]
        handles = np.linalg.lstsq(inner, points - ends, rcond=None)[0]
        curve = np.stack([points[0], handles[0], handles[1], points[-1]])
        apart = ends + inner @ handles - points
        if np.hypot(*apart.T).max() <= tolerance:
            # a loop between two samples would be seen by its length only
            return curve if lengths([curve])[0] <= 1.01 * whole + tolerance else None
        slope, second = cubic_slope(curve, u[:, None]), 6 * np.diff(curve, n=2, axis=0)
        bend = (1 - u)[:, None] * second[0] + u[:, None] * second[1]
        down = (slope * slope + apart * bend).sum(axis=1)
        move = np.divide((apart * slope).sum(axis=1), down, out=np.zeros_like(u), where=np.abs(down) > 1e-12)
        u = np.clip(u - move, 0, 1)
        u[0], u[-1] = 0.0, 1.0
    return None
