"""What separation takes pens to make is what the ink shows."""

from __future__ import annotations

import pytest
import torch

from plotart.drawing.ink.pens import mix_pens
from plotart.pens import Pen
from plotart.stages.separation import mixed

RED, BLUE, WHITE = (
    Pen(name="red", hex="#c8102e", tip_mm=0.4, opacity=0.8),
    Pen(name="blue", hex="#1b3a8c", tip_mm=0.4),
    Pen(name="white", hex="#ffffff", tip_mm=0.7, opaque=True, opacity=0.9),
)


@pytest.mark.parametrize("pens", [[RED, BLUE], [RED, WHITE, BLUE]], ids=["transparent", "opaque between"])
def test_shares_look_as_the_ink_shows_them(pens: list[Pen]) -> None:
    shares = torch.rand(len(pens), 5, 7, generator=torch.Generator().manual_seed(0))
    paper = torch.tensor([0.9, 0.85, 0.7])
    torch.testing.assert_close(mixed(shares, pens, paper), mix_pens(pens, 1 - shares[None], paper), rtol=0, atol=1e-6)
