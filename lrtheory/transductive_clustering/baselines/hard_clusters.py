r"""Clusters without a Laplacian term: K-means, and K-means on the eigenvectors of the graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import arrays, sparse
from lrtheory._types import ArrayLike, Rng, SparseArray
from lrtheory._validation import Words, check_callback, flag, generator, integer, must, real
from lrtheory.transductive_clustering.baselines.eigenvectors import leading_vectors
from lrtheory.transductive_clustering.cluster import (
    N_NEIGHBORS,
    ClusteringResult,
    ClusteringState,
    cluster,
)
from lrtheory.transductive_clustering.clusters import starts
from lrtheory.transductive_clustering.clusters.alternation import empty_clusters
from lrtheory.transductive_clustering.clusters.hard import ends_of, typical_of
from lrtheory.transductive_clustering.clusters.means import k_means
from lrtheory.transductive_clustering.clusters.prototypes import weighted_means
from lrtheory.transductive_clustering.data.reading import PointTable, as_problem, names_of
from lrtheory.transductive_clustering.problem import ClusteringProblem
from lrtheory.transductive_clustering.updates import dense
from lrtheory.transductive_clustering.updates.affinity import knn_affinity
from lrtheory.transductive_clustering.updates.column_statistics import Survey, variance_of
from lrtheory.transductive_clustering.updates.edges import is_symmetric
from lrtheory.transductive_clustering.updates.inputs import points, sparse_affinity, squarable

__all__ = ["lloyd", "spectral"]

COLD = 1e-9  # temperature of hard labels, in units of the variance
TURNS = 100  # of K-means on the eigenvectors, at most


@arrays("host")
def lloyd(
    X: ArrayLike | ClusteringProblem | PointTable | str | PathLike[str],
    n_clusters: int,
    *,
    init: ArrayLike | str = "k-means++",
    clamp: ArrayLike | None = None,
    tol: float = 1e-5,
    max_iter: int = 100,
    rng: Rng = None,
    callback: Callable[[ClusteringState], Any] | None = None,
    record: bool = False,
) -> ClusteringResult:
    r"""K-means: labels and means in turn, the limit of `cluster` as lambda and T fall to 0 (statement TC-S6).

    Arrays: any (copied to the host)

    Parameters
    ----------
    X : array of shape (n, d), ClusteringProblem, PointTable, path or data frame
        Points.
    n_clusters : int
        K, in [1, n].
    init : "k-means++", or array of shape (K, d)
        First means; clusters that have clamped points start at their mean.
    clamp : int array of shape (n,), or None
        Labels in [0, K) that are clamped; -1 is free.
    tol : float
        As in `cluster`, with `clamp`, `callback` or `record`; else runs end when no label changes.
    max_iter : int
        Largest number of turns of labels and means.
    rng : Generator, int or None
        Source of the first means.
    callback : callable or None
        Called with a `ClusteringState` after each turn; StopIteration stops the run.
    record : bool
        Keep the energies.

    Returns
    -------
    ClusteringResult
        Clusters, whose energy is the sum of the squared distances to the means. Without clamp, callback and record the
        assignments are labels, and it has converged when no label changes, whatever the tolerance.

    Raises
    ------
    TypeError, ValueError
        As `cluster`.

    Examples
    --------
    >>> lloyd([[0.0], [1.0], [10.0]], 2, init=[[0.0], [10.0]]).prototypes.tolist()
    [[0.5], [10.0]]
    """
    given = as_problem(X)
    features, names = points(given), names_of(given)
    columns = squarable(features)
    if clamp is None and check_callback(callback) is None and not flag("record", record):
        K = integer("n_clusters", n_clusters, low=1, high=len(features))
        real("tol", tol, low=0, high=1)
        ended = _turns(features, columns, K, init=init, max_iter=integer("max_iter", max_iter, low=1), rng=rng)
        W = sparse.csr_array((len(features), len(features)), dtype=features.dtype)
        return replace(_hard(features, columns, ended, W), names=names)
    found = cluster(
        features,
        n_clusters,
        lam=0.0,
        temperature=_cold(features, columns),
        hard=True,
        n_neighbors=0,
        init=init,
        clamp=clamp,
        tol=tol,
        max_iter=max_iter,
        rng=rng,
        callback=callback,
        record=record,
    )
    return replace(found, method="k-means", names=names)


@arrays("host")
def spectral(
    X: ArrayLike | ClusteringProblem | PointTable | str | PathLike[str],
    n_clusters: int,
    *,
    affinity: ArrayLike | SparseArray | None = None,
    n_neighbors: int | None = None,
    rng: Rng = None,
) -> ClusteringResult:
    r"""Normalized spectral clustering: K-means on the leading eigenvectors of the normalized affinity.

    Arrays: any (copied to the host)

    Parameters
    ----------
    X : array of shape (n, d), ClusteringProblem, PointTable, path or data frame
        Points.
    n_clusters : int
        K, below n.
    affinity : array or sparse array of shape (n, n), or None
        W, symmetric and not negative; None takes the graph of nearest neighbors.
    n_neighbors : int or None
        Neighbors of a point in the graph of nearest neighbors, so it is left out beside an affinity; None is 4.
    rng : Generator, int or None
        Source of the first means.

    Returns
    -------
    ClusteringResult
        Hard labels; prototypes are the means of the clusters in X, the energy is the sum of squared distances to them.

    Raises
    ------
    ValueError
        If the points are not finite, K is not in [1, n - 1], the affinity is directed, has negative entries or
        eigenvalues so close that no iteration converges, or `n_neighbors` is given beside it.

    Notes
    -----
    A graph with more than K connected components has more leading eigenvectors than clusters. Those of the K components
    with most points are taken, and all other points meet at the origin (up to 1000 points those that the dense solver
    takes).

    References
    ----------
    .. [1] A. Ng, M. Jordan, Y. Weiss, On Spectral Clustering, NeurIPS 2001.

    Examples
    --------
    >>> found = spectral([[0.0], [0.1], [5.0], [5.1]], 2, n_neighbors=1, rng=0)
    >>> bool(found.labels[0] == found.labels[1] != found.labels[2])
    True
    """
    given = as_problem(X)
    features = points(given)
    columns = squarable(features)
    K = integer("n_clusters", n_clusters, low=1, high=max(1, len(features) - 1))
    if affinity is None:
        W = knn_affinity(features, n_neighbors=N_NEIGHBORS if n_neighbors is None else n_neighbors)
    else:
        if n_neighbors is not None:
            raise must("n_neighbors", "left out beside an affinity, which is the graph", n_neighbors)
        W = sparse_affinity(affinity, len(features), features.dtype)
        if (W.data < 0).any():
            raise must("affinity", "free of negative entries", W.data.min())
        if not is_symmetric(np, W):
            raise must("affinity", "symmetric", Words("a directed graph"))
    U = leading_vectors(W, K)
    lengths = np.linalg.norm(U, axis=1, keepdims=True)
    embedded = U / np.where(lengths > 0, lengths, 1.0)
    ended = _turns(embedded, squarable(embedded, "affinity"), K, init="k-means++", max_iter=TURNS, rng=rng)
    Z = dense.one_hot(np, ended.labels, K, features.dtype)
    means = weighted_means(np, features, Z, np.zeros((K, features.shape[1]), features.dtype))
    found = _hard(features, columns, ended._replace(means=means), W)
    message = "labels of the spectral embedding; " + found.message
    return replace(found, names=names_of(given), method="spectral", message=message)


class Ended(NamedTuple):
    """The end of Lloyd's iteration: labels (n,), means (K, d), the number of turns, and whether they stand still."""

    labels: np.ndarray
    means: np.ndarray
    n_iter: int
    converged: bool


