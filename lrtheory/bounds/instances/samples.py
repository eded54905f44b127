"""Families of binomial laws, and of pools of values that are split into two samples."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._validation import flag, integer, must
from lrtheory.bounds.families import Draws, Family
from lrtheory.bounds.instances._arguments import family_name, integers, rational

__all__ = ["Binomial", "Pool", "binomials", "pools"]

Points = Callable[[int], Any]


@dataclass(frozen=True)
class Binomial:
    """The law of the number of successes in n independent trials, each with probability p.

    Parameters
    ----------
    n : int
        Number of trials.
    p : Fraction
        Probability of success; another rational number or a double is turned into a Fraction without rounding.
    """

    n: int
    p: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", integer("n", self.n, low=0))
        object.__setattr__(self, "p", rational("p", self.p))


@dataclass(frozen=True)
class _Binomials:
    """The ways to enumerate, draw and change the laws of a family."""

    bottom: int
    top: int
    low: Fraction
    high: Fraction
    denominator: int
    points: Points | None

    def always(self) -> list[Binomial]:
        """Each number of trials with both ends of the interval, its middle, and the points of the caller."""
        found: dict[tuple[int, Fraction], None] = {}
        for n in range(self.bottom, self.top + 1):
            middle = (self.low + self.high) / 2
            given = () if self.points is None else np.asarray(self.points(n), dtype=object).ravel().tolist()
            inside = [p for p in map(_number, given) if self.low <= p <= self.high]
            found |= dict.fromkeys((n, p) for p in (self.low, middle, self.high, *inside))
        return [Binomial(n, p) for n, p in found]

    def draw(self, draws: Draws) -> Binomial:
        """A probability from a grid, or from the finer one near the lower end."""
        n, cells = draws.integers(self.bottom, self.top), self.denominator
        place = Fraction(draws.integers(0, cells), cells)
        # every third draw is near an end, where intervals for a probability miss it most often
        place *= Fraction(1, draws.choice((1, 1, cells)))
        # rare and frequent successes are the two hard ends, so the finer grid is used at both of them
        if draws.integers(0, 1):
            place = 1 - place
        return Binomial(n, self.low + place * (self.high - self.low))

    def climb(self, law: Binomial, draws: Draws) -> Binomial:
        """One trial more or less, or a probability that is one cell of the grid away."""
        if draws.integers(0, 1):
            n = law.n + draws.choice((1, -1))
            return Binomial(min(max(n, self.bottom), self.top), law.p)
        step = draws.choice((1, -1)) * (self.high - self.low) / self.denominator
        return Binomial(law.n, min(max(law.p + step, self.low), self.high))


def _number(value: Any) -> Fraction:
    """A number as the rational number that it is; what is not finite lies outside of every interval."""
    # minus one is below every probability, and so it is left out
    return Fraction(value) if value == value and abs(value) != float("inf") else Fraction(-1)


def binomials(
    top: int = 12,
    *,
    bottom: int = 1,
    low: Any = 0,
    high: Any = 1,
    denominator: int = 200,
    points: Points | None = None,
    name: str = "binomials",
) -> Family:
    """Make a family of binomial laws whose probabilities are rational numbers in a closed interval.

    Every number of trials always runs with both ends of the interval and with its middle. Where a claim is closest
    between points of every grid, such as at the ends of confidence intervals, `points` adds them.

    Parameters
    ----------
    top, bottom : int
        Largest and smallest number of trials.
    low, high : Fraction
        Ends of the interval of the probabilities, both included.
    denominator : int
        Number of cells of the grid from which probabilities are drawn.
    points : callable or None
        ``points(n)`` returns further probabilities for n trials, as an array of any shape; doubles are taken for the
        rational numbers that they are, and numbers outside of the interval are left out.
    name : str
        The name of the family, which names its random streams.

    Returns
    -------
    Family
        Family of `Binomial`; the climb changes n by 1, or p by one cell.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.

    Examples
    --------
    >>> [(law.n, str(law.p)) for law in binomials(1).smallest()]
    [(1, '0'), (1, '1/2'), (1, '1')]
    """
    bottom = integer("bottom", bottom, low=0)
    top = integer("top", top, low=bottom)
    ends = rational("low", low), rational("high", high)
    if ends[0] > ends[1]:
        raise must("high", f"at least `low`, here {ends[0]}", high)
    if not (points is None or callable(points)):
        raise must("points", "a function of the number of trials, or None", points, TypeError)
    maker = _Binomials(bottom, top, *ends, integer("denominator", denominator, low=1), points)
    return Family(family_name(name), always=maker.always, draw=maker.draw, climb=maker.climb)


# --- pools ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pool:
    """Values that are split at random into a first sample of m and a second sample of the others.

    Parameters
    ----------
    values : sequence of int
        The values of both samples together.
    m : int
        Size of the first sample, between 0 and the number of values.
    """

    values: tuple[int, ...]
    m: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", integers("values", self.values))
        object.__setattr__(self, "m", integer("m", self.m, low=0, high=len(self.values)))

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

    Parameters
    ----------
    top, bottom : int
        Largest and smallest number of values.
    least : int
        The least size of either sample.
    ties : bool or None
        True for pools in which some values are equal, False for pools without, None for both.
    name : str
        The name of the family, which names its random streams.

    Returns
    -------
    Family
        Family of `Pool`; the climb changes the size of the first sample, or a value by 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.

    Examples
    --------
    >>> [(pool.values, pool.m) for pool in pools(3).smallest()]
    [((0, 1), 1), ((0, 1, 2), 1), ((0, 1, 1), 1), ((0, 0, 1), 1)]
    """
    flag("ties", ties, undecided=True)
    least = integer("least", least, low=1)
    # two values that tie are equal, and then the pool has no two different ones
    bottom = max(integer("bottom", bottom, low=2), 2 * least, 3 if ties else 2)
    maker = _Pools(bottom, integer("top", top, low=bottom), least, ties)
    return Family(family_name(name), always=maker.always, draw=maker.draw, climb=maker.climb)
