"""What a drawing is optimized for: each objective maps a frame to a number to minimize. One file per objective."""

from plotart.objectives.base import Frame, Objective, ObjectiveContext, ObjectiveSpec, objectives

objectives.home(__name__, __path__)

__all__ = ["Frame", "Objective", "ObjectiveContext", "ObjectiveSpec", "objectives"]
