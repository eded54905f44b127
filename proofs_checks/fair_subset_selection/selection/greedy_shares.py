"""Greedy selection: the share of the optimum that it keeps, and why no method is much better."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import All, Classical, Draws, Family, Inequality, Recorded, Sides, Statement, formula, saboteur
from proofs_checks.fair_subset_selection.families.outcomes import Entries
from proofs_checks.fair_subset_selection.families.panels import (
    ALWAYS,
    NO_UPDATE,
    SUBMODULAR,
    SUBMODULAR_PANELS,
    Panel,
    check_feasible,
    chosen,
    draw_panel,
    falls,
    feasible_sets,
    is_feasible,
    opposed,
    optimum,
    score,
    trap,
    without_quotas,
)
from proofs_checks.fair_subset_selection.families.small_panels import COVERING, ORDER, n_orders, rankings, without_any


def smallest_marginal(panel: Panel, rng: np.random.Generator) -> np.ndarray:
    """Return the worst set within the quotas."""
    return np.array(min(feasible_sets(panel), key=lambda items: score(panel, items)))


FISHER = Classical(
    "greedy maximization over a partition matroid", "Fisher, Nemhauser, Wolsey, Mathematical Programming Study 8, 1978"
)


def plainly(panel: Panel, rng: np.random.Generator) -> np.ndarray:
    """Select greedily, and return the items in the order of their choice."""
    return chosen(panel, rng, method="greedy").items


def share_of_optimum(panel: Panel, items: np.ndarray, share) -> Sides:
    """Compare the loss of the optimum within the quotas with the part of it that a share leaves."""
    entries = Entries()
    entries.kept(optimum(panel), score(panel, check_feasible(panel, items)), share(panel.k))
    return entries.sides()


@formula(k="[1, inf)")
def greedy_ratio(k: int | None = None) -> Fraction:
    """Greedy selection keeps at least this share of the optimum. Without k there are quotas.

    References
    ----------
    .. [1] M. L. Fisher, G. L. Nemhauser, L. A. Wolsey, An Analysis of Approximations for Maximizing Submodular Set
       Functions II, Mathematical Programming Study 8, 1978.
    .. [2] G. L. Nemhauser, L. A. Wolsey, M. L. Fisher, An Analysis of Approximations for Maximizing Submodular Set
       Functions I, Mathematical Programming 14, 1978 (the share for `k`).
    """
    if k is None:
        return Fraction(1, 2)
    return 1 - Fraction(k - 1, k) ** k


def quotas_of_the_trap() -> Iterator[Panel]:
    """Yield one or two rankings of four items with the quotas of `trap`, whose greedy choice keeps little."""
    return (replace(trap(3), positions=positions) for positions in rankings(4, 2))


# the share without k is that with quotas, for every k
half = partial(share_of_optimum, share=lambda k: greedy_ratio())


FSS_G1 = Statement(
    id="fair_subset_selection/FSS-G1",
    title="Greedy selection under quotas gets half of the optimum",
    says=(
        "If OWA weights do not increase, greedy selection, which adds the item with the largest marginal that fits the "
        "quotas of disjoint groups, ends with a set whose score F is at least half of the largest of any set S within "
        "the quotas."
    ),
    source=FISHER,
    tex=r"F(S_{\mathrm{greedy}}) \ge \tfrac12 \max_{S \text{ within the quotas}} F(S)",
    hypotheses={"OWA weights do not increase": falls, "feasible quotas": is_feasible},
    instances=SUBMODULAR_PANELS,
    # some keep half of the optimum exactly
    for_all=(
        All(
            "panels of one or two rankings of four items, of which the third and one of the first two are chosen by "
            "2-approval CC",
            quotas_of_the_trap,
            members=24 + math.comb(25, 2),
            orbit=n_orders,
            total=24 + 24**2,
            up_to=ORDER,
        ),
    ),
    solve=plainly,
    decisions=("outcome",),
    claim=Inequality(half),
    saboteurs=(
        # greedy gets 10/19 on the trap of b = 9, which is below six tenths; most panels keep more
        saboteur("six tenths", claim=Inequality(partial(share_of_optimum, share=lambda k: Fraction(3, 5)))),
        saboteur("the smallest marginal", solve=smallest_marginal),
    ),
    notes=(
        "The tight instances are those of `make_greedy_trap`: (b + 1) / (2 b + 1) of the optimum. With one ranking of "
        "each kind the first step is a tie, and greedy selection keeps exactly half."
    ),
)


TRAPS = Family("traps", always=(trap(9),))


def middle_first() -> Panel:
    """Make four voters of whom item 0 contents two, as 1 and 2 do, who together content all: k = 2, ties by number.

    Greedy selection takes item 0 and contents three of four, 1 - (1 - 1/2)^2 of the optimum (FSS-G2).
    """
    orders = np.array([[1, 3, 0, 2, 4], [1, 0, 2, 3, 4], [2, 0, 1, 3, 4], [2, 4, 0, 1, 3]])
    return Panel(np.argsort(orders, axis=1), "cc", 2, 2, np.zeros(5, int), np.array([0]), np.array([5]))


def columns_first() -> Panel:
    """Make voters in a grid of three rows and columns who like their row and their column, more of them on the left.

    The items are three columns, three rows, and three others. With the voters of a row who like no column, each row has
    27 voters, and the rows content all 81. Greedy selection of k = 3 items takes the columns, whose numbers are
    smaller: 27, 18 and 12 voters, 57 of 81, which is 1 - (1 - 1/3)^3 of the optimum (FSS-G2).
    """
    cells = [(j, 3 + i) for i in range(3) for j, voters in enumerate((9, 6, 4)) for _ in range(voters)]
    liked = cells + [(6 + i, 3 + i) for i in range(3) for _ in range(8)]
    orders = [[*two, *(item for item in range(9) if item not in two)] for two in liked]
    return Panel(np.argsort(orders, axis=1), "cc", 2, 3, np.zeros(9, int), np.array([0]), np.array([9]))


def draw_free(draws: Draws) -> Panel:
    """Draw a panel with a submodular rule and without quotas."""
    return without_quotas(draw_panel(draws, SUBMODULAR))


# `middle_first` and `columns_first` attain the bound for k = 2 and 3
FREE_PANELS = Family(
    "free-panels", always=(ALWAYS[2], opposed(2, 5), opposed(9, 20), middle_first(), columns_first()), draw=draw_free
)
NEMHAUSER = Classical("greedy maximization", "Nemhauser, Wolsey, Fisher, Mathematical Programming 14, 1978")


def a_fiftieth_more(k: int) -> Fraction:
    """Return a share that is a fiftieth above the theorem's, and 1 for one item, where the theorem has 1 already."""
    return min(greedy_ratio(k) + Fraction(1, 50), Fraction(1))


