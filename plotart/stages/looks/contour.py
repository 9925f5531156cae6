"""Contour: short strokes, spread evenly and turned along edges (stage `place`). What a picture has by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from plotart.stages.looks.base import Floats, Look, Wanted, looks

__all__ = ["Contour"]


@looks.register("contour")
class Contour(Look):
    """Short strokes along the edges."""

    stage = "place"
    strokes: ClassVar[Mapping[str, Any]] = {}
    penalties: ClassVar[Mapping[str, Any]] = {}
    fit: ClassVar[Mapping[str, Any]] = {}

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        raise NotImplementedError("the stage 'place' lays them")
