r"""Clusters without a Laplacian term: K-means, and K-means on the eigenvectors of the graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._array import arrays
from lrtheory._validation import generator, integer, must
from lrtheory.transductive_clustering import certificates, dense
from lrtheory.transductive_clustering.affinity import knn_affinity
from lrtheory.transductive_clustering.cluster import ClusteringResult, cluster
from lrtheory.transductive_clustering.inputs import points, sparse_affinity, squarable
from lrtheory.transductive_clustering.prototypes import squared_distances, weighted_means

__all__ = ["lloyd", "spectral"]

COLD = 1e-9  # temperature of hard labels, in units of the variance
DENSE = 1000  # points up to which all eigenvectors are computed


@arrays("host")
def lloyd(X: Any, n_clusters: int, **options: Any) -> ClusteringResult:
    r"""K-means: labels and means in turn, the limit of `cluster` as lambda and T fall to 0 (statement TC-S6).

    Parameters
    ----------
    X : array of shape (n, d), or ClusteringProblem
        Points.
    n_clusters : int
        K.
    **options
        Of `cluster`, but those that are fixed here: lam, temperature, prototype and hard.

    Returns
    -------
    ClusteringResult
        Its energy is the sum of the squared distances to the means.

    Raises
    ------
    ValueError
        As `cluster`.

    Examples
    --------
    >>> lloyd([[0.0], [1.0], [10.0]], 2, init=[[0.0], [10.0]]).prototypes.tolist()
    [[0.5], [10.0]]
    """
    X = squarable(points(X))
    options = {"n_neighbors": 0, **options}
    return replace(cluster(X, n_clusters, lam=0.0, temperature=_cold(X), hard=True, **options), method="k-means")


@arrays("host")
def spectral(
    X: Any,
    n_clusters: int,
    *,
    affinity: Any = None,
    n_neighbors: int = 4,
    rng: np.random.Generator | int | None = None,
) -> ClusteringResult:
    r"""Normalised spectral clustering: K-means on the leading eigenvectors of the normalised affinity.

    Parameters
    ----------
    X : array of shape (n, d), or ClusteringProblem
        Points.
    n_clusters : int
        K, below n.
    affinity : array or sparse array of shape (n, n), or None
        W, symmetric and not negative; None takes the graph of nearest neighbours.
    n_neighbors : int
        Of that graph.
    rng : Generator, int or None
        Source of the first means.

    Returns
    -------
    ClusteringResult
        Hard labels; prototypes are the means of the clusters in X, the energy is the sum of squared distances to them.

    Raises
    ------
    ValueError
        If the points are not finite, K is not in [1, n - 1], or the affinity is directed or has negative entries.

    References
    ----------
    .. [1] A. Ng, M. Jordan, Y. Weiss, On Spectral Clustering, NeurIPS 2001.

    Examples
    --------
    >>> found = spectral([[0.0], [0.1], [5.0], [5.1]], 2, n_neighbors=1, rng=0)
    >>> bool(found.labels[0] == found.labels[1] != found.labels[2])
    True
    """
    X = squarable(points(X))
    K = integer("n_clusters", n_clusters, low=1, high=max(1, len(X) - 1))
    if affinity is None:
        W = knn_affinity(X, n_neighbors=n_neighbors)
    else:
        W = sparse_affinity(affinity, len(X), X.dtype)
        if (W.data < 0).any():
            raise must("affinity", "free of negative entries", W.data.min())
        if not certificates.is_symmetric(np, W):
            raise must("affinity", "symmetric", "a directed graph")
    U = _leading(W, K)
    lengths = np.linalg.norm(U, axis=1, keepdims=True)
    inner = lloyd(U / np.where(lengths > 0, lengths, 1.0), K, rng=generator(rng))
    Z = dense.one_hot(np, inner.labels, K, X.dtype)
    means = weighted_means(np, X, Z, np.zeros((K, X.shape[1]), X.dtype))
    costs, T = squared_distances(np, X, means), _cold(X)
    return ClusteringResult(
        labels=inner.labels,
        assignments=Z,
        prototypes=means,
        covariances=None,
        energy=float((costs * Z).sum(dtype=np.float64)),
        n_empty=inner.n_empty,
        prototype="mean",
        bandwidth=None,
        affinity=W,
        damping=1.0,
        method="spectral",
        n_iter=inner.n_iter,
        converged=inner.converged,
        message="labels of the spectral embedding; " + inner.message,
        counts=inner.counts,
        certificate=certificates.stationarity(Z, costs, W, 0.0, T, None),
        trace=None,
    )


def _cold(X: np.ndarray) -> float:
    spread = float(X.var(axis=0).sum())
    return COLD * spread if spread > 0 else COLD


def _leading(W: Any, K: int) -> np.ndarray:
    """The eigenvectors of the K largest eigenvalues of D^-1/2 W D^-1/2."""
    roots = np.sqrt(np.asarray(W.sum(axis=1), dtype=np.float64).ravel())
    scale = sparse.diags_array(1 / np.where(roots > 0, roots, 1.0))
    S = scale @ W.astype(np.float64) @ scale
    if S.shape[0] <= DENSE:
        return np.linalg.eigh(S.toarray())[1][:, -K:]
    from scipy.sparse.linalg import eigsh  # here, so that importing the system stays quick

    start = np.random.default_rng(0).normal(
        size=S.shape[0]
    )  # ones would miss what is odd under a symmetry of the graph
    return eigsh(S, K, which="LA", v0=start)[1]
