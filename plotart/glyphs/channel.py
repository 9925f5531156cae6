"""The noisy channel between a glyph and who reads it: a photograph of paper that was moved, crumpled, stained and cut.

A free warp of the paper, one homography for everything else that moves (rotation, shear, scale, translation,
perspective), then what light and ink do (uneven ink, blur, noise), then what is missing (a crop at the edges, a covered
patch). Works on ink, which is 0 on bare
paper, so that what lies beyond the picture is paper.
"""

from __future__ import annotations

import math

import torch
from kornia.filters import gaussian_blur2d
from kornia.geometry.transform import get_perspective_transform
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from plotart.core.settings import Section

__all__ = ["CORNERS", "Channel", "crumple", "look", "project"]

NUMBERS = 23  # random numbers a picture takes, whatever is on
BLUR_TAPS = 7
PATCH = 0.25
"""Side of the patch that covers a part of the glyph, share of the picture's."""

CORNERS = torch.tensor([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
"""The corners of a picture (x, y): centres of its outermost pixels are at -1 and 1."""

NEAR = 0.05
"""Depth, of that in the middle of the picture, below which nothing is seen in perspective."""


def project(points: Tensor, homographies: Tensor) -> Tensor:
    """Where `homographies [B, 3, 3]` take `points [B, P, 2]`; those beyond the horizon stay in front of it."""
    at = F.pad(points, (0, 1), value=1.0) @ homographies.mT
    return at[..., :2] / at[..., 2:].clamp_min(NEAR)


def look(ink: Tensor, homographies: Tensor) -> Tensor:
    """Pictures of `ink [B, C, H, W]` that show at each place what `homographies [B, 3, 3]` take it to; bilinear.

    Places are those of `CORNERS`. Beyond the picture, and beyond the horizon, is paper. (A plain warp divides by 0 at
    the horizon and sees the picture again, upside down, beyond it.)
    """
    height, width = ink.shape[-2:]
    y, x = torch.linspace(-1, 1, height).to(ink), torch.linspace(-1, 1, width).to(ink)
    places = torch.stack(
        [x.expand(height, width), y[:, None].expand(height, width), torch.ones_like(ink[0, 0])], dim=-1
    )
    at = (places.view(1, -1, 3) @ homographies.mT).view(-1, height, width, 3)
    found = torch.where(at[..., 2:] > NEAR, at[..., :2] / at[..., 2:].clamp_min(NEAR), 3.0)
    return F.grid_sample(ink, found, align_corners=True)


def crumple(ink: Tensor, moves: Tensor) -> Tensor:
    """Pictures that show at each place what lies `moves` beside it in `ink [B, C, H, W]`; bilinear, paper beyond.

    Args:
        moves: `[B, 2, G, G]` (x, y) in sides of the picture at G x G places, the outermost on its border; cubic between
            them, so that the paper stretches without creases.
    """
    height, width = ink.shape[-2:]
    smooth = F.interpolate(moves, (height, width), mode="bicubic", align_corners=True)
    y, x = torch.linspace(-1, 1, height).to(ink), torch.linspace(-1, 1, width).to(ink)
    places = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], dim=-1)
    return F.grid_sample(ink, places + 2 * smooth.permute(0, 2, 3, 1), align_corners=True)


