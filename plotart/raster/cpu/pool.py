"""Threads for the CPU kernels: a pool that sleeps between calls (a spinning one steals a shared machine's time)."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

__all__ = ["share_out"]

_SMALL = 100_000  # pixels or chords; below, waking a second thread costs more than it saves
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


def share_out(kernel: Callable[..., None], items: int, work: int, threads: int, *arguments: Any) -> None:
    """Call `kernel(some items, *arguments)` for all items 0..items-1, by at most `threads` threads (0: all cores).

    The kernel must not hold the interpreter lock, nor write what it reads or writes for another item.
    """
    threads = min(threads or os.cpu_count() or 1, items)
    if threads <= 1 or work < _SMALL:
        kernel(np.arange(items), *arguments)
        return
    key = (os.getpid(), threads)  # a forked child has no threads of its parent's pool
    pool = _pools.get(key) or _pools.setdefault(key, ThreadPoolExecutor(threads - 1, "plotart-render"))
    tasks = min(items, 8 * threads)
    shares = iter([np.arange(task, items, tasks) for task in range(tasks)])
    others = [pool.submit(_work, kernel, shares, arguments) for _ in range(threads - 1)]
    try:
        _work(kernel, shares, arguments)
    finally:
        for other in others:
            other.result()


def _work(kernel: Callable[..., None], shares: Any, arguments: tuple[Any, ...]) -> None:
    for items in shares:  # next() of a list iterator is atomic: each share is taken once
        kernel(items, *arguments)
