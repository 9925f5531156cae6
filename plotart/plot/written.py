"""A drawing in pens as the plot it is written as, and the ink that plot lays on paper."""

from __future__ import annotations

import torch
from torch import Tensor

from plotart.core.clipping import clip_all
from plotart.core.color import rgb_to_hex
from plotart.drawing import Drawing
from plotart.drawing.ink_load import load_of_paths
from plotart.pens import Pen
from plotart.plot.hatch import hatch
from plotart.plot.layers import Layer, Plot
from plotart.plot.route import order, tidy

__all__ = ["by_colour", "load_of", "make_plot", "written"]

SOLID = 0.9
"""Pitch of lines that leave no paper between them, in tips."""
TIP_MM = 0.4
"""Of the pens by which `by_colour` names colours."""
ANGLE = 0.6
"""Of these lines, radians."""


def written(drawing: Drawing) -> Plot:
    """The drawing's paths in mm, clipped at the margins and joined, a layer per pen; strokes in no order yet.

    What a shape fills is hatched so closely that no paper shows, as the drawing's own picture has it.
    """
    ink = drawing.ink
    if not ink.settled:
        raise ValueError("only a drawing whose colours are pens can be plotted; quantize it first")
    marks = [[drawing.canvas.to_mm(path) for path in shape] for shape in drawing.primitive.marks()]
    fills = drawing.primitive.fills()
    chosen = ink.chosen()
    layers = []
    for k, pen in enumerate(ink.pens):
        own = [path for i in torch.nonzero(chosen == k).flatten().tolist() for path in marks[i]]
        if fills:
            areas = [fills[i] for i in torch.nonzero(chosen == k).flatten().tolist()]
            tip = pen.tip_mm / drawing.canvas.mm_per_unit
            own += [drawing.canvas.to_mm(path) for area in areas for path in hatch(area, SOLID * tip, ANGLE, tip / 2)]
        layers.append(Layer(pen, clip_all(own, drawing.canvas.rectangle)))
    plot = Plot(drawing.canvas.page, drawing.canvas.margin_mm, layers, drawing.canvas.paper)
    return plot.map(lambda layer: tidy(layer.paths, layer.pen.tip_mm))


def by_colour(drawing: Drawing) -> Plot:
    """What pens draw of a drawing in any ink, in mm, a layer for each colour that a shape leaves on paper."""
    layers: dict[str, Layer] = {}
    for marks, rgb in zip(drawing.primitive.marks(), drawing.ink.stroke_rgb().cpu().double().numpy(), strict=True):
        shade = rgb_to_hex(rgb)
        layer = layers.setdefault(shade, Layer(Pen(name=shade, hex=shade, tip_mm=TIP_MM), []))
        layer.paths.extend(drawing.canvas.to_mm(path) for path in marks)
    return Plot(drawing.canvas.page, drawing.canvas.margin_mm, list(layers.values()), drawing.canvas.paper)


def make_plot(drawing: Drawing, *, thorough: bool = True) -> Plot:
    """The drawing as a machine draws it: `written`, each layer ordered for short ways with the pen lifted.

    An order that is not `thorough` is found in a tenth of the time, and plots about 0.3 % longer.
    """
    return written(drawing).map(lambda layer: order(layer.paths, thorough=thorough))


def load_of(plot: Plot) -> Tensor:
    """Layers of ink of all pens on every square millimetre of the page, `[H, W]`; see `plotart.drawing.ink_load`."""
    pens = [(layer.paths, layer.pen.tip_mm) for layer in plot.layers]
    return load_of_paths(pens, (plot.page.width_mm, plot.page.height_mm))
