"""Scenes to SVG files."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path as File

import torch
from torch import Tensor

from plotart.compat.pydiffvg.shapes import (
    AnyShape,
    Circle,
    Color,
    Ellipse,
    LinearGradient,
    Rect,
    ShapeGroup,
    contour_of,
)

__all__ = ["save_svg"]


def save_svg(
    filename: str,
    width: float,
    height: float,
    shapes: Sequence[AnyShape],
    shape_groups: Sequence[ShapeGroup],
    use_gamma: bool = False,
) -> None:
    """Write a scene as SVG 1.1: an element for each group, pens twice as wide as `stroke_width`, round caps and joins.

    use_gamma: viewers raise the colours to the power 1 / 2.2.
    """
    root = ET.Element("svg", version="1.1", xmlns="http://www.w3.org/2000/svg", width=str(width), height=str(height))
    defs, drawn = ET.SubElement(root, "defs"), ET.SubElement(root, "g")
    if use_gamma:
        _gamma(defs, drawn)
    for i, group in enumerate(shape_groups):
        own = [shapes[k] for k in group.shape_ids.tolist()]
        node = _element(drawn, own)
        if group.id:
            node.set("id", str(group.id))
        matrix = group.shape_to_canvas.detach().cpu()
        if not torch.equal(matrix, torch.eye(3)):
            (a, c, e), (b, d, f) = matrix[:2].tolist()
            node.set("transform", f"matrix({a:g} {b:g} {c:g} {d:g} {e:g} {f:g})")
        node.set("fill-rule", "evenodd" if group.use_even_odd_rule else "nonzero")
        _colour(node, defs, "fill", group.fill_color, f"shape_{i}_fill")
        if group.stroke_color is not None:
            _colour(node, defs, "stroke", group.stroke_color, f"shape_{i}_stroke")
            node.set("stroke-width", f"{2 * _width(own, i):g}")
            node.set("stroke-linecap", "round")
            node.set("stroke-linejoin", "round")
    ET.indent(root)
    File(filename).write_text(ET.tostring(root, encoding="unicode"), encoding="utf-8")


def _width(own: Sequence[AnyShape], group: int) -> float:
    widths = torch.cat([shape.stroke_width.detach().cpu().float().reshape(-1) for shape in own])
    if float(widths.max()) - float(widths.min()) > 1e-6:
        warnings.warn(f"shape_groups[{group}]: SVG strokes have one width; the mean of theirs is written", stacklevel=3)
    return float(widths.mean())


def _gamma(defs: ET.Element, drawn: ET.Element) -> None:
    effect = ET.SubElement(defs, "filter", id="gamma", x="0", y="0", width="100%", height="100%")
    transfer = ET.SubElement(effect, "feComponentTransfer", {"color-interpolation-filters": "sRGB"})
    for channel in "RGB":
        ET.SubElement(transfer, f"feFunc{channel}", type="gamma", amplitude="1", exponent=str(1 / 2.2))
    drawn.set("style", "filter:url(#gamma)")


def _element(parent: ET.Element, own: Sequence[AnyShape]) -> ET.Element:
    shape = own[0]
    if len(own) == 1 and isinstance(shape, Circle):
        x, y = shape.center.tolist()
        return ET.SubElement(parent, "circle", cx=f"{x:.9g}", cy=f"{y:.9g}", r=f"{float(shape.radius):.9g}")
    if len(own) == 1 and isinstance(shape, Ellipse):
        (x, y), (rx, ry) = shape.center.tolist(), shape.radius.tolist()
        return ET.SubElement(parent, "ellipse", cx=f"{x:.9g}", cy=f"{y:.9g}", rx=f"{rx:.9g}", ry=f"{ry:.9g}")
    if len(own) == 1 and isinstance(shape, Rect):
        (x0, y0), (x1, y1) = shape.p_min.tolist(), shape.p_max.tolist()
        wide, tall = f"{x1 - x0:.9g}", f"{y1 - y0:.9g}"
        return ET.SubElement(parent, "rect", x=f"{x0:.9g}", y=f"{y0:.9g}", width=wide, height=tall)
    return ET.SubElement(parent, "path", d=" ".join(_data(one) for one in own))


def _data(shape: AnyShape) -> str:
    path = contour_of(shape)
    points = [f"{x:.9g} {y:.9g}" for x, y in path.points.detach().tolist()]
    words, at = [f"M {points[0]}"], 1
    for degree in path.degrees:
        ends = [points[(at + k) % len(points)] for k in range(degree)]
        words.append(f"{' LQC'[degree]} {' '.join(ends)}")
        at += degree
    return " ".join(words) + (" Z" if path.closed else "")


def _colour(node: ET.Element, defs: ET.Element, role: str, color: Color | None, name: str) -> None:
    if color is None:
        node.set(role, "none")
        return
    if isinstance(color, Tensor):
        _rgb(node, role, f"{role}-opacity", color.detach().cpu().tolist())
        return
    place: dict[str, Tensor]
    if isinstance(color, LinearGradient):
        place = {"x1": color.begin[0], "y1": color.begin[1], "x2": color.end[0], "y2": color.end[1]}
        gradient = ET.SubElement(defs, "linearGradient", id=name, gradientUnits="userSpaceOnUse")
    else:
        place = {"cx": color.center[0], "cy": color.center[1], "r": torch.tensor(1.0)}
        gradient = ET.SubElement(defs, "radialGradient", id=name, gradientUnits="userSpaceOnUse")
        (x, y), (rx, ry) = color.center.tolist(), color.radius.tolist()
        place = {"cx": torch.tensor(0.0), "cy": torch.tensor(0.0), "r": torch.tensor(1.0)}
        gradient.set("gradientTransform", f"matrix({rx:.9g} 0 0 {ry:.9g} {x:.9g} {y:.9g})")
    for key, value in place.items():
        gradient.set(key, f"{float(value):.9g}")
    for offset, stop in zip(color.offsets.tolist(), color.stop_colors.detach().cpu().tolist(), strict=True):
        _rgb(ET.SubElement(gradient, "stop", offset=f"{offset:.9g}"), "stop-color", "stop-opacity", stop)
    node.set(role, f"url(#{name})")


def _rgb(node: ET.Element, role: str, opacity: str, rgba: list[float]) -> None:
    r, g, b, alpha = (min(max(value, 0.0), 1.0) for value in rgba)
    node.set(role, f"rgb({round(255 * r)}, {round(255 * g)}, {round(255 * b)})")
    node.set(opacity, f"{alpha:.9g}")
