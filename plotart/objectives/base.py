"""What every objective can do.

Chosen here, and kept small:

- an objective is minimized, always; one that is naturally maximized (`neuron`) is negated inside and offers its
  natural sign for logs under its own name;
- an objective does not know its weight in the total: it is applied once, where the terms are added up. An objective
  whose weight is found on the way has a `balance` (see `GradientBalance`), and its weight is `spec.weight` times
  `balance.weight`; until that is frozen, totals of different steps are not comparable;
- `layers` are what an objective wants of the network; the loop hands the union of them to `Frame`, which runs the
  network once, at the first access;
- an objective reads no files: `ObjectiveContext.style_image` turns a name into a tensor;
- what an objective learns on the way (running means, a frozen weight) lives in registered buffers, so that the
  `state_dict` of a checkpoint resumes it exactly.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.core.canvas import Window
from plotart.core.color import to_linear
from plotart.core.parts import Part, Whole
from plotart.core.registry import Registry
from plotart.networks.base import Network

if TYPE_CHECKING:
    from plotart.objectives.balance import GradientBalance

__all__ = ["Frame", "Measure", "Objective", "ObjectiveContext", "ObjectiveSpec", "objectives"]


class Frame:
    """One rendered image and everything that objectives look at.

    image `[B, 3, H, W]` sRGB 0..1; views `[C, 3, h, w]`, the transformed copies the network sees (the image itself
    when not given); layers: all layers wanted by any objective of this step; messages `[C, D]`: what glyphs on their
    way to a reader say, the views then being what arrives, and corners `[C, 4, 2]` where the channel moved the corners
    of each (see `plotart.glyphs.channel`); pixels `[P]`: row * width + column of the only pixels that
    were rendered, where not all were, the image then being `[B, 3, 1, P]`.

    Of a large canvas the image is a part: window says where it lies. Where views show more than is judged, inner is
    the part of them that counts, and view_side the side (px) of the views that the network is usually given. look
    makes of another picture of the whole canvas, `[1, 3, H, W]`, the views that it would have given here.
    """

    def __init__(
        self,
        image: Tensor,
        views: Tensor | None = None,
        *,
        network: Network | None = None,
        layers: Sequence[str] = (),
        drawing: Any = None,
        step: int = 0,
        messages: Tensor | None = None,
        corners: Tensor | None = None,
        pixels: Tensor | None = None,
        window: Window | None = None,
        inner: Window | None = None,
        view_side: int | None = None,
        look: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.image = image
        self.views = image if views is None else views
        self.network = network
        self.layers = tuple(layers)
        self.drawing = drawing
        self.step = step
        self.messages = messages
        self.corners = corners
        self.pixels = pixels
        self.window = window
        self.inner = inner
        self.view_side = min(self.views.shape[-2:]) if view_side is None else view_side
        self.look = look or (lambda picture: picture)
        self._answers: dict[str, Tensor] | None = None
        self._features: dict[str, Tensor] = {}
        self._light: Tensor | None = None

    @property
    def light(self) -> Tensor:
        """The image in linear light, `[B, 3, H, W]`, worked out once for all who ask."""
        if self._light is None:
            self._light = to_linear(self.image)
        return self._light

    def features(self, layer: str) -> Tensor:
        """The network's answer to the views at one of `layers`: `[C, K, h', w']` with K channels.

        One forward pass serves all of `layers`. Raises ValueError without a network or for a layer not in `layers`.
        """
        if layer not in self._features:
            self._features[layer] = self.answer(layer).float()
        return self._features[layer]

    def answer(self, layer: str) -> Tensor:
        """The same as `features`, in the network's own precision: no copy is made."""
        if self.network is None:
            raise ValueError(f"layer {layer!r} was asked of a frame without a network")
        if self._answers is None:
            self._answers = self.network.answers(self.views, self.layers)
        address = self.network.resolve(layer)
        if address not in self._answers:
            raise ValueError(f"layer {layer!r} was not announced; this frame has: {', '.join(self._answers)}")
        return self.counted(self._answers[address])

    def counted(self, features: Tensor) -> Tensor:
        """The part of `features [C, K, h', w']` of the views that lies in `inner`."""
        if self.inner is None:
            return features
        (height, width), (tall, wide) = self.views.shape[-2:], features.shape[-2:]
        top, bottom = (round(y * tall / height) for y in (self.inner.top, self.inner.top + self.inner.height))
        left, right = (round(x * wide / width) for x in (self.inner.left, self.inner.left + self.inner.width))
        return features[..., top : max(bottom, top + 1), left : max(right, left + 1)]


