"""Ranking from a few entries of a table whose payoffs have low rank."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.alpha_rank.theory import identities
from lrtheory.bounds import Derived, Inequality, Measured, Probability, Sides, Statement, rounding, saboteur
from proofs_checks.alpha_rank import wrong_solvers
from proofs_checks.alpha_rank.families.low_rank import (
    FEW_ENTRIES,
    NOISY_TABLES,
    TOO_FEW_ENTRIES,
    Found,
    LowRankTable,
    NoisyTable,
    are_win_rates,
    completed,
    directions,
    has_rank,
    noisily_completed,
)


def wrong_direction_needs_error(table: NoisyTable, found: Found, share: int = 1) -> Sides:
    """Compare half of the least gap, where some direction is wrong, with the largest error; pairs' rates sum to 1."""
    wrong = bool((found.directions != directions(table.means)).any())
    tolerance = identities.direction_tolerance(table.gap)
    error, sums = np.abs(found.means - table.means).max(), found.means + found.means.T
    others = int((found.directions != directions(found.means)).sum())  # that are not those of the completed table
    lhs = np.r_[share * tolerance if wrong else 0, sums.max(), -sums.min(), others]
    trivial = np.r_[share * tolerance, np.inf, np.inf, found.directions.size]
    return Sides(lhs, np.r_[error, 1, -1, 0], trivial=trivial, rounding=rounding(4, np.array([0.0, 1.0, 1.0, 0.0])))


LR_T1 = Statement(
    id="alpha_rank/LR-T1",
    title="A completed table has the right response graph unless it is off by half of the gap",
    says=(
        "If every entry of a completed table of win rates M_hat is off from the true table M by less than Delta / 2, "
        "where Delta is the smallest payoff gap of a deviation, then M_hat has the true response graph: G_hat = G."
    ),
    source=Derived(identities.direction_tolerance),
    tex=r"\|\hat M - M\|_\infty < \Delta/2 \Rightarrow \hat G = G",
    hypotheses={"no ties": lambda table: table.gap > 0, "win rates": are_win_rates},
    instances=NOISY_TABLES,
    solve=noisily_completed,
    claim=Inequality(wrong_direction_needs_error, unbounded="the rates that a solver returns may be any"),
    saboteurs=(
        # one instance has a wrong direction although no rate is off by five gaps
        saboteur("ten times the gap", claim=Inequality(partial(wrong_direction_needs_error, share=20))),
        saboteur("directions of the other player", solve=wrong_solvers.players_of_the_table_exchanged),
    ),
)


def wrong_graph(table: LowRankTable, found: np.ndarray) -> np.ndarray:
    """Tell for each run whether some direction is wrong."""
    return (found != directions(table.means)).any(axis=(1, 2))


LR_T2 = Statement(
    id="alpha_rank/LR-T2",
    title="A few entries of a table of rank two give its response graph",
    says=(
        "If 2 n r ln(n) or more entries Omega of the payoffs 2 W - 1 are seen, where W is a table of win rates of n "
        "players whose payoffs have rank r = 2, then the completed table has a response graph G_hat other than the "
        "true G with probability at most 1/10."
    ),
    source=Measured(
        what="the constant 2 before n r ln(n), for completion from O(n r log n) entries (PMLR 139:2870)",
        where="tables of 12 to 14 players with Gaussian factors of rank two",
        command="lrtheory check alpha_rank/LR-T2",
    ),
    tex=r"|\Omega| \ge 2\, n\, r \ln(n) \text{ entries of } 2W - 1 \Rightarrow P[\hat G \ne G] \le 1/10",
    hypotheses={
        "2 n r ln(n) entries": lambda table: table.oversampling >= 2,
        "win rates": are_win_rates,
        "payoffs of rank two": lambda table: table.rank == 2 and has_rank(table),
    },
    decisions=("outcome",),
    instances=FEW_ENTRIES,
    solve=completed,
    claim=Probability(event=wrong_graph, at_most=lambda table: 0.1),
    saboteurs=(
        # subtle: the wrong table is completed well, at a rank that is one too low for it
        saboteur("win rates are completed in place of payoffs", solve=wrong_solvers.win_rates_completed),
        saboteur("half of n r ln(n) entries", breaks="2 n r ln(n) entries", instances=TOO_FEW_ENTRIES),
    ),
    notes="Each table is fixed; the probability is over the pairs that meet.",
)
