"""Languages as sets of tuples, and their prefix trees by definition."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.constrained_decoding import TrieIndex

Prefix = tuple[int, ...]


@dataclass(frozen=True)
class Language:
    """Sequences of the tokens 0 .. n_tokens - 1 as a caller has them: in any order, and with repetitions."""

    rows: tuple[Prefix, ...]
    n_tokens: int

    @property
    def items(self) -> list[Prefix]:
        """The different sequences in lexicographic order."""
        return sorted(set(self.rows))

    @property
    def tree(self) -> dict[Prefix, list[int]]:
        """The tokens that follow each prefix, by length and then in lexicographic order; none follows a whole item."""
        found: dict[Prefix, set[int]] = {(): set()}
        for row in self.items:
            for t, token in enumerate(row):
                found.setdefault(row[:t], set()).add(token)
            found.setdefault(row, set())
        return {s: sorted(found[s]) for s in sorted(found, key=lambda s: (len(s), s))}

    @property
    def inner(self) -> list[Prefix]:
        """The prefixes that something follows."""
        return [s for s, tokens in self.tree.items() if tokens]

    @property
    def level_sizes(self) -> list[int]:
        """Numbers of prefixes of each length, from 0."""
        lengths = [len(s) for s in self.tree]
        return [lengths.count(t) for t in range(max(lengths) + 1)]


def indexed(language: Language) -> TrieIndex:
    """Make the library's index."""
    return TrieIndex([list(row) for row in language.rows], language.n_tokens)


def is_language(language: Language) -> bool:
    """Decide whether all tokens are of the vocabulary, and no sequence begins another one."""
    items = language.items
    return (
        bool(items)
        and all(row and all(0 <= token < language.n_tokens for token in row) for row in items)
        and not any(b[: len(a)] == a for a, b in itertools.pairwise(items))
    )


def has_one_length(language: Language) -> bool:
    """Decide whether all sequences have one length."""
    return is_language(language) and len({len(row) for row in language.rows}) == 1


def draw_rows(draws: Draws, n_tokens: int, *, length: int, most: int) -> tuple[Prefix, ...]:
    """Draw up to `most` sequences of one length, some of them twice."""
    rows = draws.integers(0, n_tokens - 1, shape=(draws.integers(1, most), length)).tolist()
    return tuple(map(tuple, rows + rows[: draws.integers(0, 2)]))


def draw_language(draws: Draws) -> Language:
    """Draw a language of one length."""
    n_tokens = draws.integers(1, 4)
    return Language(draw_rows(draws, n_tokens, length=draws.integers(1, 4), most=12), n_tokens)


def draw_any_language(draws: Draws) -> Language:
    """Draw a language whose sequences are cut to lengths of their own half of the time."""
    language = draw_language(draws)
    if draws.integers(0, 1):
        return language
    cut = [row[: draws.integers(1, len(row))] for row in language.rows]
    return Language(
        tuple(row for row in cut if not any(a != row and row[: len(a)] == a for a in cut)), language.n_tokens
    )


def all_sequences(n_tokens: int, length: int) -> tuple[Prefix, ...]:
    """Return all sequences of a length."""
    return tuple(itertools.product(range(n_tokens), repeat=length))


def all_languages(*sizes: tuple[int, int]) -> Iterator[Language]:
    """Yield all sets of sequences but the empty one, by numbers of tokens and length; the first comes last, twice."""
    for n_tokens, length in sizes:
        every = all_sequences(n_tokens, length)
        for n in range(1, len(every) + 1):
            for rows in itertools.combinations(every, n):
                yield Language((*rows[1:], rows[0], rows[0]), n_tokens)


#: a token that leads to another tree behind 0-0 and behind 1-0; a table by position and last token mixes them up
CROSSED = Language(((0, 0, 0), (1, 0, 1)), 2)
#: unsorted rows, one of which opens the branch 0 again
UNSORTED = Language(((0, 0, 0), (1, 0, 0), (0, 0, 1)), 2)
#: a row that comes twice
TWICE = Language(((0, 0, 0), (0, 0, 0), (1, 1, 1)), 2)
#: sequences of three lengths
UNEVEN = Language(((2,), (0, 1, 1), (1, 0), (0, 1, 0), (0, 0)), 3)

LANGUAGES = Family(
    "languages",
    always=(*all_languages((1, 1), (2, 2)), Language(((0, 0, 0),), 1), CROSSED, UNSORTED, TWICE, UNEVEN),
    draw=draw_any_language,
)


def padded(rows: list[list[int]], n_columns: int) -> np.ndarray:
    """Make a table of lists of unlike length, cut or filled up with -1 on the right."""
    return np.array([[*row[:n_columns], *[-1] * (n_columns - len(row))] for row in rows], np.int64).reshape(
        -1, n_columns
    )


def longest(language: Language) -> int:
    """Return the length of the longest sequence."""
    return max(map(len, language.rows))


def sequences(table: np.ndarray) -> list[Prefix]:
    """Return the sequences of a table that was `padded`; one with a -1 inside keeps it, and is no item then."""
    rows = np.asarray(table).tolist()
    ends = [max((t + 1 for t, token in enumerate(row) if token != -1), default=0) for row in rows]
    return [tuple(row[:end]) for row, end in zip(rows, ends, strict=True)]
