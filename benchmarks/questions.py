"""What the start, soft edges, the share of pixels and the background are worth: 256 circles, one fit of 400 steps.

python benchmarks/questions.py [--steps 400] [--seeds 3] [--cases TEXT]

PSNR (dB) of the astronaut of scikit-image at 128 px, mean over seeds and their range. One setting differs from the
first row in each of the others. `weights` counts the middle of the picture tenfold and is judged there as well.
"""

from __future__ import annotations

import argparse
import math
from typing import Any

import torch
from picture_context import picture_context
from shapes import Silent, picture

from plotart.core.images import resize
from plotart.drawing import Drawing
from plotart.drawing.ink import ink_specs
from plotart.drawing.primitives import primitives
from plotart.objectives import ObjectiveContext
from plotart.objectives.pixels import PixelsSpec
from plotart.stages.fit import Fit
from plotart.stages.regrow import Regrow
from plotart.stages.reorder import Reorder

SIZE = 128
CASES: dict[str, dict[str, Any]] = {
    "start by error, softness 4, a quarter of the pixels, learned background": {},
    "start at random": {"start": "random"},
    "softness 1": {"softness": 1},
    "softness 2": {"softness": 2},
    "softness 8": {"softness": 8},
    "softness 16": {"softness": 16},
    "5 % of the pixels": {"share": 0.05},
    "10 % of the pixels": {"share": 0.1},
    "all pixels": {"share": 1.0},
    "background: the white paper": {"background": "paper"},
    "background: black": {"background": "#000000"},
    "ink average": {"ink": "average"},
    "ink multiply": {"ink": "multiply", "background": "paper"},
    "splats": {"kind": "splats"},
    "splats in average": {"kind": "splats", "ink": "average"},
    "each slot chooses ellipse, triangle, square or star": {"kind": "splats", "form": "chosen"},
    "ellipses alone": {"kind": "splats", "harmonics": 0},
    "arcs in average": {"kind": "splats", "form": "arc", "ink": "average"},
    "three fits of a third, regrow between": {"between": [Regrow(), Regrow()]},
    "three fits of a third, reorder (100) between": {"between": [Reorder(tries=100)] * 2},
    "weights": {"weights": True},
}


def run(case: dict[str, Any], seed: int, steps: int) -> tuple[float, float]:
    """PSNR of the whole picture and of its middle."""
    image, canvas = picture("astronaut")
    size = canvas.pixels(SIZE)
    target = resize(image, *size)
    heavy = torch.full((1, 3, *size), 0.1)
    middle = slice(SIZE // 4, 3 * SIZE // 4)
    heavy[:, :, middle, middle] = 1.0
    objective = PixelsSpec(image="", weights="m" if case.get("weights") else None).build(
        ObjectiveContext(canvas=canvas, target=target, size=size, picture=lambda file, setting: heavy)
    )
    generator = torch.Generator().manual_seed(seed)
    settings = {"count": 256, "start": case.get("start", "error")}
    settings |= {"shape": case["form"]} if "form" in case else {}
    settings |= {"harmonics": case["harmonics"]} if "harmonics" in case else {}
    shapes = primitives[case.get("kind", "circles")].model_validate(settings)
    made = shapes.build(canvas, 0.003, generator, target=target)
    ink = ink_specs[case.get("ink", "over")](background=case.get("background", "learned"))
    drawing = Drawing(canvas, made, ink.build(256, generator, made.start_rgb))
    context = picture_context(objective, SIZE, generator)
    between = case.get("between", [])
    how = {"softness": case.get("softness", 4), "pixels_share": case.get("share", 0.25), "schedule": "cosine"}
    for stage in [*between, None]:
        drawing = Fit(steps=steps // (len(between) + 1), **how)(drawing, context, watch=Silent())
        drawing = stage(drawing, context, watch=Silent()) if stage else drawing
    with torch.no_grad():
        missed = (context.renderer(drawing, SIZE) - target).square()
    return tuple(-10 * math.log10(float(part.mean())) for part in (missed, missed[:, :, middle, middle]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cases", default="", help="only the rows whose name holds this")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| | PSNR, dB | its middle |\n|---|---|---|")
    for name, case in CASES.items():
        if options.cases not in name:
            continue
        found = [run(case, seed, options.steps) for seed in range(options.seeds)]
        whole, middle = zip(*found, strict=True)
        mean, inner = sum(whole) / len(whole), sum(middle) / len(middle)
        print(f"| {name} | {mean:.2f} ({min(whole):.2f} .. {max(whole):.2f}) | {inner:.2f} |", flush=True)


if __name__ == "__main__":
    main()
