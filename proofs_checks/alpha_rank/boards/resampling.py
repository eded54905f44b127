"""The level of the percentile bootstrap, how many coins decide a pair, and whether there is an order.

A model wins each of n battles with chance p. The bootstrap draws n battles from the n that were seen, and takes the
2.5 % and the 97.5 % quantile of the win rate; with h wins its draws have the binomial law of n trials with chance
h / n.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial

import numpy as np
from scipy import stats

from lrtheory.alpha_rank.boards import orders
from lrtheory.alpha_rank.boards.battles import battles_of, results_of
from lrtheory.alpha_rank.boards.differences import decided_wins
from lrtheory.bounds import Derived, Draws, Family, Inequality, Sides, Statement, rounding, saboteur
from proofs_checks.alpha_rank.boards.comparisons import law_and_score
from proofs_checks.alpha_rank.boards.standings import (
    Standing,
    Wins,
    all_wins,
    is_ordered,
    log_of,
    pairs_of,
    standing,
    won_by,
)


@dataclass(frozen=True)
class WinRate:
    """n battles, each won with chance p."""

    n: int
    p: float


@cache
def binomial_tail(n: int, p: Fraction, least: int) -> Fraction:
    """P(X >= least) for n trials with chance p."""
    return sum((math.comb(n, x) * p**x * (1 - p) ** (n - x) for x in range(max(0, least), n + 1)), Fraction(0))


def percentile_ends(one: WinRate, rng: np.random.Generator, tail: float = 0.025) -> np.ndarray:
    """Compute the ends of the percentile interval for every number of wins, (n + 1, 2)."""
    rates = np.arange(one.n + 1) / one.n
    return np.stack([stats.binom.ppf(tail, one.n, rates), stats.binom.ppf(1 - tail, one.n, rates)], axis=1) / one.n


def one_sided_loss(n: int, p: Fraction) -> Fraction:
    r"""Return p^n, with which all battles are won, and the bootstrap says the win rate is 1 for certain.

    Proof
    -----
    Assumes: p < 1, and battles are independent (the family).

    Proof: If all n battles are won, every resample has win rate 1, so the interval is the point 1 and misses p. So the
    interval misses with probability p^n at least, however many resamples are drawn.

    Checked by: SST-14.
    """
    return p**n


def misses(one: WinRate, ends: np.ndarray) -> Sides:
    """Compare p^n with P(the interval misses p), and the ends with quantiles from binomial sums, both ways."""
    p = Fraction(one.p)
    given = np.asarray(ends, float)
    missed = sum(
        (
            math.comb(one.n, h) * p**h * (1 - p) ** (one.n - h)
            for h, (low, high) in enumerate(given.tolist())
            if not low - 1e-12 <= float(p) <= high + 1e-12
        ),
        Fraction(0),
    )
    due = []
    for h in range(one.n + 1):
        q = Fraction(h, one.n)
        low = next(x for x in range(one.n + 1) if 1 - binomial_tail(one.n, q, x + 1) >= Fraction(0.025))
        high = next(x for x in range(one.n + 1) if 1 - binomial_tail(one.n, q, x + 1) >= Fraction(1 - 0.025))
        due += [low / one.n, high / one.n]
    lhs, rhs = np.r_[float(one_sided_loss(one.n, p)), given.ravel(), due], np.r_[float(missed), due, given.ravel()]
    return Sides(lhs, rhs, trivial=np.full(len(lhs), np.inf), rounding=rounding(10**4, np.ones(len(lhs))))


SST_14 = Statement(
    id="alpha_rank/SST-14",
    title="The percentile bootstrap of a win rate has no level",
    says=(
        "If a model wins each of n battles with chance p < 1, the percentile bootstrap interval at 95 % misses p with "
        "probability at least p^n, however many resamples are drawn, which is above 5 % for every n once p is near 1."
    ),
    source=Derived(one_sided_loss),
    tex=r"P(p \notin \text{interval}) \ge p^n",
    hypotheses={"p in (0, 1)": lambda one: 0 < one.p < 1, "a battle": lambda one: one.n >= 1},
    instances=Family(
        name="win-rates",
        always=(WinRate(10, 0.875), WinRate(15, 0.9375), WinRate(5, 0.75), WinRate(30, 0.75)),
        draw=lambda draws: WinRate(draws.integers(1, 20), draws.floats(0.3, 0.97)),
    ),
    solve=percentile_ends,
    claim=Inequality(misses, unbounded="an interval may have any ends"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("an interval of 90 %", solve=partial(percentile_ends, tail=0.05)),
        saboteur(
            "clipped away from 1", solve=lambda one, rng: np.minimum(percentile_ends(one, rng), 1 - 1 / (2 * one.n))
        ),
    ),
    notes="At (n, p) = (10, 0.9) the interval of 95 % covers with probability 0.65.",
)

# --- how many coins decide -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effort:
    """Coins with a chance of heads, and the two probabilities to be wrong."""

    heads: float  # chance q, above 1/2
    level: float  # of the test
    missed: float  # probability that the test does not reject


def effort(one: Effort, rng: np.random.Generator, share: float = 1.0) -> int:
    """Compute the number of coins."""
    return math.ceil(share * coins_needed(one.heads, one.level, one.missed))


def coins_needed(heads: float, level: float, missed: float) -> float:
    r"""Return (sqrt(ln(1 / level)) + sqrt(ln(1 / missed)))^2 / (2 (q - 1/2)^2), with the chance of heads q.

    Proof
    -----
    Assumes: coins are independent; q > 1/2, and 0 < level, missed < 1 (hypotheses).

    Proof: By Hoeffding's inequality the share of heads of D coins is at least q - sqrt(ln(1 / missed) / (2 D)) with
    probability 1 - missed, and the tail of a fair coin at a share s is at most exp(-2 D (s - 1/2)^2). With this D the
    first is at least 1/2 + sqrt(ln(1 / level) / (2 D)), where the second is at most the level.

    Checked by: SST-10.
    """
    both = math.sqrt(math.log(1 / level)) + math.sqrt(math.log(1 / missed))
    return both**2 / (2 * (heads - 0.5) ** 2)


def rejects(one: Effort, n_coins: int) -> Sides:
    """Compare the chance that the binomial test does not reject with `missed`, and the number with its formula."""
    failed = 1.0  # with less than no coins nothing is rejected
    if n_coins >= 0:
        # the test rejects from one head more than the largest number whose tail is above the level
        failed = float(stats.binom.cdf(stats.binom.isf(one.level, n_coins, 0.5), n_coins, one.heads))
    due = math.ceil(coins_needed(one.heads, one.level, one.missed))
    lhs, rhs = np.array([failed, n_coins]), np.array([one.missed, due])
    return Sides(lhs, rhs, trivial=np.array([1.0, np.inf]), rounding=rounding(10**4, np.array([1.0, 0.0])))


SST_10 = Statement(
    id="alpha_rank/SST-10",
    title="A number of coins that decides a pair",
    says=(
        "If each of D decided coins shows heads with chance q > 1/2, the binomial test at level a rejects with "
        "probability 1 - b once D is at least (sqrt(ln(1/a)) + sqrt(ln(1/b)))^2 / (2 (q - 1/2)^2)."
    ),
    source=Derived(coins_needed),
    tex=r"D \ge \frac{(\sqrt{\ln 1/a} + \sqrt{\ln 1/b})^2}{2 (q - 1/2)^2} \Rightarrow P(p \le a) \ge 1 - b",
    hypotheses={
        "q above 1/2": lambda one: 0.5 < one.heads <= 1,
        "levels in (0, 1)": lambda one: 0 < one.level < 1 and 0 < one.missed < 1,
    },
    instances=Family(
        name="efforts",
        always=(Effort(1.0, 0.05, 0.5), Effort(0.75, 0.01, 0.1), Effort(0.625, 0.5, 0.9)),
        draw=lambda draws: Effort(draws.floats(0.6, 1.0), draws.floats(1e-4, 0.5), draws.floats(0.01, 0.9)),
    ),
    solve=effort,
    claim=Inequality(rejects, unbounded="a solver may ask for any number of coins"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("a third of the coins", solve=partial(effort, share=1 / 3)),
        saboteur("a coin more", solve=lambda one, rng: effort(one, rng) + 1),
    ),
)

# --- whether an order is ---------------------------------------------------------------------------------------------


def tests_of_order(one: Standing, rng: np.random.Generator) -> np.ndarray:
    """Compute the library's p values of both tests for all results, (tables, 2)."""
    found = []
    for wins, _ in all_wins(one):
        battles = battles_of(log_of(wins, one.games))
        crossing, circle = orders.order_test(results_of(battles), decided_wins(battles))
        found.append([crossing[0], circle[0]])
    return np.array(found)


