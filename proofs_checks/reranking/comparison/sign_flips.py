"""Tests of paired differences by exchanging signs: exact, sampled, and in doubles.

n queries give the differences d of two systems. If the systems do not differ, all 2^n signs of the differences are
equally likely. A test looks at the absolute sum; its p-value is the share of signs whose absolute sum is at least that
of the observed ones.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    OutcomeError,
    Probability,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.reranking import sign_flips
from lrtheory.reranking.metrics import signs as flips


def signs(n: int) -> np.ndarray:
    """Return all signs of n differences, (2^n, n)."""
    return np.array(list(itertools.product((1, -1), repeat=n)), np.int64).reshape(2**n, n)


@dataclass(frozen=True)
class Paired:
    """Differences of the queries, as integers."""

    d: tuple[int, ...]

    @property
    def sums(self) -> list[int]:
        """The absolute sum under each of the signs, in Python's integers."""
        return [abs(sum(map(int.__mul__, row, map(int, self.d)))) for row in signs(len(self.d)).tolist()]


# --- the exact p-value -----------------------------------------------------------------------------------------------


def p_values(case: Paired, rng: np.random.Generator, alternative: str = "two-sided") -> np.ndarray:
    """Return the library's p-value, and the least one that it could have been."""
    found = sign_flips(np.array(case.d, np.int64), method="exact", alternative=alternative)
    return np.array([found.p_value, found.smallest_p])


@formula(n="[1, inf)")
def least_p_value(n: int) -> Fraction:
    """The least p-value that n differences other than 0 can have.

    Proof
    -----
    Assumes: nothing.

    Proof: the number of ways to reach each sum follows from that for one difference less, by adding and by taking it
    away, so the table counts signs exactly. The observed signs and their opposites always have an absolute sum that is
    large enough, so p is at least 2 / 2^n. It is that where all differences have one sign, since turning some of them
    around, but not all, lowers the absolute sum.
    """
    return Fraction(2, 2**n)


def counted(case: Paired, found: np.ndarray) -> Sides:
    """Compare the p-value with the share over all signs, and the least one with that where all differences agree."""
    sums = case.sums
    share = Fraction(sum(one >= sums[0] for one in sums), len(sums))
    others = [int(one) for one in case.d if one]
    agree = bool(others) and (min(others) > 0 or max(others) < 0)
    least = least_p_value(len(others)) if others else Fraction(1)
    return Sides([*found, share if agree else min(share, least)], [share, least, least])


def draw_paired(draws: Draws) -> Paired:
    """Draw one to eight differences from -4 to 4."""
    return Paired(tuple(draws.integers(-4, 4, shape=draws.integers(1, 8)).tolist()))


PAIRED = Family(
    "paired",
    always=(
        Paired((1,)),
        Paired((0, 0)),
        Paired((1, 1, 1, 1, 1)),  # five queries that agree: 1/16
        Paired((3, -1, 2, 0, -2, 1)),
        Paired((-2, -1, -3)),
    ),
    draw=draw_paired,
)

RK_S1 = Statement(
    id="reranking/RK-S1",
    title="The exact p-value of exchanged signs",
    says=(
        "The table that counts the signs with each sum, one difference after the other, gives the exact p-value: the "
        "share of all 2^n signs whose absolute sum is at least the observed one. With n differences other than 0 it is "
        "at least 2 / 2^n, and is that where they agree in sign."
    ),
    source=Derived(least_p_value),
    tex=r"p \ge 2^{1 - n}",
    hypotheses={"some differences": lambda case: len(case.d) > 0},
    instances=PAIRED,
    solve=p_values,
    claim=Identity(counted),
    decisions=("outcome",),
    saboteurs=(
        saboteur(
            "ties with the observed sum do not count",
            patch=(flips._by_table, "np.abs(sums) >= abs(observed)", "np.abs(sums) > abs(observed)"),
        ),
        saboteur("one side alone", solve=partial(p_values, alternative="greater")),
    ),
    notes="Five queries cannot reach the level 0.05, whatever the systems do.",
)

# --- its level -------------------------------------------------------------------------------------------------------


def all_p_values(case: Paired, rng: np.random.Generator) -> np.ndarray:
    """Return the library's p-value for each of the 2^n signs."""
    d = np.array(case.d, np.int64)
    return np.array([sign_flips(row * d, method="exact").p_value for row in signs(len(d))])


@formula(p="[0, 1]")
def level(p: Number) -> Number:
    """The largest probability with which a p-value of at most p may come up.

    Proof
    -----
    Assumes: given their sizes, all signs of the differences are equally likely (hypothesis of S2).

    Proof: the p-value of signs is their place from above among the absolute sums of all signs, ties counted with all
    that they tie with, over 2^n. If m signs have a p-value of at most p, the one of them with the least absolute sum
    has all m at or above it, so its p-value is at least m / 2^n; hence m / 2^n <= p.
    """
    return p


