"""How coverage becomes colour.

`Over` composites in drawing order in sRGB, as SVG viewers do. `Multiply` lets light pass every stroke and
commutes. `Penned` is what paper does once colours are pens: strokes of one pen unite in that pen's plane, and light
passes the planes one after the other. `Choosing` is the same while each stroke's pen is still being learned. `Average`
shows the nearest shape by a soft depth, and `Add` adds signed colours up. `Coded` gives each region between dividers a
colour, by the sides on which it lies.

A renderer asks `Over` for `rgb` and `opacity`, `Penned` for the `pen` of each shape, the others for the `weight` of a
shape in each plane; `compose` makes the image of the transmitted fractions `T [*, C, H, W]`, or of the sums of a
`SumInk`.
"""

from plotart.drawing.ink.base import FreeInk, GroundedInk, Ink, inks
from plotart.drawing.ink.coded import Coded
from plotart.drawing.ink.free import Multiply, Over
from plotart.drawing.ink.pens import Choosing, PenInk, Penned
from plotart.drawing.ink.spec import InkSpec
from plotart.drawing.ink.sums import Add, Average, SumInk

__all__ = [
    "Add",
    "Average",
    "Choosing",
    "Coded",
    "FreeInk",
    "GroundedInk",
    "Ink",
    "InkSpec",
    "Multiply",
    "Over",
    "PenInk",
    "Penned",
    "SumInk",
    "inks",
]
