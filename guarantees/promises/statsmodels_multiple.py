"""statsmodels: corrections for several tests at once, and the rates of error that they are said to control.

The p-values of true hypotheses are independent and uniform on 1/g, ..., 1, so that each is at most t with probability
at most t; those of false hypotheses are 0, which is the hardest case. All cases are counted, and the rates are exact.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, product
from math import factorial

import numpy as np
from lrtheory.bounds import (
    Documented,
    Family,
    Inequality,
    OutcomeError,
    Sides,
    Statement,
    Tight,
    Violated,
    repair,
    saboteur,
)
from statsmodels.stats.multitest import multipletests


@dataclass(frozen=True)
class Tests:
    """Some true and some false hypotheses; alpha is one of the levels 1/cells, 2/cells, ... that p-values attain."""

    true: int
    false: int
    cells: int
    alpha: Fraction


def cases(tests):
    """The p-values of the true hypotheses in order, as numbers of cells, and how many orders there are of each."""
    for found in combinations_with_replacement(range(1, tests.cells + 1), tests.true):
        orders = factorial(tests.true)
        for count in Counter(found).values():
            orders //= factorial(count)
        yield found, orders


@cache
def rejected(tests, method):
    """For each case, how many false and how many true hypotheses the library rejects."""
    rows = []
    for found, _ in cases(tests):
        with np.errstate(divide="ignore"):  # a quotient or a logarithm at a p-value of 1
            yes = multipletests(
                [0.0] * tests.false + [cell / tests.cells for cell in found], float(tests.alpha), method
            )[0]
        rows.append((int(yes[: tests.false].sum()), int(yes[tests.false :].sum())))
    return np.array(rows)


def corrected(method):
    return lambda tests, rng: rejected(tests, method)


def uncorrected(tests, rng):
    """A wrong solver: every p-value of at most alpha is rejected."""
    return np.array(
        [(tests.false, sum(Fraction(cell, tests.cells) <= tests.alpha for cell in found)) for found, _ in cases(tests)]
    )


def step_up(tests, p_values, alpha):
    """The procedure of Benjamini and Hochberg in Fractions: as many are rejected as the largest fitting place says."""
    ordered, n = sorted(p_values), len(p_values)
    return max((place for place in range(1, n + 1) if ordered[place - 1] <= alpha * place / n), default=0)


def two_stages(tests, rng):
    """The procedure of Benjamini, Krieger and Yekutieli: both stages are at alpha / (1 + alpha)."""
    rows, level = [], tests.alpha / (1 + tests.alpha)
    for found, _ in cases(tests):
        p_values = [Fraction(0)] * tests.false + [Fraction(cell, tests.cells) for cell in found]
        n, first = len(p_values), step_up(tests, p_values, level)
        number = first if first in (0, n) else step_up(tests, p_values, level * n / (n - first))
        rows.append((min(number, tests.false), max(number - tests.false, 0)))
    return np.array(rows)


def controls(rate, times=1):
    """The mean of `rate(false, true)`, of the numbers of rejected hypotheses, is at most `times` alpha."""

    def sides(tests, rows):
        weights = [orders for _, orders in cases(tests)]
        if np.shape(rows) != (len(weights), 2):
            raise OutcomeError(f"two numbers for each of {len(weights)} cases; got the shape {np.shape(rows)}")
        mean = sum(orders * rate(int(f), int(t)) for orders, (f, t) in zip(weights, rows, strict=True))
        return Sides(lhs=Fraction(mean, tests.cells**tests.true), rhs=times * Fraction(tests.alpha), trivial=1)

    return Inequality(sides)


family_wise = lambda false, true: int(true > 0)
discoveries = lambda false, true: Fraction(true, max(false + true, 1))


# --- instances and statements ----------------------------------------------------------------------------------------


def every_small():
    """All with up to three true hypotheses, two false ones and four cells, from the smallest one on."""
    return [
        Tests(true, false, cells, Fraction(rejecting, cells))
        for cells in (2, 3, 4)
        for rejecting in range(1, cells // 2 + 1)
        for true, false in product((1, 2, 3), (0, 1, 2))
    ]


WHAT = "all with up to three true hypotheses, two false ones and four cells, and alpha up to one half"
ONE = Tests(1, 0, 4, Fraction(1, 4))  # a single test is no correction at all, so the rate is alpha
OTHERS = [tests for tests in every_small() if tests != ONE]
FAMILY = Family("tests", always=OTHERS, tight=(Tight(ONE, 1, 1),), complete=WHAT, members=len(OTHERS) + 1)
# methods that take a smaller level even for a single test
STRICTER = Family("tests-of-stricter-methods", always=every_small, complete=WHAT, members=len(OTHERS) + 1)
VALID = {
    "alpha is attained": lambda tests: 0 < 2 * tests.alpha <= 1 and (tests.alpha * tests.cells).denominator == 1,
    "few": lambda tests: 1 <= tests.true <= 3 and 0 <= tests.false <= 2 and 2 <= tests.cells <= 4,
}
ALL = "for independent tests every method on offer controls the family-wise error rate or the rate of false discoveries"


ONE_SIDED = "a method that rejects nothing keeps the rate, too"


def control(item, method, rate, words, family=FAMILY, closed=""):
    if rate is family_wise:
        kind, tex = "the probability that a true hypothesis is rejected", r"P(V > 0) \le \alpha"
    else:
        kind, tex = "the mean share of true ones among the rejected hypotheses", r"E[V / \max(R, 1)] \le \alpha"
    return Statement(
        id=f"statsmodels/{item}",
        title=f"{words} keeps its rate",
        says=f"For independent p-values and every alpha, {kind} by `multipletests` with the method `{method}` is at "
        "most alpha.",
        source=Documented("statsmodels", "stats.multitest.multipletests", ALL),
        tex=tex,
        hypotheses=VALID,
        instances=family,
        solve=corrected(method),
        claim=controls(rate),
        saboteurs=(
            saboteur("no correction", solve=uncorrected),
            saboteur("half of alpha", claim=controls(rate, Fraction(1, 2))),
        ),
        decisions=("outcome",),
        closed=closed,
    )


HOLM_SIDAK = control("holm-sidak", "holm-sidak", family_wise, "The step-down method of Holm with levels of Sidak")
HOCHBERG = control("hochberg", "simes-hochberg", family_wise, "The step-up method of Hochberg")
HOMMEL = control("hommel", "hommel", family_wise, "The closed method of Hommel")
BENJAMINI_HOCHBERG = control("fdr-bh", "fdr_bh", discoveries, "The method of Benjamini and Hochberg")
BENJAMINI_KRIEGER_YEKUTIELI = control(
    "fdr-tsbky", "fdr_tsbky", discoveries, "The method of Benjamini, Krieger and Yekutieli", STRICTER, ONE_SIDED
)
ADAPTIVE = control(
    "fdr-gbs", "fdr_gbs", discoveries, "The method of Gavrilov, Benjamini and Sarkar", STRICTER, ONE_SIDED
)

# two true hypotheses and a false one, with p-values in quarters
SMALLEST = Tests(2, 1, 4, Fraction(1, 2))

TWO_STAGES_BH = Statement(
    id="statsmodels/fdr-tsbh",
    title="The method of Benjamini and Hochberg in two stages keeps its rate",
    says="For independent p-values and every alpha, the mean share of true ones among the rejected hypotheses by "
    "`multipletests` with the method `fdr_tsbh` is at most alpha.",
    source=Documented("statsmodels", "stats.multitest.multipletests", ALL),
    tex=r"E[V / \max(R, 1)] \le \alpha",
    hypotheses=VALID,
    instances=Family(
        "tests-in-two-stages",
        always=[SMALLEST, *(tests for tests in every_small() if tests != SMALLEST)],
        complete=WHAT,
        members=len(every_small()),
    ),
    solve=corrected("fdr_tsbh"),
    claim=controls(discoveries),
    decisions=("outcome",),
    violated=Violated(
        "The first stage is at alpha itself, and what it rejects by chance makes the second stage too liberal, so that "
        "two true hypotheses and a false one have a rate above alpha"
    ),
    repairs=(repair("both stages at alpha / (1 + alpha)", solve=two_stages),),
    notes="The method `fdr_tsbky`, whose stages are at alpha / (1 + alpha), keeps the rate.",
)
