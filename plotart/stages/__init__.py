"""What is done to a drawing, one after the other: each stage takes a drawing and returns a drawing."""

from plotart.stages.base import Context, Evaluation, Stage, StageSpec, Watch, evaluate, stages

__all__ = ["Context", "Evaluation", "Stage", "StageSpec", "Watch", "evaluate", "stages"]