def largest_once(tails: list[list[Fraction]], n_strata: list[int]) -> Fraction:
    r"""Return the largest of the p values of claims that no order makes all false, each the least of its strata.

    Proof
    -----
    Assumes: SST (a hypothesis); results are independent.

    Proof: Under an order one direction of a pair is false in no stratum, so the least p value of its m strata, times m,
    is a p value, and the larger one of both directions is at least that. Of three claims around a circle one is false
    likewise. The number of pairs, or of circles, pays for taking the least of all.

    Checked by: SST-11.
    """
    return max(m * min(claims) for claims, m in zip(tails, n_strata, strict=True))


def due_of(wins: Wins, games: np.ndarray, pick: str = "largest") -> tuple[Fraction, Fraction]:
    """The two p values by enumeration."""
    pairs, half, nothing = pairs_of(games), Fraction(1, 2), (0, 0, 0)
    n = pairs[-1][1] + 1
    of_pair = {(i, j): won_by(wins, games, i, j) for i, j in itertools.permutations(range(n), 2)}
    direct = {pair: binomial_tail(sum(counts), half, counts[0]) for pair, counts in of_pair.items()}

    def strata(i: int, j: int) -> list[Fraction]:
        """The p values of "i is above j" against each opponent of both, and in their battles."""
        found = [direct[i, j]] if sum(of_pair[i, j]) else []
        for k in sorted({*range(n)} - {i, j}):
            if sum(of_pair[i, k]) and sum(of_pair[j, k]):
                law, score = law_and_score(((of_pair[i, k], of_pair[j, k]), (nothing, nothing)))
                found.append(sum((chance for x, chance in law.items() if x >= score), Fraction(0)))
        return found

    crossing = Fraction(1)
    for i, j in pairs:
        ways = [strata(i, j), strata(j, i)]
        m = len(ways[0])
        if m:  # what nothing compares crosses nowhere
            chosen = largest_once(ways, [m, m]) if pick == "largest" else m * min(map(min, ways))
            crossing = min(crossing, chosen)
    take = max if pick == "largest" else min
    circles = [take(direct[a, b], direct[b, c], direct[c, a]) for a, b, c in itertools.permutations(range(n), 3)]
    return min(Fraction(1), len(pairs) * crossing), min(Fraction(1), 2 * math.comb(n, 3) * min(circles))


