"""scipy: p-values that are adjusted so that the rate of false discoveries is controlled.

The adjusted value of a test is the least level at which the procedure of Benjamini and Hochberg, or that of Benjamini
and Yekutieli, rejects it. It is computed in Fractions from the given doubles.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, Violated, repair, rounding, saboteur
from scipy import stats


@dataclass(frozen=True)
class PValues:
    """P-values, as integers over 100; and the procedure."""

    hundredths: tuple[int, ...]
    method: str

    def doubles(self):
        """The p-values as the library gets them."""
        return [one / 100 for one in self.hundredths]


def adjusted(tests):
    """For each test the least of n c p_(k) / k over the places k behind its own, and 1 if that is more."""
    p, n = [Fraction(one) for one in tests.doubles()], len(tests.hundredths)
    factor = sum(Fraction(1, k) for k in range(1, n + 1)) if tests.method == "by" else Fraction(1)
    order, levels, least = sorted(range(n), key=lambda i: p[i]), {}, Fraction(1)
    for place in range(n, 0, -1):
        least = min(least, n * factor * p[order[place - 1]] / place)
        levels[order[place - 1]] = least
    return [levels[i] for i in range(n)]


def as_adjusted(shift=0):
    def sides(tests, found):
        n = len(tests.hundredths)
        gaps = [abs(Fraction(x) - y - shift) for x, y in zip(found, adjusted(tests), strict=True)]
        return Sides(gaps, [Fraction(0)] * n, trivial=[2] * n, rounding=rounding(n + 8, np.ones(n)))

    return Inequality(sides)


def by_library(tests, rng):
    return stats.false_discovery_control(tests.doubles(), method=tests.method).tolist()


def as_integers(tests, rng):
    return stats.false_discovery_control([one // 100 for one in tests.hundredths], method=tests.method).tolist()


def times_number(tests, rng):
    """The adjustment of Bonferroni."""
    return [min(1.0, len(tests.hundredths) * p) for p in tests.doubles()]


def not_falling(tests, rng):
    """A wrong solver: each p-value by its own place, even if a later one gets less."""
    p, n = np.array(tests.doubles()), len(tests.hundredths)
    return np.minimum(1, p * n / (1 + p.argsort(kind="stable").argsort())).tolist()


def small(values, top):
    every = [product(values, repeat=n) for n in range(1, top + 1)]
    return [PValues(p, method) for found in every for p in found for method in ("bh", "by")]


def drawn(draws):
    return PValues(tuple(draws.integers(0, 100, shape=draws.integers(1, 7)).tolist()), draws.choice(("bh", "by")))


BETWEEN = {"from 0 to 1": lambda tests: all(0 <= one <= 100 for one in tests.hundredths)}
SOURCE = Documented("scipy", "stats.false_discovery_control", "adjusted p-values; they are real numbers from 0 to 1")

DISCOVERIES = Statement(
    id="scipy/false-discovery-control",
    title="Adjusted p-values are the levels at which tests are rejected",
    says="The adjusted value of the test at place k, by its p-value, is the least of 1 and of n c p_(j) / j over all "
    "places j >= k, where c is 1, or 1 + 1/2 + ... + 1/n for the second procedure.",
    source=SOURCE,
    tex=r"\tilde p_{(k)} = \min_{j \ge k} \min(1, n c\, p_{(j)} / j)",
    hypotheses=BETWEEN,
    instances=Family("adjusted", always=small((0, 2, 25, 100), 3), draw=drawn),
    solve=by_library,
    claim=as_adjusted(),
    saboteurs=(
        saboteur("times their number", solve=times_number),
        saboteur("each by its own place", solve=not_falling),
        saboteur("one thousandth more", claim=as_adjusted(Fraction(1, 1000))),
    ),
    notes="So the rate of false discoveries follows by the theorems of the two papers, which are not checked here.",
)

INTEGERS = replace(
    DISCOVERIES,
    id="scipy/false-discovery-control-integers",
    title="Adjusted p-values of tests whose p-values are the integers 0 and 1",
    says="For two p-values that are the integers 0 or 1 the adjusted value at place k is the least of 1 and of "
    "n c p_(j) / j over all places j >= k, as for doubles.",
    hypotheses=BETWEEN | {"integers": lambda tests: set(tests.hundredths) <= {0, 100}},
    instances=Family(
        "adjusted-integers",
        always=[PValues(p, "bh") for p in product((0, 100), repeat=2)],
        complete="two p-values, each 0 or 1",
        members=4,
    ),
    solve=as_integers,
    saboteurs=(),
    violated=Violated("Integers pass the check of the input, and are then multiplied in place by a fraction"),
    repairs=(repair("as doubles", solve=by_library),),
    notes="The error is one of types, and says nothing of p-values. Lists of doubles are not concerned.",
)
