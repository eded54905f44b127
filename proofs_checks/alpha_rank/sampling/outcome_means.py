"""Confidence intervals of mean payoffs: Hoeffding's, Clopper-Pearson's, and how both hold at all times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from lrtheory.alpha_rank import theory
from lrtheory.alpha_rank.sampling import ucb_steps
from lrtheory.bounds import (
    Box,
    Classical,
    Derived,
    Family,
    Inequality,
    Probability,
    Sides,
    Statement,
    exp,
    rounding,
    saboteur,
)
from proofs_checks.alpha_rank.families.exact_chances import clopper_pearson, interval_missed
from proofs_checks.alpha_rank.families.ucb_reports import is_bernoulli, missed_or_unfounded, sampled
from proofs_checks.alpha_rank.families.ucb_runs import EASY_MATCH, HALF_GAP, MATCHES


@dataclass(frozen=True)
class BernoulliMean:
    """A win probability, the number of outcomes, and the failure probability that is allowed."""

    p: float
    n: int
    delta: float


BERNOULLI_MEANS = Family(
    "bernoulli-means",
    always=(
        BernoulliMean(0.5, 1, 0.5),
        BernoulliMean(0.5, 10, 0.1),  # 8 or 2 wins are just inside, by a quarter of the half-width
        BernoulliMean(0.5, 40, 0.1),
        BernoulliMean(0.9, 40, 0.01),
    ),
    draw=lambda draws: BernoulliMean(draws.integers(0, 16) / 16, draws.integers(1, 60), draws.choice((0.5, 0.1, 0.01))),
)


def hoeffding_radius(sample: BernoulliMean, rng: np.random.Generator, factor: float = 1.0) -> float:
    """Return the half-width that is claimed for a mean of n outcomes."""
    return factor * theory.hoeffding_radius(sample.n, delta=sample.delta, n_means=1, anytime=False)


def exact_tail(sample: BernoulliMean, radius: Any) -> Sides:
    """Compare P(|X/n - p| > r), a sum of binomial probabilities, with delta, and r with the half-width of the claim."""
    n, p = sample.n, Fraction(sample.p)
    tail = sum(
        math.comb(n, x) * p**x * (1 - p) ** (n - x) for x in range(n + 1) if abs(Fraction(x, n) - p) > Fraction(radius)
    )
    # a radius wider than that of the theorem misses less, so it is compared, too
    widest = Fraction(hoeffding_radius(BernoulliMean(0.5, sample.n, float(sample.delta)), None))
    lhs, rhs = np.array([tail, Fraction(radius)], object), np.array([Fraction(sample.delta), widest], object)
    return Sides(lhs, rhs, trivial=np.array([1, math.inf]))


P1 = Statement(
    id="alpha_rank/P1",
    title="Hoeffding's interval of a mean",
    says=(
        "The mean M_hat of n independent outcomes in [0, 1] is off from its expectation M by more than sqrt(log(2 / "
        "delta) / (2 n)) with probability at most delta."
    ),
    source=Classical("Hoeffding's inequality", "W. Hoeffding, J. Amer. Statist. Assoc. 58, 1963"),
    tex=r"P(|\hat M - M| > \sqrt{\log(2/\delta)/2n}) \le \delta",
    hypotheses={
        "outcomes in [0, 1]": lambda sample: 0 <= sample.p <= 1,
        "delta in (0, 1)": lambda sample: 0 < sample.delta < 1,
    },
    instances=BERNOULLI_MEANS,
    solve=hoeffding_radius,
    claim=Inequality(exact_tail, unbounded="a half-width may be as large as one likes"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("half as wide", solve=partial(hoeffding_radius, factor=0.5)),
        # subtle: refuted by 8 or 2 wins of 10 fair coins, which lie just inside the true radius
        saboteur("three quarters as wide", solve=partial(hoeffding_radius, factor=0.75)),
    ),
    notes="Exact binomial tails.",
)


RG_T1 = Statement(
    id="alpha_rank/RG-T1",
    title="All intervals hold at all times",
    says=(
        "With probability at least 1 - delta, the mean outcome M_hat^k_n(s) of player k in the first n plays of "
        "profile s is within r(n) of the mean payoff M^k(s), for all n, all K players and all |S| profiles at once."
    ),
    source=Derived(theory.hoeffding_radius),
    tex=r"P(\exists n, k, s : |\hat M^k_n(s) - M^k(s)| > r(n)) \le \delta,\ r(n)^2 = \log(\pi^2 n^2 K|S|/3\delta)/2n",
    hypotheses={"outcomes in {0, 1}": is_bernoulli},
    instances=MATCHES,
    solve=sampled,
    # the first instance is small enough for a sum over all outcomes, which stands beside the measured rate
    claim=Probability(missed_or_unfounded, lambda match: match.delta, exact=interval_missed),
    decisions=("lower", "upper"),
    saboteurs=(
        # kernels with a patch are interpreted, hence a match that ends after few plays
        saboteur("radius a quarter as wide", patch=(ucb_steps.update, "/ (2 * n)", "/ (32 * n)"), instances=EASY_MATCH),
        # subtle: each interval alone keeps its level; only all of them together miss too often
        saboteur(
            "a level for each payoff and each time",
            solve=partial(sampled, anytime=False, joint=False),
            instances=HALF_GAP,
        ),
    ),
    notes="One instance is the three-player Kuhn meta-game, whose ties no number of samples resolves.",
)


RG_T1_EXACT = Statement(
    id="alpha_rank/RG-T1-exact",
    title="All Clopper-Pearson intervals hold at all times",
    says=(
        "With probability at least 1 - delta, at all times each mean payoff M^k(s) of K players in |S| profiles lies "
        "in the Clopper-Pearson interval CP of x successes in n plays at level delta_n = 6 delta / (pi^2 n^2 K |S|)."
    ),
    source=Derived(theory.clopper_pearson),
    tex=r"P(\exists n, k, s : M^k(s) \notin CP_{\delta_n}(x, n)) \le \delta",
    hypotheses={"outcomes in {0, 1}": is_bernoulli},
    instances=MATCHES,
    solve=partial(sampled, bound="clopper-pearson"),
    decisions=("lower", "upper"),
    claim=Probability(
        event=partial(missed_or_unfounded, exact=True),
        at_most=lambda match: match.delta,
        exact=partial(interval_missed, intervals=clopper_pearson),
    ),
    saboteurs=(
        saboteur(
            "a level for each payoff and each time",
            solve=partial(sampled, bound="clopper-pearson", anytime=False, joint=False),
        ),
    ),
)


@dataclass(frozen=True)
class Counts:
    """The number of trials, and the level of an interval."""

    n: int
    level: float


ALL_COUNTS = Family(
    "all-counts",
    always=tuple(Counts(n, level) for n in (1, 2, 5, 50, 200) for level in (0.5, 0.1, 0.01, 0.0001)),
    draw=lambda draws: Counts(draws.integers(1, 200), draws.choice((0.5, 0.1, 0.01, 0.0001))),
)


def exact_limits(counts: Counts, rng: np.random.Generator, share: float = 1.0) -> np.ndarray:
    """Compute Clopper-Pearson intervals for every number of successes, from 0 to n."""
    return np.stack(theory.clopper_pearson(np.arange(counts.n + 1), counts.n, share * counts.level))


def inside_hoeffding(counts: Counts, ends: np.ndarray, factor: float = 1.0) -> Sides:
    """Exact ends lie between Hoeffding's, clipped to [0, 1], and the tails beyond them have probability level / 2."""
    x = np.arange(counts.n + 1)
    radius = factor * theory.hoeffding_radius(counts.n, delta=counts.level, n_means=1, anytime=False)
    low, high = np.maximum(x / counts.n - radius, 0), np.minimum(x / counts.n + radius, 1)
    tails = np.r_[stats.binom.sf(x[1:] - 1, counts.n, ends[0, 1:]), stats.binom.cdf(x[:-1], counts.n, ends[1, :-1])]
    half = np.full(len(tails), counts.level / 2)
    # tails are compared with level / 2 both ways, since an interval that is too wide is wrong, too
    lhs = np.r_[low, ends[0], ends[1], tails, half, ends[0, 0], 1 - ends[1, -1]]
    rhs = np.r_[ends[0], ends[1], high, half, tails, 0, 0]
    # the inverse of the incomplete beta function is accurate to some hundred roundings, a tail moves by n times that
    return Sides(lhs, rhs, trivial=np.ones(len(lhs)), rounding=rounding(1000 + 100 * counts.n, 1.0))


