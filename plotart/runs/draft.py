"""Drafts: what of a run is left out where only a picture to judge is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plotart.core.errors import InputError

if TYPE_CHECKING:
    from plotart.runs.config import Config

__all__ = ["DRAFT_PX", "DRAFT_STEPS", "drafted"]

DRAFT_PX, DRAFT_STEPS = 256, 60
"""What a draft is drawn at and in: tones and composition are there, details are not."""


def drafted(config: Config, given: Mapping[str, Any]) -> Config:
    """The run that a draft of another stands for; sizes and steps that are `given` by address stay.

    Raises:
        InputError: the run draws no picture.
    """
    if config.picture is None:
        raise InputError("draft: it is for pictures; give --image, or leave it out and take fewer --steps")
    stages = [stage.drafted() for stage in config.stages]
    own = sum(stage.own_steps for stage in stages) if config.steps is None else config.steps
    size = config.size if "size" in given else min(config.size, DRAFT_PX)
    steps = config.steps if "steps" in given else min(own, DRAFT_STEPS)
    return config.changed(stages=stages, size=size, steps=steps or None)
