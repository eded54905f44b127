"""Two models i and j against common opponents: the p value of "i is above j" has its level, and rises with no win of i.

Here T is the sum of the results of i against opponents whom j met too, and of direct battles; T* is the same sum after
the results of i and j against each opponent were shared out anew at random, and each decided direct battle was won by a
fair coin. SST-D says that the result of the better model is stochastically larger against everybody.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import Any

import numpy as np

from lrtheory.alpha_rank.boards import exact
from lrtheory.alpha_rank.boards.battles import Battles, results_of
from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Sides, Statement, rounding, saboteur

Counts = tuple[int, int, int]  # wins, ties and losses
Table = tuple[tuple[Counts, Counts], ...]  # of i and of j against each opponent; the last one is of i against j alone


@dataclass(frozen=True)
class Comparison:
    """Numbers of battles of i and j with each opponent and each other, and their chances of wins and ties."""

    games: np.ndarray  # int64 (S, 2): of i and of j against each opponent
    direct: int  # of i against j
    wins: np.ndarray  # float64 (S, 2): chances of a win of i and of j
    ties: np.ndarray  # float64 (S, 2): chances of a tie
    direct_win: float  # of i against j
    direct_tie: float


def is_not_above(one: Comparison) -> bool:
    """Whether j is as good as i: at least as likely to win, to win or tie, and to beat i."""
    at_least = one.wins + one.ties
    return bool(
        (one.wins[:, 0] <= one.wins[:, 1]).all()
        and (at_least[:, 0] <= at_least[:, 1]).all()
        and 2 * one.direct_win + one.direct_tie <= 1
    )


def side(n: int, win: float, tie: float) -> Iterator[tuple[Counts, Fraction]]:
    """Yield the counts of n results that can happen, and how likely they are."""
    p, q = Fraction(win), Fraction(tie)
    for w in range(n + 1):
        for t in range(n + 1 - w):
            chance = math.comb(n, w) * math.comb(n - w, t) * p**w * q**t * (1 - p - q) ** (n - w - t)
            if chance:
                yield (w, t, n - w - t), chance


def tables(one: Comparison) -> list[tuple[Table, Fraction]]:
    """List all tables of results and their chances."""
    sides = [
        list(side(int(n), float(win), float(tie)))
        for n, win, tie in zip(one.games.ravel(), one.wins.ravel(), one.ties.ravel(), strict=True)
    ]
    found = []
    for *chosen, (direct, chance) in itertools.product(*sides, list(side(one.direct, one.direct_win, one.direct_tie))):
        pairs = tuple((chosen[2 * s][0], chosen[2 * s + 1][0]) for s in range(len(one.games)))
        found.append(((*pairs, (direct, (0, 0, 0))), chance * math.prod(weight for _, weight in chosen)))
    return found


def log_of(table: Table) -> Battles:
    """The battles of a table, model 0 being i and 1 being j."""
    rows = []
    for s, sides in enumerate(table):
        for model, counts in enumerate(sides):
            for points, many in zip((2, 1, 0), counts, strict=True):
                rows += [(model, 1 if s == len(table) - 1 else 2 + s, points)] * many
    first, second, points = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Battles(first, second, points, np.zeros(len(rows), np.int64), 1 + len(table), {})


def p_values(one: Comparison, rng: np.random.Generator) -> np.ndarray:
    """Compute the library's p value of every table."""
    found = []
    for table, _ in tables(one):
        log = log_of(table)
        found.append(exact.exact_p_values(results_of(log), log.n_models)[0, 1])
    return np.array(found)


@cache
def shared_out(mine: Counts, others: Counts) -> dict[int, Fraction]:
    """The law of the sum of the results of i after those of both were shared out anew, a tie counting 1 and a win 2."""
    pool = [a + b for a, b in zip(mine, others, strict=True)]
    n, law = sum(mine), defaultdict(Fraction)
    for w in range(min(n, pool[0]) + 1):
        for t in range(min(n - w, pool[1]) + 1):
            ways = math.comb(pool[0], w) * math.comb(pool[1], t) * math.comb(pool[2], n - w - t)
            law[2 * w + t] += Fraction(ways, math.comb(sum(pool), n))
    return dict(law)


@cache
def law_and_score(table: Table) -> tuple[dict[int, Fraction], int]:
    """The law of T*, and T."""
    direct = table[-1][0]
    decided = direct[0] + direct[2]
    law = {direct[1] + 2 * x: Fraction(math.comb(decided, x), 2**decided) for x in range(decided + 1)}
    for mine, others in table[:-1]:
        new = defaultdict(Fraction)
        for (x, p), (y, q) in itertools.product(law.items(), shared_out(mine, others).items()):
            new[x + y] += p * q
        law = new
    return dict(law), sum(2 * mine[0] + mine[1] for mine, _ in table)


def permutation_p(table: Table) -> Fraction:
    r"""Return P(T* >= T): the p value of "i is above j".

    Proof
    -----
    Assumes: no outcome has chosen the battles; SST-D, and j is as good as i (both are hypotheses of the statement).

    Proof: The p value falls when a result of i rises: T rises by some d, and T*, in which this result may be anywhere,
    by d or 0. It rises when a result of j rises, as T stays and T* rises by that or 0. A direct loss that becomes a tie
    turns the event {rest + coin >= T} into {rest >= T}, and a tie that becomes a win turns {rest >= T - 1/2} into {rest
    + coin >= T + 1/2}; both events shrink. By SST-D the results of i can be raised until they have the laws of those of
    j, and the surplus of direct losses over wins can be halved by making them wins; the p value only falls on the way.
    At its end results are exchangeable against each opponent and decided direct battles are fair, so T and T* have one
    law given the pooled results, and P(T* >= T) is a p value.

    Checked by: SST-1, SST-13.
    """
    law, score = law_and_score(table)
    return sum((chance for x, chance in law.items() if x >= score), Fraction(0))


