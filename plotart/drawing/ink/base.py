"""What every ink can do."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from plotart.core.registry import Registry

__all__ = ["FreeInk", "GroundedInk", "Ink", "colours", "inks"]

inks: Registry[Ink] = Registry("ink", "plotart.drawing.ink")


class Ink(nn.Module):
    """The colour of each of N shapes and the rule by which they mix."""

    kind: str

    @abstractmethod
    def stroke_rgb(self) -> Tensor:
        """The colour one shape alone leaves on white paper: `[N, 3]` sRGB 0..1, detached."""

    @abstractmethod
    def subset(self, keep: Tensor) -> Ink:
        """The inks of the shapes at the indices `keep [M]` (long)."""

    def constrain_(self) -> None:
        """Bring the parameters back into 0..1 after a step of the optimizer."""

    @abstractmethod
    def pack(self) -> dict[str, Any]: ...

    @classmethod
    @abstractmethod
    def unpack(cls, state: dict[str, Any]) -> Ink: ...


class FreeInk(Ink):
    """Any colour for each shape, optimized."""

    @abstractmethod
    def strength(self) -> Tensor:
        """How much ink of each shape is seen on white paper, differentiable: `[N]` in 0 (none) .. 1."""


class GroundedInk(FreeInk):
    """Free colours on a ground that need not be the paper: the paper, a colour of its own, or one that is optimized.

    Args:
        background: `[3]` sRGB in 0..1; None is the paper. learned: whether it is a parameter.
    """

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

    def ground(self, paper: Tensor) -> Tensor:
        """What shows where no shape covers, on `paper [3]`: `[3]` sRGB."""
        return paper if self.background is None else self.background

    @torch.no_grad()
    def constrain_(self) -> None:
        if self.background is not None:
            self.background.clamp_(0, 1)

    def order(self) -> Tensor:
        """The shapes from the hindmost to the nearest, `[N]` long."""
        return torch.arange(len(self.stroke_rgb()))

    @abstractmethod
    def laid_on(self, shape: int, below: Tensor) -> Tensor:
        """The colours `[M, 3]` sRGB that full coverage by a shape makes of the colours `below [M, 3]` under it."""

    def _grounds(self) -> dict[str, Any]:
        kept = None if self.background is None else self.background.detach().clone()
        return {"background": kept, "learned": isinstance(self.background, nn.Parameter)}


def colours(name: str, rgb: Tensor) -> nn.Parameter:
    """`rgb [N, 3]` as a parameter; ValueError for another shape."""
    if rgb.ndim != 2 or rgb.shape[1] != 3:
        raise ValueError(f"{name} must be [N, 3], not {list(rgb.shape)}")
    return nn.Parameter(rgb.detach().clone())
