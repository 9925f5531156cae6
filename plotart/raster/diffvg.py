"""The public library diffvg behind the same operations, for comparison; its faults stay its own.

It samples coverage (2 x 2 a pixel, shifted by a fixed seed) instead of integrating it, knows ordered compositing only
and one drawing at a time. Light transmitted by strokes is what black strokes leave of white paper, one scene a channel.
"""

from __future__ import annotations

from types import ModuleType

import torch
from torch import Tensor

from plotart.core.errors import InputError
from plotart.raster.scene import Scene

SAMPLES = 2
"""A side of a pixel."""
SEED = 0
"""Of where they lie in it: always the same, so that a run repeats; benchmarks/gradients.py tells what that costs."""


def library() -> ModuleType:
    """pydiffvg; InputError if it is not installed."""
    try:
        import pydiffvg  # noqa: PLC0415 - optional
    except ImportError as error:
        raise InputError(
            "renderer 'diffvg' needs the library pydiffvg, which no package index holds: "
            f"build it from https://github.com/BachiLi/diffvg, or take renderer 'native' ({error})."
        ) from None
    module: ModuleType = pydiffvg
    return module


def composite_over(
    scene: Scene, rgb: Tensor, alpha: Tensor, paper: Tensor, softness: float, *, prefiltered: bool = False
) -> Tensor:
    """`rgb [B*N, 3]`, `alpha [B*N]`, `paper [3]` -> `[B, 3, H, W]`.

    prefiltered: diffvg's other mode, which blurs each edge instead of sampling it.
    """
    rgba = torch.cat([rgb, alpha[:, None]], dim=1)
    n, images = scene.strokes, []
    for b in range(len(scene.points) // n):
        one = slice(b * n, (b + 1) * n)
        images.append(_draw(scene, scene.points[one], scene.half[one], rgba[one], paper, softness, prefiltered))
    return _chosen(torch.stack(images), paper.reshape(3, 1, 1), scene)


def transmit(scene: Scene, weight: Tensor, softness: float, *, prefiltered: bool = False) -> Tensor:
    """`weight [B*N, C]` -> `[B, C, H, W]`; strokes whose weight is 0 and has no gradient are left out."""
    n, lights = scene.strokes, []
    white = torch.ones(3, device=scene.points.device)
    for b in range(len(scene.points) // n):
        for c in range(weight.shape[1]):
            taken = weight[b * n : (b + 1) * n, c]
            kept = torch.ones_like(taken, dtype=torch.bool) if weight.requires_grad else taken > 0
            if not bool(kept.any()):  # diffvg crashes on an empty scene
                lights.append(torch.ones(scene.height, scene.width, device=white.device))
                continue
            points, half = scene.points[b * n : (b + 1) * n][kept], scene.half[b * n : (b + 1) * n][kept]
            black = torch.cat([torch.zeros(len(points), 3, device=white.device), taken[kept][:, None]], dim=1)
            lights.append(_draw(scene, points, half, black, white, softness, prefiltered)[0])
    light = torch.stack(lights).reshape(-1, weight.shape[1], scene.height, scene.width)
    return _chosen(light, torch.ones_like(light[0, :, :1, :1]), scene)


def _draw(
    scene: Scene, points: Tensor, half: Tensor, rgba: Tensor, paper: Tensor, softness: float, prefiltered: bool
) -> Tensor:
    """One drawing: `points [N, 1+3S, 2]`, `half [N]`, `rgba [N, 4]` -> `[3, H, W]`."""
    vg = library()
    vg.set_use_gpu(points.is_cuda)
    inner = torch.full(((points.shape[1] - 1) // 3,), 2, dtype=torch.int32)
    shapes, groups = [], []
    for i, (stroke, radius, colour) in enumerate(zip(points, half, rgba, strict=True)):
        # what diffvg calls stroke_width is the half width
        shapes.append(
            vg.Path(num_control_points=inner, points=stroke.contiguous(), is_closed=False, stroke_width=radius)
        )
        groups.append(vg.ShapeGroup(shape_ids=torch.tensor([i]), fill_color=None, stroke_color=colour.contiguous()))
    size = (scene.width, scene.height)
    box = vg.PixelFilter(type=vg.diffvg.FilterType.box, radius=torch.tensor(softness / 2))
    arguments = vg.RenderFunction.serialize_scene(*size, shapes, groups, filter=box, use_prefiltering=prefiltered)
    opaque = torch.ones(1, device=paper.device)
    ground = torch.cat([paper, opaque]).expand(scene.height, scene.width, 4).contiguous()
    image: Tensor = vg.RenderFunction.apply(*size, SAMPLES, SAMPLES, SEED, ground, *arguments)
    return image[..., :3].movedim(-1, 0)


def _chosen(image: Tensor, paper: Tensor, scene: Scene) -> Tensor:
    if not scene.wanted.size:
        return image
    return torch.where(torch.as_tensor(scene.wanted, device=image.device), image, paper)