def attained(case: Paired, found: np.ndarray, half: bool = False) -> Sides:
    """Compare for each p-value the share of signs whose p-value is at most that with it."""
    p = [Fraction(one) for one in np.asarray(found, float).tolist()]
    if len(p) != 2 ** len(case.d) or any(one < 0 for one in p):
        raise OutcomeError("a p-value that is not negative is due for each of all signs")
    shares = [Fraction(sum(other <= one for other in p), len(p)) for one in p]
    return Sides(shares, [level(min(one, Fraction(1))) / (2 if half else 1) for one in p], trivial=[2] * len(p))


def draw_few(draws: Draws) -> Paired:
    """Draw one to five differences from 0 to 3."""
    return Paired(tuple(draws.integers(0, 3, shape=draws.integers(1, 5)).tolist()))


RK_S2 = Statement(
    id="reranking/RK-S2",
    title="The exact test keeps its level",
    says=(
        "Where all signs of the differences are equally likely, the p-value of exchanged signs is at most p with "
        "probability at most p, for every p."
    ),
    source=Derived(level),
    tex=r"P(\text{p-value} \le p) \le p",
    hypotheses={"some differences": lambda case: len(case.d) > 0},
    instances=Family("few-paired", always=(Paired((1,)), Paired((1, 1, 1, 1)), Paired((1, 2, 3, 0))), draw=draw_few),
    solve=all_p_values,
    claim=Inequality(attained),
    decisions=("outcome",),
    closed="larger p-values than these keep the level too, and tell less",
    saboteurs=(
        saboteur("one side's share", patch=(flips._by_table, "shares[large].sum()", "shares[large].sum() / 2")),
        saboteur("half of the level", claim=Inequality(partial(attained, half=True))),
    ),
    notes="Where ties with the observed sum do not count, 1, 1, 1, 1 has the p-value 0 with probability 1/8.",
)

# --- sampled signs ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sampled(Paired):
    """Sizes of the differences, the number B of signs that are sampled, and the level, in hundredths."""

    B: int
    percent: int

    @property
    def alpha(self) -> Fraction:
        """The level."""
        return Fraction(int(self.percent), 100)


