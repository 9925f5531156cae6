"""How a picture lies on its page: which part of it, which way up, where, on what ground and with what edge."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from kornia.geometry.transform import rotate as turned
from pydantic import Field, field_validator
from torch import Tensor
from torch.nn.functional import interpolate

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.core.images import blur
from plotart.core.salience import faces, looked_at, subject
from plotart.core.settings import Section

__all__ = ["PLACES", "Composition", "Framing", "on_ground"]

PLACES: dict[str, tuple[float, float]] = {
    f"{row}-{column}".replace("centre-", "").replace("-centre", ""): (x, y)
    for row, y in (("top", 0.0), ("centre", 0.5), ("bottom", 1.0))
    for column, x in (("left", 0.0), ("centre", 0.5), ("right", 1.0))
}
"""Where a picture lies within the margins: the share of the room that is left over at its left, and above it."""
FACE_AROUND = (2.4, 2.9)
"""Width and height of a crop around a face, in faces: head and shoulders."""
SUBJECT_AROUND = 0.08
"""How much of its size is left around a subject."""
FADED = 0.75
"""The share of its way to paper that a fading background goes."""


class Composition(Section):
    """How the picture lies on the page.

    `crop` takes a part of it: `x,y,w,h` in px or in shares of at most 1, `face` (head and shoulders of the largest) or
    `subject`. `rotate` turns that by degrees clockwise; of a turn that is not square the largest rectangle of its shape
    stays. Without `fill` all of it is drawn and `place` says where it lies within the margins; with `fill` it fills
    them, and what is looked at least is cut off. `background` takes away what lies around the subject: `white` leaves
    bare paper, `fade` most of it. `edge` ends the picture `softly`, in an `oval`, `torn`, or with a `border` of paper.
    """

    fill: bool = False
    crop: str | None = None
    rotate: float = Field(0.0, ge=-360, le=360)
    place: str = "centre"
    background: Literal["keep", "white", "fade"] = "keep"
    edge: Literal["none", "soft", "oval", "torn", "border"] = "none"
    edge_mm: float = Field(8.0, gt=0, le=500, description="how wide the edge is, mm")

    @field_validator("crop", mode="before")
    @classmethod
    def _a_part(cls, value: Any) -> Any:
        if value is None or value in ("face", "subject"):
            return value
        text = ",".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)
        numbers = _numbers(text)
        if len(numbers) != 4 or min(numbers) < 0 or min(numbers[2:]) <= 0:
            raise ValueError(f"give x,y,w,h in px or as shares of the picture, or face, or subject, not {text!r}")
        return text

    @field_validator("place")
    @classmethod
    def _a_place(cls, value: str) -> str:
        if value not in PLACES:
            raise ValueError(f"give one of {', '.join(PLACES)}, not {value!r}")
        return value

    def framing(
        self, picture: Tensor, canvas: Callable[[float | None], Canvas], setting: str
    ) -> tuple[Framing, Canvas]:
        """The part of `picture [3, H, W]` that is drawn, and where.

        Args:
            canvas: the drawing area for a picture of that aspect; of the whole page for None.
            setting: the address of the picture, for errors.

        Raises:
            InputError: there is no such part.
        """
        box = self._box(picture, setting)
        framing = Framing(box, self.rotate, (int(picture.shape[-2]), int(picture.shape[-1])))
        drawn = framing.of(picture)
        aspect = drawn.shape[-1] / drawn.shape[-2]
        if not self.fill:
            return framing, canvas(aspect)
        # the page lies as the picture does, and the picture gives way to it
        whole = canvas(aspect)
        area = replace(whole, fit=None, place=(0.5, 0.5))
        return framing.within(_filling(drawn, area.aspect)), area

    def _box(self, picture: Tensor, setting: str) -> tuple[float, float, float, float]:
        """x, y, w, h of the crop in px."""
        height, width = picture.shape[-2:]
        whole = (0.0, 0.0, float(width), float(height))
        if self.crop is None:
            return whole
        if self.crop == "face":
            found = faces(picture)
            if not found:
                raise InputError(f"composition.crop: no face was found in the picture of {setting}; give x,y,w,h")
            cx, cy, side = found[0][0] * width, found[0][1] * height, found[0][2] * min(height, width)
            wide, high = (times * side for times in FACE_AROUND)
            return _clipped((cx - wide / 2, cy - 0.45 * high, wide, high), whole)
        if self.crop == "subject":
            mask = torch.from_numpy(subject(picture)) > 0.5
            rows, columns = torch.nonzero(mask.any(1)).flatten(), torch.nonzero(mask.any(0)).flatten()
            if not len(rows):
                return whole
            down, across = height / mask.shape[0], width / mask.shape[1]
            left, right = float(columns[0]) * across, float(columns[-1] + 1) * across
            top, bottom = float(rows[0]) * down, float(rows[-1] + 1) * down
            more = SUBJECT_AROUND * max(right - left, bottom - top)
            return _clipped((left - more, top - more, right - left + 2 * more, bottom - top + 2 * more), whole)
        x, y, w, h = _numbers(self.crop)
        if max(x, y, w, h) <= 1:
            x, y, w, h = x * width, y * height, w * width, h * height
        if x + w > width + 0.5 or y + h > height + 0.5:
            raise InputError(
                f"composition.crop: {self.crop} reaches beyond the picture of {width}x{height} px; "
                "give x,y,w,h within it"
            )
        return _clipped((x, y, w, h), whole)


@dataclass(frozen=True)
class Framing:
    """A part of a picture, the same for the picture and for what goes with it, such as masks.

    Attributes:
        box: x, y, w, h in px of the picture. degrees: it is turned by, clockwise. size: H, W of the picture.
        part: x, y, w, h of what is left of that, in shares.
    """

    box: tuple[float, float, float, float]
    degrees: float
    size: tuple[int, int]
    part: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    def within(self, part: tuple[float, float, float, float]) -> Framing:
        """The same with only a part of it, x, y, w, h in shares."""
        return Framing(self.box, self.degrees, self.size, part)

    def of(self, picture: Tensor) -> Tensor:
        """That part of `picture [C, H, W]`, which may be of another size than the one it was found for."""
        high, wide = picture.shape[-2:]
        down, across = high / self.size[0], wide / self.size[1]
        x, y, w, h = self.box
        picture = _cut(picture, x * across, y * down, w * across, h * down)
        quarters, rest = divmod(self.degrees + 45, 90)
        rest -= 45
        picture = torch.rot90(picture, -int(quarters), (-2, -1))
        if rest:
            picture = _turned(picture, rest)
        x, y, w, h = self.part
        height, width = picture.shape[-2:]
        return _cut(picture, x * width, y * height, w * width, h * height)


def on_ground(picture: Tensor, composition: Composition, paper: Tensor, px_per_mm: float) -> Tensor:
    """The picture with its background and its edge as bare paper.

    Args:
        picture: `[1, 3, H, W]` sRGB at the size at which it is drawn. paper: `[3]` sRGB.
    """
    size = (int(picture.shape[-2]), int(picture.shape[-1]))
    shown = torch.ones(1, 1, *size)
    if composition.background != "keep":
        sure = torch.from_numpy(subject(picture[0])).float()[None, None]
        # a walker's even chance is the border of the subject
        shown = ((interpolate(sure, size, mode="bilinear") - 0.35) / 0.3).clamp(0, 1)
        shown = 1 - (1 - shown) * (1.0 if composition.background == "white" else FADED)
    if composition.edge != "none":
        shown = shown * _edge(composition.edge, size, composition.edge_mm * px_per_mm)
    ground = paper.to(picture)[None, :, None, None]
    shown = shown.to(picture)
    return picture if bool((shown == 1).all()) else picture * shown + ground * (1 - shown)


def _edge(kind: str, size: tuple[int, int], reach: float) -> Tensor:
    """How much of the picture shows, `[1, 1, H, W]` in 0..1, `reach` px from its edges inwards."""
    height, width = size
    y = (torch.arange(height) + 0.5)[:, None].expand(size)
    x = (torch.arange(width) + 0.5)[None].expand(size)
    if kind == "oval":
        radius = torch.sqrt((2 * x / width - 1) ** 2 + (2 * y / height - 1) ** 2)
        inside = (1 - radius) * min(size) / 2
        return (inside / reach).clamp(0, 1)[None, None]
    inside = torch.minimum(torch.minimum(x, width - x), torch.minimum(y, height - y))
    if kind == "soft":
        smooth = (inside / (2 * reach)).clamp(0, 1)
        return (smooth * smooth * (3 - 2 * smooth))[None, None]
    if kind == "border":
        return (inside >= reach).float()[None, None]
    # torn: the same tear every time, of waves half as long as the edge is wide and longer
    noise = torch.zeros(1, 1, *size)
    generator = torch.Generator().manual_seed(0)
    for scale in (0.25, 0.5, 1.0, 2.0):
        grain = blur(torch.randn(1, 1, *size, generator=generator), max(0.4, scale * reach))
        noise += scale**0.5 * grain / grain.std().clamp_min(1e-9)
    return (inside > reach * (1 + 0.4 * noise[0, 0] / 1.5)).float()[None, None]


def _filling(picture: Tensor, aspect: float) -> tuple[float, float, float, float]:
    """x, y, w, h in shares of the largest part of that aspect that holds most of what is looked at."""
    height, width = picture.shape[-2:]
    eye = torch.from_numpy(looked_at(picture))
    share = aspect * height / width
    along, share = (eye.sum(0), share) if share <= 1 else (eye.sum(1), 1 / share)
    steps = 200
    even = interpolate(along[None, None], steps, mode="linear")[0, 0]
    length = max(1, round(share * steps))
    held = even.unfold(0, length, 1).sum(1)
    # of equally good places the middle one: a flat picture is cut alike on both sides
    best = torch.nonzero(held >= held.max() - 1e-9).flatten()
    start = min(float(best[len(best) // 2]) / steps, 1 - share)
    if aspect * height <= width:
        return (start, 0.0, share, 1.0)
    return (0.0, start, 1.0, share)


def _turned(picture: Tensor, degrees: float) -> Tensor:
    """`[C, H, W]` turned clockwise by up to 45 degrees: the largest rectangle of its shape that stays whole."""
    height, width = picture.shape[-2:]
    c, s = math.cos(math.radians(abs(degrees))), math.sin(math.radians(abs(degrees)))
    kept = min(width / (width * c + height * s), height / (width * s + height * c))
    angle = torch.tensor([-degrees], dtype=picture.dtype)
    whole: Tensor = turned(picture[None], angle, mode="bilinear", padding_mode="border")[0]
    w, h = kept * width, kept * height
    return _cut(whole, (width - w) / 2, (height - h) / 2, w, h)


def _cut(picture: Tensor, x: float, y: float, w: float, h: float) -> Tensor:
    height, width = picture.shape[-2:]
    left, top = min(max(0, round(x)), width - 1), min(max(0, round(y)), height - 1)
    right, bottom = min(width, max(left + 1, round(x + w))), min(height, max(top + 1, round(y + h)))
    return picture[..., top:bottom, left:right]


def _clipped(
    box: tuple[float, float, float, float], whole: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    x, y = max(0.0, box[0]), max(0.0, box[1])
    return x, y, min(whole[2], box[0] + box[2]) - x, min(whole[3], box[1] + box[3]) - y


def _numbers(text: str) -> list[float]:
    """The numbers in `a,b,c`; none where it is something else."""
    parts = [part.strip() for part in text.split(",")]
    return [float(part) for part in parts] if all(re.fullmatch(r"\d*\.?\d+", part) for part in parts) else []
