"""Whether diffvg's gradients are those of its own pictures, scene by scene; figures in docs/from-diffvg.md.

python benchmarks/diffvg_scenes.py        pydiffvg installed

One shape on white, 32 px, black unless said; the loss is the picture times a smooth fixed picture. Its gradient by
diffvg, the mean of some seeds, stands beside central differences of diffvg's own pictures at 16 x 16 samples a pixel,
with the same samples on both sides. Of strokes there is besides a line integral along the edge (Reynolds), written
here: with the arc length of the offset curve, |c'| (1 -+ curvature x half), and round joints; and, as diffvg's sampler
has it, with that of the middle line, |c'|, and no joints.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from functools import partial

import gradients
import numpy as np
import pydiffvg as vg
import torch
from torch import Tensor

from plotart.core.color import to_linear, to_srgb

SIZE, FINE, STEP = 32, 16, 0.2
Floats = np.ndarray


@dataclass(frozen=True)
class Scene:
    """`points [1 + 3 S, 2]` px of a chain of cubics (closed and filled: `[3 S, 2]`), half width px; another below."""

    points: Floats
    half: float = 2.0
    alpha: float = 1.0
    filled: bool = False
    below: Scene | None = None
    prefiltered: bool = False


def shape(points: Tensor, half: Tensor, rgba: Tensor, filled: bool, index: int) -> tuple[object, object]:
    count = len(points) // 3
    path = vg.Path(
        num_control_points=torch.full((count,), 2, dtype=torch.int32), points=points, is_closed=filled,
        stroke_width=torch.tensor(0.0) if filled else half,
    )  # fmt: skip
    colour = {"fill_color": rgba, "stroke_color": None} if filled else {"fill_color": None, "stroke_color": rgba}
    return path, vg.ShapeGroup(shape_ids=torch.tensor([index]), **colour)


def picture(scene: Scene, points: Tensor, half: Tensor, rgba: Tensor, samples: int, seed: int) -> Tensor:
    made = []
    if scene.below is not None:
        other = scene.below
        own = torch.tensor([0.1, 0.3, 0.8, other.alpha])
        made.append(shape(torch.tensor(other.points).float(), torch.tensor(other.half), own, other.filled, 0))
    made.append(shape(points, half, rgba, scene.filled, len(made)))
    shapes, groups = zip(*made, strict=True)
    arguments = vg.RenderFunction.serialize_scene(
        SIZE, SIZE, list(shapes), list(groups), use_prefiltering=scene.prefiltered,
        filter=vg.PixelFilter(type=vg.diffvg.FilterType.box, radius=torch.tensor(0.5)),
    )  # fmt: skip
    ground = torch.ones(SIZE, SIZE, 4)
    return vg.RenderFunction.apply(SIZE, SIZE, samples, samples, seed, ground, *arguments)[..., :3]


def wanted() -> Tensor:
    """What the loss weighs pixels by: smooth, of both signs."""
    y, x = torch.meshgrid(*[torch.arange(SIZE) / SIZE] * 2, indexing="ij")
    waves = [torch.sin(5 * x + 2 * y) + x, torch.cos(4 * y - 3 * x) - y, torch.sin(6 * x * y + 1)]
    return torch.stack(waves, -1)


def parameters(scene: Scene) -> tuple[Tensor, Tensor, Tensor]:
    return torch.tensor(scene.points).float(), torch.tensor(scene.half), torch.tensor([0.0, 0.0, 0.0, scene.alpha])


def theirs(scene: Scene, samples: int, seeds: int) -> list[Tensor]:
    """The mean gradient by points, half width and colour."""
    total = [torch.zeros_like(each) for each in parameters(scene)]
    for seed in range(seeds):
        given = [each.requires_grad_() for each in parameters(scene)]
        loss = (picture(scene, *given, samples, seed + 1) * wanted()).sum()
        found = torch.autograd.grad(loss, given, allow_unused=True)
        total = [t + (torch.zeros_like(t) if f is None else f) / seeds for t, f in zip(total, found, strict=True)]
    return total


def differences(scene: Scene) -> list[Tensor]:
    given, found = parameters(scene), []
    for n, value in enumerate(given):
        step = STEP if n < 2 else 0.05
        slope = torch.zeros(value.numel())
        for i in range(value.numel()):
            if n == 1 and scene.filled:
                continue
            losses = []
            for sign in (1, -1):
                moved = [each.clone() for each in given]
                moved[n].view(-1)[i] += sign * step
                if n == 2 and i < 3 and sign < 0:
                    moved[n].view(-1)[i] = 0.0  # black is the end of the range; linear in it anyway
                losses.append((picture(scene, *moved, FINE, 7).double() * wanted()).sum())
            wide = step if n == 2 and i < 3 else 2 * step
            slope[i] = float(losses[0] - losses[1]) / wide
        found.append(slope.view(value.shape))
    return found


def integral(points: Floats, half: float, slope: Floats, *, offset: bool, joints: bool) -> Tensor:
    """The gradient of a stroke's points by its edge, `[1 + 3 S, 2]`; `slope [H, W]` is that of its coverage."""
    t = (np.arange(4000) + 0.5) / 4000
    basis = np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], 1)
    first = np.stack([-3 * (1 - t) ** 2, 3 * (1 - t) * (1 - 3 * t), 3 * t * (2 - 3 * t), 3 * t**2], 1)
    second = np.stack([6 * (1 - t), 6 * (3 * t - 2), 6 * (1 - 3 * t), 6 * t], 1)
    middle = np.concatenate([basis[::20] @ points[i : i + 4] for i in range(0, len(points) - 1, 3)])
    middle = np.concatenate([middle, points[-1:]])
    found = np.zeros_like(points)

    def add(at: Floats, normal: Floats, length: Floats, share: Floats, where: slice) -> None:
        """Edge at `at [M, 2]` moves along with the points by `share [M, K]`."""
        near = np.sqrt(((at[:, None] - middle) ** 2).sum(-1)).min(1)
        cell = np.floor(at).astype(int)
        last = np.array(slope.shape)[::-1] - 1
        seen = (near > half - 0.02) & ((cell >= 0) & (cell <= last)).all(1)
        cell = cell.clip(0, last)
        flux = slope[cell[:, 1], cell[:, 0]] * length * seen
        found[where] += share.T @ (flux[:, None] * normal)

    for i in range(0, len(points) - 1, 3):
        part = points[i : i + 4]
        along, bent = first @ part, second @ part
        speed = np.maximum(np.hypot(*along.T), 1e-9)
        normal = np.stack([-along[:, 1], along[:, 0]], 1) / speed[:, None]
        curvature = (along[:, 0] * bent[:, 1] - along[:, 1] * bent[:, 0]) / speed**3
        for side in (1, -1):
            stretch = np.abs(1 - side * curvature * half) if offset else 1.0
            add(basis @ part + side * half * normal, side * normal, speed * stretch / 4000, basis, slice(i, i + 4))
    turn = 2 * math.pi * (np.arange(2000) + 0.5) / 2000
    round_ = np.stack([np.cos(turn), np.sin(turn)], 1)
    ends = [0, len(points) - 1] + (list(range(3, len(points) - 1, 3)) if joints else [])
    for n in ends:
        length = np.full(len(turn), 2 * math.pi * half / len(turn))
        add(points[n] + half * round_, round_, length, np.ones((len(turn), 1)), slice(n, n + 1))
    return torch.from_numpy(found)


