"""Kodak's 24 pictures painted with few strokes: PSNR, SSIM and CPU seconds, as papers on strokes report them.

The pictures are not shipped; FOLDER holds them as files of 768 x 512 or 512 x 768 px. Strokes have free colours, widths
and opacities and lie over each other on white paper, grown as the stage `grow` does it; the clean image is judged
against the photograph in sRGB. One thread, one process. Every result is kept in --results and not made again.

Recipe `strokes`: single cubics, each of one width and opacity. `brushes`: three cubics, each with a width and an
opacity of its own (primitive `brushes`). `brushes-long`: the same in twice as many steps. `brushes-slow`: in 500 by
plain Adam with half the rate of points, longer strokes to begin with, and more steps where all strokes are there.
`brushes-slower`: the same in 800.

    python benchmarks/kodak.py FOLDER [--counts 256,512,1024,2048] [--pictures 01,02] [--recipe strokes,brushes]
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from picture_context import picture_context
from skimage.metrics import structural_similarity

from plotart.core.canvas import Canvas, page
from plotart.core.files import write_beside
from plotart.core.images import load_image
from plotart.drawing import Drawing
from plotart.drawing.ink.free import OverSpec
from plotart.drawing.primitives.brushes import BrushesSpec
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.objectives.pixels import Pixels
from plotart.stages import Silent, evaluate
from plotart.stages.grow import Grow

SHORT, LONG = 512, 768
SLOW = Grow(steps=500, optimizer="adam", lasting=1.5, length=3.0, rates={**Grow().rates, "points": 0.002})
RECIPES: dict[str, tuple[StrokesSpec, Grow]] = {
    "strokes": (StrokesSpec(), Grow(steps=500)),
    "brushes": (BrushesSpec(), Grow(steps=500)),
    "brushes-long": (BrushesSpec(), Grow(steps=1000)),
    "brushes-slow": (BrushesSpec(), SLOW),
    "brushes-slower": (BrushesSpec(), SLOW.model_copy(update={"steps": 800})),
}


def paint(picture: torch.Tensor, count: int, kind: StrokesSpec, spec: Grow, seed: int) -> dict[str, float]:
    """`picture [3, H, W]` sRGB drawn with `count` strokes."""
    height, width = picture.shape[1:]
    canvas = Canvas(page("a5", width > height), 10.0, fit=width / height)
    target = picture[None]
    context = picture_context(Pixels(target, "srgb", (0.0,)), SHORT, torch.Generator().manual_seed(seed))
    strokes = kind.model_copy(update={"count": count, "widths": "free", "width_range": (0.002, 0.5)})
    start = Drawing(canvas, strokes.build(canvas, 0.012, context.generator), OverSpec().build(count, context.generator))
    begun = time.process_time()
    made = spec(start, context, watch=Silent())
    seconds = time.process_time() - begun
    seen = evaluate(made, context)
    a, b = (image[0].permute(1, 2, 0).double().numpy() for image in (target, seen.image.clamp(0, 1)))
    return {
        "psnr": -10 * math.log10(float(np.square(a - b).mean())),
        "ssim": float(structural_similarity(a, b, channel_axis=2, data_range=1.0)),
        "cpu_s": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--counts", default="256,512,1024,2048")
    parser.add_argument("--pictures", default="")
    parser.add_argument("--recipe", default="strokes,brushes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=Path("kodak.json"))
    given = parser.parse_args()
    unknown = set(given.recipe.split(",")) - set(RECIPES)
    if unknown:
        parser.error(f"--recipe: {', '.join(sorted(unknown))} is not one of {', '.join(RECIPES)}")
    if not given.folder.is_dir():
        parser.error(f"FOLDER: '{given.folder}' is no folder")
    torch.set_num_threads(1)
    files = sorted(file for file in given.folder.iterdir() if file.suffix.lower() in (".png", ".jpg", ".tif"))
    if given.pictures:
        wanted = given.pictures.split(",")
        files = [file for file in files if any(file.stem.endswith(name) for name in wanted)]
    if not files:
        parser.error(f"FOLDER: '{given.folder}' holds no such pictures")
    found: dict[str, Any] = json.loads(given.results.read_text()) if given.results.is_file() else {}
    warm = False
    for count in (int(word) for word in given.counts.split(",")):
        for recipe in given.recipe.split(","):
            kind, spec = RECIPES[recipe]
            rows = []
            for file in files:
                key = f"{file.stem} {count} {recipe} {given.seed}"
                if key not in found:
                    picture = load_image(file)
                    if sorted(picture.shape[1:]) != [SHORT, LONG]:
                        raise SystemExit(f"{file}: {list(picture.shape[1:])} px, not 768 x 512")
                    if not warm:
                        paint(picture, 64, kind, Grow(steps=8), 0)  # compiled, and out of the figures
                        warm = True
                    found[key] = paint(picture, count, kind, spec, given.seed)
                    with write_beside(given.results) as beside:
                        beside.write_text(json.dumps(found, indent=1))
                rows.append(list(found[key].values()))
            psnr, ssim, cpu = np.mean(rows, axis=0)
            name = f"{count} strokes, {recipe}, {len(rows)} pictures"
            print(f"{name}: {psnr:.2f} dB, SSIM {ssim:.3f}, {cpu:.1f} CPU s", flush=True)


if __name__ == "__main__":
    main()
