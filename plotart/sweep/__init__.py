"""Many runs side by side: what to draw, processes that draw it, and a page to compare the drawings."""

from plotart.sweep.compare import Comparison, compare, comparisons_text
from plotart.sweep.plan import Cell, cells, read_neurons
from plotart.sweep.run import finished, sweep

__all__ = ["Cell", "Comparison", "cells", "compare", "comparisons_text", "finished", "read_neurons", "sweep"]
