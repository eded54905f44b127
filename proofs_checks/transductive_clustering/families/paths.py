"""Runs of the bound optimizer through any code of the package, and checks that a run is one: start, steps, length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory.bounds import Sides, rounding
from lrtheory.transductive_clustering import BoundResult, Turns, bound_update, few_shot
from proofs_checks.transductive_clustering.families.definitions import Case, energy, shortest, update
from proofs_checks.transductive_clustering.families.problems import NEIGHBORS

# updates per run: enough for cycles of two and shortened steps to show, few enough to be computed again
UPDATES = 12


#: sides of what is no run at all, which no claim holds of
NO_RUN = Sides(np.array([1.0]), np.array([0.0]), rounding=0.0, trivial=np.array([1.0]))


@dataclass(frozen=True)
class Descent:
    """The path of an optimizer: assignments Z (n + 1, N, K) and energies (n + 1,), from the start on.

    An energy is T sum z log z + <A, Z> - lambda/2 tr(Z'WZ), half of the two-step value G(Z, Z).
    """

    assignments: np.ndarray
    energies: np.ndarray


def optimized(case: Case, **options: Any) -> BoundResult:
    """Return the result of the optimizer for whole steps, or others on request, with no test of convergence."""
    given = {"lam": case.lam, "temperature": case.temperature, "init": case.init, "clamp": case.clamp}
    affinity = sparse.csr_array(case.affinity) if case.path == "sparse" else case.affinity
    return bound_update(case.costs, affinity, **given, **({"damping": 1.0, "tol": 0.0} | options))


#: what solvers of their own need not repeat: after which update they stand still, or stop
ITERATES = dict.fromkeys(("assignments", "energies"), "how many updates are made until nothing moves is the solver's")


def descend_as_task(case: Case, n_updates: int, damping: Any = 1.0) -> Descent:
    """Run updates by a few-shot call for each number of them; a call without neighbors gives the start."""
    K = case.n_clusters
    points = case.features[:K], np.arange(K), case.features[K:]
    turns = Turns(damping=damping)
    options = {"temperature": case.temperature, "turns": turns, "tol": 0.0, "n_neighbors": NEIGHBORS}
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


def descend(case: Case, rng: np.random.Generator | None = None, n_updates: int = UPDATES, **options: Any) -> Descent:
    """Run `n_updates` (12) updates one by one, all rows at once; fewer where the assignments stand still or swap."""
    if case.path == "tasks":
        return descend_as_task(case, n_updates, **options)
    found = optimized(case, max_iter=n_updates, record=True, **options)
    return Descent(found.trace["assignments"], found.trace["energies"])


def strays(case: Case, Z: np.ndarray, *, damped: bool) -> np.ndarray:
    """Return the errors of the start and of each step: a whole one, or a damped one of an allowed size."""
    off = [np.abs(Z[0] - case.init).max()]
    low = shortest(case) if damped else 1.0
    for before, after in pairwise(Z):
        way, move = update(case, before) - before, after - before
        length = (way**2).sum()
        # the factor that fits best; a move off the way, or too short for Gershgorin's discs, is an error then
        factor = np.clip((way * move).sum() / length, low, 1.0) if length > 0 else 1.0
        off.append(np.abs(move - factor * way).max())
    return np.array(off)


def ends(case: Case, Z: np.ndarray, allowed: float) -> bool:
    """Tell whether a run may end here: the next assignments would be these, or those before them."""
    goal = update(case, Z[-1])
    return any(np.abs(goal - one).max() <= allowed for one in Z[-2:])


def is_a_run(case: Case, found: Any, n_updates: int, allowed: float) -> bool:
    """Tell whether there are n + 1 assignments with an energy each, or fewer where the run stands or swaps."""
    Z, R = np.asarray(found.assignments), np.asarray(found.energies)
    if Z.ndim != 3 or Z.shape[1:] != case.costs.shape or R.shape != Z.shape[:1] or not 1 <= len(Z) <= n_updates + 1:
        return False
    return len(Z) == n_updates + 1 or ends(case, Z, allowed)


def unlike(off: Any, allowed: Any) -> Sides | None:
    """Return sides that fail where something is not what it has to be, up to rounding; None where everything is.

    Claims look at them first: a run that is none, or energies that are not those of its assignments, have no sides.
    """
    off = np.abs(np.ravel(off))
    allowed = np.broadcast_to(np.asarray(allowed, float), off.shape)
    if bool((off <= allowed).all()):
        return None
    most = 1 + 2 * allowed  # a difference counts up to here
    return Sides(np.where(off > most, most, off), np.zeros(off.shape), rounding=allowed, trivial=most)


def joined(*parts: Sides) -> Sides:
    """Join the entries of several sides."""

    def column(name: str, missing: float) -> np.ndarray:
        given = [getattr(one, name) for one in parts]
        return np.concatenate(
            [
                np.broadcast_to(missing if x is None else np.asarray(x, float), np.shape(one.lhs))
                for x, one in zip(given, parts, strict=True)
            ]
        )

    lhs, rhs = (np.concatenate([np.asarray(getattr(one, name)) for one in parts]) for name in ("lhs", "rhs"))
    limits = {"trivial": column("trivial", np.inf), "least": column("least", -np.inf)}
    return Sides(lhs, rhs, rounding=column("rounding", 0.0), **limits)


def entries(lhs: Any, rhs: Any, trivial: Any = np.inf, least: Any = -np.inf, rounding: Any = 0.0) -> Sides:
    """Broadcast sides and their limits to one length, flat."""
    lhs, rhs, trivial, least, rounding = np.broadcast_arrays(
        *(np.asarray(x, float) for x in (lhs, rhs, trivial, least, rounding))
    )
    flat = [x.ravel() for x in (lhs, rhs, trivial, least, rounding)]
    return Sides(flat[0], flat[1], trivial=flat[2], least=flat[3], rounding=flat[4])


def without_noise(sides: Sides) -> Sides:
    """Set both sides to 0 where rounding alone could have made them, so that their ratio means something."""
    rounding = np.broadcast_to(sides.rounding, np.shape(sides.lhs))
    noise = np.maximum(np.abs(sides.lhs), np.abs(sides.rhs)) <= rounding / 2
    return replace(sides, lhs=np.where(noise, 0.0, sides.lhs), rhs=np.where(noise, 0.0, sides.rhs), rounding=rounding)


def along(
    sides: Callable[[Case, Descent], Sides], n_updates: int = UPDATES, *, damped: bool = False
) -> Callable[[Case, Descent], Sides]:
    """Wrap a claim's sides, so that its start, steps, end and reported energies are checked first."""

    def own(case: Case, found: Descent) -> Sides:
        allowed = float(rounding(16 * (case.n + case.n_clusters), case.heat))
        if not is_a_run(case, found, n_updates, allowed):
            return NO_RUN
        Z = np.asarray(found.assignments)
        said = np.asarray(found.energies) - [energy(case, one) for one in Z]
        wrong = unlike(strays(case, Z, damped=damped), allowed) or unlike(said, case.spoiled)
        return wrong or without_noise(sides(case, found))

    own.__doc__ = getattr(sides, "func", sides).__doc__  # below `partial`
    return own
