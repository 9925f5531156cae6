"""Modules of N like things that are kept as tensors and plain values: what primitives and inks have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

__all__ = ["Packed"]


class Packed(nn.Module, ABC):
    """A module that `unpack` makes again from what `pack` gave: tensors and plain values, safe to load from a file."""

    per_shape: ClassVar[tuple[str, ...]] = ()
    """Of what `pack` gives, the tensors that hold a row for each of the N; all else is for all of them."""

    @abstractmethod
    def pack(self) -> dict[str, Any]:
        """The tensors, detached copies, and plain values from which `unpack` makes the same again."""

    @classmethod
    @abstractmethod
    def unpack(cls, state: dict[str, Any]) -> Self:
        """What `pack` was asked of."""

    def subset(self, keep: Tensor) -> Self:
        """Those at the indices `keep [M]` (long), in that order, with parameters of their own."""
        return self.unpack({k: v[keep] if k in self._rows() else v for k, v in self.pack().items()})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The rows of several, one after the other; what is for all of them is that of the first."""
        states = [part.pack() for part in parts]
        return cls.unpack(
            {k: torch.cat([state[k] for state in states]) if k in cls._rows() else v for k, v in states[0].items()}
        )

    @classmethod
    def _rows(cls) -> tuple[str, ...]:
        if not cls.per_shape:
            raise TypeError(f"{cls.__name__} belong together: none can be taken out or added")
        return cls.per_shape

    def constrain_(self) -> None:
        """Bring the parameters back into their ranges after a step of the optimizer."""
