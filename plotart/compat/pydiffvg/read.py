"""SVG files to scenes. What a file holds beyond that is named with its line, not dropped in silence."""

from __future__ import annotations

import re
import warnings
import xml.parsers.expat
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

import svgelements as svg
import torch
from PIL import ImageColor

from plotart.compat.pydiffvg.shapes import (
    AnyShape,
    Circle,
    Color,
    Ellipse,
    LinearGradient,
    Path,
    Polygon,
    RadialGradient,
    Rect,
    ShapeGroup,
    contour_of,
)
from plotart.compat.pydiffvg.subpaths import from_svg_path

__all__ = ["svg_to_scene"]

LENGTH = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(px|pt|pc|mm|cm|in|%)?")
SILENT = {"title", "desc", "metadata", "namedview", "RDF", "style", "linearGradient", "radialGradient", "stop"}
"""Elements that draw nothing of their own."""
DRAWN = {"path", "polygon", "polyline", "line", "circle", "ellipse", "rect"}
DRAWN_AS = {
    "stroke-dasharray": ("none", "whole"),
    "stroke-linecap": ("round", "round"),
    "stroke-linejoin": ("round", "round"),
    "marker-start": ("none", "without markers"),
    "marker-mid": ("none", "without markers"),
    "marker-end": ("none", "without markers"),
}
"""What a stroke may ask for, the one answer there is, and that answer in words."""
INHERITED = {
    "fill", "fill-opacity", "fill-rule", "stroke", "stroke-opacity", "stroke-width", "visibility", *DRAWN_AS,
}  # fmt: skip


@dataclass
class _Node:
    tag: str
    attributes: dict[str, str]
    line: int
    children: list[_Node] = field(default_factory=list)
    text: str = ""


def svg_to_scene(filename: str) -> tuple[int, int, list[AnyShape], list[ShapeGroup]]:
    """Width and height of the canvas, px, the shapes and the groups of an SVG file.

    Each drawn element becomes a group, each subpath a shape; `stroke_width` is half of `stroke-width`.

    Raises:
        ValueError: naming the file, the element and its line.
    """
    root = _parsed(filename)
    if root.tag != "svg":
        raise ValueError(f"{filename}, line {root.line}: <{root.tag}> is not <svg>")
    return _Reader(filename, root).scene()


def _parsed(filename: str) -> _Node:
    parser = xml.parsers.expat.ParserCreate()
    stack = [_Node("", {}, 0)]

    def start(name: str, attributes: dict[str, str]) -> None:
        plain = {key.rsplit(":", 1)[-1]: value for key, value in attributes.items()}
        node = _Node(name.rsplit(":", 1)[-1], plain, parser.CurrentLineNumber)
        stack[-1].children.append(node)
        stack.append(node)

    def text(data: str) -> None:
        stack[-1].text += data

    def end(name: str) -> None:
        stack.pop()

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    try:
        parser.Parse(File(filename).read_bytes(), True)
    except xml.parsers.expat.ExpatError as error:
        raise ValueError(f"{filename} is not XML: {error}") from None
    return stack[0].children[0]


