"""Plotters that exist only as programs: boards on a pseudo-terminal that write down what the pen drew.

By hand: `python -m tests.machines ebb` prints a port for `plotart plot --port`.
"""

from .board import Board, Faults, Paper
from .ebb import VirtualEbb
from .grbl import VirtualGrbl

__all__ = ["Board", "Faults", "Paper", "VirtualEbb", "VirtualGrbl"]
