"""Drawings to images: `view` says what is looked at, primitives what they cover there, inks how that mixes."""

from __future__ import annotations

from plotart.drawing.render.renderer import RENDERERS, Renderer, renderer, some_pixels
from plotart.drawing.render.view import Coverages, View

__all__ = ["RENDERERS", "Coverages", "Renderer", "View", "renderer", "some_pixels"]