def sampled(case: Sampled, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw observed signs in each of n runs, and return the library's p-value from B sampled ones."""
    d = np.array(case.d, np.int64)
    test = partial(sign_flips, method="sampled", max_samples=int(case.B), rng=rng)
    return np.array([test(d * row).p_value for row in rng.integers(0, 2, (n, len(d))) * 2 - 1])


@formula(B="[1, inf)", alpha="(0, 1)")
def sampled_level(B: int, alpha: Number) -> Fraction:
    """The largest probability with which (b + 1) / (B + 1) is at most alpha.

    Proof
    -----
    Assumes: observed and sampled signs are independent and uniform (hypothesis of S3).

    Proof: the observed absolute sum and the B sampled ones are exchangeable. The p-value is the place of the observed
    one from above among the B + 1, ties counted with all that they tie with, over B + 1. At most m of B + 1 numbers
    have a place of at most m, so the probability is at most floor(alpha (B + 1)) / (B + 1) <= alpha. Without the 1 the
    p-value is 0 where the observed one is the largest, which has the probability 1 / (B + 1), however small alpha is.
    """
    return Fraction(math.floor(alpha * (B + 1)), B + 1)


def chance_of_rejection(case: Sampled) -> Fraction:
    """Return the exact probability that the p-value is at most the level, over observed and sampled signs."""
    sums, most = case.sums, math.floor(case.alpha * (case.B + 1)) - 1
    total = Fraction(0)
    for observed in set(sums):
        q = Fraction(sum(one >= observed for one in sums), len(sums))
        few = sum((math.comb(case.B, b) * q**b * (1 - q) ** (case.B - b) for b in range(most + 1)), Fraction(0))
        total += Fraction(sums.count(observed), len(sums)) * few
    return total


def rejects(case: Sampled, found: np.ndarray) -> np.ndarray:
    """Mark the runs whose p-value is at most the level; a number outside of [0, 1] is none, and counts too."""
    p = np.asarray(found, float)
    if p.ndim != 1:
        raise OutcomeError("a p-value is due for each run")
    return (p <= float(case.alpha) + 1e-12) | (p > 1)


def draw_sampled(draws: Draws) -> Sampled:
    """Draw B, 9 or 10, and a level of 0.05 to 0.08, which no rank attains."""
    return Sampled((1, 2, 4, 8, 16, 32, 64, 128), draws.integers(9, 10), draws.integers(5, 8))


RK_S3 = Statement(
    id="reranking/RK-S3",
    title="Sampled signs keep the level if the observed ones are counted",
    says=(
        "Of B sampled signs let b have an absolute sum that is at least the observed one. Where all signs are equally "
        "likely, (b + 1) / (B + 1) is at most alpha with probability at most alpha, for every B."
    ),
    source=Derived(sampled_level),
    tex=r"P\bigl((b + 1)/(B + 1) \le \alpha\bigr) \le \lfloor \alpha (B + 1) \rfloor / (B + 1) \le \alpha",
    hypotheses={
        "a level that is attained by no rank": lambda case: (case.alpha * (case.B + 1)).denominator > 1,
        "the formula is at most the level": lambda case: sampled_level(case.B, case.alpha) <= case.alpha,
    },
    instances=Family(
        "flips-sampled",
        always=(Sampled((1, 2, 4, 8, 16, 32, 64, 128), 10, 5), Sampled((1, 2, 4, 8, 16, 32, 64), 10, 18)),
        draw=draw_sampled,
    ),
    solve=sampled,
    claim=Probability(event=rejects, at_most=lambda case: float(case.alpha), exact=chance_of_rejection),
    decisions=("outcome",),
    closed="larger p-values than these keep the level too, and tell less",
    saboteurs=(saboteur("b / B", patch=(flips._by_samples, "(as_large + 1) / (n + 1)", "as_large / n")),),
    notes="At B = 10 and the level 0.05 b / B rejects with probability 1/11, and the valid form never does.",
)

# --- ties in doubles -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tenths(Paired):
    """Differences in tenths, which a tool gets as doubles."""

    @property
    def doubles(self) -> np.ndarray:
        """The differences as doubles, of which 0.1 and its like are none exactly."""
        return np.array([int(one) / 10 for one in self.d])


def p_of_doubles(case: Tenths, rng: np.random.Generator, *, e: float = 2.0**-40, grid: bool = False) -> float:
    """Return the library's p-value for sums that tie within n e; with `grid` for integers, multiples of 2^-40."""
    d = np.rint(case.doubles * 2**40) if grid else case.doubles
    return sign_flips(d, method="exact", resolution=None if grid else e).p_value


@formula(n="[1, inf)", e="[0, inf)")
def tie_slack(n: int, e: Number) -> Number:
    """The distance below the observed absolute sum of n doubles within which another one ties with it.

    Proof
    -----
    Assumes: each double is within e / 4 of the difference it stands for, and sums are rounded by less than n e / 4.

    Proof: two absolute sums that are equal differ by at most 2 n e / 4 from doubles and n e / 2 from sums, n e in all.
    So no tie is lost, and the p-value is never too small. Where different sums differ by more than 2 n e, as multiples
    of 1/10 do for e = 2^-40 and n below 2^35, nothing else ties, and the p-value is exact.
    """
    return n * e


def ties_kept(case: Tenths, found: float) -> Sides:
    """Compare the p-value with that of the integers, and the slack with the least difference of sums."""
    sums, n = case.sums, len(case.d)
    apart = Fraction(1, 10)
    return Sides(
        [found, int(2 * tie_slack(n, Fraction(1, 2**40)) < apart)],
        [Fraction(sum(one >= sums[0] for one in sums), len(sums)), 1],
    )


RK_S4 = Statement(
    id="reranking/RK-S4",
    title="Sums of doubles lose ties unless they are given some slack",
    says=(
        "Differences that are multiples of 1/10 come as doubles. Counting each absolute sum that is below the observed "
        "one by at most n e, with e = 2^-40, as a tie gives the exact p-value of n differences."
    ),
    source=Derived(tie_slack),
    tex=r"|s| \ge |s_{\mathrm{obs}}| - n e",
    hypotheses={"some differences": lambda case: len(case.d) > 0},
    instances=Family(
        "tenths",
        always=(
            Tenths((1,)),
            Tenths((1, 2, 3, -1, 1)),  # doubles give 0.1875 in the place of 1/4
            Tenths((1, 1, 1, -3, 1)),  # where rounding to a grid loses a tie too
            Tenths((7, -1, 2, 0, 4, -3)),
        ),
        draw=lambda draws: Tenths(tuple(draws.integers(-9, 9, shape=draws.integers(1, 8)).tolist())),
    ),
    solve=p_of_doubles,
    claim=Identity(ties_kept),
    decisions=("outcome",),
    saboteurs=(
        saboteur("sums of doubles as they are", solve=partial(p_of_doubles, e=0.0)),
        saboteur("differences rounded to multiples of 2^-40", solve=partial(p_of_doubles, grid=True)),
    ),
    notes="On the differences 0.1, 0.2, 0.3, -0.1, 0.1 doubles as they are give 0.1875 in the place of 1/4.",
)
