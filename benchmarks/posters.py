"""Posters: what a larger page costs, in time and memory, and whether its tiles show.

    python benchmarks/posters.py cost                 # strokes and pixels of A5 to A1, a step each
    python benchmarks/posters.py memory [RUN]         # `plotart enlarge` to A1 at 4096 px, peak memory, stop and resume
    python benchmarks/posters.py repeat RUN POSTER    # repeats and seams: plain tiles, ours, fitted again

`cost` keeps strokes per mm² and pixels per mm. RUN is a finished run of a neuron, POSTER what `plotart enlarge RUN`
made of it; without RUN, `memory` draws a picture of its own first.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from skimage import data
from torch.nn import functional as F

from plotart import Config
from plotart.core.images import save_image
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.primitives.strokes import Strokes
from plotart.runs.folder import Run
from plotart.runs.posters import source_of
from plotart.runs.prepare import prepare
from plotart.stages import Context, Silent, Step, evaluate, fit
from plotart.stages.crops import crops_of
from plotart.stages.enlarge import PATCHES, Enlarge, Tiling, repeat
from plotart.stages.fit import Fit
from plotart.stages.judge import tiles

PAGES = {"a5": 4, "a3": 2, "a1": 0}
"""Names, and how often A1 is halved to get there."""
STROKES, SIZE = 20_000, 4096


class Clock(Silent):
    """A watch that keeps the CPU time of each step."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.before = 0.0

    def step(self, done: Step) -> None:
        now = time.process_time()
        if self.before:
            self.times.append(now - self.before)
        self.before = now

    def seen(self, step: int, evaluation: Any) -> None:
        self.before = 0.0


