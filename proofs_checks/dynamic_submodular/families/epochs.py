"""Deaths in the prefixes of permutations, and buckets from which fixed elements are deleted."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import Coverage, OneGuess, theory


@dataclass(frozen=True)
class Deaths:
    """The size of a permutation, the number of its dead, and the share of dead that is too much in a prefix."""

    size: int
    dead: int
    share: Fraction


def prefix_bound(deaths: Deaths, rng: np.random.Generator | None = None) -> Fraction:
    """Return the bound on the probability that some prefix has this share of dead."""
    return theory.prefix_maximal_bound(deaths.dead, deaths.size, deaths.share)


def draw_deaths(draws: Draws) -> Deaths:
    """Draw three to eight elements, and fewer dead than the share of all of them (else the bound is 1), or one dead."""
    size, share = draws.integers(3, 8), Fraction(draws.integers(2, 6), 6)
    return Deaths(size, draws.integers(1, max(1, ceil(share * size) - 1)), share)


PERMUTATIONS = Family(
    "permutations",
    always=(Deaths(6, 1, Fraction(1, 3)), Deaths(5, 1, Fraction(1)), Deaths(7, 2, Fraction(1, 2))),
    draw=draw_deaths,
)


@dataclass(frozen=True)
class Bucket:
    """N elements of equal value in blocks of copies, the deletions, and the tolerance of the batches.

    Attributes
    ----------
    size, copies : int
        N, and how many cover the same item.
    victims : tuple of int
        Elements that are deleted; with `attacked` as many members of the sequence.
    k : int
        Elements to choose; the threshold is half the value of an element.
    """

    size: int
    copies: int
    victims: tuple[int, ...]
    k: int
    epsilon: float
    attacked: bool = False

    @property
    def built(self) -> int:
        """The least size of the first pool when it was built: it is built again once it has doubled."""
        return self.size // 2

    @property
    def bound(self) -> float:
        """The bound on the chance that a level is built again."""
        return float(theory.epoch_probability(len(self.victims), self.built, Fraction(self.epsilon)))


def hit(bucket: Bucket) -> Fraction | None:
    """Return the exact chance for copies of one element, whose batch is a uniform one of those at the last build."""
    if bucket.copies < bucket.size or bucket.attacked:
        return None
    built = 1
    while 2 * built + 1 <= bucket.size:  # a pool is built again by the first insertion after it has doubled
        built = 2 * built + 1
    return Fraction(sum(v < built for v in bucket.victims), built)


def epochs(bucket: Bucket, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return for n runs whether the deletions made a level be built again."""
    objective = Coverage([[i // bucket.copies] for i in range(bucket.size)])
    found = np.empty(n, dtype=bool)
    for run in range(n):
        one = OneGuess(objective, bucket.k, float(bucket.k), structure="batches", dead_share=bucket.epsilon, rng=rng)
        one.update(np.arange(bucket.size))
        before = one.counts["rebuilds"]  # insertions have built levels too
        victims = one.sequence[: len(bucket.victims)].copy() if bucket.attacked else np.array(bucket.victims)
        one.update(~victims)
        found[run] = one.counts["rebuilds"] > before
    return found


def draw_bucket(draws: Draws) -> Bucket:
    """Draw copies of one element, small blocks or single elements, and up to three victims."""
    size = draws.integers(200, 400)
    # few victims in large buckets, or the bound exceeds 1 and says nothing
    victims = tuple(sorted({*draws.integers(0, size - 1, shape=draws.integers(1, 3)).tolist()}))
    return Bucket(size, draws.choice((1, 5, size)), victims, draws.integers(1, 40), draws.choice((0.25, 0.375, 0.5)))


BUCKETS = Family(
    "buckets",
    always=(Bucket(400, 400, (0, 1, 399), 4, 0.25), Bucket(400, 5, (0, 399), 40, 0.25)),
    draw=draw_bucket,
)
ATTACKED = Family("attacked-buckets", always=(Bucket(400, 400, (0, 1, 399), 4, 0.25, attacked=True),))
#: in the order of the pool, element 30 comes first when the level is built for the last time
IN_ORDER = Family("one-victim", always=(Bucket(60, 60, (30,), 4, 0.25),))
