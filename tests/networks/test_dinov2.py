"""The vision transformer, tiny and with random weights: layers, gradients, and what is read from an ONNX file."""

import struct

import pytest
import torch
from torch.nn import functional as F

from plotart.core.composition import Framing
from plotart.core.errors import InputError
from plotart.core.focus import focus_of
from plotart.networks.dinov2 import Dinov2, dinov2, focus_gaze, gaze
from plotart.networks.onnx_file import read_onnx


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(0)
    network = Dinov2(width=128, depth=2, hidden=32, side=3)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return network.freeze(torch.float32, "cpu")


def test_layers_are_maps_of_patches(tiny):
    images = torch.rand(1, 3, 43, 70, requires_grad=True)
    found = tiny.features(images, ["block0.mlp@post", "block0", "block1"])
    assert {name: list(value.shape[1:]) for name, value in found.items()} == {
        "block0.mlp@post": [32, 3, 5], "block0@pre": [128, 3, 5], "block1@pre": [128, 3, 5],
    }  # fmt: skip
    assert tiny.units("block1") == 128 and tiny.units("block1.mlp") == 32
    (slope,) = torch.autograd.grad(found["block1@pre"].square().sum(), images)
    assert float(slope.abs().amin((0, 1)).max()) > 0 and bool(torch.isfinite(slope).all())
    hidden = tiny.features(images, ["block0.mlp@pre"])["block0.mlp@pre"]
    torch.testing.assert_close(F.gelu(hidden), found["block0.mlp@post"])


def test_a_block_is_attention_and_a_perceptron_as_torch_has_them(tiny):
    block, x = tiny.blocks[0], torch.randn(1, 7, 128)
    theirs = torch.nn.MultiheadAttention(128, 2, batch_first=True)
    with torch.no_grad():
        parts = (block.query, block.key, block.value)
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.load_state_dict(block.output.state_dict())
        normed = block.norm1(x)
        middle = x + block.scale1 * theirs(normed, normed, normed)[0]
        whole = middle + block.scale2 * block.fc2(F.gelu(block.fc1(block.norm2(middle))))
        torch.testing.assert_close(block(x, tiny.heads)[0], whole)


def test_weights_make_the_same_network_again_and_the_head_sees_places(tiny):
    again = dinov2(tiny.state_dict()).freeze(torch.float32, "cpu")
    picture = torch.rand(3, 60, 90)
    seen = gaze(tiny, picture)
    assert seen.shape == (154, 224) and 0 <= float(seen.min()) < float(seen.max()) <= 1
    assert torch.equal(seen, gaze(again, picture))
    right = torch.zeros(60, 90)
    right[:, 60:] = 1
    whole = Framing((0.0, 0.0, 90.0, 60.0), 0.0, (60, 90))
    focus = focus_of("auto", picture, whole, (20, 30), lambda drawn: right)
    assert float(focus[..., 25:].mean()) > 0.9 and float(focus[..., :15].mean()) < 0.1


def test_nothing_is_fetched_for_a_focus(tmp_path, monkeypatch):
    monkeypatch.setenv("PLOTART_CACHE", str(tmp_path))
    assert focus_gaze() is None and not list(tmp_path.iterdir())


def field(number, content):
    """A field of a protocol buffer with bytes, or with a number."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


def test_tensors_and_nodes_of_an_onnx_file_are_read(tmp_path):
    tensor = field(1, 1) + field(1, 2) + field(2, 1) + field(8, b"w") + field(9, struct.pack("<2f", 1.5, -2))
    node = field(1, b"x") + field(1, b"w") + field(2, b"y") + field(4, b"MatMul")
    file = tmp_path / "tiny.onnx"
    whole = field(1, 8) + field(7, field(1, node) + field(5, tensor))
    file.write_bytes(whole)
    tensors, nodes = read_onnx(file)
    assert tensors["w"].tolist() == [[1.5, -2.0]]
    assert [(one.kind, one.inputs, one.outputs) for one in nodes] == [("MatMul", ("x", "w"), ("y",))]
    for wrong in (b"", whole[:-3], b"no file of that kind"):
        file.write_bytes(wrong)
        with pytest.raises(InputError, match="is no ONNX file"):
            read_onnx(file)
