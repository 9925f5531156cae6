"""Where a picture is looked at: faces, what stands out, and the subject before its background."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter
from scipy.spatial.distance import cdist
from skimage.color import rgb2lab
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade
from torch import Tensor

from plotart.core.images import resize

__all__ = ["Face", "faces", "looked_at", "salient", "stressed", "subject"]

Floats = NDArray[np.float64]
Face = tuple[float, float, float]
"""x and y of the middle of a face and its side, in shares of the picture's width, height and shorter side."""

FACE_PX = 320
"""Short side of the picture in which faces are looked for."""
SMALLEST = 0.1
"""The least face found, as a share of the short side: below it the cascade finds more mistakes than faces."""
SALIENT_PX = 64
"""Width at which what stands out is sought: the scale of a glance, as published."""
STRESS = 2.0
"""How much more an error counts where all attention lies than where there is none: 1 + this times as much."""
SUBJECT_PX = 96
"""Short side of the picture in which a subject is cut out."""


def faces(picture: Tensor) -> list[Face]:
    """Frontal faces in `picture [3, H, W]` sRGB, the largest first.

    By the cascade of local binary patterns that scikit-image ships (S. Liao et al., "Learning multi-scale block local
    binary patterns for face recognition", ICB 2007). It takes some other things for faces, seldom so in the mirror,
    so a face has to be found there, too.
    """
    small = _at(picture, FACE_PX)
    height, width = small.shape[:2]
    side = min(height, width)
    least = max(24, round(SMALLEST * side))
    if side < least:
        return []
    levels = (small * 255).round().astype(np.uint8)
    mirrored = [(width - x, y, across) for x, y, across in _faces_px(levels[:, ::-1], least)]
    found = []
    for x, y, across in _faces_px(levels, least):
        twins = [twin for twin in mirrored if math.dist(twin[:2], (x, y)) < 0.35 * across]
        if any(0.6 < twin[2] / across < 1.7 for twin in twins):
            found.append((x / width, y / height, across / side))
    return sorted(found, key=lambda face: (-face[2], face[1], face[0]))


def salient(picture: Tensor) -> Floats:
    """How much each place of `picture [3, H, W]` sRGB stands out, `[h, w]` in 0..1, w about 64.

    Half of it is the spectral residual of each channel of CIE Lab: what the logarithm of the amplitude spectrum has
    beside its own local mean, taken back to the plane with the phase, squared and smoothed (X. Hou and L. Zhang,
    "Saliency detection: a spectral residual approach", CVPR 2007). The other half is how far the place's colour is from
    the picture's mean (R. Achanta et al., "Frequency-tuned salient region detection", CVPR 2009).
    """
    height, width = picture.shape[-2:]
    scale = SALIENT_PX / width
    small = _at(picture, max(8, round(min(height, width) * scale)))
    total = np.zeros(small.shape[:2])
    lab = rgb2lab(small)
    for channel in np.moveaxis(lab, -1, 0):
        spectrum = np.fft.fft2(channel)
        if float(np.ptp(channel)) < 1:  # a channel of one value says nothing
            continue
        amplitude = np.log(np.abs(spectrum) + 1e-9)
        residual = amplitude - uniform_filter(amplitude, 3, mode="wrap")
        total += np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    blurred = gaussian_filter(lab, (1.0, 1.0, 0))
    apart = np.linalg.norm(blurred - lab.mean((0, 1)), axis=-1)
    return 0.5 * (_full(gaussian_filter(total, 2.5)) + _full(gaussian_filter(apart, 1.5)))


def _full(values: Floats) -> Floats:
    """The values between 0 and 1."""
    low = float(values.min())
    return np.asarray((values - low) / max(float(values.max()) - low, 1e-12))


def looked_at(picture: Tensor, stands_out: Floats | None = None) -> Floats:
    """Where the eye goes in `picture [3, H, W]` sRGB, `[h, w]` in 0..1: to faces first, then to what stands out.

    stands_out: `[h, w]` in 0..1, what a network says of that; `salient` by default.
    """
    found = salient(picture) if stands_out is None else stands_out
    height, width = found.shape
    y, x = np.mgrid[:height, :width] + 0.5
    shown = faces(picture)
    if shown:
        found = 0.5 * found
    for cx, cy, side in shown:
        radius = 0.75 * side * min(height, width)
        apart = ((x - cx * width) ** 2 + (y - cy * height) ** 2) / radius**2
        found = np.maximum(found, np.exp(-(apart**2)))
    return found


def stressed(focus: Tensor) -> Tensor:
    """What errors count, of mean 1, where `focus` in 0..1 says how much each place matters; same shape."""
    weight = 1 + STRESS * focus
    return weight / weight.mean()


def subject(picture: Tensor) -> Floats:
    """How surely each place of `picture [3, H, W]` sRGB belongs to the subject, `[h, w]` in 0..1.

    Random walks (L. Grady, "Random walks for image segmentation", PAMI 2006) that avoid edges, from the places that
    are looked at and have no colour of the border, and from the upper and side borders, which are background.
    """
    small = _at(picture, SUBJECT_PX)
    height, width = small.shape[:2]
    glance = torch.from_numpy(looked_at(picture))[None, None]
    eye = torch.nn.functional.interpolate(glance, (height, width), mode="bilinear")[0, 0].numpy()
    lab = gaussian_filter(rgb2lab(small), (0.7, 0.7, 0))
    seeds = np.zeros((height, width), dtype=np.int64)
    rim = max(1, round(0.03 * min(height, width)))
    seeds[:rim] = seeds[:, :rim] = seeds[:, -rim:] = 2
    border = lab[seeds == 2]
    other = cdist(lab.reshape(-1, 3), border[:: max(1, len(border) // 256)]).min(1).reshape(height, width)
    inner = eye * np.clip(other / max(float(np.percentile(other, 98)), 1e-9), 0, 1)
    inner[: 2 * rim] = inner[:, : 2 * rim] = inner[:, -2 * rim :] = 0
    seeds[inner >= max(0.6 * float(inner.max()), 1e-9)] = 1
    if not (seeds == 1).any():
        return np.ones((height, width))  # one plain colour: all of it is the subject
    from skimage.segmentation import random_walker  # noqa: PLC0415 - heavy, and only needed here

    chance: Floats = random_walker(lab, seeds, beta=90, mode="bf", channel_axis=-1, return_full_prob=True)[0]
    return np.clip(chance, 0, 1)


def _faces_px(levels: NDArray[np.uint8], least: int) -> list[tuple[float, float, float]]:
    """x, y and side of what the cascade takes for faces, at least `least` px large, in `levels [H, W, 3]`."""
    most = min(levels.shape[:2])
    boxes = _cascade().detect_multi_scale(
        img=np.ascontiguousarray(levels), scale_factor=1.2, step_ratio=1, min_size=(least,) * 2, max_size=(most,) * 2
    )
    return [(box["c"] + box["width"] / 2, box["r"] + box["height"] / 2, float(box["width"])) for box in boxes]


@lru_cache(maxsize=1)
def _cascade() -> Cascade:
    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]


def _at(picture: Tensor, side: int) -> Floats:
    """The picture `[h, w, 3]` with a short side of at most `side` px."""
    height, width = picture.shape[-2:]
    scale = min(1.0, side / min(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    small = resize(picture.detach().cpu().float(), *size)
    return np.asarray(small.permute(1, 2, 0).double().numpy())
