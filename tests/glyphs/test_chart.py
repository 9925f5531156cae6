"""The chart of a reader: shares of a matrix, and where their squares lie."""

from types import SimpleNamespace

import pytest
import torch

from plotart.glyphs.chart import RULE, SIDE, chart, confusion_matrix
from plotart.glyphs.messages import Messages


def reader() -> SimpleNamespace:
    """Reads glyph m of three, whose picture is m / 4 light, but takes the last for the first."""
    messages = Messages("symbols", 3)

    def decoder(ink: torch.Tensor) -> torch.Tensor:
        return torch.eye(3)[(4 * ink[:, 0, 0, 0]).round().long() % 2]

    made = SimpleNamespace(messages=messages, alphabet=SimpleNamespace(shown=torch.eye(3)), decoder=decoder)
    made.send = lambda image, strength, generator: (image, None)
    made.eval = lambda: made
    return made


def test_rows_tell_what_each_glyph_is_read_as():
    images = (torch.arange(3) / 4).view(3, 1, 1, 1).expand(3, 3, 8, 8)
    found = confusion_matrix(reader(), images, 5, torch.Generator())
    assert torch.equal(found, torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 0]]))


def test_right_is_blue_wrong_is_red_and_rare_mistakes_are_seen():
    matrix = torch.tensor([[0.96, 0.04], [0, 1]])
    picture = chart(matrix, torch.tensor([0.2, 0.7]).view(2, 1, 1, 1).expand(2, 3, 9, 9))
    assert picture.size == (SIDE + RULE + 2 * SIDE,) * 2

    def at(row: int, column: int) -> tuple[int, int, int]:
        return picture.getpixel((RULE + SIDE // 2 + SIDE * (column + 1), RULE + SIDE // 2 + SIDE * (row + 1)))

    assert at(0, 0)[2] > at(0, 0)[0] + 60
    assert at(0, 1)[0] > at(0, 1)[2] + 30
    assert at(1, 0) == (255, 255, 255)
    for edge in (picture.getpixel((10, RULE + SIDE + 10)), picture.getpixel((RULE + SIDE + 10, 10))):
        assert edge[0] == pytest.approx(51, abs=1)  # the first glyph, before its row and above its column
