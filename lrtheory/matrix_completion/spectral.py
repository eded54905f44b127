"""Subspaces and spectra: distance, incoherence, the gap of the sampling graph, which samples determine a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._array import arrays
from lrtheory._validation import array, generator, integer, must
from lrtheory.matrix_completion.problem import Observations, as_observations

__all__ = ["finitely_completable", "incoherence", "rank_one_components", "spectral_gap", "subspace_distance"]

#: relative accuracy of singular values that lie so close together that they cannot be told apart
CLUSTERED = 1e-4

MAX_UNKNOWNS = 4000  # k (m + n), of the dense test of completability


@arrays("host")
def subspace_distance(A: Any, B: Any) -> float:
    r"""Sine of the largest principal angle between the column spaces of two matrices.

    Parameters
    ----------
    A, B : arrays of shape (m, k)
        Of full column rank; the columns need not be orthonormal.

    Returns
    -------
    float
        \|(I - Q_B Q_B^T) Q_A\|_2, in [0, 1], symmetric in A and B.

    Raises
    ------
    ValueError
        If the shapes differ, or k > m.

    Notes
    -----
    The sine is taken as a norm and not as sqrt(1 - cos^2), which loses everything below 1e-8.

    References
    ----------
    .. [1] A. Bjorck, G. Golub, Numerical Methods for Computing Angles between Linear Subspaces, Mathematics of
       Computation 27, 1973.

    Examples
    --------
    >>> e1, turned = np.array([[1.0], [0.0]]), np.array([[1.0], [1e-9]])
    >>> round(subspace_distance(e1, turned) * 1e9, 6)
    1.0
    """
    QA, QB = basis("A", A), basis("B", B)
    if QA.shape != QB.shape:
        raise must("B", f"of shape {QA.shape}, as `A`", QB.shape)
    return sine(QA, QB)


@arrays("host")
def incoherence(U: Any) -> float:
    r"""How unevenly the rows of a matrix carry its column space.

    Parameters
    ----------
    U : array of shape (m, k)
        Of full column rank; the columns need not be orthonormal.

    Returns
    -------
    float
        The smallest mu with \|u_i\| <= mu sqrt(k / m) for the rows of an orthonormal basis, in [1, sqrt(m / k)].

    Raises
    ------
    ValueError
        If there are not two axes, or k > m.

    References
    ----------
    .. [1] P. Jain, P. Netrapalli, S. Sanghavi, Low-rank Matrix Completion using Alternating Minimization, STOC 2013.

    Examples
    --------
    >>> incoherence(np.ones((4, 1))), incoherence(np.eye(4)[:, :1])
    (1.0, 2.0)
    """
    Q = basis("U", U)
    m, k = Q.shape
    return float(np.linalg.norm(Q, axis=1).max() * np.sqrt(m / k))


def sine(QA: np.ndarray, QB: np.ndarray) -> float:
    """The sine of the largest principal angle, for orthonormal bases."""
    outside = QA - QB @ (QB.T @ QA)
    return min(1.0, float(np.linalg.norm(outside, 2)))


def basis(name: str, value: Any) -> np.ndarray:
    """An orthonormal basis of the column space."""
    A = array(name, value, shape=(None, None))
    if not 1 <= A.shape[1] <= A.shape[0]:
        raise must(name, "of shape (m, k) with 1 <= k <= m", A.shape)
    return np.linalg.qr(A)[0]


def spectral_gap(data: Any) -> float:
    r"""The spectral gap of the bipartite graph of the sample: how well every part of it is tied to the rest.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array, dense array with NaN, or pair (dense, mask)
        Rows and columns without observations are left out.

    Returns
    -------
    float
        1 - sigma_2 of D_r^{-1/2} A D_c^{-1/2} for the 0/1 matrix A of the sample, in [0, 1]; 0 means that the sample
        falls into parts. sigma_2 is 0 when one row or one column is left.

    Raises
    ------
    ValueError
        If nothing is observed.

    References
    ----------
    .. [1] F. Chung, Spectral Graph Theory, 1997, chapter 1.

    Examples
    --------
    >>> nan = float("nan")
    >>> spectral_gap([[1.0, nan], [nan, 1.0]])
    0.0
    >>> round(spectral_gap([[1.0, 2.0], [3.0, 4.0]]), 12)
    1.0
    """
    seen = as_observations(data)
    rows, cols = seen.by_row.degrees > 0, seen.by_col.degrees > 0
    starts, indices, values = seen.by_row
    adjacency = sparse.csr_array((np.ones(len(values)), indices, starts), shape=seen.shape)[rows][:, cols]
    left, right = (1 / np.sqrt(side.degrees[side.degrees > 0]) for side in (seen.by_row, seen.by_col))
    walk = sparse.diags_array(left) @ adjacency @ sparse.diags_array(right)
    if min(walk.shape) == 1:
        return 1.0
    return float(np.clip(1 - leading_singular_values(walk, 2)[1], 0, 1))


def leading_singular_values(matrix: Any, count: int) -> np.ndarray:
    """The largest singular values of a sparse matrix, decreasing; to a relative 1e-4 where many of them are equal."""
    if min(matrix.shape) <= max(count + 1, 64):
        return np.linalg.svd(matrix.toarray(), compute_uv=False)[:count]
    from scipy.sparse.linalg import ArpackNoConvergence, svds

    start = np.random.default_rng(0).normal(size=min(matrix.shape))  # a fixed start, so that the answer is one
    options = {"k": count, "v0": start, "return_singular_vectors": False}
    try:
        found = svds(matrix, **options)
    except ArpackNoConvergence:  # at an optimum with a nuclear norm many singular values are the weight itself
        space = min(min(matrix.shape) - 1, 2 * count + 80)
        found = svds(matrix, tol=CLUSTERED, ncv=space, maxiter=10_000, **options) * (
            1 + CLUSTERED
        )  # not below the truth
    return np.sort(found)[::-1]


def rank_one_components(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """The connected components of the sample, which decide what a matrix of rank 1 keeps to itself.

    A completion of rank 1 without zeros is unique if and only if there is one component; inside a component every entry
    is determined (statement MC-L10).

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array, dense array with NaN, or pair (dense, mask)
        What was seen.

    Returns
    -------
    rows : int32 array of shape (m,)
        Component of each row.
    cols : int32 array of shape (n,)
        Component of each column.

    Raises
    ------
    ValueError
        If nothing is observed.

    Examples
    --------
    >>> nan = float("nan")
    >>> rank_one_components([[1.0, nan], [nan, 1.0]])[0].tolist()
    [0, 1]
    """
    from scipy.sparse.csgraph import connected_components

    seen = as_observations(data)
    m, n = seen.shape
    ends = np.asarray(seen.rows), np.asarray(seen.cols, dtype=np.int64) + m
    graph = sparse.coo_array((np.ones(seen.n_observed), ends), shape=(m + n, m + n))
    component = connected_components(graph.tocsr(), directed=False)[1]
    return component[:m], component[m:]


def finitely_completable(data: Any, rank: int, *, rng: np.random.Generator | int | None = None) -> bool:
    r"""Whether the positions that were seen leave only finitely many completions of a generic matrix of that rank.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array, dense array with NaN, or pair (dense, mask)
        Only the positions count; k (m + n) may be 4000 at most.
    rank : int
        k, in [1, min(m, n)].
    rng : Generator, int or None
        Source of the generic factors.

    Returns
    -------
    bool
        Whether the Jacobian of (U, V) -> P_Omega(U V^T) has rank k (m + n - k) at random factors, which decides it with
        probability 1 (statement MC-L10). False needs no Jacobian when there are fewer than k (m + n - k) observations,
        or fewer than k in a row or a column.

    Raises
    ------
    ValueError
        If the rank is out of range, or the problem is too large.

    References
    ----------
    .. [1] D. Pimentel-Alarcon, N. Boston, R. Nowak, A Characterization of Deterministic Sampling Patterns for Low-Rank
       Matrix Completion, IEEE Journal of Selected Topics in Signal Processing 10, 2016.

    Examples
    --------
    >>> nan = float("nan")
    >>> finitely_completable([[1.0, 2.0], [3.0, nan]], 1, rng=0), finitely_completable([[1.0, nan], [nan, 1.0]], 1)
    (True, False)
    """
    seen, rng = as_observations(data), generator(rng)
    m, n = seen.shape
    k = integer("rank", rank, low=1, high=min(m, n))
    freedom = k * (m + n - k)
    fewest = min(seen.by_row.degrees.min(), seen.by_col.degrees.min())
    if seen.n_observed < freedom or fewest < k:
        return False
    if k * (m + n) > MAX_UNKNOWNS:
        raise must("data", f"of at most {MAX_UNKNOWNS} unknowns k (m + n)", k * (m + n))
    spectrum = np.linalg.eigvalsh(_information(seen, rng.normal(size=(m, k)), rng.normal(size=(n, k))))
    return int((spectrum > 1e-12 * spectrum[-1]).sum()) == freedom


def _information(seen: Observations, U: np.ndarray, V: np.ndarray) -> np.ndarray:
    """J^T J for the Jacobian J of the observed entries with respect to both factors."""
    (m, k), n, N = U.shape, len(V), seen.n_observed
    equation = np.repeat(np.arange(N), k)
    of_u = (k * np.asarray(seen.rows, dtype=np.int64)[:, None] + np.arange(k)).ravel()
    of_v = k * m + (k * np.asarray(seen.cols, dtype=np.int64)[:, None] + np.arange(k)).ravel()
    slopes = np.concatenate([V[seen.cols].ravel(), U[seen.rows].ravel()])
    where = np.concatenate([equation, equation]), np.concatenate([of_u, of_v])
    jacobian = sparse.csr_array((slopes, where), shape=(N, k * (m + n)))
    return (jacobian.T @ jacobian).toarray()
