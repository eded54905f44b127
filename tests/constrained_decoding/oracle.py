"""A catalogue as a set of tuples, and what it says of a step: slow, and without arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

Tokens = tuple[int, ...]


class Language:
    """Items as tuples, with a terminator behind each where there is one."""

    def __init__(self, items: Iterable[Sequence[int]], terminator: int | None = None) -> None:
        end = () if terminator is None else (terminator,)
        self.items = sorted({(*item, *end) for item in items})
        self.prefixes = {item[:length] for item in self.items for length in range(len(item) + 1)} | {()}
        self.longest = max(map(len, self.prefixes))

    def level(self, length: int) -> list[Tokens]:
        """The prefixes of a length, sorted."""
        return sorted(prefix for prefix in self.prefixes if len(prefix) == length)

    def states(self) -> list[Tokens]:
        """All prefixes, in the order of their numbers."""
        return [prefix for length in range(self.longest + 1) for prefix in self.level(length)]

    def children(self, prefix: Tokens) -> list[int]:
        """The tokens that may follow."""
        return sorted(one[-1] for one in self.prefixes if one and one[:-1] == prefix)

    def below(self, prefix: Tokens) -> list[int]:
        """The ranks of the items that begin with a prefix."""
        return [rank for rank, item in enumerate(self.items) if item[: len(prefix)] == prefix]


def draw_rows(rng: np.random.Generator, n_tokens: int, *, ragged: bool) -> list[list[int]]:
    """Rows of one length, or of lengths from 0 on; repetitions are likely."""
    n, length = int(rng.integers(0, 12)), int(rng.integers(1, 5))
    lengths = rng.integers(0, length + 1, n) if ragged else np.full(n, length)
    return [rng.integers(0, n_tokens, width).tolist() for width in lengths]
