"""Training of an alphabet: the generator of the glyphs and the decoder that reads them learn together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.optim import Adam

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.core.tables import Table
from plotart.drawing import Drawing
from plotart.glyphs.alphabet import leave
from plotart.glyphs.message import Message
from plotart.glyphs.render import glyph_images
from plotart.glyphs.sheet import TOGETHER, Generated
from plotart.objectives import Frame
from plotart.stages.base import Finish, Stage, stages
from plotart.stages.context import Context
from plotart.stages.costs import Cost, Costs
from plotart.stages.judge import evaluate
from plotart.stages.rates import rate_factor
from plotart.stages.watch import Step, Watch

__all__ = ["Train"]


@stages.register("train")
class Train(Stage):
    """Descend what the decoder misreads, by the weights of both, with new messages at every step.

    Each step draws `batch` messages and sends each glyph `copies` times through the channel.
    """

    goes_on = True
    leaving = 7.5
    leaves = ("transition.svg", "training.gif", "interpolation.gif", "confusions.png", "glyphs.pt")

    steps: int = Field(2500, ge=1, le=1_000_000)
    batch: int = Field(64, ge=2, le=4096)
    copies: int = Field(2, ge=1, le=64)
    rate: float = Field(1e-3, gt=0, le=1, description="Adam's learning rate of the generator")
    decoder_rate: float = Field(2e-3, gt=0, le=1, description="Adam's learning rate of the decoder and the autoencoder")
    schedule: Literal["halving", "cosine", "constant"] = "cosine"
    looks: int = Field(48, ge=1, le=1000, description="pictures of the sheet on the way, the frames of the film")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"message", "reading"})

    @property
    def gives(self) -> frozenset[str]:
        return frozenset({"training"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return TOGETHER

    @property
    def own_steps(self) -> int:
        return self.steps

    def scaled(self, share: Callable[[int], int]) -> Train:
        return self.model_copy(update={"steps": share(self.steps)})

    def finish(self, end: Finish) -> Mapping[str, Any]:
        return {"message": leave(end)}

    @classmethod
    def metrics(cls, figures: Mapping[str, Any]) -> Mapping[str, float]:
        told = figures["message"]
        return {"message/read": told["read"]["1"], "message/paper": told["paper"]["1"]}

    @classmethod
    def terminal(cls, figures: Mapping[str, Any]) -> Sequence[Table | str]:
        """The share of the messages read back, by the strength of the channel."""
        message = figures["message"]
        what = "correlation" if message["kind"] == "normal" else "read back"
        rows = [
            (title, *(f"{value:.3f}" for value in message[name].values()))
            for name, title in (("read", "rendered"), ("paper", "as written"))
        ]
        tables: list[Table | str] = [Table("", (f"{what} at strength", *message["read"]), tuple(rows))]
        if "reconstructed" in message:
            tables.append(f"{what} from what the autoencoder makes of the glyphs: {message['reconstructed']:.3f}")
        return tables

    @classmethod
    def report(cls, figures: Mapping[str, Any]) -> Sequence[Table]:
        """How the glyphs are read through the channel, and which are mistaken for which."""
        message = figures["message"]
        value = "Correlation" if message["kind"] == "normal" else "Read back"
        rows = tuple(
            (strength, f"{share:.4f}", f"{message['paper'][strength]:.4f}")
            for strength, share in message["read"].items()
        )
        head = ("Strength of the channel", f"{value}, rendered", f"{value}, as written")
        mistaken = tuple(
            (f"{pair['strength']:g}", pair["glyph"], pair["read_as"], f"{100 * pair['share']:.1f} %")
            for pair in message["mistaken_on_paper"]
            if pair["strength"] <= 1
        )
        tables = [Table("How the glyphs are read", head, rows)]
        return [*tables, Table("Mistaken", ("Strength", "Glyph", "Read as", "Share"), mistaken)] if mistaken else tables

    @property
    def costs(self) -> Costs:
        return Costs(Cost(0.6), Cost(0.2))

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        saved = watch.saved
        drawing = drawing.copy() if saved is None else Drawing.unpack(saved["drawing"])
        message, glyphs = context.objectives.get("message"), drawing.primitive
        if not isinstance(message, Message) or not isinstance(glyphs, Generated):
            raise InputError("stages: 'train' needs the primitive 'glyphs' or 'rasters' and the objective 'message'")
        groups = [
            {"params": list(glyphs.generator.parameters()), "lr": self.rate, "first": self.rate},
            {"params": list(message.decoder.parameters()), "lr": self.decoder_rate, "first": self.decoder_rate},
        ]
        if message.autoencoder is not None:
            own = list(message.autoencoder.parameters())
            groups.append({"params": own, "lr": self.decoder_rate, "first": self.decoder_rate})
        optimizer = Adam(groups)
        start = 0
        if saved is not None:
            optimizer.load_state_dict(saved["optimizer"])
            context.generator.set_state(saved["generator"])
            start = saved["step"]
            for name, objective in context.objectives.items():
                objective.load_state_dict(saved["objectives"][name])
        every = max(1, self.steps // self.looks)

        for step in range(start, self.steps):
            message.eval()
            drawing.eval()
            if step % every == 0:
                watch.seen(step, evaluate(drawing, context))
            for group in optimizer.param_groups:
                group["lr"] = group["first"] * rate_factor(self.schedule, step / self.steps)
            losses, total = self._losses(drawing, context, message, step)
            optimizer.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            if not total.isfinite():
                raise FloatingPointError(f"the loss is not finite at step {step}; lower the learning rates")
            optimizer.step()
            told = {"read": float(message.average), "strength": float(message.strength)}
            watch.step(Step(step + 1, self.steps, losses, float(total.detach()), told))
            watch.checkpoint(partial(self._state, drawing, context, optimizer, step + 1))
        message.eval()
        drawing.eval()
        watch.seen(self.steps, evaluate(drawing, context))
        return drawing.copy()

    def _losses(
        self, drawing: Drawing, context: Context, message: Message, step: int
    ) -> tuple[dict[str, float], Tensor]:
        """Each weighted objective of a new batch by name, and their differentiable sum."""
        glyphs = drawing.primitive
        assert isinstance(glyphs, Generated)
        message.train()
        drawing.train()
        said = message.messages.draw(self.batch, context.generator).to(drawing.device)
        image = glyph_images(context.renderer, drawing, said, glyphs.sheet.pixels(context.size))
        sent = image.repeat(self.copies, 1, 1, 1)
        views, corners = message.send(sent, float(message.strength), context.generator)
        said = said.repeat(self.copies, 1)
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
