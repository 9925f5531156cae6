"""How fast the renderer is, against a VGG-16 in the same process and, if it is installed, against diffvg.

Every figure is the median of several repetitions of CPU time (time.process_time), which a busy machine disturbs least;
wall time is used only where threads are compared. Run: python benchmarks/renderer.py
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from plotart.raster import diffvg
from plotart.raster.cpu import pool
from plotart.raster.native import Chords
from plotart.raster.scene import check_scene
from plotart.raster.strokes import composite_over, planes

GOLDEN = Path(__file__).parents[1] / "tests" / "data" / "golden"


def median(step: Callable[[], object], repetitions: int, clock: Callable[[], float] = time.process_time) -> float:
    """Milliseconds of one call, after one that does not count."""
    step()
    times = []
    for _ in range(repetitions):
        start = clock()
        step()
        times.append(clock() - start)
    return 1e3 * float(np.median(times))


def vgg16_to_conv4_3() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512):
        if width:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers).requires_grad_(False)


class Walk:
    """Random strokes as a run starts with them: three steps of up to `step` px per axis, pens 2 px wide."""

    def __init__(self, count: int, size: int, step: float, width: float = 2.0) -> None:
        generator = torch.Generator().manual_seed(0)
        start = torch.rand(count, 1, 2, generator=generator) * size
        moves = (2 * torch.rand(count, 3, 2, generator=generator) - 1) * step
        self.size = (size, size)
        self.points = torch.cat([start, start + moves.cumsum(1)], dim=1).contiguous().requires_grad_()
        self.width = torch.full((count,), width)
        self.rgb = torch.rand(count, 3, generator=generator, requires_grad=True)
        self.alpha = torch.full((count,), 0.8, requires_grad=True)
        self.pen = torch.randint(0, 4, (count,), generator=generator)
        self.target = torch.rand(3, size, size, generator=generator)
        self.masks = torch.rand(4, size, size, generator=generator)
        self.seed = torch.ones(3, size, size)

    def over(self, threads: int = 1, backend: str = "native") -> None:
        image = composite_over(
            self.points, self.width, self.rgb, self.alpha, size=self.size, threads=threads, backend=backend
        )
        (image - self.target).square().mean().backward()

    def rendered(self, threads: int = 1) -> None:
        """`over` without the loss."""
        image = composite_over(self.points, self.width, self.rgb, self.alpha, size=self.size, threads=threads)
        torch.autograd.grad(image, [self.points, self.rgb, self.alpha], self.seed)

    def planes(self, threads: int = 1) -> None:
        light = planes(self.points, self.width, self.pen, 4, size=self.size, threads=threads)
        (light - self.masks).square().mean().backward()

    def touched(self) -> tuple[int, float]:
        """Pixels that a stroke covers, summed over strokes, and the bytes kept for the backward pass of `over`."""
        cut = Chords.of(check_scene(self.points, self.width, self.size, 1.0), 1.0)
        image = composite_over(self.points, self.width, self.rgb, self.alpha, size=self.size, threads=1)
        node = image.grad_fn
        while not hasattr(node, "kept"):
            node = node.next_functions[0][0]
        ends = node.kept[5]
        last = [
            int(ends[cut.start[b + 1] - 1, 3]) if cut.start[b + 1] > cut.start[b] else int(cut.room[b])
            for b in range(cut.bands)
        ]
        count = sum(last) - int(cut.room[:-1].sum())
        fixed = cut.table.nbytes + ends.nbytes + cut.room.nbytes + 4 * cut.slots * (2 * self.points.shape[1] + 5)
        return count, 16 * count + fixed


def against_network() -> None:
    network = vgg16_to_conv4_3()
    image = torch.rand(1, 3, 224, 224, requires_grad=True)
    reference = median(lambda: network(image).square().mean().backward(), 7)
    print(f"\nVGG-16 conv1_1..conv4_3 forward + backward at 224 px: {reference:.0f} ms\n")
    print(
        "| strokes, px, step | touched px | over ms | planes ms | over % of VGG | planes % |\n|---|---|---|---|---|---|"
    )
    for count, size in ((64, 224), (256, 224), (512, 256), (1024, 512)):
        for step in (11.2, 0.05 * size) if size > 256 else (11.2,):
            scene = Walk(count, size, step)
            over, flat = median(scene.over, 25), median(scene.planes, 25)
            print(
                f"| {count} @ {size}, {step:.0f} px | {scene.touched()[0]} | {over:.2f} | {flat:.2f} "
                f"| {100 * over / reference:.2f} | {100 * flat / reference:.2f} |"
            )


def across_sizes() -> None:
    """Without the loss, whose cost goes by the page and not by what is touched."""
    print("\nforward + backward without the loss:\n| strokes @ px | touched px | over ns / px | kept B / px |")
    print("|---|---|---|---|")
    for count, size in ((64, 224), (256, 224), (1024, 512), (4096, 1024), (20000, 2048)):
        scene = Walk(count, size, 0.05 * size)
        touched, kept = scene.touched()
        spent = median(scene.rendered, 3 if count > 2000 else 25)
        print(f"| {count} @ {size} | {touched} | {1e6 * spent / touched:.0f} | {kept / touched:.1f} |")


def threads() -> None:
    """Wall time; and, as other work may hold the second core, what the CPU times promise on two idle ones.

    Without the loss, which is torch's: its threads wait by spinning, and that halves the speed of a busy machine.
    """
    scene = Walk(4096, 1024, 51.2)
    wall: dict[int, list[float]] = {1: [], 2: []}
    shared: list[float] = []  # seconds of CPU inside the kernels that threads share, of all threads
    whole: list[float] = []
    kernels = pool._work

    def timed(*arguments: Any) -> None:
        start = time.thread_time()
        kernels(*arguments)
        shared.append(time.thread_time() - start)

    pool._work = timed
    step = scene.rendered
    step(1)
    for _ in range(15):  # alternating, so that other work on the machine meets both
        for count, times in wall.items():
            shared.clear()
            start, spent = time.perf_counter(), time.process_time()
            step(count)
            times.append(time.perf_counter() - start)
            if count == 2:
                total = time.process_time() - spent
                whole.append(total / (total - sum(shared) / 2))
    pool._work = kernels
    print("\n4096 strokes at 1024 px, forward + backward without the loss, 2 threads against 1:")
    print(f"{np.median(wall[1]) / np.median(wall[2]):.2f}x wall time (medians of 15), ", end="")
    print(
        f"{min(wall[1]) / min(wall[2]):.2f}x best against best ({1e3 * min(wall[1]):.0f}, {1e3 * min(wall[2]):.0f} ms)"
    )
    print(f"{np.median(whole):.2f}x by CPU times, if both cores were free; load {os.getloadavg()[0]:.1f}")


def a_picture() -> None:
    for name in ("over", "planes"):
        scene = Walk(512, 256, 12.8)
        leaves = [scene.points] + ([scene.rgb, scene.alpha] if name == "over" else [])
        optimizer = torch.optim.Adam(leaves, lr=0.05)
        start, wall = time.process_time(), time.perf_counter()
        for _ in range(500):
            optimizer.zero_grad()
            getattr(scene, name)()
            optimizer.step()
            with torch.no_grad():
                scene.rgb.clamp_(0, 1)
                scene.alpha.clamp_(0, 1)
        spent, wall = time.process_time() - start, time.perf_counter() - wall
        print(f"\n512 strokes, 500 steps at 256 px, {name}: {spent:.1f} s CPU, {wall:.1f} s wall (one thread)")


def first_call() -> None:
    program = (
        "import time, torch; from plotart.raster.strokes import composite_over\n"
        "p = torch.rand(4, 4, 2).mul(30).requires_grad_(); w = torch.ones(4); start = time.perf_counter()\n"
        "composite_over(p, w, torch.rand(4, 3), w, size=(32, 32)).sum().backward(); print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        cold, warm = (
            float(subprocess.run([sys.executable, "-c", program], env=environment, check=True, stdout=-1).stdout)
            for _ in range(2)
        )
    print(f"\nFirst call: {cold:.1f} s when it has to compile, {warm:.2f} s from the cache")


def read(path: Path) -> tuple[dict[str, Tensor], tuple[int, int], Tensor]:
    spec = json.loads(path.read_text())
    width, height = spec["canvas"]
    rgba = torch.tensor([s["rgba"] for s in spec["strokes"]])
    scene = {
        "points": torch.tensor([s["points"] for s in spec["strokes"]]),
        "width": torch.tensor([s["width"] for s in spec["strokes"]]),
        "rgb": rgba[:, :3],
        "alpha": rgba[:, 3],
    }
    reference = torch.as_tensor(np.load(path.with_name(f"ref_independent_{path.stem}.npy"))).movedim(-1, 0)
    return scene, (height, width), reference


def golden() -> None:
    """Images against the independent references, and point gradients against the float64 reference backend."""
    installed = importlib.util.find_spec("pydiffvg") is not None
    print("\n| scene | native | 1 - cosine | diffvg 2x2 | diffvg against native, mean |\n|---|---|---|---|---|")
    for path in sorted(GOLDEN.glob("*.json")):
        scene, size, reference = read(path)
        ours = composite_over(**scene, size=size)
        gradients = []
        for backend, dtype in (("native", torch.float32), ("reference", torch.float64)):
            leaves = {name: value.to(dtype) for name, value in scene.items()}
            leaves["points"].requires_grad_()
            loss = (composite_over(**leaves, size=size, backend=backend) - 0.4).square().sum()
            gradients.append(torch.autograd.grad(loss, leaves["points"])[0].double())
        fast, exact = gradients
        cosine = float((fast * exact).sum() / (fast.norm() * exact.norm()))
        row = f"| {path.stem} | {(ours - reference).abs().max():.3f} | {max(0.0, 1 - cosine):.0e} "
        if installed:
            theirs = composite_over(**scene, size=size, backend="diffvg")
            row += f"| {(theirs - reference).abs().max():.3f} | {(theirs - ours).abs().mean():.4f} |"
        else:
            row += "| not installed | |"
        print(row)


def against_diffvg() -> None:
    if importlib.util.find_spec("pydiffvg") is None:
        print("\ndiffvg is not installed: not compared")
        return
    for step in (11.2, 22.4, 33.6):
        scene = Walk(256, 224, step)

        def theirs(prefiltered: bool, scene: Walk = scene) -> None:
            checked = check_scene(scene.points, scene.width, scene.size, 1.0)
            image = diffvg.composite_over(checked, scene.rgb, scene.alpha, torch.ones(3), 1.0, prefiltered=prefiltered)
            (image[0] - scene.target).square().mean().backward()

        ratios: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(3):
            own = median(scene.over, 15)
            for prefiltered, list_of in ratios.items():
                list_of.append(median(lambda p=prefiltered: theirs(p), 1) / own)
        sampled, blurred = (np.median(ratios[mode]) for mode in (False, True))
        print(f"\n256 strokes at 224 px, steps of {step:.0f} px, diffvg's CPU time against native's: ", end="")
        print(f"{sampled:.0f}x (2x2 samples), {blurred:.0f}x (prefiltered)")


if __name__ == "__main__":
    torch.set_num_threads(1)
    parts = (first_call, against_network, across_sizes, threads, a_picture, golden, against_diffvg)
    for part in parts:
        if len(sys.argv) == 1 or part.__name__ in sys.argv[1:]:
            part()
