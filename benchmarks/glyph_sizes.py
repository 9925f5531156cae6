"""Does complexity grow with the size of the message? Alphabets of 32 to 2048 normal numbers, trained to their end.

Pixels (the article's generator) and strokes, grey and in colour (cyan, magenta and yellow), one seed, one thread. A run
that is there is not made again, one that was interrupted is gone on with; `--tell` trains nothing. Makes the table and
a contact sheet of the runs that are finished.

    python benchmarks/glyph_sizes.py --out DIR [--only pixels-grey ...] [--sizes 32 128 ...] [--steps N] [--tell]

Correlation: of all numbers of 4096 messages that are on no sheet, at strength 1 of the channel and without it. Bits a
glyph: the sum over the numbers of -log2(1 - r^2) / 2, r being the correlation of one number with its answer: at least
so much does the answer tell of the message. Of 256 glyphs at the size in which they are sent: ink, the share of the
light that a cell takes; parts, its connected pieces darker than half; length, of their skeletons, in sides of the cell,
which is what a pen would draw; slope, of the logarithm of the power spectrum over that of the frequency, of all but the
mean (less steep: finer detail).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from skimage.measure import label
from skimage.morphology import skeletonize
from torch import Tensor

from plotart import Config, generate
from plotart.core.errors import InputError
from plotart.core.images import to_pil
from plotart.drawing import Drawing
from plotart.glyphs.alphabet import load_alphabet
from plotart.glyphs.message import Message
from plotart.glyphs.reading import answers
from plotart.glyphs.render import glyph_images
from plotart.runs.folder import Run
from plotart.runs.pipeline import resume
from plotart.runs.prepare import prepare

SIZES = (32, 128, 512, 1024, 2048)
GREY, COLOUR = "#1a1a1a", "#00a9e0,#e0007f,#ffd800"
CELL, SHOWN, SENT, MEASURED = 32, 16, 4096, 256
STEPS = {"pixels": 1500, "strokes": 1500}


@dataclass(frozen=True)
class Kind:
    """What draws the glyphs, in which pens."""

    name: str
    draws: str
    pens: str

    def config(self, size: int, steps: int) -> Config:
        messages = {"kind": "normal", "size": size}
        changes: dict[str, Any] = {
            "size": 4 * CELL,
            "page.size": "100x100mm",
            "page.margin": 5,
            "primitive.messages": messages,
            "primitive.glyphs": SHOWN,
            "primitive.columns": 4,
            "pens.set": self.pens,
            "threads": 1,
            "stages": [{"kind": "train", "steps": steps, "batch": 96, "copies": 1, "looks": 8}],
        }
        if self.draws == "pixels":
            changes["primitive.side"] = CELL
        else:
            changes["stages"][0]["rate"] = 0.003
        return Config.load("digits-raster" if self.draws == "pixels" else "glyphs-normal", changes)


KINDS = [
    Kind(f"{draws}-{look}", draws, pens)
    for draws in ("pixels", "strokes")
    for look, pens in (("grey", GREY), ("colour", COLOUR))
]


def trained(kind: Kind, size: int, steps: int, out: Path) -> Path | None:
    """The folder of the finished run, made now or before; how many minutes of a core it took lies beside it."""
    folder, clock = out / f"{kind.name}-{size}", out / f"{kind.name}-{size}.minutes"
    try:
        if Run.open(folder).finished:
            return folder
    except InputError:
        pass
    before, begun = float(clock.read_text()) if clock.exists() else 0.0, time.process_time()
    try:
        if (folder / "config.yaml").exists():
            resume(folder)
        else:
            generate(kind.config(size, steps), folder, force=True)
    finally:
        clock.write_text(str(before + (time.process_time() - begun) / 60))
    return folder


def bits(answer: Tensor, said: Tensor) -> float:
    """At least so many bits of messages `said [B, D]` of independent normal numbers are in `answer [B, D]`."""
    a, b = (x.double() - x.double().mean(0) for x in (answer, said))
    squared = (a * b).sum(0).square() / (a.square().sum(0) * b.square().sum(0)).clamp_min(1e-12)
    unbiased = 1 - (1 - squared) * (len(a) - 1) / (len(a) - 2)  # chance alone gives 1 / (B - 1)
    return float((-0.5 * torch.log2(1 - unbiased.clamp(0, 1 - 1e-9))).sum())


def slope(ink: np.ndarray[Any, Any]) -> float:
    """Of log power over log frequency of square pictures `[B, C, h, h]`, by whole frequencies 2 to h / 2 - 1."""
    side = ink.shape[-1]
    power = np.abs(np.fft.fft2(ink - ink.mean((2, 3), keepdims=True))).astype(float) ** 2
    along = np.fft.fftfreq(side, 1 / side)
    ring = np.rint(np.hypot(along[:, None], along)).astype(int)
    rings = np.arange(2, side // 2)
    mean = [power[..., ring == k].mean() for k in rings]
    return float(np.polyfit(np.log(rings), np.log(mean), 1)[0])


def complexity(ink: Tensor) -> dict[str, float]:
    """Of glyphs' ink `[B, C, h, h]`."""
    dark = (ink.amax(1) > 0.5).numpy()
    skeletons = [skeletonize(each) for each in dark]
    return {
        "ink": float(ink.mean()),
        "parts": float(np.mean([label(each, connectivity=2).max() for each in dark])),
        "length": float(np.mean([each.sum() for each in skeletons]) / ink.shape[-1]),
        "slope": slope(ink.numpy()),
    }


