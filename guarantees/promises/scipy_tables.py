"""scipy: two proportions in a table of two columns. Exact tests of Barnard and of Boschloo.

The truth is counted in Fractions: two tables that are equally extreme are equally extreme, whatever doubles say. A
p-value that is the largest over a nuisance parameter is at least the probability at each value of it, so a few suffice.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
from lrtheory.bounds import (
    Documented,
    Family,
    Inequality,
    OutcomeError,
    Sides,
    Statement,
    Violated,
    repair,
    rounding,
    saboteur,
)
from scipy import stats


@dataclass(frozen=True)
class Table:
    """Successes and trials of two samples, which are the columns."""

    x: int
    y: int
    m: int
    n: int

    def rows(self):
        """The table as the library takes it: successes above failures."""
        return [[self.x, self.y], [self.m - self.x, self.n - self.y]]


GRID = tuple(Fraction(i, 16) for i in range(1, 16))


@cache
def squared(x, y, m, n):
    """The statistic of Wald with pooled variance, squared and with its sign; it orders tables as the statistic does."""
    gap, p = Fraction(x, m) - Fraction(y, n), Fraction(x + y, m + n)
    return gap * abs(gap) / (p * (1 - p) * (Fraction(1, m) + Fraction(1, n))) if gap else Fraction(0)


@cache
def fisher(x, y, m, n):
    """The one-sided p-value of Fisher for few successes in the first sample."""
    return Fraction(
        sum(math.comb(m, k) * math.comb(n, x + y - k) for k in range(max(0, x + y - n), x + 1)), math.comb(m + n, x + y)
    )


def tails(extreme):
    """The probability of the tables that are at least as extreme, at each value of the grid."""

    @cache
    def of(table):
        m, n = table.m, table.n
        cells = [
            (x, y) for x, y in product(range(m + 1), range(n + 1)) if extreme((x, y, m, n), (table.x, table.y, m, n))
        ]
        counts = [0] * (m + n + 1)
        for x, y in cells:
            counts[x + y] += math.comb(m, x) * math.comb(n, y)
        return [sum(count * p**k * (1 - p) ** (m + n - k) for k, count in enumerate(counts)) for p in GRID]

    return of


def at_least(extreme, times=1):
    """The p-value is at least the probability of what is as extreme, at every value of the nuisance parameter."""
    truth = tails(extreme)

    def sides(table, p):
        # the sum runs over at most (m + 1)(n + 1) terms, each with two powers of at most m + n factors
        operations = (table.m + 1) * (table.n + 1) * (table.m + table.n + 64)
        lhs = np.array([times * tail for tail in truth(table)], object)
        return Sides(
            lhs=lhs, rhs=np.full(len(lhs), p), least=np.zeros(len(lhs), int), rounding=rounding(operations, lhs)
        )

    return Inequality(sides)


two_sided = lambda other, one: abs(squared(*other)) >= abs(squared(*one))
few = lambda other, one: squared(*other) <= squared(*one)
by_fisher = lambda other, one: fisher(*other) <= fisher(*one)


def drawn(draws):
    m, n = draws.integers(1, 5), draws.integers(1, 5)
    return Table(draws.integers(0, m), draws.integers(0, n), m, n)


def small(first=(), top=2):
    """All tables with at most `top` trials in each sample, after those with which the family begins."""
    tables = [
        Table(x, y, m, n) for m, n in product(range(1, top + 1), repeat=2) for x in range(m + 1) for y in range(n + 1)
    ]
    return [*first, *tables]


NOT_EMPTY = {"no sample is empty": lambda table: min(table.m, table.n) > 0}


@cache
def barnard(table, alternative="two-sided"):
    return float(stats.barnard_exact(table.rows(), alternative=alternative).pvalue)


def violated_barnard(item, alternative, extreme, first, words, mend):
    """Barnard's test with one alternative, and the line in which ties of doubles are decided."""
    old, new = mend
    return Statement(
        id=f"scipy/{item}",
        title=f"Barnard's test counts every table that is as extreme, alternative `{alternative}`",
        says="For every probability q of success that both samples share, the p-value p of `barnard_exact` is at least "
        f"the probability of the tables whose Wald statistic is {words} that of the observed table.",
        source=Documented(
            "scipy",
            "stats.barnard_exact",
            "the p-value is the largest probability, for any common one of success, of a table at least as extreme",
        ),
        tex=r"\max_q P_q(T(X) \text{ at least as extreme as } T(x)) \le p",
        hypotheses=NOT_EMPTY,
        instances=Family(f"{item}-tables", always=lambda: small((first,)), draw=drawn),
        solve=lambda table, rng: float(stats.barnard_exact(table.rows(), alternative=alternative).pvalue),
        claim=at_least(extreme),
        decisions=("outcome",),
        violated=Violated(
            "Statistics of two tables that are equal are compared in doubles, and rounding leaves one table out",
            "scipy #18798",
        ),
        repairs=(repair("equal up to 1e-9", patch=(stats.barnard_exact, old, new)),),
    )


