"""Pages of paper and the drawing area on them: the map between unit coordinates, pixels and millimetres."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional as F

from plotart.core.color import hex_to_rgb, normalize_hex
from plotart.core.errors import InputError

__all__ = ["PAGES", "Canvas", "Page", "Window", "page"]

_INCH = 25.4

PAGES: dict[str, tuple[float, float]] = {
    # ISO 216, width x height in mm, portrait
    **{f"a{n}": size for n, size in enumerate(
        [(841, 1189), (594, 841), (420, 594), (297, 420), (210, 297), (148, 210), (105, 148), (74, 105)])},
    **{f"b{n}": size for n, size in enumerate(
        [(1000, 1414), (707, 1000), (500, 707), (353, 500), (250, 353), (176, 250), (125, 176)])},
    # United States
    "letter": (8.5 * _INCH, 11 * _INCH),
    "legal": (8.5 * _INCH, 14 * _INCH),
    "tabloid": (11 * _INCH, 17 * _INCH),
    "ledger": (17 * _INCH, 11 * _INCH),
    "executive": (7.25 * _INCH, 10.5 * _INCH),
    **{f"arch-{name}": (w * _INCH, h * _INCH) for name, w, h in (
        ("a", 9, 12), ("b", 12, 18), ("c", 18, 24), ("d", 24, 36), ("e", 36, 48), ("e1", 30, 42))},
}  # fmt: skip
"""Width and height in mm of every named page, upright unless the name itself means a lying page (ledger)."""

_LARGEST_MM = 5000.0


@dataclass(frozen=True)
class Page:
    """A sheet of paper: name, width and height in mm."""

    name: str
    width_mm: float
    height_mm: float


def page(size: str, landscape: bool = False) -> Page:
    """The page called `size`, or of the size 'WxHmm' (also cm, in); `landscape` lays it on its longer side.

    A size given in numbers keeps its own orientation unless `landscape` is set. InputError for anything else.
    """
    text = str(size).strip().lower()
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*x\s*(\d+(?:\.\d+)?)\s*(mm|cm|in)", text)
    if match:
        unit = {"mm": 1.0, "cm": 10.0, "in": _INCH}[match[3]]
        width, height = float(match[1]) * unit, float(match[2]) * unit
        if not (1 <= width <= _LARGEST_MM and 1 <= height <= _LARGEST_MM):
            raise InputError(f"page {size!r}: each side must be between 1 and {_LARGEST_MM:g} mm.")
    elif text in PAGES:
        width, height = PAGES[text]
    else:
        raise InputError(f"page {size!r} is unknown: take one of {', '.join(PAGES)}, or a size such as 200x300mm.")
    if landscape and height > width:
        width, height = height, width
    return Page(text.replace(" ", ""), round(width, 3), round(height, 3))


@dataclass(frozen=True)
class Window:
    """A rectangle of a rendered canvas, px: rows top to top + height, columns left to left + width."""

    top: int
    left: int
    height: int
    width: int

    def of(self, image: Tensor) -> Tensor:
        """This part of `image [*, H, W]`."""
        return image[..., self.top : self.top + self.height, self.left : self.left + self.width]

    def clipped(self, size: tuple[int, int]) -> "Window":
        """What of it lies on an image of `size` (H, W)."""
        top, left = max(0, self.top), max(0, self.left)
        bottom, right = min(size[0], self.top + self.height), min(size[1], self.left + self.width)
        return Window(top, left, bottom - top, right - left)

    def grown(self, px: int) -> "Window":
        """The same with so much more on every side."""
        return Window(self.top - px, self.left - px, self.height + 2 * px, self.width + 2 * px)

    def inside(self, other: "Window") -> "Window":
        """The same rectangle, counted from the corner of another."""
        return Window(self.top - other.top, self.left - other.left, self.height, self.width)

    def padded(self, image: Tensor, inside: "Window", paper: Tensor) -> Tensor:
        """All of it: `image [*, 3, h, w]` of the part that is `inside`, and the colour `paper [3]` around that."""
        left, top = inside.left - self.left, inside.top - self.top
        beyond = (left, self.width - inside.width - left, top, self.height - inside.height - top)
        ground = paper[:, None, None]
        return F.pad(image - ground, beyond) + ground


@dataclass(frozen=True)
class Canvas:
    """The drawing area of a page: all inside its margins or, with `fit`, the largest centred rectangle of that aspect.

    Unit coordinates have their origin at the top left of the area, y down, and the short side of the area as 1.
    """

    page: Page
    margin_mm: float = 10.0
    fit: float | None = None
    """Width / height of the picture to be fitted into the margins; None takes the whole area."""
    paper: str = "#ffffff"
    place: tuple[float, float] = (0.5, 0.5)
    """With `fit`: the share of the room that is left over at the left of the area, and above it."""
    room: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """What is left free within the margins for other things, mm: left of the area, above, right of it and below."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "paper", normalize_hex(self.paper))
        if not 0 <= self.margin_mm < float("inf"):
            raise InputError(f"margin {self.margin_mm} is out of range: it must be 0 mm or more.")
        if min(self.page.width_mm, self.page.height_mm) - 2 * self.margin_mm < 1:
            raise InputError(
                f"margin {self.margin_mm:g} mm leaves nothing of page {self.page.name} "
                f"({self.page.width_mm:g} x {self.page.height_mm:g} mm): "
                f"take at most {max(0.0, (min(self.page.width_mm, self.page.height_mm) - 1) / 2):g} mm."
            )
        if min(self._inner[2:]) < 1:
            raise InputError(
                f"page {self.page.name} ({self.page.width_mm:g} x {self.page.height_mm:g} mm) has no room for a "
                "drawing beside its frame and words: take a larger page, or smaller ones."
            )
        if self.fit is not None and not 0.01 <= self.fit <= 100:
            raise InputError(f"aspect {self.fit} is out of range: width / height must be between 0.01 and 100.")

    def pack(self) -> dict[str, Any]:
        """Plain values from which `unpack` makes the same canvas."""
        page = [self.page.name, self.page.width_mm, self.page.height_mm]
        return {
            "page": page,
            "margin_mm": self.margin_mm,
            "fit": self.fit,
            "paper": self.paper,
            "place": self.place,
            "room": self.room,
        }

    @classmethod
    def unpack(cls, state: Mapping[str, Any]) -> "Canvas":
        place, room = tuple(state.get("place", (0.5, 0.5))), tuple(state.get("room", (0.0, 0.0, 0.0, 0.0)))
        return cls(Page(*state["page"]), state["margin_mm"], state["fit"], state["paper"], place, room)

    @property
    def _inner(self) -> tuple[float, float, float, float]:
        """The page within its margins but for the room that is left free: x0, y0, width, height in mm."""
        left, above, right, below = self.room
        x0, y0 = self.margin_mm + left, self.margin_mm + above
        x1, y1 = self.page.width_mm - self.margin_mm - right, self.page.height_mm - self.margin_mm - below
        return x0, y0, x1 - x0, y1 - y0

    @cached_property
    def area(self) -> tuple[float, float, float, float]:
        """The drawing area in mm on the page: x0, y0, width, height."""
        x0, y0, inner_width, inner_height = self._inner
        width, height = inner_width, inner_height
        if self.fit is not None:
            width, height = min(width, height * self.fit), min(height, width / self.fit)
        free = inner_width - width, inner_height - height
        if not any(self.room):  # the same bytes as ever
            left, top = (self.page.width_mm - width) / 2, (self.page.height_mm - height) / 2
            return left + (self.place[0] - 0.5) * free[0], top + (self.place[1] - 0.5) * free[1], width, height
        return x0 + self.place[0] * free[0], y0 + self.place[1] * free[1], width, height

    @property
    def area_mm2(self) -> float:
        return self.area[2] * self.area[3]

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """The drawing area in mm as x0, y0, x1, y1: what paths are clipped to."""
        x0, y0, width, height = self.area
        return x0, y0, x0 + width, y0 + height

    @property
    def aspect(self) -> float:
        """Width / height of the drawing area."""
        return self.area[2] / self.area[3]

    @property
    def unit_size(self) -> tuple[float, float]:
        """Width and height of the drawing area in unit coordinates; the shorter is 1."""
        return max(1.0, self.aspect), max(1.0, 1 / self.aspect)

    @property
    def mm_per_unit(self) -> float:
        """Millimetres of one unit: the short side of the drawing area."""
        return min(self.area[2:])

    def pixels(self, size: int) -> tuple[int, int]:
        """Height and width in pixels of an image of the area whose short side has `size` pixels."""
        width, height = self.unit_size
        return round(size * height), round(size * width)

    def window(self, window: Window, size: int) -> "Canvas":
        """The part that `window` cuts out of an image whose short side has `size` pixels, as a canvas of its own."""
        mm = self.mm_per_unit / size
        return Canvas(Page("window", window.width * mm, window.height * mm), 0.0, paper=self.paper)

    def to_mm(self, xy: ArrayLike) -> NDArray[np.float64]:
        """Unit coordinates `[..., 2]` as mm on the page."""
        placed: NDArray[np.float64] = np.asarray(xy, dtype=np.float64) * self.mm_per_unit + np.array(self.area[:2])
        return placed

    def to_unit(self, xy: ArrayLike) -> NDArray[np.float64]:
        """Millimetres on the page `[..., 2]` as unit coordinates."""
        placed: NDArray[np.float64] = (np.asarray(xy, dtype=np.float64) - np.array(self.area[:2])) / self.mm_per_unit
        return placed

    @property
    def paper_rgb(self) -> Tensor:
        """sRGB of the paper, float32 `[3]` in 0..1."""
        return torch.tensor(hex_to_rgb(self.paper), dtype=torch.float32)