class _Reader:
    def __init__(self, filename: str, root: _Node) -> None:
        self.filename, self.root = filename, root
        self.shapes: list[AnyShape] = []
        self.groups: list[ShapeGroup] = []
        self.classes: dict[str, dict[str, str]] = {}
        self.gradients: dict[str, _Node] = {}

    def scene(self) -> tuple[int, int, list[AnyShape], list[ShapeGroup]]:
        self._collect(self.root)
        width, height, transform = self._canvas()
        self._walk(self.root, {}, transform, 1.0)
        return width, height, self.shapes, self.groups

    def fail(self, node: _Node, what: str) -> ValueError:
        return ValueError(f"{self.filename}, line {node.line}: <{node.tag}> {what}")

    def warn(self, node: _Node, what: str) -> None:
        warnings.warn(f"{self.filename}, line {node.line}: <{node.tag}> {what}", stacklevel=2)

    def number(self, node: _Node, name: str, default: float | None = None) -> float:
        value = node.attributes.get(name)
        if value is None:
            if default is None:
                raise self.fail(node, f"has no {name}")
            return default
        return self.length(node, name, value)

    def length(self, node: _Node, name: str, value: str) -> float:
        """px of `value`; a percentage is a share."""
        if not LENGTH.fullmatch(value.strip()):
            raise self.fail(node, f"{name} must be a number, not {value!r}")
        return float(svg.Length(value).value(ppi=96, relative_length=1))

    def _canvas(self) -> tuple[int, int, svg.Matrix]:
        box = self.root.attributes.get("viewBox")
        if box:
            try:
                x, y, width, height = (float(word) for word in re.split(r"[\s,]+", box.strip()))
            except ValueError:
                raise self.fail(self.root, f"viewBox must be four numbers, not {box!r}") from None
            return int(width), int(height), svg.Matrix(1, 0, 0, 1, -x, -y)
        return int(self.number(self.root, "width")), int(self.number(self.root, "height")), svg.Matrix()

    def _collect(self, node: _Node) -> None:
        """Gradients and the classes of style sheets, wherever they stand."""
        if node.tag == "style":
            for names, body in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", node.text, flags=re.S)):
                for name in names.split(","):
                    if re.fullmatch(r"\s*\.[\w-]+\s*", name):
                        self.classes.setdefault(name.strip()[1:], {}).update(_style(body))
                    else:
                        self.warn(node, f"selector {name.strip()!r} is not read: only classes are")
        if node.tag in ("linearGradient", "radialGradient") and "id" in node.attributes:
            self.gradients[node.attributes["id"]] = node
        for child in node.children:
            self._collect(child)

    def _walk(self, node: _Node, inherited: dict[str, str], transform: svg.Matrix, opacity: float) -> None:
        style = dict(inherited)
        for source in (
            node.attributes,
            *(self.classes.get(name, {}) for name in node.attributes.get("class", "").split()),
        ):
            style.update({key: value.strip() for key, value in source.items() if key in INHERITED})
        own = _style(node.attributes.get("style", ""))
        style.update({key: value for key, value in own.items() if key in INHERITED})
        for key in ("filter", "mask", "clip-path", "mix-blend-mode"):
            asked = own.get(key) or node.attributes.get(key, "none")
            if asked not in ("none", "normal", "url(#gamma)", "filter:url(#gamma)"):
                self.warn(node, f"{key} is not supported and left out")
        share = own.get("opacity", node.attributes.get("opacity", "1"))
        try:
            opacity *= float(share)
        except ValueError:
            raise self.fail(node, f"opacity must be a number, not {share!r}") from None
        if "transform" in node.attributes:
            transform = svg.Matrix(node.attributes["transform"]) * transform
        if (own.get("display") or node.attributes.get("display")) == "none":
            return
        if node.tag in DRAWN:
            self._draw(node, style, transform, opacity)
        elif node.tag in ("svg", "g", "a"):
            for child in node.children:
                self._walk(child, style, transform, opacity)
        elif node.tag != "defs" and node.tag not in SILENT:
            self.warn(node, "is not supported and left out")

    def _draw(self, node: _Node, style: dict[str, str], transform: svg.Matrix, opacity: float) -> None:
        matrix = torch.tensor(
            [[transform.a, transform.c, transform.e], [transform.b, transform.d, transform.f], [0.0, 0.0, 1.0]],
            dtype=torch.float32,
        )
        fill, stroke = (self._paint(node, style, role, transform, opacity) for role in ("fill", "stroke"))
        shapes = self._shapes(node, fill is not None)
        if not shapes or style.get("visibility", "visible") != "visible":
            return
        if stroke is not None:
            for key, (answer, word) in DRAWN_AS.items():
                if style.get(key, answer) != answer:
                    self.warn(node, f"{key} {style[key]!r} is not supported: strokes are {word}")
        width = style.get("stroke-width", "1")
        half = self.length(node, "stroke-width", width) / 2
        name, begin = node.attributes.get("id", ""), len(self.shapes)
        if node.tag == "path":  # as pydiffvg does: the points of paths are on the canvas already
            scale = abs(float(torch.linalg.det(matrix[:2, :2]))) ** 0.5
            for shape in shapes:
                assert isinstance(shape, Path)
                shape.points = (shape.points @ matrix[:2, :2].T + matrix[:2, 2]).contiguous()
            half, matrix = half * scale, torch.eye(3)
        for k, shape in enumerate(shapes):
            shape.stroke_width = torch.tensor(half)
            shape.id = f"{name}-{k}" if len(shapes) > 1 else name
        self.shapes += shapes
        self.groups.append(
            ShapeGroup(
                torch.arange(begin, len(self.shapes)), fill, style.get("fill-rule", "nonzero") == "evenodd", stroke,
                matrix, name,
            )
        )  # fmt: skip

    def _shapes(self, node: _Node, filled: bool) -> list[AnyShape]:
        tag, at = node.tag, node.attributes
        if tag == "path":
            try:
                return list(from_svg_path(at.get("d", ""), force_close=filled))
            except (ValueError, IndexError, AttributeError) as error:
                raise self.fail(node, f"d cannot be read: {error}") from None
        if tag in ("polygon", "polyline"):
            try:
                numbers = [float(word) for word in re.split(r"[\s,]+", at.get("points", "").strip()) if word]
                points = torch.tensor(numbers).reshape(-1, 2)
            except (ValueError, RuntimeError):
                raise self.fail(node, f"points must be pairs of numbers, not {at.get('points')!r}") from None
            return [Polygon(points, tag == "polygon" or filled)] if len(points) > 1 else []
        if tag == "line":
            ends = [[self.number(node, f"{axis}{k}", 0.0) for axis in "xy"] for k in (1, 2)]
            return [Polygon(torch.tensor(ends), False)]
        if tag == "circle":
            centre = torch.tensor([self.number(node, "cx", 0.0), self.number(node, "cy", 0.0)])
            return [Circle(torch.tensor(self.number(node, "r")), centre)]
        if tag == "ellipse":
            centre = torch.tensor([self.number(node, "cx", 0.0), self.number(node, "cy", 0.0)])
            return [Ellipse(torch.tensor([self.number(node, "rx"), self.number(node, "ry")]), centre)]
        x, y = self.number(node, "x", 0.0), self.number(node, "y", 0.0)
        wide, tall = self.number(node, "width"), self.number(node, "height")
        if "rx" in at or "ry" in at:
            self.warn(node, "round corners are not supported and left out")
        return [Rect(torch.tensor([x, y]), torch.tensor([x + wide, y + tall]))]

    def _paint(
        self, node: _Node, style: dict[str, str], role: str, transform: svg.Matrix, opacity: float
    ) -> Color | None:
        value = style.get(role, "black" if role == "fill" else "none")
        if value in ("none", "transparent"):
            return None
        share = style.get(f"{role}-opacity", "1")
        try:
            opacity *= float(share)
        except ValueError:
            raise self.fail(node, f"{role}-opacity must be a number, not {share!r}") from None
        link = re.fullmatch(r"url\(['\"]?#(.+?)['\"]?\).*", value)
        if link:
            if link[1] not in self.gradients:
                raise self.fail(node, f"{role} refers to {link[1]!r}, which is no gradient of the file")
            return self._gradient(node, self.gradients[link[1]], transform, opacity)
        return torch.tensor(self._rgba(node, role, value, opacity))

    def _rgba(self, node: _Node, role: str, value: str, opacity: float) -> list[float]:
        try:
            r, g, b, *rest = ImageColor.getrgb(value)
        except ValueError:
            raise self.fail(node, f"{role} {value!r} is no colour") from None
        return [r / 255, g / 255, b / 255, (rest[0] / 255 if rest else 1.0) * opacity]

    def _gradient(
        self, user: _Node, node: _Node, transform: svg.Matrix, opacity: float
    ) -> LinearGradient | RadialGradient:
        chain, seen = [node], {id(node)}
        while "href" in chain[-1].attributes:
            above = self.gradients.get(chain[-1].attributes["href"].lstrip("#"))
            if above is None or id(above) in seen:
                raise self.fail(chain[-1], f"href {chain[-1].attributes['href']!r} is no other gradient of the file")
            chain.append(above)
            seen.add(id(above))
        attributes: dict[str, str] = {}
        for one in reversed(chain):
            attributes.update(one.attributes)
        stops = next((children for one in chain if (children := [c for c in one.children if c.tag == "stop"])), [])
        if not stops:
            raise self.fail(node, "has no stops")
        merged = _Node(node.tag, attributes, node.line)
        if attributes.get("spreadMethod", "pad") != "pad":
            self.warn(node, f"spreadMethod {attributes['spreadMethod']!r} is not supported: pad is taken")
        place = svg.Matrix(attributes.get("gradientTransform", ""))
        if attributes.get("gradientUnits", "objectBoundingBox") == "objectBoundingBox":
            low, high = _box(self._shapes(user, True))
            place = place * svg.Matrix(high[0] - low[0], 0, 0, high[1] - low[1], low[0], low[1])
        place = place * transform
        offsets, colours = [], []
        for stop in stops:
            style = {**stop.attributes, **_style(stop.attributes.get("style", ""))}
            offset = style.get("offset", "0")
            offsets.append(float(offset[:-1]) / 100 if offset.endswith("%") else float(offset))
            colours.append(
                self._rgba(
                    stop, "stop-color", style.get("stop-color", "black"), opacity * float(style.get("stop-opacity", 1))
                )
            )
        ramp = (torch.tensor(offsets).cummax(0).values, torch.tensor(colours))
        if node.tag == "linearGradient":
            begin = place.point_in_matrix_space((self.number(merged, "x1", 0.0), self.number(merged, "y1", 0.0)))
            end = place.point_in_matrix_space((self.number(merged, "x2", 1.0), self.number(merged, "y2", 0.0)))
            return LinearGradient(torch.tensor([begin.x, begin.y]), torch.tensor([end.x, end.y]), *ramp)
        r = self.number(merged, "r", 0.5)
        if abs(place.b) + abs(place.c) > 1e-6 * (abs(place.a) + abs(place.d)):
            self.warn(node, "is turned or skewed, which is not supported: its axes stay upright")
        if "fx" in attributes or "fy" in attributes:
            self.warn(node, "has a focus, which is not supported: it is centred")
        centre = place.point_in_matrix_space((self.number(merged, "cx", 0.5), self.number(merged, "cy", 0.5)))
        radius = [r * (place.a**2 + place.b**2) ** 0.5, r * (place.c**2 + place.d**2) ** 0.5]
        return RadialGradient(torch.tensor([centre.x, centre.y]), torch.tensor(radius), *ramp)


def _style(text: str) -> dict[str, str]:
    pairs = (one.split(":", 1) for one in text.split(";") if ":" in one)
    return {key.strip(): value.strip() for key, value in pairs}


def _box(shapes: list[AnyShape]) -> tuple[Any, Any]:
    points = torch.cat([contour_of(shape).points for shape in shapes])
    return points.min(0).values.tolist(), points.max(0).values.tolist()
