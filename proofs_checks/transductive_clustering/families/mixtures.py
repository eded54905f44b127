"""Clusterings of mixtures, for what is said of points with large assignments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.transductive_clustering import cluster


@dataclass(frozen=True)
class Mixture:
    """Points around centers in the plane."""

    n: int
    n_clusters: int
    separation: float
    bandwidth: float

    def points(self, seed: int, n: int) -> np.ndarray:
        """The points (n, N, 2) of n mixtures, which a seed makes again."""
        rng = np.random.default_rng(seed)
        X = np.empty((n, self.n, 2))
        for i in range(n):
            centers = self.separation * rng.normal(size=(self.n_clusters, 2))
            X[i] = centers[rng.integers(0, self.n_clusters, size=self.n)] + rng.normal(size=(self.n, 2))
        return X


@dataclass(frozen=True)
class Modes:
    """Assignments (n, N, K) and prototypes (n, K, d) of n clusterings, and the seed of their points."""

    seed: int
    assignments: np.ndarray
    prototypes: np.ndarray


def by_products(mixture: Mixture, rng: np.random.Generator, n: int) -> Modes:
    """Clusterings with the points of largest assignment as prototypes, each of a mixture of its own."""
    seed = int(rng.integers(2**63))
    # few turns: the claim is about the points that are taken on the way, and not about where a run ends
    options = {"prototype": "bo", "lam": 1.0, "bandwidth": mixture.bandwidth, "max_iter": 5, "rng": rng}
    ends = [cluster(X, mixture.n_clusters, **options) for X in mixture.points(seed, n)]
    return Modes(seed, np.stack([one.assignments for one in ends]), np.stack([one.prototypes for one in ends]))


def is_measured(mixture: Mixture) -> bool:
    """Whether the mixture has the sizes on which the share was measured."""
    sizes = 20 <= mixture.n <= 40 and 2 <= mixture.n_clusters <= 4
    return sizes and 1.5 <= mixture.separation <= 3.0 and 0.25 <= mixture.bandwidth <= 0.5


def draw_mixture(draws: Draws) -> Mixture:
    """Twenty to forty points in two to four clusters."""
    sizes = draws.integers(20, 40), draws.integers(2, 4)
    return Mixture(*sizes, draws.integers(6, 12) / 4, draws.integers(4, 8) / 16)


MIXTURES = Family("mixtures", always=(Mixture(30, 3, 2.0, 0.3),), draw=draw_mixture)
