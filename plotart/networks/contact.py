"""What the units of a layer answer to: live, weak and dead units, and a contact sheet of their strongest patches.

The pictures shown to the network are photographs that scikit-image ships and two drawings of plain strokes, so no
data is fetched. A unit that stays at or below 0 on all of them is called dead; over so few pictures that is a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageDraw
from skimage import data
from torch import Tensor
from torch.nn import functional as F

from plotart.networks.base import Network

__all__ = ["Mark", "Survey", "contact_sheet", "probe_images", "survey"]

Mark = Literal["live", "weak", "dead"]
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket", "brick", "gravel")
WEAK = 0.1  # of the median peak of the layer's units that answer at all
BORDER = {"live": (70, 150, 90), "weak": (225, 165, 40), "dead": (200, 60, 60)}
CAPTION = 11


@dataclass(frozen=True)
class Survey:
    """peak `[K]`: each unit's largest value before its nonlinearity; picture, row, column `[K]`: where it was found.

    height, width: of the layer's map.
    """

    layer: str
    peak: Tensor
    marks: tuple[Mark, ...]
    picture: Tensor
    row: Tensor
    column: Tensor
    height: int
    width: int

    def nearest_live(self, unit: int, count: int = 3) -> list[int]:
        """The live units whose numbers are closest to `unit`, closest first."""
        live = [other for other, mark in enumerate(self.marks) if mark == "live" and other != unit]
        return sorted(live, key=lambda other: (abs(other - unit), other))[:count]


def probe_images(size: int = 224) -> Tensor:
    """`[8, 3, size, size]` sRGB 0..1: six photographs of scikit-image and two drawings of strokes on white."""
    pictures = []
    for name in PHOTOGRAPHS:
        pixels = torch.from_numpy(np.ascontiguousarray(getattr(data, name)())).float() / 255
        pixels = pixels[..., None].expand(-1, -1, 3) if pixels.ndim == 2 else pixels[..., :3]
        side = min(pixels.shape[:2])
        top, left = ((length - side) // 2 for length in pixels.shape[:2])
        square = pixels[top : top + side, left : left + side].permute(2, 0, 1)[None]
        pictures.append(F.interpolate(square, (size, size), mode="bilinear", antialias=True).clamp(0, 1))
    pictures += [_strokes(size, seed, coloured) for seed, coloured in ((1, False), (2, True))]
    return torch.cat(pictures)


def _strokes(size: int, seed: int, coloured: bool) -> Tensor:
    """Random polylines on white, `[1, 3, size, size]`: what a plain drawing looks like to the network."""
    random = np.random.default_rng(seed)
    sheet = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(sheet)
    for _ in range(120):
        steps = np.cumsum(random.normal(0, size * 0.06, (6, 2)), axis=0)
        points = (random.uniform(0, size, 2) + steps).astype(int)
        ink = tuple(int(value) for value in random.integers(0, 220, 3)) if coloured else (0, 0, 0)
        draw.line([tuple(point) for point in points.tolist()], fill=ink, width=max(1, size // 112))
    return torch.from_numpy(np.array(sheet)).permute(2, 0, 1)[None].float() / 255


@torch.no_grad()
def survey(network: Network, layer: str, images: Tensor | None = None) -> Survey:
    """Show `images [B, 3, H, W]` (default `probe_images`) to the network and note where each unit answers most.

    A unit is dead when it never rises above 0, weak when its peak is under a tenth of the median peak of the units
    that answer. Raises InputError for an unknown layer.
    """
    images = probe_images(network.input_size) if images is None else images
    address = network.resolve(layer).partition("@")[0] + "@pre"
    maps = torch.cat(
        [network.features(image[None].to(network.mean.device), [address])[address].cpu() for image in images]
    )
    _, units, height, width = maps.shape
    flat = maps.transpose(0, 1).reshape(units, -1)
    peak, where = flat.max(1)
    answering = peak[peak > 0]
    floor = WEAK * float(answering.median()) if len(answering) else 0.0
    marks: list[Mark] = ["dead" if value <= 0 else "weak" if value < floor else "live" for value in peak.tolist()]
    place = where % (height * width)
    return Survey(address, peak, tuple(marks), where // (height * width), place // width, place % width, height, width)


def contact_sheet(
    network: Network,
    layer: str,
    units: Sequence[int] | None = None,
    *,
    images: Tensor | None = None,
    columns: int = 16,
    tile: int = 56,
) -> tuple[Survey, Image.Image]:
    """The survey of a layer, and a sheet with the patch each unit answers to most, its number and its mark as a border.

    units: which ones (default all); tile: side of a patch in px. Green = live, amber = weak, red = dead. Raises
    InputError for an unknown layer and ValueError for a unit that does not exist.
    """
    images = probe_images(network.input_size) if images is None else images
    found = survey(network, layer, images)
    chosen = list(range(len(found.marks))) if units is None else list(units)
    if bad := [unit for unit in chosen if not 0 <= unit < len(found.marks)]:
        raise ValueError(f"no unit {bad[0]} in {layer} of {network.name}; it has 0 to {len(found.marks) - 1}")
    columns = max(1, min(columns, len(chosen)))
    rows = -(-len(chosen) // columns)
    cell_w, cell_h = tile + 6, tile + 6 + CAPTION
    sheet = Image.new("RGB", (columns * cell_w, rows * cell_h), "white")
    draw = ImageDraw.Draw(sheet)
    for position, unit in enumerate(chosen):
        left, top = position % columns * cell_w, position // columns * cell_h
        mark = found.marks[unit]
        draw.rectangle((left + 1, top + 1, left + tile + 4, top + tile + 4), outline=BORDER[mark], width=2)
        if mark != "dead":
            sheet.paste(_patch(found, unit, images).resize((tile, tile), Image.Resampling.BICUBIC), (left + 3, top + 3))
        draw.text((left + 3, top + tile + 4), str(unit), fill=BORDER[mark])
    return found, sheet


def _patch(found: Survey, unit: int, images: Tensor) -> Image.Image:
    """A square around the unit's strongest position: six positions of its map wide, at least 24 px."""
    height, width = images.shape[-2:]
    side = min(max(24, round(6 * width / found.width)), height, width)
    centre_y = (int(found.row[unit]) + 0.5) * height / found.height
    centre_x = (int(found.column[unit]) + 0.5) * width / found.width
    top = min(max(round(centre_y - side / 2), 0), height - side)
    left = min(max(round(centre_x - side / 2), 0), width - side)
    pixels = images[int(found.picture[unit]), :, top : top + side, left : left + side]
    return Image.fromarray((pixels.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().cpu().numpy())
