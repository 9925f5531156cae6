"""Tones: for each pen a plane that says how much of every point of the paper it covers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.core.canvas import Canvas
from plotart.core.geometry import Path
from plotart.core.images import blur
from plotart.drawing.primitives.base import Primitive, PrimitiveSpec, primitives
from plotart.drawing.render.planes import Planes
from plotart.drawing.render.view import Coverages, View

__all__ = ["Tones", "TonesSpec", "tones"]

SLOPE, OFFSET = 1.6, -2.0
"""Coverage is sigmoid(SLOPE x + OFFSET): paper at first, an eighth of it covered."""
REACH = 1.2
"""What a step of 1 in every coefficient can do to x; see `Tones`."""


class Tones(Primitive):
    """K planes of coverage in 0..1, whose parameters are their spectra.

        x = F⁻¹(spectrum g),   g(f) = REACH / max(f, 1 / longest side),   c = blur(sigmoid(SLOPE x + OFFSET + b))

    with the frequency f in cycles a px. Coefficients scaled by 1/f change all sizes of things alike (C. Olah et al.,
    "Differentiable image parameterizations", 2018); the Gaussian of `smooth` px blurs what is finer than a line.
    b ≤ 0 is the same for all planes, and such that they together cover no more than `limit` of the paper, each counted;
    its gradient is taken along, so that a descent that would darken one place lightens the others by as much: it is
    the price of ink that keeps to the limit exactly.

    Args:
        spectrum: `[K, h, w // 2 + 1, 2]`, real and imaginary parts. width: w, px.
        smooth: sigma, px. limit: layers of ink.
    """

    rates: ClassVar[Mapping[str, float]] = {"spectrum": 0.03}
    plotted = False
    gain: Tensor

    def __init__(self, spectrum: Tensor, width: int, smooth: float, limit: float) -> None:
        super().__init__()
        if spectrum.ndim != 4 or spectrum.shape[2:] != (width // 2 + 1, 2):
            raise ValueError(f"spectrum must be [K, h, {width // 2 + 1}, 2], not {list(spectrum.shape)}")
        self.spectrum = nn.Parameter(spectrum.detach().clone())
        self.width_px, self.smooth, self.limit = width, smooth, limit
        self.register_buffer("gain", _gain(spectrum.shape[1], width), persistent=False)

    def __len__(self) -> int:
        return int(self.spectrum.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a plane, px."""
        return int(self.spectrum.shape[1]), self.width_px

    def covered(self) -> Tensor:
        """The planes, `[K, h, w]`."""
        x = torch.fft.irfft2(torch.view_as_complex(self.spectrum) * self.gain, s=self.size, norm="ortho")
        return blur(limited(SLOPE * x + OFFSET, self.limit)[None], self.smooth)[0]

    def seen(self, view: View) -> Coverages:
        return Planes(self.kind, view, self.covered())

    def coverage(self, xy: Tensor) -> Tensor:
        height, width = self.size
        scale = xy.new_tensor([2 * min(self.size) / width, 2 * min(self.size) / height])
        at = (xy * scale - 1)[None, None]
        found: Tensor = F.grid_sample(self.covered()[None], at, padding_mode="border", align_corners=False)[0, :, 0]
        return found

    def paths(self) -> list[Path]:
        return []

    def marks(self) -> list[list[Path]]:
        return [[] for _ in range(len(self))]

    def subset(self, keep: Tensor) -> Tones:
        return Tones(self.spectrum.detach()[keep], self.width_px, self.smooth, self.limit)

    def set_width(self, width: Tensor) -> None:
        """Tones have no lines."""

    @torch.no_grad()
    def area(self) -> Tensor:
        height, width = self.size
        return self.covered().mean((1, 2)) * (height * width / min(height, width) ** 2)

    def pack(self) -> dict[str, Tensor]:
        numbers = torch.tensor([self.width_px, self.smooth, self.limit], dtype=torch.float64)
        return {"spectrum": self.spectrum.detach().clone(), "numbers": numbers}

    @classmethod
    def unpack(cls, state: dict[str, Tensor]) -> Tones:
        width, smooth, limit = state["numbers"].tolist()
        return cls(state["spectrum"], int(width), smooth, limit)


@primitives.register("tones")
class TonesSpec(PrimitiveSpec):
    """Planes for pens, `size` px on the short side; what is finer than `smooth` px is left out."""

    makes = Tones
    inks = ("multiply",)

    size: int = Field(128, ge=16, le=8192)
    smooth: float = Field(0.5, ge=0, le=1000)
    limit: float = Field(1.0, gt=0, le=100, description="layers of ink that all planes have together, on average")

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Tones:
        return tones(canvas, self.size, start.get("pens", 1), self.smooth, self.limit, generator)


def tones(canvas: Canvas, size: int, pens: int, smooth: float, limit: float, generator: torch.Generator) -> Tones:
    """Faint, random planes for so many pens; size: short side, px. See `Tones`."""
    height, width = canvas.pixels(size)
    spectrum = 0.01 * torch.randn(pens, height, width // 2 + 1, 2, generator=generator)
    return Tones(spectrum, width, smooth, limit)


def limited(logits: Tensor, limit: float) -> Tensor:
    """sigmoid(logits + b) of `logits [K, h, w]` with the largest b ≤ 0 for which the means add up to `limit` at most.

    The gradient of b, by which its condition holds along every step: db = - Σ c'(x) dx / Σ c'(x).
    """
    with torch.no_grad():
        share = limit / len(logits)
        if float(torch.sigmoid(logits).mean()) <= share:
            shift = None
        else:
            low, high = -30.0, 0.0
            for _ in range(40):
                shift = (low + high) / 2
                low, high = (shift, high) if float(torch.sigmoid(logits + shift).mean()) <= share else (low, shift)
            slope = torch.sigmoid(logits + low)
            slope = slope * (1 - slope)
            slope = slope / slope.sum()
    if shift is None:
        return torch.sigmoid(logits)
    moved = (slope * logits).sum()
    return torch.sigmoid(logits + low - (moved - moved.detach()))


def _gain(height: int, width: int) -> Tensor:
    fy, fx = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    gain: Tensor = REACH / (fx.square() + fy.square()).sqrt().clamp_min(1 / max(height, width))
    return gain
