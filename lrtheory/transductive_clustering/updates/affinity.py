r"""Affinities: nearest neighbors as a sparse graph, its symmetric forms, and the shift that makes it psd.

A graph in which p points at its nearest neighbors is directed, and a directed graph has no energy that the updates
would decrease; here it is symmetrized unless the caller insists.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import kernel, sparse
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import choice, integer, must, real
from lrtheory.transductive_clustering.problem import ClusteringProblem
from lrtheory.transductive_clustering.updates.inputs import points, positive, sparse_affinity

__all__ = ["knn_affinity", "nearest_neighbors", "psd_shift", "spatial_order"]

TREE_FEATURES = 16  # beyond, the branches of a tree are all visited and products of blocks are faster
BLOCK = 1024  # rows of distances that are in memory at once


def knn_affinity(
    X: ArrayLike | ClusteringProblem,
    *,
    n_neighbors: int = 4,
    symmetrize: str | None = "mean",
    weights: str = "binary",
    bandwidth: float | None = None,
    shift: float | str = 0.0,
) -> sparse.csr_array:
    r"""The graph of nearest neighbors, as the affinity W of the Laplacian term.

    Parameters
    ----------
    X : array of shape (n, d), or ClusteringProblem
        Points.
    n_neighbors : int
        The number of neighbors of each point, itself not counted; with fewer other points, all n - 1 of them.
    symmetrize : {"mean", "max", None}
        (W + W^T) / 2, the larger of both, or the directed graph.
    weights : {"binary", "gaussian"}
        1, or exp(-\|x - y\|^2 / (2 s^2)).
    bandwidth : float or None
        s of "gaussian" weights, above 0; None takes the root of the mean squared distance along the edges.
    shift : float or "psd"
        Added to the diagonal; "psd" adds what makes W positive semidefinite, see `psd_shift`.

    Returns
    -------
    csr_array of shape (n, n)
        Zero on the diagonal before the shift; float32 for float32 points.

    Raises
    ------
    ValueError
        If the points are not finite, an option is unknown, or a bandwidth is given for binary weights.

    Notes
    -----
    Of points at equal distances any may be taken as the last neighbors, and the choice differs between a tree (up to 16
    features) and blocks of distances. Points that coincide are neighbors like others. The
    scale of the points changes nothing, since distances are taken in units of their largest coordinate.

    Examples
    --------
    >>> knn_affinity([[0.0], [1.0], [3.0]], n_neighbors=1).toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.5], [0.0, 0.5, 0.0]]
    """
    features = points(X)
    integer("n_neighbors", n_neighbors, low=0)
    choice("symmetrize", symmetrize, ("mean", "max", None))
    choice("weights", weights, ("binary", "gaussian"))
    if weights == "binary" and bandwidth is not None:
        raise must("bandwidth", "left out with binary weights, which have no kernel", bandwidth)
    if not isinstance(shift, str):
        real("shift", shift, low=0, high=1e30)
    n, dtype = len(features), features.dtype
    neighbors, squared, exponent = _nearest(features, n_neighbors)
    values = np.ones(squared.shape, dtype)
    if weights == "gaussian":
        s2 = float(squared.mean(dtype=np.float64)) if squared.size else 0.0
        if bandwidth is not None:
            s2 = np.ldexp(positive("bandwidth", bandwidth), -exponent) ** 2
        if s2 > 0:  # zero when all neighbors coincide: then every weight is 1
            values = np.exp(-squared / (2 * s2)).astype(dtype)
    starts = np.arange(0, neighbors.size + 1, max(1, neighbors.shape[1]))[: n + 1]
    if neighbors.shape[1] == 0:
        starts = np.zeros(n + 1, np.int64)
    W = sparse.csr_array((values.ravel(), neighbors.ravel(), starts), shape=(n, n))
    W = symmetric(W, symmetrize)
    delta = psd_shift(W) if isinstance(shift, str) and choice("shift", shift, ("psd",)) else shift
    return W if delta == 0 else sparse.csr_array(W + delta * sparse.eye_array(n, dtype=W.dtype))


def symmetric(W: sparse.csr_array, how: str | None) -> sparse.csr_array:
    """Return the mean of W and its transpose, their maximum, or W itself, with sorted columns."""
    if how == "mean":
        W = sparse.csr_array((W + W.T) * W.dtype.type(0.5))
    elif how == "max":
        W = sparse.csr_array(W.maximum(W.T))
    W.sort_indices()
    return W


def psd_shift(affinity: ArrayLike | SparseArray) -> float:
    r"""Return a shift of the diagonal that makes the symmetric part of an affinity psd (statement TC-T1).

    Parameters
    ----------
    affinity : array or sparse array of shape (N, N)
        W; a directed one counts as (W + W^T) / 2.

    Returns
    -------
    float
        max(0, -\lambda_min) of the symmetric part S up to 500 points; beyond, max(0, max_p \sum_{q \ne p} \|s_pq\| -
        s_pp), which is enough by Gershgorin's theorem and costs one pass.

    Raises
    ------
    ValueError
        If the affinity is not square or not finite.

    Examples
    --------
    >>> psd_shift([[0.0, 1.0], [1.0, 0.0]])
    1.0
    """
    W = sparse_affinity(affinity)
    S = sparse.csr_array((W + W.T) / 2)
    if S.shape[0] <= 500:
        return max(0.0, -float(np.linalg.eigvalsh(S.toarray())[0]))
    return max(0.0, -smallest_row(S))


def smallest_row(W: sparse.csr_array) -> float:
    """Return min_p (w_pp - sum_q |w_pq|), q not p; by Gershgorin's theorem no eigenvalue of a symmetric W is below."""
    diagonal = W.diagonal().astype(np.float64)
    sizes = np.asarray(abs(W).sum(axis=1), dtype=np.float64).ravel() - np.abs(diagonal)
    return float((diagonal - sizes).min(initial=np.inf))


