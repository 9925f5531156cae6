"""A network that places circles in one pass: its training, and what it is worth as a start.

python benchmarks/oneshot.py train [--steps 2000] [--to plotart/drawing/primitives/placer.safetensors]
python benchmarks/oneshot.py [--counts 64,256] [--images astronaut,coffee] [--steps 0,50,200] [--seeds 1]
                             [--starts random,error,network]
python benchmarks/oneshot.py sheet --to FILE

`train` descends through the renderer: 64 circles on random crops of 48 px, turned, mirrored and with their colours
exchanged, of the photographs in `SEEN`. The other prints PSNR (dB) of pictures that are not among them at 128 px, after
so many steps of the same fit (ink `over`, softness 4, a quarter of the pixels) from each start; mean over seeds.
`sheet` draws them as placed, before any step, beside the photograph: 64, then 256, by error and by the network.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from picture_context import picture_context
from shapes import Silent, picture
from skimage import data
from sklearn.datasets import load_sample_image
from torch import Tensor

from plotart.core.canvas import Canvas
from plotart.core.files import write_beside
from plotart.core.images import resize, to_pil
from plotart.core.tensor_file import pack
from plotart.drawing import Drawing
from plotart.drawing.ink import ink_specs
from plotart.drawing.primitives import primitives
from plotart.drawing.primitives.placer import CELL_PX, FILE, LAYOUT, OPACITY, Placed, Placer
from plotart.drawing.render import renderer
from plotart.objectives import ObjectiveContext
from plotart.objectives.pixels import PixelsSpec
from plotart.raster import shapes as soft
from plotart.raster.forms import Form
from plotart.stages.fit import Fit

SIZE = 128
SEEN = (
    "chelsea", "rocket", "camera", "retina", "hubble_deep_field", "immunohistochemistry", "coins", "moon", "brick",
    "grass", "gravel", "cell", "china.jpg", "flower.jpg",
)  # fmt: skip
CELLS, BATCH = 8, 8
GROUND = torch.full((3,), 0.5)
FADED = 7
"""Edges beyond which a circle covers less than 1e-3."""


def photographs() -> list[Tensor]:
    """`[3, H, W]` sRGB each, short side 256 px at most."""
    found = []
    for name in SEEN:
        pixels = np.array(load_sample_image(name) if name.endswith(".jpg") else getattr(data, name)(), np.float32) / 255
        image = torch.from_numpy(pixels if pixels.ndim == 3 else pixels[..., None].repeat(3, 2))[..., :3]
        image = image.permute(2, 0, 1)
        share = min(1.0, 256 / min(image.shape[1:]))
        found.append(resize(image, *(round(side * share) for side in image.shape[1:])))
    return found


def crop(image: Tensor, random: np.random.Generator) -> Tensor:
    """A square part of it `[3, 48, 48]`, turned, mirrored, its channels exchanged."""
    least = min(image.shape[1:])
    side = int(random.integers(CELL_PX * CELLS, least + 1))
    top, left = (int(random.integers(0, length - side + 1)) for length in image.shape[1:])
    part = resize(image[:, top : top + side, left : left + side], CELL_PX * CELLS, CELL_PX * CELLS)
    part = torch.rot90(part, int(random.integers(4)), (1, 2))
    part = part.flip(2) if random.integers(2) else part
    return part[torch.from_numpy(random.permutation(3))]


def rendered(placed: Placed, softness: float) -> Tensor:
    """What B pictures of circles look like, large circles at the back: `[B, 3, 48, 48]`.

    They are rendered side by side as one image; no circle is looked for beyond its own picture.
    """
    side, count = CELL_PX * CELLS, len(placed.radius)
    order = torch.argsort(placed.radius.detach(), dim=1, descending=True)
    centre, radius, rgb = (
        values.gather(1, order[..., None].expand(-1, -1, values.shape[2]))
        for values in (placed.centre / CELLS, placed.radius[..., None] / CELLS, placed.rgb)
    )
    left = torch.tensor([1.0, 0.0]) * torch.arange(count)[:, None, None]
    reach = radius + FADED * soft.edge_of((side, side), softness)
    boxes = [(centre + sign * reach).clamp(1e-3, 1 - 1e-3) + left for sign in (-1, 1)]
    rows = torch.cat([centre + left, radius], dim=2).flatten(0, 1)
    still = torch.zeros(len(rows))
    cells = soft.Cells.of(
        Form("circle"), torch.cat(boxes, dim=2).flatten(0, 1), still, still, size=(side, count * side),
        softness=softness, threads=1,
    )  # fmt: skip
    image = soft.lay_over(rows, rgb.flatten(0, 1), torch.full((len(rows),), OPACITY), GROUND, cells)
    return image.reshape(3, side, count, side).permute(2, 0, 1, 3)


def train(steps: int, to: Path, seed: int = 0) -> None:
    """Adam on the squared error, edges of 2 px at first and of one at the end."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    seen, placer = photographs(), Placer()
    print(f"{sum(weight.numel() for weight in placer.parameters())} weights, {len(seen)} photographs")
    optimizer = torch.optim.Adam(placer.parameters(), 2e-3)
    pace = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    began, errors = time.process_time(), []
    for step in range(steps):
        batch = torch.stack([crop(seen[random.integers(len(seen))], random) for _ in range(BATCH)])
        missed = (rendered(placer(batch), max(1.0, 2.0 - 1.5 * step / steps)) - batch).square().mean((1, 2, 3))
        optimizer.zero_grad()
        missed.mean().backward()
        torch.nn.utils.clip_grad_norm_(placer.parameters(), 0.1)
        optimizer.step()
        pace.step()
        errors.append(float(missed.detach().mean()))
        if (step + 1) % max(1, steps // 20) == 0:
            last = sum(errors[-steps // 20 :]) / len(errors[-steps // 20 :])
            print(f"{step + 1}: {-10 * math.log10(last):.2f} dB, {time.process_time() - began:.0f} s", flush=True)
    with write_beside(to) as beside:
        beside.write_bytes(pack(placer.state_dict(), LAYOUT))


def first(start: str, canvas: Canvas, target: Tensor, count: int, generator: torch.Generator) -> Drawing:
    """Circles as they are placed."""
    spec = primitives["circles"].model_validate({"count": count, "start": start})
    made = spec.build(canvas, 0.003, generator, target=target)
    return Drawing(canvas, made, ink_specs["over"](background="learned").build(count, generator, made.start_rgb))


def run(start: str, image: str, count: int, seed: int, looks: list[int]) -> list[float]:
    """PSNR after each number of steps in `looks`, each a fit of its own."""
    whole, canvas = picture(image)
    size = canvas.pixels(SIZE)
    target = resize(whole, *size)
    objective = PixelsSpec(image="").build(ObjectiveContext(canvas=canvas, target=target, size=size))
    found = []
    for steps in looks:
        generator = torch.Generator().manual_seed(seed)
        drawing = first(start, canvas, target, count, generator)
        context = picture_context(objective, SIZE, generator)
        if steps:
            fit = Fit(steps=steps, softness=4, pixels_share=0.25, schedule="cosine")
            drawing = fit(drawing, context, watch=Silent())
        with torch.no_grad():
            missed = float((context.renderer(drawing, SIZE) - target).square().mean())
        found.append(-10 * math.log10(missed))
    return found


@torch.no_grad()
def sheet(images: list[str], counts: list[int], to: Path) -> None:
    """The photographs' middle squares and their circles as placed, a row each."""
    rows = []
    for image in images:
        whole, canvas = picture(image)
        target, row = resize(whole, *canvas.pixels(SIZE)), [whole]
        for count, start in ((count, start) for count in counts for start in ("error", "network")):
            drawing = first(start, canvas, target, count, torch.Generator().manual_seed(0))
            row.append(renderer("native", threads=1)(drawing, min(whole.shape[2:])))
        left = (whole.shape[3] - whole.shape[2]) // 2
        rows.append(torch.cat([each[..., left : left + whole.shape[2]] for each in row], dim=3))
    to_pil(torch.cat(rows, dim=2)).save(to, quality=88)


def compare(counts: list[int], images: list[str], looks: list[int], seeds: int, starts: list[str]) -> None:
    print(f"| circles, picture, start | {' | '.join(f'{steps} steps' for steps in looks)} |")
    print("|---" * (len(looks) + 1) + "|")
    for count in counts:
        for image in images:
            for start in starts:
                runs = [run(start, image, count, seed, looks) for seed in range(seeds)]
                means = [sum(column) / seeds for column in zip(*runs, strict=True)]
                print(f"| {count}, {image}, {start} | {' | '.join(f'{mean:.2f}' for mean in means)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["compare", "train", "sheet"], default="compare")
    parser.add_argument("--counts", default="64,256")
    parser.add_argument("--images", default="astronaut,coffee")
    parser.add_argument("--steps", default="", help="train: how many (2000); compare: where to look (0,50,200)")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--starts", default="random,error,network")
    parser.add_argument("--to", type=Path, help="file of the weights (those of the package), or of the sheet")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "train":
        train(int(options.steps or 2000), options.to or FILE)
        return
    images = options.images.split(",")
    counts, looks = ([int(n) for n in text.split(",")] for text in (options.counts, options.steps or "0,50,200"))
    if options.what == "sheet":
        if options.to is None:
            parser.error("sheet: give --to FILE")
        sheet(images, counts, options.to)
        return
    compare(counts, images, looks, options.seeds, options.starts.split(","))


if __name__ == "__main__":
    main()
