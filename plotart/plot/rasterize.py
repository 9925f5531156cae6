"""What the written layers put on paper, judged by a program that is not ours: resvg."""

import io
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path as FilePath

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from plotart.core.canvas import Canvas, Window
from plotart.core.errors import InputError
from plotart.plot.layers import Plot
from plotart.plot.svg import number, plot_svg

__all__ = ["coverage_planes"]

_SVG = "{http://www.w3.org/2000/svg}"


def coverage_planes(
    source: Plot | str | FilePath,
    canvas: Canvas,
    size: int,
    opacity: Sequence[float] | None = None,
    window: Window | None = None,
    finer: int = 1,
) -> NDArray[np.float32]:
    """Ink coverage of each layer of a plot, or of an SVG file written by `write_svg`: `[K, H, W]` in 0..1.

    Each layer is drawn alone, black on nothing, so that the strokes of a pen unite; the picture is the drawing area of
    the canvas (not the page), `canvas.pixels(size)` large. Layers come in the order of the file. With an `opacity` for
    each layer its strokes cover only so much, each for itself: 1 - prod_i (1 - opacity coverage_i). With a `window`
    only that part of the picture is drawn. The planes are `finer` times larger along both sides.
    """
    text = plot_svg(source) if isinstance(source, Plot) else FilePath(source).read_text(encoding="utf-8")
    root = ET.fromstring(text)
    height, width = canvas.pixels(size)
    x0, y0, area_width, area_height = canvas.area
    if window is not None:
        x0, y0 = x0 + window.left / width * area_width, y0 + window.top / height * area_height
        area_width, area_height = window.width / width * area_width, window.height / height * area_height
        height, width = window.height, window.width
    height, width = finer * height, finer * width
    # Pixels instead of mm: resvg converts mm by its own dpi setting. "none" fits the rounded pixel counts exactly.
    root.set("width", str(width))
    root.set("height", str(height))
    root.set("viewBox", " ".join(number(value) for value in (x0, y0, area_width, area_height)))
    root.set("preserveAspectRatio", "none")
    root.attrib.pop("style", None)  # the colour of the paper, which is no ink
    layers = [child for child in root if child.tag == f"{_SVG}g"]
    for layer in layers:
        root.remove(layer)
    planes = np.zeros((len(layers), height, width), dtype=np.float32)
    for plane, layer, share in zip(planes, layers, opacity or [1.0] * len(layers), strict=True):
        layer.attrib.pop("style", None)
        layer.set("stroke-opacity", number(share))
        layer.set("stroke", "#000000")
        root.append(layer)
        try:
            png = resvg_py.svg_to_bytes(svg_string=ET.tostring(root, encoding="unicode"), skip_system_fonts=True)
        except ValueError as error:
            raise InputError(f"the drawing cannot be rasterized: {error}.") from error
        root.remove(layer)
        with Image.open(io.BytesIO(png)) as image:
            plane[:] = np.asarray(image.convert("RGBA"))[:, :, 3] / np.float32(255)
    return planes
