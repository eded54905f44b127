r"""The start of `cluster`: an origin amid the points, and the first prototypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import array_namespace, real_array, to_numpy
from lrtheory._validation import array, choice, must
from lrtheory.transductive_clustering.clusters.means import k_means
from lrtheory.transductive_clustering.clusters.prototypes import (
    KERNELS,
    Prototypes,
    bandwidth_of,
    ridge_of,
    squared_distances,
)
from lrtheory.transductive_clustering.updates.column_statistics import Survey
from lrtheory.transductive_clustering.updates.inputs import largest_coordinate, positive

__all__ = ["best_means", "first_prototypes", "given_centers", "origin_of", "plus_plus", "unit_of", "with_bandwidth"]

TURNS = 50  # of K-means, to compare starts


def origin_of(columns: Survey) -> np.ndarray:
    """Return 0, or for points far from it an origin near them, on a grid so coarse that subtracting rounds nothing."""
    mean, dtype = columns.means, columns.lows.dtype
    spread = float(np.maximum(columns.highs - mean, mean - columns.lows).max())
    if spread == 0:
        return np.zeros(len(mean), dtype)
    grid = 2.0 ** (np.ceil(np.log2(spread)) + 2)
    return (np.rint(mean / grid) * grid).astype(dtype)


def first_prototypes(
    X: np.ndarray, K: int, kind: str, *, init: Any, clamped: np.ndarray | None, rng: np.random.Generator
) -> Prototypes:
    """Return the first prototypes, at given centers or drawn ones.

    A cluster with clamped points starts at their mean, a medoid at the point of the data that is nearest.
    """
    centers = plus_plus(X, K, rng) if isinstance(init, str) else init
    for c in np.unique(clamped[clamped >= 0]) if clamped is not None else ():
        centers[c] = X[clamped == c].mean(axis=0)
    if kind in ("medoid", "bo"):  # the energy falls from points of the data alone
        centers = X[squared_distances(np, X, centers).argmin(axis=0)]
    if kind != "gaussian":
        return Prototypes(kind, centers)
    spread = max(float(X.var(axis=0).mean()), ridge_of(X))
    return Prototypes(kind, centers, None, np.repeat(spread * np.eye(X.shape[1])[None], K, axis=0))


def given_centers(init: Any, X: np.ndarray, K: int, origin: np.ndarray) -> Any:
    """Return the given centers, seen from the origin of the points, or the name of the way to draw them."""
    if isinstance(init, str):
        return choice("init", init, ("k-means++",))
    high = largest_coordinate(X)
    found = real_array(array_namespace(), "init", to_numpy(init))
    centers = array("init", found, shape=(K, X.shape[1]), low=-high, high=high)
    return (centers - origin).astype(X.dtype)


def with_bandwidth(first: Prototypes, X: np.ndarray, affinity: Any, bandwidth: Any) -> Prototypes:
    """Return the prototypes with the width of their kernel, if they have one."""
    if first.kind not in KERNELS:
        return first
    width = bandwidth_of(X, affinity) if bandwidth is None else positive("bandwidth", bandwidth, X.dtype)
    return first._replace(bandwidth=width)


def unit_of(unit: Any, kind: str, X: np.ndarray, affinity: Any) -> float:
    """Return the number by which lambda and T are multiplied."""
    if kind in KERNELS and (isinstance(unit, str) or unit != 1):
        raise must("unit", f"1 with prototype {kind!r}, whose costs have no unit", unit)
    if isinstance(unit, str):
        choice("unit", unit, ("edges",))
        return bandwidth_of(X, affinity) ** 2
    return positive("unit", unit, X.dtype)


def best_means(X: np.ndarray, K: int, n_starts: int, rng: np.random.Generator) -> np.ndarray:
    """Return the means with the least sum of squared distances of several runs of K-means."""
    best, least = X[:K], np.inf
    for _ in range(n_starts):
        _, means, _, _ = k_means(X, plus_plus(X, K, rng, 2 + int(np.log(K))), TURNS)
        total = float(squared_distances(np, X, means.astype(X.dtype)).min(axis=1).sum(dtype=np.float64))
        if total < least:
            best, least = means.astype(X.dtype), total
    return best


def plus_plus(X: np.ndarray, K: int, rng: np.random.Generator, trials: int = 1) -> np.ndarray:
    """Draw K points one after the other, each with probability proportional to its squared distance to those drawn.

    Of several trials for a point the one that leaves the least sum of squared distances is kept.
    """
    chosen = [int(rng.integers(len(X)))]
    nearest = squared_distances(np, X, X[chosen])[:, 0].astype(np.float64)
    for _ in range(K - 1):
        # rounding may leave a drawn point a little away from itself; where all others coincide with drawn points the
        # weights are all 0, and one of the others is drawn uniformly
        nearest[chosen] = 0.0
        others = np.setdiff1d(np.arange(len(X)), chosen) if nearest.sum() == 0 else None
        if others is not None:
            picks = [rng.choice(others)]
        else:
            picks = [rng.choice(len(X), p=nearest / nearest.sum()) for _ in range(trials)]
        left = [np.minimum(nearest, squared_distances(np, X, X[[int(pick)]])[:, 0]) for pick in picks]
        best = min(range(len(picks)), key=lambda i: left[i].sum()) if len(picks) > 1 else 0
        chosen.append(int(picks[best]))
        nearest = left[best]
    return X[chosen]
