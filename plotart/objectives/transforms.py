"""What the network is shown of the page: random views of it, each one warp of the rendered image.

Rotation, translation, scale, perspective and crop are composed into one homography, so a picture is resampled once
however many of them are on. What lies beyond the page is paper, never black.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from kornia.geometry.transform import get_perspective_transform, warp_perspective
from pydantic import Field, field_validator
from torch import Tensor
from torch.nn import functional as F

from plotart.core.errors import InputError
from plotart.core.settings import Section

__all__ = ["IDENTITY", "PUBLISHED", "Transform", "Warp"]

NUMBERS = 16  # random numbers a copy takes, whatever is on: a setting changes its own effect and nothing else


@dataclass(frozen=True)
class Warp:
    """Views that have been chosen: homographies `[C, 3, 3]` float64 from page pixels to view pixels.

    Pixel (x, y) covers [x, x+1) x [y, y+1) on both sides. size: (h, w) of a view; oversample: samples per view pixel
    and axis, averaged (more than 1 where a view is smaller than the part of the page it shows).
    """

    homographies: Tensor
    size: tuple[int, int]
    oversample: int = 1

    def apply(self, image: Tensor, paper: Tensor | Sequence[float] = (1.0, 1.0, 1.0)) -> Tensor:
        """image `[1, 3, H, W]`, paper: its colour (sRGB 0..1) -> views `[C, 3, h, w]`, differentiable in the image.

        Whole-pixel shifts are exact crops; everything else is one bilinear resampling.
        """
        if image.ndim != 4 or image.shape[:2] != (1, 3):
            raise ValueError(f"image: [1, 3, H, W] expected, not {list(image.shape)}")
        ground = torch.as_tensor(paper, dtype=image.dtype, device=image.device).view(1, 3, 1, 1)
        ink = image - ground
        shifts = self._whole_shifts()
        views = self._crop(ink, shifts) if shifts is not None else self._warp(ink)
        return views + ground

    def _whole_shifts(self) -> list[tuple[int, int]] | None:
        """The views' top left corners on the page (x, y) if every view is a crop, else None."""
        shifts = self.homographies[:, :2, 2].round()
        crop = torch.eye(3, dtype=torch.float64).repeat(len(shifts), 1, 1)
        crop[:, :2, 2] = shifts
        if self.oversample != 1 or not torch.equal(crop, self.homographies):
            return None
        return [(-int(x), -int(y)) for x, y in shifts.tolist()]

    def _crop(self, ink: Tensor, corners: list[tuple[int, int]]) -> Tensor:
        height, width = self.size
        views = []
        for x, y in corners:
            beyond = (-x, x + width - ink.shape[3], -y, y + height - ink.shape[2])
            inside = ink[:, :, max(y, 0) : y + height, max(x, 0) : x + width]
            views.append(F.pad(inside, [max(0, side) for side in beyond]))
        return torch.cat(views)

    def _warp(self, ink: Tensor) -> Tensor:
        height, width = (side * self.oversample for side in self.size)
        finer = torch.diag(torch.tensor([self.oversample, self.oversample, 1.0], dtype=torch.float64))
        # kornia counts from pixel centres, the homographies from pixel corners
        centre = torch.tensor([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], dtype=torch.float64)
        between_centres = (centre.inverse() @ finer @ self.homographies @ centre).to(ink)
        copies = ink.expand(len(self.homographies), -1, -1, -1)
        views: Tensor = warp_perspective(copies, between_centres, (height, width), mode="bilinear", align_corners=True)
        return F.avg_pool2d(views, self.oversample) if self.oversample > 1 else views


