"""Ranking intervals of a single population, whose payoffs belong to one pair each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lrtheory.alpha_rank import alpha_rank, intervals, ranking_intervals, theory
from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Sides, Statement, exactly, saboteur
from proofs_checks.alpha_rank.families.boxes import AT_THE_TARGET
from proofs_checks.alpha_rank.families.chains import Chain, return_times
from proofs_checks.orbits import representatives


@dataclass(frozen=True)
class SquareBox:
    """A table of a single population (n, n), intervals that should contain it, and the perturbation of its chain."""

    table: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    epsilon: float


def holds_table(box: SquareBox) -> bool:
    """Tell whether every payoff lies in its interval."""
    return bool(((box.lower <= box.table) & (box.table <= box.upper)).all())


def win_rates(above: list, width: list, epsilon: float = 0.125) -> SquareBox:
    """Make win rates of the pairs in the upper triangle, in eighths, and intervals that reach as far on both sides."""
    n = round((1 + (1 + 8 * len(above)) ** 0.5) / 2)
    table, reach = np.full((n, n), 0.5), np.zeros((n, n))
    pairs = np.triu_indices(n, 1)
    table[pairs], reach[pairs] = np.array(above) / 8, np.array(width) / 8
    table.T[pairs], reach.T[pairs] = 1 - table[pairs], reach[pairs]
    return SquareBox(table, table - reach, table + reach, epsilon)


def at_the_table(table: list, reach: float) -> SquareBox:
    """Make a table of any payoffs, and intervals that reach as far on both sides of every entry."""
    known = np.array(table, dtype=np.float64)
    return SquareBox(known, known - reach, known + reach, 0.125)


def draw_square(draws: Draws) -> SquareBox:
    """Draw win rates of three to five players, or payoffs without a constant sum; few pairs are open, ends coincide."""
    n = draws.choice((3, 4, 5))
    n_pairs = n * (n - 1) // 2
    if draws.choice((True, False)):
        reach = draws.integers(0, 3, shape=(n_pairs,)) * draws.integers(0, 2, shape=(n_pairs,))
        return win_rates(draws.integers(0, 9, shape=(n_pairs,)), reach, draws.choice((0.125, 0.25)))
    table = draws.integers(-8, 9, shape=(n, n)) / 4.0
    below, above = (draws.integers(0, 5, shape=(n, n)) / 4.0 for _ in range(2))
    return SquareBox(table, table - below, table + above, draws.choice((0.125, 0.25)))


SQUARES = Family(
    "square-boxes",
    always=(
        win_rates([6, 2, 6], [0, 0, 0]),  # a cycle that is certain
        win_rates([5, 7, 6], [2, 0, 0], 0.25),  # who is first is open
        win_rates([4, 6, 5], [0, 1, 2]),  # a tie that is certain, and intervals that touch
        at_the_table([[3, 2, 5], [4, 1, 0], [5, 3, 2]], 1),  # payoffs of no constant sum
        win_rates([5, 5, 2, 6, 5, 4], [1, 2, 3, 1, 2, 1]),
        win_rates([6, 5, 3, 4, 7, 4, 5, 5, 2, 6], [1, 2, 0, 3, 0, 1, 2, 0, 1, 3]),
    ),
    draw=draw_square,
)


PairStates = tuple[tuple[int, int], ...]  # win rate in eighths and reach, for the pairs (0, 1), (0, 2) and (1, 2)


def reordered(pairs: PairStates) -> set[PairStates]:
    """Return the win rates of three strategies under all of their orders."""
    of = dict(zip(itertools.combinations(range(3), 2), pairs, strict=True))
    of |= {(s, r): (8 - above, reach) for (r, s), (above, reach) in of.items()}
    orders = itertools.permutations(range(3))
    return {tuple(of[o[r], o[s]] for r, s in itertools.combinations(range(3), 2)) for o in orders}


def squares_of_three() -> Iterator[SquareBox]:
    """Yield win rates of three strategies of 3/8, 1/2 or 5/8, and intervals that reach 0 or 1/8 on both sides."""
    states = list(itertools.product((3, 4, 5), (0, 1)))
    for pairs in representatives(itertools.product(states, repeat=3), reordered):
        yield win_rates(*map(list, zip(*pairs, strict=True)))


def n_reordered(box: SquareBox) -> int:
    """Count the boxes that differ from one by the order of the strategies."""
    rows, columns = np.triu_indices(3, 1)
    above, reach = 8 * box.table[rows, columns], 8 * (box.upper - box.table)[rows, columns]
    return len(reordered(tuple(zip(above.astype(int).tolist(), reach.astype(int).tolist(), strict=True))))


THREE_STRATEGIES = All(
    "tables of three strategies with win rates of 3/8, 1/2 or 5/8, each known exactly or up to 1/8, at epsilon 1/8",
    squares_of_three,
    members=44,
    orbit=n_reordered,
    total=6**3,
    up_to="the order of the strategies",
    invisible={"win rates compared with 1/2 alone": "they are win rates, those of a pair sum to 1"},
)


MISSED_SQUARES = Family(
    "missed-square-boxes",
    always=(replace(win_rates([6, 6, 6], [1, 1, 1]), table=win_rates([2, 2, 2], [1, 1, 1]).table),),
)


def single_midpoints(box: SquareBox, rng: np.random.Generator) -> np.ndarray:
    """Rank a single population by the middle of the box, as if all pairs were known."""
    box = exactly(box)
    pi = alpha_rank((box.lower + box.upper) / 2, population="single", perturbation=box.epsilon).pi
    return np.stack([pi, pi])


def against_one_half(box: SquareBox, rng: np.random.Generator) -> np.ndarray:
    """Take the payoffs above the diagonal for win rates: those below would be one less them."""
    box = exactly(box)
    lower, upper = box.lower.copy(), box.upper.copy()
    pairs = np.triu_indices(len(lower), 1)
    lower.T[pairs], upper.T[pairs] = 1 - upper[pairs], 1 - lower[pairs]
    found = intervals.ranking_intervals(lower, upper, population="single", perturbation=box.epsilon)
    return np.stack([found.lower, found.upper])


def single_intervals(box: SquareBox, rng: np.random.Generator) -> np.ndarray:
    """Compute lower and upper ends of the mass of every strategy of a single population, in Fractions."""
    box = exactly(box)
    found = ranking_intervals(box.lower, box.upper, population="single", perturbation=box.epsilon)
    return np.stack([found.lower, found.upper])


def law_of_table(table: np.ndarray, epsilon: Fraction) -> np.ndarray:
    """Compute the masses of a single population's perturbed chain, written out from its definition, in Fractions."""
    n = len(table)
    rates = np.full((n, n), Fraction(0), object)
    for s, r in itertools.permutations(range(n), 2):
        mutant, resident = table[r, s], table[s, r]
        taken = 1 - epsilon if mutant > resident else epsilon if mutant < resident else Fraction(1, 2)
        rates[s, r] = taken / (n - 1)
    return 1 / return_times(Chain(rates))


