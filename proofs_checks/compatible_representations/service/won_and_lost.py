"""May an encoder be replaced? Limits of a difference of accuracies by labelled queries, a test of its sign, and power.

Queries are independent. One is won, right by the new encoder alone, with probability p_b, and lost, right by the old
one alone, with probability p_c; b and c are the numbers of won and lost queries of n. D = p_b - p_c is the difference
of the accuracies, and L = CP_low(b; delta / 2) - CP_high(c; delta / 2), the ends of one-sided Clopper-Pearson
intervals, is its lower limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import Any

import numpy as np
from scipy import stats

from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    OutcomeError,
    Probability,
    Sides,
    Statement,
    saboteur,
)
from lrtheory.compatible_representations import compare_hits
from lrtheory.compatible_representations.theory import difference_limits, queries_bound, sign_level


@dataclass(frozen=True)
class Queries:
    """The probabilities of a won and of a lost query, the number of queries, and the level."""

    won: float
    lost: float
    n: int
    delta: float


def is_law(case: Queries) -> bool:
    """Decide whether both probabilities are of one law, which does not say that all queries agree."""
    return case.won >= 0 and case.lost >= 0 and 0 < case.won + case.lost <= 1 and case.n > 0 and 0 < case.delta < 1


@cache
def limits(n: int, delta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the one-sided ends for 0 to n successes at delta / 2 each, by quantiles of the beta distribution."""
    x = np.arange(n + 1)
    low = np.where(x == 0, 0.0, stats.beta.ppf(delta / 2, np.maximum(x, 1), n - x + 1))
    high = np.where(x == n, 1.0, stats.beta.isf(delta / 2, x + 1, np.maximum(n - x, 1)))
    return low, high


def due_limit(won: np.ndarray, lost: np.ndarray, n: int, delta: float) -> np.ndarray:
    """Return L for numbers of won and lost queries; minus infinity where there are no such numbers."""
    won, lost = np.asarray(won), np.asarray(lost)
    known = (won >= 0) & (lost >= 0) & (won + lost <= n)
    low, high = limits(n, delta)
    return np.where(known, low[np.where(known, won, 0)] - high[np.where(known, lost, 0)], -np.inf)


def chance(case: Queries, n: int, happens: Callable[[np.ndarray], np.ndarray]) -> float:
    """Return the probability that L of n queries is as asked, by a sum over all numbers of won and lost queries."""
    won, lost = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    held = (won + lost <= n) & happens(due_limit(won, lost, n, case.delta))
    some = won[held], lost[held]
    rest = max(0.0, 1 - case.won - case.lost)
    laws = stats.multinomial.pmf(np.stack([*some, n - some[0] - some[1]], axis=1), n, [case.won, case.lost, rest])
    return float(np.sum(laws))


# --- the lower limit -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limited:
    """Hits of both encoders in each run, and the lower limit of the difference."""

    new: np.ndarray
    old: np.ndarray
    lower: np.ndarray


