"""What is done to a drawing, one after the other: each stage takes a drawing and returns a drawing."""

from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.judge import Evaluation, evaluate
from plotart.stages.watch import Silent, Step, Watch

stages.home(__name__, __path__)

__all__ = ["Context", "Evaluation", "Silent", "Stage", "Step", "Watch", "evaluate", "stages"]
