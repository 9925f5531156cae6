"""What the units of a layer answer to: live, weak and dead units, and a contact sheet of their strongest patches.

The pictures shown to the network are photographs that scikit-image ships, whole and their middle, and two drawings of
plain strokes, so no data is fetched. A unit that stays at or below 0 on all of them is called dead; over so few
pictures that is a guess. Drawings excite most units more than photographs do and look alike, so they count for the
marks but lend a patch to the sheet only where no photograph can.
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
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket", "retina", "hubble_deep_field", "brick", "grass", "gravel")
DRAWINGS = 2
WEAK = 0.1  # of the median peak of the layer's units that answer at all
BORDER = {"live": (70, 150, 90), "weak": (225, 165, 40), "dead": (200, 60, 60)}
CAPTION = 11


@dataclass(frozen=True)
class Survey:
    """What each unit of a layer answered to each of B pictures, before its nonlinearity.

    peaks `[B, K]`: its largest value; places `[B, K]`: the index of that position in the layer's map of `size` (h, w).
    """

    layer: str
    marks: tuple[Mark, ...]
    peaks: Tensor
    places: Tensor
    size: tuple[int, int]

    @property
    def peak(self) -> Tensor:
        """`[K]`, over all pictures."""
        return self.peaks.amax(0)

    def strongest(self, unit: int, pictures: int | None = None) -> tuple[int, int, int]:
        """Picture, row and column of the map where the unit answered most, among the first `pictures` (default all)."""
        picture = int(self.peaks[:pictures, unit].argmax())
        return picture, *divmod(int(self.places[picture, unit]), self.size[1])

    def nearest_live(self, unit: int, count: int = 3) -> list[int]:
        """The live units whose numbers are closest to `unit`, closest first."""
        live = [other for other, mark in enumerate(self.marks) if mark == "live" and other != unit]
        return sorted(live, key=lambda other: (abs(other - unit), other))[:count]


def probe_images(size: int = 224) -> Tensor:
    """`[20, 3, size, size]` sRGB 0..1: nine photographs and their middles, then two drawings of strokes on white."""
    pictures = []
    for name in PHOTOGRAPHS:
        pixels = torch.from_numpy(np.ascontiguousarray(getattr(data, name)())).float() / 255
        pixels = pixels[..., None].expand(-1, -1, 3) if pixels.ndim == 2 else pixels[..., :3]
        for side in (min(pixels.shape[:2]), min(pixels.shape[:2]) // 2):
            top, left = ((length - side) // 2 for length in pixels.shape[:2])
            square = pixels[top : top + side, left : left + side].permute(2, 0, 1)[None]
            pictures.append(F.interpolate(square, (size, size), mode="bilinear", antialias=True).clamp(0, 1))
    pictures += [_strokes(size, seed, seed > 0) for seed in range(DRAWINGS)]
    return torch.cat(pictures)


def _strokes(size: int, seed: int, coloured: bool) -> Tensor:
    """Random polylines on white, `[1, 3, size, size]`: what a plain drawing looks like to the network."""
    random = np.random.default_rng(seed)
    finer = 4 * size  # drawn large and scaled down: smooth edges, as a renderer makes them
    sheet = Image.new("RGB", (finer, finer), "white")
    draw = ImageDraw.Draw(sheet)
    for _ in range(120):
        steps = np.cumsum(random.normal(0, finer * 0.06, (6, 2)), axis=0)
        points = (random.uniform(0, finer, 2) + steps).astype(int)
        ink = tuple(int(value) for value in random.integers(0, 220, 3)) if coloured else (0, 0, 0)
        draw.line([tuple(point) for point in points.tolist()], fill=ink, width=max(1, finer // 112))
    return (
        torch.from_numpy(np.array(sheet.resize((size, size), Image.Resampling.BOX))).permute(2, 0, 1)[None].float()
        / 255
    )


@torch.no_grad()
def survey(network: Network, layer: str, images: Tensor | None = None) -> Survey:
    """Show `images [B, 3, H, W]` (default `probe_images`) to the network and note where each unit answers most.

    A unit is dead when it never rises above 0, weak when its peak is under a tenth of the median peak of the units
    that answer. Raises InputError for an unknown layer.
    """
    images = probe_images(network.input_size) if images is None else images
    address = network.resolve(layer).partition("@")[0] + "@pre"
    peaks, places = [], []
    size = (0, 0)
    for image in images:
        maps = network.features(image[None].to(network.mean.device), [address])[address].cpu()
        size = (maps.shape[2], maps.shape[3])
        peak, place = maps.flatten(2).max(2)
        peaks.append(peak)
        places.append(place)
    by_picture = torch.cat(peaks)
    best = by_picture.amax(0)
    answering = best[best > 0]
    floor = WEAK * float(answering.median()) if len(answering) else 0.0
    marks: list[Mark] = ["dead" if value <= 0 else "weak" if value < floor else "live" for value in best.tolist()]
    return Survey(address, tuple(marks), by_picture, torch.cat(places), size)


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
    photographs = None if images is not None else len(PHOTOGRAPHS) * 2
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
            answers_to_photographs = bool(found.peaks[:photographs, unit].max() > 0)
            place = found.strongest(unit, photographs if answers_to_photographs else None)
            patch = _patch(images, place, found.size).resize((tile, tile), Image.Resampling.BICUBIC)
            sheet.paste(patch, (left + 3, top + 3))
        draw.text((left + 3, top + tile + 4), str(unit), fill=BORDER[mark])
    return found, sheet


def _patch(images: Tensor, place: tuple[int, int, int], size: tuple[int, int]) -> Image.Image:
    """A square around a position (picture, row, column) of a map of `size`: six positions wide, at least 24 px."""
    height, width = images.shape[-2:]
    picture, row, column = place
    side = min(max(24, round(6 * width / size[1])), height, width)
    top = min(max(round((row + 0.5) * height / size[0] - side / 2), 0), height - side)
    left = min(max(round((column + 0.5) * width / size[1] - side / 2), 0), width - side)
    pixels = images[picture, :, top : top + side, left : left + side]
    return Image.fromarray((pixels.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().cpu().numpy())
