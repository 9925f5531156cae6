"""Training of an alphabet: the generator of the glyphs and the decoder that reads them learn together."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.optim import Adam

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.glyphs.message import Message
from plotart.glyphs.render import glyph_images
from plotart.glyphs.sheet import Generated
from plotart.objectives import Frame
from plotart.stages.base import StageSpec, stages
from plotart.stages.context import Context
from plotart.stages.fit import rate_factor
from plotart.stages.judge import evaluate
from plotart.stages.watch import Step, Watch

__all__ = ["Train", "TrainSpec"]


@stages.register("train")
class TrainSpec(StageSpec):
    """Descend what the decoder misreads, by the weights of both, with new messages at every step.

    Each step draws `batch` messages and sends each glyph `copies` times through the channel.
    """

    steps: int = Field(2500, ge=1, le=1_000_000)
    batch: int = Field(64, ge=2, le=4096)
    copies: int = Field(2, ge=1, le=64)
    rate: float = Field(1e-3, gt=0, le=1, description="Adam's learning rate of the generator")
    decoder_rate: float = Field(2e-3, gt=0, le=1, description="Adam's learning rate of the decoder")
    schedule: Literal["halving", "cosine", "constant"] = "cosine"
    looks: int = Field(48, ge=1, le=1000, description="pictures of the sheet on the way, the frames of the film")

    def build(self) -> Train:
        return Train(self)


class Train:
    name = "train"

    def __init__(self, spec: TrainSpec) -> None:
        self.spec = spec

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        spec, saved = self.spec, watch.saved
        drawing = drawing.copy() if saved is None else Drawing.unpack(saved["drawing"])
        message, glyphs = context.objectives.get("message"), drawing.primitive
        if not isinstance(message, Message) or not isinstance(glyphs, Generated):
            raise InputError("stages: 'train' needs the primitive 'glyphs' or 'rasters' and the objective 'message'")
        optimizer = Adam(
            [
                {"params": list(glyphs.generator.parameters()), "lr": spec.rate, "first": spec.rate},
                {"params": list(message.decoder.parameters()), "lr": spec.decoder_rate, "first": spec.decoder_rate},
            ]
        )
        start = 0
        if saved is not None:
            optimizer.load_state_dict(saved["optimizer"])
            context.generator.set_state(saved["generator"])
            start = saved["step"]
            for name, objective in context.objectives.items():
                objective.load_state_dict(saved["objectives"][name])
        every = max(1, spec.steps // spec.looks)

        for step in range(start, spec.steps):
            message.eval()
            drawing.eval()
            if step % every == 0:
                watch.seen(step, evaluate(drawing, context))
            for group in optimizer.param_groups:
                group["lr"] = group["first"] * rate_factor(spec.schedule, step / spec.steps)
            losses, total = self._losses(drawing, context, message, step)
            optimizer.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            if not total.isfinite():
                raise FloatingPointError(f"the loss is not finite at step {step}; lower the learning rates")
            optimizer.step()
            told = {"read": float(message.average), "strength": float(message.strength)}
            watch.step(Step(step + 1, spec.steps, losses, float(total.detach()), told))
            watch.checkpoint(partial(self._state, drawing, context, optimizer, step + 1))
        message.eval()
        drawing.eval()
        watch.seen(spec.steps, evaluate(drawing, context))
        return drawing.copy()

    def _losses(
        self, drawing: Drawing, context: Context, message: Message, step: int
    ) -> tuple[dict[str, float], Tensor]:
        """Each weighted objective of a new batch by name, and their differentiable sum."""
        glyphs = drawing.primitive
        assert isinstance(glyphs, Generated)
        message.train()
        drawing.train()
        said = message.messages.draw(self.spec.batch, context.generator).to(drawing.device)
        image = glyph_images(context.renderer, drawing, said, glyphs.sheet.pixels(context.size))
        sent = image.repeat(self.spec.copies, 1, 1, 1)
        views, corners = message.send(sent, float(message.strength), context.generator)
        said = said.repeat(self.spec.copies, 1)
        frame = Frame(image, views, drawing=drawing, step=step, messages=said, corners=corners)
        terms = {name: context.weight(name) * objective(frame) for name, objective in context.objectives.items()}
        total = torch.stack(list(terms.values())).sum()
        return {name: float(term.detach()) for name, term in terms.items()}, total

    @staticmethod
    def _state(drawing: Drawing, context: Context, optimizer: Adam, step: int) -> dict[str, Any]:
        """All that a later call needs to go on after `step` steps as if nothing had happened."""
        return {
            "drawing": drawing.pack(),
            "optimizer": optimizer.state_dict(),
            "generator": context.generator.get_state(),
            "objectives": {name: objective.state_dict() for name, objective in context.objectives.items()},
            "step": step,
        }
