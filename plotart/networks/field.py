"""How much of an image one unit looks at."""

from __future__ import annotations

import math

import torch

from plotart.networks.base import Network

__all__ = ["field_px"]

SIDE = 160
"""Of the image that is looked at, px: more than any layer one would draw depends on."""


def field_px(network: Network, layer: str) -> float:
    """Side, px of the network's image, of the square that the answer of a unit of `layer` depends on.

    The squared gradient of the unit in the middle of the layer, at an image of noise, is spread like a square of that
    side would be (its variance along an axis is side² / 12). It is smaller than the part of the image that could have
    an influence at all: of conv4_3 of VGG 92 px, most of which hardly matter (W. Luo et al., "Understanding the
    effective receptive field in deep convolutional neural networks", 2016).
    """
    side = min(network.input_size, SIDE)
    generator = torch.Generator().manual_seed(0)
    image = (0.5 + 0.2 * torch.randn(1, 3, side, side, generator=generator)).clamp(0, 1).to(network.mean.device)
    image.requires_grad_()
    features = network.features(image, [layer])[network.resolve(layer)]
    middle = features[0, :, features.shape[2] // 2, features.shape[3] // 2]
    signs = torch.randint(2, middle.shape, generator=generator).to(middle) * 2 - 1
    (slope,) = torch.autograd.grad((signs * middle).sum(), image)
    energy = slope[0].square().sum(0)
    variance = 0.0
    for axis in (0, 1):
        along = energy.sum(axis)
        at = torch.arange(len(along), device=along.device).to(along)
        mean = (along * at).sum() / along.sum()
        variance += float((along * (at - mean).square()).sum() / along.sum()) / 2
    return max(1.0, math.sqrt(12 * variance))
