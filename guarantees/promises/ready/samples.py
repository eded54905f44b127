"""Families of binomial laws, and of pools of values that are split into two samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from lrtheory.bounds import Draws, Family

__all__ = ["Binomial", "Pool", "binomials", "pools"]

CELLS = 200  # of the grid from which probabilities are drawn


@dataclass(frozen=True)
class Binomial:
    """The law of the number of successes in n independent trials, each with probability p."""

    n: int
    p: Fraction


@dataclass(frozen=True)
class _Binomials:
    """The ways to enumerate, draw and change the laws of a family."""

    top: int

    def always(self) -> list[Binomial]:
        """Each number of trials with the probabilities 0, 1/2 and 1."""
        return [Binomial(n, p) for n in range(1, self.top + 1) for p in (Fraction(0), Fraction(1, 2), Fraction(1))]

    def draw(self, draws: Draws) -> Binomial:
        """A probability from a grid, or from the finer one near an end."""
        n = draws.integers(1, self.top)
        place = Fraction(draws.integers(0, CELLS), CELLS)
        # every third draw is near an end, where intervals for a probability miss it most often
        place *= Fraction(1, draws.choice((1, 1, CELLS)))
        # rare and frequent successes are the two hard ends, so the finer grid is used at both of them
        return Binomial(n, 1 - place if draws.integers(0, 1) else place)

    def climb(self, law: Binomial, draws: Draws) -> Binomial:
        """One trial more or less, or a probability that is one cell of the grid away."""
        if draws.integers(0, 1):
            n = law.n + draws.choice((1, -1))
            return Binomial(min(max(n, 1), self.top), law.p)
        step = Fraction(draws.choice((1, -1)), CELLS)
        return Binomial(law.n, min(max(law.p + step, Fraction(0)), Fraction(1)))


def binomials(top: int = 12, *, name: str = "binomials") -> Family:
    """Make a family of binomial laws of at most `top` trials, whose probabilities are rational numbers.

    Every number of trials always runs with the probabilities 0, 1/2 and 1.
    """
    maker = _Binomials(top)
    return Family(name, always=maker.always, draw=maker.draw, climb=maker.climb)


# --- pools ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pool:
    """Values that are split at random into a first sample of m and a second sample of the others."""

    values: tuple[int, ...]
    m: int

    @property
    def tied(self) -> bool:
        """Whether two of the values are equal."""
        return len(set(self.values)) < len(self.values)


@dataclass(frozen=True)
class _Pools:
    """The ways to enumerate, draw and change the pools of a family."""

    bottom: int
    top: int
    least: int
    ties: bool | None

    def _admits(self, values: tuple[int, ...]) -> bool:
        tied = len(set(values)) < len(values)
        return len(set(values)) > 1 and self.ties in (None, tied)

    def always(self) -> list[Pool]:
        """Pools of at most five values in all orders of ties, then larger ones without ties and with two values."""
        found = []
        for n in range(self.bottom, self.top + 1):
            patterns = _orders_with_ties(n) if n <= 5 else iter((*_two_values(n), tuple(range(n))))
            for values in filter(self._admits, patterns):
                # a test of two samples treats them alike, so the smaller one is enough as the first
                sizes = range(self.least, n // 2 + 1) if n <= 5 else (n // 2,)
                found += [Pool(values, m) for m in sizes]
        return found

    def draw(self, draws: Draws) -> Pool:
        """A pool of n values, with gaps between them or with ties."""
        n = draws.integers(self.bottom, self.top)
        tied = bool(draws.integers(0, 1)) if self.ties is None and n > 2 else bool(self.ties)
        if tied:
            values = sorted(draws.integers(0, n // 2, shape=n).tolist())
            values[-1] = max(values[-1], values[0] + 1)  # two of them differ
            values[1] = values[0] if len(set(values)) == n else values[1]
        else:
            # gaps of at least one: no two are equal, and not only their order is drawn
            values = np.cumsum(draws.integers(1, 9, shape=n)).tolist()
        return Pool(tuple(values), draws.integers(self.least, n - self.least))

    def climb(self, pool: Pool, draws: Draws) -> Pool:
        """Another size of the first sample, or a value that is one larger or smaller."""
        n = len(pool.values)
        if draws.integers(0, 1):
            return Pool(pool.values, draws.integers(self.least, n - self.least))
        values = list(pool.values)
        values[draws.integers(0, n - 1)] += draws.choice((1, -1))
        return Pool(tuple(sorted(values)), pool.m) if self._admits(tuple(values)) else pool


def _orders_with_ties(n: int) -> Iterator[tuple[int, ...]]:
    """All sorted ways in which n values can tie: each value equals the one before it, or is the next number."""
    for steps in itertools.product((1, 0), repeat=n - 1):
        yield (0, *itertools.accumulate(steps))


def _two_values(n: int) -> Iterator[tuple[int, ...]]:
    """Pools of zeros and ones: half of each, and a single one."""
    yield (0,) * (n - n // 2) + (1,) * (n // 2)
    yield (0,) * (n - 1) + (1,)


def pools(top: int = 8, *, bottom: int = 2, least: int = 1, ties: bool | None = None, name: str = "pools") -> Family:
    """Make a family of pools of values that are split into two samples, for claims about tests of two samples.

    A pool has at least two different values. Every way in which up to five values can tie always runs, with every size
    of the smaller sample; larger pools always run without ties, and with two different values, split into halves.
    A pool has at most `top` values, either sample `least` or more; `ties` is True or False for pools of one kind.
    """
    # two values that tie are equal, and then the pool has no two different ones
    bottom = max(bottom, 2 * least, 3 if ties else 2)
    maker = _Pools(bottom, top, least, ties)
    return Family(name, always=maker.always, draw=maker.draw, climb=maker.climb)
