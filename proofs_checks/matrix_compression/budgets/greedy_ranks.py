"""Greedy ranks, and those of a table over the budget."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    All,
    Classical,
    Derived,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from lrtheory.matrix_compression.budgets import allocation, spectra
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.certificates.budgets import NEARLY_BEST
from proofs_checks.matrix_compression.families.budgets import (
    LISTED,
    SMALLEST,
    UNEVEN,
    Budget,
    allocated,
    allowance,
    draw_budget,
    optimal,
    small_budgets,
    wasted,
)

BUDGETS = Family(
    "budgets-of-parameters",
    always=(
        *SMALLEST,
        UNEVEN,
        replace(UNEVEN, budget=5),
        Budget(((2, 1), (3,), (1, 1)), (2, 3, 2), 4),
        Budget(((7,), (5, 5)), (6, 4), 8),
    ),
    # one of two equal values fits, and the greedy choice is the best one
    tight=(Tight(Budget(((2, 2),), (1,), 1), 1, 1),),
    draw=draw_budget,
)


SMALL = All(
    "budgets from 1 to 6 for two matrices of two singular values from 1 to 3, whose ranks cost 1 or 2",
    small_budgets,
    members=864,
)


@formula(sigma="[0, inf)", unused="[0, c)", c="(0, inf)")
def greedy_gap(sigma: Number, unused: Number, c: Number) -> Number:
    """A greedy choice falls short of the best ranks by at most this energy.

    Here sigma is the first value that does not fit, c its cost, and `unused` what is left of the budget before it.

    Proof
    -----
    Assumes: the values before sigma were taken by decreasing sigma^2 / c, and they left `unused` (the caller).

    Proof: `theory.dual_bound` at lambda = sigma^2 / c is the greedy energy plus lambda unused. It bounds every choice,
    so the optimum lies between the greedy energy and that.
    """
    return sigma * sigma * unused / c


def missing_at_most(case: Budget) -> Number:
    """Return the most that greedy ranks may miss, from the first value that does not fit; 0 where all of them fit."""
    left = case.budget
    for _, energy, cost in case.items:
        if cost > left:
            return greedy_gap(math.isqrt(energy), left, Fraction(cost))
        left -= cost
    return 0


def nearly_optimal(case: Budget, found: dict[str, Any], part: float = 1.0) -> Sides:
    """Compare greedy ranks with the best ones, and these with the greedy ones and a part of one more value."""
    kept, missing = case.greedy
    ranks = found["ranks"]
    off = [case.kept(ranks) - kept, found["kept"] - kept, found["used"] - case.used(ranks), *wasted(case, ranks)]
    off.append(found["bound"] - float(kept + missing))
    lhs = np.array([case.kept(ranks), case.optimum], float)
    rhs = np.array([case.optimum, kept + part * float(missing_at_most(case))])
    return unlike(np.array(off, float), allowance(case)) or Sides(
        lhs, rhs, trivial=float(case.total), rounding=allowance(case)
    )


AB_2 = Statement(
    id="matrix_compression/AB-2",
    title="A greedy choice misses the best ranks by less than one value",
    says=(
        "Values are taken by their energy for a unit of cost, until the first one, sigma, that does not fit; these "
        "ranks keep the energy G. The best ranks keep at least G and at most G + theta sigma^2, where theta < 1 is "
        "what is left of the budget as a share of the cost of sigma."
    ),
    source=Derived(greedy_gap),
    tex=r"G \le \mathrm{OPT} \le G + \theta\,\sigma_{\mathrm{rej}}^2",
    hypotheses=LISTED,
    instances=BUDGETS,
    for_all=(SMALL, NEARLY_BEST),
    solve=partial(allocated, method="greedy"),
    claim=Inequality(nearly_optimal),
    saboteurs=(
        saboteur("greedy is optimal", claim=Inequality(partial(nearly_optimal, part=0.0))),
        saboteur(
            "by energy alone, whatever it costs",
            patch=(spectra.Order.of, "rates = given.values**2 / given.costs[owner]", "rates = given.values**2"),
        ),
        saboteur(
            "the budget is exceeded by one", patch=(spectra.Order.fitting, "sums, budget, ", "sums, budget + 1, ")
        ),
    ),
)


def greedily(case: Budget, found: dict[str, Any]) -> Sides:
    """Compare the best ranks with the greedy energy: the false claim that both are the same."""
    return Sides(case.kept(found["ranks"]), case.greedy[0])


AB_2D = Statement(
    id="matrix_compression/AB-2d",
    title="A table over the budget finds the best ranks",
    says=(
        "Where a rank of matrix k costs an integer c_k, the ranks r_k from a table over all parts of the budget b "
        "keep as much energy, the sum over k of the squares of the first r_k values sigma_{k,i}, as the best of all "
        "ranks that cost at most b together."
    ),
    source=Classical("the recursion of dynamic programming", "R. Bellman, Dynamic Programming, 1957"),
    tex=r"\sum_k\sum_{i \le r_k}\sigma_{k,i}^2 = \max_{\sum_k c_k r'_k \le b}\ \sum_k\sum_{i \le r'_k}\sigma_{k,i}^2",
    hypotheses=LISTED,
    instances=BUDGETS,
    for_all=(SMALL,),
    solve=partial(allocated, method="dp"),
    claim=Identity(optimal),
    saboteurs=(
        saboteur("greedy ranks", solve=partial(allocated, method="greedy")),
        saboteur("they keep what greedy ones keep", claim=Identity(greedily)),
        saboteur(
            "the cost of the last matrix for all",
            patch=(
                allocation._by_table,
                "int(given.costs[k]) // unit, best.copy()",
                "int(given.costs[-1]) // unit, best.copy()",
            ),
        ),
    ),
    notes="The optimum is found by trying all ranks; the bound that is reported is that of AB-5.",
)
