r"""Spectral initialization: the leading singular vectors of the sample, with long rows cut.

.. math:: X = P_\Omega(M) / p, \qquad E[X] = M, \qquad U_0 = \text{top-}k\text{ left singular vectors of } X .

Rows of U_0 longer than 2 mu sqrt(k / m) are cut to that length, which costs no distance to a mu-incoherent subspace
(statement MC-L4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from lrtheory._array import sparse
from lrtheory._result import Result, result
from lrtheory._validation import choice, integer, must, real
from lrtheory.matrix_completion import problem
from lrtheory.matrix_completion.entries.scaling import scaled, unit_of
from lrtheory.matrix_completion.problem import Data, Observations

__all__ = ["SpectralInit", "clipped", "orthonormal", "rescaled", "spectral_init"]


@result
class SpectralInit(Result):
    """A basis for the rows to start from, with the singular values and vectors that the sample suggests.

    Attributes
    ----------
    U : array of shape (m, k)
        Orthonormal columns, after clipping.
    singular_values : array of shape (k,)
        Singular values of P_Omega(M) / p, decreasing; they estimate those of M.
    V : array of shape (n, k)
        Right singular vectors, not clipped.
    n_clipped : int
        Rows (or entries) of U that were cut.
    method : str
        "svds" or "svd".
    reason : str
        The reason for the method.
    counts : mapping
        ``observations``.
    """

    U: np.ndarray
    singular_values: np.ndarray
    V: np.ndarray
    n_clipped: int
    method: str
    reason: str
    counts: Mapping[str, int]


def spectral_init(
    data: Data,
    rank: int,
    *,
    incoherence: float | None = None,
    clip: Literal["row", "entry"] | None = None,
    tol: float = 1e-2,
) -> SpectralInit:
    r"""Estimate the singular vectors of a matrix from a sample of its entries.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries.
    rank : int
        k, in [1, min(m, n)].
    incoherence : float or None
        mu, at least 1: cut what is longer than 2 mu sqrt(k / m), then orthonormalize. None cuts nothing.
    clip : {"row", "entry"} or None
        Shorten long rows, or set large entries to zero as the first analyses did; None is "row". Only with
        `incoherence`, which says what is long.
    tol : float
        Relative accuracy of the singular values; a start needs no more than the default. 0 is machine precision.

    Returns
    -------
    SpectralInit
        Bases `U` (m, k) and `V` (n, k) and `singular_values` (k,); nothing is drawn.

    Raises
    ------
    ValueError
        If the rank or the incoherence is out of range, or `clip` is given without `incoherence`.

    Notes
    -----
    dist(U_0, U*) <= \|E\| / (s_k - \|E\|) for E = P_Omega(M) / p - M (statement MC-L6).

    References
    ----------
    .. [1] R. Keshavan, A. Montanari, S. Oh, Matrix Completion from a Few Entries, IEEE Trans. Inf. Theory 56, 2010.
    .. [2] P. Jain, P. Netrapalli, S. Sanghavi, Low-rank Matrix Completion using Alternating Minimization, STOC 2013.

    Examples
    --------
    >>> from lrtheory.matrix_completion import make_low_rank, subspace_distance
    >>> problem = make_low_rank((300, 200), 2, density=0.5, rng=0)
    >>> start = spectral_init(problem, 2)
    >>> bool(subspace_distance(start.U, problem.truth.U) < 0.3)
    True
    """
    seen = problem.as_observations(data)
    k = integer("rank", rank, low=1, high=min(seen.shape))
    choice("clip", clip, (None, "row", "entry"))
    if clip is not None and incoherence is None:
        raise must("clip", "None without `incoherence`", clip)
    tol, mu = real("tol", tol, low=0, high=1), None if incoherence is None else real("incoherence", incoherence, low=1)
    unit = unit_of(seen.values)
    U, s, V, method = _leading(rescaled(scaled(seen, unit)), k, tol)
    U, n_clipped = clipped(U, mu, clip or "row")
    return SpectralInit(
        U=U,
        singular_values=s * s.dtype.type(unit),
        V=V,
        n_clipped=n_clipped,
        method=method,
        reason="the rank is next to the smaller side" if method == "svd" else "few vectors of a sparse matrix",
        counts={"observations": seen.n_observed},
    )


def rescaled(seen: Observations) -> sparse.csr_array:
    """Return P_Omega(M) / p as a sparse matrix; its mean over random samples of density p is M."""
    starts, indices, values = seen.by_row
    scaled = values / values.dtype.type(seen.density)
    return sparse.csr_array((scaled, indices, starts), shape=seen.shape)


def clipped(U: np.ndarray, mu: float | None, clip: str) -> tuple[np.ndarray, int]:
    """Shorten long rows of a basis and orthonormalize it again; the number of rows or entries that were cut.

    The noise that drives a half-step grows with the longest row of the fixed factor (statement MC-E1-bound), so a basis
    with long rows would lose what the start has gained.
    """
    if mu is None:
        return U, 0
    m, k = U.shape
    longest = 2 * mu * np.sqrt(k / m)
    if clip == "entry":
        cut = abs(U) > longest
        shorter = np.where(cut, 0, U)
    else:
        lengths = np.linalg.norm(U, axis=1, keepdims=True)
        cut = lengths > longest
        shorter = np.where(cut, U * (longest / np.maximum(lengths, longest)), U)  # the projection on a ball, row by row
    return orthonormal(shorter), int(cut.sum())


def orthonormal(A: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the column space, of the shape of A."""
    return np.linalg.qr(A)[0]


def _leading(matrix: Any, k: int, tol: float) -> tuple[Any, Any, Any, str]:
    """Return U (m, k), s (k,) and V (n, k) of the k largest singular values, and how they were computed.

    ARPACK needs more vectors than the k that it returns, so k next to the smaller side is decomposed densely.
    """
    if k >= min(matrix.shape) - 1 or max(matrix.shape) <= 64:
        U, s, Vt = np.linalg.svd(matrix.toarray(), full_matrices=False)
        return U[:, :k], s[:k], Vt[:k].T, "svd"
    if not matrix.data.any():  # the iteration refuses the zero matrix, of which every basis is right
        left, right = (np.eye(size, k, dtype=matrix.dtype) for size in matrix.shape)
        return left, np.zeros(k, dtype=matrix.dtype), right, "svd"
    from scipy.sparse.linalg import LinearOperator, svds

    transposed = matrix.T  # a view; scipy's own adjoint would copy every value
    kind = matrix.dtype
    operator = LinearOperator(
        matrix.shape,
        matvec=lambda x: matrix @ x,
        rmatvec=lambda y: transposed @ y,
        matmat=lambda X: matrix @ X,
        rmatmat=lambda Y: transposed @ Y,
        dtype=kind,
    )
    start = np.random.default_rng(0).normal(size=min(matrix.shape)).astype(kind)  # fixed, so that the answer is one
    U, s, Vt = svds(operator, k=k, tol=tol, v0=start)
    order = np.argsort(s)[::-1]  # svds returns them increasing
    return U[:, order].astype(kind), s[order].astype(kind), Vt[order].T.astype(kind), "svds"
