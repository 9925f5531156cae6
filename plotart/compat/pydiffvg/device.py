"""Where images are wanted, and whether to print times. Drawing itself is done on the CPU."""

from __future__ import annotations

import torch

__all__ = ["get_device", "get_use_gpu", "print_timing", "set_device", "set_print_timing", "set_use_gpu"]

_wanted: dict[str, bool | torch.device | None] = {"gpu": torch.cuda.is_available(), "device": None, "timing": False}


def set_use_gpu(v: bool) -> None:
    """Whether images are returned on the GPU; without one they stay on the CPU, whatever is asked for."""
    _wanted["gpu"] = bool(v) and torch.cuda.is_available()
    _wanted["device"] = None


def get_use_gpu() -> bool:
    """Whether scenes are drawn on a GPU."""
    return get_device().type == "cuda"


def set_device(d: torch.device | str) -> None:
    """The device of images."""
    _wanted["device"] = torch.device(d)


def get_device() -> torch.device:
    """Where scenes are drawn: as was set, otherwise on a GPU where there is one."""
    device = _wanted["device"]
    if isinstance(device, torch.device):
        return device
    return torch.device("cuda" if _wanted["gpu"] else "cpu")


def set_print_timing(val: bool) -> None:
    """Whether `RenderFunction.apply` prints its seconds."""
    _wanted["timing"] = bool(val)


def print_timing() -> bool:
    """Whether the seconds of each drawing are printed."""
    return bool(_wanted["timing"])