class Transform(Section):
    """How far views may differ from the page; every number is a bound, sampled uniformly and independently per copy.

    The order is: rotation, scale and translation about the page's centre, then perspective, then a crop of the
    network's size anywhere on the page.
    """

    rotation: float = Field(default=5.0, ge=0, le=180, description="degrees to either side")
    translate: float = Field(default=0.0, ge=0, le=1, description="share of the page's sides")
    scale: tuple[float, float] = Field(default=(0.95, 1.05), description="enlargement, from and to (0.1 to 10)")
    perspective: float = Field(default=0.1, ge=0, lt=1, description="how far corners move in, share of half the page")
    jitter: int = Field(default=8, ge=0, le=512, description="px a view may reach beyond the page's edges")
    zoom: tuple[float, float] = Field(
        default=(1.0, 1.0), description="part of the page a view covers, in view sides (1 to 16); shown smoothed down"
    )
    view: int = Field(default=224, ge=16, le=4096, description="side of a view, px: the network's own input size")

    @field_validator("scale", "zoom")
    @classmethod
    def _ordered(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if not 0.1 <= bounds[0] <= bounds[1] <= 16:
            raise ValueError(f"{bounds[0]}, {bounds[1]} is not a range from 0.1 to 16, smaller bound first")
        return bounds

    @field_validator("zoom")
    @classmethod
    def _not_below_one(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if bounds[0] < 1:
            raise ValueError(f"zoom starts at 1 (one page pixel per view pixel), not {bounds[0]}")
        return bounds

    def __call__(
        self,
        image: Tensor,
        paper: Tensor | Sequence[float],
        generator: torch.Generator,
        *,
        copies: int = 1,
        view: int | None = None,
    ) -> Tensor:
        """`copies` random views `[C, 3, h, w]` of an image `[1, 3, H, W]`; see `sample` and `Warp.apply`."""
        side = self.view if view is None else view
        height, width = image.shape[-2:]
        return self.sample(generator, copies, (height, width), (side, side)).apply(image, paper)

    def at(self, scale: float) -> Transform:
        """The same views of a page that is drawn `scale` times as large."""
        zoom = (scale * self.zoom[0], scale * self.zoom[1])
        return self if scale == 1 else self.model_copy(update={"zoom": zoom, "jitter": round(scale * self.jitter)})

    def rim(self, side: int) -> int:
        """How far in from the edges of an image of `side` px views must stay to see nothing from beyond them."""
        angle = math.radians(self.rotation)
        kept = self.scale[0] / (math.cos(angle) + math.sin(angle)) * (1 - self.perspective)
        return math.ceil(side * (max(0.0, 1 - kept) / 2 + self.translate))

    def side_around(self, view: int) -> int:
        """The least side of an image, a multiple of 16 px, in which views of side `view` have room inside its rim."""
        side = math.ceil(view * self.zoom[1] / 16) * 16
        while side - 2 * self.rim(side) < view * self.zoom[1]:
            side += 16
            if side > 16 * view * self.zoom[1]:
                raise InputError("transform: so much rotation, perspective or translation leaves nothing of a crop")
        return side

    def sample(
        self,
        generator: torch.Generator,
        copies: int,
        in_size: tuple[int, int],
        out_size: tuple[int, int],
        reach: int | None = None,
    ) -> Warp:
        """Choose views of size `out_size` (h, w) of an image of `in_size` (H, W), px.

        All randomness comes from the generator. Along an axis on which the image is smaller than `out_size`, the view
        is as large as the image. `reach` is how far views may reach beyond the image's edges, `jitter` by default; less
        than 0 keeps them so far inside.
        """
        reach = self.jitter if reach is None else reach
        page_h, page_w = in_size
        height, width = (
            max(1, min(out, math.floor(page / self.zoom[0] + 1e-6)))
            for out, page in zip(out_size, (page_h, page_w), strict=True)
        )
        numbers = torch.rand(copies, NUMBERS, dtype=torch.float64, generator=generator)
        widest = max(1.0, min(page_h / height, page_w / width))
        warps, zooms = [], []
        for row in numbers:
            chosen = row.tolist()
            zoom = min(self.zoom[0] + (self.zoom[1] - self.zoom[0]) * chosen[4], widest)
            zooms.append(zoom)
            page_map = self._perspective(chosen[8:16], page_w, page_h) @ self._affine(chosen[:4], page_w, page_h)
            warps.append(self._crop(chosen[5:7], zoom, (page_w, page_h), (width, height), reach) @ page_map)
        return Warp(torch.stack(warps), (height, width), math.ceil(max(zooms) - 1e-9))

    def _affine(self, chosen: list[float], width: int, height: int) -> Tensor:
        angle = math.radians(self.rotation) * (2 * chosen[0] - 1)
        scale = self.scale[0] + (self.scale[1] - self.scale[0]) * chosen[1]
        move_x, move_y = (
            self.translate * side * (2 * u - 1) for side, u in zip((width, height), chosen[2:], strict=True)
        )
        cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
        x, y = width / 2, height / 2
        return torch.tensor(
            [
                [cosine, -sine, x - cosine * x + sine * y + move_x],
                [sine, cosine, y - sine * x - cosine * y + move_y],
                [0.0, 0.0, 1.0],
            ],
            dtype=torch.float64,
        )

    def _perspective(self, chosen: list[float], width: int, height: int) -> Tensor:
        """Each corner of the page moves towards the middle by up to `perspective` times half a side."""
        if self.perspective == 0:
            return torch.eye(3, dtype=torch.float64)
        x = [self.perspective * width / 2 * u for u in chosen[:4]]
        y = [self.perspective * height / 2 * u for u in chosen[4:]]
        corners = torch.tensor([[0, 0], [width, 0], [width, height], [0, height]], dtype=torch.float64)
        inward = torch.tensor([[x[0], y[0]], [-x[1], y[1]], [-x[2], -y[2]], [x[3], -y[3]]], dtype=torch.float64)
        homography: Tensor = get_perspective_transform(corners[None], (corners + inward)[None])[0]
        return homography

    def _crop(
        self, chosen: list[float], zoom: float, page: tuple[int, int], view: tuple[int, int], reach: int
    ) -> Tensor:
        """A window of the page to the view; its corner is on a whole pixel, so an unscaled crop is exact."""
        corner = []
        for u, page_side, view_side in zip(chosen, page, view, strict=True):
            first, last = -reach, math.floor(page_side - view_side * zoom + 1e-9) + reach
            corner.append(min(first + math.floor(u * (last - first + 1)), last))
        return torch.tensor(
            [[1 / zoom, 0, -corner[0] / zoom], [0, 1 / zoom, -corner[1] / zoom], [0, 0, 1]], dtype=torch.float64
        )


IDENTITY = Transform(rotation=0, translate=0, scale=(1, 1), perspective=0, jitter=0)
"""Exact crops of the network's size, nothing else."""

PUBLISHED = Transform(rotation=5, translate=0.05, scale=(1, 1), perspective=0.3, jitter=0)
"""The setting the neuron drawings of 2022 were made with: ±5°, 5 % translation, perspective 0.3, crops of 224 px.

There, perspective left black corners; here they are paper.
"""
