"""Scenes to images: `RenderFunction`, with what it is given turned into the shapes of plotart.raster."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

import torch
from torch import Tensor

from plotart.compat.pydiffvg.device import get_device, print_timing
from plotart.compat.pydiffvg.distance import signed_distance
from plotart.compat.pydiffvg.shapes import (
    AnyShape,
    Color,
    LinearGradient,
    Path,
    RadialGradient,
    ShapeGroup,
    contour_of,
    kind_of,
    plain,
)
from plotart.raster import paths
from plotart.raster.fills import paint

__all__ = ["FilterType", "OutputType", "PixelFilter", "RenderFunction", "shapes_of"]

FINER = 4
"""Sub-pixels a side, each with its exact area, where the filter is not a box one pixel wide."""


class OutputType(IntEnum):
    color = 1
    sdf = 2


class FilterType(Enum):
    box = 0
    tent = 1
    parabolic = 2
    hann = 3


class PixelFilter:
    """What a pixel sees of the canvas: `radius` is half its side, px."""

    def __init__(self, type: FilterType, radius: Tensor | float = 0.5) -> None:
        self.type = type
        self.radius = radius


@dataclass(frozen=True)
class _Scene:
    drawn: list[paths.Shape] | paths.Fills
    width: float
    height: float
    filter: PixelFilter
    output: OutputType
    positions: Tensor


_BOX = PixelFilter(FilterType.box)
_SQUARE = torch.Size((3, 3))


class RenderFunction:
    """`apply(width, height, samples_x, samples_y, seed, background, *serialize_scene(...))`, differentiable.

    Coverage is exact, so that the numbers of samples and the seed are not used.
    """

    @staticmethod
    def serialize_scene(
        canvas_width: float,
        canvas_height: float,
        shapes: Sequence[AnyShape],
        shape_groups: Sequence[ShapeGroup],
        filter: PixelFilter = _BOX,
        output_type: OutputType = OutputType.color,
        use_prefiltering: bool = False,
        eval_positions: Tensor | None = None,
    ) -> list[Any]:
        """What `apply` takes of a scene.

        Raises:
            ValueError: naming the shape or group, the tensor and the index at fault.
        """
        positions = torch.zeros(0, 2) if eval_positions is None else eval_positions.detach().cpu().float()
        return [
            _Scene(
                _fills_of(shapes, shape_groups) or shapes_of(shapes, shape_groups), float(canvas_width),
                float(canvas_height), filter, OutputType(output_type), positions,
            )
        ]  # fmt: skip

    @staticmethod
    def apply(
        width: int,
        height: int,
        num_samples_x: int,
        num_samples_y: int,
        seed: int,
        background_image: Tensor | None,
        *args: Any,
    ) -> Tensor:
        """`[height, width, 4]`; for `OutputType.sdf` `[height, width, 1]`, or `[N, 1]` at positions.

        background_image: `[height, width, 4]`, which is drawn over.
        """
        begun, (scene,) = time.perf_counter(), args
        if scene.output is OutputType.sdf:
            result = signed_distance(_each(scene.drawn), scene.positions, (height, width), (scene.height, scene.width))
        else:
            ground = None
            if background_image is not None:
                if tuple(background_image.shape) != (height, width, 4):
                    raise ValueError(
                        f"background_image must be {[height, width, 4]}, not {list(background_image.shape)}"
                    )
                ground = background_image.cpu().float()
            drawn = _scaled(scene.drawn, width / scene.width, height / scene.height)
            result = _filtered(drawn, (height, width), ground, scene.filter)
        if print_timing():
            print(f"Forward pass, time: {time.perf_counter() - begun:.5f} s")
        return result.to(get_device())


def _each(drawn: list[paths.Shape] | paths.Fills) -> list[paths.Shape]:
    return drawn.shapes() if isinstance(drawn, paths.Fills) else drawn


def _filtered(
    drawn: list[paths.Shape] | paths.Fills, size: tuple[int, int], ground: Tensor | None, pixel: PixelFilter
) -> Tensor:
    radius = float(pixel.radius)
    kind = pixel.type.name if isinstance(pixel.type, Enum) else str(pixel.type)
    if kind == "box" and abs(radius - 0.5) < 1e-6:
        return paint(drawn, size=size, ground=ground, averaged=True, threads=torch.get_num_threads())
    height, width = size
    finer = None if ground is None else ground.repeat_interleave(FINER, 0).repeat_interleave(FINER, 1)
    fine = _scaled(drawn, FINER, FINER)
    large = (height * FINER, width * FINER)
    image = paint(fine, size=large, ground=finer, averaged=True, threads=torch.get_num_threads())
    reach = math.ceil(radius * FINER)
    at = (torch.arange(-reach, FINER + reach) + 0.5) / FINER - 0.5
    u = at / radius
    weight = {
        "box": torch.ones_like(u),
        "tent": 1 - u.abs(),
        "parabolic": 1 - u * u,
        "hann": 0.5 + 0.5 * torch.cos(math.pi * u),
    }[kind] * (u.abs() <= 1)
    values = image.permute(2, 0, 1)[:, None]
    share = torch.ones_like(values[:1])
    for kernel, step, margin in (
        (weight[None, None, :, None], (FINER, 1), (reach, 0)),
        (weight[None, None, None], (1, FINER), (0, reach)),
    ):
        values = torch.nn.functional.conv2d(values, kernel, stride=step, padding=margin)
        share = torch.nn.functional.conv2d(share, kernel, stride=step, padding=margin)
    return (values / share)[:, 0].permute(1, 2, 0)


def _scaled(drawn: list[paths.Shape] | paths.Fills, x: float, y: float) -> list[paths.Shape] | paths.Fills:
    """The shapes on a canvas x and y times as large."""
    if x == 1 and y == 1:
        return drawn
    stretch = torch.tensor([[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, 1.0]])
    places = stretch.diagonal()[:2]

    def moved(value: paths.Paint | None) -> paths.Paint | None:
        if isinstance(value, paths.Linear):
            return paths.Linear(value.begin * places, value.end * places, value.offsets, value.colours)
        if isinstance(value, paths.Radial):
            return paths.Radial(value.centre * places, value.radius * places, value.offsets, value.colours)
        return value

    return [
        shape._replace(
            fill=moved(shape.fill),
            stroke=moved(shape.stroke),
            transform=stretch if shape.transform is None else stretch @ shape.transform,
        )
        for shape in _each(drawn)
    ]


def _fills_of(shapes: Sequence[AnyShape], shape_groups: Sequence[ShapeGroup]) -> paths.Fills | None:
    """The groups as plain fills, if they are paths of one colour each that nothing moves."""
    strokes = any(group.stroke_color is not None for group in shape_groups)
    if strokes or any(moved is not None for moved in _transforms(shape_groups)):
        return None
    colours = [plain(group.fill_color) for group in shape_groups if isinstance(group.fill_color, Tensor)]
    chosen = [group.shape_ids.tolist() for group in shape_groups]
    all_ = [shapes[i] for ids in chosen for i in ids]
    own = [shape for shape in all_ if isinstance(shape, Path)]
    if len(colours) < len(shape_groups) or len(own) < len(all_):
        return None
    return paths.Fills(
        [plain(path.points) for path in own],
        [kind_of(path) for path in own],
        [len(ids) for ids in chosen],
        colours,
        [bool(group.use_even_odd_rule) for group in shape_groups],
    )


def shapes_of(shapes: Sequence[AnyShape], shape_groups: Sequence[ShapeGroup]) -> list[paths.Shape]:
    """The groups as shapes of plotart.raster, one each."""
    made = []
    for group, transform in zip(shape_groups, _transforms(shape_groups), strict=True):
        own = [shapes[i] for i in group.shape_ids.tolist()]
        contours = tuple([contour_of(shape) for shape in own])
        fill, stroke = group.fill_color, group.stroke_color
        made.append(
            paths.Shape(
                contours,
                None if fill is None else _paint(fill),
                None if stroke is None else _paint(stroke),
                None if stroke is None else _width(own, contours),
                "even-odd" if group.use_even_odd_rule else "nonzero",
                transform,
                stroke_first=True,
            )
        )
    return made


def _transforms(shape_groups: Sequence[ShapeGroup]) -> Sequence[Tensor | None]:
    """The `shape_to_canvas` of each group; None for one that moves nothing."""
    found = [group.shape_to_canvas for group in shape_groups]
    for g, transform in enumerate(found):
        if transform.shape != _SQUARE:
            raise ValueError(f"shape_groups[{g}].shape_to_canvas must be [3, 3], not {list(transform.shape)}")
    if not found:
        return []
    with torch.no_grad():
        moving = (torch.stack(found) != torch.eye(3, device=found[0].device)).flatten(1).any(1).tolist()
    return [
        plain(matrix) if moves or matrix.requires_grad else None for matrix, moves in zip(found, moving, strict=True)
    ]


def _width(own: Sequence[AnyShape], contours: tuple[paths.Path, ...]) -> Tensor:
    """The pen's whole width, one number or one for each point."""
    widths = [2 * plain(shape.stroke_width).reshape(-1) for shape in own]
    if len(widths) == 1:
        return widths[0]
    return torch.cat([w.expand(len(c.points)) if len(w) == 1 else w for w, c in zip(widths, contours, strict=True)])


def _paint(color: Color) -> paths.Paint:
    if isinstance(color, LinearGradient):
        values = (color.begin, color.end, color.offsets, color.stop_colors)
        return paths.Linear(*(plain(value) for value in values))
    if isinstance(color, RadialGradient):
        values = (color.center, color.radius, color.offsets, color.stop_colors)
        return paths.Radial(*(plain(value) for value in values))
    return plain(color)
