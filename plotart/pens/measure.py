"""What a photo says about each patch of a chart: its light relative to white paper lit like it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plotart.core.errors import InputError
from plotart.pens.chart import ChartLayout, Patch
from plotart.pens.locate import Sight

__all__ = ["LightField", "Reading", "light_field", "read_patches"]

Floats = NDArray[np.float64]

_CLIPPED = 0.99  # linear light of sRGB 254/255
_FLOOR = 0.003  # light that an 8-bit, compressed photo cannot tell apart
_FINE = 0.035  # share of the missing light by which JPEG's coarse chroma falsifies lines a few pixels wide


@dataclass(frozen=True)
class LightField:
    """The light that white paper sends to the camera, exp(polynomial) over the page for each channel."""

    coefficients: Floats
    """`[T, 3]`, the terms x^i y^j of page coordinates scaled to -1..1."""
    degree: int
    size_mm: tuple[float, float]
    error: float
    """Standard deviation of the paper's light around the field, relative to it: the larger of noise and unevenness."""

    def at(self, xy_mm: Floats) -> Floats:
        """Light `[..., 3]` of white paper at points `[..., 2]` of the page."""
        field: Floats = np.exp(_terms(xy_mm, self.size_mm, self.degree) @ self.coefficients)
        return field


def _terms(xy_mm: Floats, size_mm: tuple[float, float], degree: int) -> Floats:
    scaled = 2 * xy_mm / np.array(size_mm) - 1
    x, y = scaled[..., 0], scaled[..., 1]
    return np.stack([x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)], axis=-1)


def _grid(x0: float, y0: float, width: float, height: float, step: float) -> Floats:
    """Midpoints `[R, C, 2]` of a grid over the rectangle: averages over them are integrals, without bias by phase."""
    columns, rows = max(2, round(width / step)), max(2, round(height / step))
    x = x0 + (np.arange(columns) + 0.5) * width / columns
    y = y0 + (np.arange(rows) + 0.5) * height / rows
    return np.stack(np.meshgrid(x, y), axis=-1)


def _step(sight: Sight, patch: Patch) -> float:
    middle = np.array([patch.x + patch.width / 2, patch.y + patch.height / 2])
    return 0.7 / max(float(sight.per_mm(middle)), 0.1)


def _fine(sight: Sight, patch: Patch, tip: float) -> float:
    """`_FINE`, and more for lines less than two pixels wide."""
    middle = np.array([patch.x + patch.width / 2, patch.y + patch.height / 2])
    return _FINE * max(1.0, 2 / max(tip * float(sight.per_mm(middle)), 0.1))


def light_field(sight: Sight, layout: ChartLayout) -> LightField:
    """Fit the light on the page to its bare patches: robust least squares of log light, one polynomial per channel.

    It takes up falling light, vignetting and white balance in one.

    Raises:
        InputError: the paper is overexposed, too dark, or lit too unevenly.
    """
    places, values, clipped = [], [], []
    for patch in layout.of_kind("white"):
        points = _grid(patch.x, patch.y, patch.width, patch.height, _step(sight, patch))
        light = np.sort(sight.sample(points).reshape(-1, 3), axis=0)
        cut = len(light) // 10
        places.append((patch.x + patch.width / 2, patch.y + patch.height / 2))
        values.append(light[cut : len(light) - cut].mean(axis=0))
        clipped.append((light > _CLIPPED).mean(axis=0).max() > 0.1)
    if np.mean(clipped) > 0.05:
        raise InputError(
            f"photo: the paper is overexposed ({100 * np.mean(clipped):.0f} % of the bare patches are clipped): "
            "take it again with less light or a shorter exposure."
        )
    usable = ~np.array(clipped)
    xy, light = np.array(places)[usable], np.array(values)[usable]
    if float(np.median(light)) < 0.03:
        raise InputError("photo: the paper is too dark to measure colours: take it again with more light.")
    size = (layout.width_mm, layout.height_mm)
    degree = 3 if len(xy) >= 30 else 2 if len(xy) >= 14 else 1
    terms, logs = _terms(xy, size, degree), np.log(np.maximum(light, 1e-4))
    weights = np.ones(len(xy))
    for _ in range(20):
        root = np.sqrt(weights)[:, None]
        coefficients = np.linalg.lstsq(terms * root, logs * root, rcond=None)[0]
        off = np.abs(logs - terms @ coefficients).max(axis=1)
        spread = max(1.4826 * float(np.median(off)) / 1.5, 1e-4)
        weights = np.clip(1 - (off / (6 * spread)) ** 2, 0, 1) ** 2  # Tukey's biweight: shadows and spots drop out
    if np.mean(weights < 0.05) > 0.3:
        raise InputError(
            "photo: the chart's bare patches are not evenly white: is this its photo, and are there no shadows on it?"
        )
    residual = (logs - terms @ coefficients)[weights > 0.05]
    freedom = max(len(residual) - terms.shape[1], 1)
    return LightField(coefficients, degree, size, float(np.sqrt((residual**2).sum(axis=0).max() / freedom)))


