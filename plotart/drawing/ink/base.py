"""What every ink can do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from plotart.core.color import hex_to_rgb, normalize_hex
from plotart.core.errors import InputError
from plotart.core.parts import Part, Whole
from plotart.core.registry import Registry
from plotart.drawing.packed import Packed
from plotart.drawing.render.view import Coverages
from plotart.pens import Pen

__all__ = ["FreeInk", "GroundedInk", "GroundedSpec", "Ink", "InkSpec", "colours", "ink_specs", "inks"]

inks: Registry[Ink] = Registry("ink")


class Ink(Packed):
    """The colour of each of N shapes and the rule by which they mix."""

    kind: ClassVar[str]
    rates: ClassVar[Mapping[str, float]] = {}
    """The usual learning rate of each of its parameters, by the parameter's name."""
    pens: tuple[Pen, ...] = ()
    """The real pens of which each shape has one, in plotting order; none where colours are no pens."""
    settled: ClassVar[bool] = False
    """Whether every shape has its pen for good, so that the drawing can be plotted."""
    free: ClassVar[bool] = False
    """Whether each shape has any colour, which a stage may turn into a pen; then `order`, `ground_on` and `laid_on`
    tell what shapes show of each other."""
    ordered: ClassVar[bool] = False
    """Whether shapes lie over each other in drawing order and hide what is below, so that two may change places."""
    restarts: ClassVar[bool] = False
    """Whether single shapes can start again in another colour (`without_each`, `start_again_`)."""

    @abstractmethod
    def picture(self, seen: Coverages, paper: Tensor, presence: Tensor | None = None) -> Tensor:
        """The picture of shapes in this ink: `[*, 3, H, W]` sRGB in 0..1, differentiable.

        Args:
            seen: what the shapes cover. paper: `[3]` sRGB. presence: `[N]` in 0..1, how much of each shape is there.
        """

    @abstractmethod
    def stroke_rgb(self) -> Tensor:
        """The colour one shape alone leaves on white paper: `[N, 3]` sRGB 0..1, detached."""

    @abstractmethod
    def strength(self) -> Tensor:
        """How much ink of each shape is seen on white paper, differentiable: `[N]` in 0 (none) .. 1, any pen's too."""

    def chosen(self) -> Tensor:
        """Which of `pens` each shape has, `[N]` long."""
        raise TypeError(f"ink {self.kind!r} has no pens")

    def without(self, pen: int) -> Ink:
        """The same ink with one of its pens taken away."""
        raise TypeError(f"ink {self.kind!r} has no pens to choose from")

    def settle(self) -> Ink:
        """The pens that shapes have now, for good."""
        raise TypeError(f"ink {self.kind!r} has no pens to choose from")

    def listen(self, temperature: float) -> None:
        """How widely shapes listen to the pens that they might have, where that is still open."""

    def order(self) -> Tensor:
        """The shapes from the hindmost to the nearest, `[N]` long."""
        return torch.arange(len(self.stroke_rgb()))

    def ground_on(self, paper: Tensor) -> Tensor:
        """What shows where no shape covers, on `paper [3]`: `[3]` sRGB."""
        return paper

    def laid_on(self, shape: int, below: Tensor) -> Tensor:
        """The colours `[M, 3]` sRGB that full coverage by a shape makes of the colours `below [M, 3]` under it."""
        raise TypeError(f"ink {self.kind!r} has no colours of single shapes")

    def without_each(self, covered: Tensor, paper: Tensor) -> tuple[Tensor, Iterable[Tensor]]:
        """The picture of coverages `[N, P]`, and those without the first shape, the second, ...: each `[3, P]` sRGB."""
        raise TypeError(f"ink {self.kind!r} does not tell what single shapes do")

    def start_again_(self, rgb: Tensor) -> None:
        """Give the last M shapes the colours `rgb [M, 3]` sRGB, as shapes that are new."""
        raise TypeError(f"ink {self.kind!r} keeps its shapes")

    def hide_below_(self, shapes: list[int]) -> None:
        """Let these shapes hide what is below them, where they have an opacity."""


