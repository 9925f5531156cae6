"""The corner marks of a chart in a photo: what looks like one, and which is which."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from plotart.pens.chart import MARK_CELLS, MARKS, ChartLayout

__all__ = ["Mark", "assign_marks", "count_marks", "find_marks", "project", "relative_light"]

Floats = NDArray[np.float64]

_MOST_CANDIDATES = 8


@dataclass(frozen=True)
class Mark:
    """What looks like a corner mark: its centre `[2]` and side in px, and how many of its inner cells are dark."""

    centre: Floats
    side: float
    dark: int
    contrast: float


def relative_light(light: NDArray[np.float32]) -> Floats:
    """The darkest channel of each pixel relative to the brightest surroundings, `[H, W]`, 1 on paper; sRGB-like."""
    value = ndimage.gaussian_filter(np.sqrt(np.maximum(light, 0)).min(axis=0).astype(np.float64), 0.7)
    block = 8
    rows, columns = (-(-side // block) for side in value.shape)
    padded = np.pad(value, ((0, rows * block - value.shape[0]), (0, columns * block - value.shape[1])), mode="edge")
    coarse = np.percentile(padded.reshape(rows, block, columns, block), 80, axis=(1, 3))
    reach = max(3, max(rows, columns) // 12)
    paper = ndimage.gaussian_filter(ndimage.maximum_filter(coarse, 2 * reach + 1), reach / 2)
    y, x = np.mgrid[0 : value.shape[0], 0 : value.shape[1]]
    at = [(y + 0.5) / block - 0.5, (x + 0.5) / block - 0.5]
    full = ndimage.map_coordinates(paper, at, order=1, mode="nearest")
    relative: Floats = value / np.maximum(full, 1e-3)
    return relative


def _read(image: Floats, xy: Floats) -> Floats:
    values: Floats = ndimage.map_coordinates(image, [xy[..., 1] - 0.5, xy[..., 0] - 0.5], order=1, mode="nearest")
    return values


def find_marks(relative: Floats) -> list[Mark]:
    """Everything that looks like a corner mark, the clearest first."""
    found: list[Mark] = []
    longest = max(relative.shape)
    for threshold in (0.45, 0.6, 0.75, 0.88):
        labels, _ = ndimage.label(relative < threshold, structure=np.ones((3, 3)))
        for number, window in enumerate(ndimage.find_objects(labels), start=1):
            sides = [part.stop - part.start for part in window]
            if min(sides) < max(9, 0.01 * longest) or max(sides) > min(0.25 * longest, 2.5 * min(sides)):
                continue
            shape = labels[window] == number
            filled = ndimage.binary_fill_holes(shape)
            if not 0.25 < shape.sum() / filled.sum() < 0.9 or filled.sum() < 0.45 * sides[0] * sides[1]:
                continue
            quad = _quad(filled) + np.array([window[1].start, window[0].start])
            mark = _decode(relative, quad)
            if mark is not None:
                found.append(mark)
    found.sort(key=lambda mark: -mark.contrast)
    kept: list[Mark] = []
    for mark in found:
        if all(np.hypot(*(mark.centre - other.centre)) > 0.01 * longest for other in kept):
            kept.append(mark)
    return kept[:_MOST_CANDIDATES]


def count_marks(marks: list[Mark]) -> int:
    """How many of the four different marks of one chart are among the candidates, at most; letters are too small."""
    side = max((mark.side for mark in marks), default=0.0)
    dark = [mark.dark for mark in marks if mark.side > side / 2.5]
    return sum(min(dark.count(cells), most) for cells, most in ((0, 1), (2, 2), (4, 1)))


def _quad(filled: NDArray[np.bool_]) -> Floats:
    """Corners `[4, 2]` in order around a filled, roughly four-sided shape: its sides' fitted lines, intersected."""
    rim = filled & ~ndimage.binary_erosion(filled)
    outline: Floats = np.argwhere(rim)[:, ::-1].astype(np.float64) + 0.5
    spread = np.hypot(*np.moveaxis(outline[:, None] - outline[None], -1, 0))
    a, c = np.unravel_index(int(spread.argmax()), spread.shape)
    d = outline[c] - outline[a]
    off = (outline - outline[a]) @ np.array([-d[1], d[0]])
    rough: Floats = outline[[int(a), int(off.argmax()), int(c), int(off.argmin())]]
    lines = []
    for start, end in zip(rough, np.roll(rough, -1, axis=0), strict=True):
        along = end - start
        size = float(np.hypot(*along))
        if size < 3:
            return rough
        t = (outline - start) @ along / size**2
        away = np.abs((outline - start) @ np.array([-along[1], along[0]])) / size
        near = outline[(t > 0.15) & (t < 0.85) & (away < 0.12 * size)]
        if len(near) < 3:
            return rough
        middle = near.mean(axis=0)
        lines.append((middle, np.linalg.svd(near - middle)[2][1]))
    corners = []
    for (p, n), (q, m) in zip([lines[-1], *lines[:-1]], lines, strict=True):
        normals = np.stack([n, m])
        if abs(np.linalg.det(normals)) < 0.1:
            return rough
        corners.append(np.linalg.solve(normals, np.array([p @ n, q @ m])))
    return np.array(corners)


