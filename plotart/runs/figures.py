"""What `run.json` tells of a finished run."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from plotart.core.settings import Section, first_wrong

__all__ = ["Figures", "InkLoad", "PenFigures", "PlotFigures"]


class PenFigures(Section):
    """A pen of the plot: `ink_mm` of strokes on paper, `seconds` on the machine, its own lifts included."""

    name: str
    hex: str
    tip_mm: float
    strokes: int
    ink_mm: float
    lifts: int
    seconds: float


class InkLoad(Section):
    """Layers of ink on a square millimetre: the most anywhere, and what 99 % of them stay below."""

    max: float
    p99: float


class PlotFigures(Section):
    """The whole plot on `machine`, pen changes included."""

    machine: str
    minutes: float
    pen_up_mm: float
    ink_mm: float
    lifts: int


class Figures(BaseModel):
    """The figures of a run; by name (`figures["plot"]["minutes"]`) as they stand in `run.json`, or as attributes.

    Those below are of every run. Objectives add their measures (`excitation`, `pixels`, ...: the value at the stages
    `free`, `quantized`, `final` and `svg`), and parts what they have to tell (`minutes`, `message`, `pen_count`, ...).

    Attributes:
        seconds, steps: of work. loss: of each objective at the end, unweighted; weights: what each counted.
        history: step, total, and excitation or None, of each look at the clean image.
        retention: final / free excitation. damage: see `plotart.runs.damage`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    network: str | None = None
    seed: int = 0
    steps: int = 0
    seconds: float = 0.0
    loss: dict[str, float] = {}
    weights: dict[str, float] = {}
    history: list[tuple[int, float, float | None]] | None = None
    retention: float | None = None
    damage: dict[str, list[dict[str, Any]]] = {}
    pens: tuple[PenFigures, ...] = ()
    ink_load: InkLoad | None = None
    plot: PlotFigures | None = None

    @classmethod
    def of_json(cls, held: dict[str, Any]) -> Figures:
        """The figures of a run.json.

        Raises:
            ValueError: naming the first that is none.
        """
        try:
            return cls.model_validate(held)
        except ValidationError as error:
            raise ValueError(": ".join(first_wrong(error))) from None

    @cached_property
    def by_name(self) -> dict[str, Any]:
        """As they stand in run.json: numbers, text, lists and mappings; nothing of a run that is not finished."""
        return self.model_dump(mode="json", exclude_unset=True)

    def __getitem__(self, name: str) -> Any:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name
