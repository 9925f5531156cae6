"""Drawings to images. `renderer` chooses a backend; `strokes` holds the operation and its semantics."""

from __future__ import annotations

from plotart.drawing.render.renderer import RENDERERS, Renderer, renderer, some_pixels
from plotart.raster.strokes import composite_over, planes, transmit

__all__ = ["RENDERERS", "Renderer", "composite_over", "planes", "renderer", "some_pixels", "transmit"]
