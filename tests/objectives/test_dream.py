"""Likeness to a dream: nothing until there is one, then 0 for the same picture; kept in checkpoints."""

import torch

from plotart.objectives import Frame
from plotart.objectives.balance import GradientBalance
from plotart.objectives.dream import Dreamed


def made():
    return Dreamed((20, 16), 2.0, 2000.0, 0.0025, GradientBalance.fixed(1.0))


def test_it_asks_for_the_dream_once_there_is_one():
    image = torch.rand(1, 3, 20, 16, generator=torch.Generator().manual_seed(0))
    dream = made()
    assert float(dream(Frame(image))) == 0
    dream.remember(image)
    assert abs(float(dream(Frame(image)))) < 1e-4
    assert float(dream(Frame(1 - image))) > 1e-3
    again = made()
    again.load_state_dict(dream.state_dict())
    assert float(again(Frame(1 - image))) == float(dream(Frame(1 - image)))
