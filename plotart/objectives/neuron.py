"""Excitation of neurons: what makes the drawing show what a channel of the network answers to."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor

from plotart.core.errors import InputError, shown
from plotart.core.parts import Whole
from plotart.core.settings import Missing
from plotart.networks.base import Network
from plotart.networks.contact import probe_images, survey
from plotart.objectives.balance import GradientBalance, pull_beside_a_picture
from plotart.objectives.base import Frame, Measure, Objective, ObjectiveContext, ObjectiveSpec, objectives

__all__ = ["Neuron", "NeuronSpec", "Term", "format_neuron", "parse_neuron"]

LONGEST = 20_000
EXAMPLE = "conv4_3:12, conv4_3:12,40 or conv4_3:12+0.5*conv3_3:40-conv4_3:7"
TERM = re.compile(
    r"(?P<sign>[+-])?\s*"
    r"(?:(?P<weight>(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?+\d++)?+)\s*+\*\s*)?"
    r"(?P<layer>[A-Za-z_][\w.]*(?:@\w+)?)\s*:\s*"
    r"(?P<units>\d{1,9}(?:\s*,\s*\d{1,9})*+)(?!\d)\s*"
)


@dataclass(frozen=True)
class Term:
    """`weight` times the sum over `units` (channels) of one layer; the layer is a name or an address."""

    layer: str
    units: tuple[int, ...]
    weight: float = 1.0


def parse_neuron(text: str) -> tuple[Term, ...]:
    """`[W*]LAYER[@pre|@post]:UNIT[,UNIT...]`, joined by + and -; blanks are allowed between the parts.

    Raises InputError quoting the part that cannot be read.
    """
    terms: list[Term] = []
    position, text = 0, text.strip()
    if len(text) > LONGEST:
        raise InputError(f"neuron {shown(text)}: {len(text)} characters are more than {LONGEST}")
    while position < len(text):
        match = TERM.match(text, position)
        joined = match is not None and (match["sign"] is not None or not terms)
        if match is None or not joined:
            raise InputError(f"neuron {shown(text)}: cannot read {shown(text[position:])}; write for example {EXAMPLE}")
        weight = float(match["weight"] or 1.0) * (-1.0 if match["sign"] == "-" else 1.0)
        layer = match["layer"]
        if not math.isfinite(weight):
            raise InputError(f"neuron {shown(text)}: the weight {shown(match['weight'])} is too large")
        if layer.partition("@")[2] not in ("", "pre", "post"):
            raise InputError(f"neuron {shown(text)}: after @ comes pre or post, not {layer.partition('@')[2]!r}")
        terms.append(Term(layer, tuple(int(unit) for unit in match["units"].split(",")), weight))
        position = match.end()
    if not terms:
        raise InputError(f"neuron {shown(text)}: names no neuron; write for example {EXAMPLE}")
    if all(term.weight == 0 for term in terms):
        raise InputError(f"neuron {shown(text)}: every weight is 0; write for example {EXAMPLE}")
    return tuple(terms)


def format_neuron(terms: tuple[Term, ...]) -> str:
    """The shortest text that `parse_neuron` reads as the same terms."""
    parts: list[str] = []
    for term in terms:
        sign = "-" if term.weight < 0 else "+" if parts else ""
        factor = "" if abs(term.weight) == 1.0 else f"{abs(term.weight)!r}*"
        parts.append(f"{sign}{factor}{term.layer}:{','.join(map(str, term.units))}")
    return "".join(parts)


class Neuron(Objective):
    """Minus the excitation of channels of the network.

    With the features F of C views and the units u of the terms t (weight w):

        sum:   L = - Σ_t w_t Σ_{u in t} Σ_{copy, y, x} F_t[copy, u, y, x]
        mean:  L = - Σ_t w_t Σ_{u in t} mean_{copy, y, x} F_t[copy, u, y, x]

    `sum` is the published form: it grows with the copies and the map's size, which matters beside other objectives and
    between layers of one spec. Layers are taken before their nonlinearity unless `@post` is asked for, so that a unit
    that is off still has a gradient.

    `balance`, if there is one, holds the weight of this objective against a picture's.
    """

    def __init__(
        self,
        network: Network,
        terms: tuple[Term, ...],
        reduction: Literal["sum", "mean"] = "sum",
        *,
        balance: GradientBalance | None = None,
    ) -> None:
        """Raises InputError for a layer or a unit the network does not have."""
        super().__init__()
        self.balance = balance
        self.terms = tuple(Term(network.resolve(term.layer), term.units, term.weight) for term in terms)
        for asked, term in zip(terms, self.terms, strict=True):
            count = network.units(term.layer)
            for unit in term.units:
                if not 0 <= unit < count:
                    raise InputError(f"no unit {unit} in {asked.layer} of {network.name}; it has 0 to {count - 1}")
        self.layers = tuple(dict.fromkeys(term.layer for term in self.terms))
        self.reduction = reduction

    def forward(self, frame: Frame) -> Tensor:
        """`[]`, minus the excitation in the chosen reduction."""
        return -self._total(frame, self.reduction)

    def excitation(self, frame: Frame) -> Tensor:
        """`[]`, natural sign, mean over copies and positions: comparable between sizes."""
        return self._total(frame, "mean")

    def _total(self, frame: Frame, reduction: str) -> Tensor:
        parts: list[Tensor] = []
        for term in self.terms:
            maps = frame.features(term.layer)[:, list(term.units)]
            parts.append(term.weight * (maps.sum() if reduction == "sum" else maps.mean((0, 2, 3)).sum()))
        return torch.stack(parts).sum()

    def warnings(self, network: Network | None) -> list[str]:
        """Warnings, one sentence each: units that never answer above 0 to a few photographs and drawings."""
        warnings: list[str] = []
        if network is None:
            return warnings
        images = probe_images(160)
        for term in self.terms:
            found = survey(network, term.layer, images)
            for unit in term.units:
                if found.marks[unit] != "dead":
                    continue
                live = ", ".join(str(other) for other in found.nearest_live(unit))
                instead = f"; live units near it: {live}" if live else ""
                warnings.append(
                    f"unit {unit} of {term.layer.partition('@')[0]} in {network.name} stays silent on {len(images)} "
                    f"test pictures, so its drawing may stay empty{instead}."
                )
        return warnings


@objectives.register("neuron")
class NeuronSpec(ObjectiveSpec):
    """Which neurons the drawing should excite.

    Beside a picture `strength` R says how hard they pull: their gradient at the drawing starts R times as long as the
    picture's, then the weight stays.
    """

    makes = Neuron
    label_order: ClassVar[int] = 10
    while_at_work: ClassVar[tuple[str, ...]] = ("weight", "strength")
    measure: ClassVar[Measure] = Measure(
        "excitation", "mean activation", "What pens did to the neuron", "Excitation", natural=True
    )

    at: Annotated[str, Missing("there is no neuron to draw: give --neuron LAYER:UNIT (such as conv4_3:12)")] = Field(
        description=f"neurons as LAYER:UNIT, for example {EXAMPLE}"
    )
    reduction: Literal["sum", "mean"] = Field(
        default="mean", description="over copies and positions: mean (independent of size) or sum (published)"
    )

    strength: float | None = Field(None, gt=0, description="pull relative to the picture's; none: weight as it is")
    balance_steps: int = Field(default=20, ge=1, description="steps over which the two gradients are compared")

    @field_validator("at")
    @classmethod
    def _readable(cls, at: str) -> str:
        parse_neuron(at)
        return at

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"network"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"subject"})

    @property
    def magnitude(self) -> float:
        return 100.0

    def beside(self, others: Mapping[str, ObjectiveSpec]) -> NeuronSpec:
        summed = any(other.published for other in others.values()) and "reduction" not in self.model_fields_set
        spec = self.model_copy(update={"reduction": "sum"}) if summed else self
        return pull_beside_a_picture(spec, others)

    def label(self, config: Whole) -> Sequence[str]:
        return config.network.name, self.at.replace(":", "-")

    def hyper_parameters(self) -> Mapping[str, str]:
        return {"neuron": self.at}

    @property
    def looks_at(self) -> tuple[str, ...]:
        return tuple(term.layer for term in parse_neuron(self.at))

    def build(self, context: ObjectiveContext) -> Neuron:
        if context.network is None:
            raise InputError(f"objectives.neuron.at: {self.at!r} needs a network; choose one with --network")
        try:
            balance = None if self.strength is None else GradientBalance(self.strength, steps=self.balance_steps)
            return Neuron(context.network, parse_neuron(self.at), self.reduction, balance=balance)
        except InputError as error:
            raise InputError(f"objectives.neuron.at: {error}") from error
