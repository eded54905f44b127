"""A model of Fractions over a language, and what follows from it by enumeration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.constrained_decoding import LiveIndex, Table, TrieIndex
from tests.constrained_decoding.oracle import Language, Tokens, draw_rows

#: parts of 16 that the probabilities of a row are, some of which are equal, 0, or less than 1 in all
PARTS = ((16, 0, 0, 0), (8, 8, 0, 0), (4, 4, 4, 4), (1, 2, 3, 4), (10, 1, 2, 3), (2, 2, 1, 1), (0, 12, 1, 3))


class Laws:
    """Probabilities of a language under a model, with W and P(C)."""

    def __init__(self, language: Language, rows: Mapping[Tokens, Sequence[Fraction]]) -> None:
        self.language, self.rows = language, rows
        self.p = {item: self.product(item) for item in language.items}
        self.total = sum(self.p.values(), start=Fraction(0))
        self.W = {item: self.weight(item) for item in language.items}

    def product(self, item: Tokens) -> Fraction:
        """The probability of a prefix."""
        found = Fraction(1)
        for t, token in enumerate(item):
            found *= self.rows[item[:t]][token]
        return found

    def allowed(self, prefix: Tokens) -> Fraction:
        """z, the mass of what may follow."""
        return sum((self.rows[prefix][token] for token in self.language.children(prefix)), start=Fraction(0))

    def weight(self, item: Tokens) -> Fraction:
        """W, the product of the allowed masses along an item."""
        found = Fraction(1)
        for t in range(len(item)):
            found *= self.allowed(item[:t])
        return found

    def below(self, prefix: Tokens) -> Fraction:
        """B, the probability of some rest of an item."""
        if not self.language.children(prefix):
            return Fraction(1)
        steps = self.language.children(prefix)
        return sum((self.rows[prefix][v] * self.below((*prefix, v)) for v in steps), start=Fraction(0))

    @property
    def due(self) -> list[Fraction]:
        """The law of the model given the catalogue."""
        return [self.p[item] / self.total for item in self.language.items]

    @property
    def masked(self) -> list[Fraction]:
        """The law of masked sampling."""
        return [self.p[item] / self.W[item] if self.W[item] else Fraction(0) for item in self.language.items]

    def has_dead_end(self) -> bool:
        """Whether masking meets a prefix after which no allowed token has a probability."""
        inner = [one for one in self.language.prefixes if self.language.children(one)]
        return any(self.product(one) > 0 and self.allowed(one) == 0 for one in inner)

    def table(self) -> Table:
        """The model of the library."""
        return Table.from_probabilities({one: [float(x) for x in row] for one, row in self.rows.items()})


def drawn(rng: np.random.Generator, *, positive: bool = False) -> tuple[Any, Language, Laws]:
    """An index of some shape, living or not, its language, and a model whose rows are parts of 16."""
    ragged = bool(rng.integers(2))
    rows = draw_rows(rng, 3, ragged=ragged) or [[0]]
    language = Language(rows, 3 if ragged else None)
    index: Any = TrieIndex(rows, 3, terminator=3) if ragged else TrieIndex(rows, 3)
    kinds = [one for one in PARTS if all(one)] if positive else PARTS
    table = {}
    for prefix in language.prefixes:
        parts = rng.permutation(kinds[rng.integers(len(kinds))])[: index.n_tokens]
        parts = parts if parts.any() else np.ones(index.n_tokens, int)
        table[prefix] = [Fraction(int(one), 16) for one in parts]
    if rng.integers(2):
        index = LiveIndex(index)
        if len(language.items) > 1:  # one item becomes unknown, and comes in again with another number
            index.toggle(0, False)
            index.toggle(0, True)
    return index, language, Laws(language, table)


def written(index: Any, item: int) -> Tokens:
    """An item as a tuple, with its terminator."""
    end = () if index.terminator is None else (index.terminator,)
    return (*index.sequences(np.array([item]))[0], *end)
