"""The `d` of SVG paths as paths."""

from __future__ import annotations

import svgelements as svg
import torch
from torch import Tensor

from plotart.compat.pydiffvg.shapes import Path

__all__ = ["from_svg_path"]


def from_svg_path(path_str: str, shape_to_canvas: Tensor | None = None, force_close: bool = False) -> list[Path]:
    """The subpaths of an SVG path, moved by `shape_to_canvas [3, 3]`; arcs become cubics.

    force_close: open subpaths are closed by a line.
    """
    found = []
    matrix = torch.eye(3) if shape_to_canvas is None else shape_to_canvas.detach().cpu().float()
    parsed = svg.Path(path_str)
    parsed.approximate_arcs_with_cubics()
    for subpath in parsed.as_subpaths():
        made = _subpath(svg.Path(subpath), force_close)
        if made is not None:
            inner, points, closed = made
            moved = torch.cat([points, torch.ones(len(points), 1)], dim=1) @ matrix.T
            found.append(Path(torch.tensor(inner), (moved[:, :2] / moved[:, 2:]).contiguous(), closed))
    return found


def _subpath(subpath: svg.Path, force_close: bool) -> tuple[list[int], Tensor, bool] | None:
    inner: list[int] = []
    points: list[tuple[float, float]] = []
    closed = False
    for segment in subpath:
        if isinstance(segment, svg.Move):
            points = [(segment.end.x, segment.end.y)]
            continue
        if isinstance(segment, svg.Close):
            closed = True
            if segment.end is not None and _apart(points[-1], points[0]):
                inner.append(0)
                points.append(points[0])
            continue
        own = {svg.QuadraticBezier: ("control",), svg.CubicBezier: ("control1", "control2")}.get(type(segment), ())
        points += [(getattr(segment, name).x, getattr(segment, name).y) for name in own]
        points.append((segment.end.x, segment.end.y))
        inner.append(len(own))
    if not inner:
        return None
    if not closed and force_close and _apart(points[-1], points[0]):
        inner.append(0)
        points.append(points[0])
    if closed or not _apart(points[-1], points[0]):
        closed = len(points) > 1
        points = points[:-1]
    return inner, torch.tensor(points, dtype=torch.float32), closed


def _apart(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return max(abs(a[0] - b[0]), abs(a[1] - b[1])) > 1e-5
