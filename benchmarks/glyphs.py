"""How well alphabets of strokes are read, and what learning them costs.

symbols: 64 one-hot symbols at 64 px, at most 4 strokes a glyph (the shipped config `glyphs`). normal: vectors of 64
normal numbers (`glyphs-normal`). raster: the same messages by the article's generator of pixels, and the tests with
digits (`digits-raster`). Read at strength 1 of the channel, from the renderer's glyphs and from the written SVG
rasterized by resvg (and by rsvg-convert, where that is installed); and through the article's own snippet, built of
kornia's augmentations, whose noise comes before the warp.

    python benchmarks/glyphs.py [symbols] [normal] [raster] [--out DIR] [--steps N] [--set ADDRESS=VALUE]
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import kornia.augmentation
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from plotart import Config, generate
from plotart.cli.flags import gather
from plotart.core.color import to_linear, to_srgb
from plotart.glyphs.alphabet import load_alphabet
from plotart.glyphs.message import Message
from plotart.glyphs.reading import confusions
from plotart.glyphs.render import glyph_images
from plotart.plot.read import read_svg
from plotart.runs.folder import Run
from plotart.runs.prepare import prepare

FINER = 8
CONFIGS = {"symbols": "glyphs", "normal": "glyphs-normal", "raster": "digits-raster"}


def through_the_snippet(message: Message, images: Tensor, repeats: int, seed: int = 0) -> float:
    """The share read through noise of 1/4, then RandomAffine and RandomPerspective, as the article writes them."""
    torch.manual_seed(seed)
    warp = torch.nn.Sequential(
        kornia.augmentation.RandomAffine(30, (0.1, 0.1), (0.9, 1.1), (-10, 10)),
        kornia.augmentation.RandomPerspective(0.6, p=0.5),
    )
    said = message.alphabet.shown.repeat(repeats, 1)
    ink = message.ink(images).repeat(repeats, 1, 1, 1)
    with torch.no_grad():
        answer = message.eval().decoder(warp(ink + 0.25 * torch.randn_like(ink)))
    return message.messages.score(answer, said)


def by_rsvg(run: Run, area: tuple[float, float, float, float], height: int) -> Tensor | None:
    """The drawing area of the written sheet by rsvg-convert, `[1, 3, H, W]`; None where it is not installed."""
    if shutil.which("rsvg-convert") is None:
        return None
    page = read_svg(run.folder / "drawing.svg").page
    scale = height / area[3] * FINER
    png = subprocess.run(
        ["rsvg-convert", "-h", str(round(page.height_mm * scale)), "-b", "white", run.folder / "drawing.svg"],
        capture_output=True,
        check=True,
    ).stdout
    with Image.open(io.BytesIO(png)) as image:
        shown = torch.from_numpy(np.asarray(image.convert("RGB"), np.float32) / 255).permute(2, 0, 1)[None]
    left, top, width, high = (round(scale * v) for v in area)
    light = to_linear(shown[..., top : top + high, left : left + width])  # a camera's pixel collects light
    return to_srgb(F.interpolate(light, (height, round(area[2] / area[3] * height)), mode="area"))


def measure(part: str, folder: Path, changes: dict[str, object]) -> None:
    config = Config.load(CONFIGS[part], changes)
    begun, wall = time.process_time(), time.perf_counter()
    run = generate(config, folder, force=True)
    cpu, wall = time.process_time() - begun, time.perf_counter() - wall
    _, context, drawing = prepare(run.config, print)
    message = context.objectives["message"]
    assert isinstance(message, Message)
    drawing = load_alphabet(run.folder, message)
    glyphs = drawing.primitive
    with torch.no_grad():
        cells = glyph_images(context.renderer, drawing, glyphs.messages, glyphs.sheet.pixels(config.size))
    figures = run.figures["message"]
    print(f"{part}: {run.figures['steps']} steps, {cpu / 60:.1f} CPU minutes, {wall / 60:.1f} minutes")
    print(f"  strokes a glyph: {glyphs.shapes}; trained up to strength {figures['strength']:.2f}")
    for name, title in (("read", "rendered"), ("paper", "written SVG by resvg")):
        print(f"  {title}: " + ", ".join(f"{share:.4f} at {strength}" for strength, share in figures[name].items()))
    print(f"  the article's snippet: {through_the_snippet(message, cells, 100):.4f}")
    seen = by_rsvg(run, drawing.canvas.area, drawing.canvas.pixels(config.size)[0])
    if seen is None:
        print("  rsvg-convert is not installed: not measured")
    else:
        paper, _ = confusions(message, glyphs.sheet.cut(seen), 100, torch.Generator().manual_seed(1), (0.0, 1.0))
        print(f"  written SVG by rsvg-convert: {paper['1']:.4f} at 1")
    often, _ = confusions(message, cells, 100, torch.Generator().manual_seed(1), (1.0,))
    print(f"  rendered, {100 * len(cells)} glyphs: {often['1']:.4f} at 1")
    for pair in [pair for pair in figures["mistaken"] if pair["strength"] == 1][:5]:
        print(f"  {pair['glyph']} read as {pair['read_as']}: {100 * pair['share']:.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(CONFIGS), help=", ".join(CONFIGS))
    parser.add_argument("--out", type=Path, help="keep the runs in this folder")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--set", action="append", default=[], metavar="ADDRESS=VALUE", help="any setting")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    changes = {"threads": options.threads} | ({} if options.steps is None else {"steps": options.steps})
    changes |= gather({}, tuple(options.set))
    with tempfile.TemporaryDirectory() as scratch:
        for part in options.parts:
            measure(part, (options.out or Path(scratch)) / part, changes)


if __name__ == "__main__":
    main()