class Objective(nn.Module, ABC):
    """Frame -> scalar, lower is better."""

    kind: ClassVar[str]
    layers: tuple[str, ...] = ()
    balance: GradientBalance | None
    """How it finds its weight beside the others, where it does."""
    local: bool = True
    """Whether a part of the canvas can be judged by itself, as fits by crops do."""

    of_strokes: ClassVar[bool] = False
    """Whether it has something to say of strokes only, and nothing of a picture in tones."""

    def __init__(self) -> None:
        super().__init__()
        self.balance = None

    @property
    def needs_whole_image(self) -> bool:
        """Whether a frame with only some of the image's pixels is not enough."""
        return True

    def picture(self) -> Tensor | None:
        """The picture that is drawn, `[1, 3, H, W]` sRGB, where this asks for one."""
        return None

    @property
    def most_layers(self) -> float:
        """Layers of ink that a square millimetre should carry at the most."""
        return math.inf

    def settle_for(self, tones: Tensor, whole: Tensor) -> None:
        """Ask for less than the picture's tones, as `tones` are less than the `whole`, both `[1, 3, h, w]` sRGB.

        The whole is what pens make of the picture, the tones what they can make of it in the time.
        """

    def at(self, size: tuple[int, int]) -> Objective:
        """The same objective for images of another `size` (H, W), of the same aspect."""
        return self

    @property
    def budget_s(self) -> float:
        """Seconds of plotting that cost nothing."""
        return math.inf

    @property
    def why_whole(self) -> str:
        """What a user may do about that; empty where nothing."""
        return ""

    def excitation(self, frame: Frame) -> Tensor | None:
        """`[]`, natural sign, of what is naturally maximized: comparable between sizes. None for all else."""
        return None

    def warnings(self, network: Network | None) -> Sequence[str]:
        """One sentence for each thing that is asked for and may not come about."""
        return ()

    @abstractmethod
    def forward(self, frame: Frame) -> Tensor:
        """`[]`, lower is better."""


def _no_style(name: str) -> Tensor:
    raise ValueError(f"the style image {name!r} was asked of a context that reads none")


def _no_picture(file: str, setting: str) -> Tensor:
    raise ValueError(f"{setting}: the picture {file!r} was asked of a context that reads none")


@dataclass(frozen=True)
class ObjectiveContext:
    """What a spec may need to build its objective.

    network: None when the run has none; canvas: the drawing area; target: the picture to draw, `[1, 3, H, W]` sRGB
    0..1; size: the rendered image's (H, W) in px; style_image: name -> `[1, 3, H, W]` sRGB 0..1 (InputError when there
    is no such picture); picture: file, setting -> `[1, 3, H, W]` sRGB 0..1 at the image's size;
    primitive: the settings of what is drawn; grey: whether all pens are one; pace: seconds that the plotter takes for a
    mm of ink and for a stroke's lift; minutes: what the run may take, without pen changes; focus: how much
    each place matters, `[1, 1, H, W]` in 0..1, None where all is alike; generator: the source of first weights.
    """

    network: Network | None = None
    canvas: Any = None
    target: Tensor | None = None
    size: tuple[int, int] = (224, 224)
    style_image: Callable[[str], Tensor] = _no_style
    picture: Callable[[str, str], Tensor] = _no_picture
    primitive: Any = None
    grey: bool = False
    pace: tuple[float, float] | None = None
    minutes: float | None = None
    focus: Tensor | None = None
    generator: torch.Generator | None = None


@dataclass(frozen=True)
class Measure:
    """How a run tells what pens did to an objective: its values before pens, with pens, fitted again, as written.

    Attributes:
        figure: its name in run.json. unit: of the value, for the terminal.
        heading, column: of the report's table.
        natural: whether the value is the excitation, natural sign, and not the objective's own.
    """

    figure: str
    unit: str
    heading: str
    column: str
    natural: bool = False


class ObjectiveSpec(Part):
    """Numbers and names from which an objective is built; frozen, part of the config."""

    makes: ClassVar[type[Objective]]
    measure: ClassVar[Measure | None] = None
    while_at_work: ClassVar[tuple[str, ...]] = ("weight",)
    """Settings that may change when a run goes on, for its saved state does not hold them."""

    weight: float = Field(default=1.0, ge=0.0, description="share of this objective in the total")

    @property
    def picture(self) -> str | None:
        """File of the picture that the run draws, where this is what draws it."""
        return None

    @property
    def magnitude(self) -> float:
        """What a penalty has to weigh to be felt beside it: 100 beside an excitation of tens; 0 of a penalty itself."""
        return 0.0

    @property
    def published(self) -> bool:
        """Whether its weight is that of a published formula, which belongs beside a sum of the activation."""
        return False

    def beside(self, others: Mapping[str, ObjectiveSpec]) -> Self:
        """The same objective beside the `others` of a run, as far as its settings leave that open.

        Raises:
            ValueError: a setting makes no sense beside them; begins with the setting's name.
        """
        return self

    def seen_from(self, distance_mm: float, melting_mm: float) -> Self:
        """The same objective for an eye so far from the paper; strokes melt into tones from `melting_mm` on."""
        return self

    def lacks(self, need: str, at: str, config: Whole) -> str:
        if need == "curves":
            return f"{at}: {config.primitive.kind} have no strokes to judge; set '{self.kind}' to null"
        return super().lacks(need, at, config)

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The layers whose units are to be seen in the drawing, and so how large what they look at is in it."""
        return ()

    @abstractmethod
    def build(self, context: ObjectiveContext) -> Objective:
        """The objective; InputError when a setting does not fit the network or the picture."""


objectives: Registry[ObjectiveSpec] = Registry("objective")
