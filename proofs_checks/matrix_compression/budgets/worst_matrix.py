"""The best ranks for the matrix that errs most."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import exact, plain, table
from lrtheory._types import ArrayLike
from lrtheory._validation import must, sequence
from lrtheory.bounds import All, Derived, Family, Identity, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.matrix_compression import certify_ranks
from lrtheory.matrix_compression.budgets import allocation, spectra
from proofs_checks.matrix_compression.families.budgets import (
    LISTED,
    SMALLEST,
    UNEVEN,
    Budget,
    draw_budget,
    small_budgets,
    wasted,
)

#: the second matrix is small, and so is all that it could add to the energy
SMALL_ONE = Budget(((9, 3), (1, 1), (2,)), (1, 1, 1), 3)

WORST = Family(
    "budgets-of-the-worst",
    always=(
        *SMALLEST,
        SMALL_ONE,
        replace(SMALL_ONE, costs=(2, 3, 1), budget=5),
        UNEVEN,
        replace(UNEVEN, budget=7),
        Budget(((2, 2), (3, 3)), (1, 1), 1),  # equal errors, of which the budget lowers one alone
        Budget(((4, 3), (4, 3), (0,)), (1, 2, 1), 6),  # all of it
    ),
    draw=draw_budget,
)


@formula(b="[0, inf)")
def least_worst_energy(spectra: Sequence[ArrayLike], b: Number, costs: Sequence[Number]) -> Number:
    """The square of the largest relative error that is left at least, where ranks may cost b together.

    `spectra` holds the singular values of each matrix, decreasing, and `costs` what a rank of it costs.

    Proof
    -----
    Assumes: the values of each matrix decrease (the caller, and `allocate_ranks`, which checks it).

    Proof: let u_k(e) be the fewest values of matrix k after which its relative error is at most e. Ranks whose largest
    error is at most e keep at least u_k(e) values of each matrix, so they cost at least the sum of c_k u_k(e); and
    the ranks u_k(e) themselves do it at that cost. As e rises the cost falls, in steps at errors of the matrices alone.
    So the optimum is the least of these errors, and 0, at which the cost is at most b.
    """
    lists = [table("spectra", values, 0, shape=("n",)) for values in sequence("spectra", to_numpy(spectra))]
    prices = [exact(price) for price in sequence("costs", to_numpy(costs))]
    if not lists or len(lists) != len(prices):
        raise must("spectra, costs", "singular values of at least one matrix, and a cost for each", (spectra, costs))
    left = [_shares(values) for values in lists]
    steps = sorted({share for shares in left for share in shares})
    need = (sum(c * sum(s > step for s in shares) for c, shares in zip(prices, left, strict=True)) for step in steps)
    return plain(next(step for step, cost in zip(steps, need, strict=True) if cost <= b))


def _shares(values: np.ndarray) -> list[Any]:
    """The squared relative errors after 0, 1, .., n values; all 0 for a matrix that is 0."""
    squares = [exact(plain(value)) ** 2 for value in values]
    whole = sum(squares)
    return [sum(squares[r:]) / whole if whole else 0 * whole for r in range(len(squares) + 1)]


def worst_of(case: Budget, ranks: Any) -> Fraction:
    """Return the square of the largest relative error at some ranks."""
    found = [Fraction(0)]
    for values, rank in zip(case.spectra, ranks, strict=True):
        squares = [v * v for v in values]
        if sum(squares):
            found.append(Fraction(sum(squares[max(0, int(rank)) :]), sum(squares)))
    return max(found)


def least_worst(case: Budget) -> Fraction:
    """Return the least of these that any ranks within the budget leave, by trying all of them."""
    every = itertools.product(*(range(len(values) + 1) for values in case.spectra))
    return min(worst_of(case, ranks) for ranks in every if case.used(ranks) <= case.budget)


def allotted(case: Budget, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """Return the library's ranks for the worst matrix, and what it says of them."""
    given = {"cost": list(case.costs), "objective": "max"} | options
    return told(allocation.allocate_ranks(case.doubles, case.budget, **given))


def told(found: Any) -> dict[str, Any]:
    """Return the ranks of a result, its errors, what it costs, and both sides of its certificate."""
    proof = found.certificate
    sides = {"worst": proof.achieved, "bound": proof.bound}
    return {"ranks": found.ranks, "errors": found.errors, "used": found.used, **sides}


