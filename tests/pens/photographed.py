"""Photographs of plotted charts, synthesized: ink on paper stroke by stroke, then a hand-held camera.

Nothing here is shared with the calibration but the strokes of the plot: ink, optics, sRGB and JPEG are written anew.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from plotart.core.geometry import flatten
from plotart.plot import Plot

Build = Literal["strokes", "passes", "never"]


@dataclass(frozen=True)
class TrueInk:
    """What a pen really does: linear light of its full colour, strength of one stroke, line width."""

    linear: tuple[float, float, float]
    opacity: float
    tip_mm: float
    opaque: bool = False
    build: Build = "strokes"
    """Where ink of the same pen adds up: at every crossing of strokes, only between paths, or nowhere."""

    @property
    def srgb(self) -> np.ndarray:
        return encode(np.array(self.linear))


def encode(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def decode(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _lay(plane: np.ndarray, a: np.ndarray, b: np.ndarray, width: float, strength: float) -> None:
    """One straight round-ended stroke, all in pixels: what is left bare shrinks by (1 - strength coverage)."""
    reach = width / 2 + 1
    low = np.maximum(np.floor(np.minimum(a, b) - reach).astype(int), 0)
    high = np.minimum(np.ceil(np.maximum(a, b) + reach).astype(int) + 1, plane.shape[::-1])
    if (high <= low).any():
        return
    x = np.arange(low[0], high[0])[None, :] + 0.5 - a[0]
    y = np.arange(low[1], high[1])[:, None] + 0.5 - a[1]
    d = b - a
    t = np.clip((x * d[0] + y * d[1]) / max(float(d @ d), 1e-12), 0, 1)
    distance = np.hypot(x - t * d[0], y - t * d[1])
    coverage = np.clip(0.5 + width / 2 - distance, 0, 1)
    plane[low[1] : high[1], low[0] : high[0]] *= (1 - strength * coverage).astype(plane.dtype)


def paper(plot: Plot, inks: Mapping[str, TrueInk], per_mm: float = 12.0) -> np.ndarray:
    """Linear light `[H, W, 3]` that leaves the plotted page (white = 1), `per_mm` pixels per millimetre."""
    height, width = round(plot.page.height_mm * per_mm), round(plot.page.width_mm * per_mm)
    light = np.ones((height, width, 3), dtype=np.float32)
    for layer in plot.layers:
        ink = inks[layer.pen.name]
        if ink.opacity == 0:
            continue
        bare = np.ones((height, width), dtype=np.float32)
        united = np.ones_like(bare)
        for path in layer.paths:
            points = flatten(path, 0.01) * per_mm
            if ink.build == "passes":
                low = np.maximum(np.floor(points.min(axis=0) - per_mm * ink.tip_mm).astype(int), 0)
                high = np.ceil(points.max(axis=0) + per_mm * ink.tip_mm).astype(int)
                window = np.s_[low[1] : high[1], low[0] : high[0]]
                united[window] = 1
            target, strength = (bare, ink.opacity) if ink.build == "strokes" else (united, 1.0)
            for a, b in pairwise(points):
                _lay(target, a, b, ink.tip_mm * per_mm, strength)
            if ink.build == "passes":
                bare[window] *= 1 - ink.opacity * (1 - united[window])
        if ink.build == "never":
            bare = 1 - ink.opacity * (1 - united)
        cover = (1 - bare)[..., None]
        colour = np.array(ink.linear, dtype=np.float32)
        light = light * (1 - cover) + cover * colour if ink.opaque else light * (1 - cover * (1 - colour))
    return light


@dataclass(frozen=True)
class Camera:
    """How the page is photographed. Lengths are shares of the photo's smaller side unless they say px."""

    height: int = 1600
    width: int = 1200
    fill: float = 0.9
    """How much of the photo the page fills."""
    degrees: float = 0.0
    tilt: tuple[float, ...] = (0.0,) * 8
    """Shift of the four corners (x, y each)."""
    shift: tuple[float, float] = (0.0, 0.0)
    bend: float = 0.0
    """Barrel distortion: relative displacement at the corners of the photo."""
    exposure: float = 0.85
    """Linear light of white paper at its brightest."""
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gradient: tuple[float, float] = (0.0, 0.0)
    """Relative fall of the light over the photo, in x and y."""
    vignette: float = 0.0
    blur_px: float = 0.6
    noise: float = 0.004
    quality: int | None = 90
    """JPEG quality; None leaves the values as they are."""
    table: float = 0.12
    seed: int = 0


def random_camera(rng: np.random.Generator, height: int = 1600, width: int = 1200) -> Camera:
    """A photo by hand, indoors: askew, falling light, wrong white balance, soft, noisy, compressed."""
    return Camera(
        height=height,
        width=width,
        fill=float(rng.uniform(0.8, 0.92)),
        degrees=float(rng.uniform(-6, 6) + 90 * rng.integers(4) * (height == width) + 180 * rng.integers(2)),
        tilt=tuple(rng.uniform(-0.035, 0.035, 8)),
        bend=float(rng.uniform(-0.006, 0.006)),
        exposure=float(rng.uniform(0.6, 0.92)),
        balance=tuple(rng.uniform(0.75, 1.0, 3)),  # type: ignore[arg-type]
        gradient=tuple(rng.uniform(-0.3, 0.3, 2)),  # type: ignore[arg-type]
        vignette=float(rng.uniform(0, 0.3)),
        blur_px=float(rng.uniform(0.5, 1.2)),
        noise=float(rng.uniform(0.002, 0.008)),
        quality=int(rng.integers(80, 96)),
        table=float(rng.uniform(0.03, 0.4)),
        seed=int(rng.integers(2**31)),
    )


