"""Messages: what is drawn, how answers are judged, and word files."""

import pytest
import torch

from plotart.core.errors import InputError
from plotart.glyphs.messages import Messages, MessageSpec


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_symbol_comes_before_one_comes_again():
    drawn = Messages("symbols", 5).draw(10, rng())
    assert torch.equal(drawn.sum(0), torch.full((5,), 2.0))
    assert torch.equal(drawn[:5].sum(0), torch.ones(5))


@pytest.mark.parametrize("kind", ["symbols", "binary", "normal"])
def test_perfect_answers_score_one_and_guesses_about_zero(kind):
    messages = Messages(kind, 64)
    said = messages.draw(2000, rng())
    perfect = said if kind == "normal" else 20 * (said - 0.5)
    guessed = torch.randn(2000, 64, generator=rng(1))
    assert messages.score(perfect, said) == pytest.approx(1)
    assert abs(messages.score(guessed, said)) < 0.03
    assert messages.loss(perfect, said) < 0.01 < messages.loss(guessed, said)


def test_small_binary_alphabet_is_all_bit_patterns_in_order():
    assert Messages("binary", 2).first(64).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_nearest_is_the_likeliest_pattern_of_bits():
    messages = Messages("binary", 3)
    among = messages.first(8)
    answer = torch.tensor([[3.0, -0.1, 2.0], [-1.0, 0.5, -4.0]])
    assert messages.nearest(answer, among).tolist() == [0b101, 0b010]


def test_words_of_a_file(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("3 2\nking 1 2\nqueen 1.5 2\nbread -4 0\n", encoding="utf-8")
    messages = MessageSpec(kind="words", size=3, file=str(path)).build()
    table = messages.first(3)
    assert messages.length == 2
    assert [messages.label(i) for i in range(3)] == ["king", "queen", "bread"]
    assert float(table.std(correction=0)) == pytest.approx(1)
    assert messages.score(table + 0.05, table) == 1
    assert messages.score(table[[1, 0, 2]], table) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("text", "words"), [("a 1 2\nb 1\n", "line 2"), ("a 1 x\n", "line 1"), ("a 1 2\n", "holds 1 words")]
)
def test_broken_word_files_are_refused(text, words, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        MessageSpec(kind="words", size=2, file=str(path)).build()
