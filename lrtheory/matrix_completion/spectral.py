"""Measures of subspaces and samples: distance, incoherence, spectral gap, and what a sample determines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import arrays, kernel, sparse
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, generator, integer, must
from lrtheory.matrix_completion.entries.scaling import unit_of
from lrtheory.matrix_completion.problem import Data, Observations, as_observations

__all__ = ["finitely_completable", "incoherence", "rank_one_components", "spectral_gap", "subspace_distance"]

#: relative accuracy of singular values that lie so close together that an iteration does not resolve them
CLUSTERED = 1e-4

DENSE = 64 * 64  # number of entries up to which a matrix is decomposed densely

MAX_UNKNOWNS = 4000  # largest k (m + n) of the test of completability, whose matrix is dense
PRIME = 2**23 - 15  # sums of 4000 products of two residues fit an integer of 64 bits
BLOCK = 64  # sums of 64 products of two residues, below 2^52, are exact in doubles


@arrays("host")
def subspace_distance(A: ArrayLike, B: ArrayLike) -> float:
    r"""Sine of the largest principal angle between the column spaces of two matrices.

    Arrays: any (copied to the host)

    Parameters
    ----------
    A, B : arrays of shape (m, k)
        Matrices of full column rank, in any units; the columns need not be orthonormal.

    Returns
    -------
    float
        \|(I - Q_B Q_B^T) Q_A\|_2, in [0, 1], symmetric in A and B.

    Raises
    ------
    ValueError
        If the shapes differ, k > m, or the columns are linearly dependent.

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
def incoherence(U: ArrayLike) -> float:
    r"""Incoherence: the longest row of an orthonormal basis, in units of the length that equal rows would have.

    Arrays: any (copied to the host)

    Parameters
    ----------
    U : array of shape (m, k)
        Matrix of full column rank; the columns need not be orthonormal.

    Returns
    -------
    float
        The smallest mu with \|u_i\| <= mu sqrt(k / m) for the rows of an orthonormal basis, in [1, sqrt(m / k)].

    Raises
    ------
    ValueError
        If there are not two axes, k > m, or the columns are linearly dependent.

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
    """Return the sine of the largest principal angle between two orthonormal bases of one shape."""
    outside = QA - QB @ (QB.T @ QA)
    return min(1.0, float(np.linalg.norm(outside, 2)))


def basis(name: str, value: Any) -> np.ndarray:
    """Return an orthonormal basis of the column space; columns that are dependent in any units are refused."""
    A = array(name, value, shape=(None, None))
    A = A if A.dtype == np.float32 else A.astype(np.float64)
    if not 1 <= A.shape[1] <= A.shape[0]:
        raise must(name, "of shape (m, k) with 1 <= k <= m", A.shape)
    # Each column is scaled to length 1 first, so that the test of rank does not take a column in a small unit for zero;
    # by its largest entry before, since squares of the entries could overflow.
    sizes = np.abs(A).max(axis=0)
    lines = A / np.where(sizes > 0, sizes, 1)
    spectrum = np.linalg.svd(lines / np.maximum(np.linalg.norm(lines, axis=0), 1), compute_uv=False)
    rank = int((spectrum > len(A) * np.finfo(A.dtype).eps * spectrum[0]).sum())
    if rank < A.shape[1]:
        raise must(name, f"of full column rank, which is {A.shape[1]}", rank)
    return np.linalg.qr(A)[0]


def spectral_gap(data: Data) -> float:
    r"""Spectral gap of the bipartite graph of the sample, which is large when every part is well tied to the rest.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
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
    """Compute the largest singular values of a sparse matrix, decreasing; to 1e-4 where many of them are equal."""
    unit = unit_of(matrix.data)
    return unit * _leading(matrix / matrix.dtype.type(unit), count)


