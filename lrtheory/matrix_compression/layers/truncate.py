r"""A weight of lower rank: nearest to the weight itself, or to what it does to the inputs of its layer.

With inputs X as columns, the best weight of rank r for \|(W - W') X\| is (W H)_r H^+ with H H^T = X X^T. Where the
inputs of the compressed network are others, X', and the outputs Y of the original one are wanted, it is (Y P)_r X'^+,
with the projector P onto the row space of X'.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import arrays
from lrtheory._kernels.low_rank import Core, core, rounding_of, tail, unit_of
from lrtheory._result import Result, result
from lrtheory._result.low_rank import LowRankFactors, certified
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import array, must, real
from lrtheory.matrix_compression.sizes import one_of, rank_for

__all__ = ["LayerCertificate", "truncate"]

WHITENED, DISTILLED = "matrix_compression/PE-1", "matrix_compression/PE-2"


class _Metric(NamedTuple):
    """The matrix whose best approximation is wanted, and the map that takes its rows to those of the weight.

    ``unit`` is a power of two by which the inputs were divided, and ``outside`` the norm that no weight reaches.
    """

    target: np.ndarray
    back: np.ndarray
    unit: int
    outside: float
    rounding: float


@result
class LayerCertificate(Result):
    r"""Bounds on the error at the output of a layer, in the Frobenius norm over all inputs.

    Attributes
    ----------
    gap : float
        upper - bound, at least 0.
    bound : float
        No weight of this rank errs less.
    upper : float
        This one does not err more.
    statement : str
        The statement behind the bound.
    B : array of shape (d_out, rank)
        The left factor.
    A : array of shape (rank, d_in)
        The right factor.
    """

    gap: float
    bound: float
    upper: float
    statement: str
    B: Array
    A: Array

    def _facts(self) -> list[str]:
        least = f"nothing of rank {self.A.shape[0]} by less than {self.bound:.6g} ({self.statement})"
        return [f"off by at most {self.upper:.6g} at the output, and {least}"]

    def verify(
        self,
        W: ArrayLike,
        *,
        inputs: ArrayLike | None = None,
        covariance: ArrayLike | None = None,
        targets: ArrayLike | None = None,
    ) -> bool:
        """Recompute both sides from the weight and the inputs.

        Parameters
        ----------
        W : array of shape (d_out, d_in)
            The weight that was truncated.
        inputs, covariance, targets : array or None
            As `truncate` had them.

        Returns
        -------
        bool
            Whether the weight errs as stated, and no other of its rank can err less than the bound, up to rounding.
        """
        given = _read(W, inputs, covariance, targets)
        B, A = np.asarray(self.B, np.float64), np.asarray(self.A, np.float64)
        if B.ndim != 2 or A.ndim != 2 or B.shape[0] != given.W.shape[0] or A.shape[1] != given.W.shape[1]:
            return False
        if self.statement != (WHITENED if targets is None else DISTILLED) or B.shape[1] != A.shape[0]:
            return False
        found = _metric(given)
        values = np.linalg.svd(found.target, compute_uv=False)
        error = math.ldexp(_error(given, found.unit, B, A), found.unit)
        least = math.ldexp(math.hypot(found.outside, tail(values, len(A))), found.unit)
        slack = 4 * math.ldexp(found.rounding, found.unit)
        exact = abs(self.gap - (self.upper - self.bound)) <= 1e-9 * abs(self.upper)
        return bool(error <= self.upper + slack and self.bound <= least + slack and exact and self.gap >= 0)


class _Given(NamedTuple):
    """The arguments in double precision; inputs and targets with a row for each sample."""

    W: np.ndarray
    inputs: np.ndarray | None
    covariance: np.ndarray | None
    targets: np.ndarray | None


def _read(W: Any, inputs: Any, covariance: Any, targets: Any) -> _Given:
    weight = array("W", W, shape=(None, None)).astype(np.float64)
    d_out, d_in = weight.shape
    if 0 in (d_out, d_in):
        raise must("W", "a matrix with entries", weight.shape)
    if inputs is not None and covariance is not None:
        raise ValueError("`inputs` must be given without `covariance`; got both.")
    if targets is not None and inputs is None:
        raise must("inputs", "given beside `targets`, the inputs of the compressed network", None)
    X = None if inputs is None else array("inputs", inputs, shape=(None, d_in)).astype(np.float64)
    C = None if covariance is None else array("covariance", covariance, shape=(d_in, d_in)).astype(np.float64)
    n = None if X is None else len(X)
    if n == 0:
        raise must("inputs", "at least one sample", (0, d_in))
    Y = None if targets is None else array("targets", targets, shape=(n, d_out)).astype(np.float64)
    if C is not None and not np.allclose(C, C.T, rtol=1e-8, atol=1e-10 * float(np.abs(C).max(initial=0.0))):
        raise must("covariance", "symmetric", C)
    return _Given(weight, X, C, Y)


def _metric(given: _Given) -> _Metric:
    """H and the matrix to approximate, in units in which no square over- or underflows."""
    W, X, C, Y = given
    if Y is not None and X is not None:
        unit = unit_of(Y)
        own = unit_of(X)
        left, values, right = _thin(np.ldexp(X, -own))
        scaled = np.ldexp(Y, -unit)
        target = scaled.T @ left
        outside = float(np.linalg.norm(scaled - left @ target.T))
        back = np.ldexp((right / values).T, unit - own).T
        norm = float(np.linalg.norm(scaled))
        return _Metric(target, back, unit, outside, rounding_of(norm, len(scaled)))
    if X is not None:
        own = unit_of(X)
        _, values, right = _thin(np.ldexp(X, -own))
    else:
        assert C is not None
        own = (unit_of(C) + 1) // 2
        values, right = _root(np.ldexp(C, -2 * own))
    mine = unit_of(W)
    scaled = np.ldexp(W, -mine)
    load = float(np.linalg.norm(scaled)) * float(values.max(initial=0.0))
    exact = 1.0 if X is not None else 1 / float((values / values.max()).min(initial=1.0)) if len(values) else 1.0
    target = scaled @ (right * values)
    return _Metric(target, np.ldexp(right / values, mine), mine + own, 0.0, rounding_of(load, W.shape[1]) * exact)


def _thin(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The singular values of the samples that are not rounding, with vectors as columns."""
    if len(X) > 2 * X.shape[1]:
        Q, R = np.linalg.qr(X)
        U, values, Vt = np.linalg.svd(R, full_matrices=False)
        U = Q @ U
    else:
        U, values, Vt = np.linalg.svd(X, full_matrices=False)
    kept = values > max(X.shape) * 2.0**-52 * values.max(initial=0.0)
    return U[:, kept], values[kept], Vt[kept].T


