"""Glyphs that survive a noisy channel: primitives, objective and stages, registered as anybody else's parts are."""

from plotart.glyphs import digits, glyphs, message, rasters, train

__all__ = ["digits", "glyphs", "message", "rasters", "train"]
