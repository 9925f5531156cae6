"""What is optimized: a canvas, a primitive and an ink."""

from plotart.drawing.drawing import Drawing

__all__ = ["Drawing"]