def alike(a: Tensor, b: Tensor) -> str:
    a, b = a.double().flatten(), b.double().flatten()
    if float(b.norm()) < 1e-9:
        return "-"
    return f"{float(a @ b / (a.norm() * b.norm() + 1e-30)):.3f}, {float(a.norm() / b.norm()):.2f}"


def scenes() -> dict[str, Scene]:
    straight = np.array([[6.2, 9.1], [12.1, 12.0], [18.3, 15.2], [25.1, 18.4]])
    bow = np.array([[6.0, 20.0], [10.0, 6.0], [22.0, 6.0], [26.0, 20.0]])
    hairpin = np.array([[6.0, 20.0], [34.0, 8.0], [-2.0, 8.0], [26.0, 20.0]])
    tiny = np.array([[15.0, 15.0], [17.5, 14.5], [15.5, 17.5], [17.0, 17.0]])
    corner = np.array([[6.2, 9.1], [10.0, 8.9], [14.9, 9.9], [18, 10], [15.6, 13.1], [12.1, 18.6], [9, 22]])
    closed = np.array([[6.0, 16.0], [6.0, 4.0], [26.0, 4.0], [26.0, 16.0], [26.0, 26.0], [6.0, 26.0]])
    return {
        "straight, half width 1": Scene(straight, 1.0),
        "straight, half width 5": Scene(straight, 5.0),
        "straight, opacity .5": Scene(straight, 2.0, alpha=0.5),
        "straight, over another": Scene(straight, 2.0, alpha=0.6, below=Scene(bow, 3.0, alpha=0.7)),
        "bow, half width 1": Scene(bow, 1.0),
        "bow, half width 5": Scene(bow, 5.0),
        "hairpin, half width 1": Scene(hairpin, 1.0),
        "hairpin, half width 3": Scene(hairpin, 3.0),
        "as long as wide, bent": Scene(tiny, 1.0),
        "two cubics, a corner between them": Scene(corner, 2.0),
        "bow, half width 5, prefiltered": Scene(bow, 5.0, prefiltered=True),
        "filled, closed": Scene(closed, filled=True),
    }


