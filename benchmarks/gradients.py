"""Whether diffvg descends more slowly than `native` by its gradients or by our adapter; figures in docs/sources.md.

python benchmarks/gradients.py [--steps 100] [--out curves.png]        pydiffvg installed

The same 64 strokes in `multiply` on the astronaut of scikit-image at 64 px, seed 0. First the gradient of the points at
the first step, by stroke: of `native`, of diffvg with 2 x 2, 4 x 4 and 8 x 8 samples a pixel and with other seeds of
them; and, of each fourth stroke, central differences (a tenth of a pixel) of a picture that neither made: coverage
counted at 12 x 12 places a pixel, by distance to the stroke. Then the loss of 100 steps of Adam for each way, as
numbers and as curves.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numba import njit, prange
from numpy.typing import NDArray
from sources import picture
from torch.nn.functional import cosine_similarity

from plotart.core.color import to_linear, to_srgb
from plotart.drawing import Drawing
from plotart.drawing.ink import ink_specs
from plotart.drawing.primitives import primitives
from plotart.drawing.render import renderer
from plotart.raster import diffvg

SIZE, COUNT, WIDTH = 64, 64, 0.03
FINE, H = 12, 0.1  # samples a side of a pixel; step of a difference, px


def scene() -> tuple[Drawing, torch.Tensor]:
    target, canvas = picture(SIZE)
    generator = torch.Generator().manual_seed(0)
    made = primitives["strokes"].model_validate({"count": COUNT}).build(canvas, WIDTH, generator)
    return Drawing(canvas, made, ink_specs["multiply"]().build(COUNT, generator)), target


def drawn(drawing: Drawing, way: str, samples: int = 2, seed: int = 0) -> torch.Tensor:
    diffvg.SAMPLES, diffvg.SEED = samples, seed
    image: torch.Tensor = renderer(way, threads=1)(drawing, SIZE)
    return image


def slope(drawing: Drawing, target: torch.Tensor, **how: Any) -> torch.Tensor:
    """The gradient of the points, `[N, 2P]`."""
    points = next(p for name, p in drawing.named_parameters() if name.endswith("points"))
    loss = (drawn(drawing, **how) - target).square().mean()
    (found,) = torch.autograd.grad(loss, points)
    return found.flatten(1)


@njit(cache=True, parallel=True)
def covers(way: NDArray[np.float64], half: float, height: int, width: int) -> NDArray[np.float64]:
    """Share of each pixel within `half` of a polyline `[K, 2]`, px."""
    found = np.zeros((height, width))
    for y in prange(height):
        for x in range(width):
            near = 1e9
            for k in range(len(way)):
                near = min(near, (way[k, 0] - x - 0.5) ** 2 + (way[k, 1] - y - 0.5) ** 2)
            if near > (half + 3.0) ** 2:
                continue
            count = 0
            for i in range(FINE * FINE):
                px, py = x + (i % FINE + 0.5) / FINE, y + (i // FINE + 0.5) / FINE
                for k in range(len(way) - 1):
                    ax, ay = way[k, 0], way[k, 1]
                    bx, by = way[k + 1, 0] - ax, way[k + 1, 1] - ay
                    t = ((px - ax) * bx + (py - ay) * by) / (bx * bx + by * by + 1e-18)
                    t = min(1.0, max(0.0, t))
                    if (px - ax - t * bx) ** 2 + (py - ay - t * by) ** 2 < half * half:
                        count += 1
                        break
            found[y, x] = count / (FINE * FINE)
    return found


def polyline(stroke: NDArray[np.float64]) -> NDArray[np.float64]:
    """A chain of cubics `[1 + 3 S, 2]` at 24 places of each."""
    t = np.linspace(0, 1, 25)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
    parts = [weights @ stroke[i : i + 4] for i in range(0, len(stroke) - 1, 3)]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def differences(drawing: Drawing, target: torch.Tensor, strokes: Sequence[int]) -> torch.Tensor:
    """Central differences of the loss of the counted picture by each coordinate of some strokes, `[M, 2P]` a unit.

    In `multiply` the light of a pixel is the product over strokes of 1 - coverage (1 - filter), in linear light; the
    product of all others stays as it is.
    """
    points = next(p for name, p in drawing.named_parameters() if name.endswith("points")).detach()
    height, width = drawing.canvas.pixels(SIZE)
    rows = points.double().numpy() * SIZE
    half = 0.5 * WIDTH * SIZE
    light = to_linear(drawing.ink.stroke_rgb().double()).numpy()
    goal = target[0].double()

    def factor(row: NDArray[np.float64], n: int) -> NDArray[np.float64]:
        passed: NDArray[np.float64] = (
            1 - covers(polyline(row), half, height, width)[None] * (1 - light[n])[:, None, None]
        )
        return passed

    factors = [factor(row, n) for n, row in enumerate(rows)]
    whole = np.prod(factors, axis=0)
    found = np.zeros((len(strokes), rows.shape[1] * 2))
    for place, n in enumerate(strokes):
        row, rest = rows[n], whole / np.maximum(factors[n], 1e-9)
        for i in range(found.shape[1]):
            losses = []
            for sign in (1, -1):
                moved = row.copy()
                moved[i // 2, i % 2] += sign * H
                image = to_srgb(torch.from_numpy(rest * factor(moved, n)))
                losses.append(float((image - goal).square().mean()))
            found[place, i] = (losses[0] - losses[1]) / (2 * H) * SIZE
    return torch.from_numpy(found)


def compared(name: str, a: torch.Tensor, b: torch.Tensor) -> None:
    alike = cosine_similarity(a.double(), b.double(), dim=1)
    whole = float((a.double() * b.double()).sum() / (a.double().norm() * b.double().norm()))
    print(
        f"| {name} | {whole:.3f} | {float(alike.median()):.3f} | {float(alike.quantile(0.1)):.3f} | "
        f"{float(a.norm() / b.norm()):.2f} |",
        flush=True,
    )


def descent(steps: int, draw: Callable[[Drawing, int], torch.Tensor]) -> list[float]:
    """The loss of each step's drawing, by `native`, so that all ways are judged alike."""
    drawing, target = scene()
    adam, losses = torch.optim.Adam(drawing.parameters(), lr=0.0045, eps=1e-12), []
    for step in range(steps):
        adam.zero_grad()
        loss = (draw(drawing, step) - target).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            losses.append(float((drawn(drawing, "native") - target).square().mean()))
        adam.step()
        drawing.constrain_()
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--out", help="a picture of the curves")
    options = parser.parse_args()
    torch.set_num_threads(1)
    drawing, target = scene()
    native = slope(drawing, target, way="native")
    print(
        "| gradient of the points | cosine, all | median of strokes | a tenth below | length |\n|---|---|---|---|---|"
    )
    theirs = {n: slope(drawing, target, way="diffvg", samples=n) for n in (2, 4, 8)}
    for n, found in theirs.items():
        compared(f"diffvg {n} x {n}, beside native", found, native)
    seeds = [slope(drawing, target, way="diffvg", seed=seed) for seed in range(1, 17)]
    compared("diffvg 2 x 2, beside another seed of it", seeds[0], seeds[1])
    compared("diffvg 2 x 2, mean of 16 seeds, beside native", torch.stack(seeds).mean(0), native)
    ways: dict[str, Callable[[Drawing, int], torch.Tensor]] = {
        "native": lambda d, step: drawn(d, "native"),
        "diffvg, 2 x 2, one seed": lambda d, step: drawn(d, "diffvg"),
        "diffvg, 2 x 2, a seed each step": lambda d, step: drawn(d, "diffvg", seed=step),
        "diffvg, 4 x 4, one seed": lambda d, step: drawn(d, "diffvg", samples=4),
    }
    curves = {}
    print("\n| way | step 1 | 26 | 51 | last | CPU s |\n|---|---|---|---|---|---|")
    for name, draw in ways.items():
        began = time.process_time()
        curves[name] = descent(options.steps, draw)
        shown = " | ".join(f"{curves[name][min(i, options.steps - 1)]:.4f}" for i in (0, 25, 50, options.steps - 1))
        print(f"| {name} | {shown} | {time.process_time() - began:.0f} |", flush=True)
    if options.out:
        import matplotlib as mpl  # noqa: PLC0415

        mpl.use("Agg")
        import matplotlib.pyplot as plt  # noqa: PLC0415

        figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
        for name, losses in curves.items():
            axes.semilogy(losses, label=name)
        axes.set(xlabel="step", ylabel="squared error, by native")
        axes.legend(frameon=False, fontsize=8)
        figure.savefig(options.out, dpi=110)
    some = range(0, COUNT, 4)
    truth = differences(drawing, target, some)
    print("\n| beside central differences of a counted picture | all | median | a tenth below | length |")
    compared("native", native[some], truth)
    for n, found in theirs.items():
        compared(f"diffvg {n} x {n}", found[some], truth)
    compared("diffvg 2 x 2, mean of 16 seeds", torch.stack(seeds).mean(0)[some], truth)


if __name__ == "__main__":
    main()