def _cell_points(quad: Floats, cells: Floats) -> Floats:
    """Pixels of points `[M, 2]` in cells (0..6) of the mark whose corners are `quad`."""
    square = MARK_CELLS * np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    return project(_homography(square, quad), cells)


def _homography(source: Floats, target: Floats) -> Floats:
    """The `[3, 3]` map of four points `[4, 2]` onto four others; nan if there is none."""
    size_s, size_t = float(np.abs(source).max()), float(np.abs(target).max())
    (x, y), (u, v) = (source / size_s).T, (target / size_t).T
    one, zero = np.ones(4), np.zeros(4)
    rows = np.concatenate(
        [
            np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=1),
            np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=1),
        ]
    )
    if np.linalg.cond(rows) > 1e9:
        return np.full((3, 3), np.nan)
    inner = np.append(np.linalg.solve(rows, np.concatenate([u, v])), 1.0).reshape(3, 3)
    scaled: Floats = np.diag([size_t, size_t, 1.0]) @ inner @ np.diag([1 / size_s, 1 / size_s, 1.0])
    return scaled


def project(homography: Floats, points: Floats) -> Floats:
    """Points `[..., 2]` under a homography `[3, 3]`."""
    w = points @ homography[2, :2] + homography[2, 2]
    moved: Floats = (points @ homography[:2, :2].T + homography[:2, 2]) / w[..., None]
    return moved


_SUB = np.array([[0.3, 0.3], [0.7, 0.3], [0.3, 0.7], [0.7, 0.7]])


def _decode(relative: Floats, quad: Floats) -> Mark | None:
    """The mark with these corners, or None if its cells are not those of a mark."""
    rows, columns = np.mgrid[0:MARK_CELLS, 0:MARK_CELLS]
    points = np.stack([columns, rows], axis=-1)[..., None, :] + _SUB
    pixels = _cell_points(quad, points.reshape(-1, 2))
    if not np.isfinite(pixels).all():
        return None
    values = _read(relative, pixels).reshape(MARK_CELLS, MARK_CELLS, 4).mean(axis=-1)
    border, ring = MARKS[2], ~MARKS[0]
    between = (values[border].mean() + values[ring].mean()) / 2
    wrong = int((values[border] > between).sum() + (values[ring] < between).sum())
    contrast = float(np.median(values[ring]) - np.median(values[border]))
    if wrong > 1 or contrast < 0.1:
        return None
    middle = _cell_points(quad, np.array([[MARK_CELLS / 2, MARK_CELLS / 2]]))[0]
    side = float(np.hypot(*(quad - np.roll(quad, 1, axis=0)).T).mean())
    return Mark(middle, side, int((values[2:4, 2:4] < between).sum()), contrast)


def assign_marks(relative: Floats, marks: list[Mark], layout: ChartLayout) -> Floats | None:
    """The homography mm -> px under which four candidates are the four marks, by what is inside the marks."""
    cells = layout.mark_cells()
    core = cells[:, 2:4, 2:4].reshape(-1, 2)
    expected = np.where(MARKS[:, 2:4, 2:4].ravel(), -1.0, 1.0)
    expected -= expected.mean()
    best, best_score = None, 0.8
    for four in _quadruples([mark.centre for mark in marks]):
        homography = _homography(np.asarray(layout.marks, dtype=np.float64), four)
        pixels = project(homography, core)
        if not np.isfinite(pixels).all():
            continue
        seen = _read(relative, pixels)
        seen = seen - seen.mean()
        score = float(seen @ expected / (np.linalg.norm(seen) * np.linalg.norm(expected) + 1e-9))
        if score > best_score:
            best, best_score = homography, score
    return best


def _quadruples(centres: list[Floats]) -> Iterator[Floats]:
    """Every choice of four centres, in every order that goes around a convex shape, as `[4, 2]`."""
    for chosen in combinations(centres, 4):
        for order in permutations(chosen):
            four = np.array(order)
            edges = np.roll(four, -1, axis=0) - four
            after = np.roll(edges, -1, axis=0)
            turns = edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]
            if (turns > 0).all() or (turns < 0).all():
                yield four
