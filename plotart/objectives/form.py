"""What keeps lines what they are: a hatch straight, a wave a wave, while they are fitted."""

from __future__ import annotations

from torch import Tensor

from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Form", "FormSpec"]


class Form(Objective):
    """Bending since lines were laid: mean |D²(v - v⁰)|² / h².

    D² is the second difference of three neighbouring vertices v of a line, v⁰ where they were laid, and h the mean
    distance of two. A line may move, turn and stretch freely.
    """

    local = False
    of_strokes = True

    @property
    def needs_whole_image(self) -> bool:
        return False

    def forward(self, frame: Frame) -> Tensor:
        primitive = frame.drawing.primitive
        bent: Tensor = primitive.bent()
        if not len(bent):
            nothing: Tensor = 0.0 * primitive.vertices.sum()
            return nothing
        moved: Tensor = bent.square().sum(-1).mean() / primitive.pitch() ** 2
        return moved


@objectives.register("form")
class FormSpec(ObjectiveSpec):
    """Lines keep the form in which they were laid; a weight of hundredths leaves them room to follow a picture."""

    makes = Form

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"chains"})

    def build(self, context: ObjectiveContext) -> Form:
        return Form()
