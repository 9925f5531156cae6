"""The tensors and the nodes of an ONNX file: as much of its protocol buffers as weights need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from plotart.core.errors import InputError

__all__ = ["Node", "read_onnx"]

GRAPH = 7  # of ModelProto
NODES, INITIALIZERS = 1, 5  # of GraphProto
DIMS, KIND, NAME, FLOATS, RAW = 1, 2, 8, 4, 9  # of TensorProto
FLOAT, INT64 = 1, 7
"""Kinds of tensors that are read; others are left out."""


@dataclass(frozen=True)
class Node:
    """An operation: its kind, and the names of what goes in and comes out."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_onnx(path: Path) -> tuple[dict[str, Tensor], list[Node]]:
    """The initializers by name, and the nodes in their order.

    Raises:
        InputError: the file is none, or cut off.
    """
    content = memoryview(path.read_bytes())
    tensors: dict[str, Tensor] = {}
    nodes: list[Node] = []
    try:
        graph = next(value for number, value in _fields(content) if number == GRAPH)
        for number, value in _fields(_bytes(graph)):
            if number == INITIALIZERS:
                name, tensor = _tensor(_bytes(value))
                if tensor is not None:
                    tensors[name] = tensor
            elif number == NODES:
                nodes.append(_node(_bytes(value)))
    except (StopIteration, IndexError, ValueError, RuntimeError) as error:
        raise InputError(f"'{path}' is no ONNX file that can be read ({error})") from error
    return tensors, nodes


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: number, and a whole number or the bytes of what is written."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(content, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(content, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(content):
            raise ValueError("it is cut off")
        yield number, content[at : at + size]
        at += size


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a message is a number")
    return value


def _tensor(content: memoryview) -> tuple[str, Tensor | None]:
    dims: list[int] = []
    kind, name, raw = 0, "", b""
    for number, value in _fields(content):
        if number == DIMS:
            dims += [value] if isinstance(value, int) else _packed(value)
        elif number == KIND and isinstance(value, int):
            kind = value
        elif number == NAME:
            name = str(_bytes(value), "utf-8")
        elif number in (RAW, FLOATS):
            raw = bytes(_bytes(value))
    if kind not in (FLOAT, INT64) or not raw:
        return name, None
    flat = torch.frombuffer(bytearray(raw), dtype=torch.float32 if kind == FLOAT else torch.int64)
    return name, flat.reshape(dims)


def _packed(content: memoryview) -> list[int]:
    found, at = [], 0
    while at < len(content):
        value, at = _varint(content, at)
        found.append(value)
    return found


def _node(content: memoryview) -> Node:
    into: list[str] = []
    out: list[str] = []
    kind = ""
    for number, value in _fields(content):
        if number in (1, 2):
            (into if number == 1 else out).append(str(_bytes(value), "utf-8"))
        elif number == 4:
            kind = str(_bytes(value), "utf-8")
    return Node(kind, tuple(into), tuple(out))
