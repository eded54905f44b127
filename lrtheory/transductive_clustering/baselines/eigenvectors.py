r"""Leading eigenvectors of a normalized affinity S = D^{-1/2} W D^{-1/2}, where D holds the sums of the rows of W >= 0.

The eigenvalues of S lie in [-1, 1], and 1 has a vector D^{1/2} 1_c for each connected component c: these are known and
kept out of the search. For the others, polynomials of S that are small on [-1, cut] and large above are applied to a
block of vectors (Chebyshev's, by their recurrence of three terms), and the eigenvectors are sought in what they span.
A block of b vectors sees eigenvalues of any multiplicity up to b, which one vector of Lanczos sees by rounding alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import kernel, sparse
from lrtheory._kernels.lanes import weighted_sum
from lrtheory._validation import must
from lrtheory.transductive_clustering.updates.edges import csr_parts

__all__ = ["leading_vectors"]

DENSE = 1000  # points up to which all eigenvectors are computed
GUARDS = 4  # the least number of vectors of a block beyond those that are wanted: they set `cut`
WIDEST = 64  # vectors of a block, above which Lanczos takes over
STILL = 1e-13  # the norm of S u - theta u at which a vector u of length 1 is an eigenvector
GROWTH = 1e12  # the most that a round amplifies: rounding errors along known vectors must stay small beside the others
FIRST, LAST = 10, 1000  # the least and the largest degree of a polynomial
PRODUCTS = 20_000  # of S with a block, about which Lanczos takes over
BLOCK = 256  # rows of a product that are made before the recurrence adds the two blocks before


def leading_vectors(W: Any, K: int) -> np.ndarray:
    """Return orthonormal eigenvectors (n, K) of the K largest eigenvalues, those of the components last.

    With more components than K, the K that have most points are taken. Raises ValueError if eigenvalues are so close
    that no iteration converges.
    """
    S = sparse.csr_array(W.astype(np.float64))  # first, since sums of single precision are no eigenvector's entries
    S.data = S.data / (S.data.max(initial=0.0) or 1.0)  # whose sums stay within the range
    sums = np.asarray(S.sum(axis=1)).ravel()
    scale = 1 / np.sqrt(np.where(sums > 0, sums, 1.0))
    S.data = S.data * np.repeat(scale, np.diff(S.indptr)) * scale[S.indices]
    if S.shape[0] <= DENSE:
        return np.linalg.eigh(S.toarray())[1][:, -K:]
    if not sums.any():
        return np.eye(len(sums), K)
    known = _of_components(W, sums, K)
    if known.shape[1] == K:
        return known
    found = _filtered(S, known, K - known.shape[1])
    return np.hstack([_by_lanczos(S, known, K - known.shape[1]) if found is None else found, known])


def _of_components(W: Any, sums: np.ndarray, K: int) -> np.ndarray:
    """Return the eigenvectors of the eigenvalue 1, (n, c): of all components with an edge, or of the K largest."""
    from scipy.sparse.csgraph import connected_components  # here, so that importing the system stays quick

    count, component = connected_components(W, directed=False)
    sizes, masses = np.bincount(component, minlength=count), np.bincount(component, sums, count)
    largest = np.argsort(-np.where(masses > 0, sizes, 0), kind="stable")[: min(K, np.count_nonzero(masses))]
    place = np.full(count, -1)
    place[largest] = np.arange(len(largest))
    vectors, rows = np.zeros((len(sums), len(largest))), np.flatnonzero(place[component] >= 0)
    vectors[rows, place[component[rows]]] = np.sqrt(sums[rows] / masses[component[rows]])
    return vectors


def _filtered(S: Any, known: np.ndarray, wanted: int) -> np.ndarray | None:
    """Return eigenvectors (n, wanted) beside the known ones by rounds of filters, None where they take too long."""
    width = -(-(wanted + GUARDS) // 8) * 8  # whole vectors of registers
    if width > min(WIDEST, S.shape[0] - known.shape[1]):
        return None
    edges, cut, degree, products = csr_parts(S), 0.5, FIRST, 0
    U = np.random.default_rng(0).normal(size=(S.shape[0], width))
    while products < PRODUCTS:
        U, products = filtered(edges, U, degree, cut), products + degree
        U = np.linalg.qr(U - known @ (known.T @ U))[0]
        SU = S @ U
        values, turn = np.linalg.eigh(U.T @ SU)
        U, ours = U @ turn, turn[:, -wanted:]
        residuals = SU @ ours - U[:, -wanted:] * values[-wanted:]
        left = float(np.sqrt((residuals * residuals).sum(axis=0).max()))
        if left <= STILL:
            return U[:, -wanted:]
        cut = float(np.clip(values[0], -0.9, 1 - 1e-9))
        degree = min(_degree(GROWTH, 1.0, cut), _degree(2 * left / STILL, values[-wanted], cut))
    return None


def _degree(growth: float, value: float, cut: float) -> int:
    """Return the degree of the polynomial of Chebyshev that is so large at an eigenvalue, and at most 1 up to `cut`."""
    place = max(1 + 2 * (value - cut) / (1 + cut), 1 + 1e-9)  # where the eigenvalue lies if [-1, cut] is [-1, 1]
    return int(np.clip(np.ceil(np.arccosh(growth) / np.arccosh(place)), FIRST, LAST))


@kernel(error_model="numpy")
def aligned(n, k):
    """Return an array (n, k) that begins with a cache line, so that rows of whole vectors lie in as few as they can."""
    buffer = np.empty(n * k + 8)
    first = (8 - buffer.ctypes.data // 8 % 8) % 8
    return buffer[first : first + n * k].reshape(n, k)


@kernel(error_model="numpy")
def filtered(edges, U, degree, cut):
    """Return T(S) U for Chebyshev's polynomial T of a degree of at least 1, at most 1 in size on [-1, cut]."""
    n, k = U.shape
    middle, half = (cut - 1) / 2, (cut + 1) / 2
    before, now, pulled = aligned(n, k), aligned(n, k), aligned(BLOCK, k)
    for p in range(n):
        for c in range(k):
            now[p, c] = before[p, c] = U[p, c]
    for turn in range(degree):
        stretch, share = (1 / half, 0.0) if turn == 0 else (2 / half, 1.0)
        for start in range(0, n, BLOCK):
            stop = min(start + BLOCK, n)
            for p in range(start, stop):
                weighted_sum(now, edges.columns, edges.values, edges.starts[p], edges.starts[p + 1], pulled, p - start)
            sums, here, old = pulled.reshape(-1), now[start:stop].reshape(-1), before[start:stop].reshape(-1)
            for j in range(here.shape[0]):
                old[j] = stretch * (sums[j] - middle * here[j]) - share * old[j]
        before, now = now, before
    return now


def _by_lanczos(S: Any, known: np.ndarray, wanted: int) -> np.ndarray:
    """Return eigenvectors (n, wanted) beside the known ones, whose eigenvalue 1 is moved to -1."""
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh  # here, so that imports stay quick

    moved = LinearOperator(S.shape, lambda v: S @ v - 2 * (known @ (known.T @ v)), dtype=np.float64)
    # random, since a vector of ones is orthogonal to every eigenvector that is odd under a symmetry of the graph
    start = np.random.default_rng(0).normal(size=S.shape[0])
    try:
        return eigsh(moved, wanted, which="LA", v0=start)[1]
    except ArpackNoConvergence:
        rule = f"a graph whose {known.shape[1] + wanted} largest eigenvalues stand apart from the others"
        raise must("affinity", rule, "eigenvalues so close that Lanczos iteration does not converge") from None
