"""The shapes a drawing is made of. One file per primitive; each knows its parameters, coverage and paths."""

from plotart.drawing.primitives.base import Primitive, PrimitiveSpec, primitives

primitives.home(__name__, __path__)

__all__ = ["Primitive", "PrimitiveSpec", "primitives"]
