"""Estimates of pass@k from counts.

Of n independent answers, each right with probability P, c are right. pass@k = 1 - (1 - P)^k is the probability that one
of k answers is right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from lrtheory._numbers import any_of
from lrtheory._numbers.confidence import clopper_pearson
from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    Generic,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import pass_at_k


@dataclass(frozen=True)
class Trials:
    """Numbers of answers, and a success probability of `wins` over the sum of `wins` and `losses`."""

    sizes: tuple[int, ...]
    wins: int
    losses: int

    @property
    def success(self) -> Any:
        """The success probability."""
        return self.wins * Fraction(1) / (self.wins + self.losses)


def draw_trials(draws: Draws) -> Trials:
    """Draw a number of answers and a success probability."""
    return Trials((draws.integers(1, 14),), draws.integers(0, 9), draws.integers(1, 9))


TRIALS = Family(
    "counts-of-right-answers",
    always=(
        Trials((1,), 1, 1),
        Trials((2,), 1, 1),  # with replacement 5/8, and not 3/4
        Trials((12,), 1, 3),
        Trials((3, 5), 1, 0),
        Trials((4,), 0, 1),
    ),
    draw=draw_trials,
)


def estimates(case: Trials, rng: np.random.Generator) -> list[np.ndarray]:
    """Ask the library for the estimate for every number of answers, count and k: a table a number, k by c."""
    tables = []
    for n in case.sizes:
        counts = np.arange(n + 1)
        rows = [np.ravel(pass_at_k(np.full(n + 1, n), counts, k).per_problem) for k in range(1, n + 1)]
        tables.append(np.array(rows))
    return tables


def with_replacement(case: Trials, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Draw k of n answers with replacement."""
    return [np.array([1 - (1 - np.arange(n + 1) / n) ** k for k in range(1, n + 1)]) for n in case.sizes]