def at_radius(r: Fraction, n: int, x: int) -> Counts:
    """n trials at the level at which Hoeffding's half-width is r."""
    return Counts(n, 2 * math.exp(-2 * n * float(r) ** 2))


def tail_slack(r: Any, n: int, x: int, factor: Fraction = Fraction(1)) -> list[Any]:
    """Compare P(x or more successes) at `factor` times r below x / n with half of the level.

    The lower end of the exact interval is at least x / n - r iff that tail is at most level / 2; the upper end of x
    successes mirrors the lower one of n - x.
    """
    p = Fraction(x, n) - factor * r
    return [exp(-2 * n * r * r) - sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(x, n + 1))]


ALL_LEVELS = Box(
    "half-widths r of Hoeffding's intervals at levels below 1, numbers of trials n, and numbers of successes x >= n r",
    of=at_radius,
    reals={"r": (0, 1)},
    wholes={"n": range(1, 13), "x": range(1, 13)},
    where=(
        lambda r, n, x: x <= n,
        lambda r, n, x: n * r <= x,  # else Hoeffding's lower end is 0
        lambda r, n, x: 2 * exp(-2 * n * r * r) < 1,
    ),
    slack=tail_slack,
    wrong={"nine tenths of Hoeffding's radius": partial(tail_slack, factor=Fraction(9, 10))},
)


RG_T5 = Statement(
    id="alpha_rank/RG-T5",
    title="Exact intervals lie inside Hoeffding's",
    says=(
        "The Clopper-Pearson interval CP_delta(x, n) at level delta for the probability behind x successes in n "
        "trials lies in [0, 1] and in Hoeffding's interval of half-width r around x / n."
    ),
    source=Derived(theory.clopper_pearson),
    tex=r"CP_\delta(x, n) \subseteq [x/n - r, x/n + r] \cap [0, 1],\quad r^2 = \log(2/\delta)/2n",
    hypotheses={"level in (0, 1)": lambda counts: 0 < counts.level < 1},
    instances=ALL_COUNTS,
    for_all=(ALL_LEVELS,),
    solve=exact_limits,
    claim=Inequality(inside_hoeffding),
    saboteurs=(
        saboteur("nine tenths of Hoeffding's radius", claim=Inequality(partial(inside_hoeffding, factor=0.9))),
        saboteur("a hundredth of the level", solve=partial(exact_limits, share=0.01)),
    ),
)
