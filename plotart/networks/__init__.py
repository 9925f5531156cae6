"""Feature networks: named layers of frozen nets."""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch

from plotart.networks.base import Network, Precision, Pretrained, choose_precision, networks
from plotart.networks.torchvision import torchvision_network

networks.home(__name__, __path__)

__all__ = ["Network", "Precision", "Pretrained", "load_network", "networks"]


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


def load_network(
    name: str = "auto",
    *,
    precision: Precision = "auto",
    device: torch.device | str = "cpu",
    report: Callable[[str], None] = _to_stderr,
) -> Network:
    """A frozen network with its pretrained weights: one of `networks`, or any model of torchvision by its name.

    `report` receives the one line that says what `auto` chose when that is not vgg16; the network's `name` is the one
    chosen. Raises InputError for an unknown name and when the weights cannot be had (naming the command to run).
    """
    device = torch.device(device)
    dtype = choose_precision(precision, device)
    made = networks[name]().build(report) if name in networks else torchvision_network(name)
    return made.freeze(dtype, device)
