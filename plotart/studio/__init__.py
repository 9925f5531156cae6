"""One page to make, watch, choose and plot drawings: a server on this machine that drives the same commands."""

from plotart.studio.serve import serve

__all__ = ["serve"]
