"""The best ranks where every rank costs the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import plain, table
from lrtheory._types import ArrayLike
from lrtheory._validation import must, sequence
from lrtheory.bounds import All, Derived, Draws, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.matrix_compression import certify_ranks
from lrtheory.matrix_compression.budgets import spectra
from proofs_checks.matrix_compression.families.budgets import (
    LISTED,
    SMALLEST,
    Budget,
    allocated,
    draw_budget,
    optimal,
    told,
)


def costs_one(case: Budget) -> bool:
    """Decide whether every rank costs 1."""
    return all(cost == 1 for cost in case.costs)


def draw_even(draws: Draws) -> Budget:
    """Draw spectra whose ranks cost 1."""
    case = draw_budget(draws)
    return replace(case, costs=(1,) * len(case.spectra), budget=draws.integers(0, sum(map(len, case.spectra)) + 1))


EVEN_COSTS = Family(
    "budgets-of-ranks",
    always=(
        *SMALLEST,
        Budget(((3, 1), (2, 2)), (1, 1), 3),
        Budget(((2, 2), (3, 1)), (1, 1), 2),
        Budget(((2,) * 4, (2,) * 4), (1, 1), 4),
        Budget(((3, 0), (1, 0)), (1, 1), 4),
    ),
    draw=draw_even,
)


def all_even() -> Iterator[Budget]:
    """Yield two spectra of two values from 0 to 3, all ties and zeros among them, and budgets from 0 to 5."""
    spectra = list(itertools.combinations_with_replacement((3, 2, 1, 0), 2))
    for pair in itertools.product(spectra, repeat=2):
        yield from (Budget(pair, (1, 1), budget) for budget in range(6))


def _told(case: Budget, ranks: list[int]) -> dict[str, Any]:
    """Answer with ranks, and with what the library says of them."""
    return told(certify_ranks(case.doubles, ranks, max(case.budget, case.used(ranks)), cost=list(case.costs)))


def below_a_threshold(case: Budget, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Drop whatever is not above the largest score that has to go: with ties, less than the budget is kept."""
    scores = np.concatenate([np.array(values, float) for values in case.spectra])
    dropped = len(scores) - case.budget
    limit = np.sort(scores)[dropped - 1] if dropped > 0 else -1.0
    return _told(case, [int((np.array(values) > limit).sum()) for values in case.spectra])


def even_shares(case: Budget, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Give every matrix the same part of the budget."""
    share = case.budget // len(case.spectra)
    pairs = zip(case.spectra, case.costs, strict=True)
    return _told(case, [min(sum(v > 0 for v in values), share // cost) for values, cost in pairs])


def one_too_many(case: Budget, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Spend one more than the budget."""
    ranks = [0] * len(case.spectra)
    order = sorted(((-v * v, k) for k, values in enumerate(case.spectra) for v in values if v > 0))
    for _, k in order[: case.budget + 1]:
        ranks[k] += 1
    return _told(case, ranks)


def lists_alone(case: Budget, found: dict[str, Any]) -> Sides:
    """Compare what the ranks keep with the squares of the first values of the list of all, unsorted."""
    values = [v for one in case.spectra for v in one][: case.budget]
    return Sides(case.kept(found["ranks"]), sum(v * v for v in values))


@formula(b="[0, inf)")
def best_of_equal_costs(spectra: Sequence[ArrayLike], b: int) -> Number:
    """The best ranks keep this energy where each rank costs 1.

    `spectra` holds the singular values of each matrix, decreasing, and b is the budget.

    Proof
    -----
    Assumes: the values of each matrix decrease (the caller, and `allocate_ranks`, which checks it).

    Proof: ranks that sum up to at most b keep at most b values, whose squares are at most the b largest. These are
    prefixes of the decreasing lists once ties are broken by the place in the list, so some ranks keep them.
    """
    lists = [table("spectra", values, 0, shape=("n",)) for values in sequence("spectra", to_numpy(spectra))]
    if not lists:
        raise must("spectra", "singular values of at least one matrix", spectra)
    squares = np.concatenate([values * values for values in lists])
    return plain(np.sort(squares)[::-1][:b].sum())


def largest(case: Budget, found: dict[str, Any]) -> Sides:
    """Compare the ranks with the best of all ranks, and what they keep with the b largest values of all."""
    sides, energy = optimal(case, found), best_of_equal_costs(case.spectra, case.budget)
    return replace(
        sides,
        lhs=np.r_[sides.lhs, float(case.kept(found["ranks"]))],
        rhs=np.r_[sides.rhs, float(energy)],
        rounding=np.r_[sides.rounding, 0.0],
    )


AB_1 = Statement(
    id="matrix_compression/AB-1",
    title="Where ranks cost the same, the largest values of all are the best",
    says=(
        "Ranks r_k of several matrices, whose sum is at most b, keep the most energy when they keep the b largest "
        "singular values of all: this is the largest sum over k of the squares of the first r_k values sigma_{k,i}. "
        "Ties are settled so that exactly b are kept, and zeros never are."
    ),
    source=Derived(best_of_equal_costs),
    tex=r"\max_{\sum r_k \le b}\ \sum_k\sum_{i \le r_k}\sigma_{k,i}^2 = \text{sum of the } b \text{ largest } \sigma^2",
    hypotheses=LISTED | {"every rank costs 1": costs_one},
    instances=EVEN_COSTS,
    for_all=(All("budgets from 0 to 5 for two matrices of two singular values from 0 to 3", all_even, members=600),),
    solve=allocated,
    claim=Identity(largest),
    saboteurs=(
        saboteur("the first values of the list", claim=Identity(lists_alone)),
        saboteur("the budget is exceeded by one", solve=one_too_many),
        saboteur("one share of the budget for each", solve=even_shares),
        saboteur("what is not above a threshold goes, as in peft", solve=below_a_threshold, printed=True),
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
