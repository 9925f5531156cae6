"""A look in a config: `look: hatch`, or with settings of its own, stands for a stage and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from plotart.core.errors import InputError, shown
from plotart.core.registry import nearest
from plotart.core.settings import first_wrong
from plotart.stages.looks import Look, looks

__all__ = ["look_names", "styled"]

LAYING = ("place", "lay")
"""Stages whose place a look takes."""
SPARING, SPARED = 0.8, 0.1
"""The share of the limit of ink from which on a line that stays one avoids it, and what that counts."""


def look_names() -> list[str]:
    """The looks there are."""
    return list(looks)


def styled(settings: Mapping[str, Any], asked: Any) -> dict[str, Any]:
    """The settings of a config in a look: its stage in the place of the one that lays strokes, and what goes with it.

    Args:
        asked: the look's name, or its settings with its name as `kind`.

    Raises:
        InputError: there is no such look or setting, or the config lays no strokes for a picture.
    """
    look = _look(asked)
    stages = [dict(stage) if isinstance(stage, Mapping) else {} for stage in settings.get("stages") or []]
    at = next((number for number, stage in enumerate(stages) if stage.get("kind") in LAYING), None)
    if at is None:
        raise InputError(
            f"look: '{look.kind}' is a way to draw a picture in pens with strokes; give --image and no other config, "
            "and palette learned or fixed"
        )
    if stages[at]["kind"] == look.stage == "place":
        return dict(settings)
    stages[at] = {"kind": look.stage}
    if look.stage == "lay":
        stages[at]["look"] = {"kind": look.kind, **look.model_dump(mode="json", exclude_unset=True)}
    for stage in stages[at:]:
        if stage.get("kind") == "fit":
            stage.update(look.fit)
    objectives = dict(settings.get("objectives") or {})
    for name, penalty in look.penalties.items():
        objectives[name] = {**(objectives.get(name) or {}), **penalty} if penalty is not None else None
    strokes = dict(look.strokes) or settings.get("primitive")
    page = dict(settings.get("page") or {})
    if look.whole and (limit := page.pop("max_ink", None)) is not None:
        # a line that has to stay one cannot be cut at crowded places; it is led around them as far as it goes
        objectives.setdefault("ink_load", {"limit": SPARING * limit, "weight": SPARED})
    return {**settings, "page": page, "primitive": strokes, "objectives": objectives, "stages": stages}


def _look(asked: Any) -> Look:
    own = {"kind": asked} if isinstance(asked, str) else dict(asked) if isinstance(asked, Mapping) else {}
    name = own.pop("kind", None)
    if not isinstance(name, str) or name not in looks:
        raise InputError(f"look: there is no look {shown(name or asked)}; nearest: {nearest(str(name), list(looks))}")
    try:
        return looks[name].model_validate(own)
    except ValidationError as error:
        address, message = first_wrong(error)
        raise InputError(f"look.{address}: {message}") from None
