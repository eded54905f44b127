"""Clusterings of mixtures, for what is said of points with large assignments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Family
from lrtheory.transductive_clustering import cluster


@dataclass(frozen=True)
class Mixture:
    """Points around centers in the plane."""

    n: int
    n_clusters: int
    separation: float
    bandwidth: float


@dataclass(frozen=True)
class Modes:
    """Points (n, N, d), assignments (n, N, K) and prototypes (n, K, d) of n clusterings."""

    features: np.ndarray
    assignments: np.ndarray
    prototypes: np.ndarray


def by_products(mixture: Mixture, rng: np.random.Generator, n: int) -> Modes:
    """Clusterings with the points of largest assignment as prototypes, each of a mixture of its own."""
    X = np.empty((n, mixture.n, 2))
    ends = []
    for i in range(n):
        centers = mixture.separation * rng.normal(size=(mixture.n_clusters, 2))
        X[i] = centers[rng.integers(0, mixture.n_clusters, size=mixture.n)] + rng.normal(size=(mixture.n, 2))
        options = {"prototype": "bo", "lam": 1.0, "bandwidth": mixture.bandwidth, "max_iter": 5, "rng": rng}
        ends.append(cluster(X[i], mixture.n_clusters, **options))
    return Modes(X, np.stack([one.assignments for one in ends]), np.stack([one.prototypes for one in ends]))


MIXTURES = Family("mixtures", always=(Mixture(30, 3, 2.0, 0.3),))
