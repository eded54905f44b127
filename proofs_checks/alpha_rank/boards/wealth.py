"""The value E of "i is above j", a bet on i, when one looks at all times and when outcomes choose the battles.

Models are i (0), j (1) and opponents k (2, 3, ...). A move is a pair of models that play, and p_ik the chance that i
beats k. Under SST with j as good as i, p_jk >= p_ik for every opponent k and p_ij <= 1/2; nobody ties here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import Any

import numpy as np

from lrtheory.alpha_rank.boards import values
from lrtheory.alpha_rank.boards.battles import Battles, results_of
from lrtheory.bounds import Derived, Draws, Family, Inequality, Sides, Statement, rounding, saboteur

History = tuple[tuple[int, int, int], ...]  # two models and whether the first won


@dataclass(frozen=True)
class Duel:
    """Moves that may be played, or the list that is played, and the chances that the first of each pair wins."""

    moves: np.ndarray  # int64 (M, 2)
    chances: np.ndarray  # float64 (M,)
    length: int  # battles


def is_not_above(duel: Duel) -> bool:
    """Whether j is as good as i: at least as likely to beat each opponent, and to beat i."""
    chance = {tuple(move): p for move, p in zip(duel.moves.tolist(), duel.chances.tolist(), strict=True)}
    met = {k for a, k in chance if k > 1}
    against = all(chance.get((0, k), 0) <= chance.get((1, k), 1) for k in met)
    return against and chance.get((0, 1), 0.5) <= 0.5


def values_of(several: Sequence[History], charged: bool) -> np.ndarray:
    """Compute the library's value of each history; 1 before the first battle."""
    terms = []
    for history in several:
        if not history:
            terms.append(np.zeros(4, np.int64))
            continue
        first, second, won = (np.array(column, np.int64) for column in zip(*history, strict=True))
        n = 1 + int(second.max())
        log = Battles(first, second, 2 * won, np.zeros(len(won), np.int64), n, {})
        terms.append(values.terms_of(results_of(log), n, charged=charged)[0, 1])
    return np.exp(values.log_values(np.array(terms)))


def starts_of(history: History) -> list[History]:
    """The history after each of its battles."""
    return [history[:t] for t in range(1, len(history) + 1)]


@cache
def integral(history: History, charged: bool) -> Fraction:
    """The integral over lambda in (0, 1) of the product of 1 + lambda z, from the coefficients of the polynomial."""
    terms, waiting = [], {}
    for a, b, won in history:
        if (a, b) == (0, 1):
            terms.append(2 * won - 1)
            continue
        queue = waiting.setdefault(b, [])
        if queue and queue[0][0] != a:
            other = queue.pop(0)[1]
            terms.append(won - other if a == 0 else other - won)
        elif not charged or not queue:
            queue.append((a, won))
    # what still waits is charged as if its partner had the result that is worst for the claim
    if charged:
        terms += [won - 1 if a == 0 else -won for queue in waiting.values() for a, won in queue]
    coefficients = [Fraction(1)]
    for z in terms:
        longer = [*coefficients, Fraction(0)]
        coefficients = [c + (z * longer[k - 1] if k else 0) for k, c in enumerate(longer)]
    return sum((c / (k + 1) for k, c in enumerate(coefficients)), Fraction(0))


# --- at all times, for a list of battles that no outcome has chosen --------------------------------------------------


def listed(duel: Duel) -> list[History]:
    """All results of the list of moves."""
    moves = [tuple(move) for move in duel.moves.tolist()]
    return [
        tuple((*move, won) for move, won in zip(moves, results, strict=True))
        for results in itertools.product((0, 1), repeat=len(moves))
    ]


def path_values(duel: Duel, rng: np.random.Generator, charged: bool = False) -> np.ndarray:
    """Compute the value after each battle, for all results, of shape (2^T, T)."""
    paths = listed(duel)
    parts = list(dict.fromkeys(start for h in paths for start in starts_of(h)))
    value = dict(zip(parts, values_of(parts, charged).tolist(), strict=True))
    return np.array([[value[start] for start in starts_of(h)] for h in paths])


def winners_first(duel: Duel, rng: np.random.Generator) -> np.ndarray:
    """Compute values where wins of i and losses of j are matched first, as no order of time would do it."""
    found = []
    for h in listed(duel):
        moved = []
        for start in starts_of(h):
            mine = sorted([b for b in start if b[0] == 0 and b[1] > 1], key=lambda b: (b[1], -b[2]))
            others = sorted([b for b in start if b[0] == 1], key=lambda b: (b[1], b[2]))
            moved.append((*mine, *others, *[b for b in start if b[:2] == (0, 1)]))
        found.append(values_of(moved, False))
    return np.array(found)