def rarely_refuted(one: Standing, found: np.ndarray) -> Sides:
    """Compare P(p <= a) with a for every attained a of both tests, and p values with enumerated ones, both ways."""
    results, lhs, rhs = all_wins(one), [], []
    given = np.asarray(found, float)
    for column in given.T:
        merged = np.round(column, 10)
        for a in np.unique(merged):
            lhs.append(float(sum((w for (_, w), x in zip(results, merged, strict=True) if x <= a), Fraction(0))))
            rhs.append(a)
    due = np.array([due_of(wins, one.games) for wins, _ in results], float)
    # where no p value of a stratum is small, the library may leave it out, and answers with a larger one
    n_levels, small = len(lhs), due.ravel() < 0.2
    lhs, rhs = np.r_[lhs, due.ravel(), given.ravel()[small]], np.r_[rhs, given.ravel(), due.ravel()[small]]
    # a level of 1 says nothing; that two p values are one says something at 1, too
    limit = np.r_[np.ones(n_levels), np.full(len(lhs) - n_levels, np.inf)]
    return Sides(lhs, rhs, trivial=limit, rounding=rounding(10**6, np.ones(len(lhs))))


def smallest_of_a_circle(one: Standing, rng: np.random.Generator) -> np.ndarray:
    """Compute p values by the smallest of what must be small together."""
    return np.array([due_of(wins, one.games, "smallest") for wins, _ in all_wins(one)], float)


