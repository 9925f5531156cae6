"""Who looks on while a stage works: progress, logs and checkpoints. A stage works the same whoever looks on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from torch import Tensor

from plotart.stages.judge import Evaluation

__all__ = ["Part", "Silent", "Step", "Watch"]


@dataclass(frozen=True)
class Step:
    """A step that was done.

    Attributes:
        number, of: how many steps the stage has done, and will do.
        losses: of each objective. total: their weighted sum.
        told: what else the stage has to tell of it, by names of its own.
    """

    number: int
    of: int
    losses: Mapping[str, float]
    total: float
    told: Mapping[str, float] = field(default_factory=dict)


class Watch(Protocol):
    saved: dict[str, Any] | None
    """State that an earlier, interrupted call of the same stage handed to `checkpoint`."""

    def step(self, done: Step) -> None: ...

    def seen(self, step: int, evaluation: Evaluation) -> None: ...

    def checkpoint(self, state: Callable[[], dict[str, Any]]) -> None:
        """Called between steps. Saves `state()` when that is due; raises Interrupted when the user wants to stop."""

    def say(self, line: str) -> None: ...

    def tell(self, name: str, figure: Any) -> None:
        """A figure for run.json: numbers, text, lists and mappings."""

    def picture(self, name: str, image: Tensor) -> None:
        """A picture `[1, 3, H, W]` sRGB to lie beside the drawing."""


class Silent:
    """Nobody: nothing is shown, kept or stopped."""

    saved: dict[str, Any] | None = None

    def step(self, done: Step) -> None:
        pass

    def seen(self, step: int, evaluation: Evaluation) -> None:
        pass

    def checkpoint(self, state: Callable[[], dict[str, Any]]) -> None:
        pass

    def say(self, line: str) -> None:
        pass

    def tell(self, name: str, figure: Any) -> None:
        pass

    def picture(self, name: str, image: Tensor) -> None:
        pass


class Part:
    """The watch of one fit inside a stage: its steps are a part of the stage's, its checkpoints hold the stage's too.

    Args:
        base: the stage's own state, kept with the fit's under `fit`. saved: the fit's state to go on from.
        first, steps: the stage's steps before this fit, and all of them.
    """

    def __init__(
        self, watch: Watch, base: Mapping[str, Any], saved: dict[str, Any] | None, first: int, steps: int
    ) -> None:
        self.watch = watch
        self.base = base
        self.saved = saved
        self.first = first
        self.steps = steps

    def step(self, done: Step) -> None:
        self.watch.step(replace(done, number=self.first + done.number, of=self.steps))

    def seen(self, step: int, evaluation: Evaluation) -> None:
        self.watch.seen(self.first + step, evaluation)

    def checkpoint(self, state: Callable[[], dict[str, Any]]) -> None:
        self.watch.checkpoint(partial(self._state, state))

    def _state(self, state: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return {**self.base, "fit": state()}

    def say(self, line: str) -> None:
        self.watch.say(line)

    def tell(self, name: str, figure: Any) -> None:
        self.watch.tell(name, figure)

    def picture(self, name: str, image: Tensor) -> None:
        self.watch.picture(name, image)
