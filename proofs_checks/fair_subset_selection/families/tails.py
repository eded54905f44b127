"""Sums of coins, halves of items, exchangeable items, and items of two levels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.fair_subset_selection import quota_curves, sample_rankings, theory


@dataclass(frozen=True)
class Tail:
    """n coins with probability successes / trials, and a relative deviation."""

    n: int
    successes: int
    trials: int
    epsilon: Fraction


def tail_bound(tail: Tail, rng: np.random.Generator | None = None) -> float:
    """The bound on the probability of the deviation."""
    return float(theory.chernoff_tail(float(tail.epsilon), tail.n, tail.successes / tail.trials))


def draw_tail(draws: Draws) -> Tail:
    """Up to forty coins."""
    trials = draws.integers(2, 20)
    return Tail(draws.integers(1, 40), draws.integers(1, trials - 1), trials, Fraction(draws.integers(1, 8), 8))


TAILS = Family("tails", always=(Tail(1, 1, 2, Fraction(1)), Tail(8, 1, 2, Fraction(1, 2))), draw=draw_tail)
WIDE = Family("wide-tails", always=(Tail(1, 1, 100, Fraction(99)),))


@dataclass(frozen=True)
class Halves:
    """N items with uniform utilities, half of them disadvantaged, of which k are chosen."""

    n_items: int
    k: int


def halves_gain(halves: Halves, rng: np.random.Generator, n: int, quota: int | None = None) -> np.ndarray:
    """Utility of the best k with half of the places for each half, and of the best k, (n, 2)."""
    return gains(halves, rng.random((n, halves.n_items)), quota)


def gains(halves: Halves, utilities: np.ndarray, quota: int | None = None) -> np.ndarray:
    """The same for given utilities."""
    curves = quota_curves(
        utilities, utilities, halves.k, disadvantaged=np.arange(halves.n_items) >= halves.n_items // 2
    )
    at = (curves.quotas == (halves.k // 2 if quota is None else quota)).argmax()
    return np.stack([curves.values[:, at], curves.unconstrained], axis=1)


HALVES = Family("halves", always=(Halves(8, 2), Halves(20, 6)))


@dataclass(frozen=True)
class Exchangeable:
    """Mallows rankings around 0, 1, ..., m - 1, the last items disadvantaged; phi = 1 is uniform; a deviation t."""

    n_items: int
    n_disadvantaged: int
    k: int
    deviation: float = 0.5
    phi: float = 1.0

    @property
    def expected(self) -> float:
        """The proportional number of disadvantaged items."""
        return self.k * self.n_disadvantaged / self.n_items


def optimal_quotas(case: Exchangeable, rng: np.random.Generator, n: int) -> np.ndarray:
    """Disadvantaged items among the best k of n rankings."""
    m = case.n_items
    positions = sample_rankings("mallows", n, m, rng=rng, phi=case.phi).positions
    scores = m - 1 - positions
    return quota_curves(scores, scores, case.k, disadvantaged=np.arange(m) >= m - case.n_disadvantaged).chosen_quotas


EXCHANGEABLE = Family("exchangeable", always=(Exchangeable(8, 4, 3), Exchangeable(16, 8, 8, deviation=0.25)))
CENTERED = Family("centered", always=(Exchangeable(8, 4, 3, phi=0.25),))
