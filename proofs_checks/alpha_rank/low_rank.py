"""Ranking from a few entries of a table whose payoffs have low rank."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.alpha_rank import identities
from lrtheory.bounds import Derived, Inequality, Paper, Probability, Sides, Statement, rounding, saboteur
from proofs_checks.alpha_rank import mutants
from proofs_checks.alpha_rank.families.low_rank import (
    FEW_ENTRIES,
    NOISY_TABLES,
    TOO_FEW_ENTRIES,
    Found,
    LowRankTable,
    NoisyTable,
    completed,
    directions,
    noisily_completed,
)


def wrong_direction_needs_error(table: NoisyTable, found: Found, share: int = 1) -> Sides:
    """Half of the smallest gap, where some direction is wrong, against the largest error; and rates sum to 1."""
    wrong = bool((found.directions != directions(table.means)).any())
    tolerance = identities.direction_tolerance(table.gap)
    error, sums = np.abs(found.means - table.means).max(), found.means + found.means.T
    lhs = np.r_[share * tolerance if wrong else 0, sums.max(), 1]
    return Sides(lhs, np.r_[error, 1, sums.min()], rounding=np.r_[0, rounding(4, 1.0), rounding(4, 1.0)])


LR_T1 = Statement(
    id="alpha_rank/LR-T1",
    title="A completed table has the right response graph unless it is off by half of the gap",
    source=Derived(identities.direction_tolerance),
    tex=r"\|\hat M - M\|_\infty < \Delta/2 \Rightarrow \hat G = G",
    hypotheses={"no ties": lambda table: table.gap > 0},
    instances=NOISY_TABLES,
    solve=noisily_completed,
    claim=Inequality(wrong_direction_needs_error),
    saboteurs=(
        saboteur("ten times the gap", claim=Inequality(partial(wrong_direction_needs_error, share=20))),
        saboteur("directions of the other player", solve=mutants.players_of_the_table_exchanged),
    ),
)


def wrong_graph(table: LowRankTable, found: np.ndarray) -> np.ndarray:
    """Whether a direction is wrong, for each run; runs hold the truth and the completed table."""
    return np.array([bool((directions(truth) != directions(means)).any()) for truth, means in found])


LR_T2 = Statement(
    id="alpha_rank/LR-T2",
    title="A few entries of a table of rank two give its response graph",
    source=Paper("PMLR 139:2870", "completion from O(n r log n) entries", read="abstract"),
    tex=r"|\Omega| \ge 2\, n\, r \ln(n) \text{ entries of } 2W - 1 \Rightarrow P[\hat G \ne G] \le 1/10",
    hypotheses={"2 n r ln(n) entries": lambda table: table.oversampling >= 2},
    instances=FEW_ENTRIES,
    solve=completed,
    claim=Probability(event=wrong_graph, at_most=lambda table: 0.1),
    saboteurs=(
        saboteur("win rates are completed in place of payoffs", solve=mutants.win_rates_completed),
        saboteur("half of n r ln(n) entries", breaks="2 n r ln(n) entries", instances=TOO_FEW_ENTRIES),
    ),
    notes="The constant 2 is measured, on Gaussian factors.",
)