def _turns(X: np.ndarray, columns: Survey, K: int, *, init: Any, max_iter: int, rng: Rng) -> Ended:
    """Take labels of the nearest means and means of the labels in turn, from an origin near the points."""
    origin = starts.origin_of(columns)
    ours = X - origin if origin.any() else X
    init = starts.given_centers(init, X, K, origin)
    first = starts.first_prototypes(ours, K, "mean", init=init, clamped=None, rng=generator(rng))
    labels, M, n_iter, converged = k_means(ours, first.centers, max_iter)
    return Ended(labels, M.astype(X.dtype) + origin, n_iter, converged)


def _hard(X: np.ndarray, columns: Survey, ended: Ended, W: Any) -> ClusteringResult:
    """Return the result of labels and means, for squared distances as costs and no Laplacian term."""
    labels, means, n_iter, converged = ended
    K = len(means)
    n_empty = int((np.bincount(labels, minlength=K) == 0).sum())
    Z = np.zeros((len(X), K), X.dtype)
    Z.reshape(-1)[np.arange(0, Z.size, K) + labels] = 1
    ends = ends_of(X, labels, means, Z, _cold(X, columns))
    return ClusteringResult(
        labels=labels,
        assignments=Z,
        prototypes=means,
        covariances=None,
        energy=float(ends.own.sum()),
        n_empty=n_empty,
        prototype="mean",
        bandwidth=None,
        affinity=W,
        typical=typical_of(ends.own, labels, K),
        names=None,
        damping=1.0,
        method="k-means",
        n_iter=n_iter,
        converged=converged,
        message=("no label changes" if converged else "max_iter was reached") + empty_clusters(n_empty, K),
        counts={"updates": n_iter, "passes": 0, "flops": 0, "exponentials": 0, "rises": 0},
        certificate=ends.certificate,
        trace=None,
    )


def _cold(X: np.ndarray, columns: Survey) -> float:
    """Return a temperature so low that assignments are labels."""
    spread = variance_of(X, columns.means)
    return COLD * spread if spread > 0 else COLD
