"""What a part tells at the end of a run, for the terminal and the report alike."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Curve", "Table"]


@dataclass(frozen=True)
class Curve:
    """A line chart. points: (x, y), at least two. name: of y; unit: of x."""

    name: str
    points: tuple[tuple[float, float], ...]
    unit: str


@dataclass(frozen=True)
class Table:
    """A heading, rows of cells under column heads, a curve above and a sentence below them; any may be missing.

    bars: by row, a share in 0..1 that is shown as a bar beside it.
    """

    heading: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    curve: Curve | None = None
    note: str = ""
    bars: tuple[float, ...] = ()
