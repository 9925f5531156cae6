"""Circles and splats by descent against a hill climber of the same shapes, in equal CPU time; cost of pixel subsets.

python benchmarks/shapes.py [--seconds 8] [--counts 64,256,1024] [--images astronaut,chelsea,coffee] [--subset]

Three photographs of scikit-image at 256 px. Both sides work on one core for the same CPU seconds (which a busy machine
does not change) and both know the picture only. Descent is four fits on a quarter of the pixels, with `regrow` between
them. The hill climber works as those of the field do (M. Fogleman, "primitive"): it adds shape after shape for good,
each the best of 100 random ones (fewer where time is short), mutated until as many mutations in a row have not helped,
with the colour that fits best at an opacity of one half, and starts again as long as the shape's share of time lasts.
Compiled; a shape costs only the pixels it covers. The stage `climb` is the same idea on all shapes at once, with the
inks of the descent and its first places: mutate, keep the better. PSNR of the sRGB picture, dB.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import numpy as np
import torch
from numba import njit
from picture_context import picture_context
from skimage import data

from plotart.core.canvas import Canvas, page
from plotart.core.images import resize
from plotart.drawing import Drawing
from plotart.drawing.ink import ink_specs
from plotart.drawing.primitives import primitives
from plotart.drawing.render import renderer, some_pixels
from plotart.objectives import ObjectiveContext
from plotart.objectives.pixels import PixelsSpec
from plotart.stages import Context, evaluate
from plotart.stages.climb import Rival
from plotart.stages.fit import Fit
from plotart.stages.regrow import Regrow

SIZE = 256
HARMONICS = 4
INKS = {"circles": "over", "splats": "average"}


def picture(name: str) -> tuple[torch.Tensor, Canvas]:
    image = torch.from_numpy(getattr(data, name)()).permute(2, 0, 1).float() / 255
    canvas = Canvas(page("a5"), 10.0, fit=image.shape[2] / image.shape[1])
    return resize(image, *canvas.pixels(SIZE))[None], canvas


def psnr(error: float) -> float:
    return -10 * math.log10(error)


class Silent:
    saved = None

    def __getattr__(self, name: str) -> Any:
        return lambda *given: None


def first(kind: str, count: int, target: torch.Tensor, canvas: Canvas) -> tuple[Drawing, Context]:
    """The shapes where most would be missed, and what the stages need to fit them."""
    objective = PixelsSpec(image="").build(ObjectiveContext(canvas=canvas, target=target, size=canvas.pixels(SIZE)))
    generator = torch.Generator().manual_seed(0)
    shapes = primitives[kind].model_validate({"count": count, "start": "error"})
    made = shapes.build(canvas, 0.003, generator, target=target)
    ink = ink_specs[INKS[kind]](background="learned")
    drawing = Drawing(canvas, made, ink.build(count, generator, made.start_rgb))
    context = picture_context(objective, SIZE, generator)
    return drawing, context


def climb_blind(kind: str, count: int, target: torch.Tensor, canvas: Canvas, seconds: float) -> float:
    """PSNR after so many CPU seconds of the stage `climb`."""
    Rival(*first(kind, 4, target, canvas)).tried(25.0)  # what is compiled at the first call
    began, tries, kept = time.process_time(), 0, 0
    drawing, context = first(kind, count, target, canvas)
    rival = Rival(drawing, context)
    while time.process_time() < began + seconds:
        kept, tries = kept + rival.tried(25.0), tries + 1
    found = psnr(evaluate(drawing, context).total)
    print(f"    climb {kind} {count}: {kept} of {tries} kept in {seconds:.1f} s, {found:.2f} dB", flush=True)
    return found


def descend(kind: str, count: int, target: torch.Tensor, canvas: Canvas, seconds: float, **fit: Any) -> float:
    """PSNR after so many CPU seconds of one fit, calibration, kernels' compilation and export not counted."""
    drawing, context = first(kind, count, target, canvas)
    settings = {"softness": 4, "pixels_share": 0.25, "schedule": "cosine"} | fit
    for stage in (Fit(steps=5, **settings), Regrow()):  # what is compiled at the first call
        stage(drawing, context, watch=Silent())
    began = time.process_time()
    drawing, context = first(kind, count, target, canvas)
    fits = [(0.25, settings), (0.25, settings | {"softness": 2}), (0.25, settings | {"softness": 2}), (1.0, settings)]
    each, steps = 0.0, 0
    for number, (share, how) in enumerate(fits):
        if number:
            drawing = Regrow(share=0.15)(drawing, context, watch=Silent())
        left, now = began + seconds * (1.0 if number == 3 else share * (number + 1)), time.process_time()
        if not each:  # the pace of the first steps
            drawing = Fit(steps=12, **how)(drawing, context, watch=Silent())
            each, steps = (time.process_time() - now) / 24, 12  # a short fit looks at its whole picture at every step
            now = time.process_time()
        count = max(1, int((left - now) / each))
        drawing = Fit(steps=count, **how)(drawing, context, watch=Silent())
        each, steps = (time.process_time() - now) / count, steps + count
    spent = time.process_time() - began
    with torch.no_grad():
        found = psnr(float((context.renderer(drawing, SIZE) - target).square().mean()))
    print(f"    {kind} {len(drawing)}: {steps} steps in {spent:.1f} s, {found:.2f} dB", flush=True)
    return found