def _corners(camera: Camera, page_w: float, page_h: float) -> np.ndarray:
    """Where the page's corners fall in the photo, px, clockwise from its top left."""
    angle = np.radians(camera.degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    box = np.array([[-page_w, -page_h], [page_w, -page_h], [page_w, page_h], [-page_w, page_h]]) / 2 @ turn.T
    room = np.array([camera.width, camera.height])
    box *= camera.fill * float((room / np.ptp(box, axis=0)).min())
    short = min(camera.width, camera.height)
    return box + room / 2 + short * (np.reshape(camera.tilt, (4, 2)) + np.array(camera.shift))


def _homography(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    rows, right = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(right)), 1).reshape(3, 3)


def photograph(page: np.ndarray, camera: Camera) -> Tensor:
    """The photo of a page `[H, W, 3]` of linear light: `[3, h, w]` float32 sRGB as a picture file would hold it."""
    rng = np.random.default_rng(camera.seed)
    page_h, page_w = page.shape[:2]
    corners = _corners(camera, page_w, page_h)
    to_page = _homography(corners, np.array([[0, 0], [page_w, 0], [page_w, page_h], [0, page_h]], dtype=float))
    v, u = np.mgrid[0 : camera.height, 0 : camera.width] + 0.5
    half = np.array([camera.width, camera.height]) / 2
    right, down = u - half[0], v - half[1]
    r2 = (right**2 + down**2) / float(half @ half)
    x0, y0 = half[0] + right * (1 + camera.bend * r2), half[1] + down * (1 + camera.bend * r2)
    w = to_page[2, 0] * x0 + to_page[2, 1] * y0 + to_page[2, 2]
    x = (to_page[0, 0] * x0 + to_page[0, 1] * y0 + to_page[0, 2]) / w
    y = (to_page[1, 0] * x0 + to_page[1, 1] * y0 + to_page[1, 2]) / w
    # What one pixel gathers: the page is averaged over a pixel's footprint before it is read off.
    footprint = page_w / float(np.hypot(*(corners[1] - corners[0])))
    inside = ((x >= 0) & (x < page_w) & (y >= 0) & (y < page_h)).astype(np.float32)
    inside = ndimage.gaussian_filter(inside, 0.5)
    grain = ndimage.zoom(rng.normal(0, 1, (40, 30)), (camera.height / 40, camera.width / 30), order=1)
    table = camera.table * (1 + 0.15 * grain) * np.array([1.0, 0.8, 0.6])[:, None, None]
    light = np.empty((3, camera.height, camera.width))
    for c in range(3):
        soft = ndimage.gaussian_filter(page[..., c], 0.45 * footprint)
        seen = ndimage.map_coordinates(soft, [y - 0.5, x - 0.5], order=1, mode="nearest")
        light[c] = seen * inside + table[c] * (1 - inside)
    field = np.exp(camera.gradient[0] * right / camera.width + camera.gradient[1] * down / camera.height)
    field *= (1 - camera.vignette * r2 * 0.5) ** 2
    field *= camera.exposure / float((field * (inside > 0.99)).max())
    light *= field * np.array(camera.balance)[:, None, None]
    light = np.stack([ndimage.gaussian_filter(plane, camera.blur_px) for plane in light])
    light += rng.normal(0, 1, light.shape) * camera.noise * np.sqrt(0.1 + np.maximum(light, 0))
    srgb = encode(np.clip(light, 0, 1))
    if camera.quality is None:
        return torch.from_numpy(srgb.astype(np.float32))
    picture = Image.fromarray(np.rint(srgb * 255).astype(np.uint8).transpose(1, 2, 0))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=camera.quality)
    values = np.asarray(Image.open(stream), dtype=np.float32) / 255
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))


def real_pens(plot: Plot, rng: np.random.Generator, build: Build = "strokes") -> dict[str, TrueInk]:
    """Inks that differ from what the plot assumes: other colours, strengths and widths."""
    inks = {}
    for layer in plot.layers:
        digits = layer.pen.hex[1:]
        stated = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
        linear = decode(np.clip(stated + rng.normal(0, 0.06, 3), 0.02, 0.96))
        inks[layer.pen.name] = TrueInk(
            tuple(linear),
            opacity=float(rng.uniform(0.6, 1.0)),
            tip_mm=layer.pen.tip_mm * float(rng.uniform(0.8, 1.25)),
            opaque=layer.pen.opaque,
            build=build,
        )
    return inks


def wrong_copy(camera: Camera, **changes: object) -> Camera:
    """The same photo with something wrong."""
    return replace(camera, **changes)  # type: ignore[arg-type]