def one_opponent(duel: Duel, rng: np.random.Generator) -> np.ndarray:
    """Compute values where all opponents count as one."""
    pooled = [tuple((a, min(b, 2), won) for a, b, won in h) for h in listed(duel)]
    return np.array([values_of(starts_of(h), False) for h in pooled])


def mixed_wealth(history: History) -> Fraction:
    r"""Return E, the integral over lambda in (0, 1) of prod (1 + lambda z).

    z is the score of a direct battle from -1 to 1, and in each stratum the m-th result of i less the m-th of j.

    Proof
    -----
    Assumes: the list of battles does not depend on outcomes; SST, and j is as good as i (a hypothesis).

    Proof: Each battle enters one z. When the terms are completed does not depend on outcomes, so they are independent,
    with means p_ik - p_jk <= 0 or 2 p_ij - 1 <= 0, and prod (1 + lambda z) is a nonnegative supermartingale that starts
    at 1. So is its mixture E, and by Ville's inequality it ever reaches 1/a with probability a at most.

    Checked by: SST-3.
    """
    return integral(history, False)


def reached(duel: Duel, found: np.ndarray) -> Sides:
    """Compare P(E reaches 1/a at some time) with a for every attained a, and values with the integrals both ways."""
    chances = [Fraction(p) for p in duel.chances.tolist()]
    paths = listed(duel)
    weights = []
    for h in paths:
        weight = Fraction(1)
        for (_, _, won), p in zip(h, chances, strict=True):
            weight *= p if won else 1 - p
        weights.append(weight)
    highest = np.round(np.asarray(found, float).max(axis=1), 9)
    attained = np.unique(highest[highest > 1])
    crossed = [float(sum((w for w, e in zip(weights, highest, strict=True) if e >= x), Fraction(0))) for x in attained]
    due = np.array([[float(mixed_wealth(start)) for start in starts_of(h)] for h in paths]).ravel()
    lhs, rhs = np.r_[crossed, np.ravel(found), due], np.r_[1 / attained, due, np.ravel(found)]
    limit = np.r_[np.ones(len(attained)), np.full(2 * len(due), np.inf)]
    return Sides(lhs, rhs, trivial=limit, rounding=rounding(10**5, np.maximum(np.abs(rhs), 1.0)))


def duel(rows: Any, length: int = 0) -> Duel:
    """Build a duel from triples of two models and a chance."""
    moves, chances = np.array([row[:2] for row in rows], np.int64), np.array([row[2] for row in rows], float)
    return Duel(moves, chances, length or len(moves))


def drawn_list(draws: Draws) -> Duel:
    """Draw a list of five or six battles, with j as good as i."""
    against = np.sort(draws.floats(0.05, 0.95, (2, 2)), axis=1)
    options = [(0, 2, against[0, 0]), (1, 2, against[0, 1]), (0, 3, against[1, 0]), (1, 3, against[1, 1])]
    options.append((0, 1, draws.floats(0.1, 0.5)))
    return duel([options[draws.integers(0, 4)] for _ in range(draws.integers(5, 6))])


LISTS = Family(
    name="lists-of-battles",
    always=(
        duel([(0, 2, 0.5), (1, 2, 0.5)] * 3),
        duel([(0, 1, 0.5)] * 5),
        # i met a weak opponent, and j a strong one
        duel([(0, 2, 0.875)] * 3 + [(1, 3, 0.125)] * 3),
        duel([(1, 2, 0.75), (1, 2, 0.75), (0, 1, 0.25), (0, 2, 0.5), (0, 2, 0.5)]),
    ),
    draw=drawn_list,
)

SST_3 = Statement(
    id="alpha_rank/SST-3",
    title="The value of a bet on an order holds at all times",
    says=(
        "If no outcome has chosen the battles and model j is as good as model i, then E, the integral over lambda in "
        "(0, 1) of the product of 1 + lambda z, reaches 1/a at some time t with probability at most a; z is the score "
        "of a direct battle, from -1 to 1, or the m-th result of i against an opponent less the m-th one of j."
    ),
    source=Derived(mixed_wealth),
    tex=r"P(\exists t: E(t) \ge 1/a) \le a,\quad E = \int_0^1 \prod_z (1 + \lambda z)\,d\lambda",
    hypotheses={"j is as good as i, by SST": is_not_above},
    instances=LISTS,
    solve=path_values,
    claim=Inequality(reached, unbounded="the value of a bet may be any number"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("wins are matched first", solve=winners_first),
        saboteur("all opponents are one", solve=one_opponent),
        saboteur("results that wait are charged", solve=partial(path_values, charged=True)),
    ),
    notes="All results of short lists, with their probabilities as rational numbers.",
)

