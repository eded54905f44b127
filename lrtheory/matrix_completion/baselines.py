r"""Baselines complete a matrix in other ways: exact alternation, the nuclear norm, projected and scaled gradients.

All take the same data and return the same result as `complete`; `als` takes its other options too.

===========  ================================================================================================
als          alternating least squares from a random start, every row solved exactly
soft_impute  X <- S_lam(P_Omega(M) + P_Omega^perp(X)), singular values shrunk by lam: the nuclear norm
svp          X <- P_k(X + P_Omega(M - X) / p), projected gradient on the set of matrices of rank k
scaled_gd    gradient on both factors, preconditioned by (V^T V)^{-1} and (U^T U)^{-1}, which removes kappa
===========  ================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lrtheory._array import sparse
from lrtheory._types import Rng, SparseArray
from lrtheory._validation import flag, generator, integer, open_interval, real
from lrtheory.matrix_completion import completion
from lrtheory.matrix_completion.alternation import offsets
from lrtheory.matrix_completion.alternation import start as spectral_start
from lrtheory.matrix_completion.alternation.finish import as_result
from lrtheory.matrix_completion.alternation.loop import Outcome
from lrtheory.matrix_completion.alternation.result import CompletionResult, CompletionState
from lrtheory.matrix_completion.entries.regressions import kernels
from lrtheory.matrix_completion.entries.scaling import LARGEST_RIDGE, scaled, scaled_weight, unit_of
from lrtheory.matrix_completion.problem import Data, Observations, as_observations

__all__ = ["als", "scaled_gd", "soft_impute", "svp"]

DIVERGED = 100.0  # residual relative to the values at which a run is given up; the zero matrix has 1

#: one step of a method: factors and residual matrix in, factors out
Step = Callable[[np.ndarray, np.ndarray, SparseArray], tuple[np.ndarray, np.ndarray]]


def als(
    data: Data,
    rank: int | Sequence[int],
    *,
    ridge: float = 0.0,
    bias: bool = False,
    tol: float = 1e-6,
    max_iter: int = 100,
    validation: Data | None = None,
    rng: Rng = None,
    callback: Callable[[CompletionState], object] | None = None,
    record: bool = False,
) -> CompletionResult:
    """Alternating least squares from a random start, with exact regressions.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries.
    rank : int or sequence of int
        k, in [1, min(m, n)]; of several ranks the one with the smallest held-out error is returned.
    ridge : float
        lambda, at least 0, for each row alike; in units of the values.
    bias : bool
        Whether to fit a mean and biases of rows and columns first.
    tol : float
        Stop when the residual relative to the values, or its relative change, is at most this.
    max_iter : int
        Largest number of iterations, of two half-steps each.
    validation : data or None
        Held-out observations, on which a run ends and a rank is chosen as in `complete`.
    rng : Generator, int or None
        Source of the start.
    callback : callable or None
        Called with a `CompletionState` after each iteration; raising StopIteration ends the run.
    record : bool
        Whether to keep a trace.

    Returns
    -------
    CompletionResult
        Completion whose `method` is "exact".

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] Y. Koren, R. Bell, C. Volinsky, Matrix Factorization Techniques for Recommender Systems, Computer 42, 2009.

    Examples
    --------
    >>> from lrtheory.matrix_completion import make_low_rank
    >>> als(make_low_rank((60, 50), 2, rng=0), 2, rng=0).converged
    True
    """
    return completion.complete(
        data,
        rank,
        method="exact",
        init="random",
        ridge=ridge,
        bias=flag("bias", bias),
        tol=tol,
        max_iter=max_iter,
        validation=validation,
        rng=rng,
        callback=callback,
        record=record,
    )


def soft_impute(
    data: Data,
    rank: int,
    *,
    lam: float,
    tol: float = 1e-6,
    max_iter: int = 500,
    rng: Rng = None,
) -> CompletionResult:
    r"""Proximal gradient on \|P_Omega(X - M)\|^2 / 2 + lam \|X\|_*, with at most k singular values kept.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries.
    rank : int
        k, in [1, min(m, n)].
    lam : float
        Weight of the nuclear norm, at least 0.
    tol : float
        Stop when the residual relative to the values, or its relative change, is at most this.
    max_iter : int
        Largest number of steps.
    rng : Generator, int or None
        Source of the start of the iterations that find singular vectors.

    Returns
    -------
    CompletionResult
        Completion whose certificate bounds the distance to the optimum over all matrices.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] R. Mazumder, T. Hastie, R. Tibshirani, Spectral Regularization Algorithms for Learning Large Incomplete
       Matrices, JMLR 11, 2010.

    Examples
    --------
    >>> from lrtheory.matrix_completion import make_low_rank
    >>> done = soft_impute(make_low_rank((60, 50), 2, rng=0), 5, lam=2.0, tol=1e-10)
    >>> bool(done.certificate.gap < 1e-4 * done.certificate.achieved)
    True
    """
    weight, rng, seen = real("lam", lam, low=0, high=LARGEST_RIDGE), generator(rng), as_observations(data)
    weight = scaled_weight(weight, unit_of(seen.values))

    # residual + U V^T is the observed values on the sample and the current completion elsewhere: the filled-in matrix,
    # whose singular values are shrunk.
    def step(U: np.ndarray, V: np.ndarray, residual: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
        left, s, right = leading_triplets(residual, U, V, U.shape[1], rng)
        shrunk = np.maximum(s - weight, 0)
        return left * np.sqrt(shrunk), right * np.sqrt(shrunk)

    return _descent(seen, rank, step, name="soft-impute", ridge=weight, tol=tol, max_iter=max_iter)


def svp(
    data: Data,
    rank: int,
    *,
    step_size: float = 1.0,
    tol: float = 1e-6,
    max_iter: int = 500,
    rng: Rng = None,
) -> CompletionResult:
    """Singular value projection: a gradient step, then the nearest matrix of rank k.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries.
    rank : int
        k, in [1, min(m, n)].
    step_size : float
        Step size in units of 1 / p, in (0, 2).
    tol : float
        Stop when the residual relative to the values, or its relative change, is at most this.
    max_iter : int
        Largest number of steps.
    rng : Generator, int or None
        Source of the start of the iterations that find singular vectors.

    Returns
    -------
    CompletionResult
        Completion whose `method` is "svp".

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] P. Jain, R. Meka, I. Dhillon, Guaranteed Rank Minimization via Singular Value Projection, NIPS 2010.

    Examples
    --------
    >>> from lrtheory.matrix_completion import make_low_rank
    >>> svp(make_low_rank((60, 50), 2, density=0.6, rng=0), 2).converged
    True
    """
    length, rng = open_interval("step_size", step_size, 0, 2), generator(rng)
    seen = as_observations(data)

    def step(U: np.ndarray, V: np.ndarray, residual: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
        left, s, right = leading_triplets(residual * (length / seen.density), U, V, U.shape[1], rng)
        return left * np.sqrt(s), right * np.sqrt(s)

    return _descent(seen, rank, step, name="svp", ridge=0.0, tol=tol, max_iter=max_iter)


def scaled_gd(
    data: Data,
    rank: int,
    *,
    step_size: float = 0.5,
    tol: float = 1e-6,
    max_iter: int = 500,
) -> CompletionResult:
    """Scaled gradient descent on both factors, from the spectral start.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries.
    rank : int
        k, in [1, min(m, n)].
    step_size : float
        Step size in units of 1 / p, in (0, 1).
    tol : float
        Stop when the residual relative to the values, or its relative change, is at most this.
    max_iter : int
        Largest number of steps.

    Returns
    -------
    CompletionResult
        Completion whose `method` is "scaled-gd".

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] T. Tong, C. Ma, Y. Chi, Accelerating Ill-Conditioned Low-Rank Matrix Estimation via Scaled Gradient Descent,
       JMLR 22, 2021.

    Examples
    --------
    >>> from lrtheory.matrix_completion import make_low_rank
    >>> scaled_gd(make_low_rank((60, 50), 2, density=0.6, condition=10, rng=0), 2).converged
    True
    """
    length = open_interval("step_size", step_size, 0, 1)
    seen = as_observations(data)

    def step(U: np.ndarray, V: np.ndarray, residual: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
        gradient = residual * (length / seen.density)
        # minus the gradients, each preconditioned by the Gram matrix of the other factor: steps that do not depend on
        # which factors of the product are taken, and so not on the condition number
        to_u, to_v = (gradient @ V) @ np.linalg.pinv(V.T @ V), (gradient.T @ U) @ np.linalg.pinv(U.T @ U)
        return U + to_u, V + to_v

    start = spectral_start.spectral_init(scaled(seen, unit_of(seen.values)), rank)
    half = np.sqrt(start.singular_values)
    begin = start.U * half, start.V * half
    return _descent(seen, rank, step, name="scaled-gd", ridge=0.0, tol=tol, max_iter=max_iter, start=begin)


def leading_triplets(residual: Any, U: Any, V: Any, k: int, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Return the leading k singular triplets of residual + U V^T, sparse plus low rank, which are never added up."""
    if k >= min(residual.shape) - 1 or max(residual.shape) <= 64:  # too few other vectors for ARPACK, or small anyway
        left, s, right = np.linalg.svd(residual.toarray() + U @ V.T, full_matrices=False)
        return left[:, :k], s[:k], right[:k].T
    from scipy.sparse.linalg import LinearOperator, svds

    transposed = residual.T
    operator = LinearOperator(
        residual.shape,
        matvec=lambda x: residual @ x + U @ (V.T @ x),
        rmatvec=lambda y: transposed @ y + V @ (U.T @ y),
        dtype=residual.dtype,
    )
    left, s, right = svds(operator, k=k, v0=rng.normal(size=min(residual.shape)))
    return left[:, ::-1], s[::-1], right[::-1].T


