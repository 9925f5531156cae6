"""What a stage is, and where its settings are known by name."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from plotart.core.registry import Registry
from plotart.drawing import Drawing
from plotart.stages.context import Context
from plotart.stages.watch import Watch

__all__ = ["Stage", "StageSpec", "stages"]


class Stage(Protocol):
    name: str

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing: ...


class StageSpec(BaseModel):
    """Settings of one stage; frozen, part of the config."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def build(self) -> Stage: ...


stages: Registry[StageSpec] = Registry("stage", "plotart.stages")
