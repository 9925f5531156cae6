"""The article's three tests whether networks that learned without pictures are of use for pictures: with digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.core.tables import Table
from plotart.drawing import Drawing
from plotart.glyphs.decoder import Decoder
from plotart.glyphs.handwriting import Source, digits
from plotart.glyphs.message import Message
from plotart.glyphs.render import glyph_images
from plotart.glyphs.sheet import Generated, Sheet
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.watch import Watch

__all__ = ["Digits"]

AFTER = "stages: 'digits' tries glyphs after the stage 'train'; start from the config 'digits'"

HELD_BACK = 0.2
"""Share of the digits that the classifier is tried on."""

SWAPPED, FITTED, IN_PICTURE = 300, 50, 10
"""Digits of the first test, of the third, and side by side in their pictures."""


@stages.register("digits")
class Digits(Stage):
    """Try the trained generator and decoder on digits, beside the same networks with random weights.

    The drawing stays as it is. Figures go to `trained` and `random` in `digits` of run.json, pictures beside it: digits
    above what the trained and the random networks make of them.

    1. digits-swap.png, digit -> decoder -> generator: `classes` is the mean distance of glyphs within a class over that
       between classes (1: classes do not matter), `digit` the correlation of a glyph's ink with its digit's, `other`
       with another digit's.
    2. A linear layer on what the decoder's answer is made of, all other weights `frozen` or `free`: the share of held
       back digits recognized after each of `epochs` (Adam 1e-3, batches of 128).
    3. digits-inputs.png, messages fitted for `steps` until their glyphs show given digits: `error` is the mean square
       that is left of the ink.
    """

    leaves = ("digits-swap.png", "digits-inputs.png")

    data: Source = Field("scikit-learn", description="scikit-learn: 1797 digits; mnist: 60,000, downloaded once")
    count: int = Field(1797, ge=100, le=60_000, description="digits of the classifier")
    epochs: int = Field(10, ge=1, le=1000)
    steps: int = Field(500, ge=1, le=100_000)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"message", "training"})

    def lacks(self, need: str, at: str, config: Whole) -> str:
        return AFTER

    def check(self, config: Whole, at: str) -> None:
        if "training" not in config.stages[0].gives:
            raise InputError(AFTER)
        digits(self.data, self.count, config.primitive.sheet().pixels(config.size))

    def ready(self, context: Context, at: str, say: Callable[[str], None]) -> None:
        if len(context.pens.pens) != 1:
            raise InputError(f"stages: digits are grey, so pens.set must be one pen, not {len(context.pens.pens)}")

    @classmethod
    def terminal(cls, figures: Mapping[str, Any]) -> Sequence[Table | str]:
        told = figures["digits"]
        paper, mean = told["error of paper"], told["error of the mean digit"]
        forms = {
            "distance of glyphs of a class, as a share of others'": "{classes:.3f}",
            "correlation of a glyph and its digit; another digit": "{digit:.3f}; {other:.3f}",
            "recognized, decoder frozen: first epoch; last": "{frozen[0]:.3f}; {last_frozen:.3f}",
            "recognized, decoder free: first epoch; last": "{free[0]:.3f}; {last_free:.3f}",
            f"error of fitted inputs (paper {paper:.3f}, mean digit {mean:.3f})": "{error:.3f}",
        }
        both = [
            {**told[networks], "last_frozen": told[networks]["frozen"][-1], "last_free": told[networks]["free"][-1]}
            for networks in ("trained", "random")
        ]
        rows = tuple((title, *(form.format(**found) for found in both)) for title, form in forms.items())
        return [Table("", (f"{told['count']} digits of {told['data']}", "trained", "random"), rows)]

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        message, glyphs = context.objectives.get("message"), drawing.primitive
        assert isinstance(message, Message) and isinstance(glyphs, Generated)  # prepare sees to it
        side = glyphs.sheet.pixels(context.size)
        ink, classes = digits(self.data, self.count, side)
        ink, classes = ink.to(drawing.device), classes.to(drawing.device)
        figures: dict[str, Any] = {"data": self.data, "count": self.count}
        shown: dict[str, list[Tensor]] = {"swap": [ink[:IN_PICTURE]], "inputs": [ink[:IN_PICTURE]]}
        for name in ("trained", "random"):
            test = _Test(drawing, context, message, fresh=name == "random")
            swapped, told = test.swap(ink[:SWAPPED], classes[:SWAPPED])
            for kind in ("frozen", "free"):
                told[kind] = test.classify(ink, classes, kind == "frozen", self.epochs)
            fitted, told["error"] = test.fit_inputs(ink[:FITTED], self.steps)
            figures[name] = told
            watch.say(f"the {name} networks were tried on digits")
            shown["swap"].append(swapped[:IN_PICTURE])
            shown["inputs"].append(fitted[:IN_PICTURE])
        some = ink[:FITTED]
        figures["error of paper"] = _rounded(some.square().mean())
        figures["error of the mean digit"] = _rounded((some - ink.mean(0)).square().mean())
        for name, rows in shown.items():
            sheet = Sheet(len(rows) * IN_PICTURE, IN_PICTURE)
            watch.picture(f"digits-{name}", 1 - sheet.lay(torch.cat(rows)).expand(-1, 3, -1, -1))
        watch.tell("digits", figures)
        return drawing


class _Test:
    """The tests with one pair of networks: the trained ones or, if `fresh`, ones of random weights."""

    def __init__(self, drawing: Drawing, context: Context, message: Message, fresh: bool) -> None:
        self.context, self.message, self.fresh = context, message, fresh
        self.drawing = drawing.copy()
        self.drawing.eval()
        if fresh:
            glyphs = self.drawing.primitive
            assert isinstance(glyphs, Generated)
            generator = torch.Generator().manual_seed(0)
            glyphs.generator.start(message.messages.draw(256, generator).to(drawing.device), generator)

    def decoder(self) -> Decoder:
        """A decoder of its own, so that no test changes that of another."""
        made = self.message.new_decoder(torch.Generator().manual_seed(0))
        if not self.fresh:
            made.load_state_dict(self.message.decoder.state_dict())
        return made.to(self.drawing.device).eval()

    def glyphs(self, messages: Tensor, side: int) -> Tensor:
        """The ink of the glyphs of `messages [B, D]`: `[B, 1, side, side]`."""
        return self.message.ink(glyph_images(self.context.renderer, self.drawing, messages, side))

    @torch.no_grad()
    def swap(self, ink: Tensor, classes: Tensor) -> tuple[Tensor, dict[str, Any]]:
        said = self.decoder()(ink)
        said = (said - said.mean(0)) / said.std(0).clamp_min(1e-6)  # as far apart as messages are
        glyphs = self.glyphs(said, ink.shape[-1])
        far = torch.cdist(glyphs.flatten(1), glyphs.flatten(1))
        same = classes[:, None] == classes[None]
        others = ~torch.eye(len(classes), dtype=torch.bool, device=same.device)

        def likeness(pictures: Tensor) -> float:
            a, b = (x.flatten(1) - x.flatten(1).mean(1, keepdim=True) for x in (pictures, glyphs))
            return _rounded(F.cosine_similarity(a, b).mean())

        return glyphs, {
            "classes": _rounded(far[same & others].mean() / far[~same].mean()),
            "digit": likeness(ink),
            "other": likeness(ink.roll(1, 0)),
        }

    def classify(self, ink: Tensor, classes: Tensor, frozen: bool, epochs: int) -> list[float]:
        generator = torch.Generator().manual_seed(0)
        decoder = self.decoder()
        layer = nn.Linear(decoder.answer.in_features, 10)
        nn.init.normal_(layer.weight, 0, 0.01, generator=generator)
        layer = layer.to(ink.device)
        free = [] if frozen else list(decoder.layers.parameters())
        optimizer = torch.optim.Adam([*layer.parameters(), *free], lr=1e-3)
        train, shares = round((1 - HELD_BACK) * len(ink)), []
        with torch.no_grad():
            straight = torch.cat([decoder.straight(part)[0] for part in torch.split(ink, 256)])
            features = torch.cat([decoder.features(part) for part in torch.split(ink, 256)])
        for _ in range(epochs):
            decoder.layers.train(not frozen)
            for batch in torch.split(torch.randperm(train, generator=generator), 128):
                seen = features[batch] if frozen else decoder.layers(straight[batch])
                loss = F.cross_entropy(layer(seen), classes[batch])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            decoder.layers.eval()
            with torch.no_grad():
                seen = features[train:] if frozen else decoder.layers(straight[train:])
                shares.append(_rounded((layer(seen).argmax(1) == classes[train:]).float().mean()))
        return shares

    def fit_inputs(self, ink: Tensor, steps: int) -> tuple[Tensor, float]:
        generator = torch.Generator().manual_seed(0)
        said = torch.randn(len(ink), self.message.messages.length, generator=generator).to(ink.device).requires_grad_()
        optimizer = torch.optim.Adam([said], lr=0.03)
        for _ in range(steps):
            error = F.mse_loss(self.glyphs(said, ink.shape[-1]), ink)
            optimizer.zero_grad()
            error.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        with torch.no_grad():
            glyphs = self.glyphs(said, ink.shape[-1])
            return glyphs, _rounded(F.mse_loss(glyphs, ink))


def _rounded(figure: Tensor) -> float:
    return round(float(figure), 4)