def changed(one: Comparison, rng: np.random.Generator, change: str) -> np.ndarray:
    """Compute the p values of wrong tests."""
    found = []
    for table, _ in tables(one):
        if change == "one pool":
            pooled = [tuple(map(sum, zip(*(pair[k] for pair in table[:-1]), strict=True))) for k in (0, 1)]
            table = ((pooled[0], pooled[1]), table[-1])
        if change == "ties to i":
            table = tuple(((mine[0] + mine[1], 0, mine[2]), others) for mine, others in table)
        law, score = law_and_score(table)
        above = sum((chance for x, chance in law.items() if x > score), Fraction(0))
        p = {"half of the point": above + law[score] / 2, "without the point": above}.get(change, above + law[score])
        found.append(float(p))
    return np.array(found)


def level(one: Comparison, p: np.ndarray) -> Sides:
    """Compare P(p <= a) with a for every attained a, and p with P(T* >= T) both ways."""
    weights = [chance for _, chance in tables(one)]
    # p values that differ by roundings are one
    merged = np.round(np.asarray(p, float), 11)
    attained = np.unique(merged)
    below = [sum((w for w, x in zip(weights, merged, strict=True) if x <= a), Fraction(0)) for a in attained]
    due = [permutation_p(table) for table, _ in tables(one)]
    lhs, rhs = [*map(float, below), *p, *map(float, due)], [*attained, *map(float, due), *p]
    return Sides(np.array(lhs), np.array(rhs), trivial=np.ones(len(lhs)), rounding=rounding(10**6, np.ones(len(lhs))))


def comparison(games: Any, direct: int, wins: Any, ties: Any = 0.0, direct_law: Any = (0.5, 0.0)) -> Comparison:
    """Build a comparison; without ties unless their chances are given."""
    wins = np.array(wins, float)
    ties = np.broadcast_to(np.array(ties, float), wins.shape).copy()
    return Comparison(np.array(games, np.int64), direct, wins, ties, *direct_law)


def drawn(draws: Draws) -> Comparison:
    """Draw a comparison against one opponent with ties, or against two without."""
    if draws.integers(0, 1):
        chances = np.sort(draws.floats(0.05, 0.95, (2, 2)), axis=1)
        return comparison(
            draws.integers(1, 2, (2, 2)), draws.integers(0, 2), chances, direct_law=(draws.floats(0.1, 0.5), 0.0)
        )
    win = np.sort(draws.floats(0.05, 0.45, (1, 2)), axis=1)
    tie = np.full((1, 2), draws.floats(0.1, 0.5))
    return comparison(draws.integers(1, 2, (1, 2)), draws.integers(0, 1), win, tie, (draws.floats(0.1, 0.3), 0.4))


COMPARISONS = Family(
    name="two-models-and-opponents",
    always=(
        comparison([[2, 3]], 0, [[0.5, 0.5]]),
        comparison([[1, 2], [3, 1]], 1, [[0.5, 0.5], [0.25, 0.25]]),
        comparison([[2, 2]], 1, [[0.25, 0.25]], [[0.5, 0.5]], (0.25, 0.5)),
        comparison([[2, 1]], 2, [[0.25, 0.5]], [[0.25, 0.25]], (0.25, 0.25)),
        # i met the weak opponent and j the strong one
        comparison([[3, 1], [1, 3]], 0, [[0.875, 0.875], [0.125, 0.125]]),
    ),
    draw=drawn,
)


def small_designs() -> Iterator[Comparison]:
    """Yield designs of one opponent, in which j is as good as i and both have the same chance of a tie."""
    chances = ((0.25, 0.25), (0.25, 0.5), (0.5, 0.5))
    for games in itertools.product((1, 2), repeat=2):
        for direct, both, tie, win in itertools.product((0, 1), chances, (0.0, 0.25), (0.25, 0.5)):
            if direct or win == 0.5:  # without direct battles their chance is not read
                yield comparison([games], direct, [both], [[tie, tie]], (win, 0.0))


SST_1 = Statement(
    id="alpha_rank/SST-1",
    title="The exact test of an order has its level",
    says=(
        "If no outcome has chosen the battles and model j is as good as model i, then P(p <= a) <= a for every a; p is "
        "the chance that T*, the sum of the results of i after those of i and j against each opponent were shared out "
        "anew and direct wins were drawn by fair coins, is at least the sum T that was seen."
    ),
    source=Derived(permutation_p),
    tex=r"p = P(T^* \ge T) \Rightarrow P(p \le a) \le a",
    hypotheses={"j is as good as i, by SST-D": is_not_above},
    instances=COMPARISONS,
    for_all=(
        All(
            "designs with one opponent, one or two battles of each model with it, and one direct battle without ties "
            "or none, in which each model wins with chance 1/4 or 1/2, both tie with chance 0 or both with chance 1/4, "
            "and j is as good as i",
            small_designs,
            members=72,
            invisible={"all opponents in one pool": "there is one opponent"},
        ),
    ),
    solve=p_values,
    claim=Inequality(level),
    decisions=("outcome",),
    saboteurs=(
        # subtle: half of the chance of the sum that was seen
        saboteur("mid-p values", solve=partial(changed, change="half of the point")),
        saboteur("larger sums alone", solve=partial(changed, change="without the point")),
        saboteur("all opponents in one pool", solve=partial(changed, change="one pool")),
        saboteur("ties count as wins of i", solve=partial(changed, change="ties to i")),
    ),
    notes="All tables of small designs with rational chances; exact p values are compared with enumeration, too.",
)
