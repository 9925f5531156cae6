"""The author's three tests whether a decoder or generator that learned without pictures is of use for pictures.

On the 1797 digits of scikit-learn, enlarged to the size of a glyph, with a run of `glyphs-normal`; each beside the same
networks before any training.

1. swap: digit -> decoder -> generator. Do glyphs of a class resemble each other (mean distance within a class over that
   between classes; 1 is not at all), and do they resemble the digit (correlation, beside that with other digits)?
2. classifier: one linear layer on the decoder's features, {trained, random} x {frozen, free}; share of 360 digits held
   back that are recognized after 1 and after all epochs (Adam 1e-3, batch 128).
3. inputs: messages optimized until their glyphs show given digits; mean squared error of the ink, beside that of bare
   paper and of the mean digit.

    python benchmarks/digits.py RUN [--epochs 5] [--steps 300]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.alphabet import load_alphabet
from plotart.drawing import Drawing
from plotart.objectives.message import Message
from plotart.prepare import prepare
from plotart.render.glyphs import glyph_images
from plotart.run import Run
from plotart.stages import Context

HELD_BACK = 360


def digits(side: int) -> tuple[Tensor, Tensor]:
    """Ink `[1797, 1, side, side]` in 0..1 and classes `[1797]`, in a random order that is always the same."""
    data = load_digits()
    small = torch.from_numpy(data.images).float()[:, None] / 16
    inner = F.interpolate(small, round(0.8 * side), mode="bicubic", align_corners=False).clamp(0, 1)
    edge = (side - inner.shape[-1]) // 2
    ink = F.pad(inner, (edge, side - inner.shape[-1] - edge, edge, side - inner.shape[-1] - edge))
    order = torch.randperm(len(ink), generator=torch.Generator().manual_seed(0))
    return ink[order], torch.from_numpy(data.target)[order]


@torch.no_grad()
def swap(message: Message, drawing: Drawing, context: Context, ink: Tensor, classes: Tensor) -> str:
    """Test 1 on 300 digits."""
    ink, classes = ink[:300], classes[:300]
    said = message.decoder(ink)
    said = (said - said.mean(0)) / said.std(0).clamp_min(1e-6)  # as far apart as messages are
    glyphs = message.ink(glyph_images(context.renderer, drawing, said, ink.shape[-1])).flatten(1)
    far = torch.cdist(glyphs, glyphs)
    same, other = classes[:, None] == classes[None], ~torch.eye(len(classes), dtype=torch.bool)
    within, between = far[same & other].mean(), far[~same].mean()

    def likeness(pictures: Tensor) -> float:
        a, b = (x - x.mean(1, keepdim=True) for x in (pictures.flatten(1), glyphs))
        return float(F.cosine_similarity(a, b).mean())

    return (
        f"within / between classes {float(within / between):.3f}, "
        f"correlation with the digit {likeness(ink):.3f}, with another {likeness(ink.roll(1, 0)):.3f}"
    )


def classify(message: Message, ink: Tensor, classes: Tensor, frozen: bool, epochs: int) -> list[float]:
    """Test 2: the share recognized after each epoch."""
    generator = torch.Generator().manual_seed(0)
    features = message.decoder.layers
    last = nn.Linear(message.decoder.answer.in_features, 10)
    nn.init.normal_(last.weight, 0, 0.01, generator=generator)
    optimizer = torch.optim.Adam([*last.parameters(), *([] if frozen else features.parameters())], lr=1e-3)
    train, shares = len(ink) - HELD_BACK, []
    for _ in range(epochs):
        features.train(not frozen)
        for batch in torch.randperm(train, generator=generator).split(128):
            with torch.set_grad_enabled(not frozen):
                seen = features(ink[batch])
            loss = F.cross_entropy(last(seen), classes[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        features.eval()
        with torch.no_grad():
            shares.append(float((last(features(ink[train:])).argmax(1) == classes[train:]).float().mean()))
    return shares


def fit_inputs(message: Message, drawing: Drawing, context: Context, ink: Tensor, steps: int) -> float:
    """Test 3 on 50 digits: the error that is left."""
    ink = ink[:50]
    generator = torch.Generator().manual_seed(0)
    said = torch.randn(len(ink), message.messages.length, generator=generator).requires_grad_()
    optimizer = torch.optim.Adam([said], lr=0.03)
    error = torch.tensor(0.0)
    for _ in range(steps):
        error = F.mse_loss(message.ink(glyph_images(context.renderer, drawing, said, ink.shape[-1])), ink)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    return float(error.detach())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a finished run of glyphs with one pen")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    config = Run.open(options.run).config

    def networks(trained: bool) -> tuple[Context, Message, Drawing]:
        _, context, drawing = prepare(config, print)
        message = context.objectives["message"]
        assert isinstance(message, Message)
        return context, message, load_alphabet(options.run, drawing.canvas, message) if trained else drawing

    side = networks(False)[2].primitive.sheet.pixels(config.size)
    ink, classes = digits(side)
    for trained in (True, False):
        context, message, drawing = networks(trained)
        name = "trained" if trained else "random"
        print(f"1 swap, {name}: {swap(message, drawing, context, ink, classes)}", flush=True)
        for frozen in (True, False):
            shares = classify(networks(trained)[1], ink, classes, frozen, options.epochs)
            print(
                f"2 classifier, {name} {'frozen' if frozen else 'free'}: {shares[0]:.3f} .. {shares[-1]:.3f}",
                flush=True,
            )
        left = fit_inputs(message, drawing, context, ink, options.steps)
        print(f"3 inputs, {name}: error {left:.4f}", flush=True)
    bare, mean = float(ink[:50].square().mean()), float((ink[:50] - ink.mean(0)).square().mean())
    print(f"3 inputs: bare paper {bare:.4f}, mean digit {mean:.4f}")


if __name__ == "__main__":
    main()
