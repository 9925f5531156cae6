"""Tones: what hatches of pens look like from afar, and which pens a picture misses least."""

import numpy as np
import pytest
import torch

from plotart.color import hex_to_rgb, to_lab, to_linear
from plotart.pens import Pen, load_pens
from plotart.plot.tones import RULING, fewest_missed, tones

BLACK = Pen(name="black", hex="#000000", tip_mm=0.4)
RED = Pen(name="red", hex="#d00000", tip_mm=0.4)


def test_a_ruling_has_every_line_once():
    for density, _, _ in RULING:
        lines = np.zeros(48)
        for share, first, apart in RULING:
            if share <= density:
                lines[first::apart] += 1
        assert lines.max() == 1
        assert lines.mean() == density


def test_half_of_a_black_hatch_leaves_half_of_the_light():
    mixed = tones([BLACK], "#ffffff", 2)
    half = mixed.lab[(mixed.density == 0.5).all(axis=1)][0]
    grey = float(torch.tensor(0.5, dtype=torch.float64))
    assert half[0] == pytest.approx(116 * grey ** (1 / 3) - 16, abs=0.1)


def test_hatches_over_each_other_filter_independently():
    mixed = tones([BLACK, RED], "#ffffff", 2)
    row = np.flatnonzero((mixed.density == [0.5, 0.25]).all(axis=1))
    red = to_linear(np.asarray(hex_to_rgb(RED.hex)))
    order = [pen.name for pen in mixed.pens]
    assert order == ["red", "black"]
    light = (1 - 0.5 * (1 - red)) * 0.75
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert mixed.lab[row[0]] == pytest.approx(to_lab(srgb), abs=0.05)


def test_no_more_pens_together_than_allowed():
    mixed = tones(load_pens("basic-12").pens[:4], "#ffffff", 2)
    used = (mixed.density > 0).sum(axis=1)
    assert used.max() == 2
    assert (used == 0).sum() == 1


def test_the_pens_a_picture_needs_are_kept():
    pens = [*load_pens("#0000ff,#00a000,#d00000").pens, BLACK]
    lab = to_lab(np.array([[0.82, 0.0, 0.0], [0.1, 0.1, 0.1], [0.9, 0.4, 0.4]]))
    mixed = fewest_missed(lab, np.ones(3), pens, "#ffffff", 2, 2)
    assert {pen.hex for pen in mixed.pens} == {"#d00000", "#000000"}


def test_boldest_is_the_pen_seen_best_on_the_paper():
    assert tones([RED, BLACK], "#ffffff", 1).boldest() == 1
    assert tones([RED, BLACK], "#000000", 1).boldest() == 0
