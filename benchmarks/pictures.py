"""Pictures: strokes that grow against the plain recipe, and what each lever of growing is worth.

Part `free`: free colour, width and opacity under `over`, single cubics, photographs of scikit-image with 256 px on the
short side, 500 steps in all, one thread. Figures are of the clean image against the photograph: PSNR and SSIM of sRGB
values, and the mean S-CIELAB difference (CIEDE2000) seen from half a metre when printed on A5.

Part `times`: the same after fixed CPU times instead of steps. Both recipes plan their learning rates and levels ahead,
so each is given as many steps as it takes that time for, by the cost of a step in its run of 500.

    python benchmarks/pictures.py [free|levers|speed|times ...] [--counts 256,512] [--photos astronaut,...] [--seed 0]
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from picture_context import picture_context
from renderer import median, vgg16_to_conv4_3
from skimage import data
from skimage.metrics import structural_similarity

from plotart.core.canvas import Canvas, page
from plotart.core.images import resize
from plotart.core.vision import scielab_difference
from plotart.drawing import Drawing
from plotart.drawing.ink import OverSpec
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.objectives.pixels import Pixels
from plotart.stages import Silent, Stage, evaluate
from plotart.stages.fit import Fit
from plotart.stages.grow import Grow

SIZE, STEPS, DISTANCE_MM = 256, 500, 500.0
TIMES_S = (1.0, 2.0, 4.0, 8.0)
PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")
PLAIN = Fit(steps=STEPS)
GROWN = Grow(steps=STEPS)
LEVERS: dict[str, Grow] = {
    "all": GROWN,
    "evenly placed": GROWN.model_copy(update={"place": "even"}),
    "random directions": GROWN.model_copy(update={"direction": "random"}),
    "random colours": GROWN.model_copy(update={"colour": "random"}),
    "nothing replaced": GROWN.model_copy(update={"replace": 0.0}),
    "one round with all": GROWN.model_copy(update={"rounds": 1}),
    "full size at every level": GROWN.model_copy(update={"detail": 1.0}),
    "rates constant": GROWN.model_copy(update={"schedule": "constant"}),
    "Adam for points and widths": GROWN.model_copy(update={"optimizer": "adam"}),
    "sizes shrink by .7": GROWN.model_copy(update={"shrink": 0.7}),
    "edges soft at first (8 px)": GROWN.model_copy(update={"softness": 8.0}),
    "all strokes at once": GROWN.model_copy(update={"growth": 1000.0, "rounds": 1}),
}
"""Growing, and growing with one lever taken away or, the softness, added."""


@dataclass(frozen=True)
class Result:
    psnr: float
    ssim: float
    scielab: float
    cpu_s: float
    wall_s: float


def draw(photo: str, count: int, spec: Stage, seed: int = 0, size: int = SIZE) -> Result:
    """One drawing of `count` strokes by one stage from a random start."""
    picture = torch.from_numpy(getattr(data, photo)()[..., :3].copy()).permute(2, 0, 1).float() / 255
    height, width = picture.shape[1:]
    canvas = Canvas(page("a5", width > height), 10.0, fit=width / height)
    target = resize(picture, *canvas.pixels(size))[None]
    context = picture_context(Pixels(target, "srgb", (0.0,)), size, torch.Generator().manual_seed(seed))
    strokes = StrokesSpec(count=count, widths="free", width_range=(0.004, 0.5))
    start = Drawing(
        canvas,
        strokes.build(canvas, 0.012, context.generator),
        OverSpec().build(count, context.generator),
    )
    cpu, wall = time.process_time(), time.perf_counter()
    made = spec(start, context, watch=Silent())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    seen = evaluate(made, context)
    a, b = (image[0].permute(1, 2, 0).double().numpy() for image in (target, seen.image))
    off = scielab_difference(a, b, size / canvas.mm_per_unit, DISTANCE_MM)
    ssim = structural_similarity(a, b, channel_axis=2, data_range=1.0)
    return Result(-10 * math.log10(seen.losses["pixels"]), float(ssim), float(off.mean()), cpu, wall)


def mean(results: list[Result]) -> Result:
    return Result(*np.mean([list(vars(result).values()) for result in results], axis=0).tolist())


def line(name: str, r: Result) -> str:
    return f"| {name} | {r.psnr:.2f} | {r.ssim:.3f} | {r.scielab:.2f} | {r.cpu_s:.1f} | {r.wall_s:.1f} |"


HEAD = "| PSNR dB | SSIM | S-CIELAB | CPU s | wall s |\n|---|---|---|---|---|---|"


def free(photos: list[str], counts: list[int], seed: int) -> None:
    draw(photos[0], 64, Grow(steps=8), seed)  # compiled, and out of the figures
    draw(photos[0], 64, Fit(steps=2), seed)
    print("\n| photograph, strokes: plain -> grown", HEAD)
    for count in counts:
        found: dict[str, list[Result]] = {"plain": [], "grown": []}
        for photo in photos:
            for name, spec in (("plain", PLAIN), ("grown", GROWN)):
                found[name].append(draw(photo, count, spec, seed))
                print(line(f"{photo}, {count}: {name}", found[name][-1]), flush=True)
        plain, grown = (mean(found[name]) for name in ("plain", "grown"))
        print(line(f"mean, {count}: plain", plain))
        print(line(f"mean, {count}: grown", grown))
        print(
            f"| gain, {count} | **{grown.psnr - plain.psnr:+.2f}** | {grown.ssim - plain.ssim:+.3f} | | | |", flush=True
        )


def levers(photos: list[str], counts: list[int], seed: int) -> None:
    print("\n| mean of", ", ".join(photos), HEAD)
    for count in counts:
        for name, spec in LEVERS.items():
            print(line(f"{count}: {name}", mean([draw(p, count, spec, seed) for p in photos])), flush=True)


def speed(photos: list[str], counts: list[int], seed: int) -> None:
    """CPU time of a grown picture in steps of a VGG-16, taken in turns with it."""
    network = vgg16_to_conv4_3()
    image = torch.rand(1, 3, 224, 224, requires_grad=True)
    for count in counts:
        for photo in photos:
            ratios = []
            for _ in range(3):
                vgg = median(lambda: network(image).square().mean().backward(), 3)
                ratios.append([1e3 * draw(photo, count, spec, seed).cpu_s / vgg for spec in (GROWN, PLAIN)])
            grown, plain = np.median(ratios, axis=0)
            print(
                f"{photo}, {count} strokes: {grown:.1f} VGG-16 steps grown, {plain:.1f} plain (medians of 3)",
                flush=True,
            )


def times(photos: list[str], counts: list[int], seed: int) -> None:
    draw(photos[0], 64, Grow(steps=8), seed)  # compiled, and out of the figures
    print("\n| mean of", ", ".join(photos), HEAD)
    for count in counts:
        steps_a_second = {
            name: [STEPS / draw(photo, count, spec, seed).cpu_s for photo in photos]
            for name, spec in (("plain", PLAIN), ("grown", GROWN))
        }
        for seconds in TIMES_S:
            for name, spec in (("plain", PLAIN), ("grown", GROWN)):
                planned = [round(seconds * rate) for rate in steps_a_second[name]]
                found = [
                    draw(photo, count, spec.model_copy(update={"steps": steps}), seed)
                    for photo, steps in zip(photos, planned, strict=True)
                ]
                title = f"{count}, {seconds:g} s: {name}, {min(planned)} to {max(planned)} steps"
                print(line(title, mean(found)), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    parts = {"free": free, "levers": levers, "speed": speed, "times": times}
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("parts", nargs="*", default=list(parts), metavar="PART")
    asked.add_argument("--counts", default=None)
    asked.add_argument("--photos", default=",".join(PHOTOS))
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    for part in given.parts:
        usual = "256,512,1024,2048" if part == "free" else "512"
        parts[part](given.photos.split(","), [int(c) for c in (given.counts or usual).split(",")], given.seed)
