"""Learning rates: those that parts declare for their parameters, and how they fall during a fit."""

from __future__ import annotations

import math
from collections.abc import Mapping

from plotart.core.errors import InputError
from plotart.core.registry import nearest
from plotart.drawing.ink import Ink, inks
from plotart.drawing.primitives import Primitive, primitives

__all__ = ["check_rates", "rate_factor", "usual_rates"]


def usual_rates() -> dict[str, float]:
    """The learning rate of every parameter that a primitive or an ink declares, by name.

    Raises:
        ValueError: two parts declare different ones for the same name.
    """
    found: dict[str, float] = {}
    shapes: list[type[Primitive] | type[Ink]] = [primitives[kind].makes for kind in primitives]
    for part in [*shapes, *(inks[kind] for kind in inks)]:
        for name, rate in part.rates.items():
            if found.setdefault(name, rate) != rate:
                raise ValueError(f"rates of {name!r}: {part.kind} declares {rate:g}, another part {found[name]:g}")
    return found


def check_rates(rates: Mapping[str, float], at: str) -> None:
    """InputError unless some part has a parameter of each name in `rates`."""
    known = usual_rates()
    for name in rates:
        if name not in known:
            raise InputError(f"{at}.rates: no part has a parameter '{name}'; nearest: {nearest(name, list(known))}")


def rate_factor(schedule: str, progress: float) -> float:
    """The share of the first learning rate at `progress` 0..1 of a fit."""
    if schedule == "halving":
        return 1.0 if progress < 0.5 else 0.5 if progress < 0.75 else 0.25
    if schedule == "cosine":
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
    return 1.0
