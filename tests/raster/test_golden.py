"""The renderers against independent images: exact distances, 16 x 16 samples of each pixel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from plotart.raster.strokes import composite_over, transmit

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
SCENES = sorted(path.stem for path in GOLDEN.glob("*.json"))
# Edges of two strokes that cross inside one pixel: the references composite each sample, a renderer that knows one
# coverage of each stroke cannot.
SHARED_EDGES = {"08_overlap_alpha": 0.045, "12_random16": 0.085}


class Scene:
    def __init__(self, name: str, dtype: torch.dtype) -> None:
        spec = json.loads((GOLDEN / f"{name}.json").read_text())
        width, height = spec["canvas"]
        self.size = (height, width)
        self.points = self._leaf([s["points"] for s in spec["strokes"]], dtype)
        self.width = self._leaf([s["width"] for s in spec["strokes"]], dtype)
        rgba = [s["rgba"] for s in spec["strokes"]]
        self.rgb = self._leaf([c[:3] for c in rgba], dtype)
        self.alpha = self._leaf([c[3] for c in rgba], dtype)
        self.exact = spec["loss_exact"]
        self.reference = torch.as_tensor(np.load(GOLDEN / f"ref_independent_{name}.npy")).movedim(-1, 0)
        self.target = torch.as_tensor(np.load(GOLDEN / f"target_{height}.npy")).movedim(-1, 0).to(dtype)

    @staticmethod
    def _leaf(values: list, dtype: torch.dtype) -> Tensor:
        return torch.tensor(values).to(dtype).requires_grad_()  # float32 first: every backend sees the same numbers

    def render(self, backend: str) -> Tensor:
        return composite_over(self.points, self.width, self.rgb, self.alpha, size=self.size, backend=backend)

    def gradients(self, backend: str) -> list[Tensor]:
        loss = (self.render(backend) - self.target).square().sum()
        return [g.double() for g in torch.autograd.grad(loss, [self.points, self.width, self.rgb, self.alpha])]


def cosine(a: Tensor, b: Tensor) -> float:
    return float((a * b).sum() / (a.norm() * b.norm()))


@pytest.mark.parametrize("name", SCENES)
def test_image(name: str) -> None:
    scene = Scene(name, torch.float32)
    error = (scene.render("native") - scene.reference).abs().max()
    assert error < SHARED_EDGES.get(name, 0.0105)


@pytest.mark.parametrize("name", SHARED_EDGES)
def test_strokes_alone(name: str) -> None:
    """One stroke at a time there is no shared edge: coverage against 8 x 8 samples of the distance to the curve."""
    scene = Scene(name, torch.float32)
    height, width = scene.size
    rows, cols = (torch.arange(height * 8) + 0.5) / 8, (torch.arange(width * 8) + 0.5) / 8
    grid_y, grid_x = torch.meshgrid(rows, cols, indexing="ij")
    samples = torch.stack([grid_x.flatten(), grid_y.flatten()], 1)
    for i in range(2):
        t = torch.linspace(0, 1, 60)[:, None]
        p = scene.points[i].detach()
        curve = (1 - t) ** 3 * p[0] + 3 * (1 - t) ** 2 * t * p[1] + 3 * (1 - t) * t**2 * p[2] + t**3 * p[3]
        nearest = torch.full((len(samples),), torch.inf)
        for start, along in zip(curve[:-1], curve.diff(dim=0), strict=True):
            u = (((samples - start) @ along) / along.square().sum().clamp_min(1e-20)).clamp(0, 1)
            nearest = torch.minimum(nearest, (start + u[:, None] * along - samples).square().sum(1))
        inside = (nearest.sqrt() <= scene.width[i] / 2).float().reshape(height, 8, width, 8).mean(dim=(1, 3))
        one = transmit(scene.points[i : i + 1], scene.width[i : i + 1], torch.ones(1, 1), size=scene.size)
        assert (1 - one[0] - inside).abs().max() < 0.05  # 8 samples a side are themselves off by up to 0.04


@pytest.mark.parametrize("name", SCENES)
def test_native_against_reference(name: str) -> None:
    native, reference = Scene(name, torch.float32), Scene(name, torch.float64)
    assert (native.render("native") - reference.render("reference")).abs().max() < 2e-3
    for fast, exact in zip(native.gradients("native"), reference.gradients("reference"), strict=True):
        if exact.norm() > 0:
            assert cosine(fast, exact) > 1 - 1e-6


@pytest.mark.parametrize("name", SCENES)
def test_gradient_of_the_independent_image(name: str) -> None:
    """The gradient of our picture is nearly that of the exact one (the references' own noise is about a percent)."""
    scene = Scene(name, torch.float32)
    points = scene.gradients("native")[0]
    exact = torch.tensor(scene.exact["grad_points"], dtype=torch.float64)
    noise = scene.exact["self_consistency_n16_vs_n11"]["p"]
    assert cosine(points, exact) > 0.98 or (points - exact).norm() / exact.norm() < 2 * noise


def test_a_wrong_picture_is_noticed() -> None:
    scene = Scene("01_basic_s_curve", torch.float32)
    moved = composite_over(scene.points + 0.1, scene.width, scene.rgb, scene.alpha, size=scene.size)
    assert (moved - scene.reference).abs().max() > 0.05
