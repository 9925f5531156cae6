"""Filled paths: how exact, how fast, and beside the real pydiffvg, if that is installed.

CPU seconds of one process (time.process_time), the least of several repetitions.
Run: python benchmarks/fills.py [exact] [speed] [start]
"""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plotart.compat import pydiffvg as stand_in
from plotart.raster import Path, Shape, fill_over, paint

BLACK = torch.tensor([0.0, 0.0, 0.0, 1.0])


def least(step: Callable[[], object], repetitions: int) -> float:
    """CPU seconds of the quickest call, after one that does not count."""
    step()
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return min(times)


def blobs(count: int, size: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Closed shapes of four cubics round random centres, 10 to 25 px in radius and uneven: points, r g b alpha."""
    generator = torch.Generator().manual_seed(seed)
    turn = torch.arange(12) / 12 * 2 * math.pi
    round_ = torch.stack([turn.cos(), turn.sin()], 1)
    centre = torch.rand(count, 1, 2, generator=generator) * size
    radius = 10 + 15 * torch.rand(count, 1, 1, generator=generator)
    points = centre + round_ * radius + torch.randn(count, 12, 2, generator=generator) * 2
    return points, torch.rand(count, 4, generator=generator)


def sampled(points: np.ndarray, even_odd: bool, size: int, side: int) -> np.ndarray:
    """Coverage by side x side samples a pixel of one closed shape of cubics `[3S, 2]`."""
    index = (3 * np.arange(len(points) // 3)[:, None] + np.arange(4)) % len(points)
    t = (np.arange(100) / 100)[:, None]
    share = np.stack([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3])
    line = np.einsum("jtk,sjd->std", share, points[index]).reshape(-1, 2)
    change = np.zeros((size * side, size * side + 1), np.int64)
    for a, b in zip(line, np.roll(line, -1, axis=0), strict=True):
        low, high = (a, b) if a[1] <= b[1] else (b, a)
        rows = np.arange(max(math.ceil(low[1] * side - 0.5), 0), min(math.ceil(high[1] * side - 0.5), size * side))
        at = low[0] + ((rows + 0.5) / side - low[1]) * (high[0] - low[0]) / max(high[1] - low[1], 1e-12)
        first = np.clip(np.ceil(at * side - 0.5), 0, size * side).astype(np.int64)
        np.add.at(change, (rows, first), 1 if a[1] <= b[1] else -1)
    winding = change[:, :-1].cumsum(1)
    inside = winding % 2 != 0 if even_odd else winding != 0
    return inside.reshape(size, side, size, side).mean((1, 3))


def exact() -> None:
    worst, means = dict.fromkeys((16, 64), 0.0), dict.fromkeys((16, 64), 0.0)
    count = 40
    for seed in range(count):
        points = torch.rand(12, 2, generator=torch.Generator().manual_seed(seed)) * 60 - 6
        rule = "even-odd" if seed % 2 else "nonzero"
        covered = paint([Shape((Path(points, (3,) * 4),), BLACK, rule=rule)], size=(48, 48))[..., 3].numpy()
        for side in worst:
            error = np.abs(covered - sampled(points.double().numpy(), rule == "even-odd", 48, side))
            worst[side], means[side] = max(worst[side], float(error.max())), means[side] + float(error.mean()) / count
    for side in worst:
        print(
            f"{count} random shapes that cross themselves, against {side} x {side} samples: "
            f"largest {worst[side]:.4f}, mean {means[side]:.5f}"
        )
    cosines = []
    for seed in range(8):
        grads = []
        points, rgba = blobs(6, 48, seed)
        for backend, dtype in (("native", torch.float32), ("reference", torch.float64)):
            leaves = [v.to(dtype).requires_grad_() for v in (points, rgba)]
            image = fill_over(*leaves, size=(48, 48), backend=backend)
            weight = torch.rand(48, 48, generator=torch.Generator().manual_seed(seed)).to(dtype)
            loss = ((image[..., :3] * image[..., 3:]).square().sum(-1) * weight).sum()
            grads.append([g.double().flatten() for g in torch.autograd.grad(loss, leaves)])
        cosines += [float(1 - torch.nn.functional.cosine_similarity(a, b, dim=0)) for a, b in zip(*grads, strict=True)]
    print(f"gradients of points and colours against the float64 reference, 1 - cosine: at most {max(cosines):.1e}")


def scene(library: Any, points: Tensor, rgba: Tensor) -> tuple[list[Any], list[Any], list[Tensor]]:
    leaves = [v.clone().requires_grad_() for v in (*points, *rgba)]
    inner = torch.full((points.shape[1] // 3,), 2, dtype=torch.int32)
    shapes = [library.Path(inner, p, True, torch.tensor(0.0)) for p in leaves[: len(points)]]
    groups = [library.ShapeGroup(torch.tensor([i]), c) for i, c in enumerate(leaves[len(points) :])]
    return shapes, groups, leaves


def one_step(library: Any, size: int, shapes: list[Any], groups: list[Any]) -> None:
    arguments = library.RenderFunction.serialize_scene(size, size, shapes, groups)
    image = library.RenderFunction.apply(size, size, 2, 2, 0, None, *arguments)
    (image[..., :3] * image[..., 3:]).square().sum().backward()


def real() -> Any:
    """The real pydiffvg, or None."""
    if importlib.util.find_spec("diffvg") is None:
        return None
    import pydiffvg  # noqa: PLC0415 - optional

    pydiffvg.set_use_gpu(False)
    return pydiffvg


def speed() -> None:
    torch.set_num_threads(1)
    library = real()
    for count, size in ((64, 224), (256, 224), (1024, 512)):
        points, rgba = blobs(count, size)
        leaves = [points.clone().requires_grad_(), rgba.clone().requires_grad_()]

        def direct(leaves: list[Tensor] = leaves, size: int = size) -> None:
            image = fill_over(leaves[0], leaves[1], size=(size, size), threads=1)
            (image[..., :3] * image[..., 3:]).square().sum().backward()

        own = least(direct, 9)
        shapes, groups, _ = scene(stand_in, points, rgba)
        through = least(lambda s=shapes, g=groups, n=size: one_step(stand_in, n, s, g), 5)
        line = f"{count} closed shapes of 4 cubics at {size} px, forward and backward: fill_over {1e3 * own:.1f} ms"
        line += f", stand-in {1e3 * through:.1f} ms"
        if library is not None:
            shapes, groups, _ = scene(library, points, rgba)
            theirs = least(lambda s=shapes, g=groups, n=size: one_step(library, n, s, g), 1)
            line += f", diffvg 2x2 {1e3 * theirs:.0f} ms: {theirs / own:.0f}x, {theirs / through:.0f}x"
        print(line, flush=True)


def start() -> None:
    code = "import time; a = time.process_time(); import torch; b = time.process_time(); "
    code += "from plotart.compat import pydiffvg; print(b - a, time.process_time() - b)"
    found = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    torch_, ours = np.min([[float(word) for word in run.stdout.split()] for run in found], axis=0)
    print(f"import of the stand-in: {ours:.2f} CPU s after torch, which takes {torch_:.2f}")


if __name__ == "__main__":
    parts = {"exact": exact, "speed": speed, "start": start}
    for name in sys.argv[1:] or parts:
        parts[name]()
