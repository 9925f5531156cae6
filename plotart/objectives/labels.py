"""Objective: the classifier tells the points of its cloud apart."""

from __future__ import annotations

import torch
from torch import Tensor

from plotart.core.parts import Whole
from plotart.drawing.primitives.classifier import TOGETHER, Classifier
from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Labels", "LabelsSpec"]


class Labels(Objective):
    """Mean squared difference of the field and the labels, -1 or +1, at the points; see `Classifier.error`.

    Once the level sets are strokes there is no field any more, and it stays what it was last.
    """

    local = False
    last: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("last", torch.tensor(0.0))

    @property
    def needs_whole_image(self) -> bool:
        return False

    def forward(self, frame: Frame) -> Tensor:
        classifier = frame.drawing.primitive
        if not isinstance(classifier, Classifier):
            return self.last.clone()
        error = classifier.error()
        self.last.copy_(error.detach())
        return error


@objectives.register("labels")
class LabelsSpec(ObjectiveSpec):
    """The labels of a random cloud of points are learned by heart."""

    makes = Labels

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"cloud"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"subject", "labels"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return f"{at}: {TOGETHER}"

    def build(self, context: ObjectiveContext) -> Labels:
        return Labels()
