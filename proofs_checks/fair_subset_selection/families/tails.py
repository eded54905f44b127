"""Families of sums of coins, of halves of items, and of items whose rankings say nothing about groups."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np

from lrtheory.bounds import Draws, Family, OutcomeError
from lrtheory.fair_subset_selection import sample_rankings, select_by_scores, theory
from proofs_checks.fair_subset_selection.families.outcomes import are_rankings


@dataclass(frozen=True)
class Tail:
    """n coins with probability successes / trials of heads, and a relative deviation epsilon of their sum."""

    n: int
    successes: int
    trials: int
    epsilon: Fraction


def tail_bound(tail: Tail, rng: np.random.Generator | None = None) -> float:
    """Return the bound on the probability of the deviation."""
    return float(theory.chernoff_tail(float(tail.epsilon), tail.n, tail.successes / tail.trials))


def draw_tail(draws: Draws) -> Tail:
    """Draw eight to sixty coins, heads with probability 1/2 or more, and a deviation at which the bound is below 1."""
    n, trials = draws.integers(8, 60), draws.integers(2, 20)
    successes = draws.integers((trials + 1) // 2, trials - 1)
    # with epsilon = e / 8 the exponent epsilon^2 n f exceeds 3 log 2, where the bound falls below 1
    wide = [Fraction(e, 8) for e in range(1, 9) if e * e * n * successes > 64 * TWO * trials]
    return Tail(n, successes, trials, draws.choice(wide))


TWO = Fraction(21, 10)  # above 3 log 2, where 2 exp(-x / 3) falls below 1
TAILS = Family(
    "tails",
    always=(Tail(1, 1, 2, Fraction(1)), Tail(8, 1, 2, Fraction(1)), Tail(40, 1, 2, Fraction(1, 2))),
    draw=draw_tail,
)
# epsilon = 99 with f = 1/100: the coin shows heads with probability 1/100, far more than the formula says
WIDE = Family("wide-tails", always=(Tail(1, 1, 100, Fraction(99)),))


@dataclass(frozen=True)
class Halves:
    """N items with uniform utilities, half of them disadvantaged, of which k are chosen; both are even."""

    n_items: int
    k: int


def halves_of(n_items: int) -> list[np.ndarray]:
    """List the masks of all halves of the items 0, ..., N - 1, numbered from the best to the worst."""
    halves = combinations(range(n_items), n_items // 2)
    return [np.isin(np.arange(n_items), half) for half in halves]


def expected_utilities(n_items: int) -> list[Fraction]:
    """List the means of the N uniform utilities in order, the largest first."""
    return [Fraction(n_items - j, n_items + 1) for j in range(n_items)]


def halves_chosen(
    halves: Halves, rng: np.random.Generator | None = None, quota: int | None = None, sign: int = 1
) -> list[np.ndarray]:
    """Select k items by utility, half of them from each half, for every half; the last selection is without quotas."""
    utilities = [sign * float(u) for u in expected_utilities(halves.n_items)]
    places = halves.k // 2 if quota is None else quota
    options = [{"groups": mask, "quota": {True: places}} for mask in halves_of(halves.n_items)]
    return [select_by_scores(utilities, halves.k, **one).items for one in (*options, {})]


def draw_halves(draws: Draws) -> Halves:
    """Draw four to ten items, an even number, and an even k."""
    # all halves of the items are looked at one by one, 252 of them for ten items
    half = draws.integers(2, 5)
    return Halves(2 * half, 2 * draws.integers(1, half))


HALVES = Family("halves", always=(Halves(4, 2), Halves(8, 4)), draw=draw_halves)


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
        """Return the proportional number of disadvantaged items, k |G2| / m."""
        return self.k * self.n_disadvantaged / self.n_items


def uniform_rankings(case: Exchangeable, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n independent rankings by the package, and return the places of the items, (n, m)."""
    return sample_rankings("mallows", n, case.n_items, rng=rng, phi=case.phi).positions


def best_disadvantaged(case: Exchangeable, places: np.ndarray, more: int = 0) -> np.ndarray:
    """Count the disadvantaged items among the best k (or k + more) of each ranking, (n,)."""
    m = case.n_items
    if places.shape[1:] != (m,) or not are_rankings(places).all():
        raise OutcomeError(f"an outcome must be the places of {m} items in each ranking")
    return (places[:, m - case.n_disadvantaged :] < case.k + more).sum(1)


def draw_exchangeable(draws: Draws) -> Exchangeable:
    """Draw four to sixteen items, a quarter to three quarters of them disadvantaged, and two or more to choose."""
    m = 4 * draws.integers(1, 4)
    return Exchangeable(m, draws.integers(m // 4, 3 * m // 4), draws.integers(2, min(m, 8)))


EXCHANGEABLE = Family(
    "exchangeable",
    always=(Exchangeable(8, 4, 3), Exchangeable(16, 8, 8, deviation=0.25)),
    draw=draw_exchangeable,
)
CENTERED = Family("centered", always=(Exchangeable(8, 4, 3, phi=0.25),))
