"""From a drawing in unit coordinates to the plot in millimetres that a machine draws."""

import torch

from plotart.drawing import Drawing
from plotart.geometry import clip
from plotart.ink import Penned
from plotart.plot.layers import Layer, Plot
from plotart.plot.route import order, tidy

__all__ = ["make_plot"]


def make_plot(drawing: Drawing) -> Plot:
    """The drawing's paths in mm, clipped at the margins, joined and ordered: one layer per pen in plotting order."""
    ink = drawing.ink
    if not isinstance(ink, Penned):
        raise ValueError("only a drawing whose colours are pens can be plotted; quantize it first")
    paths = [drawing.canvas.to_mm(path) for path in drawing.primitive.paths()]
    layers = []
    for k, pen in enumerate(ink.pens):
        own = [paths[i] for i in torch.nonzero(ink.pen == k).flatten().tolist()]
        layers.append(Layer(pen, [piece for path in own for piece in clip(path, drawing.canvas.rectangle)]))
    plot = Plot(drawing.canvas.page, drawing.canvas.margin_mm, layers)
    return plot.map(lambda layer: order(tidy(layer.paths, layer.pen.tip_mm)))
