"""Many runs side by side: what to draw, processes that draw it, and a page to compare the drawings."""

from plotart.sweep.plan import Cell, cells, read_neurons
from plotart.sweep.run import sweep

__all__ = ["Cell", "cells", "read_neurons", "sweep"]
