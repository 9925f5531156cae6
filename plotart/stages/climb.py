"""Hill climbing: one shape is changed at random, and the better of the two drawings is kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.raster.forms import EDGE_PX
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.judge import evaluate
from plotart.stages.watch import Step, Watch

__all__ = ["Climb"]

DECADES = 2.0
"""Mutations are spread over so many powers of ten, the largest `reach` learning rates wide."""


@stages.register("climb")
class Climb(Stage):
    """Evolution of one parent and one child: mutate, keep the better, without any gradient.

    A step changes one row of one parameter that has a learning rate (a shape's place, its colour, ...), by a normal
    deviate whose spread is drawn between a hundredth of `reach` and `reach` of that rate. It knows nothing else of what
    is drawn, and so climbs with circles, splats, strokes and dividers alike. Where all objectives go pixel by pixel
    only the pixels that the shape covers, before or after, are drawn and compared, which gives the same answer.
    """

    fits = True
    goes_on = True

    steps: int = Field(5000, ge=1, le=100_000_000, description="mutations that are tried")
    reach: float = Field(25.0, gt=0, le=1e6, description="widest spread of a mutation, in learning rates")
    looks: int = Field(12, ge=1, le=100_000, description="times the clean image is judged; each is a frame of the film")

    @property
    def own_steps(self) -> int:
        return self.steps

    def scaled(self, share: Callable[[int], int]) -> Climb:
        return self.model_copy(update={"steps": share(self.steps)})

    @torch.no_grad()
    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        saved = watch.saved
        drawing = drawing.copy() if saved is None else Drawing.unpack(saved["drawing"]).to(drawing.device)
        start, kept = 0, 0
        if saved is not None:
            start, kept = saved["step"], saved["kept"]
            context.generator.set_state(saved["generator"])
        rival = Rival(drawing, context)
        if not rival.parameters:
            raise InputError(f"stages: climb finds nothing to change in {drawing.primitive.kind}")
        every = max(1, self.steps // self.looks)
        for step in range(start, self.steps):
            if step % every == 0:
                watch.seen(step, evaluate(drawing, context))
            kept += rival.tried(self.reach)
            watch.step(Step(step + 1, self.steps, {}, rival.total, {"climb/kept": kept / (step + 1)}))
            watch.checkpoint(partial(self._state, drawing, context, step + 1, kept))
        watch.seen(self.steps, evaluate(drawing, context))
        watch.say(f"{kept} of {self.steps} mutations were kept")
        return drawing

    @staticmethod
    def _state(drawing: Drawing, context: Context, step: int, kept: int) -> dict[str, Any]:
        generator = context.generator.get_state()
        return {"drawing": drawing.pack(), "generator": generator, "step": step, "kept": kept}


class Rival:
    """A drawing that is changed in place, one row of a parameter at a time, wherever that lowers the objectives.

    Attributes:
        parameters: what may change: the parameter, its learning rate, and whether its rows are those of the shapes.
        total: of the weighted objectives.
    """

    @torch.no_grad()
    def __init__(self, drawing: Drawing, context: Context) -> None:
        self.drawing, self.context = drawing, context
        self.parameters: list[tuple[nn.Parameter, float, bool]] = []
        for part in (drawing.primitive, drawing.ink):
            for name, value in part.named_parameters():
                if value.numel() and part.rates.get(name, 0) > 0:
                    self.parameters.append((value, part.rates[name], name in part.per_shape))
        self.local = not context.layers and not any(o.needs_whole_image for o in context.objectives.values())
        self.total = self._judged()
        self.image = context.renderer(drawing, context.size) if self.local else None

    @torch.no_grad()
    def tried(self, reach: float) -> bool:
        """Change one row; whether that is better, and kept."""
        generator = self.context.generator

        def any_of(count: int) -> int:
            return int(torch.randint(count, (), generator=generator))

        parameter, rate, of_shape = self.parameters[any_of(len(self.parameters))]
        row = any_of(len(parameter))
        spread = reach * rate * 10 ** (-DECADES * float(torch.rand((), generator=generator)))
        change = spread * torch.randn(parameter[row].shape, generator=generator).to(parameter)
        before, old = self._box(row) if of_shape else None, parameter[row].clone()
        parameter[row] += change
        self.drawing.constrain_()
        pixels = None
        if self.image is not None and before is not None:
            pixels = self._pixels(before, self._box(row))
        better = self._better(pixels)
        if not better:
            parameter[row] = old
        return better

    def _better(self, pixels: Tensor | None) -> bool:
        """Whether the drawing as it is now is better; pixels: where it may have changed, None: anywhere."""
        if pixels is None or self.image is None:
            total = self._judged()
            if total >= self.total:
                return False
            self.total = total
            if self.image is not None:
                self.image = self.context.renderer(self.drawing, self.context.size)
            return True
        if not len(pixels):
            return False
        height, width = self.image.shape[-2:]
        new = self.context.renderer(self.drawing, self.context.size, pixels=pixels)
        flat = self.image.flatten(2)
        gain = self._of_pixels(flat[:, :, None, pixels], pixels) - self._of_pixels(new, pixels)
        if gain <= 0:
            return False
        self.total -= gain * len(pixels) / (height * width)
        flat[:, :, pixels] = new[:, :, 0]
        return True

    def _judged(self) -> float:
        return evaluate(self.drawing, self.context).total

    def _of_pixels(self, image: Tensor, pixels: Tensor) -> float:
        """The weighted objectives of some pixels, `image [1, 3, 1, P]`."""
        context = self.context
        frame = context.frame(self.drawing, image, image, 0, pixels=pixels)
        return sum(context.weight(name) * float(objective(frame)) for name, objective in context.objectives.items())

    def _box(self, row: int) -> Tensor:
        return self.drawing.primitive.boxes(EDGE_PX / self.context.size)[row]

    def _pixels(self, one: Tensor, other: Tensor) -> Tensor:
        """The pixels `[P]` in the smallest rectangle around two boxes."""
        height, width = self.drawing.canvas.pixels(self.context.size)
        size, limit = self.context.size, torch.tensor([width, height, width, height])
        low, high = torch.minimum(one, other).cpu(), torch.maximum(one, other).cpu()
        corners = torch.cat([low[:2], high[2:]]) * size + torch.tensor([-1.0, -1.0, 2.0, 2.0])
        left, top, right, bottom = torch.minimum(corners.clamp_min(0), limit).long().tolist()
        rows, columns = torch.arange(top, bottom), torch.arange(left, right)
        return (rows[:, None] * width + columns).flatten()
