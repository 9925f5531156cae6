"""The Triton kernels, run by Triton's interpreter on the CPU, against the CPU's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from plotart.raster import native
from plotart.raster.scene import Scene, check_scene

triton = pytest.importorskip("triton")
gpu = pytest.importorskip("plotart.raster.gpu.strokes")

pytestmark = pytest.mark.skipif(
    tuple(int(word) for word in triton.__version__.split(".")[:2]) < (3, 9),
    reason="the interpreter of triton 3.7, which torch with CUDA brings, does not take its own tensors in comparisons",
)
GOLDEN = Path(__file__).parents[1] / "data" / "golden"
SHAPES = ["01_basic_s_curve", "05_cusp", "07_straight_even_degenerate", "10_fully_off_canvas"]


def golden(name: str) -> tuple[list[Tensor], tuple[int, int]]:
    spec = json.loads((GOLDEN / f"{name}.json").read_text())
    rgba = torch.tensor([s["rgba"] for s in spec["strokes"]])
    points, width = (torch.tensor([s[key] for s in spec["strokes"]]) for key in ("points", "width"))
    return [points, width, rgba[:, :3].contiguous(), rgba[:, 3].contiguous()], tuple(spec["canvas"][::-1])


def agree(leaves: list[Tensor], draw, expected) -> None:
    """Images within float32 rounding, gradients within a thousandth of their size."""
    fast = [leaf.clone().requires_grad_() for leaf in leaves]
    exact = [leaf.clone().requires_grad_() for leaf in leaves]
    ours, theirs = draw(*fast), expected(*exact)
    difference = (ours - theirs).abs()
    assert difference.max() < 2e-3  # one pixel whose nearest chord is decided by rounding
    assert difference.mean() < 1e-6
    cotangent = torch.rand(theirs.shape, generator=torch.Generator().manual_seed(0))
    for a, b in zip(
        torch.autograd.grad((ours * cotangent).sum(), fast),
        torch.autograd.grad((theirs * cotangent).sum(), exact),
        strict=True,
    ):
        assert (a - b).norm() <= 1e-3 * b.norm() + 1e-5


def scene_of(points: Tensor, width: Tensor, size: tuple[int, int], softness: float) -> Scene:
    return check_scene(points, width, size, softness)


@pytest.mark.parametrize("name", SHAPES)
def test_over(name: str) -> None:
    leaves, size = golden(name)
    paper = torch.tensor([0.9, 0.8, 1.0])
    agree(
        [*leaves, paper],
        lambda p, w, c, a, ground: gpu.composite_over(scene_of(p, w, size, 1.0), c, a, ground, 1.0),
        lambda p, w, c, a, ground: native.composite_over(scene_of(p, w, size, 1.0), c, a, ground, 1.0, 1),
    )


@pytest.mark.parametrize("softness", [1.0, 2.5])
def test_transmit_any_number_of_channels_and_softness(softness: float, strokes) -> None:
    points, width = strokes(5, 40)
    weight = torch.rand(5, 3, generator=torch.Generator().manual_seed(2))
    agree(
        [points.detach(), width.detach(), weight],
        lambda p, w, t: gpu.transmit(scene_of(p, w, (40, 25), softness), t, softness),
        lambda p, w, t: native.transmit(scene_of(p, w, (40, 25), softness), t, None, 3, softness, 1),
    )


def test_opaque_strokes_and_full_weights() -> None:
    """Factors that are exactly 0, twice in the same pixels."""
    line = torch.tensor([[4.0, 12.2], [10.0, 12.2], [16.0, 12.2], [22.0, 12.2]])
    points, width = torch.stack([line, line + 1.0]), torch.tensor([8.0, 6.0])
    agree(
        [points, width, torch.rand(2, 3), torch.ones(2)],
        lambda p, w, c, a: gpu.composite_over(scene_of(p, w, (24, 24), 1.0), c, a, torch.ones(3), 1.0),
        lambda p, w, c, a: native.composite_over(scene_of(p, w, (24, 24), 1.0), c, a, torch.ones(3), 1.0, 1),
    )
    agree(
        [points, width, torch.ones(2, 2)],
        lambda p, w, t: gpu.transmit(scene_of(p, w, (24, 24), 1.0), t, 1.0),
        lambda p, w, t: native.transmit(scene_of(p, w, (24, 24), 1.0), t, None, 2, 1.0, 1),
    )


def test_batches_paths_of_segments_and_the_same_bits_every_time(strokes) -> None:
    drawings = [strokes(3, 30, seed=seed, segments=2) for seed in range(2)]
    points = torch.stack([p.detach() for p, _ in drawings]).requires_grad_()
    rgb, alpha = torch.rand(6, 3), torch.rand(6)
    width = torch.full((3,), 2.0)

    def draw(backend) -> tuple[Tensor, Tensor]:
        scene = check_scene(points, width, (30, 30), 1.0)
        more = (1,) if backend is native else ()
        image = backend.composite_over(scene, rgb, alpha, torch.ones(3), 1.0, *more)
        return image, torch.autograd.grad(image.square().sum(), points)[0]

    one, other, cpu = draw(gpu), draw(gpu), draw(native)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert torch.allclose(one[0], cpu[0], atol=2e-5)
    assert torch.allclose(one[1], cpu[1], atol=1e-4 * float(cpu[1].abs().max()))


@pytest.mark.parametrize(
    "points", [[[9.0, 9.0]] * 4, [[-90.0, -90.0]] * 4, [[2.0, 9.0], [20.0, 9.0], [20.0, 9.0], [2.0, 9.0]]]
)
def test_degenerate_strokes(points: list) -> None:
    leaf = torch.tensor([points], requires_grad=True)
    scene = check_scene(leaf, torch.tensor([3.0]), (18, 18), 1.0)
    light = gpu.transmit(scene, torch.ones(1, 1), 1.0)
    (grad,) = torch.autograd.grad((light * torch.rand(18, 18)).sum(), leaf)
    assert torch.isfinite(light).all()
    assert torch.isfinite(grad).all()


def test_no_second_derivative(strokes) -> None:
    points, width = strokes(1, 16)
    light = gpu.transmit(check_scene(points, width, (16, 16), 1.0), torch.ones(1, 1), 1.0)
    (first,) = torch.autograd.grad(light.square().sum(), points, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
