"""Colour separation: how much of each pen makes the colours of a picture, and which few pens make them best."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from plotart.core.color import hex_to_rgb, lab_of_light, to_linear, to_srgb
from plotart.core.images import resize
from plotart.drawing.ink.pens import lay_over
from plotart.pens import Pen
from plotart.stages.descent import adam_move

__all__ = ["Afforded", "afford", "fewer_pens", "ink_deep", "mixed", "separate"]

INK_PRICE = 0.02
"""What covering the page once costs beside a squared difference of Lab (100 counts as one): of two ways to a colour the
one of less ink is taken, and grey is black pen rather than three colours over each other. Twice as dear, drafts have
truer colours and finished pictures do not (benchmarks/README.md)."""
SPARE = 1.2
"""Fitted strokes have about this many times the ink of two terms of the series of random ones (see `ink_deep`)."""
CROWD = 0.8
"""Of the layers that a square millimetre may carry, how many are wanted at the most: strokes cross where they like."""
CROWD_PRICE = 0.05
"""What a square of the layers beyond that costs."""
DEAREST = 24.0
"""Ink is made dearer at most so many times; what is still too much is thinned out everywhere. On the astronaut at A4 in
an hour (150 steps) 24 and 12 end with a CIEDE2000 of 15.2 and 16.2 from two metres and details of .57 and .49 (face .63
and .55): the dearer leaves out the light wall and draws the face in the tones that it has."""
EVEN = 1.15
"""Tones are asked for up to so many times the ink that there is time for: fitted strokes do more with theirs than is
expected of them. On the astronaut at A5 (1.08 times too much, 150 steps) a CIEDE2000 of 3.64 instead of 4.00."""
RATE = 0.15
BETAS = (0.9, 0.999)
"""Of Adam."""
SCALE = 2.0**20
RIVALS = 4
"""Pens that are tried to be left out, those that are missed least while the others stay as they are."""
COARSE = 48
"""Short side in px of the picture on which shares are found before details are."""
TRIED = 20
"""Steps in which the other pens take over."""
SMALL = 32
"""Short side in px of the picture on which pens are chosen: colours decide there, not details."""


def separate(
    target: Tensor,
    pens: Sequence[Pen],
    paper: Tensor,
    *,
    steps: int = 150,
    weight: Tensor | None = None,
    most_layers: float = math.inf,
    coarse: int | None = None,
) -> Tensor:
    """The share of the paper each pen covers at each point, so that light and paper together make the picture.

    Coverages u are found by gradient descent on the squared difference in CIE Lab between the picture and the light
    that `Penned` lets leave the paper where strokes of the pens cross at random (Demichel), sum_c |Lab(u) - Lab|^2,
    plus a price on ink. A colour that the pens cannot make becomes the nearest they can, in which lightness, the
    widest of the three axes for most pens, is kept first.

    Args:
        target: `[1, 3, h, w]` sRGB in 0..1. paper: `[3]` sRGB.
        weight: `[h, w]` of mean 1, what a difference counts. most_layers: that a square millimetre may carry.
        coarse: short side in px of a smaller picture that is separated first; a sixth of the steps then find what is
            finer.

    Returns:
        `[K, h, w]` in 0..1, detached.
    """
    size = (target.shape[-2], target.shape[-1])
    start = torch.full((len(pens), *size), -1.0)
    if coarse is not None and coarse < min(size):
        small = _coarse(size, coarse)
        broad = _Wanted(resize(target, *small), paper, None, most_layers)
        found, _ = _descend(broad, pens, start[:, : small[0], : small[1]], steps)
        start = interpolate(found[None], size, mode="bilinear", antialias=True)[0]
        steps = -(-steps // 6)
    wanted = _Wanted(target, paper, weight, most_layers)
    return torch.sigmoid(_descend(wanted, pens, start, steps)[0])


def _coarse(size: tuple[int, int], short: int) -> tuple[int, int]:
    """The size of a picture made smaller until its short side has at most so many px."""
    scale = min(1.0, short / min(size))
    return max(1, round(scale * size[0])), max(1, round(scale * size[1]))


def ink_deep(shares: Tensor) -> Tensor:
    """Layers of ink that make such shares of covered paper, of any shape.

    Strokes at random cover 1 - exp(-d) of the paper where they would cover it d times side by side; fitted ones are
    more even: of the series d = u + u^2/2 + u^3/3 + ... two terms.
    """
    return shares + shares**2 / 2


@dataclass(frozen=True)
class Afforded:
    """Shares that can be drawn with what there is, and what they are of all that was wanted.

    Attributes:
        shares, wanted: `[K, h, w]` in 0..1, the same where all can be drawn.
        tones, whole: what may be asked of strokes, and what all that was wanted would make, `[1, 3, h, w]` sRGB.
    """

    shares: Tensor
    wanted: Tensor
    tones: Tensor
    whole: Tensor

    @property
    def all_of_it(self) -> bool:
        return self.shares is self.wanted

    @property
    def drawn(self) -> float:
        """The share of the ink that is drawn."""
        return float(ink_deep(self.shares).sum() / ink_deep(self.wanted).sum().clamp_min(1e-12))


def afford(
    target: Tensor,
    pens: Sequence[Pen],
    paper: Tensor,
    demand: Callable[[Tensor], float],
    *,
    weight: Tensor | None = None,
    most_layers: float = math.inf,
) -> Afforded:
    """The shares of `separate`, or where they ask too much those of dearer ink, which is left out where it is least
    missed: first where it does little for the weighted difference in Lab, so that tones are compressed.

    Args:
        demand: what drawing shares `[K, h, w]` takes of the time there is; 1: all of it.
    """
    wanted = separate(target, pens, paper, weight=weight, most_layers=most_layers, coarse=COARSE)
    whole = mixed(wanted, pens, paper)
    if demand(wanted) <= 1:
        return Afforded(wanted, wanted, whole, whole)
    # the price is found on a small picture
    size = _coarse((int(target.shape[-2]), int(target.shape[-1])), COARSE)
    small = _Wanted(
        resize(target, *size), paper, None if weight is None else resize(weight[None], *size)[0], most_layers
    )
    start, small_start = _logits(wanted), _logits(resize(wanted, *size))
    low, high = 0.0, math.log(DEAREST)
    for _ in range(7):
        middle = (low + high) / 2
        shares = torch.sigmoid(_descend(replace(small, price=math.exp(middle)), pens, small_start, 60)[0])
        low, high = (low, middle) if demand(shares) <= 1 else (middle, high)
    dear = _Wanted(target, paper, weight, most_layers, math.exp(high))
    within = torch.sigmoid(_descend(dear, pens, start, 60)[0])
    # where ink cannot be dear enough all of it is thinned out; elsewhere a little more or less fits
    within = _toward(within, torch.zeros_like(within), demand, 1.0)
    shares = _toward(wanted, within, demand, 1.0)
    tones = mixed(_toward(wanted, shares, demand, EVEN), pens, paper)
    return Afforded(shares, wanted, tones, whole)


def _logits(shares: Tensor) -> Tensor:
    return torch.logit(shares.clamp(1e-3, 1 - 1e-3))


def _toward(more: Tensor, less: Tensor, demand: Callable[[Tensor], float], limit: float) -> Tensor:
    """As far from shares of `less` ink to those of `more` as demands no more than `limit`."""
    if demand(more) <= limit:
        return more
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if demand(less + middle * (more - less)) <= limit else (low, middle)
    return less + low * (more - less)


def fewer_pens(target: Tensor, pens: Sequence[Pen], paper: Tensor, least: int = 1) -> list[tuple[list[int], float]]:
    """Ever fewer of the pens, down to `least`: each time the one without which the picture loses least is left out.

    Returns:
        the pens that are left, ascending, and the share of the blank page's squared difference in Lab that they take
        away, from all pens on.
    """
    small = resize(target, *_coarse((int(target.shape[-2]), int(target.shape[-1])), SMALL))
    lab = _lab(to_linear(small))
    blank = float((_lab(to_linear(paper)[None, :, None, None]) - lab).square().sum(1).mean())
    left = list(range(len(pens)))
    wanted = _Wanted(small, paper)
    shares, error = _descend(wanted, pens, torch.full((len(pens), *small.shape[-2:]), -1.0), 150)
    path = [(list(left), 1 - error / max(blank, 1e-12))]
    while len(left) > least:
        here = [pens[i] for i in left]
        covered = torch.sigmoid(shares)
        bare = [covered * (torch.arange(len(left)) != place)[:, None, None] for place in range(len(left))]
        light = _light(here, paper)
        missed = [float((_lab(light(each)) - lab).square().sum(1).mean()) for each in bare]
        rivals = []
        for place in sorted(range(len(left)), key=missed.__getitem__)[:RIVALS]:
            others = [i for i in range(len(left)) if i != place]
            tried, error = _descend(wanted, [pens[left[i]] for i in others], shares[others], TRIED)
            rivals.append((error, place, tried))
        error, place, shares = min(rivals, key=lambda rival: rival[:2])
        del left[place]
        path.append((list(left), 1 - error / max(blank, 1e-12)))
    return path


@dataclass(frozen=True)
class _Wanted:
    """What a descent looks for; `price` is how many times `INK_PRICE` ink costs."""

    target: Tensor
    paper: Tensor
    weight: Tensor | None = None
    most_layers: float = math.inf
    price: float = 1.0


def _descend(wanted: _Wanted, pens: Sequence[Pen], logits: Tensor, steps: int) -> tuple[Tensor, float]:
    """Logits `[K, h, w]` of the coverages after so many steps of Adam, and the squared difference that is left."""
    logits = logits.detach().clone().requires_grad_()
    mean, second = torch.zeros_like(logits), torch.zeros_like(logits)
    lab, light = _lab(to_linear(wanted.target)), _light(pens, wanted.paper)
    # a millimetre of a thin pen takes as long as one of a wide pen and covers less
    length = torch.tensor([sum(other.tip_mm for other in pens) / len(pens) / pen.tip_mm for pen in pens])
    error = torch.zeros(())
    for step in range(1, steps + 1):
        covered = torch.sigmoid(logits)
        missed = (_lab(light(covered)) - lab).square().sum(1)
        error = (missed if wanted.weight is None else missed * wanted.weight).mean()
        loss = error + wanted.price * INK_PRICE * (covered * length[:, None, None]).mean()
        if wanted.most_layers < math.inf:
            crowd = SPARE * ink_deep(covered).sum(0) - CROWD * wanted.most_layers
            loss = loss + CROWD_PRICE * crowd.clamp_min(0).square().mean()
        # the slopes of single pixels are so small that their squares would be denormal numbers, which are slow
        (slope,) = torch.autograd.grad(SCALE * loss, logits)
        with torch.no_grad():
            logits -= RATE * adam_move(mean, second, slope, step, BETAS, 1e-8 * SCALE)
    return logits.detach(), float(error.detach())


def _light(pens: Sequence[Pen], paper: Tensor) -> Callable[[Tensor], Tensor]:
    """The linear light `[1, 3, h, w]` that shares `[K, h, w]` of the pens leave, as `mix_pens` has it."""
    ground = to_linear(paper)[:, None, None]
    colours = [to_linear(torch.as_tensor(hex_to_rgb(pen.hex)).float())[:, None, None] for pen in pens]
    if any(pen.opaque for pen in pens):

        def over(covered: Tensor) -> Tensor:
            light = ground.expand(3, *covered.shape[1:])
            for pen, own, share in zip(pens, colours, covered, strict=True):
                light = lay_over(light, pen.opacity * share, own, opaque=pen.opaque)
            return light[None]

        return over
    # every share lies on paper once, so that pens that build up take no more than others
    taken = torch.stack([pen.opacity * (1 - own) for pen, own in zip(pens, colours, strict=True)])
    return lambda covered: (ground * (1 - covered[:, None] * taken).prod(0))[None]


def mixed(covered: Tensor, pens: Sequence[Pen], paper: Tensor) -> Tensor:
    """What shares `[K, h, w]` of the pens make, `[1, 3, h, w]` sRGB."""
    return to_srgb(_light(pens, paper)(covered))


def _lab(light: Tensor) -> Tensor:
    """CIE Lab of linear light, 100 counting as one: `[1, 3, h, w]`."""
    return lab_of_light(light) / 100