# --- under any schedule ----------------------------------------------------------------------------------------------


def histories(duel: Duel) -> list[History]:
    """All histories up to the length of the duel, shorter ones first, over all moves that may be chosen."""
    layers: list[list[History]] = [[()]]
    options = [(*move, won) for move in duel.moves.tolist() for won in (0, 1)]
    for _ in range(duel.length):
        layers.append([(*h, option) for h in layers[-1] for option in options])
    return [h for layer in layers for h in layer]


def tree_values(duel: Duel, rng: np.random.Generator, charged: bool = True, share: float = 1.0) -> np.ndarray:
    """Compute the value after every history; `share` moves it from the value without charges to that with them."""
    nodes = histories(duel)
    found = values_of(nodes, charged)
    return found if share == 1 else share * found + (1 - share) * values_of(nodes, False)


def charged_wealth(history: History) -> Fraction:
    r"""Return E with charges: a result that waits for a partner counts as if this one were the worst for the claim.

    An open result x of i is charged the factor 1 - lambda (1 - x), one of j the factor 1 - lambda x. One result may
    wait in each stratum.

    Proof
    -----
    Assumes: SST, and j is as good as i (a hypothesis). Battles and the end may depend on earlier outcomes in any way.

    Proof: Let M be the product of 1 + lambda (x - y) over matched results, of 1 + lambda (x - p_jk) over open ones of
    i, and of 1 + lambda (p_ik - y) over open ones of j. Opening a result multiplies M by a factor with mean 1 + lambda
    (p_ik - p_jk) <= 1. Closing an open x by y replaces 1 + lambda (x - p_jk) by 1 + lambda (x - y), whose mean it is,
    and closing an open y likewise. So M is a nonnegative supermartingale under every schedule, and E <= M mixed over
    lambda, since x - p_jk >= x - 1 and p_ik - y >= -y. Ville's inequality ends the proof.

    Checked by: SST-4, SST-5.
    """
    return integral(history, True)


def best_schedule(duel: Duel, found: np.ndarray) -> Sides:
    """Compare the largest mean over all schedules with 1, P(E reaches 1/a) with a, and values with the integrals."""
    nodes = histories(duel)
    value = dict(zip(nodes, np.asarray(found, float).tolist(), strict=True))
    moves = list(zip(map(tuple, duel.moves.tolist()), duel.chances.tolist(), strict=True))
    levels = [0.8, 0.6, 0.5]
    best: dict[tuple[History, int], float] = {}
    for h in reversed(nodes):
        for place in range(len(levels) + 1):
            stop = value[h] if place == len(levels) else float(value[h] >= (1 - 1e-9) / levels[place])
            go = [
                p * best[(*h, (*move, 1)), place] + (1 - p) * best[(*h, (*move, 0)), place]
                for move, p in (moves if len(h) < duel.length else [])
            ]
            best[h, place] = max([stop, *go])
    due = np.array([float(charged_wealth(h)) for h in nodes])
    top = [best[(), place] for place in range(len(levels) + 1)]
    lhs, rhs = np.r_[top, np.ravel(found), due], np.r_[levels, 1.0, due, np.ravel(found)]
    limit = np.r_[np.ones(len(levels)), np.full(1 + 2 * len(due), np.inf)]
    return Sides(lhs, rhs, trivial=limit, rounding=rounding(10**5, np.maximum(np.abs(rhs), 1.0)))


def drawn_moves(draws: Draws) -> Duel:
    """Draw chances for all moves of i, j and one opponent."""
    weaker, stronger = np.sort(draws.floats(0.05, 0.95, 2)).tolist()
    return duel([(0, 2, weaker), (1, 2, stronger), (0, 1, draws.floats(0.2, 0.5))], 3)


SCHEDULES = Family(
    name="all-schedules",
    always=(
        duel([(0, 2, 0.5), (1, 2, 0.5)], 4),
        duel([(0, 2, 0.75), (1, 2, 0.75)], 4),
        duel([(0, 2, 0.25), (1, 2, 0.25), (0, 1, 0.5)], 3),
        duel([(0, 1, 0.5)], 5),
    ),
    draw=drawn_moves,
)

