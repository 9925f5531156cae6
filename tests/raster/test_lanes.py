"""The vector type of the CPU kernels against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from plotart.raster.cpu.lanes import (
    WIDTH,
    arange,
    bitmask,
    ceil,
    fabs,
    floor,
    full,
    full_int,
    highest_bit,
    lowest_bit,
    maximum,
    minimum,
    reduce_max,
    reduce_min,
    reduce_sum,
    sqrt,
    to_float,
    to_int,
    where,
)
from plotart.raster.cpu.memory import at, from_records, gather, load, put, store, to_records

ONE, OTHER = (np.random.default_rng(seed).normal(size=WIDTH + 3).astype(np.float32) for seed in (0, 1))
NUMBERS = np.random.default_rng(2).integers(0, 9, WIDTH + 3).astype(np.int32)


@njit
def _arithmetic(x, y, numbers, out):
    a, b, k = load(x, 1), load(y, 2), load(numbers, 3)
    store(out[0], 0, (a + b) * 2.0 - a / b)
    store(out[1], 0, where((a < b) & ~(a <= 0.5) | (a == b), minimum(a, b), -maximum(a, 0.25)))
    store(out[2], 0, floor(a) + ceil(b) + sqrt(fabs(a)))
    store(out[3], 0, to_float(((k + 5) * k - 1) >> 1 & 6) + to_float(to_int(floor(b))) + arange())
    store(out[4], 0, gather(x, k) + full(y[0]))
    store(out[5], 0, to_float(where(k != 3, k, full_int(7))))
    a += b
    a *= b
    store(out[6], 0, a)


def test_lanes_do_what_numpy_does() -> None:
    out = np.empty((7, WIDTH), np.float32)
    _arithmetic(ONE, OTHER, NUMBERS, out)
    a, b, k = ONE[1 : WIDTH + 1], OTHER[2 : WIDTH + 2], NUMBERS[3 : WIDTH + 3]
    expected = [
        (a + b) * 2 - a / b,
        np.where((a < b) & ~(a <= 0.5) | (a == b), np.minimum(a, b), -np.maximum(a, 0.25)),
        np.floor(a) + np.ceil(b) + np.sqrt(np.abs(a)),
        (((k + 5) * k - 1).astype(np.uint32) >> 1 & 6) + np.floor(b) + np.arange(WIDTH),
        ONE[k] + OTHER[0],
        np.where(k != 3, k, 7),
        (a + b) * b,
    ]
    for have, want in zip(out, expected, strict=True):
        assert have == pytest.approx(want, rel=1e-5, abs=1e-6)


@njit
def _one_number(x):
    a = load(x, 0)
    over = bitmask(a > 0.0)
    return reduce_sum(a), reduce_min(a), reduce_max(a), over, lowest_bit(over), highest_bit(over)


def test_lanes_become_one_number() -> None:
    a = ONE[:WIDTH]
    over = np.flatnonzero(a > 0)
    expected = (a.sum(), a.min(), a.max(), (1 << over).sum(), over[0], over[-1])
    assert _one_number(ONE) == pytest.approx(expected, rel=1e-5)


@njit
def _there_and_back(columns, order, records, out):
    lanes = (
        load(columns[0], 0), load(columns[1], 0), load(columns[2], 0), load(columns[3], 0),
        load(columns[4], 0), load(columns[5], 0), load(columns[6], 0), load(columns[7], 0),
    )  # fmt: skip
    to_records(records, 2, lanes)
    back = from_records(records, load(order, 0))
    for j, lane in enumerate(back):
        store(out[j], 0, lane)
    put(order, 0, at(order, 1))


def test_records_hold_columns_side_by_side() -> None:
    columns = np.random.default_rng(3).normal(size=(8, WIDTH)).astype(np.float32)
    order = np.random.default_rng(4).permutation(WIDTH).astype(np.int32) + 2
    records, out, second = np.zeros(8 * (WIDTH + 2), np.float32), np.empty((8, WIDTH), np.float32), order[1]
    want = columns[:, order - 2]
    _there_and_back(columns, order, records, out)
    assert np.array_equal(records.reshape(-1, 8)[2:], columns.T)
    assert np.array_equal(out, want)
    assert order[0] == second
