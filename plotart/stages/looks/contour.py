"""Contour: short strokes, spread evenly and turned along edges (stage `place`). What a picture has by default."""

from __future__ import annotations

from plotart.stages.looks.base import Look, looks

__all__ = ["Contour"]


@looks.register("contour")
class Contour(Look):
    """Short strokes along the edges."""

    stage = "place"