def one_fewer(case: Trials, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Leave a factor of the product out."""
    return [table.astype(float) for table in exact_estimates(case, start=2)]


def by_product(n: int, c: int, k: int, start: int = 1) -> Fraction:
    """Return 1 less the product of 1 - k / i over i = n - c + 1, ..., n, exactly."""
    left = Fraction(1)
    for i in range(n - c + start, n + 1):
        left *= 1 - Fraction(min(k, i), i)
    return 1 - left if n - c >= k else Fraction(1)


def exact_estimates(case: Trials, start: int = 1) -> list[np.ndarray]:
    """Return all estimates as Fractions by the product, which may leave a factor out."""
    return [
        np.array([[by_product(n, c, k, start) for c in range(n + 1)] for k in range(1, n + 1)], object)
        for n in case.sizes
    ]


@formula(P="[0, 1]", k="[0, inf)")
def at_least_one(P: Number, k: int) -> Number:
    """The probability that one of k answers is right, the mean of the share of subsets with a right one.

    Proof
    -----
    Assumes: n >= k independent answers, each right with probability P, of which c are right.

    Proof: 1 - C(n - c, k) / C(n, k) is the share of the subsets of k answers in which one is right, and each subset
    has one with probability 1 - (1 - P)^k. C(n - c, k) / C(n, k) is the product of 1 - k / i over i = n - c + 1, ...,
    n, whose factors are below 1, so that nothing overflows.
    """
    return any_of(P, k)


def unbiased(case: Trials, found: list[np.ndarray], exact: bool = False) -> Sides:
    """Compare the mean of the estimates with pass@k, and each with the share of subsets."""
    P = case.success if exact else float(case.success)
    lhs, rhs = [], []
    for n, table in zip(case.sizes, found, strict=True):
        chances = [math.comb(n, c) * P**c * (1 - P) ** (n - c) for c in range(n + 1)]
        for k, row in enumerate(table, start=1):
            shares = [1 - Fraction(math.comb(n - c, k), math.comb(n, k)) for c in range(n + 1)]
            terms = [a * b for a, b in zip(chances, row, strict=True)]
            lhs += [sum(terms[1:], start=terms[0]), *row]
            rhs += [at_least_one(P, k), *shares]
    if exact:
        return Sides(np.array(lhs, object), np.array(rhs, object))
    return Sides(np.array(lhs, float), np.array(rhs, float), rounding=rounded(300, 1.0))


GR_10 = Statement(
    id="policy_gradients/GR-10",
    title="The share of subsets with a right answer estimates pass@k without bias",
    says=(
        "With c of n independent answers right, each with probability P, 1 - C(n - c, k) / C(n, k) has the mean 1 - (1 "
        "- P)^k for every k <= n."
    ),
    source=Derived(at_least_one),
    tex=r"\mathbb E \Bigl[1 - \binom{n-c}{k} \Big/ \binom nk\Bigr] = 1 - (1-P)^k",
    hypotheses={
        "answers, and a success probability": lambda case: min(case.sizes) >= 1 and case.wins + case.losses > 0
    },
    instances=TRIALS,
    for_all=(
        Generic(
            "success probabilities, with up to 16 answers and all k",
            lambda wins, losses: Trials(tuple(range(1, 17)), wins, losses),
            ("wins", "losses"),
            outcome=exact_estimates,
            sides=partial(unbiased, exact=True),
            wrong={"a factor is left out": partial(exact_estimates, start=2)},
        ),
    ),
    solve=estimates,
    claim=Identity(unbiased),
    decisions=("*",),
    saboteurs=(
        saboteur("with replacement", solve=with_replacement),
        saboteur("a factor is left out", solve=one_fewer),
    ),
    notes="The share of right answers in the place of P, 1 - (1 - c/n)^k, is too small on average.",
)

# --- a lower limit ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limit:
    """A number of answers, and the allowed probability of failure in thousandths."""

    n: int
    thousandths: int

    @property
    def delta(self) -> float:
        """The allowed probability of failure."""
        return self.thousandths / 1000


LIMITS = Family(
    "lower-limits",
    always=(Limit(1, 200), Limit(16, 50), Limit(64, 50), Limit(8, 1)),
    draw=lambda draws: Limit(draws.integers(1, 60), draws.choice((1, 10, 50, 200))),
)


def lower_limits(case: Limit, rng: np.random.Generator, share: float = 1.0) -> np.ndarray:
    """Compute the lower Clopper-Pearson limit of P for every count, each end of an interval failing with delta."""
    return np.asarray(clopper_pearson(np.arange(case.n + 1), case.n, delta=2 * share * case.delta)[0])


def by_standard_error(case: Limit, rng: np.random.Generator) -> np.ndarray:
    """Take the share of right answers less 1.645 standard errors."""
    shares = np.arange(case.n + 1) / case.n
    return np.maximum(shares - stats.norm.isf(case.delta) * np.sqrt(shares * (1 - shares) / case.n), 0)


def misses(case: Limit, lower: np.ndarray) -> Sides:
    """Compare the tail beyond each limit with delta from both sides; without a right answer the limit is 0."""
    n, delta = case.n, case.delta
    tails = stats.binom.sf(np.arange(n), n, lower[1:])
    due = np.full(n, delta)
    lhs, rhs = np.concatenate([tails, due, lower[:1]]), np.concatenate([due, tails, [0.0]])
    # an end is accurate to some hundred roundings, and a tail moves by n times that
    return Sides(lhs, rhs, trivial=np.ones(len(lhs)), rounding=rounded(1000 + 100 * n, 1.0))


GR_10C = Statement(
    id="policy_gradients/GR-10c",
    title="A lower limit of the success probability serves pass@k for all k at once",
    says=(
        "With P_L the lower Clopper-Pearson limit of level delta from c of n right answers, 1 - (1 - P_L)^k is at most "
        "pass@k for all k at once with probability at least 1 - delta, for every P: at P just below the limit of the "
        "count x, that limit and those of larger counts miss, which has probability P(c >= x) = delta there. P_L is 0 "
        "for c = 0."
    ),
    source=Classical("exact intervals of a binomial", "C. J. Clopper and E. S. Pearson, Biometrika 26, 1934"),
    tex=r"\Pr\bigl[\forall k: 1 - (1 - P_L)^k \le 1 - (1 - P)^k\bigr] \ge 1 - \delta",
    hypotheses={"delta in (0, 1/2)": lambda case: 0 < case.delta < 0.5},
    instances=LIMITS,
    solve=lower_limits,
    claim=Inequality(misses),
    decisions=("outcome",),
    saboteurs=(
        saboteur("1.645 standard errors below the share", solve=by_standard_error),
        saboteur("half as much again of the level", solve=partial(lower_limits, share=1.5)),
        saboteur("a hundredth of the level", solve=partial(lower_limits, share=0.01)),
    ),
)
