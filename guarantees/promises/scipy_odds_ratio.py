"""scipy: the confidence interval for the odds ratio of a table of two columns.

With all margins fixed, the law of the first cell is known up to the odds ratio, and its coverage is a Fraction.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
from lrtheory.bounds import Documented, Family, Inequality, OutcomeError, Sides, Statement, saboteur
from scipy.stats import contingency


@dataclass(frozen=True)
class Odds:
    """A table with fixed margins, m and n trials and r successes in all, and the odds ratio psi."""

    m: int
    n: int
    r: int
    psi: Fraction

    def counts(self):
        """The possible numbers of successes in the first sample."""
        return range(max(0, self.r - self.n), min(self.m, self.r) + 1)


@cache
def interval(x, m, n, r, kind="conditional"):
    found = contingency.odds_ratio([[x, r - x], [m - x, n - r + x]], kind=kind)
    return tuple(float(end) for end in found.confidence_interval(0.95))


def ends(kind):
    def solve(odds, rng):
        with np.errstate(divide="ignore", invalid="ignore"):  # a cell of 0 has an infinite standard error
            return np.array([interval(x, odds.m, odds.n, odds.r, kind) for x in odds.counts()])

    return solve


def finite_ends(odds, rng):
    """The interval of a normal law; where it has no number, all odds ratios below a million."""
    return np.nan_to_num(ends("sample")(odds, rng), nan=0.0, posinf=1e6)


def covers(level=Fraction(19, 20)):
    """The law of the count at the odds ratio psi has weights C(m, x) C(n, r - x) psi^x."""

    def sides(odds, found):
        if np.shape(found) != (len(odds.counts()), 2):
            raise OutcomeError(f"two ends for each of {len(odds.counts())} counts; got the shape {np.shape(found)}")
        psi = Fraction(odds.psi)
        weights = [math.comb(odds.m, x) * math.comb(odds.n, odds.r - x) * psi**x for x in odds.counts()]
        inside = sum(weight for weight, (low, high) in zip(weights, found, strict=True) if low <= psi <= high)
        return Sides(lhs=level, rhs=inside / sum(weights), least=0)

    return Inequality(sides)


def drawn_odds(draws):
    m, n = draws.integers(1, 5), draws.integers(1, 4)
    return Odds(m, n, draws.integers(1, m + n - 1), Fraction(draws.integers(1, 32), draws.choice((1, 8, 64))))


ODDS = [
    Odds(m, n, r, psi)
    for m, n, r in ((1, 1, 1), (2, 2, 2), (4, 3, 3))
    for psi in (Fraction(1, 16), Fraction(1), Fraction(16))
]

ODDS_RATIO = Statement(
    id="scipy/odds-ratio",
    title="The conditional interval covers the odds ratio",
    says="With all margins of a table fixed and psi the true odds ratio, the interval of `odds_ratio` contains psi "
    "with probability at least 95 percent.",
    source=Documented(
        "scipy",
        "stats.contingency.odds_ratio",
        "the ends of the conditional confidence interval, of 95 percent as a default, are Fisher's exact ones",
    ),
    tex=r"P_\psi(L \le \psi \le U) \ge 19/20",
    hypotheses={"a success and a failure": lambda odds: 0 < odds.r < odds.m + odds.n and odds.psi > 0},
    instances=Family("odds", always=[*ODDS, Odds(3, 2, 3, Fraction(9))], draw=drawn_odds),
    solve=ends("conditional"),
    claim=covers(),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("the interval of a normal law", solve=finite_ends),
        saboteur("at 99 percent", claim=covers(Fraction(99, 100))),
    ),
    decisions=("outcome",),
)