SST_4 = Statement(
    id="alpha_rank/SST-4",
    title="With charges for results that wait, the value holds under any schedule",
    says=(
        "If model j is as good as model i, then under every schedule, whose battles and end may depend on outcomes, E "
        "with charges has mean at most 1 at its end and reaches 1/a with probability at most a; a result that waits "
        "for a partner is charged as if that were the worst one for i, and one may wait against each opponent."
    ),
    source=Derived(charged_wealth),
    tex=r"\sup_{\text{schedules}} \mathbb E\,E \le 1,\quad P(\exists t: E(t) \ge 1/a) \le a",
    hypotheses={"j is as good as i, by SST": is_not_above},
    instances=SCHEDULES,
    solve=tree_values,
    claim=Inequality(best_schedule, unbounded="the value of a bet may be any number"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("no charges", solve=partial(tree_values, charged=False)),
        # subtle: it is seen where models win more often than not
        saboteur("half of the charges", solve=partial(tree_values, share=0.5)),
    ),
    notes="The largest mean over all schedules and ends, by backward induction.",
)

# --- what happens without charges ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OnlyAnswered:
    """i meets each opponent once, and j meets it if and only if i won; all models are equal."""

    opponents: int


def mean_without_charges(n_opponents: int) -> Fraction:
    r"""Return the mean of E without charges on this schedule, 4 ((5/4)^(n + 1) - 1) / (n + 1) for n opponents.

    Proof
    -----
    Assumes: all models are equal, and n is a whole number (the instances).

    Proof: Each opponent leaves a factor 1 if i lost (1/2) or if both won (1/4), and 1 + lambda if j lost after i had
    won (1/4); its mean is 1 + lambda / 4. The integral of its n-th power over (0, 1) is the number above.

    Checked by: SST-5.
    """
    return 4 * (Fraction(5, 4) ** (n_opponents + 1) - 1) / (n_opponents + 1)


def answered_values(only: OnlyAnswered, rng: np.random.Generator, charged: bool = False) -> np.ndarray:
    """Compute the mean of the library's value without charges, and with them, over all results."""
    several, weights = [], []
    for outcomes in itertools.combinations_with_replacement(range(3), only.opponents):
        # 0: i lost, 1: both won, 2: i won and j lost
        history: list[tuple[int, int, int]] = []
        for k, outcome in enumerate(outcomes):
            history.append((0, 2 + k, int(outcome > 0)))
            if outcome:
                history.append((1, 2 + k, int(outcome == 1)))
        several.append(tuple(history))
        weights.append(multinomial(outcomes) / 2 ** outcomes.count(0) / 4 ** (len(outcomes) - outcomes.count(0)))
    return np.array([np.dot(weights, values_of(several, with_charges)) for with_charges in (charged, True)])


def multinomial(outcomes: tuple[int, ...]) -> int:
    """The number of orders."""
    return math.factorial(len(outcomes)) // math.prod(math.factorial(outcomes.count(kind)) for kind in range(3))


def grows(only: OnlyAnswered, means: np.ndarray) -> Sides:
    """Compare the mean without charges with its formula, both ways, and the mean with charges with 1."""
    due = float(mean_without_charges(only.opponents))
    lhs, rhs = [means[0], due, means[1]], [due, means[0], 1.0]
    return Sides(lhs, rhs, trivial=np.full(3, np.inf), rounding=rounding(10**4, due))


SST_5 = Statement(
    id="alpha_rank/SST-5",
    title="Without charges a schedule that answers only wins breaks every level",
    says=(
        "If all models are equal, i meets n opponents once each, and j meets an opponent only if i beat it, then E "
        "without charges has the mean 4 ((5/4)^(n+1) - 1) / (n+1), which grows without end, and E with charges has a "
        "mean of at most 1."
    ),
    source=Derived(mean_without_charges),
    tex=r"\mathbb E\,E = \int_0^1 (1 + \lambda/4)^n\,d\lambda = \frac{4((5/4)^{n+1} - 1)}{n + 1}",
    hypotheses={"an opponent": lambda only: only.opponents >= 1},
    instances=Family(
        name="only-wins-are-answered",
        always=tuple(OnlyAnswered(n) for n in (1, 2, 5, 9)),
        draw=lambda draws: OnlyAnswered(draws.integers(1, 8)),
    ),
    solve=answered_values,
    claim=Inequality(grows, unbounded="the value of a bet may be any number"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("charges always", solve=partial(answered_values, charged=True)),
        saboteur("charges never", solve=lambda only, rng: answered_values(only, rng)[[0, 0]]),
    ),
)