@njit(cache=True)
def inside(row, form, waves, c, s, x, y):
    dx, dy = x - row[0], y - row[1]
    if form == 0:
        return dx * dx + dy * dy < row[2] * row[2]
    u, w = (c * dx + s * dy) / row[3], (c * dy - s * dx) / row[4]
    r = math.sqrt(u * u + w * w) + 1e-9
    if r > waves:
        return False
    radius, ck, sk = 1.0, u / r, w / r
    cosine, sine = ck, sk
    for k in range(HARMONICS):
        radius += row[5 + k] * ck + row[5 + HARMONICS + k] * sk
        ck, sk = ck * cosine - sk * sine, sk * cosine + ck * sine
    return r < radius


@njit(cache=True)
def judge(row, form, target, image, alpha, paint):
    """Gain in squared error of the best colour; with `paint` the shape is laid onto the image."""
    height, width = target.shape[:2]
    reach, waves = row[2], 1.0
    if form == 1:
        for k in range(2 * HARMONICS):
            waves += abs(row[5 + k])
        reach = waves
    c, s = (1.0, 0.0) if form == 0 else (math.cos(row[2]), math.sin(row[2]))
    a, b = (1.0, 1.0) if form == 0 else (row[3], row[4])
    wide = reach if form == 0 else reach * math.hypot(a * c, b * s)
    tall = reach if form == 0 else reach * math.hypot(a * s, b * c)
    x0, x1 = max(0, int(row[0] - wide)), min(width, int(row[0] + wide) + 2)
    y0, y1 = max(0, int(row[1] - tall)), min(height, int(row[1] + tall) + 2)
    count = 0
    total, squares = np.zeros(3), 0.0
    for y in range(y0, y1):
        for x in range(x0, x1):
            if inside(row, form, waves, c, s, x + 0.5, y + 0.5):
                count += 1
                for c in range(3):
                    missing = target[y, x, c] - image[y, x, c]
                    total[c] += missing + alpha * image[y, x, c]
    if count == 0:
        return 0.0
    colour = np.minimum(np.maximum(total / (alpha * count), 0.0), 1.0)
    for y in range(y0, y1):
        for x in range(x0, x1):
            if inside(row, form, waves, c, s, x + 0.5, y + 0.5):
                for c in range(3):
                    new = image[y, x, c] + alpha * (colour[c] - image[y, x, c])
                    old_error, new_error = target[y, x, c] - image[y, x, c], target[y, x, c] - new
                    squares += old_error * old_error - new_error * new_error
                    if paint:
                        image[y, x, c] = new
    return squares


@njit(cache=True)
def random_row(form, width, height):
    row = np.zeros(3 if form == 0 else 5 + 2 * HARMONICS)
    row[0], row[1] = np.random.random() * width, np.random.random() * height
    if form == 0:
        row[2] = 1 + np.random.random() * 31
    else:
        row[2] = np.random.random() * math.pi
        row[3], row[4] = 1 + np.random.random() * 31, 1 + np.random.random() * 31
    return row


@njit(cache=True)
def mutated(row, form, width, height):
    new = row.copy()
    which = np.random.randint(3 if form == 0 else 5)
    if which == 0 or (form == 0 and which == 1):
        new[0] = min(max(row[0] + 16 * np.random.randn(), 0.0), width - 1.0)
        new[1] = min(max(row[1] + 16 * np.random.randn(), 0.0), height - 1.0)
    elif form == 0:
        new[2] = min(max(row[2] + 16 * np.random.randn(), 1.0), width - 1.0)
    elif which == 1:
        new[2] += 0.5 * np.random.randn()
    elif which == 4:
        k = np.random.randint(2 * HARMONICS)
        limit = 0.5 / (1 + k % HARMONICS)
        new[5 + k] = min(max(row[5 + k] + 0.5 * limit * np.random.randn(), -limit), limit)
    else:
        new[1 + which] = min(max(row[1 + which] + 16 * np.random.randn(), 1.0), width - 1.0)
    return new