def _leading(matrix: Any, count: int) -> np.ndarray:
    if min(matrix.shape) <= count + 1 or matrix.shape[0] * matrix.shape[1] <= DENSE:
        return np.linalg.svd(matrix.toarray(), compute_uv=False)[:count]
    from scipy.sparse.linalg import ArpackNoConvergence, svds

    start = np.random.default_rng(0).normal(size=min(matrix.shape))  # a fixed start, so that the answer is one
    options = {"k": count, "v0": start, "return_singular_vectors": False}
    try:
        found = svds(matrix, **options)
    except ArpackNoConvergence:  # at an optimum with a nuclear norm many singular values are the weight itself
        space = min(min(matrix.shape) - 1, 2 * count + 80)
        # The first value is a dual norm in `certificates.gap`, so it may be too large but not too small: a norm that is
        # too small would make a bound that does not hold.
        found = svds(matrix, tol=CLUSTERED, ncv=space, maxiter=10_000, **options) * (
            1 + CLUSTERED
        )  # not below the truth
    return np.sort(found)[::-1]


def rank_one_components(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Find the connected components of the bipartite graph of the sample, which decide what rank 1 leaves open.

    A completion of rank 1 without zeros is unique if and only if there is one component; inside a component every entry
    is determined (statement MC-L10).

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries.

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


def finitely_completable(data: Data, rank: int, *, rng: Rng = None) -> bool:
    r"""Decide whether the seen positions leave only finitely many completions of a generic matrix of that rank.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Only the positions count; k (m + n) may be 4000 at most.
    rank : int
        k, in [1, min(m, n)].
    rng : Generator, int or None
        Source of the generic factors.

    Returns
    -------
    bool
        Whether the Jacobian of (U, V) -> P_Omega(U V^T) has rank k (m + n - k) at generic factors (statement MC-L10).
        True is certain. False needs no Jacobian when there are fewer than k (m + n - k) observations, or fewer than k
        in a row or a column; else it is wrong with probability at most (3 k (m + n) / p)^2 for a prime p near 2^23
        (below 3 10^-6 for the largest problems, and below 10^-8 up to 250 unknowns), unless p divides all coefficients
        of the polynomial in the proof.

    Raises
    ------
    ValueError
        If the rank is out of range, or the problem is too large.

    Proof
    -----
    Assumes: The factors are generic: they lie outside the zeros of a polynomial, among them all V whose last k rows are
    dependent. The prime p divides not all coefficients of det(J^T D J) below; nobody checks that.

    Proof: Fix the last k rows of V, which uses up the k^2 freedoms of (U X, V X^{-T}), and let J be the Jacobian of the
    r = k (m + n - k) other unknowns. The sample is finitely completable exactly when J has rank r, that is when some
    minor of r rows is not the zero polynomial. By Cauchy and Binet det(J^T D J) is the sum of d_S det(J_S)^2 over sets
    S of r rows, where the products d_S of entries of the diagonal D are different monomials. So it is a nonzero
    polynomial in that case, of degree at most 3 r, and stays one modulo p. At random residues modulo p it is 0 with
    probability at most 3 r / p (Schwartz and Zippel). A value that is not 0 modulo p proves that some minor is not 0; a
    0 is drawn once more.

    Checked by: MC-L10-finite at rank one, MC-H1 against exact elimination.

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
    # Two necessary conditions that need no Jacobian: an equation for each degree of freedom (statement MC-H1), and k
    # equations for each line, whose k unknowns occur in no other ones.
    freedom = k * (m + n - k)
    fewest = min(seen.by_row.degrees.min(), seen.by_col.degrees.min())
    if seen.n_observed < freedom or fewest < k:
        return False
    if k * (m + n) > MAX_UNKNOWNS:
        raise must("data", f"of at most {MAX_UNKNOWNS} unknowns k (m + n)", k * (m + n))
    # True is a proof; False may be bad luck of the random residues, and is tried once more
    return any(_is_regular(_information(seen, k, rng)) for _ in range(2))


def _information(seen: Observations, k: int, rng: np.random.Generator) -> np.ndarray:
    """Compute J^T D J modulo the prime, with random residues in the factors and in the diagonal D.

    Row e of J has 2 k nonzero slopes: observation e is u_i . v_j, with slopes v_j in u_i and u_i in v_j. Unknowns are
    numbered u_1, ..., u_m, v_1, ..., v_n, and the last k^2 of them, k rows of V, are fixed and left out.
    """
    (m, n), N = seen.shape, seen.n_observed
    U, V, D = (rng.integers(PRIME, size=size) for size in ((m, k), (n, k), N))
    equation = np.repeat(np.arange(N), k)
    of_u = (k * np.asarray(seen.rows, dtype=np.int64)[:, None] + np.arange(k)).ravel()
    of_v = k * m + (k * np.asarray(seen.cols, dtype=np.int64)[:, None] + np.arange(k)).ravel()
    slopes = np.concatenate([V[seen.cols].ravel(), U[seen.rows].ravel()])
    where = np.concatenate([equation, equation]), np.concatenate([of_u, of_v])
    jacobian = sparse.csr_array((slopes, where), shape=(N, k * (m + n)))[:, : k * (m + n - k)]
    weighted = (jacobian * D[:, None]).tocsr()
    weighted.data %= PRIME  # before the product, so that its sums stay below 2^63
    return ((jacobian.T @ weighted).toarray() % PRIME).astype(np.float64)


def _is_regular(A: np.ndarray) -> bool:
    """Decide whether a square matrix of residues is invertible modulo the prime, by blocked elimination in place.

    All numbers are integers below 2^53 in doubles, so that the update of the rest is a product by BLAS and still exact.
    """
    for first in range(0, len(A), BLOCK):
        last = min(first + BLOCK, len(A))
        if not _eliminate(A, first, last, PRIME):
            return False
        rest = A[last:, last:]
        rest -= A[last:, first:last] @ A[first:last, last:]
        _reduce(rest, PRIME)
    return True


@kernel
def _residue(x, prime):
    """Reduce an integer in a double to [0, prime); the rounded quotient may be off by one, which is repaired."""
    rest = x - math.floor(x * (1.0 / prime)) * prime
    return rest + prime if rest < 0 else rest - prime if rest >= prime else rest


@kernel
def _reduce(A, prime):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            A[i, j] = _residue(A[i, j], prime)


@kernel
def _eliminate(A, first, last, prime):
    """Eliminate columns first .. last below the diagonal; False where a column has no pivot.

    Leaves the multipliers in these columns, and in rows first .. last the finished rows of the triangle.
    """
    n = A.shape[0]
    for c in range(first, last):
        pivot = c  # any nonzero residue will do, since nothing rounds
        while pivot < n and A[pivot, c] == 0:
            pivot += 1
        if pivot == n:
            return False
        if pivot > c:
            for j in range(n):
                A[c, j], A[pivot, j] = A[pivot, j], A[c, j]
        inverse = _inverse(A[c, c], prime)
        for i in range(c + 1, n):
            if A[i, c] != 0:
                A[i, c] = _residue(A[i, c] * inverse, prime)
                for j in range(c + 1, last):
                    A[i, j] = _residue(A[i, j] - A[i, c] * A[c, j], prime)
    for c in range(first, last):  # the finished rows beyond the block, only now that no row is exchanged any more
        for i in range(c + 1, last):
            for j in range(last, n):
                A[i, j] = _residue(A[i, j] - A[i, c] * A[c, j], prime)
    return True


@kernel
def _inverse(a, prime):
    """Invert a residue by the extended algorithm of Euclid; invariant: y a = s modulo the prime."""
    r, s, x, y = float(prime), a, 0.0, 1.0
    while s > 1:
        quotient = math.floor(r / s)
        r, s = s, r - quotient * s
        x, y = y, x - quotient * y
    return _residue(y, prime)
