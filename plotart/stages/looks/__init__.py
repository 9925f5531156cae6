"""Looks: ways to lay lines for a picture, each of one file. `plotart.stages.lay` lays them, and they are fitted."""

from plotart.stages.looks.base import Laid, Look, Wanted, looks

looks.home(__name__, __path__)

__all__ = ["Laid", "Look", "Wanted", "looks"]