def _root(C: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Roots of the eigenvalues of a covariance that are not rounding, and their vectors as columns."""
    values, vectors = np.linalg.eigh((C + C.T) / 2)
    floor = len(C) * 2.0**-52 * float(np.abs(values).max(initial=0.0))
    if values.min(initial=0.0) < -1e6 * floor:
        raise must("covariance", "positive semidefinite", float(values.min()))
    kept = values > floor
    return np.sqrt(values[kept]), vectors[:, kept]


def _error(given: _Given, unit: int, B: np.ndarray, A: np.ndarray) -> float:
    """The error at the output, divided by 2^unit, without a difference of squares."""
    W, X, C, Y = given
    if Y is not None and X is not None:
        return float(np.linalg.norm(np.ldexp(Y - (X @ A.T) @ B.T, -unit)))
    off = W - B @ A
    if X is not None:
        own = unit_of(X)
        return float(np.linalg.norm(np.ldexp(np.ldexp(X, -own) @ off.T, own - unit)))
    assert C is not None
    own = (unit_of(C) + 1) // 2
    values, vectors = _root(np.ldexp(C, -2 * own))
    return float(np.linalg.norm(np.ldexp(off @ (vectors * values), own - unit)))


@arrays("host")
def truncate(
    W: ArrayLike,
    rank: int | None = None,
    *,
    epsilon: float | None = None,
    inputs: ArrayLike | None = None,
    covariance: ArrayLike | None = None,
    targets: ArrayLike | None = None,
) -> LowRankFactors:
    r"""Write a weight as a product of two thin factors: the nearest, or the one that does most nearly the same.

    Arrays: any (copied to the host)

    Parameters
    ----------
    W : array of shape (d_out, d_in)
        The weight.
    rank : int or None
        Of the factors.
    epsilon : float or None
        In place of a rank: the relative error that they may have, in the norm that is minimized.
    inputs : array of shape (n, d_in), or None
        Inputs of the layer, a row for each sample: the error at the output is minimized (statement PE-1). With
        `targets` they are those of the compressed network.
    covariance : array of shape (d_in, d_in), or None
        In place of inputs the sum of x x^T over them, which can be added up over batches; it may be singular.
    targets : array of shape (n, d_out), or None
        Outputs that the layer had in the original network for the same samples: the factors map `inputs` as near to
        them as their rank allows (statement PE-2).

    Returns
    -------
    LowRankFactors
        Balanced, with scale 1. Singular values, error and certificate are those of the matrix that is approximated: W,
        W H with H H^T the covariance, or the targets as far as the inputs reach them. The error is that of matrices,
        and not of the task.

    Raises
    ------
    TypeError
        If an argument is not an array of real numbers.
    ValueError
        If shapes do not fit, a number is not finite, the covariance is not symmetric and positive semidefinite, not
        exactly one of rank and epsilon is given, or options are combined that exclude each other.

    References
    ----------
    .. [1] Y. Guo, G. Wang, M. Kankanhalli, PELA: Learning Parameter-Efficient Models with Low-Rank Approximation, arXiv
       2310.10700, 2023, which truncates without a metric and then distils.

    Examples
    --------
    A direction that no input has costs nothing:

    >>> W = [[3.0, 0.0], [0.0, 1.0]]
    >>> truncate(W, 1).error > 0.3, truncate(W, 1, inputs=[[0.0, 2.0]]).error
    (True, 0.0)
    """
    one_of(rank=rank, epsilon=epsilon)
    given = _read(W, inputs, covariance, targets)
    kind = np.result_type(array("W", W).dtype, np.float32)
    if inputs is None and covariance is None:
        return _plain(given.W, rank, epsilon, kind)
    found = _metric(given)
    U, values, Vt = np.linalg.svd(found.target, full_matrices=False)
    whole = math.hypot(found.outside, tail(values, 0))
    if rank is None:
        kept = _rank_beside(values, found.outside, real("epsilon", epsilon) * whole)
    else:
        kept = min(rank, len(values))
    made = core(U[:, :kept] * values[:kept], Vt[:kept] @ found.back.T)
    B, A = made.factors(min(kept, len(made.values)))
    B, A = B.astype(kind), A.astype(kind)
    # the error is measured and not inferred, so that what rounding does to the factors is in it
    least = math.hypot(found.outside, tail(values, kept))
    most = max(_error(given, found.unit, B.astype(np.float64), A.astype(np.float64)), least) + found.rounding
    least, most = math.ldexp(max(0.0, least - found.rounding), found.unit), math.ldexp(most, found.unit)
    statement = WHITENED if targets is None else DISTILLED
    proof = LayerCertificate(most - least, least, most, statement, B, A)
    error = math.hypot(found.outside, tail(values, kept)) / whole if whole > 0 else 0.0
    method = "whitened" if targets is None else "distilled"
    reason = "the metric of the inputs" if targets is None else "other inputs, and the outputs of the original"
    return LowRankFactors(B, A, 1.0, np.ldexp(values, found.unit), error, method, reason, proof)


def _rank_beside(values: np.ndarray, outside: float, limit: float) -> int:
    """The smallest rank whose error, with what no weight reaches, is at most a limit; all where none is."""
    for rank in range(len(values)):
        if math.hypot(outside, tail(values, rank)) <= limit:
            return rank
    return len(values)


def _plain(W: np.ndarray, rank: int | None, epsilon: float | None, kind: Any) -> LowRankFactors:
    unit = unit_of(W)
    U, values, Vt = np.linalg.svd(np.ldexp(W, -unit), full_matrices=False)
    same, rounding = np.eye(len(values)), rounding_of(float(np.linalg.norm(values)), len(values), unit)
    found = Core(np.ldexp(values, unit), (U, same), (same, Vt), rounding, "svd", "no inputs are given")
    kept = rank_for(found.values, rank, epsilon)
    pair = tuple(factor.astype(kind) for factor in found.factors(kept))
    return certified(found, kept, (pair[0], pair[1]), 1.0)