@dataclass(frozen=True)
class Reading:
    """A patch and its linear light relative to white paper, `[3]`; for lines, the missing light across one, in mm."""

    patch: Patch
    value: Floats
    error: Floats
    """Standard error `[3]`, the light field's included."""


def read_patches(sight: Sight, layout: ChartLayout, field: LightField) -> list[Reading]:
    """Readings of all patches with ink, in the order of the layout."""
    return [
        _read_lines(sight, layout, field, patch) if patch.kind == "lines" else _read_area(sight, layout, field, patch)
        for patch in layout.patches
        if patch.kind != "white"
    ]


def _read_area(sight: Sight, layout: ChartLayout, field: LightField, patch: Patch) -> Reading:
    """Mean light well inside the patch, over whole periods of its hatch."""
    tip = max(layout.pens[index].tip_mm for index in (patch.pen, max(patch.base, 0)))
    inset = min(max(0.12 * patch.width, 0.6 * tip + 3 * sight.blur_mm), 0.3 * patch.width)
    x_pitch = patch.pitch_mm if patch.kind in ("cross", "overlap") else 0.0
    y_pitch = patch.base_pitch_mm if patch.kind == "overlap" else patch.pitch_mm
    width, height = _whole(patch.width - 2 * inset, x_pitch), _whole(patch.height - 2 * inset, y_pitch)
    x, y = patch.x + (patch.width - width) / 2, patch.y + (patch.height - height) / 2
    points = _grid(x, y, width, height, _step(sight, patch))
    light = sight.sample(points) / field.at(points)
    value = light.mean(axis=(0, 1))
    # The unevenness left after averaging over quarters: noise, dirt, ink that ran dry.
    rows, columns = light.shape[0] // 2, light.shape[1] // 2
    quarters = [light[r, c].mean(axis=(0, 1)) for r in np.s_[:rows, rows:] for c in np.s_[:columns, columns:]]
    solid = y_pitch < tip
    more = np.std(quarters, axis=0, ddof=1) / 2 if solid else _fine(sight, patch, tip) * (1 - value)
    return Reading(patch, value, np.sqrt(_FLOOR**2 + (field.error * value) ** 2 + more**2))


def _whole(length: float, pitch: float) -> float:
    return int(length / pitch) * pitch if 0 < pitch <= length else length


def _read_lines(sight: Sight, layout: ChartLayout, field: LightField, patch: Patch) -> Reading:
    """Missing light integrated across each lone line, mm; blur spreads it but does not change it."""
    tip = layout.pens[patch.pen].tip_mm
    half = min(patch.pitch_mm / 2, 0.85 * tip + 4 * sight.blur_mm + 0.35)
    count = int(patch.width / patch.pitch_mm + 0.5)
    areas = []
    for x in patch.x + patch.pitch_mm * (np.arange(count) + 0.5):
        points = _grid(x - half, patch.y + 0.2 * patch.height, 2 * half, 0.6 * patch.height, _step(sight, patch) / 2)
        profile = (sight.sample(points) / field.at(points)).mean(axis=0)
        steps = np.linspace(-1, 1, len(profile))
        outside = np.abs(steps) > 0.8
        edges = np.stack([profile[outside & (steps < 0)].mean(axis=0), profile[outside & (steps > 0)].mean(axis=0)])
        paper = edges.mean(axis=0) + 0.5 * (edges[1] - edges[0]) * steps[:, None] / 0.9
        areas.append((1 - profile / paper).mean(axis=0) * 2 * half)
    area = np.array(areas)
    middle = np.median(area, axis=0)
    scatter = 1.4826 * np.median(np.abs(area - middle), axis=0) / np.sqrt(max(count - 1, 1))
    return Reading(
        patch, area.mean(axis=0), np.sqrt(scatter**2 + (_fine(sight, patch, tip) * middle) ** 2 + (0.005 * tip) ** 2)
    )
