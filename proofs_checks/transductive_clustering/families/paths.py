"""Runs of the bound optimizer through any code of the package, and what makes a run one: start, steps, length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory.bounds import Sides, rounding
from lrtheory.transductive_clustering import BoundResult, bound_update, few_shot
from proofs_checks.transductive_clustering.families.definitions import Case, shortest, update
from proofs_checks.transductive_clustering.families.problems import NEIGHBORS

UPDATES = 12
#: sides of what is no run at all, which no claim holds of
NO_RUN = Sides(np.array([1.0]), np.array([0.0]), rounding=0.0)


@dataclass(frozen=True)
class Descent:
    """What an optimizer went through: assignments (n + 1, N, K) and energies (n + 1,), from the start on."""

    assignments: np.ndarray
    energies: np.ndarray


def optimized(case: Case, **options: Any) -> BoundResult:
    """What the optimizer returns after whole updates, or others on request, with no test of convergence."""
    given = {"lam": case.lam, "temperature": case.temperature, "init": case.init, "clamp": case.clamp}
    affinity = sparse.csr_array(case.affinity) if case.path == "sparse" else case.affinity
    return bound_update(case.costs, affinity, **given, **({"damping": 1.0, "tol": 0.0} | options))


def descend(case: Case, rng: np.random.Generator | None = None, n_updates: int = UPDATES, **options: Any) -> Descent:
    """So many updates, one by one; fewer where the assignments stand still or swap."""
    if case.path == "tasks":
        return descend_as_task(case, n_updates, **options)
    found = optimized(case, max_iter=n_updates, record=True, **options)
    return Descent(found.trace["assignments"], found.trace["energies"])


def descend_as_task(case: Case, n_updates: int, damping: Any = 1.0) -> Descent:
    """The same by a few-shot call for each number of updates; without neighbors it stands at the start."""
    K = case.n_clusters
    points = case.features[:K], np.arange(K), case.features[K:]
    options = {"temperature": case.temperature, "damping": damping, "tol": 0.0, "n_neighbors": NEIGHBORS}
    plain = {"method": "laplacian-shot", "normalize": None, "query_shift": False}
    found = [few_shot(*points, lam=0.0, max_iter=1, **options, **plain)]
    for n in range(1, n_updates + 1):
        one = few_shot(*points, lam=case.lam, max_iter=n, **options, **plain)
        if one.n_iter < n:
            break
        found.append(one)
    # without neighbors the energy lacks their term, which the start has
    Z = np.stack([one.probabilities for one in found])
    first = found[0].energy - case.lam / 2 * (Z[0] * (case.affinity @ Z[0])).sum()
    return Descent(Z, np.array([first, *(one.energy for one in found[1:])]))


# --- what makes a run one --------------------------------------------------------------------------------------------


def strays(case: Case, Z: np.ndarray, *, damped: bool) -> np.ndarray:
    """How far the start is from where it should be, then each step: a whole one, or a damped one of an allowed size."""
    off = [np.abs(Z[0] - case.init).max()]
    low = shortest(case) if damped else 1.0
    for before, after in pairwise(Z):
        way, move = update(case, before) - before, after - before
        length = (way**2).sum()
        factor = np.clip((way * move).sum() / length, low, 1.0) if length > 0 else 1.0
        off.append(np.abs(move - factor * way).max())
    return np.array(off)


def ends(case: Case, Z: np.ndarray, allowed: float) -> bool:
    """Whether a run may end here: the next assignments would be these, or those before them."""
    goal = update(case, Z[-1])
    return any(np.abs(goal - one).max() <= allowed for one in Z[-2:])


def is_a_run(case: Case, found: Any, n_updates: int, allowed: float) -> bool:
    """Whether there are n + 1 assignments of the right shape with an energy each, or fewer and it stands or swaps."""
    Z, R = np.asarray(found.assignments), np.asarray(found.energies)
    if Z.ndim != 3 or Z.shape[1:] != case.costs.shape or R.shape != Z.shape[:1] or not 1 <= len(Z) <= n_updates + 1:
        return False
    return len(Z) == n_updates + 1 or ends(case, Z, allowed)


def without_noise(lhs: np.ndarray, rhs: np.ndarray, rounding: np.ndarray) -> Sides:
    """Sides with 0 on both where rounding alone could have made them, so that their ratio means something."""
    rounding = np.broadcast_to(rounding, np.shape(lhs))
    noise = np.maximum(np.abs(lhs), np.abs(rhs)) <= rounding / 2
    return Sides(np.where(noise, 0.0, lhs), np.where(noise, 0.0, rhs), rounding=rounding)


def along(
    sides: Callable[[Case, Descent], Sides], n_updates: int = UPDATES, *, damped: bool = False
) -> Callable[[Case, Descent], Sides]:
    """Sides of a claim about a run, followed by what a run is; alone the latter where there is no run to speak of."""

    def both(case: Case, found: Descent) -> Sides:
        allowed = float(rounding(16 * (case.n + case.n_clusters), case.heat))
        if not is_a_run(case, found, n_updates, allowed):
            return NO_RUN
        own, off = sides(case, found), strays(case, np.asarray(found.assignments), damped=damped)
        slack = np.r_[np.broadcast_to(own.rounding, np.shape(own.lhs)), np.full(len(off), allowed)]
        return without_noise(np.r_[own.lhs, off], np.r_[own.rhs, 0 * off], slack)

    return both
