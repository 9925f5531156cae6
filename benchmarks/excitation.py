"""How much of a neuron's excitation strokes reach, and what the pens leave of it.

The setting: a square canvas of 160 px, 512 single cubics whose tip is 1.5 px, free colours under `multiply` (of sRGB
values, as the published way and SVG viewers do; --light linear is the paper's way), 250 steps;
then four pens of basic-12 and 150 steps more. The measure is the mean activation on the clean image, compared with what
freely optimized pixels reach with the same network, the same transforms and the same number of steps.

    python benchmarks/excitation.py [--neurons conv4_3:12,conv4_3:300] [--seeds 0,1,2]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import torch

from plotart import Config, generate
from plotart.networks import load_network
from plotart.objectives import Frame
from plotart.objectives.neuron import Neuron, parse_neuron
from plotart.objectives.transforms import Transform

SIDE, TIP_PX, STROKES, FREE_STEPS, PEN_STEPS = 160, 1.5, 512, 250, 150
PAGE_MM = 0.4 / TIP_PX * SIDE
"""Side of the page on which a 0.4 mm tip is 1.5 px wide."""

QUICK = {"optimizer": "block-adam", "rates": {"points": 0.006, "filters": 0.06, "logits": 0.1}}
"""How all fits of this benchmark descend."""


def free_pixels(neuron: str, seed: int, steps: int, rate: float = 0.02) -> float:
    """Excitation that pixels reach on their own: Adam on a grey image with a little noise, clamped to 0..1."""
    network = load_network("vgg16-hed", report=lambda line: None)
    objective = Neuron(network, parse_neuron(neuron))
    generator = torch.Generator().manual_seed(seed)
    image = (0.5 + 0.01 * torch.randn(1, 3, SIDE, SIDE, generator=generator)).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=rate)
    transform = Transform()
    for _ in range(steps):
        views = transform(image, (1.0, 1.0, 1.0), generator)
        loss = -objective.excitation(Frame(image, views, network=network, layers=objective.layers))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)
    with torch.no_grad():
        return float(objective.excitation(Frame(image, network=network, layers=objective.layers)))


def stages(palette: str) -> list[dict[str, object]]:
    """Free colours for 250 steps, then 150 steps with pens: k-means and points only, or pens learned by the strokes."""
    free = {"kind": "fit", "steps": FREE_STEPS, **QUICK}
    if palette == "kmeans":
        return [free, {"kind": "quantize"}, {"kind": "fit", "steps": PEN_STEPS, **QUICK}]
    half = PEN_STEPS // 2
    choosing = {"kind": "fit", "steps": PEN_STEPS - half, "schedule": "constant", "temperature": 0.5, **QUICK}
    settled = {"kind": "fit", "steps": half, "schedule": "cosine", **QUICK}
    return [free, {"kind": "choose"}, {"kind": "narrow"}, choosing, {"kind": "quantize"}, settled]


def strokes(neuron: str, seed: int, folder: Path, **changes: object) -> dict[str, float]:
    """The excitation figures of one run of the pipeline."""
    config = Config.load(
        None,
        {
            "objectives.neuron.at": neuron,
            "network.name": "vgg16-hed",
            "page.size": f"{PAGE_MM:.4f}x{PAGE_MM:.4f}mm",
            "page.margin": 0,
            "size": SIDE,
            "primitive.count": STROKES,
            "seed": seed,
            **changes,
        },
    )
    return generate(config, folder).figures["excitation"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", default="conv4_3:12,conv4_3:300")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--palettes", default="kmeans,learned")
    parser.add_argument("--light", default="srgb", choices=("srgb", "linear"))
    options = parser.parse_args()
    header = ("neuron", "seed", "palette", "pixels", "free", "quantized", "final", "svg", "free/pixels", "final/free")
    print(" | ".join(f"{title:>11}" for title in header))
    shares: list[float] = []
    kept: dict[str, list[float]] = {palette: [] for palette in options.palettes.split(",")}
    for neuron in options.neurons.split(","):
        for seed in map(int, options.seeds.split(",")):
            pixels = free_pixels(neuron, seed, FREE_STEPS)
            for palette, shares_kept in kept.items():
                with tempfile.TemporaryDirectory() as folder:
                    changes = {"pens.palette": palette, "stages": stages(palette), "ink.light": options.light}
                    figures = strokes(neuron, seed, Path(folder) / "run", **changes)
                shares.append(figures["free"] / pixels)
                shares_kept.append(figures["final"] / figures["free"])
                row = [pixels, *(figures[stage] for stage in ("free", "quantized", "final", "svg"))]
                values = [*(f"{value:11.1f}" for value in row), f"{shares[-1]:11.2f}", f"{shares_kept[-1]:11.2f}"]
                print(" | ".join([f"{neuron:>11}", f"{seed:11}", f"{palette:>11}", *values]), flush=True)
    means = ", ".join(f"final/free {palette} {statistics.mean(values):.2f}" for palette, values in kept.items())
    print(f"mean: free/pixels {statistics.mean(shares):.2f}, {means}")


if __name__ == "__main__":
    main()