FSS_G2 = Statement(
    id="fair_subset_selection/FSS-G2",
    title="Greedy selection without quotas gets 1 - (1 - 1/k)^k of the optimum",
    says=(
        "If OWA weights do not increase, greedy selection of k items without quotas ends with a set whose score F is "
        "at least 1 - (1 - 1/k)^k times OPT, the largest score of any k items."
    ),
    source=NEMHAUSER,
    tex=r"F(S_{\mathrm{greedy}}) \ge (1 - (1 - 1/k)^k)\, \mathrm{OPT}",
    hypotheses={
        "OWA weights do not increase": falls,
        "no quotas": lambda panel: bool((panel.low == 0).all() and (panel.high >= panel.n_items).all()),
    },
    instances=FREE_PANELS,
    # two rankings of three items attain the bound for two chosen items, which is 3/4
    for_all=(
        without_any(
            (COVERING[2:3], 3, 2),
            (COVERING[2:3], 4, 2),
            words="panels of one or two rankings of three or four items, of which two are chosen by Borda-CC",
        ),
    ),
    solve=plainly,
    decisions=("outcome",),
    claim=Inequality(partial(share_of_optimum, share=greedy_ratio)),
    saboteurs=(
        saboteur("marginals of the empty set", patch=NO_UPDATE),
        # the voters of `columns_first` and `middle_first` attain the bound, so that no larger one is right
        saboteur("a fiftieth more", claim=Inequality(partial(share_of_optimum, share=a_fiftieth_more))),
        # half of the optimum is all that greedy selection keeps under quotas
        saboteur("quotas", breaks="no quotas", instances=TRAPS),
    ),
)


FSS_H1 = Statement(
    id="fair_subset_selection/FSS-H1",
    title="Hardness: Chamberlin-Courant scores, and quotas of groups that overlap",
    says=(
        "To find k items with the largest Chamberlin-Courant score is NP-hard, and for quotas of disjoint groups 1 - "
        "1/e is the largest share of the optimum that a polynomial algorithm can promise, unless P = NP. If groups "
        "overlap, already the question whether a set meets all quotas is NP-hard."
    ),
    source=Classical("hardness of multiwinner voting", "L. E. Celis, L. Huang, N. K. Vishnoi, IJCAI 2018"),
    tex=r"\text{NP-hard; } 1 - 1/e \text{ is the best polynomial ratio for disjoint groups}",
    hypotheses={},
    instances=SUBMODULAR_PANELS,
    solve=plainly,
    claim=Recorded("a statement about all algorithms", carried_by="fair_subset_selection/FSS-G1"),
)
