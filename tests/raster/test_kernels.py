"""How the kernels work: threads, what is kept for the way back, and what compiles them anew."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from plotart.raster import native
from plotart.raster.cpu import jit
from plotart.raster.strokes import composite_over, transmit

H = W = 40


def test_any_number_of_threads_gives_the_same_bits(strokes, monkeypatch) -> None:
    from plotart.raster.cpu import pool

    monkeypatch.setattr(pool, "_SMALL", 0)
    points, width = strokes(60, 200)
    rgb = torch.rand(60, 3, requires_grad=True)
    alpha = torch.full((60,), 0.8, requires_grad=True)
    weight = torch.rand(60, 4, requires_grad=True)
    leaves, results = [points, width, rgb, alpha, weight], []
    for threads in (1, 2, 3, 7):
        image = composite_over(points, width, rgb, alpha, size=(200, 150), threads=threads)
        light = transmit(points, width, weight, size=(200, 150), threads=threads)
        grads = torch.autograd.grad(image.square().sum() + light.square().sum(), leaves)
        results.append([image.detach(), light.detach(), *grads])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_a_thread_that_fails_is_heard(monkeypatch) -> None:
    from plotart.raster.cpu import pool

    monkeypatch.setattr(pool, "_SMALL", 0)

    def kernel(bands: np.ndarray) -> None:
        raise RuntimeError("from a band")

    with pytest.raises(RuntimeError, match="from a band"):
        pool.share_out(kernel, 8, 1, 2)


def test_forward_without_backward_leaks_nothing(strokes) -> None:
    def kept() -> int:
        gc.collect()
        return sum(isinstance(o, native.Chords) for o in gc.get_objects())

    points, width = strokes(3, H)
    before = kept()
    for _ in range(5):
        composite_over(points, width, torch.rand(3, 3), torch.rand(3), size=(H, W))
    assert kept() == before


def test_backward_twice_gives_the_same(strokes) -> None:
    points, width = strokes(3, H)
    loss = composite_over(points, width, torch.rand(3, 3), torch.rand(3), size=(H, W)).square().sum()
    (a,) = torch.autograd.grad(loss, points, retain_graph=True)
    (b,) = torch.autograd.grad(loss, points)
    assert torch.equal(a, b)


def test_kernels_know_the_sources_of_what_they_call() -> None:
    stamp = native.cpu_over.over_forward._cache._cache_file._source_stamp
    assert jit.SOURCES in stamp


HASH_OF_A_RENDER = """
import hashlib, torch
from plotart.raster import transmit
seeded = torch.Generator().manual_seed(0)
points = torch.rand(60, 1, 2, generator=seeded) * 96 + torch.randn(60, 4, 2, generator=seeded) * 12
points.requires_grad_()
light = transmit(points, torch.full((60,), 1.5), torch.full((60, 1), 0.7), size=(96, 96))
(grad,) = torch.autograd.grad((light * torch.linspace(0, 1, 96)).sum(), points)
print(hashlib.sha256(light.detach().numpy().tobytes() + grad.numpy().tobytes()).hexdigest())
"""


def test_kernels_just_compiled_and_kernels_from_disk_give_the_same_bytes(tmp_path) -> None:
    """Floats may be reassociated: machine code of the same source, compiled in another context, has other last bits."""
    command, where = [sys.executable, "-c", HASH_OF_A_RENDER], {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    compiled, loaded = (subprocess.run(command, env=where, capture_output=True, check=True).stdout for _ in range(2))
    assert list(tmp_path.rglob("*.nbc"))
    assert compiled == loaded
