"""What a scene is made of. As in pydiffvg, `stroke_width` is half the width of the pen."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor

from plotart.raster import paths

__all__ = [
    "AnyShape",
    "Circle",
    "Color",
    "Ellipse",
    "LinearGradient",
    "Path",
    "Polygon",
    "RadialGradient",
    "Rect",
    "ShapeGroup",
    "contour_of",
    "kind_of",
    "plain",
]


class Circle:
    """radius `[]`, centre `[2]`, half the stroke's width `[]`."""

    def __init__(self, radius: Tensor, center: Tensor, stroke_width: Tensor | None = None, id: str = "") -> None:
        self.radius = radius
        self.center = center
        self.stroke_width = torch.tensor(1.0) if stroke_width is None else stroke_width
        self.id = id


class Ellipse:
    """radius `[2]`, centre `[2]`."""

    def __init__(self, radius: Tensor, center: Tensor, stroke_width: Tensor | None = None, id: str = "") -> None:
        self.radius = radius
        self.center = center
        self.stroke_width = torch.tensor(1.0) if stroke_width is None else stroke_width
        self.id = id


class Path:
    """Segments with 0, 1 or 2 control points each.

    num_control_points `[S]`, points `[P, 2]` (a closed path does not repeat its first), half the stroke's width `[]`,
    or `[P]` for one at each point. `use_distance_approx` is accepted; distances are exact.
    """

    def __init__(
        self,
        num_control_points: Tensor,
        points: Tensor,
        is_closed: bool,
        stroke_width: Tensor | None = None,
        id: str = "",
        use_distance_approx: bool = False,
    ) -> None:
        self.num_control_points = num_control_points
        self.points = points
        self.is_closed = is_closed
        self.stroke_width = torch.tensor(1.0) if stroke_width is None else stroke_width
        self.id = id
        self.use_distance_approx = use_distance_approx


class Polygon:
    """Straight lines through points `[P, 2]`."""

    def __init__(self, points: Tensor, is_closed: bool, stroke_width: Tensor | None = None, id: str = "") -> None:
        self.points = points
        self.is_closed = is_closed
        self.stroke_width = torch.tensor(1.0) if stroke_width is None else stroke_width
        self.id = id


class Rect:
    """Between two corners `[2]`."""

    def __init__(self, p_min: Tensor, p_max: Tensor, stroke_width: Tensor | None = None, id: str = "") -> None:
        self.p_min = p_min
        self.p_max = p_max
        self.stroke_width = torch.tensor(1.0) if stroke_width is None else stroke_width
        self.id = id


AnyShape: TypeAlias = Circle | Ellipse | Path | Polygon | Rect


class LinearGradient:
    """Colours `[T, 4]` at offsets `[T]` between `begin [2]` and `end [2]` of the canvas."""

    def __init__(
        self,
        begin: Tensor | None = None,
        end: Tensor | None = None,
        offsets: Tensor | None = None,
        stop_colors: Tensor | None = None,
    ) -> None:
        self.begin = torch.zeros(2) if begin is None else begin
        self.end = torch.zeros(2) if end is None else end
        self.offsets = torch.zeros(1) if offsets is None else offsets
        self.stop_colors = torch.zeros(1, 4) if stop_colors is None else stop_colors


class RadialGradient:
    """Colours at offsets between `center [2]` and an ellipse of `radius [2]` of the canvas."""

    def __init__(
        self,
        center: Tensor | None = None,
        radius: Tensor | None = None,
        offsets: Tensor | None = None,
        stop_colors: Tensor | None = None,
    ) -> None:
        self.center = torch.zeros(2) if center is None else center
        self.radius = torch.zeros(2) if radius is None else radius
        self.offsets = torch.zeros(1) if offsets is None else offsets
        self.stop_colors = torch.zeros(1, 4) if stop_colors is None else stop_colors


Color: TypeAlias = Tensor | LinearGradient | RadialGradient


class ShapeGroup:
    """Shapes that are filled and stroked together; the fill lies over the stroke.

    shape_ids `[K]`, colours `[4]` or gradients or None, shape_to_canvas `[3, 3]`.
    """

    def __init__(
        self,
        shape_ids: Tensor,
        fill_color: Color | None,
        use_even_odd_rule: bool = True,
        stroke_color: Color | None = None,
        shape_to_canvas: Tensor | None = None,
        id: str = "",
    ) -> None:
        self.shape_ids = shape_ids
        self.fill_color = fill_color
        self.use_even_odd_rule = use_even_odd_rule
        self.stroke_color = stroke_color
        self.shape_to_canvas = torch.eye(3) if shape_to_canvas is None else shape_to_canvas
        self.id = id


def plain(value: Tensor) -> Tensor:
    """As float32 on the CPU."""
    return value if value.dtype is torch.float32 and not value.is_cuda else value.cpu().float()


@lru_cache(maxsize=4096)
def _degrees(inner: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(count + 1 for count in inner)


def kind_of(path: Path) -> tuple[tuple[int, ...], bool]:
    """The degrees of its segments, and whether it is closed."""
    return _degrees(tuple(path.num_control_points.tolist())), bool(path.is_closed)


def contour_of(shape: AnyShape) -> paths.Path:
    """The shape as a path of plotart.raster."""
    if isinstance(shape, Path):
        return paths.Path(
            plain(shape.points), _degrees(tuple(shape.num_control_points.tolist())), bool(shape.is_closed)
        )
    if isinstance(shape, Polygon):
        return paths.polygon(plain(shape.points), closed=bool(shape.is_closed))
    if isinstance(shape, Circle):
        return paths.circle(plain(shape.center), plain(shape.radius))
    if isinstance(shape, Ellipse):
        return paths.ellipse(plain(shape.center), plain(shape.radius))
    if isinstance(shape, Rect):
        return paths.rectangle(plain(shape.p_min), plain(shape.p_max))
    raise ValueError(f"a scene holds Circle, Ellipse, Path, Polygon and Rect, not {type(shape).__name__}")