#: which of the pairs 01, 02, 03, 12, 13 and 23 of four models meet: 0 and 1, and 2 and 3, or each model and the next
#: one; either way 0 and 3 have neither a battle nor a common opponent
TWO_PARTS, PATH = np.array([1, 0, 0, 0, 0, 1]), np.array([1, 0, 0, 1, 0, 1])


def of_four(meet: np.ndarray, games: np.ndarray, skills: list[float]) -> Standing:
    """Build a standing of four models that meet in some pairs, with chances of 1/2 and half the gap of their skills."""
    a, b, c, d = sorted(skills, reverse=True)
    chances = 0.5 + np.array([a - b, a - c, a - d, b - c, b - d, c - d]) / 2
    return Standing(meet * games, chances, 0.5)


def drawn_standing(draws: Draws) -> Standing:
    """Draw a standing of three models with more battles, or of four of which not all can be compared."""
    if draws.integers(0, 2) == 0:
        meet = (TWO_PARTS, PATH)[draws.integers(0, 1)]
        return of_four(meet, draws.integers(1, 4, (6,)), [draws.floats(0, 0.8) for _ in range(4)])
    a, c = draws.floats(0.5, 0.8), draws.floats(0.5, 0.8)
    return Standing(draws.integers(2, 5, (3,)), np.array([a, draws.floats(max(a, c), 0.9), c]), 0.5)


SST_11 = Statement(
    id="alpha_rank/SST-11",
    title="Two tests that no order explains a log",
    says=(
        "Under SST each of two p values is at most a with probability at most a: n (n - 1) / 2 times the least over "
        "pairs of the larger, of both directions, of m times the least p value of m strata; and 2 C(n, 3) times the "
        "least over circles of three of the largest tail of their direct battles."
    ),
    source=Derived(largest_once),
    tex=r"P(\frac{n(n-1)}{2} \min_{ij} \max(p^+_{ij}, p^-_{ij}) \le a) \le a",
    hypotheses={"SST": is_ordered},
    instances=Family(
        name="standings-and-circles",
        always=(
            standing([5, 5, 5], [0.5, 0.5, 0.5], 0.5),
            standing([4, 4, 4], [0.5, 0.75, 0.625], 0.5),
            standing([3, 5, 4], [0.625, 0.625, 0.5], 0.5),
            of_four(TWO_PARTS, np.full(6, 5), [0.0, 0.0, 0.0, 0.0]),
            of_four(PATH, np.full(6, 4), [0.5, 0.25, 0.25, 0.0]),
        ),
        draw=drawn_standing,
    ),
    solve=tests_of_order,
    claim=Inequality(rarely_refuted, unbounded="a solver may answer with any numbers in place of p values"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the smallest of a circle", solve=smallest_of_a_circle),
        saboteur("one for all pairs", solve=lambda one, rng: tests_of_order(one, rng) / [3, 2]),
        # seen alone where a pair has neither a battle nor a common opponent
        saboteur("no comparison refutes an order", patch=(orders._crossing, "max(1, n_strata)", "n_strata")),
    ),
)
