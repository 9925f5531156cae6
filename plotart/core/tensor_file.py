"""Tensors and plain values, nested as they come, in one file that tells when it is damaged and never runs code.

The file is safetensors: any of its readers opens it. Beside the tensors its header holds the rest as JSON, the layout
of what is kept, and a SHA-256 of all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

__all__ = ["Damaged", "pack", "read_tensors", "unpack"]

LARGEST_HEADER = 256 * 2**20
"""Bytes; a damaged file may claim any length."""


class Damaged(ValueError):
    """A file is not as it was written; the message says what is wrong with it, without its name."""


def pack(value: Any, layout: str) -> bytes:
    """`value` as a file: tensors, None, bool, int, float and str in dicts, lists and tuples.

    Args:
        layout: names what the value holds; `unpack` hands it back.

    Raises:
        TypeError: something else is in it.
    """
    tensors: dict[str, Tensor] = {}
    tree = json.dumps(_plain(value, tensors), separators=(",", ":"))
    told = {"layout": layout, "tree": tree, "sha256": _digest(layout, tree, tensors)}
    made: bytes = save(tensors, told)
    return made


def unpack(content: bytes) -> tuple[str, Any]:
    """The layout and the value of what `pack` made.

    Raises:
        Damaged: it is cut short, or any bit of it is another.
    """
    try:
        length = int.from_bytes(content[:8], "little")
        if len(content) < 8 or not 0 < length <= min(len(content) - 8, LARGEST_HEADER):
            raise Damaged("it is empty" if not content else "it is cut short or no such file")
        told = json.loads(content[8 : 8 + length])["__metadata__"]
        layout, tree, digest = told["layout"], told["tree"], told["sha256"]
        tensors = load(content)
        if _digest(layout, tree, tensors) != digest:
            raise Damaged("its checksum is wrong")
        return layout, _nested(json.loads(tree), tensors)
    except Damaged:
        raise
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        raise Damaged("it is cut short or no such file") from None


def read_tensors(path: FilePath) -> tuple[str, Any]:
    """`unpack` of a file.

    Raises:
        Damaged: also when it cannot be read.
    """
    try:
        if not path.is_file() and path.exists():
            raise Damaged("it is no file")
        return unpack(path.read_bytes())
    except OSError as error:
        raise Damaged(f"it cannot be read: {error.strerror or error}") from None


def _digest(layout: str, tree: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(f"{layout}\n{tree}\n".encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data if tensor.numel() else b"")
    return digest.hexdigest()


def _plain(value: Any, tensors: dict[str, Tensor]) -> Any:
    """`value` as JSON, its tensors taken out; dicts, tuples and tensors become objects of one key that says which."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor):
        name = str(len(tensors))
        # a copy, for safetensors keeps no two tensors that share their memory
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"dict": [[_plain(key, tensors), _plain(part, tensors)] for key, part in value.items()]}
    if isinstance(value, list | tuple):
        parts = [_plain(part, tensors) for part in value]
        return {"tuple": parts} if isinstance(value, tuple) else parts
    raise TypeError(f"a {type(value).__name__} cannot be kept in a file")


def _nested(plain: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(plain, list):
        return [_nested(part, tensors) for part in plain]
    if not isinstance(plain, dict):
        return plain
    ((what, held),) = plain.items()
    if what == "tensor":
        return tensors[held]
    if what == "tuple":
        return tuple(_nested(part, tensors) for part in held)
    return {_nested(key, tensors): _nested(part, tensors) for key, part in held}
