"""Values of the relaxations at labels and inside of the simplices, and roundings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.transductive_clustering import (
    bound_update,
    discrete_energy,
    laplacian_energy,
    relaxed_energy,
    round_assignments,
    theory,
)
from proofs_checks.transductive_clustering.families.problems import Case, descend, discrete, one_hot, vertices


@dataclass(frozen=True)
class AtLabels:
    """Energies of all labels: relaxed, with the Laplacian, and discrete."""

    relaxed: np.ndarray
    laplacian: np.ndarray
    discrete: np.ndarray


def at_labels(case: Case, rng: np.random.Generator | None = None, lam: float | None = None) -> AtLabels:
    """By the package."""
    weight = case.lam if lam is None else lam
    options: dict[str, Any] = {"lam": weight}
    found = []
    for labels in vertices(case):
        Z = one_hot(labels, case.n_clusters).astype(float)
        found.append(
            (
                relaxed_energy(Z, case.costs, case.affinity, temperature=case.temperature, **options),
                laplacian_energy(Z, case.costs, case.affinity, **options),
                discrete_energy(labels, case.costs, case.affinity, **options),
            )
        )
    return AtLabels(*(np.array(column, dtype=float) for column in zip(*found, strict=True)))


def inside(case: Case, rng: np.random.Generator | None = None) -> np.ndarray:
    """Concave and convex energy without entropy at the start."""
    concave = theory.pair_energy(case.init, case.costs, case.affinity, lam=case.lam)
    return np.array([float(concave), float(laplacian_energy(case.init, case.costs, case.affinity, lam=case.lam))])


def rounded(case: Case, rng: np.random.Generator | None = None, method: Any = "sequential") -> np.ndarray:
    """Labels from the start."""
    return round_assignments(case.init, case.costs, case.affinity, lam=case.lam, method=method, clamp=case.clamp)


def optimum(case: Case):
    """The least discrete energy, by enumeration."""
    return min(discrete(case, one_hot(labels, case.n_clusters)) for labels in vertices(case))


def from_the_best(case: Case, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Energies of a safe descent from the best labels, and of one from the start."""
    best = min(vertices(case), key=lambda labels: discrete(case, one_hot(labels, case.n_clusters)))
    there = replace(case, init=one_hot(best, case.n_clusters).astype(float))
    first, second = (descend(one, damping="auto", n_updates=40).energies for one in (there, case))
    return first, second


def one_update(case: Case, rng: np.random.Generator | None = None, **changes: Any) -> np.ndarray:
    """S(Z) of the start."""
    return descend(replace(case, **changes), n_updates=1).assignments[1]


def from_the_costs(case: Case, rng: np.random.Generator | None = None, **changes: Any) -> np.ndarray:
    """The softmax of the costs, and its energy, without neighbours."""
    alone = replace(case, lam=0.0, clamp=np.full(case.n, -1), **changes)
    found = bound_update(alone.costs, alone.affinity, lam=0.0, temperature=alone.temperature, max_iter=1)
    return np.r_[np.asarray(found.assignments).ravel(), found.energy]
