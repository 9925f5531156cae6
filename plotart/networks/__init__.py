"""Feature networks: named layers of frozen nets."""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch

from plotart.core.errors import InputError
from plotart.networks.base import Network, Precision, choose_precision
from plotart.networks.efficientnet import LITE0, efficientnet_lite0
from plotart.networks.torchvision import pretrained_state, pretrained_within_reach, torchvision_network
from plotart.networks.vgg import HED, vgg16, vgg16_hed
from plotart.networks.weights import is_cached, load_weights

__all__ = ["NETWORKS", "Network", "Precision", "load_network"]

NETWORKS = {
    "auto": "vgg16 when its weights are cached or reachable, else vgg16-hed",
    "vgg16": "VGG-16 of ImageNet, torchvision's weights (528 MB)",
    "vgg16-hed": "VGG-16 of ImageNet fine-tuned for edges, from the package index (55 MB); best at conv4_1..conv4_3",
    "efficientnet-lite0": "EfficientNet-Lite0 of ImageNet, from the package index (17 MB); the fastest",
}


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


def load_network(
    name: str = "auto",
    *,
    precision: Precision = "auto",
    device: torch.device | str = "cpu",
    report: Callable[[str], None] = _to_stderr,
) -> Network:
    """A frozen network with its pretrained weights: one of `NETWORKS`, or any model of torchvision by its name.

    `report` receives the one line that says what `auto` chose when that is not vgg16; the network's `name` is the one
    chosen. Raises InputError for an unknown name and when the weights cannot be had (naming the command to run).
    """
    device = torch.device(device)
    dtype = choose_precision(precision, device)
    return _build(name, report).freeze(dtype, device)


def _build(name: str, report: Callable[[str], None]) -> Network:
    if name == "auto":
        return _build_auto(report)
    if name == "vgg16":
        return vgg16(pretrained_state("vgg16"))
    if name == "vgg16-hed":
        return vgg16_hed(load_weights(HED))
    if name == "efficientnet-lite0":
        return efficientnet_lite0(load_weights(LITE0))
    return torchvision_network(name)


def _build_auto(report: Callable[[str], None]) -> Network:
    reason = "its weights are neither cached nor reachable"
    try:
        if pretrained_within_reach("vgg16"):
            return vgg16(pretrained_state("vgg16"))
    except InputError as error:
        reason = str(error)
    report(
        f"network auto: vgg16 cannot be used here ({reason}); using vgg16-hed, "
        f"a VGG-16 fine-tuned from ImageNet for edges{'' if is_cached(HED) else ', fetched now (55 MB)'}."
    )
    return vgg16_hed(load_weights(HED))
