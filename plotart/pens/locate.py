"""Finding a chart in a photo: corner marks, then page coordinates refined on the frame to a fraction of a pixel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import least_squares

from plotart.core.errors import InputError
from plotart.pens.chart import MARK_CELLS, ChartLayout
from plotart.pens.marks import assign_marks, count_marks, find_marks, project, relative_light

__all__ = ["Sight", "locate"]

Floats = NDArray[np.float64]

_WORKING_SIDE = 1600  # marks are looked for at this size; the refinement then uses the whole photo
_SMALLEST_MARK = 0.018  # of the longer side of a photo that the chart nearly fills


@dataclass(frozen=True)
class Sight:
    """A chart seen in a photo: the map from the page to the photo, and the photo's linear light.

    In pixels p = c + (u - c) (1 + bend |u - c|^2 / |c|^2), where u is the homography of the point on the page and c the
    middle of the photo; pixel (x, y) covers [x, x+1) x [y, y+1).
    """

    light: NDArray[np.float32]
    """Linear light of the photo, `[3, H, W]`."""
    homography: Floats
    bend: float = 0.0
    blur_mm: float = 0.0
    """Standard deviation of the photo's blur on the page."""
    misfit_mm: float = 0.0
    """Root mean square distance between the frame in the photo and the frame of the layout."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the photo in px."""
        return self.light.shape[1], self.light.shape[2]

    def to_px(self, xy_mm: Floats) -> Floats:
        """Points of the page `[..., 2]` in mm as photo pixels `[..., 2]`."""
        u = project(self.homography, xy_mm)
        centre = np.array(self.size[::-1]) / 2
        away = u - centre
        r2 = (away**2).sum(axis=-1, keepdims=True) / float(centre @ centre)
        pixels: Floats = centre + away * (1 + self.bend * r2)
        return pixels

    def per_mm(self, xy_mm: Floats) -> Floats:
        """Photo pixels per millimetre at points `[..., 2]`, the lesser of both directions."""
        at = self.to_px(xy_mm)
        steps = [np.hypot(*np.moveaxis(self.to_px(xy_mm + d) - at, -1, 0)) for d in ([0.5, 0.0], [0.0, 0.5])]
        scale: Floats = 2 * np.minimum(*steps)
        return scale

    def sample(self, xy_mm: Floats) -> Floats:
        """Linear light `[..., 3]` at points of the page `[..., 2]`, interpolated between pixel centres."""
        pixels = self.to_px(xy_mm)
        at = [pixels[..., 1] - 0.5, pixels[..., 0] - 0.5]
        planes = [
            ndimage.map_coordinates(plane, at, order=1, mode="nearest", output=np.float64) for plane in self.light
        ]
        return np.stack(planes, axis=-1)