BARNARD = violated_barnard(
    "barnard-exact",
    "two-sided",
    two_sided,
    Table(1, 1, 1, 3),
    "at least as far from 0 as",
    (">= abs(wald_stat_obs)", ">= abs(wald_stat_obs) * (1 - 1e-9)"),
)
BARNARD_LESS = violated_barnard(
    "barnard-exact-less",
    "less",
    few,
    Table(1, 3, 3, 3),
    "at most",
    ("<= wald_stat_obs", "<= wald_stat_obs + 1e-9 * abs(wald_stat_obs)"),
)


@cache
def boschloo(table):
    return float(stats.boschloo_exact(table.rows(), alternative="less").pvalue)


BOSCHLOO = Statement(
    id="scipy/boschloo-exact",
    title="Boschloo's test counts every table that is as extreme",
    says="For every probability q of success that both samples share, the one-sided p-value p of `boschloo_exact` is "
    "at least the probability of the tables whose p-value by Fisher's test is at most that of the observed table.",
    source=Documented(
        "scipy",
        "stats.boschloo_exact",
        "the p-value is the probability, under the hypothesis, of a p-value by Fisher's test that is as extreme",
    ),
    tex=r"\max_q P_q(F(X) \le F(x)) \le p",
    hypotheses=NOT_EMPTY,
    instances=Family("boschloo-tables", always=lambda: small(), draw=drawn),
    solve=lambda table, rng: boschloo(table),
    claim=at_least(by_fisher),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur(
            "the p-value of Fisher", solve=lambda table, rng: float(fisher(table.x, table.y, table.m, table.n)) / 2
        ),
        saboteur("a tenth more", claim=at_least(by_fisher, Fraction(11, 10))),
    ),
    decisions=("outcome",),
    notes="Here equal statistics are compared with a tolerance, which Barnard's test lacks.",
)


# --- level of Barnard's test -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trials:
    """The numbers of trials in both samples."""

    m: int
    n: int

    def tables(self):
        """All outcomes."""
        return [Table(x, y, self.m, self.n) for x, y in product(range(self.m + 1), range(self.n + 1))]


def of_all_tables(test):
    return lambda trials, rng: np.array([test(table) for table in trials.tables()])


def keeps_level(times=1):
    """At every p-value alpha and each q, a p-value of at most alpha has probability at most `times` alpha."""

    def sides(trials, p_values):
        tables = trials.tables()
        if np.shape(p_values) != (len(tables),) or not all(p >= 0 for p in p_values):
            raise OutcomeError(f"one p-value for each of {len(tables)} tables; got {p_values}")
        lhs, rhs = [], []
        for alpha in sorted(set(p_values)):
            counts = [0] * (trials.m + trials.n + 1)
            for table, p in zip(tables, p_values, strict=True):
                if p <= alpha:
                    counts[table.x + table.y] += math.comb(table.m, table.x) * math.comb(table.n, table.y)
            total = trials.m + trials.n
            lhs += [sum(count * q**k * (1 - q) ** (total - k) for k, count in enumerate(counts)) for q in GRID]
            rhs += [times * Fraction(alpha)] * len(GRID)
        # alpha is a sum over at most all tables, computed as in `at_least`
        operations = len(tables) * (trials.m + trials.n + 64)
        return Sides(np.array(lhs, object), np.array(rhs, object), np.ones(len(lhs), int), rounding(operations, rhs))

    return Inequality(sides)


BARNARD_LEVEL = Statement(
    id="scipy/barnard-exact-level",
    title="Barnard's test keeps its level",
    says="For every probability q of success that both samples share and every alpha, the two-sided p-value of "
    "`barnard_exact` is at most alpha with probability at most alpha.",
    source=Documented("scipy", "stats.barnard_exact", "the test is exact"),
    tex=r"P_q(p \le \alpha) \le \alpha",
    hypotheses={"no sample is empty": lambda trials: min(trials.m, trials.n) > 0},
    instances=Family(
        "trials",
        always=[Trials(m, n) for m, n in product(range(1, 4), repeat=2)],
        draw=lambda draws: Trials(draws.integers(1, 4), draws.integers(1, 4)),
    ),
    solve=of_all_tables(barnard),
    claim=keeps_level(),
    saboteurs=(
        saboteur("half of the p-value", solve=of_all_tables(lambda table: barnard(table) / 2)),
        saboteur("at nine tenths of the level", claim=keeps_level(Fraction(9, 10))),
    ),
    decisions=("outcome",),
    notes="So p-values that leave out a table of equal extremeness do not break the level: its mirror image, whose "
    "p-value is right, is rejected later.",
)