def _told(case: Budget, ranks: Any) -> dict[str, Any]:
    """Answer with ranks, and with what the library says of them."""
    budget = max(case.budget, case.used(ranks))
    return told(certify_ranks(case.doubles, list(ranks), budget, cost=list(case.costs), objective="max"))


def for_all_together(case: Budget, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Answer with the ranks that keep the most energy of all matrices together."""
    return _told(case, allocation.allocate_ranks(case.doubles, case.budget, cost=list(case.costs)).ranks)


def even_shares(case: Budget, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Give every matrix the same part of the budget."""
    share = case.budget // len(case.spectra)
    pairs = zip(case.spectra, case.costs, strict=True)
    return _told(case, [min(sum(v > 0 for v in values), share // cost) for values, cost in pairs])


def worst_is_least(case: Budget, found: dict[str, Any], own: bool = True) -> Sides:
    """Compare the largest error of the ranks with the least one of all ranks, and every report with the ranks."""
    ranks, least = found["ranks"], least_worst(case) if own else largest_tail(case)
    worst = worst_of(case, ranks)
    alone = [worst_of(replace(case, spectra=(s,)), (r,)) for s, r in zip(case.spectra, ranks, strict=True)]
    named = Fraction(least_worst_energy(case.spectra, case.budget, case.costs))
    lhs = [worst, named, *wasted(case, ranks), found["used"]]
    rhs = [least, least_worst(case), 0, 0, case.used(ranks)]
    reports = [found["worst"], found["bound"], *found["errors"]]
    truths = [worst**0.5, float(least_worst(case)) ** 0.5, *(float(share) ** 0.5 for share in alone)]
    return Sides(
        np.array([*lhs, *reports], float),
        np.array([*rhs, *truths], float),
        rounding=np.r_[np.zeros(len(lhs)), np.full(len(reports), float(rounding(64, 1)))],
    )


def largest_tail(case: Budget) -> Fraction:
    """Return the share of the energy of all matrices that the b largest values leave: not what the worst one loses."""
    squares = sorted((v * v for values in case.spectra for v in values), reverse=True)
    return Fraction(sum(squares[case.budget :]), max(1, sum(squares)))


AB_6 = Statement(
    id="matrix_compression/AB-6",
    title="The worst matrix is served best by the least error that all of them can pay for",
    says=(
        "A rank of matrix W_k costs c_k, and ranks r_k may cost b together. The largest relative error of a matrix, "
        "E_r(W_k) / |W_k| with the root E_r of the sum of the squares of all but the r largest singular values, is "
        "least where every matrix keeps the fewest values that bring its own error down to e; e is the least number at"
        " which these ranks cost at most b. No ranks within the budget leave less to their worst matrix."
    ),
    source=Derived(least_worst_energy),
    tex=r"\min_{\sum_k c_k r_k \le b}\ \max_k \frac{E_{r_k}(W_k)}{\|W_k\|} = \min\{e : \sum_k c_k u_k(e) \le b\}",
    hypotheses=LISTED,
    instances=WORST,
    for_all=(
        All(
            "budgets from 1 to 6 for two matrices of two singular values from 1 to 3, whose ranks cost 1 or 2",
            small_budgets,
            members=864,
        ),
    ),
    solve=allotted,
    claim=Identity(worst_is_least),
    saboteurs=(
        saboteur("the most energy of all matrices together", solve=for_all_together),
        saboteur("one share of the budget for each", solve=even_shares),
        saboteur("the share that is lost of all of them", claim=Identity(partial(worst_is_least, own=False))),
        saboteur(
            "errors that are not relative",
            patch=(spectra._shares, "left / left[0] if", "left * np.ldexp(1.0, 2 * unit_of(values)) if"),
        ),
        saboteur(
            "the budget is exceeded by one", patch=(spectra.Order.fitting, "sums, budget, ", "sums, budget + 1, ")
        ),
        saboteur(
            "a cost of 1 for each",
            patch=(spectra.Order.by_error, "given.costs[owner]", "np.ones(len(owner))"),
        ),
    ),
    notes="The optimum is found by trying all ranks. What is left of the budget lowers the largest error no further.",
)
