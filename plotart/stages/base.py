"""What a stage is and declares, and where stages are known by name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from torch import Tensor

from plotart.core.movie import Shot
from plotart.core.parts import Part
from plotart.core.registry import Registry
from plotart.drawing import Drawing
from plotart.stages.context import Context
from plotart.stages.costs import Costs
from plotart.stages.watch import Watch

if TYPE_CHECKING:
    from plotart.stages.fit import Fit

__all__ = ["Finish", "Stage", "stages"]


@dataclass(frozen=True)
class Finish:
    """A run that has done its stages, for those that leave files of their own.

    Attributes:
        folder: of the run. seed: the run's.
        paper: the written drawing, rasterized by another program, `[1, 3, H, W]` sRGB.
        frames: the film of the run's frames, without captions, at so many a second.
    """

    folder: Path
    drawing: Drawing
    context: Context
    paper: Tensor
    seed: int
    frames: Callable[[float], Iterator[Shot]]


class Stage(Part):
    """Settings of one stage, frozen, and what it does to a drawing."""

    fits: ClassVar[bool] = False
    """Whether it descends the objectives with colours and pens as they are."""
    reduces: ClassVar[bool] = False
    """Whether it takes colours or pens away: what is open before it is not afterwards."""
    limits_pens: ClassVar[bool] = False
    """Whether it leaves as many pens as the palette may have, so that their number must be known before it."""
    goes_on: ClassVar[bool] = False
    """Whether a finished run can go on with more of its `steps`. Its drawing is the one to look at by itself."""
    while_at_work: ClassVar[tuple[str, ...]] = ()
    """Settings that may change while it is at work, for its saved state does not hold them."""
    keeps_minutes: ClassVar[bool] = False
    """Whether it sees to it that the drawing plots in the run's minutes."""
    lays_anew: ClassVar[bool] = False
    """Whether it replaces the strokes it is given, and so is left out where they come from a file."""
    counts_pens: ClassVar[bool] = False
    """Whether it finds how many pens the palette has."""
    spares_pens: ClassVar[bool] = False
    """Whether there are fewer pens than usual, unless their number is said, where changing them takes the time."""
    leaves: ClassVar[tuple[str, ...]] = ()
    """Names of the files of its own that it writes into the run's folder."""
    inks: ClassVar[tuple[str, ...] | None] = None
    """The only `ink.kind` that it works on; None: any."""
    usual_strokes: ClassVar[int | None] = None
    """How many strokes it typically leaves, for forecasts; None: about as many as it is given."""
    leaving: ClassVar[float] = 0.0
    """Seconds that `finish` typically takes."""

    @abstractmethod
    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        """The drawing after the stage; the one that is given stays as it is.

        Raises:
            InputError: the drawing is none that the stage is for.
            Interrupted: by `watch.checkpoint`, whose state is found in `watch.saved` when the stage is called again.
        """

    @property
    def own_steps(self) -> int:
        """How many of the run's steps it takes."""
        return 0

    @property
    def likely_steps(self) -> int:
        """How many steps it probably takes, of its own or, where it has none, besides those of the run."""
        return self.own_steps

    @property
    def costs(self) -> Costs:
        """What it typically takes, where no earlier run tells."""
        return Costs()

    def scaled(self, share: Callable[[int], int]) -> Self:
        """The stage in a run of another number of steps; `share` gives what becomes of a number of them."""
        return self

    def drafted(self) -> Self:
        """The stage in a quick draft of the run: with less care for what does not show in one."""
        return self

    def whole_fit(self) -> Fit | None:
        """Itself, where all of a drawing is fitted in it: its settings serve where the drawing is fitted again."""
        return None

    def counted(self) -> Sequence[Stage]:
        """What stands in its place where the number of pens is to be found."""
        return (self,)

    def wants_free(self, palette: str) -> bool:
        """Whether it turns free colours into pens, so that the drawing must start with them."""
        return False

    def settles(self, palette: str) -> bool:
        """Whether every colour has become a pen after it."""
        return False

    @property
    def source(self) -> str | None:
        """Folder of a finished run whose last drawing it starts from."""
        return None

    def ready(self, context: Context, at: str, say: Callable[[str], None]) -> None:
        """Called before any work, when objectives, canvas and pens are known. at: the address, such as `stages.0`.

        Raises:
            InputError: they are none that the stage is for.
        """

    def finish(self, end: Finish) -> Mapping[str, Any]:
        """Called when all stages are done and the drawing is written: files of its own, and figures for run.json."""
        return {}


stages: Registry[Stage] = Registry("stage")
