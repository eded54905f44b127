"""Points to cluster, and prototypes that move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.transductive_clustering import cluster
from proofs_checks.transductive_clustering.families.definitions import Case, update
from proofs_checks.transductive_clustering.families.problems import draw_affinity, draw_simplex, with_clamped_rows

# turns per run: few, since every claim computes all of them again by the definition
TURNS = 8


@dataclass(frozen=True)
class Points:
    """Points, an affinity, first prototypes, clamped labels, parameters of the energy; `hard` for means of labels."""

    features: np.ndarray
    affinity: np.ndarray
    first: np.ndarray
    prototype: str
    lam: float
    temperature: float
    clamp: np.ndarray
    hard: bool = False

    @property
    def bandwidth(self) -> float:
        """The bandwidth of the kernel of modes."""
        return 1.0

    def costs(self, centers: np.ndarray) -> np.ndarray:
        """Return A(M), entry by entry."""
        squares = ((self.features[:, None] - np.asarray(centers)[None]) ** 2).sum(2)
        return squares if self.prototype == "mean" else -np.exp(-squares / (2 * self.bandwidth**2))

    def case(self, centers: np.ndarray) -> Case:
        """The assignment problem for these prototypes; its start is uniform but for clamped rows."""
        K = len(centers)
        uniform = np.full((len(self.features), K), 1 / K)
        return with_clamped_rows(
            Case(self.costs(centers), self.affinity, self.lam, self.temperature, uniform, self.clamp, "sparse")
        )

    @property
    def diameter(self) -> float:
        """The largest distance of two means, which lie in the hull of the points and of the first prototypes."""
        known = np.concatenate([self.features, np.asarray(self.first)])
        return float(np.sqrt(((known[:, None] - known[None]) ** 2).sum(2).max()))

    @property
    def highest(self) -> float:
        """A number that no energy exceeds: all points at the diameter for means; other costs are not positive."""
        largest = self.diameter**2 if self.prototype == "mean" else 0.0
        return len(self.features) * largest + self.lam / 2 * float(np.maximum(-self.affinity, 0).sum())

    @property
    def start(self) -> np.ndarray:
        """First prototypes: those of clusters with clamped points are their means, medoids the nearest points."""
        own = [self.features[self.clamp == c] for c in range(len(self.first))]
        centers = np.stack([X.mean(0) if len(X) else m for X, m in zip(own, self.first, strict=True)])
        apart = ((self.features[:, None] - centers[None]) ** 2).sum(2)
        return self.features[apart.argmin(0)] if self.prototype == "medoid" else centers

    @property
    def begin(self) -> np.ndarray:
        """Z_0, the softmax of the first costs in the free rows."""
        case = self.case(self.start)
        return update(replace(case, lam=0.0), case.init)

    @property
    def spoiled(self) -> float:
        """Rounding of sums over all points, features and clusters; squares are taken by products."""
        largest = 1 + np.abs(self.features).max() + np.abs(self.first).max()
        return rounding(16 * self.features.size * len(self.first), float(4 * largest**2 * self.case(self.first).heat))


@dataclass(frozen=True)
class Turns:
    """A run: assignments (n + 1, N, K) and prototypes (n + 1, K, d) after each turn, energies (2 n + 1,) of halves.

    It has `TURNS` turns, or fewer where nothing moves.
    """

    assignments: np.ndarray
    prototypes: np.ndarray
    energies: np.ndarray


def run(points: Points, n_turns: int, **options: Any) -> Any:
    """Return the result of `cluster` after `n_turns` turns of one update each."""
    given: dict[str, Any] = {
        "prototype": points.prototype,
        "lam": points.lam,
        "temperature": points.temperature,
        "affinity": sparse.csr_array(points.affinity),
        "bandwidth": None if points.prototype == "mean" else points.bandwidth,
        "init": points.first,
        "clamp": points.clamp,
        "hard": points.hard,
        "max_inner_iter": 1,
        "tol": 0.0,
        "max_iter": n_turns,
        "record": True,
    }
    return cluster(points.features, len(points.first), **(given | options))


def clustered(points: Points, rng: np.random.Generator | None = None, n_turns: int = TURNS, **options: Any) -> Turns:
    """Some turns; the state after each is that of a run which ends there."""
    # a run reports its prototypes at the end alone, so there is one run for each number of turns
    found = [run(points, n, **options) for n in range(1, n_turns + 1)]
    # a run that stands still ends early, and all longer ones are this one again
    found = found[: found[-1].n_iter]
    Z = np.stack([points.begin, *(one.assignments for one in found)])
    return Turns(Z, np.stack([points.start, *(one.prototypes for one in found)]), found[-1].trace["energies"])


def draw_points(draws: Draws) -> Points:
    """Up to seven points in the plane, two or three clusters, any of the prototypes with a guarantee."""
    n, k = draws.integers(4, 7), draws.integers(2, 3)
    features = draws.integers(-8, 8, shape=(n, 2)) / 4
    clamp = np.full(n, -1)
    prototype = draws.choice(("mean", "mode", "medoid"))
    if prototype != "medoid" and draws.integers(0, 1):
        clamp[draws.integers(0, n - 1)] = draws.integers(0, k - 1)
    return Points(
        features,
        draw_affinity(draws, n),
        features[draws.permutation(n)[:k]],
        prototype,
        draws.choice((0.0, 0.25, 1.0)),
        draws.choice((0.25, 1.0)),
        clamp,
    )


LINE = np.array([[-2.0], [-1.5], [-1.0], [0.0], [0.25], [1.0], [2.0]])


CHAIN = (np.eye(7, k=1) + np.eye(7, k=-1)) / 2


ONE = Points(LINE, CHAIN, np.array([[-1.0], [0.25]]), "mean", 0.25, 1.0, np.full(7, -1))


SOME_CLAMPED = replace(ONE, clamp=np.array([-1, 1, -1, -1, 0, -1, -1]))


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


def weighted_means(X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return sum_p w_pl x_p / sum_p w_pl, by definition."""
    return weights.T @ X / weights.sum(0)[:, None]


def draw_weighted(draws: Draws) -> Weighted:
    """Up to seven points in the plane."""
    n, k = draws.integers(2, 7), draws.integers(2, 3)
    features = draws.integers(-8, 8, shape=(n, 2)) / 4
    return Weighted(features, draw_simplex(draws, n, k), draws.integers(-8, 8, shape=(k, 2)) / 4)


WEIGHTED = Family(
    "weighted", always=(Weighted(LINE, np.full((7, 2), 0.5), np.array([[-1.0], [1.0]])),), draw=draw_weighted
)