class Channel(Section):
    """How far a picture may be distorted at strength 1; every bound shrinks and grows with the strength.

    The defaults are those of the article: affine (30 degrees, 10 % translation, scale 0.9 to 1.1, shear 10 degrees),
    then perspective 0.6 in every second picture, with normal noise of 1/4. The article adds the noise before the warp,
    a camera after it; here every second picture gets it before. All else is off.
    """

    rotation: float = Field(30.0, ge=0, le=180, description="degrees to either side")
    translate: float = Field(0.1, ge=0, le=1, description="share of the picture's side")
    scale: float = Field(0.1, ge=0, lt=1, description="enlargement or reduction by up to this share")
    shear: float = Field(10.0, ge=0, lt=80, description="degrees to either side, along x")
    perspective: float = Field(0.6, ge=0, lt=1, description="how far corners move in, share of half the picture")
    perspective_share: float = Field(0.5, ge=0, le=1, description="share of the pictures seen in perspective")
    warp: float = Field(0.0, ge=0, le=0.5, description="how far a free warp moves a place, share of the side")
    warp_grid: int = Field(4, ge=2, le=64, description="places a side at which the warp is drawn; smooth between them")
    noise: float = Field(0.25, ge=0, le=10, description="standard deviation of the noise added to ink of 0..1")
    noise_first: float = Field(0.5, ge=0, le=1, description="share of the pictures whose noise comes before the warp")
    fade: float = Field(0.0, ge=0, le=10, description="standard deviation of the noise multiplied with the ink")
    blur: float = Field(0.0, ge=0, le=3, description="standard deviation of the blur, px")
    crop: float = Field(0.0, ge=0, le=0.4, description="share of the side that may be missing at each edge")
    occlusion: float = Field(0.0, ge=0, le=1, description="share of the pictures with a covered patch")

    def __call__(self, ink: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        """`ink [B, C, H, W]`, 0 on paper -> as received, of the same shape; see `send`."""
        return self.send(ink, strength, generator)[0]

    def send(self, ink: Tensor, strength: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """`ink [B, C, H, W]`, 0 on paper -> as received, of the same shape, differentiable in the ink.

        Args:
            strength: 0 lets the picture through as it is, 1 is the setting, more is beyond it.
            generator: the only source of randomness.

        Returns:
            Also where the `CORNERS` of each picture went, `[B, 4, 2]`: by the homography, a free warp aside.
        """
        if strength <= 0:
            return ink, CORNERS.to(ink).expand(len(ink), 4, 2)
        count, _, height, width = ink.shape
        chosen = torch.rand(count, NUMBERS, generator=generator)
        noise = strength * self.noise * torch.randn(ink.shape, generator=generator)
        first = (chosen[:, 22] < self.noise_first).view(-1, 1, 1, 1)
        ink = ink + (noise * first).to(ink)
        if self.warp:
            moves = 2 * torch.rand(count, 2, self.warp_grid, self.warp_grid, generator=generator) - 1
            ink = crumple(ink, (strength * self.warp * moves).to(ink))
        homographies = self._homographies(chosen, height, width, strength)
        centred = torch.tensor([[2 / (width - 1), 0, -1], [0, 2 / (height - 1), -1], [0, 0, 1]])  # px to -1..1
        forward = centred @ homographies @ torch.linalg.inv(centred)
        moved = look(ink, torch.linalg.inv(forward.double()).to(ink))
        if self.fade:
            moved = moved * (1 + strength * self.fade * torch.randn(moved.shape, generator=generator)).to(ink)
        if self.blur:
            sigma = (strength * self.blur * chosen[:, 20, None]).clamp_min(1e-3).expand(count, 2)
            moved = gaussian_blur2d(moved, BLUR_TAPS, sigma.to(ink), border_type="constant")
        if self.crop or self.occlusion:
            moved = moved * self._shown(chosen, height, width, strength).to(ink)
        return moved + (noise * ~first).to(ink), project(CORNERS.expand(count, 4, 2), forward).to(ink)

    def _homographies(self, chosen: Tensor, height: int, width: int, strength: float) -> Tensor:
        """`[B, 3, 3]` from px of the picture to px of what is received (pixel centres at whole numbers)."""
        to_side = 2 * chosen - 1
        angle = strength * math.radians(self.rotation) * to_side[:, 0]
        scale = 1 + min(strength * self.scale, 0.9) * to_side[:, 1]
        shear = (strength * math.radians(self.shear) * to_side[:, 2]).clamp(-1.4, 1.4).tan()
        x, y = (width - 1) / 2, (height - 1) / 2
        centre, back = (torch.tensor([[1.0, 0, s * x], [0, 1, s * y], [0, 0, 1]]) for s in (-1, 1))
        affine = torch.eye(3).repeat(len(chosen), 1, 1)
        cosine, sine = scale * angle.cos(), scale * angle.sin()
        affine[:, 0, 0], affine[:, 0, 1] = cosine, cosine * shear - sine
        affine[:, 1, 0], affine[:, 1, 1] = sine, sine * shear + cosine
        affine[:, 0, 2] = strength * self.translate * width * to_side[:, 3]
        affine[:, 1, 2] = strength * self.translate * height * to_side[:, 4]
        corners = torch.tensor([[0.0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]])
        inward = torch.tensor([[1.0, 1], [-1, 1], [-1, -1], [1, -1]]) * torch.tensor([x, y])
        seen = (chosen[:, 5] < self.perspective_share).float()[:, None, None]
        depth = min(strength * self.perspective, 0.95)
        ends = corners + seen * depth * chosen[:, 6:14].view(-1, 4, 2) * inward
        tilted = get_perspective_transform(corners.expand_as(ends).contiguous(), ends)
        found: Tensor = tilted @ back @ affine @ centre
        return found

    def _shown(self, chosen: Tensor, height: int, width: int, strength: float) -> Tensor:
        """1 where the picture is seen, 0 where it is cut off or covered: `[B, 1, H, W]`."""
        x = ((torch.arange(width) + 0.5) / width).view(1, 1, 1, -1)
        y = ((torch.arange(height) + 0.5) / height).view(1, 1, -1, 1)
        left, right, top, bottom = (strength * self.crop * chosen[:, 14:18]).view(-1, 4, 1, 1).unbind(1)
        left, right, top, bottom = (side[:, None] for side in (left, right, top, bottom))
        inside = (x >= left) & (x <= 1 - right) & (y >= top) & (y <= 1 - bottom)
        covered = (chosen[:, 21] < strength * self.occlusion).view(-1, 1, 1, 1)
        at_x, at_y = ((1 - PATCH) * chosen[:, 18:20]).view(-1, 2, 1, 1).unbind(1)
        at_x, at_y = at_x[:, None], at_y[:, None]
        patch = (x >= at_x) & (x <= at_x + PATCH) & (y >= at_y) & (y <= at_y + PATCH)
        return (inside & ~(patch & covered)).float()