def cost(pages: str, threads: int, steps: int) -> None:
    """CPU seconds of a step, and of a round over the page for a thousand strokes and for a megapixel; peak memory."""
    print(f"CPU seconds, threads: {threads}")
    print("| page | strokes | px | s a step | steps a round | s a round for 1000 strokes | s a round for a megapixel |")
    print("|---|---|---|---|---|---|---|")
    for kind in ("neuron", "picture"):
        for page, halvings in ((page, PAGES[page]) for page in pages.split(",")):
            config, context, drawing = scene(kind, page, STROKES // 2**halvings, threads)
            crop = 512 if kind == "picture" else context.transform.side_around(context.transform.view)
            spec = Fit(steps=steps, crop=crop, schedule="constant", rates={"points": 1e-4})
            clock = Clock()
            fit.LOOKS = 1  # steps are timed, not the judging in between
            spec(drawing, context, watch=clock)
            evaluate(drawing, context, windows=tiles(drawing.canvas.pixels(config.size))[:3])
            each = sorted(clock.times)[len(clock.times) // 2]
            crops = crops_of(spec, context, drawing.canvas)
            height, width = drawing.canvas.pixels(config.size)
            rounds = each * len(crops or [0])
            print(
                f"| {page}, {kind} | {len(drawing)} | {width} x {height} | {each:.3f} | {len(crops or [0])} "
                f"| {1000 * rounds / len(drawing):.2f} | {1e6 * rounds / (height * width):.2f} |",
                flush=True,
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak of the steps, and of judging windows of the page: {peak:.2f} GiB")


def scene(kind: str, page: str, strokes: int, threads: int) -> tuple[Config, Context, Drawing]:
    """Random strokes of 20 mm in four pens, as many px/mm as make an A1 page 4096 px wide."""
    mm = {"a1": 574.0, "a3": 277.0, "a5": 128.0}[page]
    changes = {
        "page.size": page,
        "size": round(SIZE / 574 * mm),
        "pens.set": "#1a1a1a,#0077b6,#d0006f,#f2c200",
        "pens.palette": "fixed",
        "primitive.count": strokes,
        "primitive.radius": min(2.0, 20 / mm),
        "threads": threads,
        "network.name": "vgg16-hed",
        "stages": [{"kind": "fit"}],
    }
    if kind == "neuron":
        return prepare(Config.load("neuron", changes | {"objectives.neuron.at": "conv4_3:12"}), lambda line: None)
    with tempfile.TemporaryDirectory() as folder:
        picture = photograph(Path(folder))
        return prepare(Config.load("image", changes | {"objectives.pixels.image": picture}), lambda line: None)


def photograph(folder: Path) -> str:
    """The astronaut, of the aspect of the page."""
    picture = torch.from_numpy(data.astronaut()).permute(2, 0, 1).float() / 255
    save_image(picture[:, :, 80:432], folder / "astronaut.png")
    return str(folder / "astronaut.png")


def memory(source: str | None, steps: int, threads: int) -> None:
    """A whole run on A1 at 4096 px in a process of its own, stopped once on the way."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if source is None:
            source = str(folder / "small")
            made = ["generate", "--image", photograph(folder), "--page", "a5", "--strokes", "1400", "--size", "256"]
            plotart(*made, "--steps", "60", "--threads", str(threads), "--out", source)
        target = str(folder / "poster")
        command = ["enlarge", source, "--page", "a1", "--tiles", "4x4", "--size", str(SIZE), "--steps", str(steps)]
        process = subprocess.Popen(
            [sys.executable, "-m", "plotart", *command, "--threads", str(threads), "--out", target]
        )
        while process.poll() is None and len(list((Path(target) / "frames").glob("*.png"))) < 3:
            time.sleep(0.5)
        process.send_signal(2)
        code = process.wait()
        print(f"stopped on the way: exit code {code}")
        plotart("resume", target)
        run = Run.open(Path(target))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        saved = run.load_checkpoint()
        assert saved is not None
        strokes, paths = len(saved.drawing["colours"]["pen"]), sum(pen["strokes"] for pen in run.figures["pens"])
        print(f"A1 at {SIZE} px, {strokes} strokes, {paths} paths written: peak {peak:.2f} GiB")


def plotart(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "plotart", *arguments], check=True, stdout=subprocess.DEVNULL)


def plain(drawing: Drawing, context: Context, tiling: Tiling) -> Drawing:
    """The published way: the same copy in every tile, side by side."""
    canvas, ink = context.canvas, drawing.ink
    assert canvas is not None and isinstance(drawing.primitive, Strokes) and isinstance(ink, Penned)
    area, across, tile = (torch.tensor(pair) for pair in (canvas.area[2:], drawing.canvas.area[2:], tiling.patch))
    tile = PATCHES * tile
    points = (drawing.primitive.points.detach() * drawing.canvas.mm_per_unit - across / 2) * tiling.scale
    keep = torch.nonzero((points.mean(1).abs() <= tile / 2).all(1)).flatten()
    places = [
        torch.tensor([c + 0.5, r + 0.5]) * tile
        for r in range(round(float(area[1] / tile[1])))
        for c in range(round(float(area[0] / tile[0])))
    ]
    copies = torch.cat([points[keep] + place for place in places]) / canvas.mm_per_unit
    width = drawing.primitive.width[keep] * drawing.canvas.mm_per_unit / canvas.mm_per_unit
    pen = ink.pen[keep].repeat(len(places))
    return Drawing(canvas, Strokes(copies, width.repeat(len(places))), Penned(ink.pens, pen))


def shows(image: torch.Tensor, tile: tuple[float, float]) -> tuple[float, float]:
    """How alike the page is to itself moved by tiles, and how much darker or lighter its seams are.

    Args:
        image: `[1, 3, H, W]`. tile: height and width in px.

    Returns:
        The largest correlation of the darkness (blurred by 2 px, without what is wider than 129 px) between the page
        and itself, over all moves of a quarter of a tile and more that leave 40 % of each side in common; and how far
        the mean darkness within 2 % of a tile of the straight seams (of half tiles) lies from that of the page, in
        standard deviations of the same measure at other places.
    """
    dark = 1 - image.mean(1)[0]
    seams = 0.0
    for axis, side in ((0, tile[0] / 2), (1, tile[1] / 2)):
        profile = dark.mean(1 - axis)
        place = torch.arange(len(profile)) / side
        at = [profile[(((place - phase + 0.5) % 1 - 0.5).abs() < 0.04)].mean() for phase in torch.arange(50) / 50]
        seams = max(seams, abs(float((at[0] - torch.stack(at).mean()) / torch.stack(at).std())))
    soft = F.avg_pool2d(dark[None, None], 5, 1, 2)[0, 0]
    soft = soft - F.avg_pool2d(soft[None, None], 129, 1, 64, count_include_pad=False)[0, 0]
    height, width = soft.shape
    power = torch.fft.rfft2(soft, (2 * height, 2 * width)).abs().square()
    alike = torch.fft.irfft2(power, (2 * height, 2 * width))
    down = torch.fft.fftfreq(2 * height, 1 / (2 * height)).abs()[:, None]
    right = torch.fft.fftfreq(2 * width, 1 / (2 * width)).abs()[None]
    alike = alike / ((height - down) * (width - right)).clamp_min(1) / soft.square().mean()
    far = (torch.hypot(down, right) >= 0.25 * min(tile)) & (down <= 0.6 * height) & (right <= 0.6 * width)
    return float(alike[far].max()), seams


def repeats(source: str, poster: str, threads: int) -> None:
    """Excitation, repeats and seams of plain tiles, of the tiles of a poster, and of the poster as it ended."""
    run = Run.open(Path(poster))
    config, context, small = prepare(run.config.changed(threads=threads), lambda line: None)
    first, canvas = config.stages[0], context.canvas
    origin = source_of(config)
    assert isinstance(first, Enlarge) and canvas is not None and origin is not None
    tiling = Tiling.of(small.canvas, canvas, first.tiles, first.overlap)
    saved = run.load_checkpoint()
    assert saved is not None
    told = run.figures["enlarged"]["orientations"]
    kept = tuple(o for o in tiling.orientations if told[str(o)] >= first.keep * max(told.values()))
    one = replace(tiling, orientations=(0,))
    generator = torch.Generator().manual_seed(0)
    px = config.size / canvas.mm_per_unit
    print(f"the source alone: excitation {Run.open(Path(source)).figures['excitation']['final']:.2f}")
    print("| | excitation | repeats | seams |\n|---|---|---|---|")
    for name, drawing in (
        ("plain tiles", plain(small, context, tiling)),
        ("mixed and moved, one orientation", repeat(small, canvas, one, generator)),
        ("mixed and moved, all orientations", repeat(small, canvas, tiling, generator)),
        (f"as the poster began ({len(kept)} orientations)", Drawing.unpack(saved.ended[0].drawing)),
        ("as the poster ended", Drawing.unpack(saved.drawing)),
    ):
        seen = evaluate(drawing, context)
        with torch.no_grad():
            image = context.renderer(drawing, config.size)
        alike, seams = shows(image, (PATCHES * tiling.patch[1] * px, PATCHES * tiling.patch[0] * px))
        print(f"| {name}, {len(drawing)} strokes | {seen.excitation:.2f} | {alike:.2f} | {seams:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["cost", "memory", "repeat"], nargs="?", default="cost")
    parser.add_argument("runs", nargs="*", help="memory: [RUN]; repeat: RUN POSTER")
    parser.add_argument("--pages", default=",".join(PAGES), help="of cost")
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    if given.part == "cost":
        cost(given.pages, given.threads, given.steps)
    elif given.part == "memory":
        memory(given.runs[0] if given.runs else None, given.steps, given.threads)
    else:
        repeats(*given.runs, given.threads)


if __name__ == "__main__":
    main()
