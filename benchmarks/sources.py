"""The published recipes for circles and splats beside plotart's, on one photograph; figures stand in docs/sources.md.

python benchmarks/sources.py [--only splats|circles|dividers|climb] [--steps 300] [--renderers]

The astronaut of scikit-image at 128 px, 256 shapes, seed 0, PSNR of the clean sRGB picture after so many steps, dB, and
its root mean squared error; of dividers 64, and sixteen times the steps.
`climb` tries forty mutations for each step of the others. `--renderers` fits 64 strokes by
`native` and by `diffvg` (which must be installed), and compares their pictures, gradients and losses.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import torch
from picture_context import picture_context
from skimage import data

from plotart.core.canvas import Canvas, page
from plotart.core.images import resize
from plotart.drawing import Drawing
from plotart.drawing.ink import ink_specs
from plotart.drawing.primitives import primitives
from plotart.drawing.render import renderer
from plotart.objectives import ObjectiveContext
from plotart.objectives.pixels import PixelsSpec
from plotart.stages import Context, Silent, evaluate
from plotart.stages.climb import Climb
from plotart.stages.fit import Fit

SIZE, COUNT = 128, 256
PUBLISHED = {"centre": 0.01, "angle": 0.01, "scale": 0.01, "bend": 0.01, "rgb": 0.01}
TANH: dict[str, Any] = {"harmonics": 8, "edge": "tanh", "radius": 0.3}
SOFT: dict[str, Any] = {"softness": 4, "schedule": "cosine"}
BLACK = {"background": "#000000"}
PLAIN: dict[str, Any] = {"rates": PUBLISHED, "schedule": "constant"}
NET: dict[str, Any] = {  # of configs/dividers.yaml, sixteen quick steps for each of the others
    "schedule": "cosine", "pixels_share": 0.03,
    "rates": {"centre": 0.003, "angle": 0.015, "log_radius": 0.015, "mix": 0.01, "bias": 0.01, "tint": 0.01,
              "ground": 0.01},
}  # fmt: skip
ROWS: dict[str, list[tuple[str, str, dict[str, Any], str, dict[str, Any], dict[str, Any]]]] = {
    "splats": [
        ("published code: tanh, added up on black", "splats", TANH, "add", BLACK, PLAIN),
        ("published text: waves alone, plain mean", "splats", {**TANH, "rim": "waves"}, "mean", BLACK, PLAIN),
        ("waves alone, added up", "splats", {**TANH, "rim": "waves"}, "add", BLACK, PLAIN),
        ("plotart, add", "splats", {"start": "error"}, "add", {"background": "learned"}, SOFT),
        ("plotart, average", "splats", {"start": "error"}, "average", {"background": "learned"}, SOFT),
    ],
    "circles": [
        ("softness 4 to 1, clamp", "circles", {"start": "error"}, "over", {"background": "learned"}, SOFT),
        ("softness 10 to 1, clamp", "circles", {"start": "error"}, "over", {"background": "learned"},
         {**SOFT, "softness": 10}),
        ("softness 10 kept, clamp", "circles", {"start": "error"}, "over", {"background": "learned"},
         {**SOFT, "softness": 10, "softness_end": 10}),
        ("softness 4 to 1, sigmoid", "circles", {"start": "error"}, "over",
         {"background": "learned", "bounded": "sigmoid"}, SOFT),
        ("softness 10 kept, sigmoid, black, random start", "circles", {}, "over", {**BLACK, "bounded": "sigmoid"},
         {**SOFT, "softness": 10, "softness_end": 10}),
    ],
    "dividers": [
        (f"64 {shape}", "dividers", {"count": 64, "shape": shape, "slope": 15}, "coded", {}, NET)
        for shape in ("lines", "circles", "both", "relu")
    ],
}  # fmt: skip


def picture(size: int = SIZE) -> tuple[torch.Tensor, Canvas]:
    image = torch.from_numpy(data.astronaut()).permute(2, 0, 1).float() / 255
    canvas = Canvas(page("a5"), 10.0, fit=1.0)
    return resize(image, *canvas.pixels(size))[None], canvas


def scene(kind: str, shapes: dict[str, Any], ink: str, colours: dict[str, Any]) -> tuple[Drawing, Context]:
    target, canvas = picture()
    objective = PixelsSpec(image="").build(ObjectiveContext(canvas=canvas, target=target, size=canvas.pixels(SIZE)))
    generator = torch.Generator().manual_seed(0)
    made = primitives[kind].model_validate({"count": COUNT, **shapes}).build(canvas, 0.003, generator, target=target)
    drawing = Drawing(canvas, made, ink_specs[ink](**colours).build(len(made), generator, made.start_rgb))
    return drawing, picture_context(objective, SIZE, generator)


def tell(name: str, drawing: Drawing, context: Context, began: float) -> None:
    error = evaluate(drawing, context).total
    spent = time.process_time() - began
    print(f"| {name} | {-10 * math.log10(error):.2f} | {math.sqrt(error):.3f} | {spent:.1f} |", flush=True)


def renderers(steps: int, size: int = 64) -> None:
    """The same 64 strokes under `multiply`, fitted to the photograph by two renderers."""
    target, canvas = picture(size)
    first: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    for name in ("native", "diffvg"):
        generator = torch.Generator().manual_seed(0)
        made = primitives["strokes"].model_validate({"count": 64}).build(canvas, 0.03, generator)
        drawing = Drawing(canvas, made, ink_specs["multiply"]().build(64, generator))
        draw, losses = renderer(name, threads=1), []
        adam = torch.optim.Adam(drawing.parameters(), lr=0.0045, eps=1e-12)
        for step in range(steps):
            adam.zero_grad()
            image = draw(drawing, size)
            loss = (image - target).square().mean()
            loss.backward()  # type: ignore[no-untyped-call]
            if step == 0:
                slope = next(p.grad for key, p in drawing.named_parameters() if key.endswith("points"))
                assert slope is not None
                first[name] = (image.detach(), slope.clone().flatten(1))
            adam.step()
            drawing.constrain_()
            losses.append(float(loss.detach()))
        with torch.no_grad():
            clean = float((renderer("native", threads=1)(drawing, size) - target).square().mean())
        shown = ", ".join(f"{losses[i]:.4f}" for i in sorted({0, steps // 10, steps // 4, steps // 2, steps - 1}))
        print(f"{name}: losses {shown}; the last drawing by native {clean:.4f}", flush=True)
    (one, a), (other, b) = first["native"], first["diffvg"]
    alike = torch.nn.functional.cosine_similarity(a, b, dim=1)
    print(
        f"first step: pictures differ by {float((one - other).abs().mean()):.5f} in the mean; gradients of the points "
        f"have a cosine of {float(alike.median()):.3f} (median of strokes), {float(alike.min()):.3f} at least, "
        f"and lengths {float(b.norm() / a.norm()):.3f} to 1"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*ROWS, "climb"])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--renderers", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.renderers:
        renderers(options.steps)
        return
    print("| recipe | PSNR, dB | RMSE | CPU s |\n|---|---|---|---|")
    for part, rows in ROWS.items():
        if options.only in (None, part):
            for name, kind, shapes, ink, colours, fit in rows:
                drawing, context = scene(kind, shapes, ink, colours)
                began = time.process_time()
                steps = options.steps * (16 if kind == "dividers" else 1)
                made = Fit(steps=steps, **fit)(drawing, context, watch=Silent())
                tell(name, made, context, began)
    if options.only in (None, "climb"):
        for kind, ink in (("circles", "over"), ("splats", "average")):
            drawing, context = scene(kind, {"start": "error"}, ink, {"background": "learned"})
            began = time.process_time()
            tell(f"climb, {kind}", Climb(steps=40 * options.steps)(drawing, context, watch=Silent()), context, began)
        target_free, context = scene("strokes", {"radius": 0.3}, "multiply", {})
        began = time.process_time()
        tell("climb, strokes", Climb(steps=20 * options.steps)(target_free, context, watch=Silent()), context, began)


if __name__ == "__main__":
    main()