def order_at(box: SquareBox, r: int, s: int) -> int:
    """The sign of M(r, s) - M(s, r) where r has its upper and s its lower end."""
    difference = box.upper[r, s] - box.lower[s, r]
    return int(difference > 0) - int(difference < 0)


def corner_laws(box: SquareBox) -> list[np.ndarray]:
    """Compute the masses for tables at the corners of a box: of each pair one takes its upper end, one its lower."""
    pairs = list(itertools.combinations(range(len(box.table)), 2))
    # pairs whose two corners are ordered alike need one of them
    both = [pair for pair in pairs if order_at(box, *pair) != -order_at(box, *pair[::-1])]
    laws = []
    for ups in itertools.product((True, False), repeat=len(both)):
        table, chosen = box.lower.copy(), dict(zip(both, ups, strict=True))
        for r, s in pairs:
            r, s = (r, s) if chosen.get((r, s), True) else (s, r)
            table[r, s] = box.upper[r, s]
        laws.append(law_of_table(table, box.epsilon))
    return laws


MOST_OPEN = 6  # up to so many pairs that corners order differently all corners are tried, 2^6 chains at most


def exact_range(box: SquareBox, ends: np.ndarray) -> Sides:
    """Claim lower(s) <= pi(s) <= upper(s), for the table and all corners, and ends that corners attain.

    Corners attain the ends unless the intervals of a pair share a single point.
    """
    box, (lower, upper) = exactly(box), ends
    pi, pairs = law_of_table(box.table, box.epsilon), list(itertools.permutations(range(len(box.table)), 2))
    n_both = sum(order_at(box, r, s) != -order_at(box, s, r) for r, s in pairs) // 2
    touching = any(box.upper[r, s] == box.lower[s, r] for r, s in pairs)
    # with many open pairs the ends are compared with themselves, which claims nothing
    laws = corner_laws(box) if n_both <= MOST_OPEN else [lower, upper]
    least, most = np.min(laws, axis=0), np.max(laws, axis=0)
    attained = (lower, upper) if touching else (least, most)
    return Sides(
        lhs=np.r_[lower, pi, lower, most, attained[0], upper],
        rhs=np.r_[pi, upper, least, upper, lower, attained[1]],
        trivial=1,
    )


RU_T5 = Statement(
    id="alpha_rank/RU-T5",
    title="Ranking intervals of a single population",
    says=(
        "If the payoffs M(r, s) of a single population lie in intervals, the mass pi_epsilon(s) of each strategy lies "
        "between 1 / R_max(s) and 1 / R_min(s), the extremes over both directions of the pairs in which the intervals "
        "of M(r, s) and M(s, r) overlap; some table in the box attains each end, unless the intervals of some pair "
        "share a single point."
    ),
    source=Derived(theory.certain_directions),
    tex=r"M \in [L, U] \Rightarrow 1/R_{\max}(s) \le \pi_\varepsilon(s) \le 1/R_{\min}(s), \text{ both attained}",
    hypotheses={"payoffs in the box": holds_table, "epsilon in (0, 1/2)": lambda box: 0 < box.epsilon < 0.5},
    instances=SQUARES,
    for_all=(THREE_STRATEGIES,),
    solve=single_intervals,
    claim=Inequality(exact_range),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the middle of the box alone", solve=single_midpoints),
        saboteur("payoffs outside", breaks="payoffs in the box", instances=MISSED_SQUARES),
        saboteur("edges at the strategy itself stay", patch=AT_THE_TARGET),
        saboteur("M(r, s) compared with itself", patch=(theory.certain_directions, "low > high.T", "low > high")),
        saboteur("win rates compared with 1/2 alone", solve=against_one_half),
        # subtle: it differs where two ends are equal, and nowhere else
        saboteur("touching intervals are disjoint", patch=(theory.certain_directions, "low > high.T", "low >= high.T")),
    ),
    notes="The masses of corners are computed from the definition of the chain, which never asks what is open.",
)
