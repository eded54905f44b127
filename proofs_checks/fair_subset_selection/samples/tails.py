"""Chernoff's bound for sums."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb

import numpy as np

from lrtheory._numbers import inexact
from lrtheory.bounds import Classical, Draws, Family, Inequality, Number, Sides, Statement, formula, saboteur


@dataclass(frozen=True)
class Tail:
    """n coins with probability successes / trials of heads, and a relative deviation epsilon of their sum."""

    n: int
    successes: int
    trials: int
    epsilon: Fraction


@formula(epsilon="[0, inf)", n="[0, inf)", f="[0, 1]")
def chernoff_tail(epsilon: Number, n: Number, f: Number) -> Number:
    """The probability is at most this for a relative deviation `epsilon`, of n numbers of mean f.

    References
    ----------
    .. [1] M. Mitzenmacher, E. Upfal, Probability and Computing, 2005, Corollary 4.6.
    """
    return 2 * np.exp(inexact(-epsilon * epsilon * n * f / 3))


def tail_bound(tail: Tail, rng: np.random.Generator | None = None) -> float:
    """Return the bound on the probability of the deviation."""
    return float(chernoff_tail(float(tail.epsilon), tail.n, tail.successes / tail.trials))


TWO = Fraction(21, 10)  # above 3 log 2, where 2 exp(-x / 3) falls below 1


def draw_tail(draws: Draws) -> Tail:
    """Draw eight to sixty coins, heads with probability 1/2 or more, and a deviation at which the bound is below 1."""
    n, trials = draws.integers(8, 60), draws.integers(2, 20)
    successes = draws.integers((trials + 1) // 2, trials - 1)
    # with epsilon = e / 8 the exponent epsilon^2 n f exceeds 3 log 2, where the bound falls below 1
    wide = [Fraction(e, 8) for e in range(1, 9) if e * e * n * successes > 64 * TWO * trials]
    return Tail(n, successes, trials, draws.choice(wide))


TAILS = Family(
    "tails",
    always=(Tail(1, 1, 2, Fraction(1)), Tail(8, 1, 2, Fraction(1)), Tail(40, 1, 2, Fraction(1, 2))),
    draw=draw_tail,
)
# epsilon = 99 with f = 1/100: the coin shows heads with probability 1/100, far more than the formula says
WIDE = Family("wide-tails", always=(Tail(1, 1, 100, Fraction(99)),))


def one_tail(tail: Tail, rng: np.random.Generator) -> float:
    """Return the bound for a deviation to one side."""
    # right for either side alone, and for both where the bound is loose
    return tail_bound(tail) / 2


def exact_tail(tail: Tail, found) -> Sides:
    """Compare the probability of the deviation, a sum over a binomial law in rational numbers, with the bound."""
    n, f, epsilon = tail.n, Fraction(tail.successes, tail.trials), Fraction(tail.epsilon)
    # the numbers of heads of n coins with probability f that are as far from the mean, on both sides of it
    far = [x for x in range(n + 1) if abs(x - n * f) >= epsilon * n * f]
    probability = sum((comb(n, x) * f**x * (1 - f) ** (n - x) for x in far), Fraction(0))
    return Sides(np.array([probability]), np.array([found]), trivial=1)


FSS_P4 = Statement(
    id="fair_subset_selection/FSS-P4",
    title="Chernoff's bound for sums",
    says=(
        "X is the sum of n independent numbers in [0, 1] of mean f. For 0 < eps <= 1 the probability that X differs "
        "from n f by eps n f or more is at most 2 exp(-eps^2 n f / 3)."
    ),
    source=Classical("multiplicative Chernoff bound", "Mitzenmacher, Upfal, Probability and Computing, 2005"),
    tex=r"P(|X - nf| \ge \epsilon n f) \le 2\exp(-\epsilon^2 n f/3)",
    hypotheses={"0 < epsilon <= 1": lambda tail: 0 < tail.epsilon <= 1},
    instances=TAILS,
    solve=tail_bound,
    closed="the claim is about a formula, `chernoff_tail`, which is held against sums in rational numbers",
    claim=Inequality(exact_tail),
    saboteurs=(
        # half of the bound, which one side alone would keep
        saboteur("one instead of two tails", solve=one_tail),
        # above 1 the exponent of the true tail grows about like epsilon, and not like its square
        saboteur("epsilon above one", breaks="0 < epsilon <= 1", instances=WIDE),
    ),
    notes="Below 1 from epsilon^2 n f = 3 log 2 on; only where it is above 1 is half of it refuted.",
)