@njit(cache=True)
def climb(form, target, image, alpha, tries):
    """The best of so many random shapes, mutated until so many mutations in a row have not helped; and its gain."""
    height, width = target.shape[:2]
    best, gain = random_row(form, width, height), -1e9
    for _ in range(tries):
        row = random_row(form, width, height)
        found = judge(row, form, target, image, alpha, False)
        if found > gain:
            best, gain = row, found
    age = 0
    while age < tries:
        row = mutated(best, form, width, height)
        found = judge(row, form, target, image, alpha, False)
        age += 1
        if found > gain:
            best, gain, age = row, found, 0
    return best, gain


@njit(cache=True)
def seeded(seed):
    np.random.seed(seed)


def climb_hill(kind: str, count: int, target: torch.Tensor, seconds: float) -> float:
    """PSNR of the hill climber after so many CPU seconds."""
    form = 0 if kind == "circles" else 1
    wanted = target[0].permute(1, 2, 0).double().numpy().copy()
    seeded(0)
    climb(form, wanted, wanted + 0.1, 0.5, 100)
    judge(random_row(form, 9, 9), form, wanted, wanted + 0.1, 0.5, True)
    image = np.empty_like(wanted)
    image[:] = wanted.mean(axis=(0, 1))
    began = time.process_time()
    climbs, tries, pace = 0, 100, 0.0
    for i in range(count):
        best, gain = random_row(form, *wanted.shape[1::-1]), 0.0
        first = True
        while first or time.process_time() < began + seconds * (i + 1) / count:
            now = time.process_time()
            left = (began + seconds - now) / (count - i)  # for this shape; fewer tries where a climb takes longer
            tries = 100 if pace == 0 else int(min(100, max(5, left / pace)))
            row, found = climb(form, wanted, image, 0.5, tries)
            spent = (time.process_time() - now) / tries
            pace = spent if pace == 0 else 0.8 * pace + 0.2 * spent
            climbs, first = climbs + 1, False
            if found > gain:
                best, gain = row, found
        judge(best, form, wanted, image, 0.5, True)
    found = psnr(float(((image - wanted) ** 2).mean()))
    spent = time.process_time() - began
    print(f"    climber {kind} {count}: {climbs} climbs of {tries} tries in {spent:.1f} s, {found:.2f} dB", flush=True)
    return found


def subset_cost() -> None:
    """A step on 10 % of the pixels beside a full one: 1,000 shapes at 512 px, one core, CPU milliseconds."""
    canvas = Canvas(page("100x100mm"), 0.0)
    for kind, ink in INKS.items():
        generator = torch.Generator().manual_seed(0)
        shapes = primitives[kind].model_validate({"count": 1000}).build(canvas, 0.003, generator)
        drawing = Drawing(canvas, shapes, ink_specs[ink]().build(1000, generator))
        goal, adam = torch.rand(1, 3, 512 * 512), torch.optim.Adam(drawing.parameters(), 1e-9)
        draw, cost = renderer("native", threads=1), {}
        for share in (1.0, 0.1):
            spent = []
            for _ in range(25):
                began = time.process_time()
                pixels = some_pixels(drawing, 512, share, generator) if share < 1 else None
                image = draw(drawing, 512, pixels=pixels).flatten(2)
                adam.zero_grad()
                (image - (goal if pixels is None else goal[..., pixels])).square().mean().backward()
                adam.step()
                spent.append(time.process_time() - began)
            cost[share] = 1000 * float(np.median(spent[3:]))
        print(
            f"{kind}: full step {cost[1.0]:.0f} ms, 10 % of the pixels {cost[0.1]:.1f} ms, "
            f"{100 * cost[0.1] / cost[1.0]:.1f} %"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--counts", default="64,256,1024")
    parser.add_argument("--images", default="astronaut,chelsea,coffee")
    parser.add_argument("--kinds", default="circles,splats")
    parser.add_argument("--subset", action="store_true", help="only the cost of pixel subsets")
    options = parser.parse_args()
    torch.set_num_threads(1)
    subset_cost()
    if options.subset:
        return
    rows = []
    for name in options.images.split(","):
        target, canvas = picture(name)
        for kind in options.kinds.split(","):
            for count in map(int, options.counts.split(",")):
                ours = descend(kind, count, target, canvas, options.seconds)
                theirs = climb_hill(kind, count, target, options.seconds)
                blind = climb_blind(kind, count, target, canvas, options.seconds)
                rows.append((name, kind, count, ours, theirs, blind))
    print(f"\n{options.seconds:g} s\n")
    print("| picture | shapes | descent, dB | hill climber, dB | gain | `climb`, dB |\n|---|---|---|---|---|---|")
    for name, kind, count, ours, theirs, blind in rows:
        print(f"| {name} | {count} {kind} | {ours:.2f} | {theirs:.2f} | {ours - theirs:+.2f} | {blind:.2f} |")


if __name__ == "__main__":
    main()