def _descent(
    seen: Observations,
    rank: int,
    step: Step,
    *,
    name: str,
    ridge: float,
    tol: float,
    max_iter: int,
    start: tuple[np.ndarray, np.ndarray] | None = None,
) -> CompletionResult:
    """Repeat a step until the residual, or its relative change, is at most tol; start and ridge are in the unit.

    A method is one `step`, which maps two factors and the sparse residual M - U V^T on the sample to new factors. The
    factors before the last step are kept, for a step that diverges.
    """
    unit = unit_of(seen.values)
    inside = scaled(seen, unit)
    (m, n), k = seen.shape, integer("rank", rank, low=1, high=min(seen.shape))
    tol, max_iter = real("tol", tol, low=0, high=1), integer("max_iter", max_iter, low=1)
    lines, size = np.repeat(np.arange(m), seen.by_row.degrees), float(np.linalg.norm(inside.values))
    U, V = start or (np.zeros((m, k)), np.zeros((n, k)))
    kept, before, n_iter, converged, message = (U, V), np.inf, 0, size == 0, "max_iter was reached"
    while n_iter < max_iter and not converged:
        n_iter += 1
        values = inside.by_row.values - kernels.entries(lines, seen.by_row.indices, U, V)
        relative = float(np.linalg.norm(values)) / size
        if not relative <= DIVERGED:  # NaN too
            U, V = kept
            message = "diverged; take a smaller `step_size`"
            break
        converged = relative <= tol or abs(before - relative) <= tol * relative
        kept, before = (U, V), relative  # whose residual is known, unlike that of the next ones
        U, V = step(U, V, sparse.csr_array((values, seen.by_row.indices, seen.by_row.starts), shape=(m, n)))
    if converged:
        message = "the residual on the sample is small or no longer changes"
    outcome = Outcome(U, V, n_iter, converged, message, {}, {})
    offset = offsets.fitted(inside, bias=False)
    return as_result(seen, inside, offset, outcome, unit=unit, ridge=ridge, method=name, reason="asked for")
