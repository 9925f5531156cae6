"""Pens as data: built-in sets, files of the user's own pens, colours."""

from plotart.pens.palette import Pen, PenSet, load_pens, pen_sets, to_vpype_toml

__all__ = ["Pen", "PenSet", "load_pens", "pen_sets", "to_vpype_toml"]
