"""Threads for the CPU kernels: a pool that sleeps between calls (a spinning one steals a shared machine's time)."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

__all__ = ["over_bands"]

_SMALL = 100_000  # touched pixels; below, waking a second thread costs more than it saves
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


def over_bands(kernel: Callable[..., None], bands: int, work: int, threads: int, *tensors: Any) -> None:
    """Call `kernel(some bands, *tensors)` for all bands 0..bands-1, by at most `threads` threads (0: all cores).

    The kernel must not hold the interpreter lock, and write nothing that another band reads or writes.
    """
    threads = min(threads or os.cpu_count() or 1, bands)
    if threads <= 1 or work < _SMALL:
        kernel(np.arange(bands), *tensors)
        return
    key = (os.getpid(), threads)  # a forked child has no threads of its parent's pool
    pool = _pools.get(key) or _pools.setdefault(key, ThreadPoolExecutor(threads - 1, "plotart-render"))
    tasks = min(bands, 8 * threads)
    shares = iter([np.arange(task, bands, tasks) for task in range(tasks)])
    helpers = [pool.submit(_work, kernel, shares, tensors) for _ in range(threads - 1)]
    try:
        _work(kernel, shares, tensors)
    finally:
        for helper in helpers:
            helper.result()


def _work(kernel: Callable[..., None], shares: Any, tensors: tuple[Any, ...]) -> None:
    for bands in shares:  # next() of a list iterator is atomic: each share is taken once
        kernel(bands, *tensors)