def of_a_page() -> None:
    """The same two integrals for the strokes of gradients.py, beside the gradient of `native`."""
    drawing, target = gradients.scene()
    height, width = drawing.canvas.pixels(gradients.SIZE)
    points = next(p for name, p in drawing.named_parameters() if name.endswith("points")).detach().double().numpy()
    rows, half = points * gradients.SIZE, 0.5 * gradients.WIDTH * gradients.SIZE
    taken = 1 - to_linear(drawing.ink.stroke_rgb().double())
    covered = torch.stack([
        torch.from_numpy(gradients.covers(gradients.polyline(row), half, height, width)) for row in rows
    ]).requires_grad_()  # fmt: skip
    light = (1 - covered[:, None] * taken[:, :, None, None]).prod(0)
    loss = (to_srgb(light) - target[0].double()).square().mean()
    (slope,) = torch.autograd.grad(loss, covered)
    true = gradients.slope(drawing, target, way="native")
    for name, how in (("offset curve", True), ("middle line", False)):
        found = torch.stack([
            integral(row, half, each, offset=how, joints=how).flatten()
            for row, each in zip(rows, slope.numpy(), strict=True)
        ])  # fmt: skip
        print(f"| 64 strokes at random, {name}, beside native | {alike(found * gradients.SIZE, true)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    vg.set_use_gpu(False)
    print("| scene | points | width | colour and opacity | points, edge integral, offset | middle line |")
    for name, scene in scenes().items():
        found, truth = theirs(scene, options.samples, options.seeds), differences(scene)
        row = [alike(a, b) for a, b in zip(found, truth, strict=True)]
        if not scene.filled and scene.below is None and not scene.prefiltered:
            edge = partial(integral, scene.points, scene.half, -wanted().sum(-1).numpy() * scene.alpha)
            row += [alike(edge(offset=True, joints=True), truth[0])]
            row += [alike(found[0], edge(offset=False, joints=False))]
        print(f"| {name} | {' | '.join(row)} |", flush=True)
    of_a_page()


if __name__ == "__main__":
    main()
