"""Families of streams of integer keys."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lrtheory.bounds import Draws, Family

__all__ = ["Stream", "streams"]

KINDS = ("uniform", "zipf", "heavy", "sorted", "distinct")


@dataclass(frozen=True)
class Stream:
    """A stream of integer keys, in the order in which they arrive."""

    keys: tuple[int, ...]

    @property
    def frequencies(self) -> dict[int, int]:
        """The number of times that each key occurs, by key in increasing order."""
        return dict(sorted(Counter(self.keys).items()))


@dataclass(frozen=True)
class _Streams:
    """The ways to enumerate, draw and change the streams of a family."""

    top: int
    keys: int

    def always(self) -> list[Stream]:
        """All streams of at most four keys up to renaming keys, and long ones of every kind."""
        short = [one for n in range(1, min(4, self.top) + 1) for one in _patterns(n, self.keys)]
        return [Stream(keys) for keys in dict.fromkeys([*short, *self._long()])]

    def _long(self) -> Iterator[tuple[int, ...]]:
        n, heavy = self.top, self.top // 2
        turns = [rank % self.keys for rank in range(n)]
        yield (0,) * n
        yield tuple(range(n))  # all distinct
        yield tuple(turns)
        yield tuple(sorted(turns))
        # a heavy key before, after, and among keys that occur once
        others = tuple(range(1, n - heavy + 1))
        yield (0,) * heavy + others
        yield others + (0,) * heavy
        yield tuple(0 if place % 2 else others[place // 2] for place in range(n))
        zipf = _zipf(self.keys)
        yield tuple(zipf[place % len(zipf)] for place in range(n))

    def draw(self, draws: Draws) -> Stream:
        """A stream of one of five kinds: uniform, zipf, one heavy key, sorted, all distinct."""
        n, kind = draws.integers(1, self.top), draws.choice(KINDS)
        if kind == "distinct":
            return Stream(tuple(draws.permutation(n).tolist()))
        if kind == "zipf":
            table = _zipf(self.keys)
            return Stream(tuple(table[place] for place in draws.integers(0, len(table) - 1, shape=n).tolist()))
        ranks = draws.integers(0, self.keys - 1, shape=n).tolist()
        if kind == "heavy":
            # a fair coin turns half of the keys into key 0, the heavy one
            ranks = [rank * other for rank, other in zip(ranks, draws.integers(0, 1, shape=n).tolist(), strict=True)]
        return Stream(tuple(sorted(ranks) if kind == "sorted" else ranks))

    def climb(self, stream: Stream, draws: Draws) -> Stream:
        """Append a key, change one, or let two change places."""
        keys = list(stream.keys)
        place, key = draws.integers(0, len(keys) - 1), draws.integers(0, self.keys - 1)
        move = draws.choice(("append", "change", "swap") if len(keys) < self.top else ("change", "swap"))
        if move == "append":
            return Stream((*keys, key))
        if move == "change":
            keys[place] = key
        else:
            other = draws.integers(0, len(keys) - 1)
            keys[place], keys[other] = keys[other], keys[place]
        return Stream(tuple(keys))


def _patterns(n: int, keys: int) -> Iterator[tuple[int, ...]]:
    """The streams of n keys up to renaming: a new key is always the next number."""
    for ranks in itertools.product(range(min(n, keys)), repeat=n):
        # summaries compare keys and nothing else, so one stream stands for all its renamings
        if all(rank <= max(ranks[:place], default=-1) + 1 for place, rank in enumerate(ranks)):
            yield ranks


def _zipf(keys: int) -> list[int]:
    """A table in which key r stands keys / (r + 1) times, rounded up."""
    return [rank for rank in range(keys) for _ in range(-(-keys // (rank + 1)))]


def streams(top: int = 30, *, keys: int = 8, name: str = "streams") -> Family:
    """Make a family of streams of at most `top` integer keys, as summaries, sketches and samplers read them.

    All streams of at most four keys always run, 23 of them up to renaming keys; so do long ones: one key alone, all
    distinct, in turns, sorted, a heavy key before, after and among others, and frequencies that fall as 1/r. A drawn
    stream has at most `keys` different keys, or `top` where all are distinct.
    """
    maker = _Streams(top, keys)
    return Family(name, always=maker.always, draw=maker.draw, climb=maker.climb)