def drawn_hits(case: Queries, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the hits of n runs; where both encoders agree, they are right half of the time."""
    u, both = rng.random((n, case.n)), rng.random((n, case.n)) < 0.5
    won, lost = u < case.won, (u >= case.won) & (u < case.won + case.lost)
    return won | (both & ~lost), lost | (both & ~won)


def limited(case: Queries, rng: np.random.Generator, n: int) -> Limited:
    """Let the library compare the hits of each run."""
    new, old = drawn_hits(case, rng, n)
    found = [compare_hits(a, b, delta=case.delta).lower for a, b in zip(new, old, strict=True)]
    return Limited(new, old, np.array(found))


def wrongly_limited(case: Queries, rng: np.random.Generator, n: int, *, share: bool) -> Limited:
    """Take the share of lost queries for its upper limit, or its lower limit."""
    new, old = drawn_hits(case, rng, n)
    won, lost = (new & ~old).sum(1), (old & ~new).sum(1)
    low = limits(case.n, case.delta)[0]
    return Limited(new, old, low[won] - (lost / case.n if share else low[lost]))


def exceeds_or_unfounded(case: Queries, found: Limited) -> np.ndarray:
    """Whether the limit exceeds the difference, or is not the one that the hits give."""
    new, old = np.asarray(found.new, bool), np.asarray(found.old, bool)
    if new.shape != old.shape or new.shape[1:] != (case.n,):
        raise OutcomeError("a hit of both encoders is due for every query")
    due = due_limit((new & ~old).sum(1), (old & ~new).sum(1), case.n, case.delta)
    return (found.lower > case.won - case.lost) | ~(np.abs(found.lower - due) <= 1e-9)


def draw_queries(draws: Draws) -> Queries:
    """Draw the law of up to 200 queries, some of which differ."""
    won = draws.integers(0, 6) / 10
    lost = draws.integers(0, 4) / 10 if won else draws.integers(1, 4) / 10
    return Queries(won, lost, draws.integers(10, 200), draws.choice((0.1, 0.2)))


QUERIES = Family(
    "labelled-queries",
    always=(
        Queries(0.0, 0.02, 300, 0.1),
        Queries(0.1, 0.1, 200, 0.1),
        Queries(0.05, 0.02, 200, 0.1),
        Queries(0.6, 0.4, 400, 0.1),
    ),
    draw=draw_queries,
)

SX_9 = Statement(
    id="compatible_representations/SX-9",
    title="A lower limit of what a replacement gains",
    says=(
        "Of n independent queries b are right by the new encoder alone and c by the old one alone. The limit L = "
        "CP_low(b; delta / 2) - CP_high(c; delta / 2), by ends of one-sided Clopper-Pearson intervals, exceeds the "
        "difference D of the accuracies with probability at most delta."
    ),
    source=Derived(difference_limits),
    tex=r"P(L > D) \le \delta",
    hypotheses={"some queries are right by one encoder alone": is_law},
    instances=QUERIES,
    solve=limited,
    decisions=("new", "old"),
    claim=Probability(
        exceeds_or_unfounded,
        lambda case: case.delta,
        exact=lambda case: chance(case, case.n, lambda limit: limit > case.won - case.lost),
    ),
    saboteurs=(
        saboteur("the share of lost queries for its upper limit", solve=partial(wrongly_limited, share=True)),
        saboteur("the lower limit of lost queries", solve=partial(wrongly_limited, share=False)),
    ),
    notes="The upper limit is the mirrored one; both hold together with probability 1 - 2 delta at least.",
)

# --- the sign of the difference --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Discordant:
    """The number of queries that one encoder alone has right, and the level."""

    n: int
    delta: float


def is_level(case: Discordant) -> bool:
    """Decide whether the level is one."""
    return case.n >= 0 and 0 < case.delta < 1


DISCORDANT = Family(
    "discordant-queries",
    always=tuple(Discordant(n, delta) for n in (0, 1, 4, 10, 37, 200) for delta in (0.1, 0.05)),
    draw=lambda draws: Discordant(draws.integers(0, 200), draws.choice((0.3, 0.1, 0.05, 0.01, 0.001))),
)


def says(case: Discordant, won: int, verdict: str) -> bool:
    """Whether the library answers so to this number of won queries, the others being lost."""
    ahead = np.arange(max(case.n, 1)) < won
    new, old = (ahead, ~ahead) if case.n else (ahead, ahead)
    return compare_hits(new, old, delta=case.delta).verdict == verdict


def least(case: Discordant, holds: Callable[[int], bool]) -> int:
    """Return the least number from 0 to n at which a condition holds that holds from there on, else n + 1."""
    low, high = 0, case.n + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def decided(case: Discordant, rng: np.random.Generator) -> np.ndarray:
    """Find from how many won queries on the library says yes, and from how many lost ones on it says no."""
    yes = least(case, lambda won: says(case, won, "yes"))
    no = least(case, lambda lost: says(case, case.n - lost, "no"))
    return np.array([yes, no])


def by_another_level(case: Discordant, rng: np.random.Generator, *, factor: Number) -> np.ndarray:
    """Decide by the exact test at a multiple of the level."""
    found = least(case, lambda won: tail(won, case.n) <= factor * Fraction(float(case.delta)))
    return np.array([found, found])


def by_normal_law(case: Discordant, rng: np.random.Generator) -> np.ndarray:
    """Decide by a normal law with the mean and the variance of n fair coins."""
    z = stats.norm.isf(float(case.delta))
    found = min(case.n + 1, math.ceil(case.n / 2 + z * math.sqrt(case.n) / 2)) if case.n else 1
    return np.array([found, found])


def tail(won: int, n: int) -> Fraction:
    """Return the probability that n fair coins show at least `won` heads."""
    return Fraction(sum(math.comb(n, k) for k in range(max(0, won), n + 1)), 2**n)


def attained(case: Discordant, found: np.ndarray, share: Number = 1) -> Sides:
    """Compare the levels that are attained with delta, and delta with those of one query fewer."""
    if np.shape(found) != (2,):
        raise OutcomeError("a number for yes and a number for no are due")
    n, delta = int(case.n), Fraction(case.delta)
    numbers = [int(x) for x in found]
    lhs: list[Any] = [tail(x, n) for x in numbers] + [delta, delta]
    rhs: list[Any] = [share * delta] * 2 + [tail(x - 1, n) for x in numbers]
    return Sides(np.array(lhs, object), np.array(rhs, object), trivial=[1, 1, math.inf, math.inf], least=[-1, -1, 0, 0])


UP_TO_200 = "numbers of queries that one encoder alone has right, from 0 to 200, at the level 0.1"

SX_9E = Statement(
    id="compatible_representations/SX-9e",
    title="The exact test of a better encoder keeps its level, and says yes as soon as it can",
    says=(
        "Given that N queries are right by one encoder alone, the test says yes from the least number x of won queries "
        "on for which N fair coins show x heads or more, T(x), with probability at most delta, and no from as many "
        "lost ones on; so it says yes of an encoder that is not better with probability at most delta, whatever the "
        "law of queries is."
    ),
    source=Derived(sign_level),
    tex=r"T(x) \le \delta \le T(x - 1)",
    hypotheses={"a level": is_level},
    instances=DISCORDANT,
    for_all=(All(UP_TO_200, [Discordant(n, 0.1) for n in range(201)], members=201),),
    solve=decided,
    decisions=("outcome",),
    claim=Inequality(attained),
    saboteurs=(
        saboteur("twice the level", solve=partial(by_another_level, factor=2)),
        saboteur("half the level, as for two sides", solve=partial(by_another_level, factor=Fraction(1, 2))),
        saboteur("a normal law", solve=by_normal_law),
        saboteur("half of the level is attained", claim=Inequality(partial(attained, share=Fraction(1, 2)))),
    ),
)

# --- how many queries ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planned(Queries):
    """A law of queries, their number and level, and the probability `miss` of a limit that is not above 0."""

    miss: float


def is_better(case: Planned) -> bool:
    """Decide whether the new encoder is better by a tenth or more."""
    return is_law(case) and case.won - case.lost >= 0.1 - 1e-12 and 0 < case.miss < 1


def plan(won: float, lost: float, delta: float, miss: float) -> Planned:
    """Make a case; n is the number of queries that suffices."""
    return Planned(won, lost, queries_bound(won - lost, delta=delta, miss=miss), delta, miss)


def draw_plan(draws: Draws) -> Planned:
    """Draw a new encoder that is better by a fifth or more."""
    lost = draws.integers(0, 3) / 10
    return plan(lost + draws.integers(2, 4) / 10, lost, draws.choice((0.1, 0.2)), draws.choice((0.1, 0.2)))


PLANS = Family(
    "planned-queries",
    always=(plan(0.6, 0.4, 0.1, 0.1), plan(0.3, 0.1, 0.1, 0.1), plan(0.3, 0.0, 0.2, 0.1)),
    draw=draw_plan,
)


@dataclass(frozen=True)
class Certified:
    """The numbers of won, of lost and of all queries of each run, and the lower limit."""

    won: np.ndarray
    lost: np.ndarray
    n_queries: np.ndarray
    lower: np.ndarray


def certified(case: Planned, rng: np.random.Generator, n: int, *, hoeffding: bool = False) -> Certified:
    """Ask as many queries as the library plans, or as Hoeffding's bound of one mean would, and take its limit."""
    gain = case.won - case.lost
    asked = queries_bound(gain, delta=case.delta, miss=case.miss)
    if hoeffding:
        asked = math.ceil(2 * math.log(1 / case.delta) / gain**2)
    laws = [case.won, case.lost, max(0.0, 1 - case.won - case.lost)]
    won, lost, _ = rng.multinomial(asked, laws, size=n).T
    lower = difference_limits(won, lost, asked, delta=case.delta)[0]
    return Certified(won, lost, np.full(n, asked), np.asarray(lower))


def not_certified(case: Planned, found: Certified) -> np.ndarray:
    """Whether the limit is not above 0 or not the one of the counts, or more queries were asked than the bound says."""
    due = np.full(len(found.lower), -np.inf)
    for asked in set(np.asarray(found.n_queries).tolist()):
        if 0 < asked <= case.n:
            runs = np.asarray(found.n_queries) == asked
            due[runs] = due_limit(found.won[runs], found.lost[runs], asked, case.delta)
    return ~((found.lower > 0) & (np.abs(found.lower - due) <= 1e-9))


SX_9N = Statement(
    id="compatible_representations/SX-9n",
    title="So many queries show a gain",
    says=(
        "If the new encoder has an accuracy that is higher by D > 0, then n >= 2 (sqrt(log(2 / delta)) + sqrt(log(1 / "
        "beta)))^2 / D^2 independent queries give a lower limit L > 0 of the difference with probability at least 1 - "
        "beta."
    ),
    source=Derived(queries_bound),
    tex=r"n \ge 2 (\sqrt{\log 2/\delta} + \sqrt{\log 1/\beta})^2 / D^2 \Rightarrow P(L \le 0) \le \beta",
    hypotheses={"a new encoder that is better by a tenth or more": is_better},
    instances=PLANS,
    solve=certified,
    decisions=("won", "lost", "n_queries"),
    claim=Probability(
        not_certified,
        lambda case: case.miss,
        exact=lambda case: chance(case, case.n, lambda limit: limit <= 0),
    ),
    saboteurs=(saboteur("Hoeffding's bound of one mean", solve=partial(certified, hoeffding=True)),),
    notes="It suffices and is not necessary: `queries_needed` plans with the exact law at the measured shares.",
)