def nearest_neighbors(X: ArrayLike | ClusteringProblem, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    r"""The nearest other points of every point, by a tree or by blocks of distances.

    Parameters
    ----------
    X : array of shape (n, d)
        Points, n > 0.
    n_neighbors : int
        The number of neighbors; at most n - 1 are found.

    Returns
    -------
    neighbors : int64 array of shape (n, min(n_neighbors, n - 1))
        By distance, then by index; which of several points at the largest distance are among them is left open.
    squared : array of shape (n, min(n_neighbors, n - 1))
        Squared distances in the dtype of X, infinite or 0 where they leave its range.

    Raises
    ------
    ValueError
        If there are no points.
    """
    neighbors, squared, exponent = _nearest(points(X), integer("n_neighbors", n_neighbors, low=0))
    with np.errstate(over="ignore", under="ignore"):
        return neighbors, np.ldexp(squared, 2 * exponent)


def _nearest(X: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Neighbors, and squared distances in units of 4^exponent, so that no square leaves the range of the dtype."""
    n, k = len(X), min(k, len(X) - 1)
    if k == 0:
        return np.empty((n, 0), np.int64), np.empty((n, 0), X.dtype), 0
    exponent = int(np.frexp(np.abs(X).max())[1])
    X = np.ldexp(X, -exponent)  # exact, up to numbers that vanish beside the largest
    return *(_by_tree(X, k) if X.shape[1] <= TREE_FEATURES else _by_blocks(X, k)), exponent


def spatial_order(X: ArrayLike | ClusteringProblem) -> np.ndarray:
    """An order of the points in which near ones stand near each other, from the leaves of a tree.

    Parameters
    ----------
    X : array of shape (n, d)
        Points.

    Returns
    -------
    int64 array of shape (n,)
        A permutation; updates on a large graph are some times faster for ``X[order]``.

    Raises
    ------
    ValueError
        If the points are not finite.

    Examples
    --------
    >>> sorted(spatial_order([[2.0], [0.0], [1.0]]).tolist())
    [0, 1, 2]
    """
    from scipy.spatial import cKDTree  # here, so that importing the system stays quick

    features = points(X)
    exponent = int(np.frexp(np.abs(features).max())[1])  # a power of two as the unit keeps squares in range, exactly
    return np.asarray(cKDTree(np.ldexp(features, -exponent)).indices, np.int64)


def _by_tree(X: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial import cKDTree  # here, so that importing the system stays quick

    tree = cKDTree(X)
    # queries in the order of the leaves find their neighbors in the cache
    distance, index = np.empty((len(X), k + 1)), np.empty((len(X), k + 1), np.int64)
    distance[tree.indices], index[tree.indices] = tree.query(X[tree.indices], k + 1)
    assert index.max() < len(X), "the tree found fewer points than there are"
    return _without_self(index, distance * distance, k, X.dtype)


def _by_blocks(X: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    centered = X - X.mean(axis=0, dtype=np.float64).astype(X.dtype)  # far from the origin the products would cancel
    norms = (centered * centered).sum(axis=1)
    neighbors, squared = np.empty((len(X), k), np.int64), np.empty((len(X), k), X.dtype)
    for start in range(0, len(X), BLOCK):
        part = slice(start, start + BLOCK)
        block = np.maximum(norms[part, None] + norms - 2 * (centered[part] @ centered.T), 0)
        smallest_in_rows(block, start, neighbors[part], squared[part])
    return neighbors, squared


def _without_self(index: np.ndarray, squared: np.ndarray, k: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Drop the point itself, which among duplicates need not come first, or the last one where it is not found."""
    order = np.lexsort((index, squared), axis=1)
    index, squared = np.take_along_axis(index, order, 1), np.take_along_axis(squared, order, 1)
    own = index == np.arange(len(index))[:, None]
    own[~own.any(axis=1), -1] = True
    return index[~own].reshape(-1, k), squared[~own].reshape(-1, k).astype(dtype)


@kernel
def smallest_in_rows(distances, start, neighbors, squared):
    """Find the smallest entries of every row except that of the point itself, by insertion; ties go to low indices."""
    k = neighbors.shape[1]
    for i in range(distances.shape[0]):
        found = 0
        for j in range(distances.shape[1]):
            value = distances[i, j]
            # most entries are no neighbors, and end here after one comparison
            if j == start + i or (found == k and not value < squared[i, k - 1]):
                continue
            rank = min(found, k - 1)
            while rank > 0 and value < squared[i, rank - 1]:
                squared[i, rank] = squared[i, rank - 1]
                neighbors[i, rank] = neighbors[i, rank - 1]
                rank -= 1
            squared[i, rank] = value
            neighbors[i, rank] = j
            found = min(found + 1, k)
