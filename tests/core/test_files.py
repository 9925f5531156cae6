"""What is written is whole: files beside their old content, and tensors that notice every bit."""

import pytest
import torch

from plotart.core.files import write_beside
from plotart.core.tensor_file import Damaged, pack, unpack


def test_values_come_back_as_they_were():
    value = {
        "a": (1, -0.1, float("inf"), None, True, "ü"), 3: [torch.arange(6).reshape(2, 3).T, torch.empty(0)],
        "b": {"x": torch.tensor([True]), "y": torch.tensor(2.5, dtype=torch.float64)}, "empty": {},
    }  # fmt: skip
    shared = torch.zeros(3)
    layout, back = unpack(pack({**value, "twice": [shared, shared]}, "here 1"))
    assert layout == "here 1"
    assert back["a"] == value["a"] and back["empty"] == {} and isinstance(back["a"], tuple)
    for one, other in zip(back[3], value[3], strict=True):
        assert torch.equal(one, other)
    assert back["b"]["y"].dtype == torch.float64 and back["b"]["x"].item() is True
    with pytest.raises(TypeError, match="set"):
        pack({"a": {1}}, "here 1")


def test_every_flipped_bit_is_noticed():
    content = pack({"a": torch.arange(40.0), "b": [1.5, "text"]}, "here 1")
    for bit in range(0, 8 * len(content), 5):
        wrong = bytearray(content)
        wrong[bit // 8] ^= 1 << bit % 8
        try:
            layout, value = unpack(bytes(wrong))
        except Damaged:
            continue
        # padding of the header may be anything
        assert layout == "here 1" and torch.equal(value["a"], torch.arange(40.0)) and value["b"] == [1.5, "text"]
    for length in (0, 1, 7, 8, 60, len(content) - 1):
        with pytest.raises(Damaged):
            unpack(content[:length])


def test_a_file_is_never_without_its_old_or_new_content(tmp_path):
    path = tmp_path / "a.txt"
    (tmp_path / "before").mkdir()
    path.write_text("old")
    with write_beside(path, durable=True, keep=tmp_path / "before" / "a.txt") as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and (tmp_path / "before" / "a.txt").read_text() == "old"
    with pytest.raises(ZeroDivisionError), write_beside(path) as beside:
        beside.write_text(str(1 / 0))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "before"]
