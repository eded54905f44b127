"""Points to cluster, and prototypes that move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.transductive_clustering import cluster, prototypes
from proofs_checks.transductive_clustering.families.problems import draw_affinity, draw_simplex


@dataclass(frozen=True)
class Points:
    """Points, an affinity, first prototypes, and the parameters of the energy; `hard` means of labels."""

    features: np.ndarray
    affinity: np.ndarray
    first: np.ndarray
    prototype: str
    lam: float
    temperature: float
    hard: bool = False

    @property
    def bandwidth(self) -> float:
        """Of the kernel of modes."""
        return 1.0

    @property
    def spoiled(self) -> float:
        """Rounding of sums over all points, features and clusters."""
        largest = 1 + np.abs(self.features).max() + np.abs(self.first).max()
        scale = (
            4 * largest**2 * self.features.size + self.lam * self.affinity.sum() + self.temperature * len(self.features)
        )
        return rounding(256 * self.features.size * len(self.first), float(scale))


@dataclass(frozen=True)
class Turns:
    """Energies: at the start, then after the assignments and after the prototypes of each turn; and at the end."""

    energies: np.ndarray
    last: float


def clustered(points: Points, rng: np.random.Generator | None = None, **options: Any) -> Turns:
    """Ten turns."""
    from scipy import sparse

    found = cluster(
        points.features,
        len(points.first),
        prototype=points.prototype,
        lam=points.lam,
        temperature=points.temperature,
        affinity=sparse.csr_array(points.affinity),
        bandwidth=points.bandwidth,
        init=points.first,
        hard=points.hard,
        max_iter=10,
        record=True,
        **options,
    )
    return Turns(found.trace["energies"], float(found.energy))


def draw_points(draws: Draws) -> Points:
    """Up to seven points in the plane, two or three clusters, any of the prototypes with a guarantee."""
    n, k = draws.integers(4, 7), draws.integers(2, 3)
    features = draws.integers(-8, 8, shape=(n, 2)) / 4
    first = features[draws.permutation(n)[:k]]
    return Points(
        features,
        draw_affinity(draws, n),
        first,
        draws.choice(("mean", "mode", "medoid")),
        draws.choice((0.0, 0.25, 1.0)),
        draws.choice((0.25, 1.0)),
    )


LINE = np.array([[-2.0], [-1.5], [-1.0], [0.0], [0.25], [1.0], [2.0]])
CHAIN = (np.eye(7, k=1) + np.eye(7, k=-1)) / 2
ONE = Points(LINE, CHAIN, np.array([[-1.0], [0.25]]), "mean", 0.25, 1.0)
ALWAYS = (ONE, replace(ONE, prototype="mode"), replace(ONE, prototype="medoid"), replace(ONE, lam=0.0))
POINTS = Family("points", always=ALWAYS, draw=draw_points)
HARD = Family(
    "hard-means",
    always=tuple(replace(ONE, hard=True, temperature=t, first=ONE.first + s) for t in (1.0, 4.0) for s in (0, 0.5)),
)


@dataclass(frozen=True)
class Weighted:
    """Points, soft assignments, and prototypes."""

    features: np.ndarray
    assignments: np.ndarray
    centers: np.ndarray

    @property
    def spoiled(self) -> float:
        """Rounding of sums over all points and features."""
        largest = 1 + np.abs(self.features).max() + np.abs(self.centers).max()
        return rounding(256 * self.features.size * len(self.centers), float(4 * largest**2 * self.features.size))


def means(weighted: Weighted, rng: np.random.Generator | None = None) -> np.ndarray:
    """The soft means."""
    return prototypes.weighted_means(np, weighted.features, weighted.assignments, weighted.centers)


def one_shift(weighted: Weighted, rng: np.random.Generator | None = None, bandwidth: float = 1.0) -> np.ndarray:
    """One step of mean shift, as `shifted` repeats it."""
    squares = prototypes.squared_distances(np, weighted.features, weighted.centers)
    pull = weighted.assignments * prototypes.kernel_of(np, squares, bandwidth)
    return prototypes.weighted_means(np, weighted.features, pull, weighted.centers)


def draw_weighted(draws: Draws) -> Weighted:
    """Up to seven points in the plane."""
    n, k = draws.integers(2, 7), draws.integers(2, 3)
    features = draws.integers(-8, 8, shape=(n, 2)) / 4
    return Weighted(features, draw_simplex(draws, n, k), draws.integers(-8, 8, shape=(k, 2)) / 4)


WEIGHTED = Family(
    "weighted", always=(Weighted(LINE, np.full((7, 2), 0.5), np.array([[-1.0], [1.0]])),), draw=draw_weighted
)
