"""Families of streams of integer keys, and of class labels that are to be split."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lrtheory._validation import integer, must
from lrtheory.bounds.families import Draws, Family
from lrtheory.bounds.instances._arguments import family_name, integers, interval

__all__ = ["Labels", "Stream", "labels", "streams"]

Range = tuple[int, int]
KINDS = ("uniform", "zipf", "heavy", "sorted", "distinct")


@dataclass(frozen=True)
class Stream:
    """A stream of integer keys.

    Parameters
    ----------
    keys : sequence of int
        The keys in the order in which they arrive.
    """

    keys: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", integers("keys", self.keys))

    @property
    def frequencies(self) -> dict[int, int]:
        """The number of times that each key occurs, by key in increasing order."""
        return dict(sorted(Counter(self.keys).items()))


@dataclass(frozen=True)
class _Streams:
    """The ways to enumerate, draw and change the streams of a family."""

    top: int
    keys: int
    stride: int

    def _stream(self, ranks: list[int] | tuple[int, ...]) -> Stream:
        return Stream(tuple(self.stride * rank for rank in ranks))

    def always(self) -> list[Stream]:
        """All streams of at most four keys up to renaming keys, and long ones of every kind."""
        short = [one for n in range(1, min(4, self.top) + 1) for one in _patterns(n, self.keys)]
        return [self._stream(ranks) for ranks in dict.fromkeys([*short, *self._long()])]

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
            return self._stream(draws.permutation(n).tolist())
        if kind == "zipf":
            table = _zipf(self.keys)
            return self._stream([table[place] for place in draws.integers(0, len(table) - 1, shape=n).tolist()])
        ranks = draws.integers(0, self.keys - 1, shape=n).tolist()
        if kind == "heavy":
            # a fair coin turns half of the keys into key 0, the heavy one
            ranks = [rank * other for rank, other in zip(ranks, draws.integers(0, 1, shape=n).tolist(), strict=True)]
        return self._stream(sorted(ranks) if kind == "sorted" else ranks)

    def climb(self, stream: Stream, draws: Draws) -> Stream:
        """Append a key, change one, or let two change places."""
        keys = list(stream.keys)
        place, key = draws.integers(0, len(keys) - 1), self.stride * draws.integers(0, self.keys - 1)
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


def streams(top: int = 30, *, keys: int = 8, stride: int = 1, name: str = "streams") -> Family:
    """Make a family of streams of integer keys, as summaries, sketches and samplers read them.

    All streams of at most four keys always run, 23 of them up to renaming keys; so do long ones: one key alone, all
    distinct, in turns, sorted, a heavy key before, after and among others, and frequencies that fall as 1/r.

    Parameters
    ----------
    top : int
        The largest length of a stream.
    keys : int
        Number of different keys of a drawn stream; only in streams with distinct or heavy keys are there up to `top`.
    stride : int
        The keys are 0, stride, 2 stride, ...; a power of two finds hash functions that look at the last bits alone.
    name : str
        The name of the family, which names its random streams.

    Returns
    -------
    Family
        Family of `Stream`; the climb appends a key, changes one, or exchanges two.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.

    Examples
    --------
    >>> [stream.keys for stream in streams().smallest()[:4]]
    [(0,), (0, 0), (0, 1), (0, 0, 0)]
    """
    top = integer("top", top, low=1, high=2**20)
    maker = _Streams(top, integer("keys", keys, low=2, high=2**16), integer("stride", stride, low=1, high=2**24))
    return Family(family_name(name), always=maker.always, draw=maker.draw, climb=maker.climb)


# --- labels -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Labels:
    """The class of every row of a data set, and the number of parts into which the rows are to be split.

    Parameters
    ----------
    classes : (n,) array of integers
        The class of each row.
    parts : int
        Number of parts.
    """

    classes: np.ndarray
    parts: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", np.array(integers("classes", self.classes), dtype=np.int64))
        object.__setattr__(self, "parts", integer("parts", self.parts, low=1))

    @property
    def sizes(self) -> dict[int, int]:
        """The number of rows of each class, by class in increasing order."""
        return dict(sorted(Counter(self.classes.tolist()).items()))


@dataclass(frozen=True)
class _Labelings:
    """The ways to enumerate, draw and change the labels of a family."""

    top: int
    classes: int
    parts: Range
    least: int | None

    def _least(self, parts: int) -> int:
        return parts if self.least is None else self.least

    def always(self) -> list[Labels]:
        """All sizes of classes with at most eight rows, the rows sorted by class, and the classes in turns."""
        found = []
        for parts in range(self.parts[0], self.parts[1] + 1):
            for n in range(max(parts, self._least(parts)), min(self.top, max(8, 2 * parts)) + 1):
                for sizes in _sizes(n, n, self.classes, self._least(parts)):
                    # with one class, or classes of one row, both orders are the same, and it is kept once
                    orders = {tuple(_sorted(sizes)): 0, tuple(_in_turns(sizes)): 1}
                    found += [Labels(np.array(order), parts) for order in orders]
        return found

    def draw(self, draws: Draws) -> Labels:
        """Classes of random sizes in a random order."""
        parts = draws.integers(*self.parts)
        least = self._least(parts)
        count = draws.integers(1, min(self.classes, self.top // least))
        sizes = [least + draws.integers(0, (self.top - count * least) // count) for _ in range(count)]
        sizes[0] += max(0, parts - sum(sizes))  # every part gets a row
        rows = np.array(_sorted(sizes))
        return Labels(rows[draws.permutation(len(rows))], parts)

    def climb(self, labels: Labels, draws: Draws) -> Labels:
        """Exchange two rows, or move a row into another class where its own stays large enough."""
        rows = labels.classes.copy()
        i, j = (draws.integers(0, len(rows) - 1) for _ in range(2))
        if draws.integers(0, 1):
            rows[i], rows[j] = rows[j], rows[i]
        elif labels.sizes[int(rows[i])] > self._least(labels.parts):
            rows[i] = rows[j]
        return replace(labels, classes=rows)


def _sizes(n: int, largest: int, count: int, least: int) -> Iterator[tuple[int, ...]]:
    """Ways to write n as a sum of at most `count` decreasing numbers between `least` and `largest`."""
    if n == 0:
        yield ()
    elif count > 0:
        for first in range(min(n, largest), least - 1, -1):
            for others in _sizes(n - first, first, count - 1, least):
                yield (first, *others)


def _sorted(sizes: tuple[int, ...] | list[int]) -> list[int]:
    return [label for label, size in enumerate(sizes) for _ in range(size)]


def _in_turns(sizes: tuple[int, ...]) -> list[int]:
    return [label for turn in range(max(sizes)) for label, size in enumerate(sizes) if turn < size]


def labels(
    top: int = 12, *, classes: int = 3, parts: int | Range = (2, 3), least: int | None = None, name: str = "labels"
) -> Family:
    """Make a family of class labels, for claims about splits of a data set into parts.

    All sizes of classes with at most eight rows, or twice as many rows as parts, always run: once with the rows sorted
    by class, and once with the classes in turns.

    Parameters
    ----------
    top : int
        The largest number of rows.
    classes : int
        The largest number of classes.
    parts : int or (int, int)
        Number of parts, or the smallest and the largest one; there are at least as many rows as parts.
    least : int or None
        The least number of rows of a class; None takes the number of parts, so that every part can have one of each.
    name : str
        The name of the family, which names its random streams.

    Returns
    -------
    Family
        Family of `Labels`; the climb exchanges two rows, or moves a row into another class.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.

    Examples
    --------
    >>> first = labels().smallest()[0]
    >>> first.classes.tolist(), first.parts
    ([0, 0], 2)
    """
    numbers = interval("parts", parts, low=1)
    least = least if least is None else integer("least", least, low=1)
    needed = max(numbers[1], 0 if least is None else least)
    top = integer("top", top, low=1)
    if top < needed:
        raise must("top", f"at least {needed}, the rows that `parts` and `least` ask for", top)
    maker = _Labelings(top, integer("classes", classes, low=1), numbers, least)
    return Family(family_name(name), always=maker.always, draw=maker.draw, climb=maker.climb)
