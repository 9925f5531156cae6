"""Dividers: against the published optimizer at equal time, how many colour units, how many regions, how many dividers.

    python benchmarks/dividers.py                       the four tables; about 6 minutes of one core
    python benchmarks/dividers.py --only time           one of time, units, regions, count
    python benchmarks/dividers.py --only count --sheet counts.png     and the contact sheet of `count`

Pictures are scikit-image's, 256 px on the short side; one thread; PSNR on the whole picture.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from pathlib import Path

import numpy as np
import shapely
import torch
from PIL import Image, ImageDraw, ImageFont
from skimage import data, io

from plotart.core.color import to_lab
from plotart.core.images import to_pil
from plotart.drawing import Drawing
from plotart.drawing.ink.coded import colour_units
from plotart.plot.partition import joined, partition
from plotart.runs.config import Config
from plotart.runs.prepare import prepare
from plotart.stages import Silent, evaluate
from plotart.stages.trace import TOLERANCE_MM, region_colours


class TimeUp(Exception):
    pass


class Clock(Silent):
    """Looks on, says nothing, and ends a fit once the processor has worked for so long."""

    def __init__(self, seconds=math.inf):
        self.until = time.process_time() + seconds
        self.state = None

    def checkpoint(self, state):
        if time.process_time() >= self.until:
            self.state = state()
            raise TimeUp


def fit(config, picture, changes, seconds=math.inf):
    """The fitted drawing, its context, PSNR in dB, steps, and seconds of the processor, which may end the fit."""
    base = {"objectives.pixels.image": str(picture), "threads": 1, "stages.0.looks": 4}
    settings, context, drawing = prepare(Config.load(config, base | changes), lambda line: None)
    spec, steps = settings.stages[0], settings.stages[0].steps
    begin, clock = time.process_time(), Clock(seconds)
    try:
        fitted = spec(drawing, context, watch=clock)
    except TimeUp:
        fitted, steps = Drawing.unpack(clock.state["drawing"]), clock.state["step"]
    took = time.process_time() - begin
    return fitted, context, -10 * math.log10(evaluate(fitted, context).losses["pixels"]), steps, took


def against_published(pictures, steps):
    print("\nPSNR of the astronaut after the same time of one core, dB\n")
    print("| dividers | s | published: Adadelta .01, 16 pixels a step | plotart |\n|---|---|---|---|")
    for count, published_units in ((64, 32), (256, 64)):
        changes = {"primitive.count": count}
        *_, psnr, own, took = fit("dividers", pictures["astronaut"], changes | {"stages.0.steps": steps})
        changes |= {"ink.units": published_units, "stages.0.steps": 1_000_000}
        *_, published, many, _ = fit("dividers-published", pictures["astronaut"], changes, took)
        print(f"| {count} lines | {took:.0f} | {published:.2f} ({many} steps) | {psnr:.2f} ({own} steps) |", flush=True)


def units(pictures, steps):
    print(f"\nPSNR after {steps} steps by colour units, as multiples of the rule M(N), dB\n")
    factors = (1 / 8, 1 / 4, 1 / 2, 1, 2)
    print(
        "| picture | N | M(N) | "
        + " | ".join(f"x {f:g}" for f in factors)
        + " |\n|---|---|---|"
        + "---|" * len(factors)
    )
    for name in ("astronaut", "coffee"):
        for count in (16, 64, 256):
            rule, row = colour_units(count), []
            for factor in factors:
                changes = {"primitive.count": count, "ink.units": round(rule * factor), "stages.0.steps": steps}
                row.append(fit("dividers", pictures[name], changes)[2])
            print(f"| {name} | {count} | {rule} | {' | '.join(f'{psnr:.2f}' for psnr in row)} |", flush=True)


def regions(pictures, steps):
    print("\nRegions of the astronaut, and how many of them pictures of two sizes show\n")
    print("| dividers | all | at 256 px | at 1024 px | wider than a pixel's diagonal | at 256 px | at 1024 px |")
    print("|---|---|---|---|---|---|---|")
    for count, shape in ((64, "lines"), (128, "lines"), (128, "both")):
        changes = {"primitive.count": count, "primitive.shape": shape, "stages.0.steps": steps}
        drawing, *_ = fit("dividers", pictures["astronaut"], changes)
        canvas, dividers = drawing.canvas, drawing.primitive
        whole = partition([canvas.to_mm(path) for path in dividers.paths()], canvas.rectangle, TOLERANCE_MM)
        lab = to_lab(region_colours(dividers, drawing.ink, canvas.to_unit(whole.inside)))
        faces, _ = joined(whole, lab, math.sqrt(2) * canvas.mm_per_unit / 256)
        rows = [shown(canvas, some, size) for some in (whole.faces, faces) for size in (256, 1024)]
        print(
            f"| {count} {shape} | {len(whole.faces)} | {rows[0]} | {rows[1]} | {len(faces)} | {rows[2]} | {rows[3]} |",
            flush=True,
        )


def shown(canvas, faces, size):
    """How many of the faces hold the centre of a pixel."""
    height, width = canvas.pixels(size)
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2) + 0.5
    found = shapely.STRtree(faces).query(shapely.points(canvas.to_mm(places / size)), predicate="within")[1]
    return len(np.unique(found))


def count(pictures, steps, sheet):
    print(f"\nHow many dividers, PSNR after {steps} steps, dB\n\n| dividers | 4 | 8 | 16 | 32 | 64 | 128 | 256 |")
    print("|---|" + "---|" * 7)
    tiles = []
    for shape in ("lines", "circles"):
        row = []
        for number in (4, 8, 16, 32, 64, 128, 256):
            changes = {"primitive.count": number, "primitive.shape": shape, "stages.0.steps": steps}
            drawing, context, psnr, *_ = fit("dividers", pictures["astronaut"], changes)
            row.append(psnr)
            tiles.append((f"{number} {shape}", to_pil(context.renderer(drawing, 256))))
        tiles.append(("the picture", to_pil(context.objectives["pixels"].target)))
        print(f"| {shape} | {' | '.join(f'{psnr:.2f}' for psnr in row)} |", flush=True)
    if sheet is not None:
        contact_sheet(tiles, 4).save(sheet)


def contact_sheet(tiles, columns):
    """Captioned pictures side by side."""
    side, strip = tiles[0][1].width, 28
    rows = -(-len(tiles) // columns)
    page = Image.new("RGB", (columns * (side + 8), rows * (side + strip)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(18)
    for place, (caption, picture) in enumerate(tiles):
        x, y = place % columns * (side + 8), place // columns * (side + strip)
        page.paste(picture, (x, y))
        draw.text((x + side // 2, y + side + strip // 2), caption, "black", font, anchor="mm")
    return page


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("time", "units", "regions", "count"))
    parser.add_argument("--steps", type=int, default=800, help="of a fit; `time` takes five times as many")
    parser.add_argument("--sheet", type=Path, help="PNG for the contact sheet of `count`")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        pictures = {name: Path(folder) / f"{name}.png" for name in ("astronaut", "coffee")}
        for name, path in pictures.items():
            io.imsave(path, getattr(data, name)(), check_contrast=False)
        if asked.only in (None, "time"):
            against_published(pictures, 5 * asked.steps)
        if asked.only in (None, "units"):
            units(pictures, asked.steps)
        if asked.only in (None, "regions"):
            regions(pictures, asked.steps)
        if asked.only in (None, "count"):
            count(pictures, asked.steps, asked.sheet)


if __name__ == "__main__":
    main()
