"""One update from two starts, which it brings together, and its exact rate near uniform assignments."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import wrong_solvers
from proofs_checks.transductive_clustering.families.definitions import Case, farthest, is_symmetric, update
from proofs_checks.transductive_clustering.families.paths import Descent, along, descend, entries, unlike
from proofs_checks.transductive_clustering.families.rings import (
    PAIRS,
    UNIFORM,
    Pairwise,
    are_equal_where_clamped,
    is_along_an_eigenvector,
    two_updates,
)

SYMMETRIC = {"a symmetric affinity": is_symmetric}


def contracted(pair: Pairwise, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the distance after one update with its bound, once both updates are those of the definition.

    Where the factor is below 1, the start is no further from the other than both are at most from the fixed point.
    """
    case = pair.case
    _, norm = case.spectrum
    factor = theory.contraction_factor(norm, lam=case.lam, temperature=case.temperature)
    wanted = np.stack([update(case, case.init), update(case, pair.other)])
    wrong = unlike(np.asarray(found) - wanted, case.spoiled)
    distance, before = np.linalg.norm(found[0] - found[1]), np.linalg.norm(case.init - pair.other)
    lhs, rhs = [distance], [share * factor * before]
    if factor < 1:
        moves = np.linalg.norm(found - np.stack([case.init, pair.other]), axis=(1, 2))
        lhs.append(before)
        rhs.append(share * theory.fixed_point_distance(moves, contraction=factor).sum())
    return wrong or entries(lhs, rhs, farthest(case) ** 0.5, rounding=case.spoiled)


TC_T7 = Statement(
    id="transductive_clustering/TC-T7",
    title="An update contracts distances by lambda |W| / (2 T)",
    says=(
        "Whole updates S bring two starts Z and Y, equal in the rows that are held, together or apart by a factor of "
        "at most lambda |W_F| / (2 T) in the Frobenius norm. |W_F| is the spectral norm of the block of W of the free"
        " rows, T the temperature."
    ),
    source=Derived(theory.contraction_factor),
    tex=r"\|S(Z) - S(Y)\|_F \le \tfrac{\lambda \|W_F\|}{2T} \|Z - Y\|_F",
    hypotheses={"equal rows where held": are_equal_where_clamped},
    instances=PAIRS,
    solve=two_updates,
    claim=Inequality(contracted),
    saboteurs=(
        saboteur("lambda |W| / (4 T)", claim=Inequality(partial(contracted, share=0.5))),
        saboteur("half of the temperature", solve=partial(two_updates, colder=True)),
    ),
    notes="For any W, also directed; below 1 there is one fixed point, no further than the step over 1 - q.",
)


def at_the_rate(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """Compare the distance to uniform with that of the exact rate, up to the curvature, from below and from above."""
    K = case.n_clusters
    radius = float(np.abs(np.linalg.eigvalsh(case.affinity)).max())
    rate = factor * float(theory.uniform_rate(radius, K, lam=case.lam, temperature=case.temperature))
    before, after = (np.linalg.norm(Z - 1 / K) for Z in found.assignments[:2])
    error = float(theory.tangent_error(case.lam / case.temperature * (case.affinity @ (case.init - 1 / K))))
    slack = rounding(64 * case.costs.size, case.heat)
    most, least = [np.inf, farthest(case) ** 0.5], [0.0, -np.inf]
    return entries([rate * before - error, after], [after, rate * before + error], most, least, slack)


TC_T7_UNIFORM = Statement(
    id="transductive_clustering/TC-T7-uniform",
    title="Near uniform assignments the rate is lambda rho(W) / (K T)",
    says=(
        "Without costs, for Z off the uniform assignments 1/K along an eigenvector of W whose eigenvalue is the "
        "largest in size, rho(W), the update S multiplies the distance to 1/K by lambda rho(W) / (K T), up to a term "
        "quadratic in the distance. K is the number of clusters, T the temperature."
    ),
    source=Derived(theory.uniform_rate),
    tex=r"\|S(Z) - \tfrac1K\|_F = \tfrac{\lambda\rho(W)}{KT} \|Z - \tfrac1K\|_F + O(\|Z - \tfrac1K\|_F^2)",
    hypotheses={
        **SYMMETRIC,
        "no costs": lambda case: not case.costs.any(),
        "along the largest eigenvalue, nothing held": is_along_an_eigenvector,
    },
    instances=UNIFORM,
    solve=partial(descend, n_updates=1),
    claim=Inequality(along(at_the_rate, n_updates=1)),
    saboteurs=(
        saboteur("nine tenths of the rate", claim=Inequality(along(partial(at_the_rate, factor=0.9), n_updates=1))),
        saboteur("half of the temperature", solve=partial(wrong_solvers.colder, n_updates=1)),
    ),
    notes="Along the eigenvector of the largest eigenvalue in size; TC-T7 has 2 in the place of K.",
)
