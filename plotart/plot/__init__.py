"""From a drawing to paper: layers, order, time, files. All coordinates are millimetres on the page."""

from plotart.plot.layers import Layer, Plot, order_pens

__all__ = ["Layer", "Plot", "order_pens"]
