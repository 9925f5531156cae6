"""Two discs that overlap, green in front of red, on black: how often does descent end in the wrong order?

python benchmarks/mastercard.py [--seeds 20] [--steps 200] [--strategies TEXT]

The picture of the article, 228 x 164, here at 82 px of its short side. Two circles from random places, sizes, colours
and order, on black. A run is right when its squared error ends below 0.002: then no more is missing than a line of
pixels around the discs.
"""

from __future__ import annotations

import argparse

import torch
from picture_context import picture_context

from plotart.core.canvas import Canvas, page
from plotart.drawing import Drawing
from plotart.drawing.ink import Multiply, ink_specs
from plotart.drawing.primitives.circles import CirclesSpec
from plotart.objectives import ObjectiveContext
from plotart.objectives.pixels import Pixels, PixelsSpec
from plotart.stages import evaluate
from plotart.stages.fit import Fit
from plotart.stages.regrow import Regrow
from plotart.stages.reorder import Reorder

SIZE, ASPECT = 82, 228 / 164
RED, GREEN = (0.92, 0.0, 0.1), (0.0, 0.62, 0.2)
STUCK = 0.002
MOVE, SWAP = Regrow(share=0.5), Reorder(tries=4)
STRATEGIES = {
    "over": ("over", []),
    "over, order swaps": ("over", [SWAP]),
    "over, idle shapes moved, order swaps": ("over", [MOVE, SWAP, MOVE, SWAP]),
    "average": ("average", []),
    "average, idle shapes moved": ("average", [MOVE, MOVE]),
    "multiply": ("multiply", []),
}
"""Ink, and the stages after the first fit; each is followed by a shorter fit."""


class Silent:
    saved = None

    def __getattr__(self, name):
        return lambda *given: None


def picture(canvas: Canvas) -> torch.Tensor:
    height, width = canvas.pixels(SIZE)
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / SIZE, (torch.arange(width) + 0.5) / SIZE, indexing="ij")
    image = torch.zeros(3, height, width)
    for centre, colour in (((0.5, 0.5), RED), ((0.89, 0.5), GREEN)):
        inside = ((0.35 - (x - centre[0]).hypot(y - centre[1])) * SIZE + 0.5).clamp(0, 1)
        image += inside * (torch.tensor(colour)[:, None, None] - image)
    return image[None]


def run(strategy: str, seed: int, steps: int, canvas: Canvas, target: torch.Tensor) -> float:
    """The squared error a strategy ends with."""
    generator = torch.Generator().manual_seed(seed)
    kind = STRATEGIES[strategy][0]
    circles = CirclesSpec(count=2, radius=0.4).build(canvas, 0.003, generator)
    if kind == "multiply":  # light on white paper; on black nothing could be seen
        ink = Multiply(torch.rand(2, 3, generator=generator), "srgb")
    else:
        ink = ink_specs[kind](background="#000000").build(2, generator)
    drawing = Drawing(canvas, circles, ink)
    objective = PixelsSpec(image="").build(ObjectiveContext(canvas=canvas, target=target, size=canvas.pixels(SIZE)))
    context = picture_context(objective, SIZE, generator)
    fit = Fit(steps=steps, softness=16, schedule="cosine")
    drawing = fit(drawing, context, watch=Silent())
    for step in STRATEGIES[strategy][1]:
        drawing = step(drawing, context, watch=Silent())
        drawing = Fit(steps=steps // 2, softness=4, schedule="cosine")(drawing, context, watch=Silent())
    assert isinstance(objective, Pixels)
    return evaluate(drawing, context).total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--strategies", default="", help="only those whose name holds this")
    options = parser.parse_args()
    torch.set_num_threads(1)
    canvas = Canvas(page("a5"), 10.0, fit=ASPECT)
    target = picture(canvas)
    print("| strategy | right | squared errors |\n|---|---|---|")
    for strategy in (name for name in STRATEGIES if options.strategies in name):
        errors = sorted(run(strategy, seed, options.steps, canvas, target) for seed in range(options.seeds))
        right = sum(error < STUCK for error in errors)
        print(f"| {strategy} | {right} of {len(errors)} | {errors[0]:.5f} .. {errors[-1]:.5f} |", flush=True)


if __name__ == "__main__":
    main()
