r"""Completion of a dense matrix with a mask, in any array library, on the device on which it lies.

The alternation is that of `complete`, with all rows of a half-step in one batch: each inner step takes two products of
an m x n matrix with a thin one. On a GPU the work on unseen entries costs less than their sparsity would save.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, arrays, is_foreign, real_array, to_numpy
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import as_array, integer, must, open_interval, real
from lrtheory.matrix_completion.entries.scaling import LARGEST_RIDGE, scaled_weight, unit_of

__all__ = ["DenseCompletion", "complete_dense"]

SWEEPS = 8  # number of power iterations for the start, which need not be accurate


@result
class DenseCompletion(Result):
    r"""A completed matrix, as factors in the caller's library.

    Attributes
    ----------
    U, V : arrays of shape (m, k) and (n, k)
        Balanced: U^T U = V^T V = diag(singular_values); the matrix is ``U @ V.T``.
    singular_values : array of shape (k,)
        Singular values of U V^T, decreasing.
    residual : float
        \|P_Omega(U V^T - M)\| / \|P_Omega(M)\|.
    method, reason : str
        "cg", and why.
    n_iter : int
        Iterations, of two half-steps each.
    converged : bool
        Whether the residual, or its change, fell below the tolerance.
    message : str
        Reason for the end of the run.
    counts : mapping
        ``flops`` and ``inner_iterations`` of the batches.
    """

    U: Array
    V: Array
    singular_values: Array
    residual: float
    method: str
    reason: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]


class _Masked(NamedTuple):
    """A matrix with zeros in place of what was not seen, and its mask in the same float type: 1 where seen, else 0."""

    values: Any
    mask: Any

    def transposed(self) -> _Masked:
        """Return both with rows and columns exchanged."""
        return _Masked(self.values.T, self.mask.T)


@arrays("device")
def complete_dense(
    values: ArrayLike,
    mask: ArrayLike | None,
    rank: int,
    *,
    ridge: float = 0.0,
    inner_tol: float = 1e-2,
    tol: float = 1e-6,
    max_iter: int = 100,
    max_inner_iter: int = 60,
) -> DenseCompletion:
    r"""Complete a dense matrix with a mask, on the device on which it lies.

    Arrays: any (device)

    Parameters
    ----------
    values : array of shape (m, n)
        Real numbers, in single precision or else in double; anything where the mask is False, NaN included. What a
        masked array hides is not observed.
    mask : bool array of shape (m, n), or None
        True where observed, in the library of the values or a list; None takes what is not NaN.
    rank : int
        k, in [1, min(m, n)].
    ridge : float
        Weight of (\|U\|^2 + \|V\|^2) / 2, at least 0; in units of the values.
    inner_tol : float
        Accuracy of each row, relative to the smallest residual, or relative change of it, so far; in (0, 1).
    tol : float
        Stop when the residual relative to the values, or its relative change, is at most this.
    max_iter, max_inner_iter : int
        Largest numbers of iterations and of inner steps.

    Returns
    -------
    DenseCompletion
        Factors `U` (m, k) and `V` (n, k) of the kind of `values`; nothing is drawn.

    Raises
    ------
    ValueError
        If shapes do not fit, nothing is observed, or a number is out of range.

    Notes
    -----
    The half-steps are those of `complete`, with a Jacobi preconditioner: an inner error E costs the distance d to the
    column space (\|F\| + \|E\|) / (s_k sqrt(1 - d^2) - \|F\| - \|E\|) (statement MC-D2), and none raises the objective
    where every line has at least k entries, or with a ridge (MC-L7).

    Examples
    --------
    >>> M = np.outer([1.0, 2.0, 3.0], [1.0, -1.0])
    >>> done = complete_dense(np.where(M == -3, np.nan, M), None, 1, tol=1e-12)
    >>> (done.U @ done.V.T).round(6).tolist()
    [[1.0, -1.0], [2.0, -2.0], [3.0, -3.0]]
    """
    xp = array_namespace(values, mask)
    seen = _masked(xp, values, mask)
    unit = unit_of(float(xp.max(xp.abs(seen.values))))
    seen = seen._replace(values=seen.values / unit)
    m, n = seen.values.shape
    k = integer("rank", rank, low=1, high=min(m, n))
    ridge, tol = scaled_weight(real("ridge", ridge, low=0, high=LARGEST_RIDGE), unit), real("tol", tol, low=0, high=1)
    inner_tol = open_interval("inner_tol", inner_tol, 0, 1)
    max_iter, max_inner_iter = integer("max_iter", max_iter, low=1), integer("max_inner_iter", max_inner_iter, low=0)
    size, factors = _norm(xp, seen.values), _start(xp, seen, k, ridge)
    smallest, relative, converged, n_iter, inner = 1.0, math.inf, size == 0, 0, 0
    while n_iter < max_iter and not converged:
        n_iter, before = n_iter + 1, relative
        for axis in (1, 0):
            fixed, moving = factors[1 - axis], factors[axis]
            # The product stays as it is when the moving factor takes over R, so the start stays warm (MC-L7). A ridge
            # is a penalty on the lengths of the factors, which then are left alone.
            if ridge == 0:
                fixed, R = orthonormal(xp, fixed)
                moving = moving @ R.T
            lines = seen if axis == 0 else seen.transposed()
            residual = lines.values - lines.mask * (moving @ fixed.T)
            relative = _norm(xp, residual) / size
            found, steps = _regressions(xp, lines, fixed, moving, ridge, inner_tol * smallest, max_inner_iter)
            factors[1 - axis], factors[axis] = fixed, found
            # inner accuracy is a share of the smallest residual so far, as in `complete`: an inner error must be small
            # against the distance that is left (MC-D2)
            smallest, inner = min(smallest, relative), inner + steps
        if math.isfinite(before) and relative > 0:  # with noise the residual stays, and the steps must still get finer
            smallest = min(smallest, abs(before - relative) / relative)
        converged = relative <= tol or abs(before - relative) <= tol * relative
    U, V, s = _balanced(xp, *factors)
    residual = seen.values - seen.mask * (U @ V.T)
    return DenseCompletion(
        U=U * math.sqrt(unit),
        V=V * math.sqrt(unit),
        singular_values=s * unit,
        residual=_norm(xp, residual) / size if size > 0 else 0.0,
        method="cg",
        reason="all rows in one batch",
        n_iter=n_iter,
        converged=converged,
        message="the residual is small or no longer changes" if converged else "max_iter was reached",
        counts={"flops": m * n * k * (4 * inner + 16 * n_iter), "inner_iterations": inner},
    )


def orthonormal(xp: Any, A: Any) -> tuple[Any, Any]:
    """Return Q and R = Q^T A by Gram-Schmidt, since the linear algebra of the array standard is optional.

    A column of zeros stays 0.
    """
    columns: list[Any] = []
    for c in range(A.shape[1]):
        v = A[:, c]
        for _ in range(2):  # the second pass removes what rounding left in the first
            for q in columns:
                v = v - q * xp.sum(q * v)
        length = xp.sqrt(xp.sum(v * v))
        columns.append(v / xp.where(length > 0, length, xp.ones_like(length)))
    Q = xp.stack(columns, axis=1)
    return Q, Q.T @ A


def _masked(xp: Any, values: Any, mask: Any) -> _Masked:
    """Check values and mask, and put zeros in place of what was not seen."""
    hidden = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
    numbers = values if hidden is None else np.ma.getdata(values)
    # values from the host join a mask on its device
    found = real_array(xp, "values", numbers, device=mask.device if is_foreign(mask) else None, finite=False)
    if found.ndim != 2:
        raise must("values", "of shape (m, n)", tuple(found.shape))
    seen = ~xp.isnan(found) if mask is None else _bools(xp, mask, found)
    if hidden is not None:
        seen = seen & xp.asarray(~hidden, device=found.device)
    kept = xp.where(seen, found, xp.zeros_like(found))
    if not bool(xp.all(xp.isfinite(kept))):
        raise must("values", "finite where observed", "an infinity or NaN")
    largest = float(xp.finfo(kept.dtype).max) ** 0.5 / 2**20
    if bool(xp.any(xp.abs(kept) > largest)):
        raise must("values", f"in [{-largest:g}, {largest:g}]", float(xp.max(xp.abs(kept))))
    if not bool(xp.any(seen)):
        if mask is None:
            raise must("values", "a number somewhere", "NaN everywhere")
        raise must("mask", "True somewhere", "False everywhere")
    return _Masked(kept, xp.astype(seen, kept.dtype))


def _bools(xp: Any, mask: Any, found: Any) -> Any:
    """Return the mask as an array of bools of the shape, the library and the device of the values."""
    given = mask if is_foreign(mask) else as_array("mask", mask)
    is_bool = xp.isdtype(given.dtype, "bool") if is_foreign(given) else given.dtype == bool
    if tuple(given.shape) != tuple(found.shape) or not is_bool:
        raise must("mask", f"a bool array of shape {tuple(found.shape)}", given)
    return given if is_foreign(given) else xp.asarray(given, device=found.device)


def _start(xp: Any, seen: _Masked, k: int, ridge: float) -> list[Any]:
    """Return factors of the leading singular vectors of the masked matrix, by power iteration.

    The right factor has all of the scale; with a ridge, a penalty on the sizes of both, each has its root.
    """
    n = seen.values.shape[1]
    draws = np.random.default_rng(0).normal(size=(n, k))  # a fixed start, so that the answer is one
    V = xp.asarray(draws, dtype=seen.values.dtype, device=seen.values.device)
    for _ in range(SWEEPS):
        U, _R = orthonormal(xp, seen.values @ V)
        V, _R = orthonormal(xp, seen.values.T @ U)
    U, _R = orthonormal(xp, seen.values @ V)
    V = seen.values.T @ U / float(xp.mean(seen.mask))
    if ridge == 0:
        return [U, V]
    half = xp.sum(V * V, axis=0) ** 0.25
    return [U * half, V / xp.where(half > 0, half, xp.ones_like(half))]


def _regressions(
    xp: Any, lines: _Masked, F: Any, init: Any, ridge: float, tol: float, max_inner_iter: int
) -> tuple[Any, int]:
    """Run conjugate gradients for all lines at once; a line that has reached its tolerance stands still.

    Row i of u, r, z, p and w is what these vectors are for line i in `entries.regressions`, and products with the mask
    take the place of gathered panels.
    """
    degrees = xp.sum(lines.mask, axis=1, keepdims=True)
    # lines with fewer observations than unknowns get the shortest solution (MC-L10); with a ridge, only empty lines
    few = degrees < (F.shape[1] if ridge == 0 else 1)
    u = xp.where(few, xp.zeros_like(init), init)  # from zero, unscaled, the iteration ends at the shortest solution
    target = lines.values @ F
    r = target - (lines.mask * (u @ F.T)) @ F - ridge * u
    diagonal = lines.mask @ (F * F) + ridge
    inverse = 1 / xp.where((diagonal > 0) & ~few, diagonal, xp.ones_like(diagonal))
    z = inverse * r
    p, descent, small = z, _rows(xp, r, z), tol * xp.sqrt(_rows(xp, target, target))
    for step in range(max_inner_iter):
        active = xp.sqrt(_rows(xp, r, r)) > small
        if not bool(xp.any(active)):
            return u, step
        w = (lines.mask * (p @ F.T)) @ F + ridge * p
        curvature = _rows(xp, p, w)
        active = active & (curvature > 0)
        # a step of length 0 for lines at rest; their curvature may be 0, so the quotient is guarded before it is taken
        length = xp.where(active, descent, xp.zeros_like(descent)) / xp.where(
            active, curvature, xp.ones_like(curvature)
        )
        u, r = u + length * p, r - length * w
        z = inverse * r
        after = _rows(xp, r, z)
        p = z + after / xp.where(descent > 0, descent, xp.ones_like(descent)) * p
        descent = after
    return u, max_inner_iter


def _rows(xp: Any, a: Any, b: Any) -> Any:
    return xp.sum(a * b, axis=1, keepdims=True)


def _norm(xp: Any, a: Any) -> float:
    return math.sqrt(float(xp.sum(a * a)))


def _balanced(xp: Any, U: Any, V: Any) -> tuple[Any, Any, Any]:
    """Balance the factors, U^T U = V^T V diagonal, without changing U V^T; only k x k matrices visit the host."""
    (Q_left, R_left), (Q_right, R_right) = orthonormal(xp, U), orthonormal(xp, V)
    left, s, right = np.linalg.svd(to_numpy(R_left @ R_right.T))

    def back(small: np.ndarray) -> Any:
        return xp.asarray(small, dtype=U.dtype, device=U.device)

    half = np.sqrt(s)
    return Q_left @ back(left * half), Q_right @ back(right.T * half), back(s)
