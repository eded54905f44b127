"""One budget over many matrices: the best ranks, how near a greedy choice is, and a bound on anybody's: AB-*."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.budgets import allocation, certificate, spectra
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.budgets import (
    BUDGETS,
    CHOSEN,
    EVEN_COSTS,
    Budget,
    Chosen,
    allocated,
    certified,
    costs_one,
    is_decreasing,
    is_payable,
    is_within,
)
from proofs_checks.matrix_compression.wrong_solvers import budgets as wrong

LISTED = {"decreasing spectra of integers": is_decreasing, "a budget, and costs of at least 1": is_payable}
#: prices at which a bound is compared with the least one, beside those of the values themselves
PRICES = 9


def allowance(case: Budget) -> float:
    """Return what energies may err by: integers are exact in doubles, and quotients round."""
    return float(rounding(64, 1 + case.total))


def wasted(case: Budget, ranks: Any) -> list[int]:
    """Count what ranks cost above the budget, and how many of them keep a zero, or a value that is not there."""
    pairs = zip(case.spectra, ranks, strict=True)
    empty = sum(max(0, int(rank) - sum(v > 0 for v in values)) + max(0, -int(rank)) for values, rank in pairs)
    return [max(0, case.used(ranks) - case.budget), empty]


def optimal(case: Budget, found: dict[str, Any]) -> Sides:
    """Compare what the ranks keep, and what they are said to keep, with the best of all ranks."""
    kept = case.kept(found["ranks"])
    lhs = [kept, found["kept"], *wasted(case, found["ranks"]), found["used"], found["bound"]]
    rhs = [case.optimum, case.optimum, 0, 0, case.used(found["ranks"]), sum(case.greedy)]
    exact = [0.0] * 5 + [allowance(case)]
    return Sides(np.array(lhs, float), np.array(rhs, float), rounding=np.array(exact))


def lists_alone(case: Budget, found: dict[str, Any]) -> Sides:
    """Compare what the ranks keep with the squares of the first values of the list of all, unsorted."""
    values = [v for one in case.spectra for v in one][: case.budget]
    return Sides(case.kept(found["ranks"]), sum(v * v for v in values))


AB_1 = Statement(
    id="matrix_compression/AB-1",
    title="Where ranks cost the same, the largest values of all are the best",
    says=(
        "Ranks r_k of several matrices, whose sum is at most b, keep the most energy when they keep the b largest "
        "singular values of all: this is the largest sum over k of the squares of the first r_k values sigma_{k,i}. "
        "Ties are settled so that exactly b are kept, and zeros never are."
    ),
    source=Derived(theory.best_of_equal_costs),
    tex=r"\max_{\sum r_k \le b}\ \sum_k\sum_{i \le r_k}\sigma_{k,i}^2 = \text{sum of the } b \text{ largest } \sigma^2",
    hypotheses=LISTED | {"every rank costs 1": costs_one},
    instances=EVEN_COSTS,
    solve=allocated,
    claim=Identity(optimal),
    saboteurs=(
        saboteur("the first values of the list", claim=Identity(lists_alone)),
        saboteur("the budget is exceeded by one", solve=wrong.one_too_many),
        saboteur("one share of the budget for each", solve=wrong.even_shares),
        saboteur("what is not above a threshold goes, as in peft", solve=wrong.below_a_threshold, printed=True),
        saboteur(
            "zeros are kept",
            patch=(
                spectra.Order.of,
                "order = order[given.values[order] > 0]",
                "order = order[given.values[order] >= 0]",
            ),
        ),
    ),
    notes="The optimum is found by trying all ranks.",
)


def nearly_optimal(case: Budget, found: dict[str, Any], part: float = 1.0) -> Sides:
    """Compare greedy ranks with the best ones, and these with the greedy ones and a part of one more value."""
    kept, missing = case.greedy
    ranks = found["ranks"]
    off = [case.kept(ranks) - kept, found["kept"] - kept, found["used"] - case.used(ranks), *wasted(case, ranks)]
    off.append(found["bound"] - float(kept + missing))
    lhs = np.array([case.kept(ranks), case.optimum], float)
    rhs = np.array([case.optimum, kept + part * float(missing)])
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
    source=Derived(theory.greedy_gap),
    tex=r"G \le \mathrm{OPT} \le G + \theta\,\sigma_{\mathrm{rej}}^2",
    hypotheses=LISTED,
    instances=BUDGETS,
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


def dual(one: Chosen, found: dict[str, float], factor: float = 1.0) -> Sides:
    """Compare what any ranks keep with the bound, and the bound with the dual value at any price."""
    case, allowed, kept = one.case, allowance(one.case), one.case.kept(one.ranks)
    rates = [float(rate) for rate, _, _ in case.items]
    prices = [*rates, *np.linspace(0, 1.5 * max(rates, default=1.0), PRICES), found["price"]]
    *values, told = [p * case.budget + sum(max(0.0, e - p * c) for _, e, c in case.items) for p in prices]
    # greedy with a part of the next value is the optimum of the linear program
    best = float(sum(case.greedy))
    off = [found["kept"] - kept, found["bound"] - best, found["gap"] - (best - kept), told - best]
    lhs = [case.optimum, kept, *[factor * best] * len(values)]
    return unlike(np.array(off), allowed) or Sides(
        np.array(lhs, float), np.array([best, best, *values]), trivial=float(case.total), rounding=allowed
    )


def integral(one: Chosen, found: dict[str, float]) -> Sides:
    """Compare the bound with the most energy that ranks do keep: the false claim that there is no gap."""
    return Sides(found["bound"], one.case.optimum, trivial=float(one.case.total), rounding=allowance(one.case))


AB_5 = Statement(
    id="matrix_compression/AB-5",
    title="A price per rank bounds what any ranks keep",
    says=(
        "Ranks within the budget b, whoever chose them, keep at most the energy lambda b + sum max(0, sigma^2 - lambda"
        " c), for every price lambda of at least 0; the sum runs over all singular values sigma, and a rank that keeps"
        " sigma costs c. The bound that is stated is the least of these, the value of the linear program."
    ),
    source=Derived(theory.dual_bound),
    tex=r"\sum_{\mathrm{kept}}\sigma^2 \le \min_{\lambda \ge 0}\ \lambda b + \sum(\sigma^2 - \lambda c)_+",
    hypotheses={
        "decreasing spectra of integers": lambda one: is_decreasing(one.case),
        "a budget, and costs of at least 1": lambda one: is_payable(one.case),
        "ranks within the budget": is_within,
    },
    instances=CHOSEN,
    solve=certified,
    claim=Inequality(dual),
    saboteurs=(
        saboteur("some ranks keep all of it", claim=Inequality(integral)),
        saboteur(
            "a price of 0",
            patch=(spectra.Order.price, "float(self.rates[taken]) if taken < len(self.rates) else 0.0", "0.0"),
        ),
        saboteur(
            "the budget has no price",
            patch=(
                certificate.certificate_of,
                "dual_bound([given.values], budget,",
                "dual_bound([given.values], 0 * budget,",
            ),
        ),
    ),
)
