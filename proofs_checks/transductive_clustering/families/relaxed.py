"""Values of the relaxations at labels and inside of the simplices, and roundings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.transductive_clustering import (
    bound_update,
    cluster,
    discrete_energy,
    laplacian_energy,
    psd_shift,
    relaxed_energy,
    round_assignments,
    theory,
)
from lrtheory.transductive_clustering.baselines import lloyd
from lrtheory.transductive_clustering.updates.edges import csr_parts
from lrtheory.transductive_clustering.updates.rounding import round_rows
from proofs_checks.transductive_clustering.families.definitions import (
    Case,
    best_labels,
    has_a_mild_diagonal,
    one_hot,
    vertices,
)
from proofs_checks.transductive_clustering.families.paths import Descent, descend


@dataclass(frozen=True)
class AtLabels:
    """Energies of all labels: relaxed, with the Laplacian, and discrete."""

    relaxed: np.ndarray
    laplacian: np.ndarray
    discrete: np.ndarray


def relaxed_at_labels(case: Case, affinity: np.ndarray, lam: float) -> np.ndarray:
    """Return the relaxed energy of all labels."""
    tables = [one_hot(labels, case.n_clusters).astype(float) for labels in vertices(case)]
    options = {"lam": lam, "temperature": case.temperature}
    return np.array([float(relaxed_energy(Z, case.costs, affinity, **options)) for Z in tables])


def at_labels(case: Case, rng: np.random.Generator | None = None, lam: float | None = None) -> AtLabels:
    """Return the three energies of all labels as the package computes them."""
    weight = case.lam if lam is None else lam
    convex, integral = [], []
    for labels in vertices(case):
        Z = one_hot(labels, case.n_clusters).astype(float)
        convex.append(float(laplacian_energy(Z, case.costs, case.affinity, lam=weight)))
        integral.append(float(discrete_energy(labels, case.costs, case.affinity, lam=weight)))
    return AtLabels(relaxed_at_labels(case, case.affinity, weight), np.array(convex), np.array(integral))


@dataclass(frozen=True)
class Shifted:
    """The shift that makes an affinity psd, and the energies of all labels before and after."""

    shift: float
    before: np.ndarray
    after: np.ndarray


def shifted_psd(case: Case, rng: np.random.Generator | None = None, factor: float = 1.0) -> Shifted:
    """Return the package's psd shift, times a factor, and the energies of all labels before and after it."""
    shift = factor * float(psd_shift(case.affinity))
    moved = case.affinity + shift * np.eye(case.n)
    return Shifted(shift, *(relaxed_at_labels(case, W, case.lam) for W in (case.affinity, moved)))


def inside(case: Case, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return concave and convex energy without entropy at the start."""
    concave = theory.pair_energy(case.init, case.costs, case.affinity, lam=case.lam)
    return np.array([float(concave), float(laplacian_energy(case.init, case.costs, case.affinity, lam=case.lam))])


def rounded(case: Case, rng: np.random.Generator | None = None, method: Any = "sequential") -> np.ndarray:
    """Round the start to labels; by the kernel where a point repels itself, which the function refuses."""
    if has_a_mild_diagonal(case):
        weight = {"lam": case.lam} if method == "sequential" else {}  # the largest entry of a row asks for no weight
        return round_assignments(case.init, case.costs, case.affinity, method=method, clamp=case.clamp, **weight)
    labels, order = np.empty(case.n, np.int64), np.arange(case.n)
    round_rows(case.costs, csr_parts(case.affinity), case.lam, case.clamp, order, np.array(case.init), labels)
    return labels


def at_best_labels(case: Case) -> Case:
    """Return the case with its start at labels of the least discrete energy."""
    return replace(case, init=one_hot(best_labels(case), case.n_clusters).astype(float))


def from_the_best(case: Case, rng: np.random.Generator | None = None) -> tuple[Descent, Descent]:
    """A safe descent from the best labels, and one from the start."""
    return descend(at_best_labels(case), damping="auto"), descend(case, damping="auto")


def one_update(case: Case, rng: np.random.Generator | None = None, **changes: Any) -> np.ndarray:
    """Return S(Z) of the start."""
    return descend(replace(case, **changes), n_updates=1).assignments[1]


def from_the_costs(case: Case, rng: np.random.Generator | None = None, **changes: Any) -> np.ndarray:
    """The softmax of the costs, and its energy, without neighbors."""
    alone = replace(case, lam=0.0, clamp=np.full(case.n, -1), **changes)
    found = bound_update(alone.costs, alone.affinity, lam=0.0, temperature=alone.temperature, max_iter=1)
    return np.r_[np.asarray(found.assignments).ravel(), found.energy]


# --- Lloyd's iteration -----------------------------------------------------------------------------------------------

TURNS = 6
WIDE = 0.125  # the least gap between the two smallest costs of a point, for labels that rounding cannot change


@dataclass(frozen=True)
class Scattered:
    """Points and first centers."""

    features: np.ndarray
    first: np.ndarray


@dataclass(frozen=True)
class Hard:
    """Labels and centers of the cold optimizer, and of the package's K-means."""

    cold_labels: np.ndarray
    cold_centers: np.ndarray
    labels: np.ndarray
    centers: np.ndarray


def squared(X: np.ndarray, M: np.ndarray) -> np.ndarray:
    """Return squared distances, entry by entry."""
    return ((X[:, None] - M[None]) ** 2).sum(2)


def lloyds(scattered: Scattered) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Run Lloyd's iteration: labels, centers, the least gap on the way, and the size of the smallest cluster."""
    X, M = scattered.features, scattered.first.astype(float)
    gap, smallest, labels = np.inf, len(X), np.zeros(len(X), dtype=np.int64)
    for _ in range(TURNS):
        costs = squared(X, M)
        ordered = np.sort(costs, axis=1)
        gap = min(gap, float((ordered[:, 1] - ordered[:, 0]).min()))
        labels = costs.argmin(1)
        sizes = np.bincount(labels, minlength=len(M))
        smallest = min(smallest, int(sizes.min()))
        M = np.stack([X[labels == c].mean(0) if sizes[c] else M[c] for c in range(len(M))])
    return labels, M, gap, smallest


def hardened(scattered: Scattered, rng: np.random.Generator | None = None, temperature: float | None = None) -> Hard:
    """The cold optimizer without neighbors, at half of the temperature at which labels are hard, and K-means."""
    X, K = scattered.features, len(scattered.first)
    T = float(theory.hard_temperature(WIDE, K)) / 2 if temperature is None else temperature
    options = {"lam": 0.0, "temperature": T, "affinity": np.zeros((len(X), len(X))), "tol": 0.0, "max_iter": TURNS}
    cold = cluster(X, K, init=scattered.first, **options)
    plain = lloyd(X, K, init=scattered.first, max_iter=TURNS)
    return Hard(cold.labels, cold.prototypes, plain.labels, plain.prototypes)


def draw_scattered(draws: Draws) -> Scattered:
    """Four to eight points in the plane, two or three centers among them."""
    n, k = draws.integers(4, 8), draws.integers(2, 3)
    features = draws.integers(-16, 16, shape=(n, 2)) / 4
    return Scattered(features, features[draws.permutation(n)[:k]])


SCATTERED = Family(
    "scattered",
    always=(Scattered(np.array([[-2.0], [-1.5], [-1.0], [0.25], [1.5], [2.0]]), np.array([[-2.0], [-1.5]])),),
    draw=draw_scattered,
)