def loaded(folder: Path) -> tuple[Message, Drawing, Any, int]:
    run = Run.open(folder)
    _, context, _ = prepare(run.config, lambda line: None)
    message = context.objectives["message"]
    assert isinstance(message, Message)
    return message, load_alphabet(folder, message), context, run.figures["steps"]


@torch.no_grad()
def measured(folder: Path, clock: Path) -> dict[str, Any]:
    message, drawing, context, steps = loaded(folder)
    generator = torch.Generator().manual_seed(1)
    said = message.messages.draw(SENT, generator)
    images = torch.cat([glyph_images(context.renderer, drawing, part, CELL) for part in said.split(256)])
    told: dict[str, Any] = {"steps": steps, "minutes": float(clock.read_text()) if clock.exists() else math.nan}
    for name, strength in (("clear", 0.0), ("sent", 1.0)):
        answer = answers(message, images, strength, generator)
        told[name] = message.messages.score(answer, said)
        told[f"bits_{name}"] = bits(answer, said)
    return told | complexity(message.ink(images[:MEASURED]))


@torch.no_grad()
def pictured(folder: Path, side: int) -> Image.Image:
    """The sheet of a run, 4 x 4 glyphs, each of `side` px."""
    _, drawing, context, _ = loaded(folder)
    glyphs = drawing.primitive
    cells = glyph_images(context.renderer, drawing, glyphs.messages, CELL)
    picture = to_pil(glyphs.sheet.lay(cells))
    return picture.resize((4 * side, 4 * side), Image.Resampling.LANCZOS)


def contact_sheet(found: dict[tuple[str, int], dict[str, Any]], out: Path, side: int = 44) -> Image.Image:
    """A row for each kind, a column for each size."""
    kinds = [kind.name for kind in KINDS if any(name == kind.name for name, _ in found)]
    sizes = sorted({size for _, size in found})
    wide, gap, head, left = 4 * side, 14, 34, 120
    page = Image.new("RGB", (left + len(sizes) * (wide + gap), 20 + len(kinds) * (wide + head)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for row, kind in enumerate(kinds):
        top = 20 + row * (wide + head)
        draw.text((8, top + wide / 2), kind.replace("-", ", "), "black", font)
        for column, size in enumerate(sizes):
            x = left + column * (wide + gap)
            if row == 0:
                draw.text((x, 2), f"{size} numbers", "black", font)
            told = found.get((kind, size))
            if told is None:
                draw.text((x + 8, top + wide / 2), "not trained", "gray", font)
                continue
            page.paste(pictured(out / f"{kind}-{size}", side), (x, top))
            caption = f"r {told['sent']:.2f}  {told['bits_sent']:.0f} bits  {told['minutes']:.1f} min"
            draw.text((x, top + wide + 3), caption, "black", font)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs, the table and the sheet")
    parser.add_argument("--only", nargs="+", choices=[kind.name for kind in KINDS], help="kinds; all by default")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), metavar="N")
    parser.add_argument("--steps", type=int, help=f"of a training: {STEPS}")
    parser.add_argument("--tell", action="store_true", help="only of runs that are finished")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for kind in KINDS:
        for size in options.sizes:
            name = f"{kind.name}-{size}"
            figures = options.out / f"{name}.json"
            wanted = options.only is None or kind.name in options.only
            if not figures.exists() and wanted and not options.tell:
                folder = trained(kind, size, options.steps or STEPS[kind.draws], options.out)
                figures.write_text(json.dumps(measured(folder, options.out / f"{name}.minutes")))
            if figures.exists():
                told = found[kind.name, size] = json.loads(figures.read_text())
                print(
                    f"| {kind.name.replace('-', ', ')} | {size} | {told['clear']:.3f} | {told['sent']:.3f} "
                    f"| {told['bits_clear']:.0f} | {told['bits_sent']:.0f} | {told['ink']:.3f} | {told['parts']:.1f} "
                    f"| {told['length']:.2f} | {told['slope']:.2f} | {told['steps']} | {told['minutes']:.1f} |",
                    flush=True,
                )
    if found:
        contact_sheet(found, options.out).save(options.out / "sizes.png")


if __name__ == "__main__":
    main()
