"""Clusterings of mixtures, for what is said of points with large assignments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
