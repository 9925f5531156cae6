"""Colour separation: how much of each pen makes the colours of a picture, and which few pens make them best."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from plotart.core.color import XYZ_OF_LIGHT, lab_of_xyz, to_linear
from plotart.core.images import resize
from plotart.drawing.ink import mix_pens
from plotart.pens import Pen

__all__ = ["fewer_pens", "separate"]

INK_PRICE = 0.02
"""What covering the page once costs beside a squared difference of Lab (100 counts as one): of two ways to a colour the
one of less ink is taken, and grey is black pen rather than three colours over each other."""
RATE = 0.15
SMALL = 48
"""Short side in px of the picture on which pens are chosen: colours decide there, not details."""


def separate(target: Tensor, pens: Sequence[Pen], paper: Tensor, *, steps: int = 150) -> Tensor:
    """The share of the paper each pen covers at each point, so that light and paper together make the picture.

    Coverages u are found by gradient descent on the squared difference in CIE Lab between the picture and the light
    that `Penned` lets leave the paper where strokes of the pens cross at random (Demichel), sum_c |Lab(u) - Lab|^2,
    plus a price on ink. A colour that the pens cannot make becomes the nearest they can, in which lightness, the
    widest of the three axes for most pens, is kept first.

    Args:
        target: `[1, 3, h, w]` sRGB in 0..1. paper: `[3]` sRGB.

    Returns:
        `[K, h, w]` in 0..1, detached.
    """
    start = torch.full((len(pens), *target.shape[-2:]), -1.0)
    return torch.sigmoid(_descend(target, pens, paper, start, steps)[0])


def fewer_pens(target: Tensor, pens: Sequence[Pen], paper: Tensor, least: int = 1) -> list[tuple[list[int], float]]:
    """Ever fewer of the pens, down to `least`: each time the one without which the picture loses least is left out.

    Returns:
        the pens that are left, ascending, and the share of the blank page's squared difference in Lab that they take
        away, from all pens on.
    """
    height, width = target.shape[-2:]
    scale = min(1.0, SMALL / min(height, width))
    small = resize(target, max(1, round(height * scale)), max(1, round(width * scale)))
    blank = float((_lab(paper[None, :, None, None]) - _lab(small)).square().sum(1).mean())
    left = list(range(len(pens)))
    shares, error = _descend(small, pens, paper, torch.full((len(pens), *small.shape[-2:]), -1.0), 150)
    path = [(list(left), 1 - error / max(blank, 1e-12))]
    while len(left) > least:
        rivals = []
        for place in range(len(left)):
            others = [i for i in range(len(left)) if i != place]
            tried, error = _descend(small, [pens[left[i]] for i in others], paper, shares[others], 30)
            rivals.append((error, place, tried))
        error, place, shares = min(rivals, key=lambda rival: rival[:2])
        del left[place]
        path.append((list(left), 1 - error / max(blank, 1e-12)))
    return path


def _descend(target: Tensor, pens: Sequence[Pen], paper: Tensor, logits: Tensor, steps: int) -> tuple[Tensor, float]:
    """Logits `[K, h, w]` of the coverages after so many steps, and the squared difference that is left."""
    logits = logits.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=RATE)
    again = [(k, pen.build_up * pen.opacity) for k, pen in enumerate(pens) if pen.builds]
    wanted = _lab(target)
    error = torch.zeros(())
    for _ in range(steps):
        covered = torch.sigmoid(logits)
        clear = torch.cat([1 - covered, *(1 - factor * covered[k : k + 1] for k, factor in again)])
        error = (_lab(mix_pens(pens, clear, paper)[None]) - wanted).square().sum(1).mean()
        loss = error + INK_PRICE * covered.mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return logits.detach(), float(error.detach())


def _lab(image: Tensor) -> Tensor:
    light = to_linear(image)
    return lab_of_xyz(torch.einsum("ij,bjhw->bihw", light.new_tensor(XYZ_OF_LIGHT), light)) / 100