def locate(light: NDArray[np.float32], layout: ChartLayout) -> Sight:
    """Find the chart in a photo of linear light `[3, H, W]`.

    Raises:
        InputError: no chart, a mark outside or hidden, a photo too small, a frame that is cut or far from straight.
    """
    height, width = light.shape[1:]
    longest = max(layout.width_mm, layout.height_mm)
    if max(height, width) < 3.2 * longest:
        raise InputError(
            f"photo: {width}x{height} pixels are too few for a chart of {layout.width_mm:g} x {layout.height_mm:g} mm: "
            f"take one with a longer side of at least {5 * longest:.0f} pixels."
        )
    step = max(1, round(max(height, width) / _WORKING_SIDE))
    small = light[:, : height // step * step, : width // step * step]
    small = small.reshape(3, height // step, step, width // step, step).mean(axis=(2, 4))
    relative = relative_light(small)
    candidates = find_marks(relative)
    homography = assign_marks(relative, candidates, layout)
    if homography is None:
        seen = count_marks([mark for mark in candidates if mark.side > _SMALLEST_MARK * max(small.shape)])
        if 1 <= seen <= 3:
            raise InputError(
                f"photo: only {seen} of the chart's 4 corner marks can be seen: photograph the whole page, "
                "with nothing on top of it."
            )
        raise InputError(
            "photo: no chart can be found: photograph the whole page sharply and from above, with all four marks."
        )
    coarse = Sight(light, np.diag([float(step), float(step), 1.0]) @ homography)
    marks = coarse.to_px(layout.mark_cells().reshape(-1, 2))
    if (marks < 1).any() or (marks > np.array([width, height]) - 1).any():
        raise InputError("photo: a corner of the chart is cut off: photograph the whole page.")
    return _refine(coarse, layout)


def _guides(layout: ChartLayout) -> list[tuple[str, Floats, Floats, float]]:
    """Dark lines of known place: name, points `[M, 2]`, normal `[2]`, and half the width to look at, in mm."""
    guides = []
    for name, (x0, y0, x1, y1) in zip(("top", "right", "bottom", "left"), layout.frame, strict=True):
        t = np.linspace(0.01, 0.99, 60)[:, None]
        normal = np.array([0.0, 1.0]) if y0 == y1 else np.array([1.0, 0.0])
        guides.append((name, (1 - t) * np.array([x0, y0]) + t * np.array([x1, y1]), normal, 2.0))
    reach = layout.cell_mm * (MARK_CELLS - 1) / 2
    for mark in np.asarray(layout.marks):
        steps = np.linspace(-0.7, 0.7, 8) * reach
        for axis in (0, 1):
            normal = np.eye(2)[axis]
            for side in (-reach, reach):
                points = mark + side * normal + steps[:, None] * np.eye(2)[1 - axis]
                guides.append(("", points, normal, 1.35 * layout.cell_mm))
    return guides


def _refine(sight: Sight, layout: ChartLayout) -> Sight:
    """Homography and bend that put the frame and the marks' borders where they are seen."""
    guides = _guides(layout)
    for window in (1.0, 0.8, 0.7):
        points, normals, offsets = [], [], []
        blurs: list[Floats] = []
        for name, places, normal, reach in guides:
            half = reach * (window if name else 1.0)
            good, offset, variance = _centroids(sight, places, normal, half)
            if name and good.mean() < 0.6:
                raise InputError(f"photo: the {name} side of the chart's frame is cut, covered or out of focus.")
            points.append(places[good])
            normals.append(np.broadcast_to(normal, places[good].shape))
            offsets.append(offset[good])
            if name:
                blurs.append(variance[good])
        at, across, off = np.concatenate(points), np.concatenate(normals), np.concatenate(offsets)
        sight = _fit(sight, at, across, off)
    blur = float(np.median(np.concatenate(blurs))) - layout.pens[0].tip_mm ** 2 / 12
    return Sight(sight.light, sight.homography, sight.bend, float(np.sqrt(max(blur, 0.0))), sight.misfit_mm)


def _centroids(sight: Sight, places: Floats, normal: Floats, half: float) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Where along the normal the dark line passes, from each place: whether it is there, centre mm, variance mm^2."""
    steps = np.linspace(-half, half, 41)
    profile = sight.sample(places[:, None] + steps[:, None] * normal).mean(axis=-1)
    ends = (np.median(profile[:, :6], axis=1) + np.median(profile[:, -6:], axis=1)) / 2
    depth = 1 - profile / np.maximum(ends, 1e-4)[:, None]
    depth = np.where(depth > 0.15 * depth.max(axis=1, keepdims=True), depth, 0)
    total = depth.sum(axis=1) + 1e-9
    centre = depth @ steps / total
    variance = (depth * (steps - centre[:, None]) ** 2).sum(axis=1) / total
    good = (depth.max(axis=1) > 0.06) & (np.abs(centre) < 0.85 * half) & (variance < (0.45 * half) ** 2)
    return good, centre, variance


def _fit(sight: Sight, at: Floats, across: Floats, off: Floats) -> Sight:
    seen = sight.to_px(at + off[:, None] * across)
    scale = sight.homography / sight.homography[2, 2]
    units = np.array([1.0, 1.0, 100.0, 1.0, 1.0, 100.0, 1e-3, 1e-3])  # steps of like effect on the pixels
    per_mm = float(np.median(sight.per_mm(at)))

    def moved(x: Floats) -> Sight:
        homography = np.append(scale.ravel()[:8] + x[:8] * units, 1.0).reshape(3, 3)
        return Sight(sight.light, homography, sight.bend + x[8])

    def residual(x: Floats) -> Floats:
        candidate = moved(x)
        here = candidate.to_px(at)
        aside = candidate.to_px(at + 0.05 * across) - here
        aside /= np.hypot(*aside.T)[:, None]
        distance: Floats = ((seen - here) * aside).sum(axis=1) / per_mm
        return distance

    result = least_squares(residual, np.zeros(9), loss="soft_l1", f_scale=0.05, x_scale="jac", max_nfev=60)
    fitted = moved(result.x)
    errors = residual(result.x)
    misfit = float(np.sqrt(np.mean(np.minimum(np.abs(errors), 1.0) ** 2)))
    return Sight(fitted.light, fitted.homography, fitted.bend, 0.0, misfit)
