"""Deaths in permutations, and buckets from which fixed elements are deleted."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import Coverage, OneGuess, theory


@dataclass(frozen=True)
class Deaths:
    """A permutation of this size with so many dead, and the share that is too much."""

    size: int
    dead: int
    share: Fraction


def prefix_bound(deaths: Deaths, rng: np.random.Generator | None = None) -> Fraction:
    """The bound on the probability that some prefix has this share of the dead."""
    return theory.prefix_maximal_bound(deaths.dead, deaths.size, deaths.share)


def draw_deaths(draws: Draws) -> Deaths:
    """Up to seven elements."""
    size = draws.integers(2, 7)
    return Deaths(size, draws.integers(1, size), Fraction(draws.integers(1, 6), 6))


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
        """What the first level held at least when it was built: it is built again when it has doubled."""
        return self.size // 2


def epochs(bucket: Bucket, rng: np.random.Generator, n: int) -> np.ndarray:
    """Whether the deletions made a level be built again, in n runs."""
    objective = Coverage([[i // bucket.copies] for i in range(bucket.size)])
    found = np.empty(n, dtype=bool)
    for run in range(n):
        one = OneGuess(objective, bucket.k, float(bucket.k), structure="batches", epsilon=bucket.epsilon, rng=rng)
        one.update(np.arange(bucket.size))
        before = one.counts["rebuilds"]
        victims = one.sequence[: len(bucket.victims)].copy() if bucket.attacked else np.array(bucket.victims)
        one.update(~victims)
        found[run] = one.counts["rebuilds"] > before
    return found


BUCKETS = Family("buckets", always=(Bucket(400, 400, (0, 1, 399), 4, 0.25), Bucket(400, 5, (0, 399), 40, 0.25)))
ATTACKED = Family("attacked-buckets", always=(Bucket(400, 400, (0, 1, 399), 4, 0.25, attacked=True),))
#: in the order of the pool, element 30 comes first when the level is built for the last time
IN_ORDER = Family("one-victim", always=(Bucket(60, 60, (30,), 4, 0.25),))