class FreeInk(Ink):
    """Any colour for each shape, optimized."""

    free = True


class GroundedInk(FreeInk):
    """Free colours on a ground that need not be the paper: the paper, a colour of its own, or one that is optimized.

    Args:
        background: `[3]` sRGB in 0..1; None is the paper. learned: whether it is a parameter.
    """

    rates: ClassVar[Mapping[str, float]] = {"background": 0.02}
    background: Tensor | None

    def __init__(self, background: Tensor | None, learned: bool) -> None:
        super().__init__()
        if background is None:
            self.background = None
        elif background.shape != (3,):
            raise ValueError(f"background must be [3], not {list(background.shape)}")
        elif learned:
            self.background = nn.Parameter(background.detach().clone())
        else:
            self.register_buffer("background", background.detach().clone())

    def ground_on(self, paper: Tensor) -> Tensor:
        return paper if self.background is None else self.background

    @torch.no_grad()
    def constrain_(self) -> None:
        if self.background is not None:
            self.background.clamp_(0, 1)

    def _grounds(self) -> dict[str, Any]:
        kept = None if self.background is None else self.background.detach().clone()
        return {"background": kept, "learned": isinstance(self.background, nn.Parameter)}


def colours(name: str, rgb: Tensor) -> nn.Parameter:
    """`rgb [N, 3]` as a parameter; ValueError for another shape."""
    if rgb.ndim != 2 or rgb.shape[1] != 3:
        raise ValueError(f"{name} must be [N, 3], not {list(rgb.shape)}")
    return nn.Parameter(rgb.detach().clone())


class InkSpec(Part):
    """Free colours before quantization: which rule mixes them, and how they start."""

    @property
    def ground(self) -> str:
        """What lies under all shapes: `paper`, a colour such as `#000000`, or `learned`."""
        return "paper"

    @abstractmethod
    def build(self, count: int, generator: torch.Generator, rgb: Tensor | None = None) -> Ink:
        """The ink of `count` shapes, in random colours or, where shapes have colours, in `rgb [count, 3]` sRGB."""

    def check(self, config: Whole, at: str) -> None:
        fitting = config.primitive.inks
        if self.kind not in fitting:
            raise InputError(f"{at}.kind: {config.primitive.kind} take {' or '.join(fitting)}, not {self.kind}")

    @model_validator(mode="before")
    @classmethod
    def _written_in_full(cls, given: Any) -> Any:
        """Earlier versions wrote the settings of all inks into config.yaml: unchanged ones of others are let go."""
        if not isinstance(given, Mapping):
            return given
        return {
            name: value
            for name, value in given.items()
            if name in cls.model_fields or name not in _ONCE_FOR_ALL or value != _ONCE_FOR_ALL[name]
        }


_ONCE_FOR_ALL = {"light": "linear", "start_opacity": 0.8, "background": "paper", "units": None}


class GroundedSpec(InkSpec):
    """An ink on a ground that need not be the paper."""

    background: str = Field(
        "paper", description="what lies under all shapes: paper, a colour such as #000000, or learned"
    )

    @field_validator("background")
    @classmethod
    def _known_background(cls, value: str) -> str:
        if value in ("paper", "learned"):
            return value
        try:
            return normalize_hex(value)
        except InputError:
            raise ValueError(f"give paper, learned, or a colour such as #000000, not {value!r}") from None

    @property
    def ground(self) -> str:
        return self.background

    def grounds(self) -> tuple[Tensor | None, bool]:
        """`background` and `learned` of a `GroundedInk`."""
        if self.background == "paper":
            return None, False
        if self.background == "learned":
            return torch.full((3,), 0.5), True
        return torch.tensor(hex_to_rgb(self.background), dtype=torch.float32), False


ink_specs: Registry[InkSpec] = Registry("ink")
