"""What every feature network can do: named layers of a frozen net, seen through its own input normalization.

A layer has an address `NAME@pre` (the layer's own output, before its nonlinearity) or `NAME@post` (after it).
`resolve` turns the names of other libraries into addresses.
"""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from plotart.core.errors import InputError
from plotart.core.registry import Registry

__all__ = ["Network", "Precision", "Pretrained", "choose_precision", "cpu_has_bf16", "networks"]

Precision = Literal["auto", "float32", "bf16"]
SIDES = ("pre", "post")


def cpu_has_bf16() -> bool:
    """Whether the CPU multiplies bfloat16 itself; oneDNN also emulates it elsewhere, which is slower than float32."""
    probes: list[Callable[[], bool]] = [
        probe
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        if (probe := getattr(torch.cpu, name, None)) is not None
    ]
    if probes:
        return any(probe() for probe in probes)
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def choose_precision(precision: Precision, device: torch.device) -> torch.dtype:
    """`auto` is bfloat16 on a CPU that multiplies it itself (measured: half the time) and float32 elsewhere."""
    if precision not in ("auto", "float32", "bf16"):
        raise InputError(f"network.precision: {precision!r} is not a precision; there is: auto, bf16, float32")
    if precision == "auto":
        precision = "bf16" if device.type == "cpu" and cpu_has_bf16() else "float32"
    return torch.bfloat16 if precision == "bf16" else torch.float32


class Network(nn.Module, ABC):
    """A frozen feature network in evaluation mode.

    `layers` are the canonical names in network order, `aliases` map other names to (canonical name, side or None),
    `mean` and `std` (RGB, of values 0..1) are the network's own input normalization.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        name: str,
        layers: Sequence[str],
        aliases: Mapping[str, tuple[str, str | None]],
        *,
        input_size: int,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__()
        self.name = name
        self.input_size = input_size
        self.layers = tuple(layers)
        self.aliases = dict(aliases)
        self.dtype = torch.float32
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, 3, 1, 1))

    @abstractmethod
    def units(self, layer: str) -> int:
        """The number of channels of a layer."""

    @abstractmethod
    def run(self, x: Tensor, addresses: frozenset[str]) -> dict[str, Tensor]:
        """The wanted outputs `[B, C, h, w]` for the normalized input `x [B, 3, H, W]`, no further than the deepest."""

    def resolve(self, layer: str) -> str:
        """The address of a layer: `conv4_3`, `block4_conv3`, `features.22` -> `conv4_3@pre`, `..`, `conv4_3@post`.

        Raises InputError naming the nearest names when the network has no such layer.
        """
        name, at, side = layer.partition("@")
        if at and side not in SIDES:
            raise InputError(f"layer {layer!r}: after @ comes pre or post, not {side!r}")
        if name in self.layers:
            canonical, own_side = name, None
        elif name in self.aliases:
            canonical, own_side = self.aliases[name]
        else:
            close = difflib.get_close_matches(name, [*self.layers, *self.aliases], n=3, cutoff=0.4)
            valid = f"nearest: {', '.join(close)}" if close else f"there is: {self._overview()}"
            raise InputError(f"no layer {name!r} in {self.name}; {valid}")
        if side and own_side and side != own_side:
            raise InputError(f"layer {layer!r}: {name} is already {canonical}@{own_side}; write {canonical}@{side}")
        return f"{canonical}@{side or own_side or 'pre'}"

    def _overview(self) -> str:
        names = self.layers
        return ", ".join(names if len(names) <= 16 else (*names[:6], "...", *names[-6:]))

    def features(self, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Layer outputs by address: images `[B, 3, H, W]` sRGB 0..1 -> `{address: [B, C, h, w] float32}`.

        Differentiable in the images; computes nothing beyond the deepest layer asked for. Raises InputError for an
        unknown layer and ValueError for images of another shape.
        """
        return {address: found.float() for address, found in self.answers(images, layers).items()}

    def answers(self, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """The same as `features`, in the network's own precision and order of axes in memory."""
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images: [B, 3, H, W] expected, not {list(images.shape)}")
        addresses = frozenset(self.resolve(layer) for layer in layers)
        x = ((images - self.mean) / self.std).to(self.dtype, memory_format=torch.channels_last)
        found = self.run(x, addresses)
        return {address: found[address] for address in sorted(addresses)}

    def freeze(self, dtype: torch.dtype, device: torch.device | str) -> Network:
        """The same network on `device` with weights of `dtype` in channels-last order, without gradients."""
        for parameter in self.parameters():
            parameter.requires_grad_(False)
            parameter.data = parameter.data.to(device, dtype)
            if parameter.ndim == 4:
                parameter.data = parameter.data.to(memory_format=torch.channels_last)
        for buffer in self.buffers():
            buffer.data = buffer.data.to(device)
        self.dtype = dtype
        return self.eval()


class Pretrained(ABC):
    """A network with its weights, as configs name it."""

    kind: ClassVar[str]
    about: ClassVar[str]
    """What it is, where its weights come from and how large they are, for `plotart networks`."""

    @abstractmethod
    def build(self, report: Callable[[str], None]) -> Network:
        """The network with its weights. report: receives what the user should know of the choice, a line.

        Raises:
            InputError: the weights cannot be had; names the command that gets them.
        """


networks: Registry[Pretrained] = Registry("network")
