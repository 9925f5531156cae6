"""Hatch: parallel lines, of each pen in a direction of its own, closer where it is darker."""

from __future__ import annotations

from pydantic import Field

from plotart.stages.looks.base import Floats, Laid, Wanted, looks
from plotart.stages.rows import parallel, rows

__all__ = ["Hatching"]


@looks.register("hatch")
class Hatching(Laid):
    """Parallel lines, an angle for each pen."""

    angle: float = Field(45.0, ge=-180, le=180, description="of the darkest pen's lines, degrees")
    turn: float | None = Field(None, ge=-180, le=180, description="from a pen to the next; none: evenly, by the pens")
    shortest_mm: float = Field(3.0, gt=0, le=100, description="no shorter lines are laid")

    def lines(self, wanted: Wanted, gain: float) -> list[Floats]:
        turn = 180 / wanted.pens if self.turn is None else self.turn
        # the darkest pen comes last and is told best: at the angle that hands hatch at
        angle = self.angle + (wanted.pens - 1 - wanted.number) * turn
        curves = parallel(wanted, -angle, wanted.tip_mm)
        return [run.points for run in rows(wanted, curves, wanted.tip_mm, gain, self.shortest_mm)]
