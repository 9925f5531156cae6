"""How coverage becomes colour.

`Over` composites in drawing order in sRGB, as SVG viewers do. `Multiply` lets light pass every stroke and
commutes. `Penned` is what paper does once colours are pens: strokes of one pen unite in that pen's plane, and light
passes the planes one after the other. `Choosing` is the same while each stroke's pen is still being learned. `Average`
shows the nearest shape by a soft depth, `Add` adds signed colours up, and `Mean` takes their mean.
`Coded` gives each region between dividers a colour, by the sides on which it lies.

`Ink.picture` asks the coverages of the shapes (plotart.drawing.render.view) for what it needs: `Over` lays them over
each other, `Penned` unites those of a pen, the others let light pass by the `weight` of a shape in each plane, or sum
it up; `compose` makes the image of the transmitted fractions `T [*, C, H, W]`, or of the sums.
"""

from plotart.drawing.ink.base import FreeInk, GroundedInk, GroundedSpec, Ink, InkSpec, ink_specs, inks
from plotart.drawing.ink.coded import Coded, CodedSpec
from plotart.drawing.ink.free import Multiply, MultiplySpec, Over, OverSpec
from plotart.drawing.ink.pens import Choosing, PenInk, Penned, mix_pens
from plotart.drawing.ink.sums import Add, AddSpec, Average, AverageSpec, Mean, MeanSpec, SumInk

inks.home(__name__, __path__)
ink_specs.home(__name__, __path__)

__all__ = [
    "Add",
    "AddSpec",
    "Average",
    "AverageSpec",
    "Choosing",
    "Coded",
    "CodedSpec",
    "FreeInk",
    "GroundedInk",
    "GroundedSpec",
    "Ink",
    "InkSpec",
    "Mean",
    "MeanSpec",
    "Multiply",
    "MultiplySpec",
    "Over",
    "OverSpec",
    "PenInk",
    "Penned",
    "SumInk",
    "ink_specs",
    "inks",
    "mix_pens",
]
