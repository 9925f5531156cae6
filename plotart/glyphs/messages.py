"""What glyphs say: symbols, bits, vectors or words; how far an answer is from it, and whether it was read."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional as F

from plotart.core.errors import InputError
from plotart.core.settings import NamesFile, Section

__all__ = ["MessageSpec", "Messages"]


class MessageSpec(Section):
    """Which messages there are.

    symbols: `size` one-hot vectors, each a glyph of its own. binary: vectors of `size` bits (2^size glyphs). normal:
    vectors of `size` independent normal numbers (an endless alphabet). words: the first `size` words of a text file
    with a word and its vector on each line.
    """

    kind: Literal["symbols", "binary", "normal", "words"] = "symbols"
    size: int = Field(64, ge=2, le=10_000, description="symbols, bits, numbers of a vector, or words")
    file: Annotated[str | None, NamesFile()] = Field(
        None, description="text file of word vectors: a word and its numbers on each line"
    )

    @model_validator(mode="after")
    def _words_come_from_a_file(self) -> MessageSpec:
        if (self.kind == "words") != (self.file is not None):
            raise ValueError("a file of word vectors is needed for kind words, and for no other")
        return self

    def build(self) -> Messages:
        if self.file is None:
            return Messages(self.kind, self.size)
        words, vectors = read_words(FilePath(self.file), self.size)
        return Messages("words", self.size, words, vectors)


class Messages:
    """Messages `[B, D]` drawn at random, and the measure of answers `[B, D]` to them.

    Attributes:
        length: D.
        count: how many different ones there are; None when there is no end to them.
    """

    def __init__(self, kind: str, size: int, words: list[str] | None = None, vectors: Tensor | None = None) -> None:
        self.kind = kind
        self.words = words
        self._table = torch.eye(size) if kind == "symbols" else vectors
        self.length = size if self._table is None else int(self._table.shape[1])
        self.count = len(self._table) if self._table is not None else 2**size if kind == "binary" else None

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """`[count, D]` at random; of a table every message comes before one comes again."""
        if self._table is not None:
            rounds = -(-count // len(self._table))
            order = [torch.randperm(len(self._table), generator=generator) for _ in range(rounds)]
            return self._table[torch.cat(order)[:count]]
        if self.kind == "binary":
            return torch.randint(2, (count, self.length), generator=generator).float()
        return torch.randn(count, self.length, generator=generator)

    def first(self, count: int) -> Tensor:
        """The messages of an alphabet sheet, the same in every run: the first of a table, or of a fixed draw."""
        if self._table is not None:
            return self._table[:count]
        if self.kind == "binary" and self.count is not None and self.count <= count:
            bits = torch.arange(self.count)[:, None] >> torch.arange(self.length).flip(0)
            return (bits & 1).float()
        return self.draw(count, torch.Generator().manual_seed(0))

    def label(self, number: int) -> str:
        """How a report calls message `number` of `first`."""
        return self.words[number] if self.words else str(number)

    def loss(self, answer: Tensor, said: Tensor) -> Tensor:
        """`[]`, lower is better: cross-entropy of symbols, binary cross-entropy of bits, mean squared error else."""
        if self.kind == "symbols":
            return F.cross_entropy(answer, said.argmax(1))
        if self.kind == "binary":
            return F.binary_cross_entropy_with_logits(answer, said)
        return F.mse_loss(answer, said)

    @torch.no_grad()
    def nearest(self, answer: Tensor, among: Tensor) -> Tensor:
        """Which of the messages `among [K, D]` each answer means: `[B]` long.

        The likeliest one, when answers are logits of symbols or bits; else the one at the least distance.
        """
        if self.kind in ("symbols", "binary"):
            return (answer @ among.T).argmax(1)
        return torch.cdist(answer, among).argmin(1)

    @torch.no_grad()
    def score(self, answer: Tensor, said: Tensor) -> float:
        """How well answers were read, 1 is perfect and 0 about what guessing gives.

        Share of the symbols or words read right; 2 x (share of the bits read right) - 1; Pearson's correlation of all
        numbers of normal vectors.
        """
        if self._table is not None:
            right = self.nearest(answer, self._table) == self.nearest(said, self._table)
            return float(right.float().mean())
        if self.kind == "binary":
            return 2 * float(((answer > 0) == (said > 0.5)).float().mean()) - 1
        pair = torch.stack([answer.flatten(), said.flatten()])
        return float(torch.corrcoef(pair)[0, 1].nan_to_num())


def read_words(path: FilePath, count: int) -> tuple[list[str], Tensor]:
    """The first `count` words of a file of word vectors (GloVe, word2vec as text), and their vectors `[count, D]`.

    Vectors are centred and scaled to a standard deviation of 1 over all their numbers.

    Raises:
        InputError: the file cannot be read, holds fewer words, or a line does not hold a word and D numbers.
    """
    words: list[str] = []
    rows: list[list[float]] = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                word, *values = line.split()
                if number == 1 and len(values) == 1:
                    continue  # word2vec's first line: how many words and numbers follow
                if len(words) == count:
                    break
                row = [float(value) for value in values]
                if not row or (rows and len(row) != len(rows[0])):
                    raise InputError(
                        f"messages.file: line {number} of '{path}' holds {len(row)} numbers, not one vector"
                    )
                words.append(word)
                rows.append(row)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"messages.file: '{path}' cannot be read ({error})") from None
    except InputError:
        raise
    except ValueError:
        raise InputError(f"messages.file: line {number} of '{path}' is not a word and its numbers") from None
    if len(words) < count:
        raise InputError(f"messages.size: '{path}' holds {len(words)} words, so at most {len(words)}, not {count}")
    table = np.array(rows)
    return words, torch.from_numpy((table - table.mean()) / max(table.std(), 1e-12)).float()
