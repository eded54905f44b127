"""The rank that is best for a budget.

E = A B^T / sqrt(r) is a perturbation of an m x n weight M, `shape` = (m, n), with the factors A (m, r) and B (n, r),
and kA and kB are the excess kurtosis of their entries: 0 for Gaussian ones, -2 for signs. sigma scales E, and P
mirrored pairs give the mean of E (f(M + sigma E) - f(M - sigma E)) / (2 sigma). r is an integer, or infinity for full
Gaussian noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, numbers
from lrtheory.bounds import All, Derived, Family, Identity, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.planning.plan_population import plan_population
from lrtheory.low_rank_optimizers.theory.moments import sides
from proofs_checks.low_rank_optimizers.families.estimates import sides_of
from proofs_checks.orbits import Symmetry

Found = dict[str, Any]


@formula(kA="[-2, inf)", kB="[-2, inf)")
def best_rank(shape: Sequence[int], cost: tuple[Number, Number] | None = None, kA: Number = 0, kB: Number = 0) -> int:
    """The rank with the least variance at a fixed cost, for a quadratic objective.

    With `cost` = (C0, k) a member of rank r costs C0 + k r, and None stands for (mn, m + n).

    With the default cost and Gaussian factors it is 1 if (m - 1)(n - 1) <= 1, and 2 for all other shapes; with signs it
    is 1.

    Proof
    -----
    Assumes: the law of `theory.estimator_mse`, and a budget so large that rounding the number of pairs does not matter.

    Proof: write a = mn + 1. At r the function is a C0 + c k + c C0 / r + a k r, which exceeds its value at r + 1 iff c
    C0 / (r (r + 1)) > a k. The left side falls in r for c > 0, so the smallest minimizer is the first r with r (r + 1)
    a k >= c C0; for c <= 0 it is 1. With C0 = mn, k = m + n and c = 2 (m + n + 1), the difference of r = 1 and r = 2 is
    c C0 / 2 - a k = mn (m + n + 1) - (mn + 1)(m + n) = (m - 1)(n - 1) - 1, and r = 2 is never worse than r = 3, as mn
    (m + n + 1) < 3 (mn + 1)(m + n).
    """
    m, n = sides(shape)
    whole, factor = (m * n, m + n) if cost is None else numbers("cost", cost, 0, ends="(]", length=2)
    c = theory.noise_constant(shape, kurtosis_a=kA, kurtosis_b=kB)
    if c <= 0:  # type: ignore[operator]
        return 1
    least = math.ceil(c * exact(whole) / ((m * n + 1) * exact(factor)))  # r (r + 1) must reach this integer
    r = max(1, (math.isqrt(4 * least + 1) - 1) // 2)
    return r if r * (r + 1) >= least else r + 1


def _planned(case: Any, cost: tuple[float, float], max_rank: int) -> Found:
    plans = [
        plan_population(case.shape, n_evaluations=case.budget, factors=law, max_rank=max_rank, cost=cost)
        for law in ("gaussian", "sign")
    ]
    best = [best_rank(case.shape, kA=k, kB=k) for k in (0, -2)]
    columns = {"ranks": [one.rank for one in plans], "pairs": [one.pairs for one in plans]}
    columns |= {"errors": [one.mse for one in plans], "best": best}
    return {name: np.array(values) for name, values in columns.items()}


def free_columns(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Plan as if columns cost nothing."""
    return _planned(case, (1, 0), 25)


def of_rank_one(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Plan for rank 1 alone."""
    return _planned(case, (1, 1), 1)


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
        found["best"].append(best_rank(case.shape, kA=k, kB=k))
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


def shapes(largest: int) -> Iterator[Budget]:
    """Yield all shapes up to a side, of which the first is not longer than the second."""
    yield from (Budget((m, n)) for n in range(1, largest + 1) for m in range(1, n + 1))


def turned(case: Budget) -> tuple[tuple[int, int], ...]:
    """Return both shapes with these sides."""
    return case.shape, case.shape[::-1]


SIDES = Symmetry(turned)


EG_O = Statement(
    id="low_rank_optimizers/EG-O",
    title="The best rank for quadratics is 1 or 2",
    says=(
        "Where a member costs mn + r (m + n), the rank r of Gaussian factors with the least mean squared error on a "
        "quadratic at a fixed budget is 1 if (m - 1)(n - 1) <= 1, and else 2; with sign factors it is always 1. The "
        "library's plan for a budget has this rank, its number of pairs and its error."
    ),
    source=Derived(best_rank),
    tex=r"\arg\min_r \Bigl(mn + 1 + \frac cr\Bigr)\bigl(mn + r(m+n)\bigr) = 1 + [(m-1)(n-1) > 1]\,[c > 0]",
    hypotheses={"a large budget": is_large},
    instances=BUDGETS,
    for_all=(
        All("shapes up to 16 x 16", lambda: shapes(16), 136, SIDES.size, 256, "the order of sides"),
        All(
            "shapes up to 128 x 128",
            lambda: shapes(128),
            8256,
            SIDES.size,
            128**2,
            "the order of sides",
            budget="thorough",
        ),
    ),
    solve=planned,
    claim=Identity(best_of),
    decisions=("ranks", "pairs", "errors", "best"),
    saboteurs=(
        saboteur("rank 2 for all shapes", claim=Identity(partial(best_of, two=True))),
        saboteur("columns cost nothing", solve=free_columns),
        saboteur("rank 1 for all shapes", solve=of_rank_one),
    ),
    notes="At 2 x 2 ranks 1 and 2 are tied, and the smaller one is taken.",
)
