"""The rank that is best for a budget: EG-O."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.planning.plan_population import plan_population
from proofs_checks.low_rank_optimizers.families.estimates import Found, sides_of
from proofs_checks.low_rank_optimizers.wrong_solvers import strategies as wrong


@dataclass(frozen=True)
class Budget:
    """The shape of a weight, and evaluations that are paid for; a large prime leaves no number of pairs on an edge."""

    shape: tuple[int, int]
    budget: int = 999999937


def is_large(case: Budget) -> bool:
    """Decide whether a budget is a prime so large that rounding the number of pairs matters nowhere but in ties."""
    return case.budget == 999999937 and len(case.shape) == 2 and min(case.shape) >= 1 and max(case.shape) <= 128


def planned(case: Budget, rng: np.random.Generator | None = None) -> Found:
    """Return the library's plans for Gaussian factors and for signs, and its best rank for both."""
    found: dict[str, list[Any]] = {"ranks": [], "pairs": [], "errors": [], "best": []}
    for law, k in (("gaussian", 0), ("sign", -2)):
        plan = plan_population(case.shape, n_evaluations=case.budget, factors=law, max_rank=25)
        found["ranks"].append(plan.rank)
        found["pairs"].append(plan.pairs)
        found["errors"].append(plan.mse)
        found["best"].append(theory.best_rank(case.shape, kurtosis_a=k, kurtosis_b=k))
    return {name: np.array(values) for name, values in found.items()}


def best_of(case: Budget, found: Found, two: bool = False) -> Sides:
    """Compare ranks, pairs and errors with the best of ranks up to 25, in Fractions."""
    m, n = case.shape
    rows: list[Any] = []
    for place, k in enumerate((0, -2)):
        c = 2 * (m + n + 1) + k * (n + 2) + k * (m + 2) + k * k
        errors = {}
        for r in range(1, 26):
            pairs = Fraction(case.budget * m * n, 2 * (m * n + r * (m + n))).__floor__()
            errors[r] = (m * n + 1 + Fraction(c, r)) / pairs, pairs
        best = min(errors, key=lambda r: (errors[r][0], r))
        due = {r: (m * n + 1 + Fraction(c, r)) * (m * n + r * (m + n)) for r in errors}
        in_theory = 2 if two and not place else min(due, key=lambda r: (due[r], r))
        closed = 2 if not place and (m - 1) * (n - 1) > 1 else 1
        rows += [(found["ranks"][place], best, 0), (found["pairs"][place], errors[best][1], 0)]
        rows += [(found["best"][place], in_theory, 0), (found["best"][place], 2 if two and not place else closed, 0)]
        rows.append((found["errors"][place], errors[best][0], rounding(16, float(errors[best][0]))))
    lhs, rhs = sides_of(*[one[:2] for one in rows])
    return Sides(lhs, rhs, rounding=np.array([float(one[2]) for one in rows]))


BUDGETS = Family(
    "budgets",
    always=(
        *(Budget((m, n)) for m in (1, 2, 3, 4) for n in (1, 2, 3, 4)),
        Budget((10, 65)),
        Budget((1, 128)),
        Budget((64, 64)),
    ),
    draw=lambda draws: Budget((draws.integers(1, 128), draws.integers(1, 128))),
)

EG_O = Statement(
    id="low_rank_optimizers/EG-O",
    title="The best rank for quadratics is 1 or 2",
    says=(
        "Where a member costs mn + r (m + n), the rank r of Gaussian factors with the least mean squared error on a "
        "quadratic at a fixed budget is 1 if (m - 1)(n - 1) <= 1, and else 2; with sign factors it is always 1. The "
        "library's plan for a budget has this rank, its number of pairs and its error."
    ),
    source=Derived(theory.best_rank),
    tex=r"\arg\min_r \Bigl(mn + 1 + \frac cr\Bigr)\bigl(mn + r(m+n)\bigr) = 1 + [(m-1)(n-1) > 1]\,[c > 0]",
    hypotheses={"a large budget": is_large},
    instances=BUDGETS,
    solve=planned,
    claim=Identity(best_of),
    decisions=("ranks", "pairs", "errors", "best"),
    saboteurs=(
        saboteur("rank 2 for all shapes", claim=Identity(partial(best_of, two=True))),
        saboteur("columns cost nothing", solve=wrong.free_columns),
        saboteur("rank 1 for all shapes", solve=wrong.of_rank_one),
    ),
    notes="At 2 x 2 ranks 1 and 2 are tied, and the smaller one is taken.",
)
