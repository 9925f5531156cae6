"""A small network that tells the points of a random cloud apart: a field over the plane, whose level sets are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.core.geometry import Path
from plotart.core.parts import Whole
from plotart.drawing.primitives.base import Primitive, PrimitiveSpec, primitives
from plotart.drawing.render.dense import Dense
from plotart.drawing.render.view import View

__all__ = ["TOGETHER", "Classifier", "ClassifierSpec"]

TOGETHER = (
    "the primitive 'classifier', the objective 'labels' and the stage 'levels' go together; "
    "start from the config 'classifier'"
)
HIDDEN = 4
"""Hidden layers, as published."""


class Classifier(Primitive):
    """A network 2-U-U-U-U-1 of tanh units, f(x) in -1..1, over the plane (A. Schrein's demo, U = 16).

    It is one shape, that covers (1 + f) / 2 of a point.

    Args:
        net: `[W]`, the weights and biases of all layers, one after the other.
        cloud: `[M, 2]` unit, the points. label: `[M]`, of each -1 or +1.
        units: U. extent: width and height of the canvas, unit.
    """

    rates: ClassVar[Mapping[str, float]] = {"net": 0.003}
    plotted = False
    endless = True
    cloud: Tensor
    label: Tensor

    def __init__(
        self, net: Tensor, cloud: Tensor, label: Tensor, *, units: int = 16, extent: tuple[float, float] = (1.0, 1.0)
    ) -> None:
        super().__init__()
        if list(net.shape) != [_size(units)]:
            raise ValueError(f"net must be [{_size(units)}] for {units} units, not {list(net.shape)}")
        if cloud.ndim != 2 or cloud.shape[1] != 2 or label.shape != cloud.shape[:1]:
            raise ValueError(f"cloud must be [M, 2] and label [M], not {list(cloud.shape)} and {list(label.shape)}")
        self.net = nn.Parameter(net.detach().clone())
        self.register_buffer("cloud", cloud.detach().clone())
        self.register_buffer("label", label.detach().clone())
        self.register_buffer("width", torch.zeros(1).to(net))
        self.units, self.extent = units, extent

    def __len__(self) -> int:
        return 1

    def field(self, xy: Tensor) -> Tensor:
        """f of points `xy [P, 2]` unit, differentiable: `[P]` in -1..1."""
        middle = torch.tensor(self.extent).to(xy) / 2
        value, at = (xy - middle) / middle.min(), 0
        for rows, columns in _layers(self.units):
            matrix = self.net[at : at + rows * columns].view(rows, columns)
            at += rows * columns
            value = torch.addmm(self.net[at : at + rows], value, matrix.T).tanh()
            at += rows
        return value[:, 0]

    def error(self) -> Tensor:
        """Mean squared difference of f and the labels at the points of the cloud, differentiable: `[]`."""
        return (self.field(self.cloud) - self.label).square().mean()

    def coverage(self, xy: Tensor) -> Tensor:
        return ((self.field(xy) + 1) / 2)[None]

    def dense(self, view: View) -> Dense:
        # the field is smooth: one sample a pixel is enough
        return Dense(self.kind, view, self.coverage, 1, self.net, samples=1)

    def paths(self) -> list[Path]:
        raise TypeError("classifier has no paths of its own; the stage levels draws its level sets")

    def set_width(self, width: Tensor) -> None:
        self.width.copy_(width)

    def area(self) -> Tensor:
        return torch.zeros(1)

    def pack(self) -> dict[str, Any]:
        kept = {"net": self.net, "cloud": self.cloud, "label": self.label}
        packed: dict[str, Any] = {name: value.detach().clone() for name, value in kept.items()}
        return {**packed, "units": self.units, "extent": list(self.extent)}

    @classmethod
    def unpack(cls, state: dict[str, Any]) -> Classifier:
        width, height = state["extent"]
        return cls(state["net"], state["cloud"], state["label"], units=state["units"], extent=(width, height))


def _layers(units: int) -> list[tuple[int, int]]:
    """Rows and columns of each layer's matrix."""
    return [(units, 2), *[(units, units)] * (HIDDEN - 1), (1, units)]


def _size(units: int) -> int:
    return sum(rows * columns + rows for rows, columns in _layers(units))


@primitives.register("classifier")
class ClassifierSpec(PrimitiveSpec):
    """How many points with random labels, and how large the network is that is to tell them apart."""

    makes = Classifier
    inks: ClassVar[tuple[str, ...]] = ("multiply",)

    points: int = Field(32, ge=2, le=1024, description="points of the cloud; half of the labels are +1")
    units: int = Field(16, ge=2, le=128, description="tanh units of each of the four hidden layers")
    spread: float = Field(1.0, gt=0, le=10, description="standard deviation of the first weights; 1 as published")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"labels", "levels"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"cloud"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return f"{at}: {TOGETHER}"

    def check(self, config: Whole, at: str) -> None:
        if config.pens.palette == "kmeans" or config.pens.count == "auto":
            raise InputError(
                "pens: level sets take the pens of the set in their order; leave pens.palette 'kmeans' and pens.count "
                "'auto' to strokes"
            )

    def label(self, config: Whole) -> tuple[str, ...]:
        return (f"classifier{self.points}",)

    def build(self, canvas: Canvas, width: float, generator: torch.Generator, **start: Any) -> Classifier:
        cloud = (0.08 + 0.84 * torch.rand(self.points, 2, generator=generator)) * torch.tensor(canvas.unit_size)
        label = torch.ones(self.points)
        label[torch.randperm(self.points, generator=generator)[: self.points // 2]] = -1
        net = self.spread * torch.randn(_size(self.units), generator=generator)
        return Classifier(net, cloud, label, units=self.units, extent=canvas.unit_size)
