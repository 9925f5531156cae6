"""What every part of a run says about itself, so that nothing around it knows it by name.

A part is what a config names: a primitive, an ink, an objective, a stage. What it needs of the others and what it gives
them are words; a config is whole when each need is given by one of its parts. These are in use, others may add theirs:

- `subject`: something to draw. `picture`: a picture to draw, which objectives and stages can look at.
- `network`: a feature network, which the run loads when a part needs it.
- `curves`: lines with lengths and widths, which penalties judge; `single`: each can be taken away by itself; `chains`:
  each knows the form in which it was laid. `strokes`: curves of as many control points each, which can be moved, taken
  away or added. `shapes`: filled areas with an edge. `outlines`: the same with control points round them.
  `regions`: what dividers cut.
- `pens`: real pens in the end. `hatching`, `tracing`: how areas and regions get there.
- `message`, `training`, `reading`: the parts of glyphs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from plotart.core.settings import Section
from plotart.core.tables import Table

__all__ = ["NOTHING", "Part", "Whole"]

NOTHING: frozenset[str] = frozenset()

WANTED = {
    "network": "a network; choose one with --network",
    "picture": "a picture; give --image FILE",
    "curves": "strokes to judge",
    "strokes": "strokes; primitive.kind must be strokes",
    "single": "strokes; primitive.kind must be strokes or splines",
    "chains": "lines that know how they were laid; primitive.kind must be splines",
    "outlines": "closed paths; primitive.kind must be paths",
    "shapes": "filled shapes; primitive.kind must be circles, paths or splats",
}


class Part(Section):
    """Settings of one part of a run; frozen, part of the config."""

    kind: ClassVar[str]
    """Its name in configs, set by its registry."""
    label_order: ClassVar[int] = 100
    """Parts of lower order come first in the name of a run: a picture is 0, a neuron 10, a style 40."""

    @property
    def needs(self) -> frozenset[str]:
        """What other parts of the run have to give."""
        return NOTHING

    @property
    def gives(self) -> frozenset[str]:
        """What others may need."""
        return NOTHING

    def lacks(self, need: str, at: str, config: Whole) -> str:
        """One sentence for the user: nothing in the run gives `need`. at: the part's address, such as `stages.2`."""
        return f"{at}: '{self.kind}' needs {WANTED.get(need, need)}"

    def check(self, config: Whole, at: str) -> None:
        """Whether the part goes with the rest of the run: what no setting of it can know by itself.

        Raises:
            InputError: one sentence that begins with the address of what is wrong.
        """

    def label(self, config: Whole) -> Sequence[str]:
        """What it adds to the name of a run's folder."""
        return ()

    @classmethod
    def terminal(cls, figures: Mapping[str, Any]) -> Sequence[Table | str]:
        """What it has to say of a finished run in the terminal. figures: those of run.json, by name."""
        return ()

    @classmethod
    def metrics(cls, figures: Mapping[str, Any]) -> Mapping[str, float]:
        """What TensorBoard's table of runs tells of a finished run, besides measures. figures: those of run.json."""
        return {}

    @classmethod
    def report(cls, figures: Mapping[str, Any]) -> Sequence[Table]:
        """What it has to say of a finished run in the report. figures: those of run.json, by name."""
        return ()

    def hyper_parameters(self) -> Mapping[str, str]:
        """What TensorBoard's table of runs tells of it."""
        return {}


class Whole(Protocol):
    """The config of a run, as its parts see it: only what they may ask."""

    @property
    def primitive(self) -> Any: ...
    @property
    def ink(self) -> Any: ...
    @property
    def objectives(self) -> Mapping[str, Part]: ...
    @property
    def stages(self) -> Sequence[Any]: ...
    @property
    def pens(self) -> Any: ...
    @property
    def network(self) -> Any: ...
    @property
    def init(self) -> str | None: ...
    @property
    def minutes(self) -> float | None: ...
    @property
    def size(self) -> int: ...

    @property
    def given(self) -> frozenset[str]:
        """What all parts give together."""

    @property
    def free_first(self) -> bool:
        """Whether the drawing starts in free colours that a stage turns into pens, or in real pens."""
