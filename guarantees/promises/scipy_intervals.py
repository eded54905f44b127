"""scipy: confidence intervals for a proportion and for a quantile."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from math import isfinite

import ready
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, always, saboteur
from ready import oracles
from ready.oracles import coverage
from scipy import stats


@cache
def interval(k, n, method="exact", level=0.95, alternative="two-sided"):
    return tuple(map(float, stats.binomtest(k, n, alternative=alternative).proportion_ci(level, method=method)))


FAMILY = replace(ready.binomials(10, name="binomials-to-10"), climb=None)

EXACT = Statement(
    id="scipy/binomtest-interval",
    title="The exact interval for a proportion covers it",
    says="The 95 percent interval of `binomtest` by the method `exact` contains the true probability of success with "
    "probability at least 95 percent, for every number n of trials and every probability.",
    source=Documented(
        "scipy", "stats.binomtest", "the interval for the proportion is by default the exact one of Clopper and Pearson"
    ),
    tex=r"P_p(L \le p \le U) \ge 19/20",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=oracles.for_every_count(interval),
    claim=coverage(),
    saboteurs=(
        saboteur("the interval of Wilson", solve=oracles.for_every_count(partial(interval, method="wilson"))),
        saboteur("one-sided ends", solve=oracles.for_every_count(partial(interval, level=0.9))),
        saboteur("at 98 percent", claim=coverage(Fraction(98, 100))),
    ),
    decisions=("outcome",),
    notes="The coverage is computed at every end of an interval, where it is least, and not only on a grid.",
)


# --- quantiles -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quantile:
    """A sample of n values of a continuous law, the order p of a quantile, and the level of its interval."""

    n: int
    p: Fraction
    level: Fraction


def order_statistics(one, rng, narrower=0):
    """The places in the sorted sample at which the interval begins and ends, from the sample 1, ..., n."""
    test = stats.quantile_test(range(1, one.n + 1), q=0, p=float(one.p))
    low, high = map(float, test.confidence_interval(float(one.level)))
    return low + narrower, high - narrower


def contains(times=1):
    """The interval from place i to place j contains the quantile where i, ..., j - 1 values lie below it."""

    def sides(one, ends):
        low, high = ends  # no end where the sample has none that is far enough
        first, last = int(low) if isfinite(low) else 0, int(high) - 1 if isfinite(high) else one.n
        inside = sum(oracles.binomial_pmf(one.n, one.p, k) for k in range(first, last + 1))
        return Sides(lhs=times * Fraction(one.level), rhs=inside, least=0)

    return Inequality(sides)


ORDERS = tuple(Fraction(i, 10) for i in (1, 3, 5, 8))

QUANTILE = Statement(
    id="scipy/quantile-interval",
    title="The interval for a quantile covers it",
    says="The interval of `quantile_test` at the level c contains the quantile of order p of a continuous law with "
    "probability at least c.",
    source=Documented(
        "scipy", "stats.quantile_test", "the intervals rest on no model and are valid for independent samples"
    ),
    tex=r"P(X_{(i)} \le q_p < X_{(j)}) \ge c",
    hypotheses={"inside": lambda one: one.n > 1 and 0 < one.p < 1 and 0 < one.level < 1},
    instances=Family(
        "quantiles",
        always=[
            Quantile(n, p, level) for n in (2, 5, 8) for p in ORDERS for level in (Fraction(1, 2), Fraction(9, 10))
        ],
        draw=lambda draws: Quantile(
            draws.integers(2, 14), Fraction(draws.integers(1, 9), 10), Fraction(draws.integers(1, 19), 20)
        ),
    ),
    solve=order_statistics,
    claim=contains(),
    closed="a wider interval covers the quantile too, so a wrong one may keep the promise",
    saboteurs=(
        saboteur("one place narrower", solve=partial(order_statistics, narrower=1)),
        saboteur("a tenth more", claim=contains(Fraction(11, 10))),
    ),
    decisions=("*",),
)
