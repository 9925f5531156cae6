"""Colours: hex strings, sRGB and linear light, CIE Lab and the CIEDE2000 difference. RGB values are in 0..1."""

import re
from typing import overload

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from PIL import ImageColor
from skimage import color as _skcolor
from torch import Tensor

from plotart.core.errors import InputError

__all__ = [
    "XYZ_OF_LIGHT",
    "bare",
    "ciede2000",
    "from_lab",
    "hex_to_rgb",
    "lab_of_light",
    "lab_of_xyz",
    "lightness",
    "luminance",
    "named_colour",
    "normalize_hex",
    "rgb_to_hex",
    "to_lab",
    "to_linear",
    "to_srgb",
]

Floats = NDArray[np.float64]

_KNEE = 0.04045  # IEC 61966-2-1: straight below, power 2.4 above
_LINEAR_KNEE = _KNEE / 12.92

XYZ_OF_LIGHT = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
"""Linear sRGB to CIE XYZ (IEC 61966-2-1)."""
_WHITE = (0.95047, 1.0, 1.08883)  # XYZ of D65
_LAB_KNEE = 0.008856  # CIE 15: straight below, a cube root above


BARE = 0.1
"""Where no channel of sRGB differs by more from the paper, nothing is drawn to the eye."""


def bare(image: Tensor, paper: str) -> float:
    """The share of an image `[*, 3, H, W]` sRGB that is left paper, whose colour is `paper`, a hex string."""
    ground = torch.as_tensor(hex_to_rgb(paper), dtype=image.dtype, device=image.device)[:, None, None]
    return float(((image - ground).abs() <= BARE).all(dim=-3).float().mean())


def named_colour(text: str) -> str | None:
    """'#rrggbb' of a colour that CSS names, such as `tomato`; None for other words."""
    name = str(text).strip().lower()
    if name not in ImageColor.colormap:
        return None
    return "#" + "".join(f"{level:02x}" for level in ImageColor.getrgb(name)[:3])


def normalize_hex(text: str) -> str:
    """'#RRGGBB', 'RRGGBB', '#RGB' or a colour that CSS names as '#rrggbb'; InputError otherwise."""
    if named := named_colour(text):
        return named
    match = re.fullmatch(r"#?([0-9a-f]{6}|[0-9a-f]{3})", str(text).strip().lower())
    if not match:
        raise InputError(f"{text!r} is not a colour: write it as #rrggbb, for example #d62728, or by its name in CSS.")
    digits = match[1]
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def hex_to_rgb(text: str) -> Floats:
    """sRGB `[3]` in 0..1 of a hex colour."""
    digits = normalize_hex(text)[1:]
    return np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255


def rgb_to_hex(rgb: ArrayLike) -> str:
    """The nearest '#rrggbb' of sRGB `[3]` in 0..1 (clamped)."""
    levels = np.rint(np.clip(np.asarray(rgb, dtype=np.float64), 0, 1) * 255).astype(int)
    return "#" + "".join(f"{level:02x}" for level in levels)


@overload
def to_linear(srgb: Tensor) -> Tensor: ...
@overload
def to_linear(srgb: Floats) -> Floats: ...
def to_linear(srgb: Tensor | Floats) -> Tensor | Floats:
    """Linear light of sRGB values of any shape (IEC 61966-2-1); differentiable for tensors, finite slope everywhere."""
    if isinstance(srgb, Tensor):
        # The power sees only values above the knee: no infinite slope is multiplied by zero on the other branch.
        power = ((srgb.clamp(min=_KNEE) + 0.055) / 1.055) ** 2.4
        return torch.where(srgb <= _KNEE, srgb / 12.92, power)
    return np.where(srgb <= _KNEE, srgb / 12.92, ((np.maximum(srgb, _KNEE) + 0.055) / 1.055) ** 2.4)


@overload
def to_srgb(linear: Tensor) -> Tensor: ...
@overload
def to_srgb(linear: Floats) -> Floats: ...
def to_srgb(linear: Tensor | Floats) -> Tensor | Floats:
    """sRGB of linear light of any shape (IEC 61966-2-1); differentiable for tensors, finite slope everywhere."""
    if isinstance(linear, Tensor):
        power = 1.055 * linear.clamp(min=_LINEAR_KNEE) ** (1 / 2.4) - 0.055
        return torch.where(linear <= _LINEAR_KNEE, linear * 12.92, power)
    return np.where(
        linear <= _LINEAR_KNEE, linear * 12.92, 1.055 * np.maximum(linear, _LINEAR_KNEE) ** (1 / 2.4) - 0.055
    )


def to_lab(srgb: ArrayLike) -> Floats:
    """CIE Lab (D65, 2 degrees) `[..., 3]` of sRGB `[..., 3]`: L* in 0..100."""
    lab: Floats = _skcolor.rgb2lab(np.asarray(srgb, dtype=np.float64))
    return lab


def from_lab(lab: ArrayLike) -> Floats:
    """sRGB `[..., 3]` in 0..1 of CIE Lab `[..., 3]`; colours outside sRGB are clamped."""
    values = np.asarray(lab, dtype=np.float64)
    xyz = _skcolor.lab2xyz(values.reshape(-1, 1, 3))
    rgb: Floats = np.clip(_skcolor.xyz2rgb(xyz), 0, 1).reshape(values.shape)
    return rgb


def ciede2000(lab_a: ArrayLike, lab_b: ArrayLike) -> Floats:
    """Colour difference CIEDE2000 `[...]` of two Lab arrays `[..., 3]` that broadcast."""
    a, b = np.asarray(lab_a, dtype=np.float64), np.asarray(lab_b, dtype=np.float64)
    difference: Floats = np.asarray(_skcolor.deltaE_ciede2000(a, b))  # type: ignore[no-untyped-call]
    return difference


def _lab_root(share: Tensor) -> Tensor:
    """The compression of CIE Lab, of the share of white; its slope is finite everywhere."""
    straight = 7.787 * share + 16 / 116
    return torch.where(share <= _LAB_KNEE, straight, share.clamp(min=_LAB_KNEE) ** (1 / 3))


def luminance(light: Tensor) -> Tensor:
    """Y in 0..1 of linear light `[*, 3, H, W]`, `[*, H, W]`; differentiable."""
    return torch.einsum("j,...jhw->...hw", light.new_tensor(XYZ_OF_LIGHT[1]), light)


def lightness(y: Tensor) -> Tensor:
    """L* in 0..100 of the luminance Y in 0..1, any shape; differentiable."""
    return 116 * _lab_root(y) - 16


def lab_of_light(light: Tensor) -> Tensor:
    """CIE Lab (D65) `[*, 3, H, W]` of linear light in 0..1 `[*, 3, H, W]`; differentiable."""
    return lab_of_xyz(torch.einsum("ij,...jhw->...ihw", light.new_tensor(XYZ_OF_LIGHT), light))


def lab_of_xyz(xyz: Tensor) -> Tensor:
    """CIE Lab (D65) `[*, 3, H, W]` of CIE XYZ `[*, 3, H, W]`, white at Y = 1; differentiable."""
    white = xyz.new_tensor(_WHITE)[:, None, None]
    x, y, z = _lab_root(xyz / white).unbind(-3)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-3)
